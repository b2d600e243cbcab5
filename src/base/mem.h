/* mem.h: heap memory.  Exhaustion aborts, so nobody checks for NULL; every size
 * that comes from outside meets a limit of base/limits.h first. */
#ifndef HENGE_BASE_MEM_H
#define HENGE_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

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

/* What the allocator has of the heap, arenas included; zeros where it does not say.  Takes
 * a tenth of a millisecond. */
struct mem_heap {
    uint64_t allocated; /* bytes handed out */
    uint64_t active;    /* of the pages these are in */
    uint64_t resident;  /* of pages that are in memory */
};
void mem_heap(struct mem_heap *out);

/* Gives pages without anything on them back to the system.  For jobs: it may take long. */
void mem_purge(void);

/* The allocator's report for people, in pieces; empty if it has none.  For jobs. */
void mem_report(void (*write)(void *arg, const char *text), void *arg);

#endif
