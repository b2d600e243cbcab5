/* rewrite_world.c: segments are written as the log writes them, tables as a flush
 * does. */
#include "rewrite_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cell_list.h"
#include "lsm/blob_file.h"
#include "lsm/blob_scan.h"
#include "lsm/frames.h"
#include "lsm/lookup.h"

enum {
    KEYS = REWRITE_KEYS,
    CELLS = 80,     /* of a segment */
    LARGE = 100,    /* value separation */
    NOW_MS = 1000,  /* what expires at this time is expired */
    FLUSHED_DB = 3, /* flushed up to FLUSHED */
    FLUSHED = 2 * CELLS,
    FIRST_ID = 10,
    SEGMENTS = REWRITE_SEGMENTS,
};

struct rewrite_world rw;

static const struct table_options plain = { .block_size = 512, .filter_bits = 10 };

static void ok(struct err e)
{
    cr_assert_not(err_is(e), "%s", e.what);
}

static void count_warning(struct trace *trace, enum trace_level level, const char *text)
{
    (void)trace;
    cr_assert_not_null(strstr(text, "keeps its garbage"));
    rw.warnings += level == TRACE_WARNING;
}

static struct cell_key key_of(unsigned i, char name[16])
{
    snprintf(name, 16, "key-%u", i);
    return cell_head_key((uint8_t)(i % 5), slice_str(name));
}

/* The next cell of key `i`, and the model's word about it. */
static struct cell cell_next(unsigned i, struct prng *prng, char name[16])
{
    struct fact *f = &rw.facts[i];
    bool expires = prng_one_in(prng, 3);
    uint8_t *value;

    *f = (struct fact){ .stamp = ++rw.stamp,
                        .expire_ms = expires ? NOW_MS - 5 + prng_below(prng, 10) : 0,
                        .len = 1 + (uint32_t)prng_below(prng, prng_one_in(prng, 3) ? 90 : 900),
                        .fill = (uint8_t)prng_next(prng),
                        .deleted = prng_one_in(prng, 10) };
    if (f->deleted)
        f->len = 0, f->expire_ms = 0;
    value = mem_alloc(f->len);
    memset(value, f->fill, f->len);
    return (struct cell){ .key = key_of(i, name),
                          .stamp = f->stamp,
                          .origin = 4,
                          .type = f->deleted ? CELL_NONE : CELL_STRING,
                          .flags = (uint8_t)((f->expire_ms ? CELL_EXPIRES : 0) |
                                             (f->deleted ? CELL_TOMBSTONE : 0)),
                          .expire_ms = f->expire_ms,
                          .value = slice_of(value, f->len) };
}

/* The cell as a flush writes it: a large value is a reference to where it is. */
static void flushed_cell(struct cell_list *list, const struct blob_scan *s)
{
    uint8_t bytes[BLOB_REF_SIZE];
    struct blob_ref ref;
    struct cell c;

    cell_decode(s->source.cell, &c);
    ref = blob_scan_ref(s, &c);
    if (c.value.len >= LARGE) {
        blob_ref_put(bytes, &ref);
        c.value = slice_of(bytes, sizeof bytes);
        c.flags |= CELL_BLOB;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct cell old;
        cell_decode(list->cells[i], &old);
        if (cell_key_compare(&old.key, &c.key) == 0) {
            mem_free(list->cells[i]);
            list->cells[i] = list->cells[--list->count];
            break;
        }
    }
    cell_list_add(list, &c);
}

static void apply(struct edit *e)
{
    struct version *next;

    ok(version_apply(rw.version, e, &next));
    version_drop(rw.version, NULL);
    rw.version = next;
    cr_assert(version_check(rw.version));
    edit_deinit(e);
}

/* A table of the cells in `blob`, into the version, with the file. */
static void install(struct blob_file *blob, unsigned level, uint64_t order)
{
    struct cell_list list = { .count = 0 };
    struct edit e = { .number = 0 };
    struct table_meta meta;
    struct table *t;
    struct blob_scan s;

    for (blob_scan_init(&s, blob, 4096); s.source.cell; cell_source_next(&s.source))
        flushed_cell(&list, &s);
    ok(s.source.err);
    blob_scan_deinit(&s);
    cell_list_sort(&list);
    ok(cell_list_write(&list, &rw.fs.fs, "/d", file_ids_take(&rw.ids), &plain, &meta));
    ok(table_open(&t, &rw.fs.fs, "/d", meta.id, meta.size));
    edit_add_table(&e, level, order, t);
    edit_add_blob(&e, blob);
    for (uint32_t i = 0; i < meta.blob_count; i++)
        edit_live(&e, meta.blobs[i].file, (int64_t)meta.blobs[i].bytes);
    apply(&e);
    mem_free(meta.blobs);
    cell_list_deinit(&list);
}

