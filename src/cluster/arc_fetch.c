/* arc_fetch.c: a candidate, or an owner that recovers, gets the log of another. */
#include "cluster/arc_state.h"

void arc_fetch(struct arc *a, struct arc_turn *t, struct arc_peer *p)
{
    a->peers->fetch_from = p->node;
    a->deadline_us = t->now_us + ARC_STAND_US;
    arc_send(a, t, p->node, ARC_FETCH)->fetch = (struct arc_fetch){
        .ballot = a->promise, .wanted = p->end, .end = a->end, .applied = a->applied
    };
}

void arc_on_fetch(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_fetch *m)
{
    bool to_candidate = m->ballot.node == from && a->role != ARC_LEADER &&
                        (!arc_flag(a, FLAG_FORGOT) || arc_flag(a, FLAG_PROMISED_RESUME));
    bool may = to_candidate || a->role == ARC_LEADER;
    if (!may || !ballot_equal(m->ballot, a->promise) || !arc_log_has(a, m->wanted) ||
        m->wanted.index == 0)
        return;
    struct log_end end = m->end;
    uint64_t behind = arc_log_has(a, end) ? end.index : m->applied;
    if (behind >= m->wanted.index)
        behind = m->wanted.index - 1;
    struct arc_effect *e = arc_effect(t, ARC_DO_SERVE);
    e->node = from;
    e->ballot = m->ballot;
    e->from = behind + 1;
    e->to = m->wanted.index;
}

enum arc_verdict arc_on_fetched(struct arc *a, struct arc_turn *t, uint32_t from,
                                const struct arc_fetched *m, const struct arc_owners *owners)
{
    bool fetching = a->role == ARC_CANDIDATE || a->role == ARC_RECOVERING_ROLE;
    if (!fetching || a->peers->fetch_from != from || !ballot_equal(m->ballot, a->promise))
        return ARC_REFUSED;
    enum arc_verdict verdict = arc_take_in(a, t, &m->frame, owners);
    if (verdict == ARC_REFUSED)
        return verdict;
    a->deadline_us = t->now_us + ARC_STAND_US;
    const struct arc_peer *p = arc_peer(a, from);
    if (m->frame.index >= p->end.index && arc_log_has(a, p->end)) {
        a->peers->fetch_from = 0;
        if (a->role == ARC_CANDIDATE) {
            arc_ask(a, t, 0); /* owners it did not know of */
            arc_count_votes(a, t);
        } else {
            arc_recover_look(a, t);
        }
    }
    return verdict;
}

void arc_on_gone(struct arc *a, struct arc_turn *t, uint32_t node)
{
    arc_send(a, t, node, ARC_GONE)->gone.ballot = a->promise;
}

void arc_on_fetch_gone(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_gone *m)
{
    if (a->role != ARC_CANDIDATE || a->peers->fetch_from != from ||
        !ballot_equal(m->ballot, a->promise))
        return;
    arc_send(a, t, from, ARC_INVITE)->invite.ballot = a->promise;
    arc_step_down(a, t);
    if (a->role == ARC_FOLLOWER)
        a->deadline_us = t->now_us + ARC_HAND_OVER_US + arc_back_off_us(a, t);
}
