/* arc_lead.c: a leader makes frames, feeds the others, counts what they have. */
#include "cluster/arc_state.h"

#include "base/planted.h"

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* --- feeds ------------------------------------------------------------------ */

static void begin_feed(struct arc *a, struct arc_turn *t, struct arc_peer *p, uint64_t from)
{
    struct arc_effect *e = arc_effect(t, ARC_DO_FEED);
    p->feed = ++a->feeds;
    arc_peer_set(p, PEER_FED, true);
    e->node = p->node;
    e->feed = p->feed;
    e->from = from;
}

/* What an owner has applied is committed, so it is in every leader's log: the logs part
 * behind it, or behind its end if the leader has that too. */
void arc_place(struct arc *a, struct arc_turn *t, struct arc_peer *p, struct log_end end,
               uint64_t applied)
{
    uint64_t match = arc_log_has(a, end) ? end.index : least(applied, a->end.index);
    arc_peer_set(p, PEER_RECOVERING, false);
    p->written = match;
    p->synced = least(p->synced, match);
    begin_feed(a, t, p, match + 1);
}

void arc_feed_end(struct arc *a, struct arc_turn *t, struct arc_peer *p)
{
    begin_feed(a, t, p, a->end.index);
}

void arc_starve(struct arc *a, struct arc_turn *t, struct arc_peer *p)
{
    if (arc_peer_is(p, PEER_FED))
        arc_effect(t, ARC_DO_STARVE)->node = p->node;
    arc_peer_set(p, PEER_FED, false);
    arc_peer_set(p, PEER_WITH, false);
    p->feed = ++a->feeds;
    p->written = 0;
    p->synced = 0;
}

/* Somebody promised a higher ballot than this leader's. */
static void overtaken(struct arc *a, struct arc_turn *t, struct ballot ballot, bool heard)
{
    a->seen = ballot.counter > a->seen ? ballot.counter : a->seen;
    arc_yield(a, t);
    if (heard)
        a->deadline_us += 2 * ARC_BACK_OFF_US;
}

void arc_on_refusal(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_refusal *m)
{
    struct arc_peer *p = arc_peer(a, from);
    if (a->role != ARC_LEADER || !p || !ballot_equal(m->ballot, a->promise))
        return;
    if (ballot_compare(m->promise, a->promise) > 0) {
        overtaken(a, t, m->promise, m->heard);
        return;
    }
    if (m->feed == 0 || m->feed != p->feed)
        return;
    if (m->reason == ARC_RECOVERING) {
        arc_starve(a, t, p);
        arc_peer_set(p, PEER_RECOVERING, true);
    } else {
        arc_place(a, t, p, m->end, m->applied);
    }
}

static void leader_on_hello(struct arc *a, struct arc_turn *t, struct arc_peer *p,
                            const struct arc_hello *m)
{
    if (ballot_compare(m->promise, a->promise) > 0) {
        overtaken(a, t, m->promise, m->flags & ARC_IS_LEADING);
        return;
    }
    arc_peer_set(p, PEER_WITH, false);
    if (m->flags & ARC_IS_RECOVERING) {
        arc_starve(a, t, p);
        arc_peer_set(p, PEER_RECOVERING, true);
        return;
    }
    arc_peer_set(p, PEER_WITH, ballot_equal(m->promise, a->promise));
    p->synced = m->synced;
    if (m->flags & ARC_IS_LEARNING)
        arc_learning(p);
    arc_place(a, t, p, m->end, m->applied);
}

/* Whether the peer remembers what this owner does not have. */
static bool forgot(const struct arc *a, const struct arc_hello *m)
{
    int order = ballot_compare(m->known_at, a->promise);
    return order > 0 || (order == 0 && m->known > a->end.index) ||
           ballot_compare(m->known_promise, a->promise) > 0;
}

void arc_on_hello(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_hello *m)
{
    struct arc_peer *p = arc_peer(a, from);
    a->seen = m->promise.counter > a->seen ? m->promise.counter : a->seen;
    if (from == a->promise.node && a->role == ARC_FOLLOWER) {
        bool leads = m->flags & ARC_IS_LEADING && ballot_equal(m->promise, a->promise);
        if (leads || arc_flag(a, FLAG_HEARD))
            arc_heard(a, t, leads);
        arc_on_time(a, t);
    }
    if (a->role == ARC_LEADER) {
        if (p)
            leader_on_hello(a, t, p, m);
        return;
    }
    if (forgot(a, m) && !arc_flag(a, FLAG_FORGOT)) {
        arc_set(a, FLAG_FORGOT, true);
        if (a->role == ARC_CANDIDATE)
            arc_step_down(a, t);
        else
            arc_recover(a, t);
    } else if (a->role == ARC_CANDIDATE && p && !arc_peer_is(p, PEER_VOTED) &&
               arc_flag(a, FLAG_PROMISE_SYNCED)) {
        arc_ask(a, t, from);
    } else if (a->role == ARC_RECOVERING_ROLE) {
        arc_recover_ask(a, t, from);
    }
}

/* --- frames ----------------------------------------------------------------- */

static struct arc_frame next_frame(const struct arc *a, enum arc_frame_kind kind, uint64_t stamp,
                                   uint32_t length)
{
    return (struct arc_frame){ .ballot = a->promise,
                               .previous = a->end.ballot,
                               .index = a->end.index + 1,
                               .stamp = stamp,
                               .length = length,
                               .kind = (uint8_t)kind };
}

bool arc_may_append(const struct arc *a)
{
    return a->role == ARC_LEADER && a->peers->hand_to == 0;
}

