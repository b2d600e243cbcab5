/* table_bench.c: nanoseconds of CPU of what a read does with a table whose blocks are
 * cached: filter probe, locate, find in a block; and of making and reading one, a cell.
 * `table_bench FOLDER [KEYS] [VALUE]`, a million keys with values of 100 bytes. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/prng.h"
#include "lsm/table.h"
#include "lsm/table_source.h"
#include "lsm/table_writer.h"
#include "os/os.h"

enum { KEY_MAX = 32, VALUE_MAX = 65536, ID = 1, READ_STEP = 1024 * 1024, SEEN = 1000 };

struct bench {
    struct fs *fs;
    const char *dir;
    struct cell_key *keys;
    uint32_t *order; /* of the keys, shuffled */
    size_t count;
    size_t value_len;
    struct table *table;
    uint8_t **payloads; /* by block */
    struct table_block *blocks;
    uint64_t start;
};

static void must(struct err e)
{
    if (!err_is(e))
        return;
    fprintf(stderr, "table_bench: %s\n", e.what);
    exit(1);
}

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

static void report(const struct bench *b, const char *what, size_t count)
{
    printf("%-34s %8.1f ns\n", what, (double)(cpu_ns() - b->start) / (double)count);
}

static int by_position(const void *a, const void *b)
{
    return cell_key_compare(a, b);
}

static void make_keys(struct bench *b)
{
    struct prng p;

    prng_init(&p, 1);
    for (size_t i = 0; i < b->count; i++) {
        char *key = mem_alloc(KEY_MAX);
        snprintf(key, KEY_MAX, "key:%012zu", i);
        b->keys[i] = cell_head_key(0, slice_str(key));
        b->order[i] = (uint32_t)i;
    }
    qsort(b->keys, b->count, sizeof *b->keys, by_position);
    for (size_t i = b->count; i-- > 1;) {
        size_t k = prng_below(&p, i + 1);
        uint32_t t = b->order[i];
        b->order[i] = b->order[k];
        b->order[k] = t;
    }
}

static void write_table(struct bench *b, bool compress)
{
    static uint8_t value[VALUE_MAX], bytes[VALUE_MAX + 128];
    struct table_options options = { .block_size = 4096, .filter_bits = 10, .compress = compress };
    struct table_writer *w;
    struct table_meta meta;

    begin(b);
    must(table_writer_open(&w, b->fs, b->dir, ID, &options));
    for (size_t i = 0; i < b->count; i++) {
        struct cell c = { .key = b->keys[i], .stamp = i + 1, .type = CELL_STRING };
        c.value = slice_of(value, b->value_len);
        cell_encode(&c, bytes);
        must(table_writer_add(w, bytes, cell_size(&c)));
    }
    must(table_writer_finish(w, &meta));
    report(b, compress ? "write, with LZ4, a cell" : "write, a cell", b->count);
    printf("%-34s %8.1f B\n", "file, a cell", (double)meta.size / (double)b->count);
    mem_free(meta.blobs);
    must(table_open(&b->table, b->fs, b->dir, ID, meta.size));
    printf("%-34s %8.2f B\n", "memory, a cell", (double)table_memory(b->table) / (double)b->count);
}

static void end_table(struct bench *b)
{
    char path[4096];

    table_close(b->table);
    snprintf(path, sizeof path, "%s/table-%016x.tbl", b->dir, ID);
    must(fs_remove(b->fs, path));
}

static void read_through(struct bench *b)
{
    struct table_source s;
    size_t cells = 0;

    begin(b);
    for (table_source_init(&s, b->table, 0, READ_STEP, false); s.source.cell;
         cell_source_next(&s.source))
        cells++;
    must(s.source.err);
    report(b, "read through, a cell", b->count);
    assert(cells == b->count);
    table_source_deinit(&s);
}

static void load_blocks(struct bench *b)
{
    b->payloads = mem_zalloc(b->table->blocks, sizeof *b->payloads);
    b->blocks = mem_zalloc(b->table->blocks, sizeof *b->blocks);
    begin(b);
    for (uint32_t i = 0; i < b->table->blocks; i++) {
        size_t len;
        must(table_read(b->table, i, &b->payloads[i], &len));
        must(table_block_open(slice_of(b->payloads[i], len), &b->blocks[i]));
    }
    report(b, "read and unpack, a block", b->table->blocks);
}

/* Every key once, in no order; `few`: the same thousand again and again, so that what is
 * measured is not the memory. */
static void find_all(struct bench *b, bool few)
{
    size_t mask = few && b->count > SEEN ? SEEN : b->count, found = 0;
    uint32_t *at = mem_zalloc(b->count, sizeof *at);

    printf("%s\n", few ? "keys that are in the processor's caches:" : "keys anywhere:");
    begin(b);
    for (size_t i = 0; i < b->count; i++)
        found += table_may_hold(b->table, b->keys[b->order[i % mask]].position);
    report(b, "  filter, a key that is there", b->count);
    assert(found == b->count);
    begin(b);
    for (size_t i = 0; i < b->count; i++)
        at[i] = table_locate(b->table, &b->keys[b->order[i % mask]]);
    report(b, "  locate", b->count);
    begin(b);
    found = 0;
    for (size_t i = 0; i < b->count; i++)
        found += table_block_find(&b->blocks[at[i]], &b->keys[b->order[i % mask]]) != NULL;
    report(b, "  find in a block", b->count);
    assert(found == b->count);
    mem_free(at);
}

static void probe_absent(struct bench *b)
{
    struct prng p;
    size_t hits = 0;

    prng_init(&p, 7);
    begin(b);
    for (size_t i = 0; i < b->count; i++)
        hits += table_may_hold(b->table, prng_next(&p) >> 1);
    report(b, "  filter, a key that is not there", b->count);
    printf("%-34s %8.2f %%\n", "  of which it may hold", 100.0 * (double)hits / (double)b->count);
}

int main(int argc, char **argv)
{
    struct bench b = { .count = 1000000, .value_len = 100 };

    if (argc > 2)
        b.count = strtoul(argv[2], NULL, 10);
    if (argc > 3)
        b.value_len = strtoul(argv[3], NULL, 10);
    if (argc < 2 || b.count == 0 || b.count > UINT32_MAX || b.value_len > VALUE_MAX)
        return 2;
    b.dir = argv[1];
    b.fs = os_fs_new(NULL);
    b.keys = mem_zalloc(b.count, sizeof *b.keys);
    b.order = mem_zalloc(b.count, sizeof *b.order);
    make_keys(&b);
    printf("%zu keys, values of %zu bytes\n", b.count, b.value_len);
    write_table(&b, true);
    read_through(&b);
    end_table(&b);
    write_table(&b, false);
    read_through(&b);
    load_blocks(&b);
    find_all(&b, false);
    probe_absent(&b);
    find_all(&b, true);
    for (uint32_t i = 0; i < b.table->blocks; i++)
        mem_free(b.payloads[i]);
    mem_free(b.payloads);
    mem_free(b.blocks);
    end_table(&b);
    for (size_t i = 0; i < b.count; i++)
        mem_free((void *)(uintptr_t)b.keys[i].key.data);
    mem_free(b.keys);
    mem_free(b.order);
    os_fs_free(b.fs);
    return 0;
}
