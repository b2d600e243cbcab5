/* node.c: one member: the turn, and calls run on its own store. */
#include "node/node.h"

#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/planted.h"
#include "cell/position.h"
#include "cmd/command.h"
#include "cmd/outcome.h"
#include "node/node_view.h"
#include "node/patrol.h"
#include "node/request.h"

enum {
    SWEEP_EVERY_US = 100 * 1000,
    SWEEP_AGAIN_US = 2 * 1000,
    PATROL_EVERY_US = 1000,
    EXPIRE_MOST = 500,   /* timers at a time, about half a millisecond */
    SWEEP_VISITS = 4000, /* about half a millisecond */
    BURY_WAIT_US = 1000 * 1000,
    TOMBSTONE_MOST = LIMIT_KEY + CELL_FIXED_SIZE + 8,
};

struct node {
    struct env *env;
    struct lsm *lsm;
    struct node_view view;
    struct buf scratch;
    struct events events;
    uint64_t now_us;
    uint64_t floor_us; /* expiries were seen by then that are not written down */
    uint64_t full_us;  /* mono: since then every turn found the log full; 0: it is not */
    bool stuck;        /* ... for BURY_WAIT_US */
    uint64_t sweep_at; /* mono_us */
    uint64_t mono_us;  /* of this turn, while somebody listens to expiries */
    bool tracks;       /* uses of keys, for evictions */
    bool still;        /* nothing is to expire but what is asked for */
    struct patrol patrol;
    struct node_stats stats;
};

struct node *node_new(struct env *env, const struct lsm_options *options,
                      const struct lsm_hooks *hooks)
{
    struct node *n = mem_zalloc(1, sizeof *n);

    n->env = env;
    n->lsm = lsm_new(env, options, hooks);
    node_view_init(&n->view, n->lsm, &n->events, options->origin);
    patrol_init(&n->patrol, n->lsm);
    n->sweep_at = clock_mono_us(env->clock) + SWEEP_EVERY_US;
    return n;
}

void node_free(struct node *n)
{
    if (!n)
        return;
    patrol_deinit(&n->patrol);
    lsm_free(n->lsm);
    node_view_deinit(&n->view);
    buf_deinit(&n->scratch);
    events_deinit(&n->events);
    mem_free(n);
}

static void note_expired(void *arg, const uint8_t *encoded)
{
    struct cell c;

    cell_decode(encoded, &c);
    node_view_note_expired(arg, &c.key);
}

/* Whether timers may be taken now: then some are due. */
static bool timers_due(const struct node *n)
{
    return !n->still && lsm_state(n->lsm) == LSM_READY &&
           lsm_next_expiry(n->lsm) <= n->now_us / 1000 && patrol_room(&n->patrol) &&
           lsm_can_put(n->lsm, 0);
}

static void bury_noted(struct node *n)
{
    n->stats.expired += node_view_bury(&n->view);
    if (n->view.written)
        lsm_request(n->lsm);
}

/* True: more are due. */
static bool run_timers(struct node *n)
{
    size_t room = patrol_room(&n->patrol);
    bool more;

    node_view_begin(&n->view, n->now_us);
    more = lsm_expire(n->lsm, room < EXPIRE_MOST ? room : EXPIRE_MOST, n->now_us / 1000,
                      note_expired, &n->view);
    bury_noted(n);
    return more;
}

/* Somebody listens: what is due expires before anything else of this turn can hide it. */
static void expire_promptly(struct node *n)
{
    n->mono_us = clock_mono_us(n->env->clock);
    if (n->still || lsm_state(n->lsm) != LSM_READY)
        return;
    if (timers_due(n))
        run_timers(n);
    if (patrol_busy(&n->patrol, n->now_us / 1000) && lsm_can_put(n->lsm, 0)) {
        node_view_begin(&n->view, n->now_us);
        patrol_step(&n->patrol, &n->view, n->now_us / 1000);
        bury_noted(n);
    }
}

