/* small_tree.c: the glue a store would be, and the model. */
#include "small_tree.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/list.h"
#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/level_source.h"
#include "lsm/log_format.h"
#include "lsm/memtable_source.h"
#include "lsm/merge.h"

#define DIR "/d"

enum { TABLES = 256 /* at most, at a check */ };

static void ok(struct err e)
{
    cr_assert_not(err_is(e), "%s", e.what);
}

static uint64_t now_us(struct clock *clock)
{
    (void)clock;
    return 1;
}

void small_tree_init(struct small_tree *t)
{
    memset(t, 0, sizeof *t);
    memory_fs_init(&t->fs);
    plain_arenas_init(&t->arenas);
    t->clock = (struct clock){ now_us, now_us };
    t->env = (struct env){ .fs = &t->fs.fs, .clock = &t->clock, .arenas = &t->arenas.base };
    t->ids.next = 1;
    t->version = version_new();
    t->memtable = memtable_new(&t->arenas.base, 16 * 1024, TREE_LARGE);
    t->now_ms = 1000;
    t->stamp = 10;
    t->pick = (struct pick_options){
        .l0_tables = 4, .ratio = 4, .base_size = 8000, .job_bytes_max = 60000
    };
    t->compact = (struct compact_options){ .env = &t->env,
                                           .dir = DIR,
                                           .ids = &t->ids,
                                           .table = { .block_size = 512, .filter_bits = 10 },
                                           .table_size = 2000,
                                           .slice_bytes = 3000 };
    small_tree_roll(t);
}

static void gone_table(void *owner, struct table *table)
{
    struct small_tree *t = owner;
    char *path = file_path(DIR, FILE_TABLE, table->meta.id);

    table_close(table);
    fs_remove(&t->fs.fs, path);
    mem_free(path);
}

static void gone_blob(void *owner, struct blob_file *b)
{
    (void)owner;
    blob_file_close(b);
}

void small_tree_drop(struct small_tree *t, struct version *v)
{
    version_drop(v, &(struct version_gone){ t, gone_table, gone_blob });
}

void small_tree_deinit(struct small_tree *t)
{
    small_tree_drop(t, t->version);
    memtable_free(t->memtable);
    fs_close(t->segment);
    plain_arenas_deinit(&t->arenas);
    memory_fs_deinit(&t->fs);
}

/* --- putting */

void small_tree_roll(struct small_tree *t)
{
    struct log_stretch *s = &t->stretches[t->stretch_count++];
    uint8_t head[SEGMENT_HEAD_SIZE];
    char *path;

    cr_assert_leq(t->stretch_count, TREE_STRETCHES);
    *s = (struct log_stretch){ file_ids_take(&t->ids), t->log_end, t->log_end };
    path = file_path(DIR, FILE_SEGMENT, s->id);
    if (t->segment)
        fs_close(t->segment);
    ok(fs_open(&t->fs.fs, path, FS_READ | FS_WRITE | FS_CREATE, &t->segment));
    ok(fs_allocate(t->segment, TREE_SEGMENT));
    segment_head_put(head, &(struct segment_head){
                               .version = LOG_FORMAT_VERSION, .id = s->id, .base = t->log_end });
    ok(fs_write(t->segment, 0, slice_of(head, sizeof head)));
    ok(fs_sync(t->segment));
    mem_free(path);
}

struct cell_key small_tree_key(unsigned i, char room[24])
{
    struct cell_key key;

    snprintf(room, 24, "{%u}%u", i % 37, i);
    key = cell_head_key((uint8_t)(i % 3), slice_str(room));
    if (i % 4 == 3) {
        key.kind = CELL_FIELD;
        key.subkey = slice_str("sub");
    }
    return key;
}

static void make_value(uint8_t *to, uint64_t stamp, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        to[i] = (uint8_t)(stamp * 31 + i * 7);
}

/* What a dataset would say the new cell is over. */
static uint8_t over_of(const struct small_tree *t, const struct cell *c, const uint8_t *replaced)
{
    uint64_t flushed = t->flushed[c->key.db];

    if (c->key.kind != CELL_HEAD)
        return 0;
    if (replaced)
        return cell_encoded_stamp(replaced) > flushed ? replaced[30] & CELL_OVER : 0;
    return version_may_hold(t->version, 0, c->key.db, c->key.position, flushed) ? CELL_OVER_LIVE
                                                                                : 0;
}

