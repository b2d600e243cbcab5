/* check_frames.c: segments and blob files: the head's page, every frame and cell, and
 * nothing but zeros where nothing was written. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/blob_format.h"
#include "tool/check.h"
#include "tool/frame_walk.h"

static const char torn[] = "what a crash or a failed write leaves, and harmless then; after an "
                           "orderly stop, restore the folder from a backup";
static const char lost[] = "restore the folder from a backup or checkpoint, or start with "
                           "\"force-start yes\" and give up what is behind it";

struct frames {
    struct check *check;
    const struct store_file *file;
    const struct frames_rules *rules;
    struct frame_walk walk;
    bool blob;
    bool tied;  /* `index` is known */
    bool whole; /* nothing is missing so far */
    struct tails *tails;
    uint64_t base;   /* of a segment */
    uint64_t limit;  /* offset behind which frames do not count */
    uint64_t end;    /* offset behind the last whole frame */
    uint64_t index;  /* of the next frame */
    uint64_t stamp;  /* of the last cell */
    struct buf last; /* a blob file's: key of the last cell, bare */
};

static void wrong(struct frames *f, uint64_t offset, const char *what)
{
    check_found(f->check, f->file, offset, what, f->blob ? check_restore : lost);
}

static uint64_t position(const struct frames *f, uint64_t offset)
{
    return f->base + (offset - SEGMENT_FRAMES_START);
}

/* The numbers of arc 0 have no gaps; what is behind the log has none. */
static void check_index(struct frames *f)
{
    const struct frame_head *h = &f->walk.head;
    const struct log_mark *mark = &f->rules->mark;
    uint64_t at = f->walk.frame;

    if (f->tied && h->index != f->index)
        wrong(f, at, "a frame is missing or twice");
    f->index = h->index + 1;
    f->tied = true;
    if (h->committed != h->index)
        wrong(f, at, "a frame of a node alone that is not committed");
    if (!f->blob && mark->position == position(f, at) && mark->position &&
        mark->index + 1 != h->index)
        wrong(f, at, "the frame at the manifest's mark has another number");
}

/* What the frame is to its arc's log, by the rules of a start; those in tables already may
 * be of a tail that was cut. */
static void check_arc(struct frames *f)
{
    const struct frame_head *h = &f->walk.head;
    uint64_t at = position(f, f->walk.frame), through = f->rules->mark.through;
    struct frame_head bare = *h;
    struct tail *t;

    if (h->committed > h->index || (h->kind != FRAME_CELLS && h->cells))
        wrong(f, f->walk.frame, "a frame that cannot be");
    if (!f->tails || at < f->rules->mark.position || h->committed > h->index)
        return;
    t = tails_get(f->tails, h->arc);
    if (h->kind == FRAME_BASE && at >= through)
        tail_reset(f->tails, t, &(struct log_point){ h->ballot, h->index, h->stamp }, h->tag != 0);
    if (h->kind != FRAME_CELLS)
        return;
    bare.length = bare.notes = 0;
    switch (tail_judge(t, h)) {
    case TAIL_FOLLOWS:
    case TAIL_CUTS:
        tail_append(f->tails, t, &bare, slice_of(NULL, 0), slice_of(NULL, 0), at, 0);
        break;
    case TAIL_STRAY:
        if (at >= through)
            wrong(f, f->walk.frame, "a frame that follows nothing in its arc");
        break;
    case TAIL_HELD:
        break;
    }
    while (t->count && t->applied.index < t->committed)
        tail_applied(f->tails, t);
}

static void check_frame_head(struct frames *f)
{
    const struct frame_head *h = &f->walk.head;
    const struct log_mark *mark = &f->rules->mark;
    bool lone = h->arc == 0 && h->kind == FRAME_CELLS;
    uint64_t at = f->walk.frame;

    if (h->kind >= FRAME_KINDS || (lone && h->notes))
        wrong(f, at, "a frame that cannot be");
    if (lone)
        check_index(f);
    if (f->blob) {
        if (h->synced || !lone || h->ballot.counter || h->ballot.node)
            wrong(f, at, "a frame of a log in a blob file");
        return;
    }
    if (h->arc == 0 && !lone)
        wrong(f, at, "a record of no arc");
    if (h->arc)
        check_arc(f);
    if (h->synced > position(f, at))
        wrong(f, at, "a frame promises what is behind it");
    if (mark->position > position(f, at) && mark->position < position(f, f->walk.frame_end))
        wrong(f, at, "the manifest's mark lies within a frame");
}