/* When it has to be called for that. */
static uint64_t prompt_deadline(const struct node *n)
{
    uint64_t next_us;

    if (n->still || lsm_state(n->lsm) != LSM_READY || !lsm_can_put(n->lsm, 0))
        return UINT64_MAX;
    if (patrol_busy(&n->patrol, n->now_us / 1000))
        return n->mono_us + PATROL_EVERY_US;
    next_us = lsm_next_expiry(n->lsm);
    if (next_us == UINT64_MAX || !patrol_room(&n->patrol))
        return UINT64_MAX;
    next_us *= 1000;
    return n->mono_us + (next_us > n->now_us ? next_us - n->now_us : 0);
}

/* A store whose tables cannot be compacted stays full, for who knows how long. */
static void look_whether_full(struct node *n)
{
    uint64_t now = clock_mono_us(n->env->clock);

    if (lsm_state(n->lsm) != LSM_READY || lsm_can_put(n->lsm, TOMBSTONE_MOST))
        n->full_us = 0;
    else if (!n->full_us)
        n->full_us = now;
    n->stuck = n->full_us && now - n->full_us >= BURY_WAIT_US;
}

bool node_buries(const struct node *n)
{
    return !n->full_us || n->stuck;
}

void node_turn_begin(struct node *n)
{
    uint64_t wall = clock_wall_us(n->env->clock);
    uint64_t last = lsm_state(n->lsm) == LSM_LOADING ? 0 : lsm_last_stamp(n->lsm);

    if (last < n->floor_us)
        last = n->floor_us; /* read-only: absent by the clock, which must not go back */
    n->now_us = wall > last ? wall : last;
    n->tracks = lsm_tracks(n->lsm);
    lsm_turn(n->lsm);
    look_whether_full(n);
    if (n->patrol.on)
        expire_promptly(n);
}

void node_prepare(struct node *n, struct call *calls, size_t count)
{
    struct lsm_coming keys[LIMIT_BATCH];
    size_t keyed = 0;

    if (lsm_state(n->lsm) == LSM_LOADING)
        return;
    assert(count <= LIMIT_BATCH);
    for (size_t i = 0; i < count; i++) {
        struct call *c = &calls[i];
        if (!c->row || c->row->keys.first <= 0 || (uint32_t)c->row->keys.first >= c->argc)
            continue;
        c->position = position_of(c->argv[c->row->keys.first]);
        keys[keyed++] = node_coming(c->row, c->position);
    }
    if (keyed > 1)
        lsm_prefetch(n->lsm, keys, keyed);
}

/* The log position the reply rests on: what the call wrote, and what it saw that
 * is not acknowledged yet. */
static uint64_t gate_of(const struct node *n)
{
    const struct node_view *v = &n->view;

    if (v->written)
        return lsm_end(n->lsm);
    if (v->seen_stamp > lsm_acked_stamp(n->lsm) && !PLANTED(read_before_sync))
        return lsm_end(n->lsm);
    return 0;
}

/* Writes down what the call saw expired.  True: the log takes nothing just now, and
 * the call, which has changed nothing, is to be run again: else its answer would rest
 * on a clock that may be set back.  A log that does not come back, or is full for long,
 * cannot be waited for; then this process's own clock stays at least. */
static bool bury(struct node *n)
{
    struct node_view *v = &n->view;
    bool wrote = v->written > 0;
    size_t mark = n->events.noted.len;

    n->stats.expired += node_view_bury(v);
    events_to_front(&n->events, mark); /* it had expired before the call put anything */
    if (!v->unburied)
        return false;
    if (lsm_state(n->lsm) == LSM_READY && !wrote && !n->stuck) {
        n->events.noted.len -= mark; /* the call will say it again */
        if (!n->full_us)             /* it has filled up in this turn */
            n->full_us = clock_mono_us(n->env->clock);
        return true;
    }
    if (n->floor_us < v->now_us) /* the call's, which began before this turn perhaps */
        n->floor_us = v->now_us;
    return false;
}

