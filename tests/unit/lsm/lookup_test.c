/* lookup_test.c: the newest cell of a key, wherever it is, and what is read for it. */
#include "lsm/lookup.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/mem.h"
#include "cell_list.h"
#include "memory_fs.h"

enum { KEYS = 300, TABLES = 8 };

static struct memory_fs fs;
static struct version *version;
static uint8_t newest[KEYS]; /* the last table that has it, or 0; tombstones are 128 more */
static const struct table_options plain = { .block_size = 512, .filter_bits = 10 };

static void begin(void)
{
    memory_fs_init(&fs);
    version = version_new();
}

static void close_table(void *owner, struct table *t)
{
    (void)owner;
    table_close(t);
}

static void end(void)
{
    struct version_gone gone = { NULL, close_table, NULL };

    version_drop(version, &gone);
    memory_fs_deinit(&fs);
}

TestSuite(lookup, .init = begin, .fini = end);

static struct cell_key key_of(unsigned i, char name[16])
{
    snprintf(name, 16, "%u", i);
    return cell_head_key(0, slice_str(name));
}

/* Table `n` has about every `one_in`-th key, its cells' stamps are n. */
static void add(unsigned n, unsigned level, struct prng *prng, unsigned one_in)
{
    struct cell_list list = { .count = 0 };
    struct edit e = { .number = 0 };
    struct version *next;
    struct table_meta meta;
    struct table *t;

    for (unsigned i = 0; i < KEYS; i++) {
        char name[16];
        bool deleted = prng_one_in(prng, 5);
        struct cell c = { .key = key_of(i, name),
                          .stamp = n,
                          .flags = deleted ? CELL_TOMBSTONE : 0,
                          .value = deleted ? slice_of(NULL, 0) : slice_str("something") };
        if (!prng_one_in(prng, one_in))
            continue;
        cell_list_add(&list, &c);
        newest[i] = (uint8_t)(n + (deleted ? 128 : 0));
    }
    cell_list_sort(&list);
    cr_assert_not(err_is(cell_list_write(&list, &fs.fs, "/d", n, &plain, &meta)));
    cr_assert_not(err_is(table_open(&t, &fs.fs, "/d", n, meta.size)));
    edit_add_table(&e, level, level ? 0 : n, t);
    cr_assert_not(err_is(version_apply(version, &e, &next)));
    version_drop(version, NULL);
    version = next;
    edit_deinit(&e);
    mem_free(meta.blobs);
    cell_list_deinit(&list);
}

static void add_all(uint64_t seed)
{
    struct prng prng;

    prng_init(&prng, seed);
    add(1, 6, &prng, 2);
    add(2, 4, &prng, 3);
    add(3, 1, &prng, 4);
    for (unsigned n = 4; n <= TABLES; n++)
        add(n, 0, &prng, 6);
}

static void expect(struct lookup *l, unsigned i)
{
    char name[16];
    struct cell_key key = key_of(i, name);
    struct err e;
    const uint8_t *found = lookup_find(l, &key, &e);

    cr_assert_not(err_is(e));
    if (!newest[i]) {
        cr_assert_null(found);
        return;
    }
    cr_assert_not_null(found);
    cr_assert_eq(cell_encoded_stamp(found), newest[i] & 127);
    cr_assert_eq(found[30], newest[i] & 128 ? CELL_TOMBSTONE : 0);
}

Test(lookup, finds_the_newest_cell_tombstones_too)
{
    struct lookup l;

    add_all(3);
    l = (struct lookup){ .version = version };
    for (unsigned i = 0; i < KEYS; i++)
        expect(&l, i);
    lookup_deinit(&l);
}

Test(lookup, keeps_blocks_and_reads_none_again_that_came_last)
{
    struct lookup l;
    unsigned reads, before;

    add_all(4);
    l = (struct lookup){ .version = version };
    reads = fs.reads;
    for (unsigned i = 0; i < KEYS; i++) {
        expect(&l, i);
        before = fs.reads;
        expect(&l, i);
        cr_assert_eq(fs.reads, before);
    }
    cr_assert_eq(fs.reads - reads, l.count);
    for (size_t i = 0; i < l.count; i++) {
        cr_assert_gt(l.blocks[i].len, 0);
        for (size_t j = i < 32 ? 0 : i - 32; j < i; j++)
            cr_assert(l.blocks[i].table != l.blocks[j].table ||
                      l.blocks[i].block != l.blocks[j].block);
    }
    mem_free(l.blocks[0].payload); /* somebody took it */
    l.blocks[0].payload = NULL;
    lookup_deinit(&l);
    cr_assert(l.count == 0 && l.version == version, "ready for more");
}

Test(lookup, of_a_key_nobody_has_reads_next_to_nothing)
{
    struct lookup l;
    unsigned reads;

    add_all(5);
    l = (struct lookup){ .version = version };
    reads = fs.reads;
    for (unsigned i = 0; i < 100; i++) {
        char name[16];
        struct cell_key key = key_of(KEYS + i, name);
        struct err e;
        cr_assert_null(lookup_find(&l, &key, &e));
        cr_assert_not(err_is(e));
    }
    cr_assert_leq(fs.reads - reads, 40, "800 without filters");
    lookup_deinit(&l);
}

Test(lookup, of_what_cannot_be_read_is_an_error_and_nothing_older)
{
    struct lookup l;
    unsigned failed = 0;

    add_all(6);
    l = (struct lookup){ .version = version };
    for (unsigned i = 0; i < KEYS; i++) {
        char name[16];
        struct cell_key key = key_of(i, name);
        struct err e;
        const uint8_t *found;
        fs.fail_at = fs.calls + 1;
        found = lookup_find(&l, &key, &e);
        fs.fail_at = 0;
        if (err_is(e)) {
            failed++;
            cr_assert_null(found);
        } else if (found) {
            cr_assert_eq(cell_encoded_stamp(found), newest[i] & 127);
        }
        expect(&l, i);
    }
    cr_assert_gt(failed, 20);
    lookup_deinit(&l);
}

Test(lookup, of_a_damaged_block_is_an_error)
{
    struct lookup l;
    struct memory_file *f;

    add_all(7);
    l = (struct lookup){ .version = version };
    f = memory_fs_find(&fs, "/d/table-0000000000000001.tbl");
    for (size_t at = 0; at < f->len; at += 64)
        f->data[at] ^= 1;
    for (unsigned i = 0; i < KEYS; i++) {
        char name[16];
        struct cell_key key = key_of(i, name);
        struct err e;
        const uint8_t *found = lookup_find(&l, &key, &e);
        cr_assert(!err_is(e) || (!found && e.code == ERR_CORRUPT));
        if ((newest[i] & 127) == 1)
            cr_assert(err_is(e));
        else if (newest[i])
            cr_assert_eq(cell_encoded_stamp(found), newest[i] & 127);
    }
    lookup_deinit(&l);
}

Test(lookup, may_pass_over_tables_that_were_asked_before)
{
    struct lookup l;

    add_all(8);
    for (unsigned i = 0; i < KEYS; i++) {
        char name[16];
        struct cell_key key = key_of(i, name);
        const uint8_t *found;
        struct err e;
        unsigned may = 0;
        l = (struct lookup){ .version = version };
        for (unsigned level = 0; level < LEVELS; level++) {
            for (size_t n = 0; n < version->levels[level].count; n++)
                may += table_may_hold(version->levels[level].tables[n].table, key.position);
        }
        l.skip = may;
        found = lookup_find(&l, &key, &e);
        cr_assert(!found && !err_is(e) && l.count == 0, "nobody is left to ask");
        lookup_deinit(&l);
    }
}
