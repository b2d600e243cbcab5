/* board.c: only the slots whose walk comes by a token depend on it; they are a stretch
 * that ends with it. */
#include "cluster/board.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum {
    MASK = POSITION_SLOTS - 1,
    SHARE_LEAST = 64 * SHARE_SLOT, /* smaller ones count as that, or products pass 64 bits */
    SCALE_SHIFT = 41,
    OWNED_WORTH = 4,
};

/* Slots that have the same owners, up to and with `last`. */
struct board_run {
    uint16_t last;
    uint16_t slots;
};

/* Adds `sign` times the owners of `slots` slots to the change. */
static void count_owners(struct board *b, const struct tokens_owners *o, int32_t slots)
{
    b->looked += o->looked;
    for (unsigned i = 0; i < o->count; i++) {
        unsigned m = o->owner[i];
        if (!b->touched[m]) {
            b->touched[m] = true;
            b->changed[b->changed_count++] = (uint16_t)m;
        }
        b->change[m].owned += slots;
        b->change[m].led += i == 0 ? slots : 0;
    }
}

/* The runs whose owners may be others with another token at `slot`, and takes what they
 * have now out of the change.  All of them, if it is a member's first or last one: then
 * there are more or fewer owners, or rounds.  The first alone, if everybody owns all:
 * then only its leader matters. */
static void gather(struct board *b, unsigned slot, bool all)
{
    bool one = !all && b->tokens.active <= b->tokens.copies;
    unsigned last = slot, total = 0;
    struct tokens_owners o;

    b->run_count = 0;
    while (total < POSITION_SLOTS && !(one && total > 0)) {
        unsigned before = tokens_before(&b->tokens, last);
        unsigned slots = (last - before) & MASK;
        tokens_owners(&b->tokens, last, &o);
        if (!all && o.reach < ((slot - last) & MASK))
            break;
        slots = slots ? slots : POSITION_SLOTS;
        slots = slots < POSITION_SLOTS - total ? slots : POSITION_SLOTS - total;
        b->runs[b->run_count++] = (struct board_run){ (uint16_t)last, (uint16_t)slots };
        count_owners(b, &o, -(int32_t)slots);
        total += slots;
        last = before;
    }
}

/* Sets the token, and fills in the change. */
static void place(struct board *b, unsigned slot, unsigned member)
{
    struct tokens *t = &b->tokens;
    unsigned old = t->at[slot];
    bool all = (old != TOKENS_NOBODY && t->held[old] == 1) ||
               (member != TOKENS_NOBODY && t->held[member] == 0);
    struct tokens_owners o;

    gather(b, slot, all);
    tokens_set(t, slot, member);
    for (unsigned i = 0; i < b->run_count; i++) {
        tokens_owners(t, b->runs[i].last, &o);
        count_owners(b, &o, b->runs[i].slots);
    }
}

static int64_t grows(int32_t slots, int32_t change, uint32_t share)
{
    uint64_t s = share > SHARE_LEAST ? share : SHARE_LEAST;
    int64_t scale = (int64_t)((UINT64_C(1) << SCALE_SHIFT) / (s * s));
    int64_t off = (int64_t)slots * SHARE_SLOT - share;
    int64_t by = (int64_t)change * SHARE_SLOT;

    return by * (2 * off + by) * scale;
}

/* Ends the change: its worth, and, if it is to stay, adds it to the loads. */
static int64_t settle(struct board *b, bool stays)
{
    int64_t worth = 0;

    for (unsigned i = 0; i < b->changed_count; i++) {
        unsigned m = b->changed[i];
        struct board_load *c = &b->change[m], *l = &b->load[m];
        worth += OWNED_WORTH * grows(l->owned, c->owned, b->share[m].owned);
        worth += grows(l->led, c->led, b->share[m].led);
        if (stays) {
            l->owned += c->owned;
            l->led += c->led;
        }
        *c = (struct board_load){ 0, 0 };
        b->touched[m] = false;
    }
    b->changed_count = 0;
    return worth;
}

struct board *board_new(unsigned copies, const struct ring_member *members, size_t count)
{
    struct board *b = mem_zalloc(1, sizeof *b);
    struct tokens_owners o;

    b->runs = mem_alloc((POSITION_SLOTS + 1) * sizeof *b->runs);
    tokens_init(&b->tokens, copies, members, count);
    for (unsigned s = 0; b->tokens.count > 0 && s < POSITION_SLOTS; s++) {
        tokens_owners(&b->tokens, s, &o);
        count_owners(b, &o, 1);
    }
    settle(b, true);
    return b;
}

void board_free(struct board *b)
{
    if (!b)
        return;
    mem_free(b->runs);
    mem_free(b);
}

int64_t board_try(struct board *b, unsigned slot, unsigned member)
{
    unsigned old = b->tokens.at[slot];

    place(b, slot, member);
    tokens_set(&b->tokens, slot, old);
    return settle(b, false);
}

int64_t board_set(struct board *b, unsigned slot, unsigned member)
{
    place(b, slot, member);
    return settle(b, true);
}

/* Slots between the two places, which change their leader; nothing else does. */
static unsigned place_shift(struct board *b, unsigned slot, int step)
{
    struct tokens *t = &b->tokens;
    unsigned member = t->at[slot];
    unsigned to = ((unsigned)step + slot) & MASK;
    unsigned last = step > 0 ? to : slot;
    unsigned slots = (unsigned)(step > 0 ? step : -step), fresh = 0;
    struct tokens_owners before, after;

    assert(member != TOKENS_NOBODY && t->at[to] == TOKENS_NOBODY);
    tokens_owners(t, last, &before);
    tokens_set(t, to, member);
    tokens_set(t, slot, TOKENS_NOBODY);
    tokens_owners(t, last, &after);
    count_owners(b, &before, -(int32_t)slots);
    count_owners(b, &after, (int32_t)slots);
    for (unsigned i = 0; i < after.count; i++) {
        bool had = false;
        for (unsigned k = 0; k < before.count; k++)
            had |= before.owner[k] == after.owner[i];
        fresh += !had;
    }
    return fresh * slots;
}

int64_t board_try_shift(struct board *b, unsigned slot, int step, unsigned *moved)
{
    unsigned to = ((unsigned)step + slot) & MASK;

    *moved = place_shift(b, slot, step);
    tokens_set(&b->tokens, slot, b->tokens.at[to]);
    tokens_set(&b->tokens, to, TOKENS_NOBODY);
    return settle(b, false);
}

void board_shift(struct board *b, unsigned slot, int step)
{
    place_shift(b, slot, step);
    settle(b, true);
}

bool board_check(const struct board *b)
{
    struct board_load load[LIMIT_MEMBERS] = { { 0, 0 } };
    struct tokens_owners o;

    for (unsigned s = 0; b->tokens.count > 0 && s < POSITION_SLOTS; s++) {
        tokens_owners(&b->tokens, s, &o);
        for (unsigned i = 0; i < o.count; i++) {
            load[o.owner[i]].owned++;
            load[o.owner[i]].led += i == 0;
        }
    }
    return tokens_check(&b->tokens) && memcmp(load, b->load, sizeof load) == 0;
}
