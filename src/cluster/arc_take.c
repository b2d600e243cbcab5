/* arc_take.c: an owner asks to lead, and the others promise or do not. */
#include "cluster/arc_state.h"

#include "base/planted.h"

/* --- the candidate ---------------------------------------------------------- */

void arc_stand(struct arc *a, struct arc_turn *t, struct ballot invited_by, bool resume)
{
    uint64_t counter = a->promise.counter > a->seen ? a->promise.counter : a->seen;
    if (a->role == ARC_LEADER)
        arc_effect(t, ARC_DO_FOLLOW)->ballot = a->promise;
    arc_set(a, FLAG_INVITED, false);
    arc_set(a, FLAG_RESUME, resume);
    if (!resume || !a->peers)
        arc_peers_new(a);
    a->peers->invited_by = invited_by;
    a->peers->fetch_from = 0;
    a->peers->hand_to = 0;
    arc_move(a, ARC_CANDIDATE);
    a->deadline_us = t->now_us + ARC_STAND_US;
    arc_raise(a, t, (struct ballot){ counter + 1, a->self }, true);
    for (unsigned i = 0; i < a->peers->count; i++)
        arc_peer_set(&a->peers->list[i], PEER_VOTED, false);
    if (PLANTED(promise_not_synced))
        arc_ask(a, t, 0);
}

/* `node`, or with 0 every owner. */
void arc_ask(struct arc *a, struct arc_turn *t, uint32_t node)
{
    const struct arc_owners *o = &arc_newest(a)->owners;
    struct ballot by = a->peers->invited_by;
    unsigned flags = (ballot_is_none(by) ? 0U : ARC_TAKE_INVITED) |
                     (arc_flag(a, FLAG_RESUME) ? ARC_TAKE_RESUME : 0U);
    for (unsigned i = 0; i < a->peers->count; i++) {
        const struct arc_peer *p = &a->peers->list[i];
        if (arc_peer_is(p, PEER_VOTED) || (node != 0 && p->node != node) ||
            !commit_owns(o, p->node))
            continue;
        arc_send(a, t, p->node, ARC_TAKE)->take = (struct arc_take){
            .ballot = a->promise, .invited_by = by, .epoch = o->epoch, .flags = (uint8_t)flags
        };
    }
}

static uint64_t voted(const struct arc_peer *p)
{
    return arc_peer_is(p, PEER_VOTED);
}

static bool has_majority(const struct arc *a)
{
    if (arc_flag(a, FLAG_RESUME))
        return arc_all_have(a, PEER_VOTED);
    struct commit_value values[ARC_OTHERS_MAX + 1];
    unsigned n = arc_values(a, voted, 1, values);
    return commit_reached(&arc_newest(a)->owners, values, n) > 0;
}

void arc_count_votes(struct arc *a, struct arc_turn *t)
{
    bool own = arc_flag(a, FLAG_PROMISE_SYNCED) || PLANTED(promise_not_synced);
    if (a->role != ARC_CANDIDATE || a->peers->fetch_from != 0 || !own || !has_majority(a))
        return;
    if (!commit_owns(&arc_newest(a)->owners, a->self)) {
        arc_step_down(a, t); /* what it fetched says so */
        return;
    }
    struct arc_peer *best = NULL;
    for (unsigned i = 0; i < a->peers->count; i++) {
        struct arc_peer *p = &a->peers->list[i];
        if (arc_peer_is(p, PEER_VOTED) && log_end_compare(p->end, best ? best->end : a->end) > 0)
            best = p;
    }
    if (best && !PLANTED(lead_without_fetch))
        arc_fetch(a, t, best);
    else
        arc_lead(a, t);
}

void arc_on_promise(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_promise *m)
{
    struct arc_peer *p = arc_peer(a, from);
    if (a->role != ARC_CANDIDATE || !p || !ballot_equal(m->ballot, a->promise))
        return;
    arc_peer_set(p, PEER_VOTED, true);
    p->end = m->end;
    p->applied = m->applied;
    arc_count_votes(a, t);
}

