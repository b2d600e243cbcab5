/* node.c: one member: the turn, and calls run on its own store. */
#include "node/node.h"

#include <assert.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/planted.h"
#include "cell/position.h"
#include "cmd/command.h"
#include "node/node_view.h"
#include "node/request.h"

enum {
    SWEEP_EVERY_US = 100 * 1000,
    SWEEP_AGAIN_US = 2 * 1000,
    EXPIRE_MOST = 500,   /* timers at a time, about half a millisecond */
    SWEEP_VISITS = 4000, /* about half a millisecond */
};

struct node {
    struct env *env;
    struct lsm *lsm;
    struct node_view view;
    struct buf scratch;
    uint64_t now_us;
    uint64_t floor_us; /* expiries were seen by then that are not written down */
    uint64_t sweep_at; /* mono_us */
    bool tracks;       /* uses of keys, for evictions */
    struct node_stats stats;
};

struct node *node_new(struct env *env, const struct lsm_options *options,
                      const struct lsm_hooks *hooks)
{
    struct node *n = mem_zalloc(1, sizeof *n);

    n->env = env;
    n->lsm = lsm_new(env, options, hooks);
    node_view_init(&n->view, n->lsm, options->origin);
    n->sweep_at = clock_mono_us(env->clock) + SWEEP_EVERY_US;
    return n;
}

void node_free(struct node *n)
{
    if (!n)
        return;
    lsm_free(n->lsm);
    node_view_deinit(&n->view);
    buf_deinit(&n->scratch);
    mem_free(n);
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
 * on a clock that may be set back.  A log that does not come back cannot be waited for;
 * then this process's own clock stays at least. */
static bool bury(struct node *n)
{
    struct node_view *v = &n->view;
    bool wrote = v->written > 0;

    n->stats.expired += node_view_bury(v);
    if (!v->unburied)
        return false;
    if (lsm_state(n->lsm) == LSM_READY && !wrote)
        return true;
    if (n->floor_us < v->now_us) /* the call's, which began before this turn perhaps */
        n->floor_us = v->now_us;
    return false;
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
    v->touches = n->tracks && !(c->row->flags & CMD_NO_TOUCH);
    c->view = &v->view;
    n->scratch.len = 0;
    c->scratch = &n->scratch;
    end = c->row->run(c);
    assert(end == CALL_DONE || v->written == 0);
    if (end == CALL_WANT) {
        assert(v->want_count > 0);
        return CALL_WANT;
    }
    if (c->row->flags & CMD_READONLY) {
        n->stats.hits += v->hits - hits;
        n->stats.misses += v->misses - misses;
    }
    if (v->expired.len && bury(n) && end == CALL_DONE)
        end = CALL_LATER;
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
    if (f->count == 0) {
        n->stats.fetched += c->gather == NULL;
        node_view_want_keys(v, c);
    }
    n->stats.fetches++;
    fetch_start(f, n->lsm, v->wants, v->want_count);
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

static void note_expired(void *arg, const uint8_t *encoded)
{
    struct cell c;

    cell_decode(encoded, &c);
    node_view_note_expired(arg, &c.key);
}

/* Expired keys get their tombstones: those whose timers are due, and those a sweep meets.
 * True: more timers are due. */
static bool sweep(struct node *n)
{
    enum lsm_state state = lsm_state(n->lsm);
    uint64_t now_ms = n->now_us / 1000;
    bool due, more = false;

    if (state != LSM_READY && state != LSM_NO_SPACE && state != LSM_BROKEN)
        return false;
    due = state == LSM_READY && lsm_next_expiry(n->lsm) <= now_ms && lsm_can_put(n->lsm, 0);
    if (!due && !lsm_sweep_pays(n->lsm))
        return false;
    node_view_begin(&n->view, n->now_us);
    if (due)
        more = lsm_expire(n->lsm, EXPIRE_MOST, now_ms, note_expired, &n->view);
    else
        lsm_sweep(n->lsm, SWEEP_VISITS, now_ms, note_expired, &n->view);
    n->stats.expired += node_view_bury(&n->view);
    if (n->view.written)
        lsm_request(n->lsm);
    return more;
}

uint64_t node_deadline(const struct node *n)
{
    uint64_t log = lsm_deadline(n->lsm);
    return log < n->sweep_at ? log : n->sweep_at;
}

void node_tick(struct node *n, uint64_t mono_us)
{
    if (mono_us >= lsm_deadline(n->lsm))
        lsm_tick(n->lsm, mono_us);
    if (mono_us >= n->sweep_at) {
        n->sweep_at = mono_us + (sweep(n) ? SWEEP_AGAIN_US : SWEEP_EVERY_US);
    }
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
