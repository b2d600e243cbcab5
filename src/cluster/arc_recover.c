/* arc_recover.c: an owner that may have forgotten what it acknowledged: the recovery of
 * Viewstamped Replication (section 4.3), arc by arc.
 *
 * Its promises are not forgotten, because they are synced before anything rests on them,
 * and every frame before them with them.  Frames it acknowledged later may be.  Whoever
 * led then was promised to by a majority, so it, or a later one, has the highest ballot
 * that a majority of the others has promised; that leader has all that was acknowledged.
 * If this owner has itself promised a still higher one, nothing was acknowledged since. */
#include "cluster/arc_state.h"

#include "base/planted.h"

static uint64_t remembers(const struct arc_peer *p)
{
    return arc_peer_is(p, PEER_ANSWERED) && !arc_peer_is(p, PEER_RECOVERING);
}

const struct arc_owners *arc_recover_owners(const struct arc *a)
{
    const struct arc_owners *o = &arc_newest(a)->owners;
    return arc_owners_newer(&a->peers->moved, o) ? &a->peers->moved : o;
}

bool arc_all_have(const struct arc *a, enum arc_peer_flag flag)
{
    const struct arc_owners *o = arc_recover_owners(a);
    for (unsigned i = 0; i < a->peers->count; i++) {
        const struct arc_peer *p = &a->peers->list[i];
        if (commit_owns(o, p->node) && !arc_peer_is(p, flag) && !arc_peer_is(p, PEER_GIVEN_UP))
            return false;
    }
    return true;
}

void arc_recover_ask(struct arc *a, struct arc_turn *t, uint32_t node)
{
    arc_send(a, t, node, ARC_RECOVER)->recover.nonce = a->peers->nonce;
}

static void ask_all(struct arc *a, struct arc_turn *t)
{
    for (unsigned i = 0; i < a->peers->count; i++)
        arc_recover_ask(a, t, a->peers->list[i].node);
    a->deadline_us = t->now_us + ARC_ASK_US + prng_below(t->prng, ARC_ASK_US / 4);
}

void arc_recover(struct arc *a, struct arc_turn *t)
{
    arc_move(a, ARC_RECOVERING_ROLE);
    arc_set(a, FLAG_FORGOT, true);
    arc_peers_new(a);
    a->peers->nonce = prng_next(t->prng) | 1;
    a->peers->since_us = t->now_us;
    ask_all(a, t);
    arc_recover_look(a, t);
}

static void recovered(struct arc *a, struct arc_turn *t, bool heard)
{
    arc_set(a, FLAG_FORGOT, false);
    arc_move(a, ARC_FOLLOWER);
    arc_heard(a, t, heard);
    arc_effect(t, ARC_DO_RECOVERED);
    for (unsigned i = 0; i < a->peers->count; i++) {
        struct arc_message hello;
        uint32_t node = a->peers->list[i].node;
        arc_fill_hello(a, node, &hello);
        arc_send(a, t, node, ARC_HELLO)->hello = hello.hello;
    }
    arc_peers_free(a);
}

/* Takes over what the leader `p` has. */
static void learn_from(struct arc *a, struct arc_turn *t, struct arc_peer *p)
{
    if (ballot_compare(p->promise, a->promise) > 0)
        arc_raise(a, t, p->promise, false);
    if (arc_log_has(a, p->end))
        recovered(a, t, true);
    else
        arc_fetch(a, t, p);
}

static struct arc_peer *leader_at(const struct arc *a, struct ballot ballot)
{
    for (unsigned i = 0; i < a->peers->count; i++) {
        struct arc_peer *p = &a->peers->list[i];
        if (remembers(p) && arc_peer_is(p, PEER_LEADING) &&
            (ballot_equal(p->promise, ballot) || PLANTED(recover_from_old_leader)))
            return p;
    }
    return NULL;
}

/* Those who remember cannot elect a leader, and all have answered: the one with the most
 * advanced log of those who forgot resumes, another if that one does not. */
static void look_for_resume(struct arc *a, struct arc_turn *t)
{
    const struct arc_owners *o = arc_recover_owners(a);
    struct commit_value values[ARC_OTHERS_MAX + 1];
    unsigned n = arc_values(a, remembers, 0, values);
    if (!arc_all_have(a, PEER_ANSWERED) || commit_reached(o, values, n) > 0 ||
        !commit_owns(o, a->self))
        return;
    bool first = true;
    for (unsigned i = 0; i < a->peers->count; i++) {
        const struct arc_peer *p = &a->peers->list[i];
        int order = log_end_compare(p->end, a->end);
        if (commit_owns(o, p->node) && arc_peer_is(p, PEER_RECOVERING) &&
            (order > 0 || (order == 0 && p->node < a->self)))
            first = false;
    }
    if (first || t->now_us >= a->peers->since_us + ARC_RESUME_US)
        arc_stand(a, t, (struct ballot){ 0 }, true);
}

