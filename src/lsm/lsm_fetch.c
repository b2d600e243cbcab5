/* lsm_fetch.c: what find and walk did not have at hand, read by jobs.
 *
 *     lsm_fetch() -> parts, each a JOB_READ -> blocks and values into the cache, pinned
 *                       ^                            | -> last one -> done() -> ...
 *                       '------ more than a slice ---'                  lsm_fetch_end(): unpinned
 *
 * A part of many wants reads a slice of them at a time and queues up again, behind who
 * came meanwhile.
 *
 * Nothing that was read is handed over: the call asks again and finds it in the
 * cache, by way of the version that counts then.  So a read is never older than
 * the store. */
#include <assert.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/wire.h"
#include "lsm/blob_file.h"
#include "lsm/lsm_fetch.h"
#include "lsm/find.h"
#include "lsm/lookup.h"
#include "lsm/lsm_state.h"

enum {
    PARTS_MAX = 4,    /* jobs of one fetch: wants beyond are read one after another */
    SLICE_WANTS = 64, /* of a part: a few ms of cold reads, which others wait for */
    WALK_BLOCKS = 8,  /* read of each source for a walk */
};

/* One want, copied. */
struct fetch_want {
    enum want_kind kind;
    struct cell_key key;
    size_t skip;     /* tables that were asked already */
    bool value_only; /* the cell was at hand */
    struct buf refs; /* ... and this is where its value is, or its pieces */
};

/* A value, whole: named like its first piece. */
struct fetch_value {
    uint64_t file;
    uint64_t offset;
    size_t length;
    uint8_t *bytes;
};

struct fetch_part {
    struct job job;
    struct lsm_fetch *fetch;
    size_t next; /* wants next, next + step, ... are left to this part */
    struct lookup lookup;
    struct fetch_value *values;
    size_t value_count;
    struct err err;
};

struct lsm_fetch {
    struct list link;
    struct lsm *lsm;
    struct version *version; /* held while parts are under way */
    uint64_t flushed[LIMIT_DATABASES];
    struct fetch_want *wants;
    size_t count;
    uint8_t *keys; /* bytes of the wants' keys */
    struct fetch_part parts[PARTS_MAX];
    size_t part_count;
    size_t busy; /* parts under way */
    struct cache_entry **pins;
    size_t pin_count;
    size_t pin_room;
    uint64_t reading; /* bytes counted for it in the store's stats, by their names */
    uint64_t pinned;
    void (*done)(void *owner, struct err e);
    void *owner; /* NULL with done: nobody waits any more */
};

/* --- in a job */

static struct err read_ref(const struct fetch_part *p, const struct blob_ref *ref, uint8_t *to)
{
    struct blob_file *b = version_blob(p->fetch->version, ref->file);

    return b ? blob_file_read(b, ref, to)
             : err_make(ERR_CORRUPT, 0, "a table refers to a file that is not there");
}

/* Checked against its file before there is memory for it. */
static struct err check_ref(const struct fetch_part *p, const struct blob_ref *ref)
{
    struct blob_file *b = version_blob(p->fetch->version, ref->file);

    return b ? blob_file_holds(b, ref)
             : err_make(ERR_CORRUPT, 0, "a table refers to a file that is not there");
}

static void read_value(struct fetch_part *p, struct slice refs)
{
    struct fetch_value v = { .length = 0 };
    struct blob_ref ref;
    uint8_t *to;

    for (size_t at = 0; at < refs.len && !err_is(p->err); at += BLOB_REF_SIZE) {
        blob_ref_get(refs.data + at, &ref);
        p->err = check_ref(p, &ref);
        v.length += ref.length;
    }
    if (err_is(p->err))
        return;
    blob_ref_get(refs.data, &ref);
    v.file = ref.file;
    v.offset = ref.offset;
    v.bytes = to = mem_alloc(v.length);
    for (size_t at = 0; at < refs.len && !err_is(p->err); at += BLOB_REF_SIZE) {
        blob_ref_get(refs.data + at, &ref);
        p->err = read_ref(p, &ref, to);
        to += ref.length;
    }
    if (err_is(p->err)) {
        mem_free(v.bytes);
        return;
    }
    p->values = mem_realloc(p->values, (p->value_count + 1) * sizeof *p->values);
    p->values[p->value_count++] = v;
}

