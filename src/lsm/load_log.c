/* load_log.c: the segments, from the mark to where the log ends.
 *
 * Segments before the mark are not read: a memtable is flushed only after the log
 * was synced beyond its end.  The rule for the end is Pebble's (record.go, the sync
 * offset): something behind the damage that says the log was synced beyond it makes
 * it corruption; else it is a tail that a crash tore. */
#include <string.h>

#include "base/mem.h"
#include "base/planted.h"
#include "lsm/load_window.h"
#include "lsm/loading.h"

enum {
    TRUSTED_FRAME = 4 * LOAD_STEP /* up to here a length is believed before the crc is known */
};

static bool good(const struct loading *g, size_t i)
{
    return g->files.file[i].state == SEGMENT_HEAD_GOOD;
}

/* The next file from `i` on that has a good head, or the count. */
static size_t next_good(const struct loading *g, size_t i)
{
    while (i < g->files.count && !good(g, i))
        i++;
    return i;
}

/* The good file the mark lies in, or the first behind it, or the count. */
static size_t file_at_mark(const struct loading *g)
{
    size_t found = next_good(g, 0);

    for (size_t i = found; i < g->files.count; i = next_good(g, i + 1)) {
        if (g->files.file[i].head.base < g->mark.position)
            found = i;
    }
    return found;
}

static struct err manifest_missing(struct loading *g)
{
    return loading_failed(g, err_make(ERR_CORRUPT, 0, "the manifest is missing"),
                          "%s: the manifest is missing: without it nobody knows which of the other "
                          "files count; \"force-start\" cannot help",
                          g->load->options.dir);
}

/* Without a manifest only a log that begins at 0 says everything. */
static struct err check_manifest(struct loading *g)
{
    size_t first = next_good(g, 0);

    if (g->found)
        return err_ok();
    if (first < g->files.count && g->files.file[first].head.base > 0)
        return manifest_missing(g);
    for (size_t i = 0; i < g->files.other_count; i++) {
        if (g->files.other[i].kind != FILE_MANIFEST)
            return manifest_missing(g);
    }
    return err_ok();
}

struct err load_log_heads(struct loading *g)
{
    struct load *l = g->load;
    size_t i;
    struct err e = load_files_heads(&g->files, &i);

    if (err_is(e))
        return loading_failed_segment(g, e, i);
    for (i = 0; i < g->files.count; i++) {
        const struct load_file *f = &g->files.file[i];
        if (f->state == SEGMENT_HEAD_VERSION)
            return loading_failed(g, err_make(ERR_INVALID, 0, "unknown format version"),
                                  "%s/log-%016llx.seg has format version %u; this program knows %u",
                                  l->options.dir, (unsigned long long)f->id, f->head.version,
                                  (unsigned)LOG_FORMAT_VERSION);
    }
    g->first = file_at_mark(g);
    for (i = g->first; i < g->files.count; i++)
        g->total += g->files.file[i].size;
    return check_manifest(g);
}

static bool follows(const struct loading *g, const struct segment_head *head)
{
    if (PLANTED(replay_past_cut) && g->last < g->files.count)
        return true;
    return head->base == g->replay.end && head->index == g->replay.index + 1;
}

static struct err open_window(const struct loading *g, size_t i, uint64_t offset,
                              struct load_window *w)
{
    struct fs_file *file;
    struct err e = load_file_open(&g->files, i, &file);

    if (!err_is(e))
        load_window_open(w, file, g->files.file[i].size, offset);
    return e;
}

/* Whether the frame at `at` of the window, which seems to have `claim` bytes, is one. */
static struct err frame_holds(struct load_window *w, size_t at, uint64_t claim, bool *holds)
{
    struct slice bytes = load_window_bytes(w);
    uint32_t crc, want = wire_get32(bytes.data + at);
    struct err e = err_ok();

    if (claim <= bytes.len - at)
        crc = frame_crc(bytes.data + at);
    else
        e = load_window_crc(w, at + 4, claim - 4, &crc);
    *holds = !err_is(e) && crc == want;
    return e;
}

