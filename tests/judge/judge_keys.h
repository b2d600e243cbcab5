/* judge_keys.h: a history by key: what was done to each, in the history's order. */
#ifndef HENGE_JUDGE_JUDGE_KEYS_H
#define HENGE_JUDGE_JUDGE_KEYS_H

#include "judge/judge_history.h"

/* A call on one key. */
struct judge_touch {
    const struct judge_op *op;
    const struct judge_call *call;
    uint32_t i; /* of the call's keys */
};

struct judge_key {
    const struct judge_touch *touches; /* those that were refused, too */
    size_t count;
    /* what may have been done to it: */
    bool whole;
    bool add;
    bool append;
    bool expires;
    bool one; /* written at LEVEL_ONE */
};

struct judge_keys {
    struct judge_key *at; /* by number of key */
    uint32_t count;
    struct judge_touch *touches;
};

/* Borrows `h`. */
void judge_keys_init(struct judge_keys *k, const struct judge_history *h);
void judge_keys_deinit(struct judge_keys *k);

/* Written by commands of one effect alone, and never by time. */
static inline bool judge_key_is_register(const struct judge_key *k)
{
    return k->whole && !k->add && !k->append && !k->expires;
}

static inline bool judge_key_is_counter(const struct judge_key *k)
{
    return k->add && !k->whole && !k->append && !k->expires;
}

static inline bool judge_key_is_log(const struct judge_key *k)
{
    return k->append && !k->whole && !k->add && !k->expires;
}

/* Appends "key: ". */
void judge_key_put_name(const struct judge_history *h, uint32_t key, struct buf *to);

#endif