/* Who listens to new keys wants to know of each key whether it was there before. */
static bool lacks_heads(struct node *n, const struct call *c)
{
    if (!(n->events.wanted & EVENT_NEW) || !(c->row->flags & CMD_WRITE))
        return false;
    node_view_want_keys(&n->view, c);
    return n->view.want_count > 0;
}

/* Looking at the head for the outcome is no hit and no miss. */
static enum call_end run_for_outcome(struct node *n, struct call *c)
{
    struct node_view *v = &n->view;
    uint64_t hits = v->hits, misses = v->misses;
    bool runs = outcome_begin(c);
    enum call_end end;

    if (!runs)
        return c->end;
    v->hits = hits;
    v->misses = misses;
    end = c->row->run(c);
    if (v->written) {
        c->outcome->wrote = true;
        c->outcome->version = (struct call_version){ v->stamp, v->origin };
    }
    return end;
}

static inline enum call_end run(struct node *n, struct call *c)
{
    return c->outcome ? run_for_outcome(n, c) : c->row->run(c);
}

enum call_end node_run(struct node *n, struct call *c)
{
    struct node_view *v = &n->view;
    uint64_t hits = v->hits, misses = v->misses;
    uint64_t now_us = n->now_us;
    enum call_end end;

    /* A call keeps its time through restarts, unless somebody was told since that a
     * key has expired which nobody could write down. */
    if (c->state == CALL_NEW)
        c->now_us = now_us;
    else
        now_us = c->now_us > n->floor_us ? c->now_us : n->floor_us;
    request_move(c, CALL_RUNNING);
    node_view_begin(v, now_us);
    v->touches = n->tracks && !(c->row->flags & CMD_NO_TOUCH) && !c->no_touch;
    c->view = &v->view;
    n->scratch.len = 0;
    c->scratch = &n->scratch;
    n->events.noted.len = 0;
    c->events = &n->events;
    c->heard = n->events.wanted;
    if (c->heard && lacks_heads(n, c))
        return CALL_WANT;
    end = run(n, c);
    assert(end == CALL_DONE || v->written == 0 ||
           (end == CALL_LATER && (c->row->flags & CMD_PIECEMEAL)));
    if (end == CALL_WANT) {
        assert(v->want_count > 0);
        n->events.noted.len = 0;
        return CALL_WANT;
    }
    if (end != CALL_DONE)
        n->events.noted.len = 0;
    if (c->row->flags & CMD_READONLY) {
        n->stats.hits += v->hits - hits;
        n->stats.misses += v->misses - misses;
    }
    if (v->expired.len && bury(n) && end == CALL_DONE)
        end = CALL_ROOM;
    if (v->written)
        lsm_request(n->lsm);
    if (end != CALL_DONE)
        return end;
    c->cells_written = v->written;
    c->gate = gate_of(n);
    request_move(c, c->gate > lsm_acked(n->lsm) ? CALL_COMMITTING : CALL_FINISHED);
    if (n->scratch.cap > LIMIT_FRAME)
        buf_deinit(&n->scratch);
    return CALL_DONE;
}

void node_fetch(struct node *n, struct call *c, struct fetch *f)
{
    struct node_view *v = &n->view;

    request_move(c, CALL_FETCHING);
    n->stats.fetched += f->count == 0 && c->gather == NULL;
    if (!c->gather)
        node_view_want_keys(v, c);
    n->stats.fetches++;
    fetch_start(f, n->lsm, v->wants, v->want_count);
}

uint64_t node_wants(const struct node *n)
{
    return n->view.view.wanted;
}

void node_wait(struct node *n, struct call *c)
{
    (void)n;
    request_move(c, CALL_FETCHING);
}