/* A blob file's cells are in order; a log's stamps do not fall. */
static const char *check_cell(struct frames *f, const struct cell *c)
{
    struct cell bare = { .key = c->key };

    if (f->walk.head.arc &&
        (c->key.kind == CELL_FLUSH || c->flags & CELL_PARTS || c->stamp > f->walk.head.stamp))
        return "a cell that no arc's frame can have";
    if (!f->blob) {
        bool falls = c->stamp < f->stamp || c->stamp == 0;
        f->stamp = c->stamp;
        return falls ? "a cell's stamp falls" : NULL;
    }
    if (c->key.kind == CELL_FLUSH)
        return "a blob file has a flush";
    f->stamp = c->stamp > f->stamp ? c->stamp : f->stamp;
    if (c->key.kind == CELL_CHUNK) /* in the order in which pieces came */
        return NULL;
    if (f->last.len) {
        struct cell before;
        cell_decode(f->last.data, &before);
        if (cell_key_compare(&before.key, &c->key) >= 0)
            return "a cell is not behind the one before it";
    }
    f->last.len = 0;
    cell_encode(&bare, buf_reserve(&f->last, cell_size(&bare)));
    f->last.len = cell_size(&bare);
    return NULL;
}

static void check_frame(struct frames *f)
{
    struct frame_walk *w = &f->walk;
    uint64_t begin = w->frame, stamp = f->stamp;
    struct cell c;

    check_frame_head(f);
    if (f->blob || w->head.arc)
        f->stamp = 0;
    while (frame_walk_cell(w, &c)) {
        const char *what = check_cell(f, &c);
        if (what)
            wrong(f, w->cell, what);
    }
    if (w->wrong)
        wrong(f, frame_walk_at(w), w->wrong);
    else if (w->head.cells && w->head.arc == 0 && w->head.stamp != f->stamp)
        wrong(f, begin, "a frame's stamp is not its newest cell's");
    if (w->head.arc) /* each arc has stamps of its own */
        f->stamp = stamp;
    frame_walk_leave(w);
    check_progress(f->check, w->frame_end - begin);
}

/* Whether there is a byte other than zero at or behind where it stands; *at is that. */
static bool has_more(struct frames *f, uint64_t *at)
{
    struct frame_walk look;
    struct fs_file *file;
    bool more;

    if (err_is(tool_store_file(&f->check->store, f->file, &file)))
        return true;
    frame_walk_open(&look, file, f->file->id, f->file->size, *at);
    more = frame_walk_skip_zeros(&look) || err_is(look.err);
    *at = frame_walk_at(&look);
    frame_walk_close(&look);
    return more;
}

/* No whole frame begins where it stands: says what that means, and goes on to the next
 * one that does; false: there is none. */
static bool pass_damage(struct frames *f)
{
    uint64_t at = frame_walk_at(&f->walk), first = at;
    bool more = has_more(f, &first), again;

    if (err_is(f->walk.err)) {
        wrong(f, at, f->walk.err.os ? strerror(f->walk.err.os) : f->walk.err.what);
        return false;
    }
    again = more && frame_walk_resync(&f->walk);
    if (again && f->blob)
        wrong(f, at, "a frame is damaged");
    else if (again && frame_walk_at(&f->walk) < f->limit)
        wrong(f, at, "a frame is damaged, and whole ones follow");
    else if (at < f->rules->counts)
        wrong(f, at, "a frame is damaged that tables refer to");
    else if (at < f->limit && f->rules->has_next)
        wrong(f, at, "frames are missing that come before the next segment's");
    else if (more)
        check_found(f->check, f->file, at, "bytes that are no whole frame", torn);
    f->tied = f->whole = false;
    f->tails = NULL;
    return again && frame_walk_at(&f->walk) < f->limit;
}

