/* arc.c: one owner's view of an arc: its life, its roles, what comes in and where it goes. */
#include "cluster/arc_state.h"

#include <string.h>

#include "base/mem.h"
#include "base/planted.h"

/* The drawing of arc.h. */
static const uint8_t allowed[ARC_ROLES] = {
    [ARC_STARTING] = 1 << ARC_FOLLOWER | 1 << ARC_RECOVERING_ROLE,
    [ARC_FOLLOWER] = 1 << ARC_CANDIDATE | 1 << ARC_RECOVERING_ROLE | 1 << ARC_MUTE |
                     1 << ARC_DROPPED,
    [ARC_CANDIDATE] = 1 << ARC_LEADER | 1 << ARC_FOLLOWER | 1 << ARC_RECOVERING_ROLE |
                      1 << ARC_MUTE | 1 << ARC_DROPPED,
    [ARC_LEADER] = 1 << ARC_FOLLOWER | 1 << ARC_CANDIDATE | 1 << ARC_MUTE | 1 << ARC_DROPPED,
    [ARC_RECOVERING_ROLE] = 1 << ARC_FOLLOWER | 1 << ARC_CANDIDATE | 1 << ARC_MUTE |
                            1 << ARC_DROPPED,
};

void arc_move(struct arc *a, enum arc_role to)
{
    assert(allowed[a->role] & 1U << to);
    a->role = (uint8_t)to;
}

struct arc_effect *arc_effect(struct arc_turn *t, enum arc_effect_kind kind)
{
    assert(t->out->count < ARC_EFFECTS_MAX);
    struct arc_effect *e = &t->out->list[t->out->count++];
    *e = (struct arc_effect){ .kind = kind };
    return e;
}

struct arc_message *arc_send(struct arc *a, struct arc_turn *t, uint32_t node,
                             enum arc_message_kind kind)
{
    struct arc_effect *e = arc_effect(t, ARC_DO_SEND);
    e->node = node;
    e->message = (struct arc_message){ .arc = a->name, .kind = kind };
    return &e->message;
}

bool arc_away(const struct arc_turn *t, uint32_t node)
{
    for (unsigned i = 0; i < t->away_count; i++) {
        if (t->away[i] == node)
            return true;
    }
    return false;
}

void arc_heard(struct arc *a, const struct arc_turn *t, bool heard)
{
    arc_set(a, FLAG_HEARD, heard);
    a->deadline_us = heard ? t->now_us + ARC_HEARD_US : UINT64_MAX;
}

bool arc_hears_leader(const struct arc *a, const struct arc_turn *t)
{
    return arc_flag(a, FLAG_HEARD) && a->promise.node != a->self && !arc_away(t, a->promise.node);
}

bool arc_learns(const struct arc *a)
{
    const struct arc_owners *o = &arc_newest(a)->owners;
    return arc_flag(a, FLAG_LEARNER) && !(commit_owns(o, a->self) && o->epoch > a->learns_since);
}

struct log_end arc_written_end(const struct arc *a)
{
    return (struct log_end){ arc_log_ballot(a, a->written), a->written };
}

void arc_refuse(struct arc *a, struct arc_turn *t, uint32_t to, struct ballot ballot, uint32_t feed,
                enum arc_refusal_reason reason)
{
    bool heard = a->role == ARC_LEADER || arc_hears_leader(a, t);
    arc_send(a, t, to, ARC_REFUSAL)->refusal = (struct arc_refusal){
        .ballot = ballot,
        .feed = feed,
        .promise = a->promise,
        .end = arc_written_end(a),
        .applied = a->applied,
        .reason = (uint8_t)reason,
        .heard = heard,
    };
}