void arc_on_no(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_no *m)
{
    a->seen = m->promise.counter > a->seen ? m->promise.counter : a->seen;
    if (a->role != ARC_CANDIDATE || !arc_peer(a, from) || !ballot_equal(m->ballot, a->promise))
        return;
    /* The leader will learn from this owner's refusals that it has to take again. */
    if (m->reason == ARC_NO_LEADS || m->reason == ARC_NO_PROMISED)
        arc_step_down(a, t);
}

/* --- those it asks ---------------------------------------------------------- */

static void answer_no(struct arc *a, struct arc_turn *t, uint32_t to, struct ballot ballot,
                      enum arc_no_reason reason)
{
    arc_send(a, t, to, ARC_NO)->no =
        (struct arc_no){ .ballot = ballot, .promise = a->promise, .reason = (uint8_t)reason };
}

/* The promise is synced, and with it every frame up to the end. */
void arc_answer_take(struct arc *a, struct arc_turn *t)
{
    arc_set(a, FLAG_ANSWER_DUE, false);
    arc_send(a, t, a->promise.node, ARC_PROMISE)->promise =
        (struct arc_promise){ .ballot = a->promise, .end = a->end, .applied = a->applied };
}

/* Why not to promise; 0: nothing against it. */
static unsigned against(const struct arc *a, const struct arc_turn *t, uint32_t from,
                        const struct arc_take *m)
{
    bool resume = m->flags & ARC_TAKE_RESUME;
    bool invited = m->flags & ARC_TAKE_INVITED && ballot_equal(m->invited_by, a->promise);
    bool hears = a->role == ARC_LEADER || arc_hears_leader(a, t);
    if (arc_flag(a, FLAG_FORGOT) && !resume && !PLANTED(blank_owner_promises))
        return ARC_NO_RECOVERING;
    if (arc_learns(a) && m->epoch <= a->learns_since)
        return ARC_NO_LEARNING;
    if (m->ballot.node != from || ballot_compare(m->ballot, a->promise) < 0)
        return ARC_NO_PROMISED;
    if (hears && !invited && a->promise.node != from)
        return ARC_NO_LEADS;
    return 0;
}

void arc_on_take(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_take *m)
{
    if (arc_tell_moved(a, t, from, m->ballot, m->epoch))
        return;
    unsigned no = against(a, t, from, m);
    if (no) {
        answer_no(a, t, from, m->ballot, (enum arc_no_reason)no);
        return;
    }
    if (ballot_compare(m->ballot, a->promise) > 0) {
        if (a->role == ARC_LEADER || a->role == ARC_CANDIDATE)
            arc_step_down(a, t);
        arc_raise(a, t, m->ballot, true);
        uint64_t later = t->now_us + 2 * ARC_BACK_OFF_US + arc_back_off_us(a, t);
        if (a->role == ARC_FOLLOWER && (a->deadline_us == UINT64_MAX || a->deadline_us < later))
            a->deadline_us = later;
    } else if (!arc_flag(a, FLAG_PROMISE_SYNCED)) {
        struct arc_effect *e = arc_effect(t, ARC_DO_PROMISE);
        e->ballot = a->promise;
        e->sync = true;
    }
    arc_set(a, FLAG_PROMISED_RESUME, m->flags & ARC_TAKE_RESUME);
    if (arc_flag(a, FLAG_PROMISE_SYNCED) || PLANTED(promise_not_synced))
        arc_answer_take(a, t);
    else
        arc_set(a, FLAG_ANSWER_DUE, true);
}

void arc_on_invite(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_invite *m)
{
    if (a->role != ARC_FOLLOWER || !ballot_equal(m->ballot, a->promise) ||
        from != a->promise.node || arc_learns(a) || !commit_owns(&arc_newest(a)->owners, a->self))
        return;
    if (PLANTED(ballot_handed_on)) {
        arc_peers_new(a);
        arc_move(a, ARC_CANDIDATE);
        arc_lead(a, t);
        return;
    }
    arc_stand(a, t, m->ballot, false);
}
