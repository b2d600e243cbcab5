/* arcs_model_read.c: what is read back is what the records say, or gone because it is nowhere. */
#include "arcs_model_state.h"

struct reading {
    struct model *m;
    struct lsm_log_read *read;
    bool done;
    struct err err;
};

static void on_read(void *owner, struct err e)
{
    struct reading *r = owner;

    r->done = true;
    r->err = e;
}

/* The last frame that is written, as all before it. */
static uint64_t written_to(const struct model *m, const struct arc *a)
{
    uint64_t to = 0;

    for (uint64_t i = 1; i <= a->end; i++) {
        if (a->frame[i] && a->frame[i]->end > lsm_written(m->w.lsm))
            break;
        to = i;
    }
    return to;
}

/* Whether some of them are nowhere. */
static bool may_be_gone(const struct model *m, const struct arc *a, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++) {
        if (!a->frame[i] || a->frame[i]->begin < lsm_log_begin(m->w.lsm))
            return true;
    }
    return false;
}

static unsigned arc_of(uint64_t name)
{
    unsigned arc = 0;

    while (arc < ARCS && arcs_model_name(arc) != name)
        arc++;
    return arc;
}

/* The frames of one read, of all arcs; next[] is what comes next of each. */
static void check_frames(struct model *m, struct lsm_log_read *read, uint64_t next[ARCS])
{
    struct lsm_frame f;

    while (lsm_log_next(read, &f)) {
        unsigned arc = arc_of(f.arc);
        struct record *r = arc < ARCS ? m->arc[arc].frame[next[arc]] : NULL;
        if (!r || f.index != next[arc] || !log_ballot_same(f.ballot, r->ballot) ||
            f.count != r->count || f.tag != r->number % 7 || f.stamp != r->stamp) {
            arcs_model_say(m, "another frame is read back", arc, f.index);
            return;
        }
        next[arc]++;
        m->did->read++;
    }
}

/* One read; false: nothing came. */
static bool read_once(struct model *m, uint64_t next[ARCS], const uint64_t to[ARCS])
{
    struct lsm_log_want want[ARCS];
    struct reading r = { .m = m };
    uint64_t before = m->did->read;
    size_t count = 0;

    for (unsigned arc = 0; arc < ARCS; arc++) {
        if (next[arc] <= to[arc])
            want[count++] =
                (struct lsm_log_want){ arcs_model_name(arc), next[arc], to[arc], false, 0 };
    }
    if (count == 0)
        return false;
    r.read = lsm_read_log(m->w.lsm, want, count, arcs_model_below(m, 20000), on_read, &r);
    while (!r.done)
        lsm_world_step(&m->w);
    if (err_is(r.err))
        arcs_model_say(m, r.err.what, 0, 0);
    else
        check_frames(m, r.read, next);
    for (size_t i = 0; i < count && !m->bad; i++) {
        const struct lsm_log_want *w = &lsm_log_wants(r.read)[i];
        unsigned arc = arc_of(w->arc);
        m->did->gone += w->gone;
        if (!w->gone || arc == ARCS)
            continue;
        if (!may_be_gone(m, &m->arc[arc], w->from, w->to))
            arcs_model_say(m, "frames are there and called gone", arc, w->from);
        next[arc] = to[arc] + 1;
    }
    lsm_log_read_end(r.read);
    return m->did->read > before;
}

void arcs_model_read(struct model *m)
{
    uint64_t next[ARCS], to[ARCS];

    for (unsigned arc = 0; arc < ARCS; arc++) {
        to[arc] = written_to(m, &m->arc[arc]);
        next[arc] = to[arc] + 1;
        if (to[arc] && arcs_model_below(m, 3))
            next[arc] = 1 + arcs_model_below(m, (unsigned)to[arc]);
    }
    while (!m->bad && read_once(m, next, to)) {
    }
    for (unsigned arc = 0; arc < ARCS && !m->bad; arc++) {
        if (next[arc] <= to[arc])
            arcs_model_say(m, "frames are not read back", arc, next[arc]);
    }
}
