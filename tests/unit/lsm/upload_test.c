/* upload_test.c: values in pieces, in a store that flushes, compacts, rewrites, ends and
 * begins again: what was put is there, and what nobody needs goes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/prng.h"
#include "lsm/part.h"
#include "lsm/upload.h"
#include "lsm_world.h"

enum { KEYS = 24, OPEN = 3, PIECE = 2500 };

static struct lsm_world w;
static struct prng prng;
static unsigned news;
static size_t size[KEYS]; /* of each key's value; 0: none */
static int fill[KEYS];
static uint64_t rewrites, compactions; /* of stores before this one */

static void small_world(void)
{
    lsm_world_init(&w);
    w.options.memtable_size = 16384;
    w.options.chunk_size = 4096;
    w.options.segment_size = 32768;
    w.options.value_separation = 1000;
    w.options.table_size = 16384;
    w.options.block_size = 512;
    w.options.filter_bits = 10;
    w.options.cache_size = 65536;
    prng_init(&prng, 5);
    memset(size, 0, sizeof size);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

static void end_world(void)
{
    if (w.lsm)
        lsm_world_close(&w);
    lsm_world_deinit(&w);
}

TestSuite(upload, .init = small_world, .fini = end_world);

static void on_news(void *owner)
{
    (void)owner;
    news++;
}

static struct upload *begin(const char *key)
{
    return upload_begin(w.lsm, 0, slice_str(key), on_news, NULL);
}

static void wait_for(void)
{
    if (!lsm_world_step(&w))
        lsm_world_tick(&w);
}

static void add(struct upload *u, size_t n, int with)
{
    uint8_t *bytes = mem_alloc(n);

    memset(bytes, with, n);
    for (unsigned i = 0; i < 10000 && !upload_room(u) && !err_is(upload_error(u)); i++)
        wait_for();
    if (err_is(upload_error(u))) {
        mem_free(bytes);
        return;
    }
    cr_assert(upload_room(u));
    upload_add(u, bytes, n);
}

/* Its pieces, `n` bytes of `with` together. */
static void add_all(struct upload *u, size_t n, int with)
{
    while (n > 0 && !err_is(upload_error(u))) {
        size_t piece = n < PIECE ? n : PIECE;
        add(u, piece, with);
        n -= piece;
    }
    upload_end(u);
}

static void put_head(const char *key, const struct slice *parts, uint64_t expire_ms)
{
    struct cell c = { .key = cell_head_key(0, slice_str(key)), .type = CELL_STRING };

    for (unsigned i = 0; i < 10000 && !lsm_can_put(w.lsm, 4096); i++) {
        lsm_turn(w.lsm);
        wait_for();
    }
    c.stamp = ++w.stamp;
    c.value = *parts;
    c.flags = (uint8_t)(CELL_PARTS | (expire_ms ? CELL_EXPIRES : 0));
    c.expire_ms = expire_ms;
    lsm_put(w.lsm, &c);
    lsm_request(w.lsm);
    lsm_commit(w.lsm);
}

static void put_upload(struct upload *u, const char *key)
{
    struct slice parts;

    for (unsigned i = 0; i < 10000 && !upload_ready(u); i++)
        wait_for();
    cr_assert(upload_ready(u));
    parts = upload_parts(u);
    put_head(key, &parts, 0);
    upload_free(u);
}

static void put_large(const char *key, size_t n, int with)
{
    struct upload *u = begin(key);

    add_all(u, n, with);
    put_upload(u, key);
}

static void expect_large(const char *key, size_t n, int with)
{
    struct cell_key k = cell_head_key(0, slice_str(key));
    struct cell c;

    cr_assert(lsm_world_find(&w, &k, &c), "%s is lost: %s", key, w.fetch_err.what);
    cr_assert_eq(c.value.len, n, "%s has %zu bytes, not %zu", key, c.value.len, n);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(c.value.data[i], with, "byte %zu of %s", i, key);
}

static void rest(void)
{
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t before = w.now_us;
        lsm_world_settle(&w);
        lsm_world_tick(&w);
        if (!w.jobs && w.now_us - before > 500000)
            return;
    }
}

Test(upload, a_value_is_there_when_its_head_is_put)
{
    struct cell_key k = cell_head_key(0, slice_str("k"));
    struct upload *u = begin("k");
    struct cell c;

    add_all(u, 10000, 'a');
    for (unsigned i = 0; i < 100 && !upload_ready(u); i++)
        wait_for();
    cr_assert(news > 0);
    cr_assert_eq(lsm_find(w.lsm, &k, WANT_CELL, &c), LSM_ABSENT);
    put_upload(u, "k");
    cr_assert_eq(lsm_find(w.lsm, &k, WANT_CELL, &c), LSM_HERE);
    cr_assert(c.flags & CELL_PARTS);
    cr_assert_eq(cell_parts(&c), 4);
    cr_assert_eq(cell_value_length(&c), 10000);
    expect_large("k", 10000, 'a');
    cr_assert(lsm_check(w.lsm, true));
}

