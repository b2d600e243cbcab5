/* uploads.c: pieces to a file, batch by batch; syncs and edits for uploads that end. */
#include "lsm/uploads.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lsm/lsm_state.h"

enum {
    UPLOAD_PIECES = 2,                /* of one upload in memory, beside the one that comes */
    UPLOADS_BYTES = 16 * 1024 * 1024, /* of all: beyond it one each */
    UPLOADS_BATCH = 4 * 1024 * 1024,  /* written by one job, about */
    UPLOADS_SEGMENTS = 4,             /* a file is ended beyond so many segments' size */
};

struct piece {
    struct piece *next;
    struct upload *upload;
    uint8_t *bytes;
    size_t len;
    uint64_t number; /* of the upload's */
    uint64_t stamp;
    struct blob_ref ref;
};

/* OPEN -> ENDED -> SYNCING -> EDIT -> READY, any before EDIT -> FAILED, EDIT -> FAILED */
enum upload_state {
    UPLOAD_OPEN,
    UPLOAD_ENDED,   /* its last piece has come */
    UPLOAD_SYNCING, /* a job that syncs has them all */
    UPLOAD_EDIT,    /* they are synced, and an edit is under way */
    UPLOAD_READY,
    UPLOAD_FAILED,
};

struct upload {
    struct list link;      /* in uploads->all */
    struct uploads *owner; /* NULL: the store is gone */
    enum upload_state state;
    struct err err;
    struct buf key;
    uint8_t db;
    bool freed;    /* when no piece is in a job's hands any more */
    bool tell;     /* there is news */
    size_t queued; /* pieces that wait for a job */
    size_t busy;   /* ... that one has */
    uint64_t count;
    struct buf parts;
    struct pins files;
    void (*news)(void *owner);
    void *told;
};

/* --- the job */

static struct err write_piece(struct uploads *u, struct piece *p)
{
    const struct upload *up = p->upload;
    struct cell c = { .stamp = p->stamp, .origin = u->lsm->options.origin };
    uint8_t number[CHUNK_NUMBER_SIZE];
    struct err e;

    chunk_number_put(number, p->number);
    c.key = cell_head_key(up->db, buf_slice(&up->key));
    c.key.kind = CELL_CHUNK;
    c.key.subkey = slice_of(number, sizeof number);
    c.value = slice_of(p->bytes, p->len);
    e = blob_writer_add(u->writer, &c, &p->ref);
    mem_free(p->bytes);
    p->bytes = NULL;
    return e;
}

static struct err sync_file(struct uploads *u)
{
    struct lsm *lsm = u->lsm;
    struct err e = blob_writer_sync(u->writer);

    u->synced = blob_writer_size(u->writer);
    if (err_is(e) || u->blob)
        return e;
    e = fs_sync_dir(lsm->env->fs, lsm->dir);
    if (!err_is(e))
        e = blob_file_open(&u->blob, lsm->env->fs, lsm->dir, FILE_BLOB, u->file, u->synced);
    return e;
}

static void end_file(struct uploads *u)
{
    blob_writer_abandon(u->writer, !u->known);
    u->writer = NULL;
    if (!u->known)
        blob_file_close(u->blob);
    u->blob = NULL;
}

static void run(struct job *job)
{
    struct uploads *u = list_item(job, struct uploads, job);

    u->err = err_ok();
    if (u->ending) {
        end_file(u);
        return;
    }
    if (!u->writer)
        u->err = blob_writer_open(&u->writer, u->lsm->env->fs, u->lsm->dir, u->file);
    for (struct piece *p = u->batch; p && !err_is(u->err); p = p->next)
        u->err = write_piece(u, p);
    if (!err_is(u->err) && u->syncs)
        u->err = sync_file(u);
}

/* --- pieces */

static void free_pieces(struct uploads *u, struct piece *p)
{
    while (p) {
        struct piece *next = p->next;
        u->bytes -= p->len;
        mem_free(p->bytes);
        mem_free(p);
        p = next;
    }
}

/* Pieces that no job has yet are not written. */
static void forget_queued(struct upload *up)
{
    struct uploads *u = up->owner;
    struct piece **at = &u->first;

    u->last = NULL;
    while (*at) {
        struct piece *p = *at;
        if (p->upload != up) {
            u->last = p;
            at = &p->next;
            continue;
        }
        *at = p->next;
        p->next = NULL;
        free_pieces(u, p);
    }
    up->queued = 0;
}

/* --- news */

static void destroy(struct upload *up)
{
    list_remove(&up->link);
    buf_deinit(&up->key);
    buf_deinit(&up->parts);
    pins_deinit(&up->files);
    mem_free(up);
}

