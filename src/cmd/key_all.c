/* key_all.c: what looks at all keys at once: KEYS, RANDOMKEY. */
#include "cmd/families.h"

#include "base/limits.h"
#include "cell/position.h"
#include "cmd/gather.h"

enum { CANDIDATES = 64 };

static const char *const keys_tips[] = { "request_policy:all_shards",
                                         "nondeterministic_output_order", NULL };
static const char *const random_tips[] = { "request_policy:all_shards", "response_policy:special",
                                           "nondeterministic_output", NULL };

static bool take_match(struct call *c, struct gather *g, const struct cell *head)
{
    if (!slice_is(c->argv[1], "*") && !slice_glob(c->argv[1], head->key.key, false))
        return true;
    reply_bulk(&g->keys, head->key.key);
    g->count++;
    return g->keys.bytes <= LIMIT_KEYS_BYTES;
}

static enum call_end run_keys(struct call *c)
{
    struct gather *g;

    if (!call_pattern_fits(c, c->argv[1]))
        return CALL_DONE;
    g = gather_of(c);
    switch (gather_step(c, g, take_match)) {
    case GATHER_SLICE:
        return CALL_LATER;
    case GATHER_WANT:
        return CALL_WANT;
    case GATHER_DONE:
        break;
    }
    if (g->keys.bytes > LIMIT_KEYS_BYTES) {
        reply_errorf(c->reply, "ERR", "KEYS would answer more than %d bytes, use SCAN",
                     LIMIT_KEYS_BYTES);
    } else {
        reply_array(c->reply, g->count);
        reply_append(c->reply, &g->keys);
    }
    call_forget(c);
    return CALL_DONE;
}

/* RANDOMKEY goes on from a random position to the next key, which is the likelier the
 * farther it is from the one before.  So the position's slot is drawn first, as hash
 * tags put many keys into one, then where in it, and then one of the keys that follow. */
enum phase {
    TO_SLOT,  /* looks for a slot with keys */
    TO_END,   /* draws among the keys from `start` on */
    TO_START, /* ... and from the smallest one to `start` */
    NOTHING,
};

static bool take_slot(struct call *c, struct gather *g, const struct cell *head)
{
    uint64_t slot = position_slot(head->key.position);

    (void)c;
    g->start = slot << POSITION_SLOT_SHIFT | prng_next(&g->prng) >> (64 - POSITION_SLOT_SHIFT);
    g->phase = TO_END;
    return false;
}

static bool take_candidate(struct call *c, struct gather *g, const struct cell *head)
{
    (void)c;
    if (g->phase == TO_START && head->key.position >= g->start)
        return false;
    g->count++;
    if (prng_one_in(&g->prng, g->count)) {
        g->choice.len = 0;
        buf_append(&g->choice, head->key.key);
    }
    return g->count < CANDIDATES;
}

static enum gather_end find_slot(struct call *c, struct gather *g)
{
    enum gather_end end = gather_step(c, g, take_slot);

    if (end == GATHER_DONE && g->phase == TO_SLOT && g->start) {
        g->start = g->next = 0; /* behind the last key the first one comes */
        end = gather_step(c, g, take_slot);
    }
    if (end == GATHER_DONE) {
        g->phase = g->phase == TO_END ? TO_END : NOTHING;
        g->next = g->start;
    }
    return end;
}

static enum gather_end draw(struct call *c, struct gather *g)
{
    enum gather_end end = GATHER_DONE;

    if (g->phase == TO_SLOT)
        end = find_slot(c, g);
    if (end == GATHER_DONE && g->phase == TO_END) {
        end = gather_step(c, g, take_candidate);
        if (end == GATHER_DONE) {
            g->phase = TO_START;
            g->next = 0;
        }
    }
    if (end == GATHER_DONE && g->phase == TO_START && g->count < CANDIDATES)
        end = gather_step(c, g, take_candidate);
    /* Few keys among many of other databases: those found have to do. */
    return end == GATHER_SLICE && g->count ? GATHER_DONE : end;
}

static enum call_end run_randomkey(struct call *c)
{
    struct gather *g = c->gather;

    if (!g) {
        g = gather_of(c);
        prng_init(&g->prng, c->random);
        g->start = g->next = prng_next(&g->prng);
    }
    switch (draw(c, g)) {
    case GATHER_SLICE:
        return CALL_LATER;
    case GATHER_WANT:
        return CALL_WANT;
    case GATHER_DONE:
        break;
    }
    if (g->count)
        reply_bulk(c->reply, buf_slice(&g->choice));
    else
        reply_null(c->reply);
    call_forget(c);
    return CALL_DONE;
}

const struct command key_all_rows[] = {
    { .name = "keys",
      .arity = 2,
      .flags = CMD_READONLY | CMD_KEYSPACE | CMD_DANGEROUS,
      .run = run_keys,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N) for N keys, in slices between which others run",
      .tips = keys_tips,
      .syntax = "pattern:pattern",
      .summary = "Returns every key that matches a pattern." },
    { .name = "randomkey",
      .arity = 1,
      .flags = CMD_READONLY | CMD_KEYSPACE | CMD_RANDOM,
      .run = run_randomkey,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .tips = random_tips,
      .summary = "Returns some key of the database." },
    { 0 },
};
