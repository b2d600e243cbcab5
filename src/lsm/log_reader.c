/* log_reader.c: runs from the newest segment back to the oldest that is needed, then frames
 * in the order of the log. */
#include "lsm/log_reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/load_window.h"
#include "lsm/log_format.h"
#include "lsm/replay.h"

/* Frames of one arc, one ballot, consecutive indexes, in one segment. */
struct log_piece {
    uint64_t arc;
    uint64_t from;
    uint64_t to;
    struct log_ballot ballot;
    uint64_t position; /* of a frame at or before the first */
    size_t source;
};

void log_reader_deinit(struct log_reader *r)
{
    for (size_t i = 0; i < r->source_count; i++)
        log_list_deinit(&r->source[i].list);
    mem_free(r->source);
    mem_free(r->want);
    mem_free(r->piece);
    buf_deinit(&r->frames);
    *r = (struct log_reader){ .source = NULL };
}

static struct lsm_log_want *want_of(const struct log_reader *r, uint64_t arc)
{
    size_t low = 0, high = r->want_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->want[middle].arc < arc)
            low = middle + 1;
        else
            high = middle;
    }
    return low < r->want_count && r->want[low].arc == arc ? &r->want[low] : NULL;
}

/* --- runs */

static struct err open_source(const struct log_reader *r, size_t i, uint64_t position,
                              struct load_window *w)
{
    const struct log_stretch *s = &r->source[i].stretch;
    char *path = file_path(r->dir, FILE_SEGMENT, s->id);
    struct fs_file *file;
    uint64_t size = 0;
    struct err e = fs_open(r->fs, path, FS_READ, &file);

    mem_free(path);
    if (err_is(e))
        return e;
    e = fs_size(file, &size);
    if (err_is(e)) {
        fs_close(file);
        return e;
    }
    load_window_open(w, file, size, SEGMENT_FRAMES_START + (position - s->base));
    return e;
}

/* The whole frame the window begins with; *size is 0 if there is none. */
static struct err whole_frame(struct load_window *w, uint64_t segment, size_t *size)
{
    uint64_t claim;
    struct err e = load_window_want(w, FRAME_HEAD_SIZE);

    *size = 0;
    if (err_is(e))
        return e;
    claim = replay_claim(load_window_bytes(w), segment, load_window_rest(w));
    if (claim)
        e = load_window_want(w, claim);
    if (!err_is(e) && claim && frame_good(load_window_bytes(w), segment, false))
        *size = (size_t)claim;
    return e;
}

/* Behind the last frame that counts; *listed if it is there. */
static struct err read_list(struct log_reader *r, size_t i)
{
    struct log_source *s = &r->source[i];
    struct load_window w;
    struct frame_head head;
    size_t size;
    struct err e = open_source(r, i, s->stretch.end, &w);

    if (err_is(e))
        return e;
    e = whole_frame(&w, s->stretch.id, &size);
    if (!err_is(e) && size) {
        const uint8_t *p = load_window_bytes(&w).data;
        frame_head_get(p, &head);
        s->listed = head.kind == FRAME_LIST && head.notes == head.length &&
                    log_list_get(slice_of(p + FRAME_HEAD_SIZE, head.length), &s->list);
    }
    load_window_close(&w);
    return e;
}

/* All its frames, for want of a list. */
static struct err scan(struct log_reader *r, size_t i)
{
    struct log_source *s = &r->source[i];
    uint64_t at = s->stretch.base;
    struct load_window w;
    size_t size = 1;
    struct err e = open_source(r, i, at, &w);

    if (err_is(e))
        return e;
    log_list_deinit(&s->list);
    while (at < s->stretch.end && !err_is(e)) {
        e = load_window_want(&w, LOAD_STEP);
        if (!err_is(e))
            e = whole_frame(&w, s->stretch.id, &size);
        if (!err_is(e) && (size == 0 || size > s->stretch.end - at))
            e = err_make(ERR_CORRUPT, 0, "a frame of the log is damaged");
        if (err_is(e))
            break;
        log_list_note(&s->list, slice_of(load_window_bytes(&w).data, size), at);
        load_window_skip(&w, size);
        at += size;
    }
    r->scanned += at - s->stretch.base;
    s->listed = true;
    load_window_close(&w);
    return e;
}

static void add_piece(struct log_reader *r, const struct log_piece *p)
{
    if (r->piece_count == r->piece_room) {
        r->piece_room = r->piece_room ? 2 * r->piece_room : 64;
        r->piece = mem_realloc(r->piece, r->piece_room * sizeof *r->piece);
    }
    r->piece[r->piece_count++] = *p;
}

/* The runs of a segment, newest first; `left` of a want is the index up to which older ones
 * are needed. */
static void take_runs(struct log_reader *r, size_t i)
{
    const struct log_list *l = &r->source[i].list;

    for (size_t k = l->count; k-- > 0;) {
        const struct log_run *run = &l->run[k];
        struct lsm_log_want *want = want_of(r, run->arc);
        if (!want || run->index > want->left || want->left < want->from)
            continue;
        if (run->ballot.counter)
            add_piece(r, &(struct log_piece){ run->arc,
                                              run->index > want->from ? run->index : want->from,
                                              want->left, run->ballot, run->position, i });
        else
            want->gone = true; /* there never were any */
        want->left = run->index - 1;
    }
}