void rewrite_world_segment(struct prng *prng, unsigned level, uint64_t order)
{
    uint8_t page[SEGMENT_FRAMES_START] = { 0 };
    struct segment_head head = { .version = LOG_FORMAT_VERSION, .id = file_ids_take(&rw.ids) };
    struct frames_place place = { .segment = head.id, .index = 1 };
    struct frames frames = { .sent = 0 };
    struct buf bytes = { 0 };
    struct blob_file *blob;
    char *path = file_path("/d", FILE_SEGMENT, head.id);

    segment_head_put(page, &head);
    buf_append(&bytes, slice_of(page, sizeof page));
    for (unsigned i = 0; i < CELLS; i++) {
        char name[16];
        struct cell c = cell_next((unsigned)prng_below(prng, KEYS), prng, name);
        cell_encode(&c, frames_add(&frames, cell_size(&c), c.stamp));
        mem_free((void *)(uintptr_t)c.value.data);
        if (prng_one_in(prng, 4))
            frames_close(&frames);
    }
    frames_close(&frames);
    frames_seal(frames.bytes.data, frames.bytes.len, &place);
    buf_append(&bytes, frames_rest(&frames));
    memory_fs_add(&rw.fs, path, buf_slice(&bytes));
    ok(blob_file_open(&blob, &rw.fs.fs, "/d", FILE_SEGMENT, head.id, bytes.len));
    install(blob, level, order);
    mem_free(path);
    frames_deinit(&frames);
    buf_deinit(&bytes);
}

void rewrite_world_begin(uint64_t seed)
{
    struct prng prng;

    memset(&rw, 0, sizeof rw);
    memory_fs_init(&rw.fs);
    rw.trace = (struct trace){ TRACE_WARNING, count_warning };
    rw.env = (struct env){ .fs = &rw.fs.fs, .trace = &rw.trace };
    rw.ids.next = FIRST_ID;
    rw.version = version_new();
    prng_init(&prng, seed);
    rewrite_world_segment(&prng, 3, 0);
    rewrite_world_segment(&prng, 1, 0);
    for (unsigned i = 2; i < SEGMENTS; i++)
        rewrite_world_segment(&prng, 0, i * 16);
    rw.options = (struct rewrite_options){ .env = &rw.env,
                                           .dir = "/d",
                                           .ids = &rw.ids,
                                           .table = plain,
                                           .order = (SEGMENTS - 1) * 16 + 1,
                                           .slice_bytes = 8192,
                                           .now_ms = NOW_MS };
    rw.options.flushed[FLUSHED_DB] = FLUSHED;
}

static void close_table(void *owner, struct table *t)
{
    (void)owner;
    table_close(t);
}

static void close_blob(void *owner, struct blob_file *b)
{
    (void)owner;
    blob_file_close(b);
}

void rewrite_world_end(void)
{
    struct version_gone gone = { NULL, close_table, close_blob };

    version_drop(rw.version, &gone);
    memory_fs_deinit(&rw.fs);
}

static bool hidden(unsigned i, const struct fact *f)
{
    return i % 5 == FLUSHED_DB && f->stamp <= FLUSHED;
}

static void expect_value(const struct cell *c, const struct fact *f)
{
    struct blob_ref ref;
    uint8_t *value;

    if (!(c->flags & CELL_BLOB)) {
        cr_assert_eq(c->value.len, f->len);
        cr_assert(f->len == 0 || c->value.data[f->len - 1] == f->fill);
        return;
    }
    blob_ref_get(c->value.data, &ref);
    cr_assert_eq(ref.length, f->len);
    cr_assert_not_null(version_blob(rw.version, ref.file));
    value = mem_alloc(ref.length);
    ok(blob_file_read(version_blob(rw.version, ref.file), &ref, value));
    cr_assert(value[0] == f->fill && value[f->len - 1] == f->fill);
    mem_free(value);
}

