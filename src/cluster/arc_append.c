/* arc_append.c: an owner takes frames in: what follows, what is held, what is refused. */
#include "cluster/arc_state.h"

#include "base/planted.h"

static enum arc_verdict held(struct arc *a, struct arc_turn *t, uint64_t index)
{
    if (PLANTED(duplicate_cuts_tail) && index > a->applied && index < a->end.index) {
        arc_effect(t, ARC_DO_CUT)->from = index + 1;
        arc_log_cut(a, t, index + 1);
    }
    a->matched = index > a->matched ? index : a->matched;
    return ARC_HELD;
}

static void cut(struct arc *a, struct arc_turn *t, uint64_t from)
{
    struct arc_effect *keep = arc_effect(t, ARC_DO_KEEP);
    keep->from = from;
    keep->to = a->end.index;
    arc_effect(t, ARC_DO_CUT)->from = from;
    arc_log_cut(a, t, from);
}

enum arc_verdict arc_take_in(struct arc *a, struct arc_turn *t, const struct arc_frame *f,
                             const struct arc_owners *owners)
{
    if (f->index == 0 || f->index > a->end.index + 1)
        return ARC_REFUSED;
    if (f->index <= a->applied)
        return held(a, t, f->index); /* committed, so the sender has the same */
    if (arc_log_has(a, (struct log_end){ f->ballot, f->index }))
        return held(a, t, f->index);
    struct arc_frame frame = *f;
    if (PLANTED(skip_previous_check))
        frame.previous = arc_log_ballot(a, f->index - 1);
    if (!ballot_equal(frame.previous, arc_log_ballot(a, f->index - 1)) ||
        (f->kind == ARC_FRAME_OWNERS && !(owners && commit_owners_check(owners))) ||
        !arc_log_room(a, f->ballot))
        return ARC_REFUSED;
    if (f->index <= a->end.index)
        cut(a, t, f->index);
    arc_effect(t, ARC_DO_APPEND);
    arc_log_push(a, t, &frame, owners);
    a->matched = f->index;
    return ARC_APPENDED;
}

/* Whether the sender leads under a ballot that is as high as what was promised; it is
 * promised now, and heard. */
static bool hear(struct arc *a, struct arc_turn *t, uint32_t from, struct ballot ballot)
{
    if (ballot.node != from || from == a->self || ballot_compare(ballot, a->promise) < 0)
        return false;
    if (ballot_compare(ballot, a->promise) > 0) {
        if (a->role == ARC_LEADER || a->role == ARC_CANDIDATE)
            arc_step_down(a, t);
        arc_raise(a, t, ballot, false);
    }
    arc_set(a, FLAG_ANSWER_DUE, false);
    arc_heard(a, t, true);
    return true;
}

enum arc_verdict arc_on_append(struct arc *a, struct arc_turn *t, uint32_t from,
                               const struct arc_append *m, const struct arc_owners *owners)
{
    if (arc_flag(a, FLAG_FORGOT)) {
        arc_refuse(a, t, from, m->ballot, m->feed, ARC_RECOVERING);
        return ARC_REFUSED;
    }
    if (!hear(a, t, from, m->ballot)) {
        arc_refuse(a, t, from, m->ballot, m->feed, ARC_PROMISED);
        return ARC_REFUSED;
    }
    enum arc_verdict verdict = arc_take_in(a, t, &m->frame, owners);
    if (verdict == ARC_REFUSED)
        arc_refuse(a, t, from, m->ballot, m->feed, ARC_BEHIND);
    arc_on_commit(a, t, from, &(struct arc_commit){ m->ballot, m->commit, m->all_synced });
    return verdict;
}

void arc_on_commit(struct arc *a, struct arc_turn *t, uint32_t from, const struct arc_commit *m)
{
    if (arc_flag(a, FLAG_FORGOT))
        return;
    if (!hear(a, t, from, m->ballot)) {
        arc_refuse(a, t, from, m->ballot, 0, ARC_PROMISED);
        return;
    }
    uint64_t most = PLANTED(commit_over_unmatched_tail) ? a->end.index : a->matched;
    uint64_t to = m->commit < most ? m->commit : most;
    a->all_synced = m->all_synced > a->all_synced ? m->all_synced : a->all_synced;
    if (to > a->applied)
        arc_apply(a, t, to);
}