static bool all_found(const struct log_reader *r)
{
    for (size_t i = 0; i < r->want_count; i++) {
        if (r->want[i].left >= r->want[i].from && !r->want[i].gone)
            return false;
    }
    return true;
}

/* Behind damage may be what cuts all that is older: that counts as gone. */
static struct err find_pieces(struct log_reader *r)
{
    struct err e = err_ok();

    for (size_t i = 0; i < r->want_count; i++) {
        r->want[i].left = r->want[i].to;
        r->want[i].gone = false;
    }
    for (size_t i = r->source_count; i-- > 0 && !err_is(e) && !all_found(r);) {
        if (!r->source[i].listed)
            e = read_list(r, i);
        if (!err_is(e) && !r->source[i].listed)
            e = scan(r, i);
        if (!err_is(e))
            take_runs(r, i);
    }
    if (e.code == ERR_CORRUPT)
        e = err_ok();
    for (size_t i = 0; i < r->want_count; i++)
        r->want[i].gone = r->want[i].gone || r->want[i].left >= r->want[i].from;
    return e;
}

/* --- frames */

static int by_position(const void *a, const void *b)
{
    uint64_t x = ((const struct log_piece *)a)->position;
    uint64_t y = ((const struct log_piece *)b)->position;

    return x < y ? -1 : x > y;
}

/* Whether the frame at `position` is one of the pieces first..end. */
static bool wanted(const struct log_reader *r, const struct frame_head *h, uint64_t position,
                   size_t first, size_t end)
{
    const struct lsm_log_want *want = want_of(r, h->arc);

    if (h->kind != FRAME_CELLS || !want || want->gone)
        return false;
    for (size_t i = first; i < end; i++) {
        const struct log_piece *p = &r->piece[i];
        if (p->arc == h->arc && h->index >= p->from && h->index <= p->to &&
            p->position <= position && log_ballot_same(p->ballot, h->ballot))
            return true;
    }
    return false;
}

/* The frame the window is at, of `size` bytes, unless there is no room for it. */
static void take_frame(struct log_reader *r, const struct load_window *w, size_t size)
{
    r->more = r->frames.len && r->frames.len + size > r->bytes_max;
    if (!r->more)
        buf_append(&r->frames, slice_of(load_window_bytes(w).data, size));
}

static struct err damaged(void)
{
    return err_make(ERR_CORRUPT, 0, "a frame of the log is damaged");
}

/* Behind a frame that nobody wants. */
static void pass(struct load_window *w, uint64_t size)
{
    size_t there = load_window_bytes(w).len;

    if (size <= there) {
        load_window_skip(w, (size_t)size);
        return;
    }
    w->bytes.len = w->skipped = 0;
    w->offset += size;
}

/* One that was passed unseen is only as good as its head says; one that is taken is proved. */
static struct err read_one(struct log_reader *r, size_t source, struct load_window *w, size_t first,
                           size_t end, uint64_t *at)
{
    const struct log_stretch *s = &r->source[source].stretch;
    struct frame_head head;
    struct slice bytes;
    uint64_t claim;
    size_t size;
    struct err e = load_window_want(w, LOAD_STEP);

    if (err_is(e))
        return e;
    bytes = load_window_bytes(w);
    claim = replay_claim(bytes, s->id, load_window_rest(w));
    if (claim == 0 || claim > s->end - *at)
        return damaged();
    assert(bytes.data && bytes.len >= FRAME_HEAD_SIZE);
    frame_head_get(bytes.data, &head);
    if (wanted(r, &head, *at, first, end)) {
        struct lsm_log_want *want = want_of(r, head.arc);
        e = whole_frame(w, s->id, &size);
        if (!err_is(e) && (size == 0 || head.index != want->left))
            e = damaged();
        if (!err_is(e))
            take_frame(r, w, size);
        if (err_is(e) || r->more)
            return e;
        want->left++;
    }
    pass(w, claim);
    *at += claim;
    return e;
}

/* The pieces first..end, all in one segment. */
static struct err read_pieces(struct log_reader *r, size_t first, size_t end)
{
    size_t source = r->piece[first].source;
    uint64_t at = r->piece[first].position;
    struct load_window w;
    struct err e = open_source(r, source, at, &w);

    if (err_is(e))
        return e;
    while (at < r->source[source].stretch.end && !r->more && !err_is(e))
        e = read_one(r, source, &w, first, end, &at);
    load_window_close(&w);
    return e;
}

/* One that was passed may have hidden others. */
static struct err all_there(const struct log_reader *r)
{
    for (size_t i = 0; i < r->want_count && !r->more; i++) {
        const struct lsm_log_want *want = &r->want[i];
        if (!want->gone && want->left != want->to + 1 && want->from <= want->to)
            return damaged();
    }
    return err_ok();
}

struct err log_reader_run(struct log_reader *r)
{
    struct err e = find_pieces(r);

    if (err_is(e))
        return e;
    for (size_t i = 0; i < r->want_count; i++)
        r->want[i].left = r->want[i].from; /* what comes next */
    if (r->piece_count)
        qsort(r->piece, r->piece_count, sizeof *r->piece, by_position);
    for (size_t first = 0, end; first < r->piece_count && !r->more && !err_is(e); first = end) {
        end = first;
        while (end < r->piece_count && r->piece[end].source == r->piece[first].source)
            end++;
        e = read_pieces(r, first, end);
    }
    return err_is(e) ? e : all_there(r);
}