Test(upload, it_survives_a_power_loss_as_soon_as_its_head_does)
{
    w.options.sync = LSM_SYNC_ALWAYS;
    lsm_world_close(&w);
    lsm_world_open(&w);
    put_large("k", 7000, 'a');
    rest();
    lsm_world_power_loss(&w, &prng);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    rest();
    expect_large("k", 7000, 'a');
}

Test(upload, what_never_ends_leaves_nothing)
{
    struct upload *u = begin("k");

    add(u, 2000, 'a');
    rest();
    add(u, 2000, 'a');
    upload_free(u);
    rest();
    cr_assert_eq(memory_fs_count(&w.fs, "/d/blob-"), 0, "its file goes when nobody adds to it");
    u = begin("k");
    add(u, 2000, 'a');
    rest();
    lsm_world_power_loss(&w, &prng);
    upload_free(u);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    rest();
    cr_assert_eq(memory_fs_count(&w.fs, "/d/blob-"), 0, "or at the next start");
}

Test(upload, what_is_deleted_gives_its_space_back)
{
    for (unsigned i = 0; i < 8; i++)
        put_large("k", 20000, 'a' + (int)i);
    lsm_world_put(&w, "k", NULL);
    lsm_request(w.lsm);
    lsm_commit(w.lsm);
    for (unsigned i = 0; i < 400; i++) { /* until the tombstone and the heads have met */
        char name[16];
        snprintf(name, sizeof name, "x%u", i % 50);
        for (unsigned n = 0; n < 1000 && !lsm_can_put(w.lsm, 4096); n++)
            wait_for();
        lsm_world_put_size(&w, name, 500, 'x');
        lsm_request(w.lsm);
        lsm_commit(w.lsm);
        lsm_world_settle(&w);
        lsm_turn(w.lsm);
    }
    rest();
    lsm_world_close(&w);
    lsm_world_open(&w);
    rest();
    cr_assert_lt(lsm_stats(w.lsm)->blob_bytes, 100000);
}

Test(upload, a_failed_write_fails_the_upload_and_nothing_else)
{
    for (unsigned nth = 0; nth < 12; nth++) {
        struct upload *u = begin("k");
        w.fs.calls = 0;
        w.fs.fail_at = nth + 1;
        w.fs.fail_as = ERR_NO_SPACE;
        add_all(u, 9000, 'b');
        for (unsigned i = 0; i < 200 && !upload_ready(u) && !err_is(upload_error(u)); i++)
            wait_for();
        w.fs.fail_at = 0;
        cr_assert(upload_ready(u) || err_is(upload_error(u)));
        upload_free(u);
        rest();
    }
    put_large("k", 3000, 'c');
    expect_large("k", 3000, 'c');
}

/* A client that was let in may send the rest of its value after the log has failed. */
Test(upload, of_a_store_that_takes_no_writes_has_failed_at_once)
{
    struct upload *u;

    lsm_world_put(&w, "a", "1");
    w.fs.fail_write = true;
    lsm_commit(w.lsm);
    lsm_world_settle(&w);
    cr_assert_eq(lsm_state(w.lsm), LSM_BROKEN);
    u = begin("k");
    cr_assert(err_is(upload_error(u)));
    cr_assert_not(upload_room(u));
    upload_end(u);
    cr_assert_not(upload_ready(u));
    upload_free(u);
    lsm_turn(w.lsm);
    lsm_world_settle(&w);
    cr_assert_eq(news, 0);
}

struct reading {
    bool done;
    struct err err;
};

static void on_read(void *owner, struct err e)
{
    struct reading *r = owner;

    r->done = true;
    r->err = e;
}

Test(upload, a_part_stays_readable_when_its_key_is_gone)
{
    struct cell_key k = cell_head_key(0, slice_str("k"));
    struct reading reading = { .done = false };
    struct blob_ref ref;
    struct part *part;
    struct cell c;

    put_large("k", 5000, 'a');
    cr_assert_eq(lsm_find(w.lsm, &k, WANT_CELL, &c), LSM_HERE);
    cell_part(&c, 1, &ref);
    part = part_open(w.lsm, &ref);
    cr_assert_not_null(part);
    lsm_flush(w.lsm, CELL_DB_ALL, ++w.stamp);
    lsm_commit(w.lsm);
    rest();
    part_read(part, on_read, &reading);
    rest();
    cr_assert(reading.done && !err_is(reading.err));
    for (size_t i = 0; i < ref.length; i++)
        cr_assert_eq(part_bytes(part)[i], 'a');
    part_close(part);
    ref.file += 1000;
    cr_assert_null(part_open(w.lsm, &ref));
}

