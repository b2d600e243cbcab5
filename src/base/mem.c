/* mem.c: the only file that calls malloc.  jemalloc, unless a sanitizer has an
 * allocator of its own (HENGE_PLAIN_MEMORY). */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef HENGE_PLAIN_MEMORY
#include <jemalloc/jemalloc.h>
#endif

static void *must(void *ptr)
{
    if (!ptr)
        abort();
    return ptr;
}

void *mem_alloc(size_t size)
{
    return must(malloc(size ? size : 1));
}

void *mem_zalloc(size_t count, size_t size)
{
    return must(calloc(count ? count : 1, size ? size : 1));
}

void *mem_realloc(void *ptr, size_t size)
{
    return must(realloc(ptr, size ? size : 1));
}

char *mem_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    return memcpy(mem_alloc(n), text, n);
}

void mem_free(void *ptr)
{
    free(ptr);
}

#ifdef HENGE_PLAIN_MEMORY

void mem_heap(struct mem_heap *out)
{
    *out = (struct mem_heap){ 0 };
}

void mem_purge(void)
{
}

void mem_report(void (*write)(void *arg, const char *text), void *arg)
{
    (void)write;
    (void)arg;
}

#else

static uint64_t number_of(const char *name)
{
    size_t value, len = sizeof value;

    return mallctl(name, &value, &len, NULL, 0) ? 0 : value;
}

void mem_heap(struct mem_heap *out)
{
    uint64_t epoch = 1;

    (void)mallctl("epoch", NULL, NULL, &epoch, sizeof epoch); /* the numbers of now */
    *out = (struct mem_heap){
        .allocated = number_of("stats.allocated"),
        .active = number_of("stats.active"),
        .resident = number_of("stats.resident"),
    };
}

void mem_purge(void)
{
    char name[32];

    snprintf(name, sizeof name, "arena.%u.purge", MALLCTL_ARENAS_ALL);
    (void)mallctl(name, NULL, NULL, NULL, 0); /* one built without it has nothing to purge */
}

/* Without a chapter for each arena. */
void mem_report(void (*write)(void *arg, const char *text), void *arg)
{
    malloc_stats_print(write, arg, "a");
}

#endif
