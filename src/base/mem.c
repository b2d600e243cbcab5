/* mem.c: the only file that calls malloc.  jemalloc, unless a sanitizer has an
 * allocator of its own (HENGE_PLAIN_MEMORY). */
#include "base/mem.h"

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