/* Brings a frame in whole that is larger than what is in memory; *more if there is
 * one. */
static struct err read_frame(struct load_window *w, uint64_t segment, bool *more)
{
    struct slice bytes = load_window_bytes(w);
    uint64_t claim = replay_claim(bytes, segment, load_window_rest(w));
    struct err e = err_ok();

    *more = claim > bytes.len;
    if (claim > TRUSTED_FRAME && *more)
        e = frame_holds(w, 0, claim, more);
    if (*more && !err_is(e))
        e = load_window_want(w, claim);
    return e;
}

/* Replays segment `i` from r->end on. */
static struct err replay_file(struct loading *g, size_t i, uint64_t limit)
{
    struct load_file *f = &g->files.file[i];
    uint64_t before = g->done;
    struct load_window w;
    bool more = true;
    struct err e;

    f->used = g->replay.end - f->head.base;
    e = open_window(g, i, SEGMENT_FRAMES_START + f->used, &w);
    if (err_is(e))
        return loading_failed_segment(g, e, i);
    while (more && !err_is(e) && !err_is(g->damage)) {
        size_t used = 0;
        e = load_window_want(&w, LOAD_STEP);
        if (!err_is(e))
            g->damage = replay_frames(&g->replay, f->id, load_window_bytes(&w), limit, &used);
        f->used += used;
        load_window_skip(&w, used);
        loading_step(g, before + w.offset);
        if (!used && !err_is(e) && !err_is(g->damage))
            e = read_frame(&w, f->id, &more);
    }
    load_window_close(&w);
    loading_step(g, before + f->size);
    return err_is(e) ? loading_failed_segment(g, e, i) : e;
}

/* Replays the segments for as long as each begins where the one before ended. */
static struct err replay_all(struct loading *g)
{
    struct replay *r = &g->replay;

    g->last = g->files.count;
    for (size_t i = g->first, next; i < g->files.count; i = next) {
        const struct segment_head *head = &g->files.file[i].head;
        bool marked = g->last == g->files.count && head->base < r->end;
        uint64_t limit = UINT64_MAX;
        struct err e;
        next = next_good(g, i + 1);
        if (!marked && !follows(g, head))
            return err_ok();
        if (!marked)
            r->end = head->base;
        if (next < g->files.count && g->files.file[next].head.base > r->end)
            limit = g->files.file[next].head.base;
        else if (next < g->files.count)
            limit = r->end;
        if (head->synced > r->synced)
            r->synced = head->synced;
        r->ended = false; /* the log went on behind it */
        g->load->boot = head->boot;
        g->last = i;
        e = replay_file(g, i, limit);
        if (err_is(e) || err_is(g->damage))
            return e;
    }
    return err_ok();
}

/* Whether a good frame of segment `i` from `offset` on promises that the log was
 * synced beyond its end; adds up the bytes that are not zero. */
static struct err scan_file(struct loading *g, size_t i, uint64_t offset, bool *promised)
{
    uint64_t id = g->files.file[i].id, used = 0;
    struct load_window w;
    struct err e = open_window(g, i, offset, &w);

    if (err_is(e))
        return e;
    for (;;) {
        struct slice bytes;
        size_t at = 0;
        e = load_window_want(&w, LOAD_STEP);
        bytes = load_window_bytes(&w);
        if (err_is(e) || bytes.len == 0)
            break;
        if (replay_used(bytes))
            used = w.offset - offset + replay_used(bytes);
        for (; at + FRAME_HEAD_SIZE <= bytes.len && !err_is(e); at += 8) {
            struct slice rest = slice_of(bytes.data + at, bytes.len - at);
            uint64_t claim = replay_claim(rest, id, load_window_rest(&w) - at);
            if (claim && !*promised && wire_get64(rest.data + 16) > g->replay.end)
                e = frame_holds(&w, at, claim, promised);
        }
        if (err_is(e) || bytes.len == load_window_rest(&w))
            break;
        load_window_skip(&w, at);
    }
    load_window_close(&w);
    g->load->torn += used;
    return e;
}

/* Whether anything behind the last replayed frame proves that what is missing
 * there was durable once; sums what is behind it. */
