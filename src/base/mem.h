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

/* What the allocator has, in bytes; all 0 if it does not say. */
struct mem_usage {
    size_t allocated; /* asked for */
    size_t active;    /* ... and the pages they are in */
    size_t resident;  /* ... and all it keeps besides */
};
void mem_usage(struct mem_usage *out);

/* Its name with its version, as INFO's mem_allocator shows it. */
const char *mem_allocator(void);

/* Gives pages without anything on them back to the system.  For jobs: it may take long. */
void mem_purge(void);

/* The allocator's report for people, in pieces; empty if it has none.  For jobs. */
void mem_report(void (*write)(void *arg, const char *text), void *arg);

#endif