void arc_raise(struct arc *a, struct arc_turn *t, struct ballot ballot, bool sync)
{
    struct ballot old = a->promise;
    assert(ballot_compare(ballot, old) > 0);
    a->promise = ballot;
    a->matched = a->applied;
    a->seen = ballot.counter > a->seen ? ballot.counter : a->seen;
    arc_set(a, FLAG_HEARD, false);
    arc_set(a, FLAG_PROMISE_SYNCED, false);
    arc_set(a, FLAG_ANSWER_DUE, false);
    arc_set(a, FLAG_PROMISED_RESUME, false);
    struct arc_effect *e = arc_effect(t, ARC_DO_PROMISE);
    e->ballot = ballot;
    e->sync = sync;
    if (old.node != 0 && old.node != a->self && old.node != ballot.node &&
        !PLANTED(confirm_by_other_arc))
        arc_refuse(a, t, old.node, old, 0, ARC_PROMISED);
}

uint64_t arc_back_off_us(const struct arc *a, struct arc_turn *t)
{
    const struct arc_owners *o = &arc_newest(a)->owners;
    uint64_t us = 0;
    for (unsigned i = 0; i < o->count && o->node[i] != a->self; i++)
        us += arc_away(t, o->node[i]) ? 0 : ARC_BACK_OFF_US / 2;
    return us + prng_below(t->prng, ARC_BACK_OFF_US) + 1;
}

void arc_step_down(struct arc *a, struct arc_turn *t)
{
    uint64_t back = t->now_us + arc_back_off_us(a, t);
    if (arc_flag(a, FLAG_INVITED))
        back = a->deadline_us; /* who was invited has until then */
    if (a->role == ARC_LEADER)
        arc_effect(t, ARC_DO_FOLLOW)->ballot = a->promise;
    arc_set(a, FLAG_INVITED, false);
    arc_set(a, FLAG_RESUME, false);
    arc_peers_free(a);
    if (arc_flag(a, FLAG_FORGOT)) {
        arc_recover(a, t);
        return;
    }
    arc_move(a, ARC_FOLLOWER);
    a->deadline_us = back;
}

void arc_yield(struct arc *a, struct arc_turn *t)
{
    for (unsigned i = 0; i < a->peers->count; i++)
        arc_send(a, t, a->peers->list[i].node, ARC_YIELD)->yield.ballot = a->promise;
    arc_step_down(a, t);
}

static void on_yield(struct arc *a, struct arc_turn *t, const struct arc_yield *m)
{
    if (!ballot_equal(m->ballot, a->promise) || !arc_flag(a, FLAG_HEARD))
        return;
    arc_heard(a, t, false);
    arc_on_time(a, t);
}

static bool enough_in_reach(const struct arc *a, const struct arc_turn *t)
{
    const struct arc_owners *o = &arc_newest(a)->owners;
    struct commit_value values[ARC_PEERS_MAX];
    unsigned n = 0;
    for (unsigned i = 0; i < o->count; i++)
        values[n++] = (struct commit_value){ o->node[i], !arc_away(t, o->node[i]) };
    for (unsigned i = 0; i < o->next_count; i++)
        values[n++] = (struct commit_value){ o->next[i], !arc_away(t, o->next[i]) };
    return commit_reached(o, values, n) > 0;
}

/* An owner that hears no leader stands, after a while. */
static void follower_time(struct arc *a, struct arc_turn *t)
{
    bool may = commit_owns(&arc_newest(a)->owners, a->self) && !arc_learns(a);
    if (arc_flag(a, FLAG_HEARD) && (t->now_us >= a->deadline_us || !arc_hears_leader(a, t))) {
        arc_set(a, FLAG_HEARD, false);
        a->deadline_us = UINT64_MAX;
    }
    if (arc_flag(a, FLAG_HEARD))
        return;
    if (!may) {
        a->deadline_us = UINT64_MAX;
    } else if (a->deadline_us == UINT64_MAX) {
        a->deadline_us = t->now_us + arc_back_off_us(a, t);
    } else if (t->now_us >= a->deadline_us) {
        a->deadline_us = t->now_us + arc_back_off_us(a, t);
        if (enough_in_reach(a, t))
            arc_stand(a, t, (struct ballot){ 0 }, false);
    }
}

static void leader_time(struct arc *a, struct arc_turn *t)
{
    if (!enough_in_reach(a, t)) {
        arc_yield(a, t);
        return;
    }
    if (t->now_us >= a->deadline_us) {
        a->deadline_us = UINT64_MAX;
        a->peers->hand_to = 0;
        if (arc_flag(a, FLAG_INVITED)) {
            arc_stand(a, t, (struct ballot){ 0 }, false);
            return;
        }
    }
    arc_owners_time(a, t);
}

