/* arc_trace.c: records, and logs made of them. */
#include "arc_trace.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "lsm/log_format.h"

enum { NODE = 1 };

/* One arc's log: which record is the frame of an index. */
struct made {
    unsigned frame[ARC_TRACE_RECORDS + 1];
    uint64_t end;
    uint64_t promised; /* counter */
};

uint64_t arc_trace_name(unsigned arc)
{
    return log_arc((uint16_t)(100 * arc), 3);
}

/* Of the records up to `count`; one that was lost counts only if `lost`, and nothing
 * behind it was acknowledged. */
static void make(const struct arc_trace *t, unsigned arc, unsigned count, bool lost,
                 struct made *out)
{
    unsigned sure = 0;

    for (unsigned i = 0; i < t->count; i++)
        sure = t->record[i].acked ? i + 1 : sure;
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < count; i++) {
        if (t->record[i].arc != arc || (t->record[i].lost && (!lost || i < sure)))
            continue;
        if (t->record[i].promise) {
            out->promised = t->record[i].counter > out->promised ? t->record[i].counter
                                                                 : out->promised;
            continue;
        }
        if (t->record[i].index > out->end + 1)
            continue; /* behind one that is lost: it was never logged */
        out->frame[t->record[i].index] = i;
        out->end = t->record[i].index;
    }
}

static void add(struct arc_trace *t, struct lsm_world *w, unsigned arc, bool promise,
                uint64_t index, uint64_t counter)
{
    assert(t->count < ARC_TRACE_RECORDS);
    t->record[t->count].arc = arc;
    t->record[t->count].promise = promise;
    t->record[t->count].index = index;
    t->record[t->count].counter = counter;
    t->record[t->count].gate = lsm_end(w->lsm);
    t->record[t->count].acked = t->record[t->count].lost = false;
    t->count++;
}

static bool takes(struct lsm_world *w, unsigned arc, size_t bytes)
{
    struct lsm_arc s = { .mute = false };

    lsm_arc(w->lsm, arc_trace_name(arc), &s);
    return !s.mute && lsm_can_put(w->lsm, bytes);
}

static void append(struct arc_trace *t, struct lsm_world *w, unsigned arc, uint64_t index,
                   uint64_t counter, unsigned size)
{
    char key[16], value[4096];
    struct cell c = { .origin = 1, .type = CELL_STRING };
    struct made made;
    struct lsm_frame f;
    struct buf cells = { 0 };
    uint64_t before;
    bool held;
    struct err e;

    make(t, arc, t->count, false, &made);
    before = index > 1 ? t->record[made.frame[index - 1]].counter : 0;
    snprintf(key, sizeof key, "%u.%u", arc, t->count % ARC_TRACE_KEYS);
    snprintf(value, sizeof value, "%u %0*u", t->count, (int)size, 0);
    c.key = cell_head_key(0, slice_str(key));
    c.stamp = ++w->stamp;
    c.value = slice_str(value);
    cell_encode(&c, buf_reserve(&cells, cell_size(&c)));
    cells.len = cell_size(&c);
    f = (struct lsm_frame){ .arc = arc_trace_name(arc),
                            .ballot = { counter, NODE },
                            .previous = { before, before ? NODE : 0 },
                            .index = index,
                            .stamp = c.stamp,
                            .count = 1,
                            .cells = buf_slice(&cells) };
    e = lsm_append(w->lsm, &f, &held);
    assert(!err_is(e) && !held);
    add(t, w, arc, false, index, counter);
    t->record[t->count - 1].key = (t->count - 1) % ARC_TRACE_KEYS;
    buf_deinit(&cells);
}

void arc_trace_append(struct arc_trace *t, struct lsm_world *w, unsigned arc, unsigned size)
{
    struct made made;

    if (!takes(w, arc, size + 200))
        return;
    make(t, arc, t->count, false, &made);
    if (t->counter == 0)
        t->counter = 1;
    append(t, w, arc, made.end + 1, made.end ? t->record[made.frame[made.end]].counter : t->counter,
           size);
}

void arc_trace_cut(struct arc_trace *t, struct lsm_world *w, unsigned arc, unsigned frames)
{
    struct made made;

    make(t, arc, t->count, false, &made);
    if (made.end - t->applied[arc] < frames || !takes(w, arc, 400))
        return;
    append(t, w, arc, made.end - frames + 1, ++t->counter, 100);
}

void arc_trace_promise(struct arc_trace *t, struct lsm_world *w, unsigned arc)
{
    if (!takes(w, arc, 200))
        return;
    lsm_promise(w->lsm, arc_trace_name(arc), (struct log_ballot){ ++t->counter, NODE });
    add(t, w, arc, true, 0, t->counter);
}

void arc_trace_apply(struct arc_trace *t, struct lsm_world *w, unsigned arc)
{
    struct made made;
    uint64_t to = t->applied[arc];

    make(t, arc, t->count, false, &made);
    while (to < made.end && t->record[made.frame[to + 1]].acked)
        to++;
    if (to == t->applied[arc] || !takes(w, arc, 4096))
        return;
    lsm_apply(w->lsm, arc_trace_name(arc), to);
    t->applied[arc] = to;
}