static struct err look_behind(struct loading *g, bool *promised)
{
    size_t first = g->last < g->files.count ? g->last : 0;

    *promised = err_is(g->damage);
    for (size_t i = first; i < g->files.count; i++) {
        const struct load_file *f = &g->files.file[i];
        struct err e;
        uint64_t offset = i == g->last ? SEGMENT_FRAMES_START + f->used : 0;
        if (i != g->last && good(g, i)) {
            *promised = *promised || f->head.synced > g->replay.end;
            g->replay.ended = false;
        }
        if (i == g->last && g->replay.ended)
            offset += FRAME_HEAD_SIZE;
        e = scan_file(g, i, offset, promised);
        if (err_is(e))
            return loading_failed_segment(g, e, i);
    }
    return err_ok();
}

/* What stands in the way of the last replayed frame's successor. */
static struct err tell_damage(struct loading *g)
{
    struct load *l = g->load;
    const char *what = err_is(g->damage) ? g->damage.what : "what was synced there is not readable";

    if (g->files.count == 0)
        return err_ok();
    if (g->last == g->files.count)
        return loading_failed(g, err_ok(),
                              "%s: the log is damaged where a replay begins: %s; "
                              "\"force-start yes\" starts with what is before it",
                              l->options.dir, what);
    return loading_failed(g, err_ok(),
                          "%s/log-%016llx.seg is damaged at offset %llu: %s; \"force-start yes\" "
                          "starts with what is before it",
                          l->options.dir, (unsigned long long)g->files.file[g->last].id,
                          (unsigned long long)(SEGMENT_FRAMES_START + g->files.file[g->last].used),
                          what);
}

static struct err judge(struct loading *g)
{
    struct load *l = g->load;
    bool promised;
    struct err e = look_behind(g, &promised);

    if (err_is(e) || !promised || PLANTED(skip_corruption))
        return e;
    tell_damage(g);
    if (!l->options.force)
        return err_make(ERR_CORRUPT, 0, "the log is damaged");
    trace_log(l->env->trace, TRACE_WARNING, "log: %s: done so, %llu bytes are given up", l->detail,
              (unsigned long long)l->torn);
    l->detail[0] = '\0';
    return err_ok();
}

/* What was replayed is durable before anybody is told of it. */
static struct err keep_replayed(struct loading *g)
{
    for (size_t i = g->first; g->last < g->files.count && i <= g->last; i = next_good(g, i + 1)) {
        const struct load_file *f = &g->files.file[i];
        uint64_t synced = g->replay.synced;
        struct err e = err_ok();

        if (f->head.base + f->used > synced)
            e = load_file_keep(&g->files, i, synced > f->head.base ? synced - f->head.base : 0);
        if (err_is(e))
            return loading_failed_segment(g, e, i);
    }
    return err_ok();
}

static bool is_blob(const struct loading *g, size_t i)
{
    return version_blob(g->load->version, g->files.file[i].id) != NULL;
}

/* The log ends behind the last replayed frame, on disk too: later files go,
 * newest first, then the rest of that one. */
static struct err cut_tail(struct loading *g)
{
    struct fs *fs = g->load->env->fs;
    size_t keep = g->last < g->files.count ? g->last + 1 : 0;
    bool removed = false;
    struct err e = err_ok();

    for (size_t i = g->files.count; i-- > keep;) {
        if (is_blob(g, i)) /* damaged, and still somebody's values */
            continue;
        e = load_file_remove(&g->files, i);
        if (err_is(e))
            return loading_failed_segment(g, e, i);
        removed = true;
    }
    if (removed)
        e = fs_sync_dir(fs, g->load->options.dir);
    if (err_is(e))
        return loading_failed(g, e, "%s: %s", g->load->options.dir, e.what);
    if (keep) {
        e = load_file_cut(&g->files, g->last);
        if (err_is(e))
            return loading_failed_segment(g, e, g->last);
    }
    if (g->load->torn)
        trace_log(g->load->env->trace, TRACE_NOTICE,
                  "log: %llu bytes behind the last whole frame were cut off",
                  (unsigned long long)g->load->torn);
    return err_ok();
}