static void put(struct small_tree *t, const struct cell *c)
{
    struct log_stretch *s = &t->stretches[t->stretch_count - 1];
    size_t size = cell_size(c);
    uint8_t *bytes = mem_alloc(size);
    const uint8_t *now, *replaced;

    if (SEGMENT_FRAMES_START + (s->end - s->base) + size > TREE_SEGMENT) {
        small_tree_roll(t);
        s++;
    }
    cell_encode(c, bytes);
    ok(fs_write(t->segment, SEGMENT_FRAMES_START + (s->end - s->base), slice_of(bytes, size)));
    now = memtable_put(t->memtable, bytes, size, t->log_end, &replaced);
    memtable_mark(now, over_of(t, c, replaced));
    if (replaced)
        memtable_give(t->memtable, replaced);
    s->end = t->log_end += size;
    mem_free(bytes);
}

void small_tree_put(struct small_tree *t, unsigned i, uint32_t len, uint64_t expire_ms)
{
    uint8_t *value = mem_alloc(len);
    char room[24];
    struct cell c = { .key = small_tree_key(i, room),
                      .stamp = ++t->stamp,
                      .origin = 5,
                      .flags = expire_ms ? CELL_EXPIRES : 0,
                      .expire_ms = expire_ms,
                      .value = slice_of(value, len) };

    c.type = c.key.kind == CELL_HEAD ? CELL_STRING : CELL_NONE;
    make_value(value, t->stamp, len);
    put(t, &c);
    t->facts[i] = (struct tree_fact){ t->stamp, expire_ms, len, false };
    mem_free(value);
}

void small_tree_delete(struct small_tree *t, unsigned i)
{
    char room[24];
    struct cell c = {
        .key = small_tree_key(i, room), .stamp = ++t->stamp, .origin = 5, .flags = CELL_TOMBSTONE
    };

    put(t, &c);
    t->facts[i] = (struct tree_fact){ .stamp = t->stamp, .deleted = true };
}

void small_tree_flushdb(struct small_tree *t, uint8_t db)
{
    t->flushed[db] = ++t->stamp;
}

void small_tree_random(struct small_tree *t, struct prng *prng, unsigned n)
{
    for (; n > 0; n--) {
        unsigned i = (unsigned)prng_below(prng, TREE_KEYS);
        uint32_t len = (uint32_t)prng_below(prng, 60);
        if (prng_one_in(prng, 3))
            i /= 8;
        if (prng_one_in(prng, 6))
            len = TREE_LARGE + (uint32_t)prng_below(prng, 900);
        if (prng_one_in(prng, 200))
            small_tree_flushdb(t, (uint8_t)prng_below(prng, 3));
        else if (prng_one_in(prng, 5))
            small_tree_delete(t, i);
        else
            small_tree_put(t, i, len, prng_one_in(prng, 4) ? t->now_ms + prng_below(prng, 40) : 0);
        if (prng_one_in(prng, 4))
            t->now_ms++;
    }
}

/* --- flushing and compacting */

void small_tree_flush_init(struct small_tree *t, struct flush *f)
{
    *f = (struct flush){ .env = &t->env,
                         .dir = DIR,
                         .ids = &t->ids,
                         .memtable = t->memtable,
                         .version = t->version,
                         .stretches = t->stretches + t->flushed_stretches,
                         .stretch_count = t->stretch_count - t->flushed_stretches,
                         .table = t->compact.table,
                         .order = ++t->order,
                         .mark = { t->log_end, t->stamp, t->stamp, t->log_end },
                         .now_ms = t->now_ms };
    memcpy(f->flushed, t->flushed, sizeof f->flushed);
}

void small_tree_install(struct small_tree *t, struct edit *e)
{
    struct version *v;

    ok(version_apply(t->version, e, &v));
    small_tree_drop(t, t->version);
    t->version = v;
    cr_assert(version_check(v));
    edit_deinit(e);
}

void small_tree_flush(struct small_tree *t, bool rescue)
{
    struct flush f;

    small_tree_flush_init(t, &f);
    f.rescue = rescue;
    flush_run(&f.job);
    ok(f.err);
    small_tree_install(t, &f.edit);
    memtable_free(t->memtable);
    t->memtable = memtable_new(&t->arenas.base, 16 * 1024, TREE_LARGE);
    t->flushed_stretches = t->stretch_count - 1;
}

bool small_tree_compact(struct small_tree *t)
{
    struct version *held = t->version;
    struct edit e = { .number = 0 };
    struct compact *c;
    struct pick p;

    pick_next(t->version, &t->pick, t->cursor, t->now_ms, &p);
    if (p.kind == PICK_NOTHING)
        return false;
    if (p.kind == PICK_MERGE) {
        t->compact.now_ms = t->now_ms;
        version_hold(held);
        c = compact_new(&t->compact, t->version, &p);
        while (!compact_ended(c))
            compact_job(c)->run(compact_job(c));
        ok(compact_error(c));
        compact_take_edit(c, &e);
        small_tree_install(t, &e);
        compact_free(c, true);
        small_tree_drop(t, held);
    } else {
        pick_edit(&p, &e);
        small_tree_install(t, &e);
        pick_deinit(&p);
    }
    return true;
}