static void read_cell(struct fetch_part *p, const struct fetch_want *want)
{
    const uint8_t *cell;
    struct cell c;

    p->lookup.skip = want->skip;
    cell = lookup_find(&p->lookup, &want->key, &p->err);
    if (!cell || want->kind == WANT_CELL)
        return;
    cell_decode(cell, &c);
    if (c.stamp <= p->fetch->flushed[c.key.db])
        return; /* its value may be gone: a newer cell that moved it went with the flush */
    /* A longer one is wanted again, by who knows then how long it is. */
    if ((c.flags & CELL_BLOB) && cell_value_length(&c) <= WANT_READ_ALONG)
        read_value(p, c.value);
}

/* Some blocks of every source from there on. */
static void read_walk(struct fetch_part *p, const struct fetch_want *want)
{
    const struct version *v = p->fetch->version;
    /* Whatever database asks, the walk passes all that is at the position. */
    struct cell_key from = { .position = want->key.position };

    for (unsigned level = 0; level < LEVELS && !err_is(p->err); level++) {
        for (size_t i = 0; i < v->levels[level].count && !err_is(p->err); i++) {
            struct table *t = v->levels[level].tables[i].table;
            uint32_t block;
            if (t->meta.max_position < want->key.position)
                continue;
            block = table_locate(t, &from);
            for (uint32_t n = 0; n < WALK_BLOCKS && block + n < t->blocks && !err_is(p->err); n++)
                lookup_read(&p->lookup, t, block + n, &p->err);
            if (level > 0)
                break; /* the next tables of a level come later in the order */
        }
    }
}

static void part_run(struct job *job)
{
    struct fetch_part *p = list_item(job, struct fetch_part, job);
    const struct lsm_fetch *f = p->fetch;

    for (unsigned n = 0; n < SLICE_WANTS && p->next < f->count && !err_is(p->err); n++) {
        const struct fetch_want *want = &f->wants[p->next];
        if (want->kind == WANT_WALK)
            read_walk(p, want);
        else if (want->value_only)
            read_value(p, buf_slice(&want->refs));
        else
            read_cell(p, want);
        p->next += f->part_count;
    }
}

/* --- on the loop */

static void add_pin(struct lsm_fetch *f, struct cache_entry *e)
{
    size_t len;

    cache_bytes(e, &len);
    f->pinned += len;
    f->lsm->stats.pinned_bytes += len;
    if (f->pin_count == f->pin_room) {
        f->pin_room = f->pin_room ? f->pin_room * 2 : 8;
        f->pins = mem_realloc(f->pins, f->pin_room * sizeof(struct cache_entry *));
    }
    f->pins[f->pin_count++] = e;
}

/* Frees what was not taken. */
static void part_free(struct fetch_part *p)
{
    lookup_deinit(&p->lookup);
    for (size_t i = 0; i < p->value_count; i++)
        mem_free(p->values[i].bytes);
    mem_free(p->values);
    p->values = NULL;
    p->value_count = 0;
}

/* What a part has read goes into the cache. */
static void take_part(struct lsm_fetch *f, struct fetch_part *p, bool pin)
{
    struct cache *cache = f->lsm->cache;

    for (size_t i = 0; i < p->lookup.count; i++) {
        struct lookup_block *b = &p->lookup.blocks[i];
        struct cache_entry *e =
            cache_insert(cache, CACHE_BLOCKS, b->table->meta.id, b->block, b->payload, b->len, pin);
        b->payload = NULL;
        if (pin)
            add_pin(f, e);
    }
    for (size_t i = 0; i < p->value_count; i++) {
        struct fetch_value *v = &p->values[i];
        struct cache_entry *e =
            cache_insert(cache, CACHE_VALUES, v->file, v->offset, v->bytes, v->length, pin);
        v->bytes = NULL;
        if (pin)
            add_pin(f, e);
    }
    part_free(p);
}

/* Frees it with what was not taken. */
static void fetch_free(struct lsm_fetch *f)
{
    list_remove(&f->link);
    f->lsm->stats.reading_bytes -= f->reading;
    f->lsm->stats.pinned_bytes -= f->pinned;
    for (size_t i = 0; i < f->pin_count; i++)
        cache_unpin(f->lsm->cache, f->pins[i]);
    for (size_t i = 0; i < f->part_count; i++)
        part_free(&f->parts[i]);
    mem_free(f->pins);
    for (size_t i = 0; i < f->count; i++)
        buf_deinit(&f->wants[i].refs);
    mem_free(f->wants);
    mem_free(f->keys);
    mem_free(f);
}