void arc_recover_look(struct arc *a, struct arc_turn *t)
{
    if (a->role != ARC_RECOVERING_ROLE || a->peers->fetch_from != 0)
        return;
    struct arc_peer *resumed = leader_at(a, a->promise);
    if (arc_flag(a, FLAG_PROMISED_RESUME) && resumed) {
        learn_from(a, t, resumed);
        return;
    }
    struct ballot highest = { 0 };
    bool any = false;
    for (unsigned i = 0; i < a->peers->count; i++) {
        const struct arc_peer *p = &a->peers->list[i];
        if (!commit_owns(arc_recover_owners(a), p->node))
            continue;
        if (remembers(p) && ballot_compare(p->promise, highest) > 0)
            highest = p->promise;
        any = any || remembers(p);
    }
    struct commit_value values[ARC_OTHERS_MAX + 1];
    unsigned n = arc_values(a, remembers, 0, values);
    if (!commit_majority_of_others(arc_recover_owners(a), a->self, values, n, 1) &&
        !(PLANTED(recover_from_one) && any)) {
        look_for_resume(a, t);
        return;
    }
    struct arc_peer *leader = leader_at(a, highest);
    if (ballot_compare(a->promise, highest) > 0)
        recovered(a, t, false);
    else if (leader)
        learn_from(a, t, leader);
}

void arc_recover_time(struct arc *a, struct arc_turn *t)
{
    if (t->now_us < a->deadline_us)
        return;
    /* Whose log was not to be had may lead no longer. */
    struct arc_peer *p = arc_peer(a, a->peers->fetch_from);
    if (p)
        arc_peer_set(p, PEER_ANSWERED, false);
    a->peers->fetch_from = 0;
    ask_all(a, t);
    arc_recover_look(a, t);
}

static unsigned state_flags(const struct arc *a)
{
    return (a->role == ARC_LEADER ? ARC_IS_LEADING : 0U) |
           (arc_flag(a, FLAG_FORGOT) ? ARC_IS_RECOVERING : 0U) |
           (arc_learns(a) ? ARC_IS_LEARNING : 0U);
}

void arc_on_recover(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_recover *m)
{
    arc_tell_owners(a, t, from, (struct ballot){ 0 });
    struct arc_peer *p = arc_peer(a, from);
    if (a->role == ARC_LEADER && p) {
        arc_starve(a, t, p);
        arc_peer_set(p, PEER_RECOVERING, true);
    }
    arc_send(a, t, from, ARC_STATE)->state =
        (struct arc_state_answer){ .nonce = m->nonce,
                                   .promise = a->promise,
                                   .end = a->end,
                                   .applied = a->applied,
                                   .flags = (uint8_t)state_flags(a) };
}

void arc_on_state(struct arc *a, struct arc_turn *t, uint32_t from,
                  const struct arc_state_answer *m)
{
    struct arc_peer *p = arc_peer(a, from);
    if (a->role == ARC_LEADER && p && m->flags & ARC_IS_LEARNING)
        arc_learning(p);
    if (a->role != ARC_RECOVERING_ROLE || !p || m->nonce != a->peers->nonce ||
        a->peers->fetch_from == from)
        return;
    arc_peer_set(p, PEER_ANSWERED, true);
    arc_peer_set(p, PEER_RECOVERING, m->flags & ARC_IS_RECOVERING);
    arc_peer_set(p, PEER_LEADING, m->flags & ARC_IS_LEADING);
    p->promise = m->promise;
    p->end = m->end;
    p->applied = m->applied;
    arc_recover_look(a, t);
}

bool arc_force(struct arc *a, struct arc_turn *t, const uint32_t *given_up, unsigned count)
{
    if ((a->role != ARC_FOLLOWER && a->role != ARC_RECOVERING_ROLE) ||
        !commit_owns(&arc_newest(a)->owners, a->self))
        return false;
    if (a->role == ARC_FOLLOWER)
        arc_peers_new(a);
    for (unsigned i = 0; i < count; i++) {
        struct arc_peer *p = arc_peer(a, given_up[i]);
        if (p)
            arc_peer_set(p, PEER_GIVEN_UP, true);
    }
    arc_stand(a, t, (struct ballot){ 0 }, true);
    return true;
}

/* --- hello ------------------------------------------------------------------ */

void arc_fill_hello(const struct arc *a, uint32_t node, struct arc_message *out)
{
    const struct arc_peer *p = arc_peer(a, node);
    *out = (struct arc_message){ .arc = a->name, .kind = ARC_HELLO };
    out->hello = (struct arc_hello){ .promise = a->promise,
                                     .end = arc_written_end(a),
                                     .synced = a->synced,
                                     .applied = a->applied,
                                     .flags = (uint8_t)state_flags(a) };
    if (a->role == ARC_LEADER && p && arc_peer_is(p, PEER_WITH)) {
        out->hello.known_at = a->promise;
        out->hello.known = p->written;
    }
    if (a->role != ARC_RECOVERING_ROLE && p && arc_peer_is(p, PEER_VOTED))
        out->hello.known_promise = a->promise;
}
