/* arenas.h: memory that is dropped whole.
 *
 * A memtable takes its chunks from an arena of its own, so that its end costs no
 * walk and leaves no holes.  The real ones are jemalloc arenas, made once at
 * start; the simulator and the sanitizers use plain chunks.
 *
 * Memory of an arena that was released stays with the process, for whoever
 * acquires one next: touching fresh pages costs more than any write that goes into
 * them.  How much that is, is known and bounded. */
#ifndef HENGE_ENV_ARENAS_H
#define HENGE_ENV_ARENAS_H

#include <stddef.h>

struct arenas {
    unsigned (*acquire)(struct arenas *arenas);
    void *(*chunk)(struct arenas *arenas, unsigned id, size_t size);
    void (*drop)(struct arenas *arenas, unsigned id, void *chunk, size_t size);
    void (*release)(struct arenas *arenas, unsigned id);
    size_t (*idle)(struct arenas *arenas);
    void (*trim)(struct arenas *arenas, size_t keep);
};

/* An arena nobody else has, the one with the most memory of those that were
 * released.  Running out of them is a programmer's error. */
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

/* Bytes of memory that are in no chunk and kept for chunks to come, in released
 * arenas and in others.  From any thread; cheap. */
static inline size_t arenas_idle(struct arenas *arenas)
{
    return arenas->idle(arenas);
}

/* Gives memory of released arenas back to the system, one after the other, the
 * smallest first, until arenas_idle() <= `keep` or none has any.  For jobs. */
static inline void arenas_trim(struct arenas *arenas, size_t keep)
{
    arenas->trim(arenas, keep);
}

#endif