static void part_done(struct job *job)
{
    struct fetch_part *p = list_item(job, struct fetch_part, job);
    struct lsm_fetch *f = p->fetch;
    struct lsm *lsm = f->lsm;
    struct err e = err_ok();

    take_part(f, p, f->done != NULL);
    if (p->next < f->count && !err_is(p->err) && f->done) {
        pool_submit(lsm->env->pool, &p->job);
        return;
    }
    if (--f->busy > 0)
        return;
    for (size_t i = 0; i < f->part_count; i++) {
        if (err_is(f->parts[i].err))
            e = f->parts[i].err;
    }
    lsm_drop_version(lsm, f->version);
    f->version = NULL;
    lsm->stats.reading_bytes -= f->reading;
    f->reading = 0;
    if (err_is(e)) {
        lsm->stats.failed_reads++;
        trace_log(lsm->env->trace, TRACE_WARNING, "a read failed: %s (errno %d)", e.what, e.os);
    }
    if (f->done)
        f->done(f->owner, e);
    else
        fetch_free(f);
    lsm_after_job(lsm);
}

static uint64_t weigh(const struct fetch_want *w)
{
    uint64_t length = 0;
    struct blob_ref ref;

    for (size_t at = 0; w->value_only && at < w->refs.len; at += BLOB_REF_SIZE) {
        blob_ref_get(w->refs.data + at, &ref);
        length += ref.length;
    }
    return want_bytes(w->kind, length);
}

/* Copies the wants and their keys. */
static void copy_wants(struct lsm_fetch *f, const struct want *wants, size_t count)
{
    size_t bytes = 0;
    uint8_t *to;

    for (size_t i = 0; i < count; i++)
        bytes += wants[i].key.key.len + wants[i].key.subkey.len;
    f->wants = mem_zalloc(count, sizeof *f->wants);
    f->keys = to = mem_alloc(bytes);
    f->count = count;
    for (size_t i = 0; i < count; i++) {
        struct fetch_want *w = &f->wants[i];
        w->kind = wants[i].kind;
        w->key = wants[i].key;
        if (w->key.key.len)
            memcpy(to, w->key.key.data, w->key.key.len);
        w->key.key.data = to;
        to += w->key.key.len;
        if (w->key.subkey.len)
            memcpy(to, w->key.subkey.data, w->key.subkey.len);
        w->key.subkey.data = to;
        to += w->key.subkey.len;
        if (w->kind != WANT_WALK)
            w->value_only = find_progress(f->lsm, &w->key, &w->skip, &w->refs);
        f->reading += weigh(w);
    }
}

struct lsm_fetch *lsm_fetch(struct lsm *lsm, const struct want *wants, size_t count,
                            void (*done)(void *owner, struct err e), void *owner)
{
    struct lsm_fetch *f = mem_zalloc(1, sizeof *f);

    assert(lsm->log && count > 0);
    f->lsm = lsm;
    f->done = done;
    f->owner = owner;
    f->version = lsm->version;
    memcpy(f->flushed, lsm->data.flushed, sizeof f->flushed);
    version_hold(f->version);
    list_push(&lsm->fetches, &f->link);
    copy_wants(f, wants, count);
    lsm->stats.reading_bytes += f->reading;
    f->part_count = count < PARTS_MAX ? count : PARTS_MAX;
    f->busy = f->part_count;
    for (size_t i = 0; i < f->part_count; i++) {
        struct fetch_part *p = &f->parts[i];
        p->fetch = f;
        p->next = i;
        p->lookup.version = f->version;
        p->err = err_ok();
        p->job = (struct job){ .run = part_run, .done = part_done, .priority = JOB_READ };
        pool_submit(lsm->env->pool, &p->job);
    }
    lsm->stats.fetches++;
    return f;
}

uint64_t lsm_fetch_bytes(const struct lsm_fetch *f)
{
    return f->reading + f->pinned;
}

void lsm_fetch_end(struct lsm_fetch *f)
{
    if (f->busy) {
        f->done = NULL;
        return;
    }
    fetch_free(f);
}

void fetch_drop_all(struct lsm *lsm)
{
    while (!list_empty(&lsm->fetches)) {
        struct lsm_fetch *f = list_item(lsm->fetches.next, struct lsm_fetch, link);
        if (f->version)
            lsm_drop_version(lsm, f->version);
        fetch_free(f);
    }
}

bool fetch_busy(const struct lsm *lsm)
{
    list_for_each (at, &lsm->fetches) {
        if (list_item(at, struct lsm_fetch, link)->busy > 0)
            return true;
    }
    return false;
}