struct err load_log(struct loading *g)
{
    struct err e;

    g->replay.end = g->replay.synced = g->mark.position;
    g->replay.index = g->mark.index;
    g->replay.stamp = g->mark.stamp;
    g->replay.through = g->mark.through;
    tails_begin(g->replay.tails, buf_slice(&g->load->version->arcs));
    e = replay_all(g);
    if (!err_is(e))
        e = judge(g);
    if (!err_is(e))
        e = keep_replayed(g);
    if (!err_is(e))
        e = cut_tail(g);
    g->load->clean = g->replay.ended && g->load->torn == 0;
    return e;
}

/* What the store goes on from.  The manifest may know of a flush that the log has
 * lost with its unsynced end. */
static uint64_t last_stamp(const struct loading *g)
{
    uint64_t stamp = g->replay.stamp;

    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if (stamp < g->load->data.flushed[db])
            stamp = g->load->data.flushed[db];
    }
    return stamp;
}

/* Its head promises that all before is synced.  No room for one is no error: then
 * the store begins read-only. */
struct err load_log_begin(struct loading *g)
{
    struct load *l = g->load;
    struct log_start *start = &l->start;
    struct segment *s = NULL;
    struct segment_facts facts;
    struct err e;

    *start = (struct log_start){ .end = g->replay.end,
                                 .index = g->replay.index,
                                 .stamp = last_stamp(g),
                                 .ids = l->ids,
                                 .no_space = err_ok() };
    if (g->last < g->files.count)
        start->last_id = g->files.file[g->last].id;
    facts = (struct segment_facts){ start->last_id, start->end, start->index + 1, l->options.boot };
    e = segment_create(&s, l->env->fs, l->options.dir, file_ids_take(l->ids),
                       l->options.segment_size);
    if (e.code == ERR_NO_SPACE) {
        start->no_space = e;
        return err_ok();
    }
    if (!err_is(e)) {
        s->base = s->end = start->end;
        e = segment_write(s, &facts, slice_of(NULL, 0), false);
        if (!err_is(e))
            e = fs_sync(s->file);
    }
    if (err_is(e)) {
        segment_close(s);
        return loading_failed(g, e, "%s: cannot begin a new segment: %s: %s", l->options.dir,
                              e.what, strerror(e.os));
    }
    start->current = s;
    return err_ok();
}

/* The oldest segment that feeds may want: from there on each may begin where the one before
 * it ended; who reads them sees if one does not.  Without keep_log: the one the replay began in. */
static size_t oldest_kept(const struct loading *g)
{
    size_t kept = g->first;

    for (size_t i = g->first; g->load->options.keep_log && g->last < g->files.count && i-- > 0;) {
        const struct load_file *f = &g->files.file[i], *next = &g->files.file[kept];
        if (!good(g, i))
            continue;
        if (f->head.base > next->head.base ||
            next->head.base - f->head.base > f->size - SEGMENT_FRAMES_START)
            break;
        kept = i;
    }
    return kept;
}

/* Where the frames of a segment of the log end. */
static uint64_t end_of(const struct loading *g, size_t i)
{
    const struct load_file *f = &g->files.file[i];
    size_t next = next_good(g, i + 1);

    return i < g->first ? g->files.file[next].head.base : f->head.base + f->used;
}

void load_log_clean(struct loading *g)
{
    size_t kept = oldest_kept(g);

    for (size_t i = 0; i < g->files.count; i++) {
        const struct load_file *f = &g->files.file[i];
        bool log = good(g, i) && i >= kept && g->last < g->files.count && i <= g->last;
        uint64_t end = log ? end_of(g, i) : 0;

        if (f->removed)
            continue;
        if (end > f->head.base && (g->load->options.keep_log || end > g->mark.position))
            log_parts_add(&g->load->start.parts, (struct log_stretch){ f->id, f->head.base, end },
                          f->size);
        else if (!is_blob(g, i) && g->load->start.current)
            load_file_remove(&g->files, i);
    }
}
