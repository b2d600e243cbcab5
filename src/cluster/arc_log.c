/* arc_log.c: the heads of an arc's log as runs of ballots, and the owners in it. */
#include "cluster/arc_state.h"

#include <string.h>

#include "base/mem.h"

void arc_log_init(struct arc *a, struct log_end applied, const struct arc_owners *owners)
{
    a->run_cap = 2;
    a->runs = mem_zalloc(a->run_cap, sizeof *a->runs);
    a->runs[0] = (struct arc_run){ applied.ballot, applied.index };
    a->run_count = 1;
    a->configs = mem_zalloc(1, sizeof *a->configs);
    a->configs[0] = (struct arc_config){ 0, *owners };
    a->config_count = 1;
    a->end = applied;
    a->applied = applied.index;
    a->matched = applied.index;
    a->written = applied.index;
    a->synced = applied.index;
}

void arc_log_deinit(struct arc *a)
{
    mem_free(a->runs);
    mem_free(a->configs);
}

struct ballot arc_log_ballot(const struct arc *a, uint64_t index)
{
    if (index > a->end.index)
        return (struct ballot){ 0 };
    for (unsigned i = a->run_count; i > 0; i--) {
        if (a->runs[i - 1].first <= index)
            return a->runs[i - 1].ballot;
    }
    return (struct ballot){ 0 };
}

bool arc_log_has(const struct arc *a, struct log_end frame)
{
    if (frame.index == 0)
        return true;
    struct ballot b = arc_log_ballot(a, frame.index);
    return !ballot_is_none(b) && ballot_equal(b, frame.ballot);
}

bool arc_log_room(const struct arc *a, struct ballot ballot)
{
    return ballot_equal(ballot, a->end.ballot) || a->run_count < ARC_RUNS_MAX;
}

/* A change begins when the one before it is committed, so only the last two may be cut. */
static void push_owners(struct arc *a, uint64_t index, const struct arc_owners *owners)
{
    assert(owners && commit_owners_check(owners));
    if (a->config_count == ARC_CONFIGS_MAX)
        memmove(a->configs, a->configs + 1, --a->config_count * sizeof *a->configs);
    a->configs = mem_realloc(a->configs, (a->config_count + 1U) * sizeof *a->configs);
    a->configs[a->config_count++] = (struct arc_config){ index, *owners };
}

static void act(struct arc *a, struct arc_turn *t)
{
    if (a->peers)
        arc_peers_extend(a);
    if (t)
        arc_effect(t, ARC_DO_ACT)->owners = arc_newest(a)->owners;
}

void arc_log_push(struct arc *a, struct arc_turn *t, const struct arc_frame *frame,
                  const struct arc_owners *owners)
{
    assert(frame->index == a->end.index + 1 && ballot_equal(frame->previous, a->end.ballot));
    assert(arc_log_room(a, frame->ballot));
    if (!ballot_equal(frame->ballot, a->end.ballot)) {
        if (a->run_count == a->run_cap) {
            a->run_cap = (uint16_t)(a->run_cap * 2);
            a->runs = mem_realloc(a->runs, a->run_cap * sizeof *a->runs);
        }
        a->runs[a->run_count++] = (struct arc_run){ frame->ballot, frame->index };
    }
    a->end = (struct log_end){ frame->ballot, frame->index };
    if (frame->kind == ARC_FRAME_OWNERS) {
        push_owners(a, frame->index, owners);
        act(a, t);
    }
}

void arc_log_cut(struct arc *a, struct arc_turn *t, uint64_t from)
{
    assert(from > a->applied && from <= a->end.index);
    uint64_t last = from - 1;
    a->end = (struct log_end){ arc_log_ballot(a, last), last };
    while (a->run_count > 1 && a->runs[a->run_count - 1].first > last)
        a->run_count--;
    a->matched = a->matched < last ? a->matched : last;
    a->written = a->written < last ? a->written : last;
    a->synced = a->synced < last ? a->synced : last;
    bool acts = false;
    while (a->config_count > 1 && arc_newest(a)->index > last) {
        a->config_count--;
        acts = true;
    }
    if (acts)
        act(a, t);
}

void arc_log_apply(struct arc *a, uint64_t to)
{
    assert(to > a->applied && to <= a->end.index);
    a->applied = to;
    a->matched = a->matched > to ? a->matched : to;
    unsigned runs = 0;
    while (a->run_count - runs > ARC_RUNS_KEPT && a->runs[runs + 1].first <= to)
        runs++;
    if (runs) {
        a->run_count = (uint16_t)(a->run_count - runs);
        memmove(a->runs, a->runs + runs, a->run_count * sizeof *a->runs);
    }
    unsigned configs = 0;
    while (configs + 1U < a->config_count && a->configs[configs + 1].index <= to) {
        const struct arc_owners *o = &a->configs[++configs].owners;
        if (commit_owns(o, a->self) && o->epoch > a->learns_since)
            arc_set(a, FLAG_LEARNER, false);
    }
    if (configs) {
        a->config_count = (uint8_t)(a->config_count - configs);
        memmove(a->configs, a->configs + configs, a->config_count * sizeof *a->configs);
    }
}
