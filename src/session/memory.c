/* memory.c: shares of maxmemory. */
#include "session/memory.h"

#include "session/instance.h"

enum {
    MEMTABLE_SHARE = 10, /* four of them may be full at a time */
    MEMTABLE_MOST = 64 * 1024 * 1024,
    MEMTABLE_LEAST = 64 * 1024,
    MEMTABLES = 4,
    CHUNKS_LEAST = 16, /* of a memtable */
    CHUNK_LEAST = 4096,
    CACHE_LEAST_SHARE = 16, /* of maxmemory: so much the cache has at least */
    READ_SHARE = 16,
    READ_LEAST = 1024 * 1024,
    HEAT_SHARE = 32,
    HEAT_MOST = 64 * 1024 * 1024,
    DISK_UNITS = 16,  /* of a segment and a memtable: six may be under way at a time */
    SLACK_SHARE = 10, /* what allocators and stacks take beyond what is counted */
};

uint64_t memory_bound(const struct options *o, const struct env *env)
{
    return o->maxmemory ? (uint64_t)o->maxmemory : env->machine.memory_bytes / 2;
}

uint64_t memory_memtable(const struct options *o, const struct env *env)
{
    uint64_t size = memory_bound(o, env) / MEMTABLE_SHARE;

    if (o->memtable_size)
        return (uint64_t)o->memtable_size;
    if (size > MEMTABLE_MOST)
        return MEMTABLE_MOST;
    return size < MEMTABLE_LEAST ? MEMTABLE_LEAST : size;
}

uint64_t memory_chunk(const struct options *o, const struct env *env)
{
    uint64_t part = memory_memtable(o, env) / CHUNKS_LEAST & ~(uint64_t)(CHUNK_LEAST - 1);

    if (part < CHUNK_LEAST)
        return CHUNK_LEAST;
    return part < (uint64_t)o->memtable_chunk_size ? part : (uint64_t)o->memtable_chunk_size;
}

static uint64_t cache_beside(uint64_t bound, uint64_t others)
{
    uint64_t least = bound / CACHE_LEAST_SHARE, slack = bound / SLACK_SHARE;

    return bound > others + slack + least ? bound - others - slack : least;
}

uint64_t memory_cache_first(const struct options *o, const struct env *env)
{
    if (o->cache_size)
        return (uint64_t)o->cache_size;
    return cache_beside(memory_bound(o, env),
                        MEMTABLES * memory_memtable(o, env) + memory_reads(memory_bound(o, env)));
}

uint64_t memory_reads(uint64_t bound)
{
    return bound / READ_SHARE > READ_LEAST ? bound / READ_SHARE : READ_LEAST;
}

uint64_t memory_heat(const struct options *o, const struct env *env)
{
    uint64_t bytes = memory_bound(o, env) / HEAT_SHARE;

    return bytes < HEAT_MOST ? bytes : HEAT_MOST;
}

bool memory_check_disk(uint64_t maxdisk, const struct options *o, const struct env *env,
                       struct buf *why)
{
    uint64_t least = DISK_UNITS * ((uint64_t)o->segment_size + memory_memtable(o, env));

    if (maxdisk == 0 || maxdisk >= least)
        return true;
    buf_printf(why,
               "argument must be 0 or at least %llu: %d times log-segment-size and memtable-size, "
               "which may be made smaller",
               (unsigned long long)least, DISK_UNITS);
    return false;
}

uint64_t memory_cache_now(const struct instance *in)
{
    const struct lsm_stats *lsm = lsm_stats(node_lsm(in->node));
    uint64_t memtables = MEMTABLES * memory_memtable(in->options, in->env);
    uint64_t now = lsm->memtable_bytes + arenas_idle(in->env->arenas);

    uint64_t reads = memory_reads(in->memory_max);
    uint64_t reads_now = lsm->reading_bytes + lsm->cache_beyond;

    if (in->options->cache_size)
        return (uint64_t)in->options->cache_size;
    return cache_beside(in->memory_max, instance_held_memory(in) - now - reads_now +
                                            (now > memtables ? now : memtables) +
                                            (reads_now > reads ? reads_now : reads));
}