/* A frame that is no part of the log: behind it is nothing. */
static bool is_behind(const struct frame_head *h)
{
    return h->kind == FRAME_END || h->kind == FRAME_LIST;
}

/* No frame of the log has neither an arc nor a number. */
static bool is_list(const struct frame_head *h)
{
    return h->kind == FRAME_LIST || (h->arc == 0 && h->index == 0);
}

static void behind_cut(struct frames *f, const uint8_t *bytes)
{
    uint64_t at = frame_walk_at(&f->walk);
    struct frame_head head;

    frame_head_get(bytes, &head);
    if (is_list(&head)) {
        if (!frame_walk_enter(&f->walk)) {
            check_found(f->check, f->file, at, "the list of what is in it is damaged",
                        "no value is affected: feeds read the segment instead");
            return;
        }
        at = f->walk.frame_end;
        if (has_more(f, &at))
            check_found(f->check, f->file, at, "a byte behind its list is not zero", torn);
        return;
    }
    check_note(f->check, f->file, "a write failed at its end, and was done again in the next");
}

/* What is behind the place where the log went on in the next segment: zeros, its list, or
 * what a write that failed left there, which begins with a frame and does not count. */
static void check_cut(struct frames *f)
{
    uint64_t at = frame_walk_at(&f->walk), first = at;
    struct slice bytes;

    if (!has_more(f, &first))
        return;
    f->walk.err = load_window_want(&f->walk.window, FRAME_HEAD_SIZE);
    bytes = load_window_bytes(&f->walk.window);
    if (!err_is(f->walk.err) && bytes.len >= FRAME_HEAD_SIZE &&
        wire_get64(bytes.data + 8) == f->file->id)
        behind_cut(f, bytes.data);
    else
        check_found(f->check, f->file, first, "a byte behind its last frame is not zero", torn);
}

/* Nothing but zeros behind a frame that ends the log. */
static void check_rest(struct frames *f)
{
    uint64_t at = f->walk.frame_end;

    f->end = f->walk.frame;
    if (f->walk.head.length % 8 == 0 && f->walk.head.kind < FRAME_KINDS && has_more(f, &at))
        check_found(f->check, f->file, at, "a byte behind its last frame is not zero", torn);
}

static void check_frames(struct frames *f)
{
    for (;;) {
        uint64_t at = frame_walk_at(&f->walk);
        if (at >= f->limit && at < f->file->size)
            break;
        if (frame_walk_enter(&f->walk) && f->walk.frame_end <= f->limit) {
            if (!f->blob && is_behind(&f->walk.head)) {
                check_rest(f);
                return;
            }
            f->end = f->walk.frame_end;
            check_frame(f);
        } else if (at < f->limit && f->walk.frame == at) {
            wrong(f, at, "a frame reaches beyond the next segment's first");
            return;
        } else if (!pass_damage(f)) {
            return;
        }
    }
    check_cut(f);
}

/* The head's page, behind the `used` bytes that mean something. */
static void check_page(struct check *c, const struct store_file *f, const uint8_t *page,
                       unsigned used)
{
    for (unsigned i = used; i < SEGMENT_FRAMES_START; i++) {
        if (page[i] == 0)
            continue;
        check_found(c, f, i, "a byte between head and frames is not zero",
                    "no value is affected; copy the folder to another disk");
        return;
    }
}

static struct err read_page(struct check *c, const struct store_file *f,
                            uint8_t page[SEGMENT_FRAMES_START])
{
    struct fs_file *file;
    size_t got = 0;
    struct err e = tool_store_file(&c->store, f, &file);

    memset(page, 0, SEGMENT_FRAMES_START);
    if (err_is(e))
        return e;
    e = fs_read(file, 0, page, SEGMENT_FRAMES_START, &got);
    fs_close(file);
    if (!err_is(e) && got < SEGMENT_FRAMES_START)
        e = err_make(ERR_CORRUPT, 0, "it is shorter than its head");
    return e;
}