/* Whoever is told may add pieces, end and free uploads. */
static void tell_all(struct uploads *u)
{
    bool again = true;

    while (again) {
        again = false;
        list_for_each (at, &u->all) {
            struct upload *up = list_item(at, struct upload, link);
            if (!up->tell || up->freed)
                continue;
            up->tell = false;
            up->news(up->told);
            again = true;
            break;
        }
    }
}

static void move_all(struct uploads *u, enum upload_state from, enum upload_state to, struct err e)
{
    list_for_each (at, &u->all) {
        struct upload *up = list_item(at, struct upload, link);
        if (up->state != from)
            continue;
        if (to == UPLOAD_FAILED)
            forget_queued(up);
        up->state = to;
        up->err = e;
        up->tell = to == UPLOAD_READY || to == UPLOAD_FAILED;
    }
}

/* What is not synced is not to be relied on. */
static void fail_all(struct uploads *u, struct err e)
{
    move_all(u, UPLOAD_OPEN, UPLOAD_FAILED, e);
    move_all(u, UPLOAD_ENDED, UPLOAD_FAILED, e);
    move_all(u, UPLOAD_SYNCING, UPLOAD_FAILED, e);
}

/* --- the end of a job */

static void take_piece(struct piece *p, bool good)
{
    struct upload *up = p->upload;

    up->busy--;
    up->tell = up->tell || up->state == UPLOAD_OPEN;
    if (up->freed && up->busy == 0) {
        destroy(up);
        return;
    }
    if (!good || up->state == UPLOAD_FAILED)
        return;
    blob_ref_put(buf_reserve(&up->parts, BLOB_REF_SIZE), &p->ref);
    up->parts.len += BLOB_REF_SIZE;
    pins_add(&up->files, p->ref.file);
}

static void on_installed(void *owner, struct err e)
{
    struct uploads *u = owner;

    u->editing = false;
    if (err_is(e)) { /* the store is broken; the edit's files end with it */
        u->blob = NULL;
        move_all(u, UPLOAD_EDIT, UPLOAD_FAILED, e);
    } else {
        move_all(u, UPLOAD_EDIT, UPLOAD_READY, err_ok());
    }
    tell_all(u);
}

/* The file is part of the store up to where it is synced. */
static void submit(struct uploads *u)
{
    struct edit edit = { 0 };

    move_all(u, UPLOAD_SYNCING, UPLOAD_EDIT, err_ok());
    if (u->known)
        edit_grow_blob(&edit, u->blob, u->synced);
    else
        edit_add_blob(&edit, u->blob);
    u->known = true;
    u->editing = true;
    install_submit(&u->lsm->install, &edit, on_installed, u);
}

static void done(struct job *job)
{
    struct uploads *u = list_item(job, struct uploads, job);
    struct lsm *lsm = u->lsm;
    bool good = !err_is(u->err);

    u->busy = false;
    for (struct piece *p = u->batch; p; p = p->next)
        take_piece(p, good);
    free_pieces(u, u->batch);
    u->batch = NULL;
    if (u->ending) {
        u->ending = u->ends = u->known = false;
        u->file = u->synced = 0;
    } else if (!good) {
        trace_log(lsm->env->trace, TRACE_WARNING,
                  "a large value could not be written: %s (errno %d)", u->err.what, u->err.os);
        fail_all(u, u->err);
        u->ends = true;
    } else if (u->syncs) {
        u->ends = u->synced >= UPLOADS_SEGMENTS * (uint64_t)lsm->options.segment_size;
        submit(u);
    }
    tell_all(u);
    lsm_after_job(lsm);
}

/* --- the beginning of one */

static void take_batch(struct uploads *u)
{
    struct piece **end = &u->batch;
    size_t bytes = 0;

    while (u->first && bytes < UPLOADS_BATCH) {
        struct piece *p = u->first;
        u->first = p->next;
        p->next = NULL;
        *end = p;
        end = &p->next;
        p->upload->queued--;
        p->upload->busy++;
        bytes += p->len;
    }
    if (!u->first)
        u->last = NULL;
}

/* Uploads whose last piece is written or in the batch. */
static bool take_ended(struct uploads *u)
{
    bool any = false;

    list_for_each (at, &u->all) {
        struct upload *up = list_item(at, struct upload, link);
        if (up->state != UPLOAD_ENDED || up->queued > 0 || up->freed)
            continue;
        up->state = UPLOAD_SYNCING;
        any = true;
    }
    return any;
}

/* Nobody adds to it, and it would be rewritten, or goes without a use, if it were
 * ended. */
static bool is_garbage(const struct uploads *u)
{
    const struct version *v = u->lsm->version;

    if (!u->file || !list_empty(&u->all))
        return false;
    if (!u->known)
        return true;
    if (u->editing || dataset_pins(&u->lsm->data, u->file))
        return false;
    for (size_t i = 0; i < v->blob_count; i++) {
        if (v->blobs[i].blob->id == u->file)
            return v->blobs[i].live * 2 < v->blobs[i].blob->size;
    }
    return true;
}

