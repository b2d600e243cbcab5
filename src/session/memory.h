/* memory.h: how maxmemory is divided.
 *
 *     maxmemory >= memtables + indexes and filters + log buffers + clients' blocks
 *                  + reads under way + cache
 *
 * The cache gets what the others leave, so it is what gives way. */
#ifndef HENGE_SESSION_MEMORY_H
#define HENGE_SESSION_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "env/env.h"
#include "session/options.h"

struct instance;

/* maxmemory, or half of what the machine has. */
uint64_t memory_bound(const struct options *o, const struct env *env);

/* Bytes at which a memtable is sealed. */
uint64_t memory_memtable(const struct options *o, const struct env *env);

/* ... that it takes at a time: a small part of it, or it would be full at once. */
uint64_t memory_chunk(const struct options *o, const struct env *env);

/* Bytes the cache may have before anything else is known. */
uint64_t memory_cache_first(const struct options *o, const struct env *env);

/* Bytes that what is being read for calls that wait may take, of that bound: they take
 * turns. */
uint64_t memory_reads(uint64_t bound);

/* Bytes for what is known of the use of keys, where maxmemory-policy wants that. */
uint64_t memory_heat(const struct options *o, const struct env *env);

/* A bound on the disk must leave room beside the log.  False: `why` says so. */
bool memory_check_disk(uint64_t maxdisk, const struct options *o, const struct env *env,
                       struct buf *why);

/* ... and now, by what the others have. */
uint64_t memory_cache_now(const struct instance *in);

#endif
