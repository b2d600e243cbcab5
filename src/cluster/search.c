/* search.c: shares, work, and mending. */
#include "cluster/search.h"

#include "base/mem.h"

enum {
    MASK = POSITION_SLOTS - 1,
    /* At tokens, for one change, and with few members more: that divided by them.  Rings with
     * a member that is nearly alone in its zone come there, as walks to it are long. */
    LOOKS = 4000000,
    LOOKS_FEW = 64000000,
    MEND_FIRST = 16, /* who is above by that part of the share is mended first, */
    MEND_LAST = 64,  /* .. and by this last */
};

struct search *search_new(const struct ring *r, unsigned tokens)
{
    struct search *s = mem_zalloc(1, sizeof *s);

    s->count = (unsigned)ring_member_count(r);
    s->members = mem_alloc(s->count * sizeof *s->members);
    s->tokens = tokens;
    for (unsigned i = 0; i < s->count; i++) {
        s->members[i] = *ring_member(r, i);
        s->weights[i] = s->members[i].token_count > 0 ? s->members[i].weight : 0;
    }
    s->board = board_new(ring_copies(r), s->members, s->count);
    for (unsigned i = 0; i < s->count; i++)
        s->members[i].tokens = NULL;
    return s;
}

void search_free(struct search *s)
{
    board_free(s->board);
    mem_free(s->members);
    mem_free(s);
}

/* --- shares */

void search_reckon(struct search *s)
{
    share_of(s->board->tokens.copies, s->weights, s->board->tokens.zone, s->count, s->board->share);
}

bool search_has_mates(const struct search *s, unsigned member)
{
    const struct tokens *t = &s->board->tokens;
    unsigned own = t->held[member] > 0;

    return t->zone_active[t->zone[member]] > own;
}

void search_begin(struct search *s, unsigned member, bool joins)
{
    s->weights[member] = joins ? s->members[member].weight : 0;
    s->looks_end = s->board->looked + LOOKS + LOOKS_FEW / (s->board->tokens.active + 1);
    prng_init(&s->prng, s->members[member].id);
    search_reckon(s);
}

bool search_tired(const struct search *s)
{
    return s->board->looked >= s->looks_end;
}

/* --- mending */

bool search_above(const struct search *s, unsigned member, unsigned part)
{
    const struct board *b = s->board;
    uint64_t owned = (uint64_t)b->load[member].owned * SHARE_SLOT;
    uint64_t led = (uint64_t)b->load[member].led * SHARE_SLOT;
    struct share ought = b->share[member];

    return owned > ought.owned + (uint64_t)ought.owned / part + SHARE_SLOT ||
           led > ought.led + (uint64_t)ought.led / part + SHARE_SLOT;
}

bool search_any_above(const struct search *s, unsigned part)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (search_above(s, i, part))
            return true;
    }
    return false;
}

/* Slots that the token may move by without meeting another. */
static unsigned room(const struct tokens *t, unsigned slot, bool ahead)
{
    return ahead ? ((tokens_next(t, (slot + 1) & MASK) - slot - 1) & MASK)
                 : ((slot - tokens_before(t, slot) - 1) & MASK);
}

/* Moves the token to where that is worth most for what it moves, within the budget, if
 * somebody who is above gets less, or leads less, and all together are nearer. */
static void mend_token(struct search *s, unsigned slot, unsigned part, unsigned *budget)
{
    struct board *b = s->board;
    unsigned paid = 0;
    int64_t most = 0;
    int best = 0;

    for (int ahead = 0; ahead < 2; ahead++) {
        struct tokens_owners o;
        bool any = false;
        tokens_owners(&b->tokens, ahead ? (slot + 1) & MASK : slot, &o);
        for (unsigned i = 0; i < o.count; i++)
            any |= search_above(s, o.owner[i], part);
        unsigned free = any ? room(&b->tokens, slot, ahead) : 0;
        for (unsigned i = 1; i <= free; i *= 2) {
            int step = ahead ? (int)i : -(int)i;
            unsigned moved;
            int64_t worth = -board_try_shift(b, slot, step, &moved);
            if (worth > 0 && moved <= *budget && worth / (moved + 1) > most) {
                most = worth / (moved + 1);
                best = step;
                paid = moved;
            }
        }
    }
    if (best)
        board_shift(b, slot, best);
    *budget -= paid;
}

void search_mend(struct search *s, unsigned budget)
{
    const struct tokens *t = &s->board->tokens;

    for (unsigned part = MEND_FIRST; part <= MEND_LAST; part *= 2) {
        bool any = search_any_above(s, part);
        for (unsigned i = 0; any && budget > 0 && i < POSITION_SLOTS && !search_tired(s); i++) {
            if (t->at[i] != TOKENS_NOBODY)
                mend_token(s, i, part, &budget);
        }
    }
}
