/* arc_stage.h: one arc alone, and short words for what it is told and what it wants. */
#ifndef HENGE_UNIT_CLUSTER_ARC_STAGE_H
#define HENGE_UNIT_CLUSTER_ARC_STAGE_H

#include "cluster/arc.h"

struct stage {
    struct arc *arc;
    struct prng prng;
    struct arc_effects out;
    struct arc_turn turn;
    uint32_t away[8];
};

static const struct ballot none = { 0, 0 };

/* Node `self` of owners 1..`count`, a follower with an empty log that just started. */
struct stage *stage_new(uint32_t self, unsigned count);

/* The same, with options; it may have forgotten. */
struct stage *stage_with(struct arc_options options, bool forgot);
struct arc_options stage_options(uint32_t self, unsigned count);

/* Node 1 of owners 1..`count`, which leads under {1, 1}; its empty frame 1 is written, and
 * nobody else has it. */
struct stage *stage_leader(unsigned count);
void stage_free(struct stage *s);

void stage_clear(struct stage *s);

/* Lets time pass, up to a moment and step by step. */
void stage_wait(struct stage *s, uint64_t us);

/* What it wants; NULL if it does not. */
const struct arc_effect *stage_does(const struct stage *s, enum arc_effect_kind kind);
const struct arc_message *stage_sends(const struct stage *s, uint32_t node,
                                      enum arc_message_kind kind);

/* Which effect it is, from 0; -1: none. */
int stage_place(const struct stage *s, enum arc_effect_kind kind);

struct arc_frame stage_frame(uint64_t index, struct ballot ballot, struct ballot previous);
enum arc_verdict stage_append(struct stage *s, struct ballot ballot, uint64_t commit,
                              struct arc_frame frame);
void stage_commit(struct stage *s, struct ballot ballot, uint64_t commit);
void stage_take(struct stage *s, struct ballot ballot, struct ballot invited_by);
void stage_promise(struct stage *s, uint32_t from, struct ballot ballot, struct log_end end);
void stage_state(struct stage *s, uint32_t from, struct ballot promise, struct log_end end,
                 unsigned flags);
void stage_hello(struct stage *s, uint32_t from, struct arc_hello hello);

/* The leader appends a frame, and has written it; returns its index. */
uint64_t stage_write(struct stage *s);

/* A peer has written up to there, of what it is fed just now. */
void stage_written(struct stage *s, uint32_t peer, uint64_t index);
uint32_t stage_feed(struct stage *s, uint32_t peer);

struct arc_view stage_view(const struct stage *s);

#endif