/* --- reading */

struct reading {
    struct small_tree *t;
    bool seen[TREE_KEYS];
    uint64_t live[TABLES]; /* as the version's blobs */
};

static void check_value(struct small_tree *t, const struct cell *c, const struct tree_fact *fact)
{
    uint8_t *want = mem_alloc(fact->len), *got = mem_alloc(fact->len);

    make_value(want, fact->stamp, fact->len);
    cr_assert_eq(cell_value_length(c), fact->len);
    if (c->flags & CELL_BLOB) {
        struct blob_file *b;
        struct blob_ref ref;
        blob_ref_get(c->value.data, &ref);
        b = version_blob(t->version, ref.file);
        cr_assert_not_null(b);
        ok(blob_file_read(b, &ref, got));
    } else if (fact->len) {
        memcpy(got, c->value.data, fact->len);
    }
    cr_assert_eq(memcmp(want, got, fact->len), 0);
    mem_free(want);
    mem_free(got);
}

static unsigned key_index(const struct cell *c)
{
    const uint8_t *end = c->key.key.data + c->key.key.len, *at = end;
    unsigned i = 0;

    while (at[-1] != '}')
        at--;
    for (; at < end; at++)
        i = i * 10 + (unsigned)(*at - '0');
    return i;
}

/* The newest cell of a key is what a reader finds. */
static void check_newest(struct reading *r, const struct cell *c)
{
    struct small_tree *t = r->t;
    unsigned i = key_index(c);
    const struct tree_fact *fact = &t->facts[i];
    bool hidden = c->stamp <= t->flushed[c->key.db];

    r->seen[i] = true;
    if (hidden || (c->flags & CELL_TOMBSTONE) || cell_expired(c, t->now_ms)) {
        cr_assert(fact->deleted || fact->stamp <= t->flushed[c->key.db] ||
                  (fact->expire_ms && fact->expire_ms <= t->now_ms));
        return;
    }
    cr_assert_eq(c->stamp, fact->stamp);
    cr_assert_not(fact->deleted);
    cr_assert_eq(c->expire_ms, fact->expire_ms);
    check_value(t, c, fact);
}

static size_t blob_index(const struct small_tree *t, uint64_t id)
{
    size_t i = 0;

    while (i < t->version->blob_count && t->version->blobs[i].blob->id != id)
        i++;
    cr_assert(i < t->version->blob_count && i < TABLES);
    return i;
}

static void check_cells(struct reading *r, struct merge *m)
{
    for (; m->source.cell; cell_source_next(&m->source)) {
        struct cell c;
        cell_decode(m->source.cell, &c);
        if (c.flags & CELL_BLOB) {
            struct blob_ref ref;
            blob_ref_get(c.value.data, &ref);
            r->live[blob_index(r->t, ref.file)] += ref.length;
        }
        if (!m->again)
            check_newest(r, &c);
    }
    ok(m->source.err);
}

static void check_rest(const struct reading *r)
{
    const struct small_tree *t = r->t;

    for (unsigned i = 0; i < TREE_KEYS; i++) {
        const struct tree_fact *fact = &t->facts[i];
        bool gone = fact->deleted || fact->stamp <= t->flushed[i % 3] ||
                    (fact->expire_ms && fact->expire_ms <= t->now_ms);
        cr_assert(r->seen[i] || gone, "key %u is lost", i);
    }
    for (size_t i = 0; i < t->version->blob_count; i++)
        cr_assert_eq(t->version->blobs[i].live, r->live[i]);
}

void small_tree_check(struct small_tree *t)
{
    struct level_source levels[TABLES];
    struct cell_source *sources[TABLES + 1];
    struct memtable_source memory;
    struct reading r = { .t = t };
    struct merge m;
    size_t n = 0;

    memtable_source_init(&memory, t->memtable);
    sources[n++] = &memory.source;
    for (unsigned level = 0; level < LEVELS; level++) {
        /* A table each: their arrays are of another type. */
        for (size_t i = 0; i < t->version->levels[level].count; i++, n++) {
            cr_assert_leq(n, TABLES);
            level_source_init(&levels[n - 1], &t->version->levels[level].tables[i].table, 1, 4096);
            sources[n] = &levels[n - 1].source;
        }
    }
    merge_init(&m, sources, n);
    check_cells(&r, &m);
    check_rest(&r);
    merge_deinit(&m);
    while (n-- > 1)
        level_source_deinit(&levels[n - 1]);
}

uint64_t small_tree_files(struct small_tree *t)
{
    uint64_t sum = 0;

    for (const struct memory_file *f = t->fs.files; f; f = f->next)
        sum += f->named ? hash_xxh3(slice_str(f->name)) : 0;
    return sum;
}