/* Reads the frames of a file whose head is good. */
static void check_from(struct frames *f)
{
    struct fs_file *file;
    struct err e = tool_store_file(&f->check->store, f->file, &file);

    if (err_is(e)) {
        wrong(f, CHECK_NOWHERE, e.os ? strerror(e.os) : e.what);
        return;
    }
    frame_walk_open(&f->walk, file, f->file->id, f->file->size, SEGMENT_FRAMES_START);
    check_frames(f);
    frame_walk_close(&f->walk);
    buf_deinit(&f->last);
}

void check_segment_head(struct check *c, const struct store_file *f, struct frames_sum *out)
{
    uint8_t page[SEGMENT_FRAMES_START];
    struct segment_head head = { .id = 0 };
    struct err e = read_page(c, f, page);
    enum segment_head_state state = segment_head_get(page, &head);

    *out = (struct frames_sum){ .base = head.base, .end = head.base, .first = head.index };
    out->next = head.index;
    out->previous = head.previous;
    if (err_is(e))
        check_found(c, f, CHECK_NOWHERE, e.os ? strerror(e.os) : e.what, torn);
    else if (state == SEGMENT_HEAD_VERSION)
        check_found(c, f, 8, "its format version is not known", "use the version that wrote it");
    else if (state == SEGMENT_HEAD_BLANK)
        out->blank = true;
    else if (state == SEGMENT_HEAD_DAMAGED || head.id != f->id)
        check_found(c, f, 0, "its head is damaged", lost);
    else
        out->head = true;
    if (out->head || out->blank)
        check_page(c, f, page, SEGMENT_HEAD_SIZE);
}

void check_segment(struct check *c, const struct store_file *f, const struct frames_rules *rules,
                   struct frames_sum *sum)
{
    struct frames fr = { .check = c, .file = f, .rules = rules, .base = sum->base };
    uint64_t before = c->done, at = SEGMENT_FRAMES_START;

    fr.index = sum->first;
    fr.tied = fr.whole = true;
    fr.tails = rules->tails;
    fr.limit = f->size;
    if (rules->has_next)
        fr.limit = rules->next_base > sum->base
                       ? SEGMENT_FRAMES_START + (rules->next_base - sum->base)
                       : SEGMENT_FRAMES_START;
    if (sum->head) {
        check_from(&fr);
    } else if (sum->blank && has_more(&fr, &at)) {
        check_found(c, f, at, "a byte of a segment that was never written to is not zero",
                    "no value is affected; copy the folder to another disk");
    }
    sum->whole = fr.whole && (sum->head || sum->blank);
    sum->next = fr.index;
    if (fr.end)
        sum->end = position(&fr, fr.end);
    c->done = before;
    check_progress(c, f->size);
}

void check_blob(struct check *c, const struct store_file *f, uint64_t counts)
{
    struct frames_rules rules = { .counts = counts };
    struct frames fr = { .check = c, .file = f, .rules = &rules, .blob = true, .index = 1 };
    uint8_t page[SEGMENT_FRAMES_START];
    uint64_t before = c->done, id;
    uint32_t version;
    struct err e = read_page(c, f, page);

    fr.tied = true;
    fr.limit = counts < f->size ? counts : f->size; /* what follows is nobody's */
    if (!err_is(e) && (!blob_head_get(page, &version, &id) || id != f->id))
        e = err_make(ERR_CORRUPT, 0, "its head is damaged");
    else if (!err_is(e) && version != BLOB_FORMAT_VERSION)
        e = err_make(ERR_CORRUPT, 0, "its format version is not known");
    if (err_is(e)) {
        wrong(&fr, 0, e.os ? strerror(e.os) : e.what);
    } else {
        check_page(c, f, page, BLOB_HEAD_SIZE);
        check_from(&fr);
    }
    c->done = before;
    check_progress(c, f->size);
}
