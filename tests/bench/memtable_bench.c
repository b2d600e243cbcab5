/* memtable_bench.c: nanoseconds of CPU of a put, an overwrite, a get, a step, and bytes a
 * key, for a million 100-byte values.  `memtable_bench [KEYS] [VALUE]`. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/prng.h"
#include "lsm/memtable.h"
#include "os/os.h"

enum { BATCH = 32, KEY_MAX = 32, VALUE_MAX = 65536 };

struct bench {
    struct memtable *m;
    struct cell_key *keys;
    uint32_t *order; /* of the keys, shuffled */
    size_t count;
    size_t value_len;
    uint64_t start;
};

/* Of this process: whoever else runs here does not count. */
static uint64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void begin(struct bench *b)
{
    b->start = cpu_ns();
}

static void report(const struct bench *b, const char *what)
{
    double ns = (double)(cpu_ns() - b->start) / (double)b->count;
    printf("%-28s %7.1f ns\n", what, ns);
}

static void put_all(struct bench *b, uint64_t stamp)
{
    static uint8_t value[VALUE_MAX], bytes[VALUE_MAX + 128];

    for (size_t i = 0; i < b->count; i++) {
        struct cell c = { .key = b->keys[b->order[i]], .stamp = stamp, .type = CELL_STRING };
        const uint8_t *replaced;
        c.value = slice_of(value, b->value_len);
        cell_encode(&c, bytes);
        memtable_put(b->m, bytes, cell_size(&c), 0, &replaced);
        if (replaced)
            memtable_give(b->m, replaced);
    }
}

static void get_all(const struct bench *b, bool prefetch)
{
    uint64_t sum = 0;

    for (size_t i = 0; i + BATCH <= b->count; i += BATCH) {
        const uint32_t *order = b->order + i;
        for (unsigned k = 0; prefetch && k < BATCH; k++)
            memtable_prefetch(b->m, b->keys[order[k]].position);
        for (unsigned k = 0; prefetch && k < BATCH; k++)
            memtable_prefetch_cell(b->m, b->keys[order[k]].position);
        for (unsigned k = 0; k < BATCH; k++)
            sum += cell_encoded_stamp(memtable_find(b->m, &b->keys[order[k]]));
    }
    assert(sum > 0);
}

static void make_keys(struct bench *b, const char *format)
{
    struct prng p;

    prng_init(&p, 1);
    for (size_t i = 0; i < b->count; i++) {
        char *key = mem_alloc(KEY_MAX);
        snprintf(key, KEY_MAX, format, i);
        b->keys[i] = cell_head_key(0, slice_str(key));
        b->order[i] = (uint32_t)i;
    }
    for (size_t i = b->count; i-- > 1;) {
        size_t k = prng_below(&p, i + 1);
        uint32_t t = b->order[i];
        b->order[i] = b->order[k];
        b->order[k] = t;
    }
}

static void run(struct bench *b, struct arenas *arenas, const char *format)
{
    struct cell_key zero = { .position = 0 };
    struct memtable_iter it;
    size_t steps = 0;

    printf("%zu keys like \"%s\", values of %zu bytes\n", b->count, format, b->value_len);
    make_keys(b, format);
    b->m = memtable_new(arenas, 1024 * 1024, UINT32_MAX);
    begin(b);
    put_all(b, 1);
    report(b, "put, new");
    double each = (double)memtable_bytes(b->m) / (double)b->count;
    double live = (double)memtable_live(b->m) / (double)b->count;
    begin(b);
    put_all(b, 2);
    report(b, "put, over");
    begin(b);
    get_all(b, false);
    report(b, "get, random");
    begin(b);
    get_all(b, true);
    report(b, "get, random, prefetched");
    begin(b);
    for (const uint8_t *cell = memtable_seek(b->m, &it, &zero); cell; cell = memtable_next(&it))
        steps += cell_encoded_stamp(cell) > 0;
    report(b, "next");
    assert(steps == b->count);
    printf("%-28s %7.1f B, of which cells %.1f B\n", "memory a key", each, live);
    memtable_free(b->m);
    for (size_t i = 0; i < b->count; i++)
        mem_free((void *)(uintptr_t)b->keys[i].key.data);
}

int main(int argc, char **argv)
{
    struct bench b = { .count = 1000000, .value_len = 100 };
    struct arenas *arenas = os_arenas_new();

    if (argc > 1)
        b.count = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        b.value_len = strtoul(argv[2], NULL, 10);
    if (b.count < BATCH || b.count > UINT32_MAX || b.value_len > VALUE_MAX)
        return 2;
    b.keys = mem_zalloc(b.count, sizeof *b.keys);
    b.order = mem_zalloc(b.count, sizeof *b.order);
    run(&b, arenas, "key:%012zu");
    run(&b, arenas, "{tag}:%012zu");
    mem_free(b.keys);
    mem_free(b.order);
    os_arenas_free(arenas);
    return 0;
}