void rewrite_world_expect_facts(void)
{
    struct lookup l = { .version = rw.version };

    for (unsigned i = 0; i < KEYS; i++) {
        const struct fact *f = &rw.facts[i];
        char name[16];
        struct cell_key key = key_of(i, name);
        struct err e;
        const uint8_t *found = lookup_find(&l, &key, &e);
        struct cell c;

        ok(e);
        if (!f->stamp) {
            cr_assert_null(found);
            continue;
        }
        cr_assert_not_null(found);
        cell_decode(found, &c);
        cr_assert_eq(c.stamp, f->stamp, "key %u", i);
        if (hidden(i, f))
            continue;
        if (f->deleted) {
            cr_assert(c.flags & CELL_TOMBSTONE);
            continue;
        }
        if (c.flags & CELL_TOMBSTONE) {
            cr_assert(f->expire_ms && f->expire_ms <= NOW_MS);
            continue;
        }
        cr_assert(c.expire_ms == f->expire_ms && c.origin == 4 && c.type == CELL_STRING);
        expect_value(&c, f);
    }
    lookup_deinit(&l);
}

size_t rewrite_world_files(uint64_t out[REWRITE_FILES])
{
    size_t n = 0;

    for (size_t i = 0; i < rw.version->blob_count; i++) {
        if (!rw.version->blobs[i].blob->stuck)
            out[n++] = rw.version->blobs[i].blob->id;
    }
    return n;
}

unsigned rewrite_world_run(struct rewrite **out, const uint64_t *files, size_t count)
{
    unsigned slices = 0;

    *out = rewrite_new(&rw.options, rw.version, files, count);
    while (!rewrite_ended(*out)) {
        rewrite_job(*out)->run(rewrite_job(*out));
        cr_assert_lt(++slices, 10000);
    }
    return slices;
}

static void drop_blob(struct blob_file *b)
{
    char *path = file_path("/d", b->kind, b->id);

    ok(fs_remove(&rw.fs.fs, path));
    blob_file_close(b);
    mem_free(path);
}

void rewrite_world_take(struct rewrite *r)
{
    struct blob_file *gone[REWRITE_FILES];
    struct edit e;
    size_t n;

    ok(rewrite_error(r));
    rewrite_take_edit(r, rw.version, &e);
    n = e.drop_blob_count;
    for (size_t i = 0; i < n; i++)
        gone[i] = version_blob(rw.version, e.drop_blobs[i]);
    apply(&e);
    rewrite_free(r, true);
    version_drop(rw.held, NULL);
    rw.held = NULL;
    for (size_t i = 0; i < n; i++)
        drop_blob(gone[i]);
}

uint64_t rewrite_world_expect_no_garbage(void)
{
    uint64_t live = 0;

    for (size_t i = 0; i < rw.version->blob_count; i++) {
        const struct blob_place *b = &rw.version->blobs[i];
        struct buf last = { 0 };
        struct blob_scan s;
        uint64_t sum = 0;
        if (b->blob->kind == FILE_SEGMENT)
            continue;
        for (blob_scan_init(&s, b->blob, 4096); s.source.cell; cell_source_next(&s.source)) {
            struct cell c, before;
            unsigned k = 0;
            cell_decode(s.source.cell, &c);
            for (size_t d = 4; d < c.key.key.len; d++)
                k = k * 10 + c.key.key.data[d] - '0';
            cr_assert(rw.facts[k].stamp == c.stamp && !hidden(k, &rw.facts[k]));
            cr_assert(!c.expire_ms || c.expire_ms > NOW_MS);
            if (last.len) {
                cell_decode(last.data, &before);
                cr_assert_lt(cell_key_compare(&before.key, &c.key), 0);
            }
            last.len = 0;
            buf_append(&last, slice_of(s.source.cell, cell_size(&c)));
            sum += c.value.len;
        }
        ok(s.source.err);
        blob_scan_deinit(&s);
        buf_deinit(&last);
        cr_assert_eq(sum, b->live);
        live += sum;
    }
    return live;
}

uint64_t rewrite_world_visible(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < KEYS; i++) {
        const struct fact *f = &rw.facts[i];
        if (f->len >= LARGE && !hidden(i, f) && !(f->expire_ms && f->expire_ms <= NOW_MS))
            sum += f->len;
    }
    return sum;
}
