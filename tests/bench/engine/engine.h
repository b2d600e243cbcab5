/* engine.h: what engine_bench asks of a store: this one, RocksDB, LevelDB.
 *
 * Each engine runs a whole load by itself, for they wait differently: libraries
 * that block get a thread a client, the one with a loop gets outstanding reads. */
#ifndef HENGE_BENCH_ENGINE_H
#define HENGE_BENCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prng.h"
#include "figures.h"

enum { ENGINE_KEY = 16, ENGINE_VALUE_MAX = 64 * 1024 };

struct engine_options {
    const char *dir; /* exists; empty, or what the same engine left there */
    size_t memtable_size;
    size_t cache_size;
};

enum load_kind {
    LOAD_FILL,      /* every key once, in a random order */
    LOAD_OVERWRITE, /* keys at random */
    LOAD_READ,
    LOAD_READ_ALL, /* every key once, to warm caches */
    LOAD_MIXED,    /* reads, beside writes at a fixed rate */
};

struct load {
    enum load_kind kind;
    uint64_t keys;
    uint64_t count; /* of operations at most; of reads, in LOAD_MIXED */
    double seconds; /* ends it sooner; 0: never */
    size_t value_len;
    unsigned clients;  /* reads under way at a time; there is one writer */
    double write_rate; /* a second, in LOAD_MIXED */
    uint64_t seed;
};

struct engine {
    /* Opens and waits until it answers. */
    void (*open)(struct engine *e, const struct engine_options *o);
    /* Latencies of what it did go into `reads` and `writes`. */
    void (*run)(struct engine *e, const struct load *l, struct histogram *reads,
                struct histogram *writes);
    /* Lets its background go on for so long. */
    void (*wait)(struct engine *e, double seconds);
    /* JSON members about itself into `out`, or nothing, as after close(). */
    void (*describe)(struct engine *e, char *out, size_t size);
    void (*close)(struct engine *e);
};

/* NULL if there is none of that name. */
struct engine *henge_engine(const char *name);
struct engine *rocks_engine(const char *name);
struct engine *level_engine(const char *name);

/* The key of that number. */
void engine_key(uint64_t number, char out[ENGINE_KEY]);

/* Its value: bytes LZ4 finds nothing in, the number in front. */
const void *engine_value(uint64_t number, uint64_t seed);

/* Ends the program if `value` is not one of key `number`. */
void engine_expect(uint64_t number, const void *value, size_t len, size_t expected);

/* The key of operation `i` of the load. */
uint64_t engine_next(const struct load *l, uint64_t i, struct prng *random);

void engine_fail(const char *what, const char *why) __attribute__((noreturn));

#endif
