/* arenas.h: memory that is dropped whole.
 *
 * A memtable takes its chunks from an arena of its own, so that its end costs no
 * walk and leaves no holes.  The real ones are jemalloc arenas, made once at
 * start; the simulator and the sanitizers use plain chunks. */
#ifndef HENGE_ENV_ARENAS_H
#define HENGE_ENV_ARENAS_H

#include <stddef.h>

struct arenas {
    unsigned (*acquire)(struct arenas *arenas);
    void *(*chunk)(struct arenas *arenas, unsigned id, size_t size);
    void (*drop)(struct arenas *arenas, unsigned id, void *chunk, size_t size);
    void (*release)(struct arenas *arenas, unsigned id);
};

/* An arena nobody else has.  Running out of them is a programmer's error. */
static inline unsigned arenas_acquire(struct arenas *arenas)
{
    return arenas->acquire(arenas);
}

/* `size` bytes, at least 64-byte aligned, uninitialised. */
static inline void *arenas_chunk(struct arenas *arenas, unsigned id, size_t size)
{
    return arenas->chunk(arenas, id, size);
}

/* Gives one chunk back; `size` as it was asked for. */
static inline void arenas_drop(struct arenas *arenas, unsigned id, void *chunk, size_t size)
{
    arenas->drop(arenas, id, chunk, size);
}

/* Ends the arena with every chunk in it.  May take long: for jobs, or for the
 * very end. */
static inline void arenas_release(struct arenas *arenas, unsigned id)
{
    arenas->release(arenas, id);
}

#endif