Test(upload, a_part_outlives_its_store)
{
    struct cell_key k = cell_head_key(0, slice_str("k"));
    struct reading reading = { .done = false };
    struct blob_ref ref;
    struct part *idle, *busy;
    struct cell c;

    put_large("k", 5000, 'a');
    cr_assert_eq(lsm_find(w.lsm, &k, WANT_CELL, &c), LSM_HERE);
    cell_part(&c, 0, &ref);
    idle = part_open(w.lsm, &ref);
    busy = part_open(w.lsm, &ref);
    part_read(busy, on_read, &reading);
    lsm_world_close(&w);
    cr_assert_not(part_lives(idle));
    part_close(idle);
    part_close(busy);
    lsm_world_open(&w);
}

/* --- everything at once */

static void name_of(unsigned key, char name[16])
{
    snprintf(name, 16, "k%u", key);
}

struct one {
    struct upload *upload;
    unsigned key;
    size_t size;
    size_t left;
    int fill;
};

static void forget_uploads(struct one *open)
{
    for (unsigned i = 0; i < OPEN; i++) {
        upload_free(open[i].upload);
        open[i].upload = NULL;
    }
}

static void go_on(struct one *o)
{
    char name[16];
    size_t n;

    if (!o->upload) {
        o->key = (unsigned)prng_below(&prng, KEYS);
        o->size = o->left = 1 + (size_t)prng_below(&prng, 12000);
        o->fill = 'a' + (int)prng_below(&prng, 26);
        name_of(o->key, name);
        o->upload = begin(name);
        return;
    }
    name_of(o->key, name);
    if (o->left == 0 && upload_ready(o->upload)) {
        put_upload(o->upload, name);
        o->upload = NULL;
        size[o->key] = o->size;
        fill[o->key] = o->fill;
        return;
    }
    if (o->left == 0 || !upload_room(o->upload))
        return;
    n = o->left < PIECE ? o->left : PIECE;
    add(o->upload, n, o->fill);
    o->left -= n;
    if (o->left == 0)
        upload_end(o->upload);
}

/* The head again, as it is, as EXPIRE would. */
static void put_again(unsigned key)
{
    char name[16];
    struct cell_key k;
    struct cell c;
    struct buf parts = { 0 };

    name_of(key, name);
    k = cell_head_key(0, slice_str(name));
    if (lsm_find(w.lsm, &k, WANT_CELL, &c) != LSM_HERE || !(c.flags & CELL_PARTS) ||
        !lsm_can_put(w.lsm, 4096) || !lsm_firm(w.lsm, &c))
        return;
    buf_append(&parts, c.value);
    put_head(name, &(struct slice){ parts.data, parts.len }, 1000000000);
    buf_deinit(&parts);
}

static void put_small(unsigned key)
{
    char name[16];

    name_of(key, name);
    if (!lsm_can_put(w.lsm, 4096))
        return;
    size[key] = prng_one_in(&prng, 3) ? 0 : 1 + (size_t)prng_below(&prng, 1500);
    fill[key] = 'A' + (int)prng_below(&prng, 26);
    if (size[key])
        lsm_world_put_size(&w, name, size[key], fill[key]);
    else
        lsm_world_put(&w, name, NULL);
    lsm_request(w.lsm);
    lsm_commit(w.lsm);
}

static void expect_all(void)
{
    for (unsigned key = 0; key < KEYS; key++) {
        char name[16];
        struct cell_key k;
        struct cell c;
        name_of(key, name);
        if (size[key]) {
            expect_large(name, size[key], fill[key]);
            continue;
        }
        k = cell_head_key(0, slice_str(name));
        cr_assert(!lsm_world_find(&w, &k, &c) || (c.flags & CELL_TOMBSTONE), "%s is back", name);
    }
}

static void end_and_begin(struct one *open)
{
    lsm_world_settle(&w);
    forget_uploads(open);
    rewrites += lsm_stats(w.lsm)->rewrites;
    compactions += lsm_stats(w.lsm)->compactions;
    if (prng_one_in(&prng, 2))
        lsm_world_kill(&w);
    else
        lsm_world_close(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

Test(upload, everything_at_once)
{
    struct one open[OPEN] = { 0 };

    for (unsigned n = 0; n < 100000; n++) {
        unsigned key = (unsigned)prng_below(&prng, KEYS);
        lsm_turn(w.lsm);
        switch (prng_below(&prng, 10)) {
        case 0:
            put_small(key);
            break;
        case 1:
        case 4:
        case 5: /* often: a rewrite's edit is under way for a few steps only */
            put_again(key);
            break;
        case 2:
        case 3:
            go_on(&open[prng_below(&prng, OPEN)]);
            break;
        default:
            wait_for();
        }
        if (n % 50 == 49) {
            expect_all();
            cr_assert(lsm_check(w.lsm, true));
        }
        if (n % 3000 == 2999) {
            end_and_begin(open);
            expect_all();
        }
    }
    forget_uploads(open);
    rest();
    expect_all();
    cr_assert_gt(rewrites, 10, "nothing was rewritten: the test shows nothing");
    cr_assert_gt(compactions, 10);
}