/* What the next job is to do; false: nothing. */
static bool has_work(struct uploads *u)
{
    u->syncs = false;
    u->ending = !u->editing && (u->ends || is_garbage(u));
    if (u->ending)
        return true;
    if (u->ends)
        return false;
    take_batch(u);
    u->syncs = !u->editing && take_ended(u);
    return u->batch || u->syncs;
}

static void begin(struct uploads *u)
{
    if (u->busy || !lsm_running(u->lsm) || !has_work(u))
        return;
    if (!u->file)
        u->file = file_ids_take(&u->lsm->ids);
    u->busy = true;
    u->job = (struct job){ .run = run, .done = done, .priority = JOB_SOON };
    pool_submit(u->lsm->env->pool, &u->job);
}

static struct err no_writes(void)
{
    return err_make(ERR_IO, 0, "the store takes no writes");
}

void uploads_pump(struct uploads *u)
{
    if (!lsm_running(u->lsm) && !u->busy && !list_empty(&u->all)) {
        fail_all(u, no_writes());
        tell_all(u);
    }
    begin(u);
}

/* --- one upload */

struct upload *upload_begin(struct lsm *lsm, uint8_t db, struct slice key,
                            void (*news)(void *owner), void *owner)
{
    struct upload *up = mem_zalloc(1, sizeof *up);

    up->owner = &lsm->uploads;
    up->err = err_ok();
    if (!lsm_running(lsm)) { /* it may have broken since the client was let in */
        up->state = UPLOAD_FAILED;
        up->err = no_writes();
    }
    up->db = db;
    buf_append(&up->key, key);
    up->news = news;
    up->told = owner;
    list_push(&lsm->uploads.all, &up->link);
    return up;
}

bool upload_room(const struct upload *up)
{
    size_t waiting = up->queued + up->busy;

    return up->state == UPLOAD_OPEN && waiting < UPLOAD_PIECES &&
           (waiting == 0 || up->owner->bytes < UPLOADS_BYTES);
}

void upload_add(struct upload *up, uint8_t *bytes, size_t len)
{
    struct uploads *u = up->owner;
    struct piece *p = mem_alloc(sizeof *p);

    assert(upload_room(up) && len > 0);
    *p = (struct piece){ .upload = up, .bytes = bytes, .len = len, .number = up->count++ };
    p->stamp = u->lsm->last_stamp;
    if (u->last)
        u->last->next = p;
    else
        u->first = p;
    u->last = p;
    u->bytes += len;
    up->queued++;
    begin(u);
}

void upload_end(struct upload *up)
{
    if (up->state == UPLOAD_FAILED)
        return;
    assert(up->state == UPLOAD_OPEN && up->count > 0);
    up->state = UPLOAD_ENDED;
    begin(up->owner);
}

bool upload_ready(const struct upload *up)
{
    return up->state == UPLOAD_READY;
}

struct err upload_error(const struct upload *up)
{
    return up->state == UPLOAD_FAILED ? up->err : err_ok();
}

struct slice upload_parts(const struct upload *up)
{
    assert(up->state == UPLOAD_READY);
    return buf_slice(&up->parts);
}

void upload_free(struct upload *up)
{
    if (!up)
        return;
    if (up->owner && up->queued)
        forget_queued(up);
    up->freed = true;
    if (up->busy == 0)
        destroy(up);
}

/* --- all */

void uploads_init(struct uploads *u, struct lsm *lsm)
{
    *u = (struct uploads){ .lsm = lsm, .err = err_ok() };
    list_init(&u->all);
}

void uploads_leave(struct uploads *u)
{
    struct err e = err_make(ERR_IO, 0, "the store is closed");

    for (struct piece *p = u->batch; p; p = p->next)
        take_piece(p, false);
    free_pieces(u, u->batch);
    u->batch = NULL;
    fail_all(u, e);
    move_all(u, UPLOAD_EDIT, UPLOAD_FAILED, e);
    while (!list_empty(&u->all)) {
        struct upload *up = list_item(u->all.next, struct upload, link);
        list_remove(&up->link);
        up->owner = NULL;
        up->queued = up->busy = 0;
    }
}

void uploads_deinit(struct uploads *u)
{
    blob_writer_abandon(u->writer, false);
    u->writer = NULL;
    if (!u->known)
        blob_file_close(u->blob);
    u->blob = NULL;
}

bool uploads_pin(const struct uploads *u, uint64_t file)
{
    if (file == u->file)
        return true;
    list_for_each (at, &u->all) {
        if (pins_has(&list_item(at, struct upload, link)->files, file))
            return true;
    }
    return false;
}

bool uploads_idle(const struct uploads *u)
{
    return !u->busy;
}
