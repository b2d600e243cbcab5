/* mem.h: heap memory.  Exhaustion aborts, so nobody checks for NULL; every size
 * that comes from outside meets a limit of base/limits.h first. */
#ifndef HENGE_BASE_MEM_H
#define HENGE_BASE_MEM_H

#include <stddef.h>

/* `size` bytes, uninitialised; never NULL, also for size 0. */
void *mem_alloc(size_t size);

/* `count` items of `size` bytes, zeroed. */
void *mem_zalloc(size_t count, size_t size);

/* As realloc; the result is never NULL. */
void *mem_realloc(void *ptr, size_t size);

/* A copy of the C string, to end with mem_free(). */
char *mem_strdup(const char *text);

/* Accepts NULL. */
void mem_free(void *ptr);

#endif