void arc_trace_look(struct arc_trace *t, struct lsm_world *w)
{
    bool failed = w->failures != t->failures;

    t->failures = w->failures;
    if (!w->lsm || lsm_state(w->lsm) == LSM_LOADING || lsm_state(w->lsm) == LSM_FAILED)
        return;
    for (unsigned i = 0; i < t->count; i++) {
        if (t->record[i].acked || t->record[i].lost)
            continue;
        t->record[i].acked = t->record[i].gate <= lsm_acked(w->lsm);
        t->record[i].lost = failed && !t->record[i].acked;
    }
}

void arc_trace_settle(struct arc_trace *t, struct lsm_world *w)
{
    arc_trace_look(t, w);
    while (lsm_world_step(w)) {
        assert(lsm_check(w->lsm, false));
        arc_trace_look(t, w);
    }
}

/* What a key shows: the last frame up to `applied` that has it. */
static bool shows(const struct arc_trace *t, struct lsm_world *w, unsigned arc,
                  const struct made *made, uint64_t applied, unsigned key)
{
    char name[16], value[16] = "";
    const char *there;

    snprintf(name, sizeof name, "%u.%u", arc, key);
    there = lsm_world_get(w, name);
    if (err_is(w->fetch_err))
        return true; /* it cannot be read just now */
    for (uint64_t index = applied; index > 0 && !value[0]; index--) {
        if (t->record[made->frame[index]].key == key)
            snprintf(value, sizeof value, "%u ", made->frame[index]);
    }
    return there ? value[0] && strncmp(there, value, strlen(value)) == 0 : !value[0];
}

static bool is(const struct arc_trace *t, const struct made *made, const struct lsm_arc *s)
{
    return s->end.index == made->end &&
           (made->end == 0 || s->end.ballot.counter == t->record[made->frame[made->end]].counter);
}

static bool shows_all(const struct arc_trace *t, struct lsm_world *w, unsigned arc,
                      const struct made *made, uint64_t applied)
{
    for (unsigned key = 0; key < ARC_TRACE_KEYS; key++) {
        if (!shows(t, w, arc, made, applied, key))
            return false;
    }
    return true;
}

const char *arc_trace_now(const struct arc_trace *t, struct lsm_world *w)
{
    for (unsigned arc = 0; arc < ARC_TRACE_ARCS; arc++) {
        struct lsm_arc s = { .arc = 0 };
        struct made made;
        make(t, arc, t->count, false, &made);
        lsm_arc(w->lsm, arc_trace_name(arc), &s);
        if (!s.mute && !is(t, &made, &s)) /* what a frame that is lost cut is on disk alone */
            return "the log that runs ends elsewhere";
        if (s.applied.index != t->applied[arc])
            return "something else is applied";
        if (!shows_all(t, w, arc, &made, s.applied.index))
            return "what is applied is not there";
    }
    return NULL;
}

/* Whether the log that came back is one that some of the records make. */
static bool match(const struct arc_trace *t, unsigned arc, const struct lsm_arc *s,
                  struct made *made)
{
    unsigned least = 0;

    for (unsigned i = 0; i < t->count; i++)
        least = t->record[i].acked ? i + 1 : least;
    for (unsigned count = least; count <= t->count; count++) {
        for (unsigned lost = 0; lost < 2; lost++) {
            make(t, arc, count, lost, made);
            if (is(t, made, s) && s->promise.counter >= made->promised)
                return true;
        }
    }
    return false;
}

static const char *arc_after(struct arc_trace *t, struct lsm_world *w, unsigned arc)
{
    struct lsm_arc s = { .arc = 0 };
    struct made made;
    struct lsm_frame f;

    lsm_arc(w->lsm, arc_trace_name(arc), &s);
    if (!match(t, arc, &s, &made)) {
        if (!s.forgot)
            return "a log is not what was acknowledged, and does not say so";
        t->forgot++;
        return NULL;
    }
    if (s.applied.index > s.end.index || s.promise.counter > t->counter)
        return "it applied what is not there, or promised what nobody did";
    if (!shows_all(t, w, arc, &made, s.applied.index))
        return "what it applied is not there";
    for (uint64_t index = s.applied.index + 1; index <= s.end.index; index++) {
        if (!lsm_tail(w->lsm, arc_trace_name(arc), index, &f, NULL) ||
            f.ballot.counter != t->record[made.frame[index]].counter)
            return "a frame is not in the tail, or another";
    }
    return NULL;
}

const char *arc_trace_after(struct arc_trace *t, struct lsm_world *w)
{
    const char *wrong = NULL;

    for (unsigned arc = 0; arc < ARC_TRACE_ARCS && !wrong; arc++)
        wrong = arc_after(t, w, arc);
    return wrong;
}
