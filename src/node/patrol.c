/* patrol.c: one walk, one lookup at a time. */
#include "node/patrol.h"

#include <assert.h>

#include "base/limits.h"

enum {
    VISITS = 4000,   /* heads at a time, about half a millisecond */
    AHEAD_MS = 2000, /* a walk ends at least so long before what was left out is due */
    PAUSE_MS = 1000, /* ... and not sooner after the last one */
};

static void on_ready(struct fetch *f)
{
    (void)f; /* the turn that follows goes on */
}

void patrol_init(struct patrol *p, struct lsm *lsm)
{
    *p = (struct patrol){ .lsm = lsm };
    fetch_init(&p->walk, on_ready);
    fetch_init(&p->lookup, on_ready);
}

void patrol_deinit(struct patrol *p)
{
    fetch_end(&p->walk);
    fetch_end(&p->lookup);
}

static void on_elsewhere(void *arg, uint8_t db, uint64_t position)
{
    struct patrol *p = arg;

    assert(p->due_count < PATROL_DUE);
    p->due[p->due_count++] = (struct patrol_due){ position, db };
}

void patrol_set(struct patrol *p, bool on, bool walks)
{
    if (p->on == on && p->walks == walks)
        return;
    patrol_deinit(p);
    p->on = on;
    p->walks = p->walking = walks;
    p->at = p->from_ms = p->began_ms = p->took_ms = p->again_ms = 0;
    p->due_count = 0;
    lsm_watch_expiry(p->lsm, on ? on_elsewhere : NULL, p);
}

static bool walks_again(const struct patrol *p, uint64_t now_ms)
{
    uint64_t lost_ms = lsm_lost_expiry(p->lsm);

    return p->walks && lost_ms != UINT64_MAX && lost_ms <= now_ms + AHEAD_MS + 2 * p->took_ms &&
           now_ms >= p->again_ms;
}

bool patrol_busy(const struct patrol *p, uint64_t now_ms)
{
    return p->on && ((p->due_count && !p->lookup.waiting) ||
                     (p->walking ? !p->walk.waiting : walks_again(p, now_ms)));
}

/* What is at one position of a database. */
struct at_position {
    struct node_view *v;
    uint64_t now_ms;
    struct patrol_due due;
};

static bool look_at(void *arg, const uint8_t *encoded, bool visible)
{
    const struct at_position *a = arg;
    struct cell c;

    if (cell_encoded_position(encoded) != a->due.position)
        return false;
    cell_decode(encoded, &c);
    if (visible && c.key.db == a->due.db && c.key.kind == CELL_HEAD &&
        !(c.flags & CELL_TOMBSTONE) && cell_expired(&c, a->now_ms))
        node_view_note_expired(a->v, &c.key);
    return true;
}

/* Looks up what is due; what has to be read first stays, and is read together. */
static void look_up(struct patrol *p, struct node_view *v, uint64_t now_ms)
{
    struct want wants[PATROL_DUE];
    bool failed = err_is(p->lookup.err); /* then they expire when somebody comes by */
    size_t n = 0;

    for (size_t i = 0; i < p->due_count && !failed; i++) {
        struct at_position a = { v, now_ms, p->due[i] };
        uint64_t at = p->due[i].position;

        if (lsm_walk(p->lsm, at, look_at, &a, &at) != LSM_WALK_WANT)
            continue;
        wants[n] = (struct want){ .key = { .position = at, .db = a.due.db }, .kind = WANT_WALK };
        p->due[n++] = a.due;
    }
    p->due_count = n;
    if (n == 0)
        fetch_end(&p->lookup);
    else
        fetch_start(&p->lookup, p->lsm, wants, n);
}

struct slice_of_walk {
    struct patrol *p;
    size_t visits;
};

static bool give_timer(void *arg, const uint8_t *encoded, bool visible)
{
    struct slice_of_walk *w = arg;
    struct cell c;

    w->p->at = cell_encoded_position(encoded);
    if (w->visits == 0)
        return false;
    w->visits--;
    if (!visible || !(encoded[30] & CELL_EXPIRES))
        return true;
    cell_decode(encoded, &c);
    if (c.key.kind == CELL_HEAD && !(c.flags & CELL_TOMBSTONE) && c.expire_ms >= w->p->from_ms)
        lsm_add_expiry(w->p->lsm, &c, w->p->from_ms == 0);
    return true;
}

static void go_on_walking(struct patrol *p, uint64_t now_ms)
{
    struct slice_of_walk w = { p, VISITS };
    struct want want = { .kind = WANT_WALK };

    switch (lsm_walk(p->lsm, p->at, give_timer, &w, &want.key.position)) {
    case LSM_WALK_STOPPED:
        fetch_end(&p->walk);
        return;
    case LSM_WALK_WANT:
        p->at = want.key.position;
        if (p->walk.count > LIMIT_RESTARTS || w.visits < VISITS)
            fetch_end(&p->walk);
        if (!err_is(p->walk.err)) {
            fetch_start(&p->walk, p->lsm, &want, 1);
            return;
        }
        break; /* a block cannot be read: the rest has to do without */
    case LSM_WALK_END:
        break;
    }
    fetch_end(&p->walk);
    p->walking = false;
    p->took_ms = now_ms > p->began_ms && p->began_ms ? now_ms - p->began_ms : 0;
    p->again_ms = now_ms + PAUSE_MS;
}

void patrol_step(struct patrol *p, struct node_view *v, uint64_t now_ms)
{
    if (!p->on)
        return;
    if (p->due_count && !p->lookup.waiting)
        look_up(p, v, now_ms);
    if (!p->walking && walks_again(p, now_ms)) {
        p->walking = true;
        p->at = 0;
        p->began_ms = now_ms;
        p->from_ms = lsm_lost_expiry(p->lsm);
        lsm_cut_expiry(p->lsm, p->from_ms);
    }
    if (p->walking && !p->walk.waiting)
        go_on_walking(p, now_ms);
}