void arc_on_time(struct arc *a, struct arc_turn *t)
{
    if (a->role == ARC_FOLLOWER)
        follower_time(a, t);
    else if (a->role == ARC_LEADER)
        leader_time(a, t);
    else if (a->role == ARC_CANDIDATE && t->now_us >= a->deadline_us)
        arc_step_down(a, t);
    else if (a->role == ARC_RECOVERING_ROLE)
        arc_recover_time(a, t);
}

uint64_t arc_deadline_us(const struct arc *a)
{
    return a->deadline_us;
}

static struct arc *make(uint32_t self, struct arc_name name, struct log_end applied,
                        struct ballot promise, const struct arc_owners *owners)
{
    assert(self != 0 && commit_owners_check(owners));
    struct arc *a = mem_zalloc(1, sizeof *a);
    a->self = self;
    a->name = name;
    a->promise = promise;
    a->deadline_us = UINT64_MAX;
    arc_log_init(a, applied, owners);
    if (ballot_compare(applied.ballot, a->promise) > 0)
        a->promise = applied.ballot;
    return a;
}

struct arc *arc_new(const struct arc_options *o)
{
    struct arc *a = make(o->self, o->name, o->applied, o->promise, &o->owners);
    arc_set(a, FLAG_COMMIT_SYNCED, o->commit_synced);
    a->learns_since = o->learns_since;
    arc_set(a, FLAG_LEARNER, o->learns_since != 0);
    arc_set(a, FLAG_LEARNER, arc_learns(a));
    return a;
}

struct arc *arc_new_dropped(uint32_t self, struct arc_name name, struct ballot ballot,
                            const struct arc_owners *moved_to)
{
    struct arc *a = make(self, name, (struct log_end){ 0 }, ballot, moved_to);
    a->role = ARC_DROPPED;
    return a;
}

void arc_free(struct arc *a)
{
    if (!a)
        return;
    arc_peers_free(a);
    arc_log_deinit(a);
    mem_free(a);
}

/* A frame that was written at an index the log had reached cut the log there, for what is
 * held is not written again.  So of records that go back below `applied` only those count
 * that follow its last writing; tails that were cut before it follow nothing. */
bool arc_replay_frame(struct arc *a, const struct arc_frame *f, const struct arc_owners *owners)
{
    assert(a->role == ARC_STARTING);
    if (ballot_compare(f->ballot, a->promise) > 0)
        a->promise = f->ballot;
    if (f->index <= a->applied) {
        if (a->end.index > a->applied)
            arc_log_cut(a, NULL, a->applied + 1);
        return true;
    }
    if (f->index > a->end.index + 1)
        return a->end.index == a->applied;
    if (!ballot_equal(f->previous, arc_log_ballot(a, f->index - 1)))
        return f->index == a->applied + 1;
    if (f->index <= a->end.index)
        arc_log_cut(a, NULL, f->index);
    if ((f->kind == ARC_FRAME_OWNERS && !(owners && commit_owners_check(owners))) ||
        !arc_log_room(a, f->ballot))
        return false;
    arc_log_push(a, NULL, f, owners);
    return true;
}

void arc_replay_promise(struct arc *a, struct ballot promise)
{
    assert(a->role == ARC_STARTING);
    if (ballot_compare(promise, a->promise) > 0)
        a->promise = promise;
}

void arc_begin(struct arc *a, struct arc_turn *t, uint64_t synced, bool forgot)
{
    a->written = a->end.index;
    a->synced = synced < a->end.index ? synced : a->end.index;
    a->synced = a->synced > a->applied ? a->synced : a->applied;
    a->seen = a->promise.counter;
    if (forgot && !PLANTED(forget_forgetting)) {
        arc_recover(a, t);
        return;
    }
    arc_move(a, ARC_FOLLOWER);
    a->deadline_us = t->now_us + ARC_BACK_OFF_US + arc_back_off_us(a, t);
}