struct arc_frame arc_append(struct arc *a, enum arc_frame_kind kind, uint64_t stamp,
                            uint32_t length)
{
    assert(arc_may_append(a) && kind != ARC_FRAME_OWNERS);
    struct arc_frame f = next_frame(a, kind, stamp, length);
    arc_log_push(a, NULL, &f, NULL);
    return f;
}

void arc_make(struct arc *a, struct arc_turn *t, enum arc_frame_kind kind,
              const struct arc_owners *owners)
{
    struct arc_effect *e = arc_effect(t, ARC_DO_WRITE);
    e->frame = next_frame(a, kind, 0, 0);
    if (owners)
        e->owners = *owners;
    arc_log_push(a, t, &e->frame, owners);
}

/* Who is left when the operator has given some up; false: nobody was. */
static bool without_given_up(const struct arc *a, struct arc_owners *out)
{
    const struct arc_owners *o = &arc_newest(a)->owners;
    bool some = false;
    *out = (struct arc_owners){ .epoch = o->epoch };
    const uint32_t *set = o->next_count ? o->next : o->node;
    unsigned size = o->next_count ? o->next_count : o->count;
    for (unsigned i = 0; i < size; i++) {
        const struct arc_peer *p = arc_peer(a, set[i]);
        if (p && arc_peer_is(p, PEER_GIVEN_UP))
            some = true;
        else
            out->node[out->count++] = set[i];
    }
    return some && out->count > 0;
}

void arc_lead(struct arc *a, struct arc_turn *t)
{
    bool resumes = arc_flag(a, FLAG_RESUME);
    struct arc_owners left = { 0 };
    bool fewer = resumes && without_given_up(a, &left);
    arc_move(a, ARC_LEADER);
    a->deadline_us = UINT64_MAX;
    arc_set(a, FLAG_FORGOT, false);
    arc_set(a, FLAG_RESUME, false);
    a->peers->hand_to = 0;
    if (resumes)
        arc_effect(t, ARC_DO_RESUMED)->from = a->applied + 1;
    if (a->end.index > a->applied) {
        struct arc_effect *keep = arc_effect(t, ARC_DO_KEEP);
        keep->from = a->applied + 1;
        keep->to = a->end.index;
    }
    a->lead_from = a->end.index + 1;
    arc_effect(t, ARC_DO_LEAD)->ballot = a->promise;
    arc_make(a, t, fewer ? ARC_FRAME_OWNERS : ARC_FRAME_EMPTY, fewer ? &left : NULL);
    for (unsigned i = 0; i < a->peers->count; i++) {
        struct arc_peer *p = &a->peers->list[i];
        p->synced = 0;
        if (arc_peer_is(p, PEER_VOTED)) {
            arc_place(a, t, p, p->end, p->applied);
            p->synced = p->written; /* as its promise is */
            arc_peer_set(p, PEER_WITH, true);
        } else {
            begin_feed(a, t, p, a->lead_from); /* it will say where it is */
        }
    }
}

/* --- counting --------------------------------------------------------------- */

static uint64_t written_of(const struct arc_peer *p)
{
    return p->written;
}

static uint64_t synced_of(const struct arc_peer *p)
{
    return p->synced;
}

void arc_apply(struct arc *a, struct arc_turn *t, uint64_t to)
{
    arc_effect(t, ARC_DO_APPLY)->to = to;
    arc_log_apply(a, to);
    arc_owners_applied(a, t);
}

void arc_advance(struct arc *a, struct arc_turn *t)
{
    if (a->role != ARC_LEADER)
        return;
    struct commit_value values[ARC_OTHERS_MAX + 1];
    const struct arc_owners *o = &arc_newest(a)->owners;
    unsigned n = arc_values(a, synced_of, a->synced, values);
    uint64_t all = commit_reached_by_all(o, values, n);
    a->all_synced = all > a->all_synced ? all : a->all_synced;
    if (!arc_flag(a, FLAG_COMMIT_SYNCED))
        n = arc_values(a, written_of, a->written, values);
    uint64_t reached = least(commit_reached(o, values, n), a->written);
    if (reached > a->applied && (reached >= a->lead_from || PLANTED(commit_old_ballot)))
        arc_apply(a, t, reached);
}

static struct arc_peer *fed(const struct arc *a, uint32_t peer, uint32_t feed)
{
    struct arc_peer *p = arc_peer(a, peer);
    if (a->role != ARC_LEADER || !p || (p->feed != feed && !PLANTED(ack_past_refusal)))
        return NULL;
    return arc_peer_is(p, PEER_FED) ? p : NULL;
}

void arc_on_written(struct arc *a, struct arc_turn *t, uint32_t peer, uint32_t feed, uint64_t index)
{
    struct arc_peer *p = fed(a, peer, feed);
    if (!p || index > a->end.index)
        return;
    arc_peer_set(p, PEER_WITH, true);
    if (index <= p->written)
        return;
    p->written = index;
    arc_advance(a, t);
    arc_hand_over_look(a, t);
}

void arc_on_synced(struct arc *a, struct arc_turn *t, uint32_t peer, uint32_t feed, uint64_t index)
{
    struct arc_peer *p = fed(a, peer, feed);
    if (!p || index > a->end.index || index <= p->synced)
        return;
    p->synced = index;
    arc_on_written(a, t, peer, feed, index);
    arc_advance(a, t);
}

unsigned arc_written_by(const struct arc *a, uint64_t index)
{
    struct commit_value values[ARC_OTHERS_MAX + 1];
    unsigned n = arc_values(a, written_of, a->written, values);
    return commit_counted(&arc_newest(a)->owners, values, n, index);
}

bool arc_written_by_all(const struct arc *a, uint64_t index)
{
    struct commit_value values[ARC_OTHERS_MAX + 1];
    unsigned n = arc_values(a, written_of, a->written, values);
    return commit_reached_by_all(&arc_newest(a)->owners, values, n) >= index;
}
