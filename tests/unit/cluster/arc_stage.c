/* arc_stage.c: one arc alone. */
#include "unit/cluster/arc_stage.h"

#include <criterion/criterion.h>

#include "base/mem.h"

struct arc_options stage_options(uint32_t self, unsigned count)
{
    struct arc_options o = { .self = self, .owners = { .epoch = 1, .count = (uint8_t)count } };
    for (unsigned i = 0; i < count; i++)
        o.owners.node[i] = i + 1;
    return o;
}

struct stage *stage_with(struct arc_options options, bool forgot)
{
    struct stage *s = mem_zalloc(1, sizeof *s);
    prng_init(&s->prng, 1);
    s->turn =
        (struct arc_turn){ .now_us = 1000000, .prng = &s->prng, .out = &s->out, .away = s->away };
    s->arc = arc_new(&options);
    arc_begin(s->arc, &s->turn, 0, forgot);
    return s;
}

struct stage *stage_new(uint32_t self, unsigned count)
{
    return stage_with(stage_options(self, count), false);
}

struct stage *stage_leader(unsigned count)
{
    struct stage *s = stage_new(1, count);
    stage_wait(s, 500000);
    arc_on_promise_synced(s->arc, &s->turn, (struct ballot){ 1, 1 });
    for (uint32_t i = 2; i <= count / 2 + 1; i++)
        stage_promise(s, i, (struct ballot){ 1, 1 }, (struct log_end){ 0 });
    cr_assert_eq(stage_view(s).role, ARC_LEADER);
    arc_on_own_written(s->arc, &s->turn, (struct log_end){ { 1, 1 }, 1 });
    stage_clear(s);
    return s;
}

void stage_free(struct stage *s)
{
    cr_assert(arc_check(s->arc));
    arc_free(s->arc);
    mem_free(s);
}

void stage_clear(struct stage *s)
{
    cr_assert(arc_check(s->arc));
    s->out.count = 0;
}

void stage_wait(struct stage *s, uint64_t us)
{
    enum arc_role before = stage_view(s).role;
    for (uint64_t to = s->turn.now_us + us; s->turn.now_us < to && stage_view(s).role == before;) {
        s->turn.now_us += 1000;
        arc_on_time(s->arc, &s->turn);
    }
}

const struct arc_effect *stage_does(const struct stage *s, enum arc_effect_kind kind)
{
    int at = stage_place(s, kind);
    return at < 0 ? NULL : &s->out.list[at];
}

int stage_place(const struct stage *s, enum arc_effect_kind kind)
{
    for (unsigned i = 0; i < s->out.count; i++) {
        if (s->out.list[i].kind == kind)
            return (int)i;
    }
    return -1;
}

const struct arc_message *stage_sends(const struct stage *s, uint32_t node,
                                      enum arc_message_kind kind)
{
    for (unsigned i = 0; i < s->out.count; i++) {
        const struct arc_effect *e = &s->out.list[i];
        if (e->kind == ARC_DO_SEND && e->node == node && e->message.kind == kind)
            return &e->message;
    }
    return NULL;
}

struct arc_frame stage_frame(uint64_t index, struct ballot ballot, struct ballot previous)
{
    return (struct arc_frame){ .ballot = ballot, .previous = previous, .index = index };
}

static enum arc_verdict tell(struct stage *s, uint32_t from, const struct arc_message *m)
{
    enum arc_verdict verdict = arc_on_message(s->arc, &s->turn, from, m, NULL);
    cr_assert(arc_check(s->arc));
    return verdict;
}

enum arc_verdict stage_append(struct stage *s, struct ballot ballot, uint64_t commit,
                              struct arc_frame frame)
{
    struct arc_message m = { .kind = ARC_APPEND };
    m.append = (struct arc_append){ .ballot = ballot, .feed = 1, .commit = commit, .frame = frame };
    return tell(s, ballot.node, &m);
}

void stage_commit(struct stage *s, struct ballot ballot, uint64_t commit)
{
    struct arc_message m = { .kind = ARC_COMMIT };
    m.commit = (struct arc_commit){ .ballot = ballot, .commit = commit };
    tell(s, ballot.node, &m);
}

void stage_take(struct stage *s, struct ballot ballot, struct ballot invited_by)
{
    struct arc_message m = { .kind = ARC_TAKE };
    m.take = (struct arc_take){ .ballot = ballot, .invited_by = invited_by, .epoch = 1 };
    m.take.flags = ballot_is_none(invited_by) ? 0 : ARC_TAKE_INVITED;
    tell(s, ballot.node, &m);
}

void stage_promise(struct stage *s, uint32_t from, struct ballot ballot, struct log_end end)
{
    struct arc_message m = { .kind = ARC_PROMISE };
    m.promise = (struct arc_promise){ .ballot = ballot, .end = end };
    tell(s, from, &m);
}

/* The nonce is that of the question among the effects. */
void stage_state(struct stage *s, uint32_t from, struct ballot promise, struct log_end end,
                 unsigned flags)
{
    const struct arc_message *asked = stage_sends(s, from, ARC_RECOVER);
    struct arc_message m = { .kind = ARC_STATE };
    cr_assert(asked);
    m.state = (struct arc_state_answer){
        .nonce = asked->recover.nonce, .promise = promise, .end = end, .flags = (uint8_t)flags
    };
    tell(s, from, &m);
}

void stage_hello(struct stage *s, uint32_t from, struct arc_hello hello)
{
    struct arc_message m = { .kind = ARC_HELLO };
    m.hello = hello;
    tell(s, from, &m);
}

uint64_t stage_write(struct stage *s)
{
    struct arc_frame f = arc_append(s->arc, ARC_FRAME_CELLS, s->turn.now_us, 1);
    arc_on_own_written(s->arc, &s->turn, (struct log_end){ f.ballot, f.index });
    return f.index;
}

uint32_t stage_feed(struct stage *s, uint32_t peer)
{
    struct arc_message m;
    struct arc_frame f = { 0 };
    arc_fill_append(s->arc, peer, &f, &m);
    return m.append.feed;
}

void stage_written(struct stage *s, uint32_t peer, uint64_t index)
{
    arc_on_written(s->arc, &s->turn, peer, stage_feed(s, peer), index);
    cr_assert(arc_check(s->arc));
}

struct arc_view stage_view(const struct stage *s)
{
    return arc_view(s->arc);
}
