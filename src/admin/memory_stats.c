/* memory_stats.c: Redis's fields with what they are here.
 *
 * `allocated` is what is counted against maxmemory (instance.h); overhead is all of that but
 * live cells in memtables; 0 are those of what does not exist. */
#include "admin/memory_stats.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/mem.h"
#include "session/session.h"

enum {
    LITTLE = 5 * 1024 * 1024,  /* less is nothing to look at */
    BUFFERS_HIGH = 200 * 1024, /* of a client, on average */
    WASTE_LITTLE = 10 << 20,   /* less is not worth a word */
    PRESSURE_HIGH_PERMILLE = 900,
    STATS_FIELDS = 27, /* of MEMORY STATS beside the databases */
};

static uint64_t all_keys(const struct instance *in)
{
    uint64_t n = 0;

    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        n += lsm_count(node_lsm(in->node), (uint8_t)db);
    return n;
}

uint64_t memory_index_share(const struct instance *in)
{
    uint64_t keys = all_keys(in);

    return keys ? lsm_stats(node_lsm(in->node))->index_bytes / keys : 0;
}

static uint64_t client_bytes(const struct instance *in)
{
    return in->blocks.used_bytes + in->session_count * INSTANCE_SESSION_BYTES;
}

static double ratio(uint64_t a, uint64_t b)
{
    return b ? (double)a / (double)b : 0;
}

static void field(struct call *c, const char *name, uint64_t value)
{
    reply_bulk_str(c->reply, name);
    reply_int(c->reply, (int64_t)value);
}

/* A difference, which may be negative. */
static void difference(struct call *c, const char *name, uint64_t a, uint64_t b)
{
    reply_bulk_str(c->reply, name);
    reply_int(c->reply, (int64_t)(a - b));
}

static void fraction(struct call *c, const char *name, double value)
{
    reply_bulk_str(c->reply, name);
    reply_double(c->reply, value);
}

/* Databases that have keys; replies each if asked to. */
static unsigned databases(struct call *c, uint64_t share, bool replies)
{
    struct lsm *lsm = node_lsm(c->session->instance->node);
    unsigned n = 0;

    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        uint64_t keys = lsm_count(lsm, (uint8_t)db);
        char name[16];

        n += keys > 0;
        if (!keys || !replies)
            continue;
        snprintf(name, sizeof name, "db.%u", db);
        reply_bulk_str(c->reply, name);
        reply_map(c->reply, 3);
        field(c, "overhead.hashtable.main", keys * share);
        field(c, "overhead.hashtable.expires", 0);
        field(c, "overhead.hashtable.slot-to-keys", 0);
    }
    return n;
}

static void reply_allocator(struct call *c, uint64_t used)
{
    struct env *env = c->session->instance->env;
    struct mem_usage heap;
    struct env_usage usage;

    mem_usage(&heap);
    env->usage(env, &usage);
    field(c, "allocator.allocated", heap.allocated);
    field(c, "allocator.active", heap.active);
    field(c, "allocator.resident", heap.resident);
    fraction(c, "allocator-fragmentation.ratio", ratio(heap.active, heap.allocated));
    difference(c, "allocator-fragmentation.bytes", heap.active, heap.allocated);
    fraction(c, "allocator-rss.ratio", ratio(heap.resident, heap.active));
    difference(c, "allocator-rss.bytes", heap.resident, heap.active);
    fraction(c, "rss-overhead.ratio", ratio(usage.rss_bytes, heap.resident));
    difference(c, "rss-overhead.bytes", usage.rss_bytes, heap.resident);
    fraction(c, "fragmentation", ratio(usage.rss_bytes, used));
    difference(c, "fragmentation.bytes", usage.rss_bytes, used);
}

void memory_reply_stats(struct call *c)
{
    const struct instance *in = c->session->instance;
    const struct lsm_stats *lsm = lsm_stats(node_lsm(in->node));
    uint64_t used = instance_used_memory(in), keys = all_keys(in);
    uint64_t peak = in->stats.used_memory_peak > used ? in->stats.used_memory_peak : used;
    uint64_t share = memory_index_share(in);

    reply_map(c->reply, STATS_FIELDS + databases(c, share, false));
    field(c, "peak.allocated", peak);
    field(c, "total.allocated", used);
    field(c, "startup.allocated", in->startup_memory);
    field(c, "replication.backlog", 0);
    field(c, "clients.slaves", 0);
    field(c, "clients.normal", client_bytes(in));
    field(c, "cluster.links", 0);
    field(c, "aof.buffer", lsm->buffer_bytes);
    field(c, "lua.caches", 0);
    field(c, "functions.caches", 0);
    databases(c, share, true);
    field(c, "overhead.total", used - (lsm->memtable_live < used ? lsm->memtable_live : used));
    field(c, "keys.count", keys);
    field(c, "keys.bytes-per-key", keys ? used / keys : 0);
    field(c, "dataset.bytes", lsm->memtable_live);
    fraction(c, "dataset.percentage", 100 * ratio(lsm->memtable_live, used));
    fraction(c, "peak.percentage", 100 * ratio(used, peak));
    reply_allocator(c, used);
}

void memory_print_doctor(const struct instance *in, struct buf *out)
{
    const struct lsm_stats *lsm = lsm_stats(node_lsm(in->node));
    uint64_t used = instance_used_memory(in), clients = in->session_count ? in->session_count : 1;
    struct mem_usage heap;

    if (used < LITTLE) {
        buf_printf(out, "There is next to nothing in memory, so there is nothing to say.\n");
        return;
    }
    mem_usage(&heap);
    if (in->stats.used_memory_peak > used + used / 2)
        buf_printf(out,
                   "* It was half as much again at its peak: the process may still hold some of "
                   "that.  MEMORY PURGE gives it back.\n");
    if (heap.resident > heap.active + heap.active / 2 && heap.resident - heap.active > WASTE_LITTLE)
        buf_printf(out,
                   "* The allocator keeps more than half as much as is in use, for later.  MEMORY "
                   "PURGE gives it back.\n");
    if (client_bytes(in) / clients > BUFFERS_HIGH)
        buf_printf(out,
                   "* Clients take more than %d kB each: some do not read their replies, or send "
                   "long pipelines.  CLIENT LIST says who (tot-mem).\n",
                   BUFFERS_HIGH / 1024);
    if (lsm->pressure_permille > PRESSURE_HIGH_PERMILLE)
        buf_printf(out, "* Writes come faster than they can be put in order on disk, and are held "
                        "up.\n");
    if (instance_held_memory(in) > in->memory_max - in->memory_max / 8)
        buf_printf(out, "* Little of maxmemory is left for the cache: reads go to the disk.\n");
    if (out->len == 0)
        buf_printf(out, "Nothing about memory is out of order.\n");
}
