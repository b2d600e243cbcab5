/* mem.c: the only file that calls malloc.  jemalloc, unless a sanitizer has an
 * allocator of its own (HENGE_PLAIN_MEMORY). */
#include "base/mem.h"

#include <stdint.h>
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

#ifndef HENGE_PLAIN_MEMORY

#define TEXT_OF(x)            #x
#define VERSION_TEXT(a, b, c) "jemalloc-" TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

static size_t ask(const char *name)
{
    size_t value = 0, len = sizeof value;

    return mallctl(name, &value, &len, NULL, 0) == 0 ? value : 0;
}

void mem_usage(struct mem_usage *out)
{
    uint64_t epoch = 1;
    size_t len = sizeof epoch;

    mallctl("epoch", &epoch, &len, &epoch, len); /* what follows is of now */
    out->allocated = ask("stats.allocated");
    out->active = ask("stats.active");
    out->resident = ask("stats.resident");
}

const char *mem_allocator(void)
{
    return VERSION_TEXT(JEMALLOC_VERSION_MAJOR, JEMALLOC_VERSION_MINOR, JEMALLOC_VERSION_BUGFIX);
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

#else

void mem_usage(struct mem_usage *out)
{
    *out = (struct mem_usage){ 0 };
}

const char *mem_allocator(void)
{
    return "libc";
}

void mem_purge(void)
{
}

void mem_report(void (*write)(void *arg, const char *text), void *arg)
{
    (void)write;
    (void)arg;
}

#endif