void node_pause(struct node *n, struct call *c, struct fetch *f)
{
    (void)n;
    request_move(c, CALL_FETCHING);
    fetch_end(f);
}

/* For this call only: another may find all it needs elsewhere. */
static enum call_end refuse_unreadable(struct node *n, struct call *c, struct err e)
{
    n->stats.fetch_errors++;
    request_move(c, CALL_FAILED);
    reply_errorf(c->reply, "IOERR", "%s: %s",
                 e.code == ERR_CORRUPT ? "the data on disk is damaged"
                                       : "the data could not be read from disk",
                 e.what);
    return CALL_DONE;
}

enum call_end node_run_again(struct node *n, struct call *c, struct fetch *f)
{
    enum call_end end;

    assert(!f->waiting);
    if (err_is(f->err))
        return refuse_unreadable(n, c, f->err);
    end = node_run(n, c);
    if (end == CALL_WANT && f->count == LIMIT_RESTARTS) {
        request_move(c, CALL_FETCHING);
        return refuse_unreadable(n, c, err_make(ERR_LIMIT, 0, "read too often for one command"));
    }
    return end;
}

void node_commit(struct node *n)
{
    lsm_commit(n->lsm);
}

uint64_t node_acked(const struct node *n)
{
    return lsm_acked(n->lsm);
}

/* Expired keys get their tombstones: those whose timers are due, and those a sweep meets.
 * True: more timers are due. */
static bool sweep(struct node *n)
{
    enum lsm_state state = lsm_state(n->lsm);
    uint64_t now_ms = n->now_us / 1000;

    if (n->still)
        return false;
    if (state != LSM_READY && state != LSM_NO_SPACE && state != LSM_BROKEN)
        return false;
    if (timers_due(n))
        return run_timers(n);
    if (!lsm_sweep_pays(n->lsm))
        return false;
    node_view_begin(&n->view, n->now_us);
    lsm_sweep(n->lsm, SWEEP_VISITS, now_ms, note_expired, &n->view);
    bury_noted(n);
    return false;
}

uint64_t node_deadline(const struct node *n)
{
    uint64_t log = lsm_deadline(n->lsm), at = log < n->sweep_at ? log : n->sweep_at;
    uint64_t prompt = n->patrol.on ? prompt_deadline(n) : UINT64_MAX;

    return prompt < at ? prompt : at;
}

void node_tick(struct node *n, uint64_t mono_us)
{
    if (mono_us >= lsm_deadline(n->lsm))
        lsm_tick(n->lsm, mono_us);
    if (mono_us >= n->sweep_at) {
        n->sweep_at = mono_us + (sweep(n) ? SWEEP_AGAIN_US : SWEEP_EVERY_US);
    }
}

void node_listen(struct node *n, unsigned wanted)
{
    n->events.wanted = wanted;
    patrol_set(&n->patrol, wanted & (EVENT_EXPIRED | EVENT_CHANGES), wanted & EVENT_EXPIRED);
}

void node_await_expiry(struct node *n, uint8_t db, struct slice key)
{
    struct cell_key k = cell_head_key(db, key);
    struct cell head;

    if (lsm_find(n->lsm, &k, WANT_CELL, &head) == LSM_HERE && (head.flags & CELL_EXPIRES))
        lsm_add_expiry(n->lsm, &head, true);
}

void node_keep_still(struct node *n, bool still)
{
    n->still = still;
}

struct events *node_events(struct node *n)
{
    return &n->events;
}

uint64_t node_now_us(const struct node *n)
{
    return n->now_us;
}

struct watches *node_watches(struct node *n)
{
    return &n->view.watches;
}

struct lsm *node_lsm(struct node *n)
{
    return n->lsm;
}

const struct node_stats *node_stats(const struct node *n)
{
    return &n->stats;
}

bool node_check(const struct node *n, bool deep)
{
    return lsm_check(n->lsm, deep) && (!deep || watches_check(&n->view.watches));
}