void arc_on_own_written(struct arc *a, struct arc_turn *t, struct log_end end)
{
    if (end.index > a->written && arc_log_has(a, end)) {
        a->written = end.index;
        arc_advance(a, t);
        arc_hand_over_look(a, t);
    }
}

void arc_on_own_synced(struct arc *a, struct arc_turn *t, struct log_end end)
{
    arc_on_own_written(a, t, end);
    if (end.index > a->synced && arc_log_has(a, end)) {
        a->synced = end.index;
        arc_advance(a, t);
    }
}

void arc_on_promise_synced(struct arc *a, struct arc_turn *t, struct ballot promise)
{
    if (!ballot_equal(promise, a->promise))
        return;
    arc_set(a, FLAG_PROMISE_SYNCED, true);
    if (a->role == ARC_CANDIDATE) {
        arc_ask(a, t, 0);
        arc_count_votes(a, t);
    } else if (arc_flag(a, FLAG_ANSWER_DUE)) {
        arc_answer_take(a, t);
    }
}

void arc_on_write_failed(struct arc *a, struct arc_turn *t, struct log_end written)
{
    if (a->role == ARC_MUTE || a->role == ARC_DROPPED)
        return;
    if (a->role == ARC_LEADER)
        arc_yield(a, t);
    arc_peers_free(a);
    arc_move(a, ARC_MUTE);
    a->deadline_us = UINT64_MAX;
    arc_set(a, FLAG_HEARD, false);
    if (written.index < a->end.index && written.index >= a->applied)
        arc_log_cut(a, t, written.index + 1);
}

/* What one that takes no part says. */
static enum arc_verdict aside(struct arc *a, struct arc_turn *t, uint32_t from,
                              const struct arc_message *m)
{
    if (m->kind == ARC_APPEND)
        arc_refuse(a, t, from, m->append.ballot, m->append.feed, ARC_RECOVERING);
    else if (a->role == ARC_DROPPED && m->kind == ARC_TAKE)
        arc_tell_moved(a, t, from, m->take.ballot, m->take.epoch);
    else if (a->role == ARC_DROPPED && m->kind == ARC_RECOVER)
        arc_tell_moved(a, t, from, (struct ballot){ 0 }, 0);
    return ARC_REFUSED;
}

enum arc_verdict arc_on_message(struct arc *a, struct arc_turn *t, uint32_t from,
                                const struct arc_message *m, const struct arc_owners *owners)
{
    if (a->role == ARC_MUTE || a->role == ARC_DROPPED || a->role == ARC_STARTING)
        return aside(a, t, from, m);
    switch (m->kind) {
    case ARC_APPEND:
        return arc_on_append(a, t, from, &m->append, owners);
    case ARC_FRAME:
        return arc_on_fetched(a, t, from, &m->fetched, owners);
    case ARC_HELLO:
        arc_on_hello(a, t, from, &m->hello);
        break;
    case ARC_COMMIT:
        arc_on_commit(a, t, from, &m->commit);
        break;
    case ARC_YIELD:
        on_yield(a, t, &m->yield);
        break;
    case ARC_INVITE:
        arc_on_invite(a, t, from, &m->invite);
        break;
    case ARC_REFUSAL:
        arc_on_refusal(a, t, from, &m->refusal);
        break;
    case ARC_TAKE:
        arc_on_take(a, t, from, &m->take);
        break;
    case ARC_PROMISE:
        arc_on_promise(a, t, from, &m->promise);
        break;
    case ARC_NO:
        arc_on_no(a, t, from, &m->no);
        break;
    case ARC_MOVED:
        arc_on_moved(a, t, from, &m->moved);
        break;
    case ARC_FETCH:
        arc_on_fetch(a, t, from, &m->fetch);
        break;
    case ARC_GONE:
        arc_on_fetch_gone(a, t, from, &m->gone);
        break;
    case ARC_RECOVER:
        arc_on_recover(a, t, from, &m->recover);
        break;
    case ARC_STATE:
        arc_on_state(a, t, from, &m->state);
        break;
    case ARC_MESSAGE_KINDS:
        break;
    }
    return ARC_REFUSED;
}
