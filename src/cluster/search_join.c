/* search_join.c: tokens are placed one by one, each on the best of some slots drawn by
 * chance; then each is taken up and placed again, now that the others are there. */
#include "cluster/search.h"

#include <assert.h>

#include "base/mem.h"
#include "cluster/allocate.h"

enum {
    MASK = POSITION_SLOTS - 1,
    /* Tokens from which on one that joins takes some over, and from which on all of its:
     * on the slots that are left it could not get enough.  Of few members of large weights
     * they are fewer, or walks past all those of the heaviest would be long. */
    TOKENS_MANY = POSITION_SLOTS / 2,
    TOKENS_MOST = POSITION_SLOTS / 4 * 3,
    TOKENS_MANY_EACH = ALLOCATE_TOKENS_MAX,
    TOKENS_MOST_EACH = ALLOCATE_TOKENS_MAX / 2 * 3,
    PART_ALL = 1024,
    TAKE_ABOVE = 64, /* who is above the share by that part of it gives tokens all the same */
    DRAWS = 8,       /* slots that are tried for one token, .. */
    DRAWS_FEW = 96,  /* and more with few members: that divided by them */
    LUCK = 64,       /* draws until a slot that may be taken is searched for one by one */
    NEAR = 8,        /* a small step, in slots */
    PASSES = 3,      /* how often each token is placed again, and, .. */
    PASSES_FEW = 64, /* with few members, more: that divided by them, while .. */
    EVEN = 512,      /* somebody is above the share by that part of it */
    MEND_PART = 12,  /* of what the change has to move is moved besides, at most */
};

/* Whether `member` may give tokens to `joiner`.  Were they of other zones, more would
 * move: owners of both zones would change. */
static bool may_give(const struct search *s, unsigned member, unsigned joiner)
{
    const uint16_t *zone = s->board->tokens.zone;

    return member != joiner && (zone[member] == zone[joiner] || !search_has_mates(s, joiner));
}

/* `each` for each member, the joiner too, but no more than `all`. */
static unsigned bound(const struct search *s, unsigned each, unsigned all)
{
    unsigned n = each * (s->board->tokens.active + 1);

    return n < all ? n : all;
}

/* How many tokens the joiner is to have, *over of them from others, and how many these are
 * to keep.  The more tokens there are, the more are taken over. */
static unsigned count_tokens(struct search *s, unsigned joiner, unsigned *over)
{
    const struct tokens *t = &s->board->tokens;
    unsigned many = bound(s, TOKENS_MANY_EACH, TOKENS_MANY);
    unsigned most = bound(s, TOKENS_MOST_EACH, TOKENS_MOST);
    uint64_t weight = 0, held = 0, own = s->weights[joiner], want = own * s->tokens;
    uint64_t part = 0; /* that is taken over, in PART_ALL */

    for (unsigned i = 0; i < s->count; i++) {
        weight += may_give(s, i, joiner) ? s->weights[i] : 0;
        held += may_give(s, i, joiner) ? t->held[i] : 0;
    }
    assert(weight > 0 && most > many); /* somebody else has tokens */
    if (t->count + want > many) {
        part = t->count > many ? PART_ALL * (t->count - many) / (most - many) : 0;
        part = part < PART_ALL ? part : PART_ALL;
        uint64_t fair = own * held * PART_ALL / (weight * PART_ALL + own * part);
        want = fair < want ? fair : want;
        want = want > 0 ? want : 1;
    }
    *over = (unsigned)(want * part / PART_ALL);
    if (t->count + want - *over > most)
        want = *over + (t->count < most ? most - t->count : 0);
    for (unsigned i = 0; i < s->count; i++) {
        uint64_t keep = (held + want - *over) * s->weights[i] / (weight + own);
        s->keeps[i] = (unsigned)(keep > 0 ? keep : 1);
    }
    return (unsigned)want;
}

/* Whether the slot's token may become that of `joiner`: one of another member, or a new
 * one. */
static bool may_take(const struct search *s, unsigned slot, unsigned joiner, bool over)
{
    const struct tokens *t = &s->board->tokens;
    unsigned m = t->at[slot];

    if (m == TOKENS_NOBODY)
        return !over;
    if (!over || !may_give(s, m, joiner))
        return false;
    return t->held[m] > s->keeps[m] || (t->held[m] > 1 && search_above(s, m, TAKE_ABOVE));
}

/* A slot by chance; POSITION_SLOTS if there is none. */
static unsigned draw(struct search *s, unsigned joiner, bool over)
{
    unsigned slot = 0;

    for (unsigned i = 0; i < LUCK; i++) {
        slot = (unsigned)prng_below(&s->prng, POSITION_SLOTS);
        if (may_take(s, slot, joiner, over))
            return slot;
    }
    for (unsigned i = 0; i < POSITION_SLOTS; i++) {
        slot = (slot + 1) & MASK;
        if (may_take(s, slot, joiner, over))
            return slot;
    }
    return POSITION_SLOTS;
}

/* One near `slot`, or any. */
static unsigned draw_near(struct search *s, unsigned slot, unsigned joiner, bool over)
{
    unsigned to = (slot + POSITION_SLOTS - NEAR + (unsigned)prng_below(&s->prng, 2 * NEAR + 1)) &
                  MASK;

    return may_take(s, to, joiner, over) ? to : draw(s, joiner, over);
}

/* A token, by chance, of the member furthest above its share; POSITION_SLOTS if nobody is
 * far above, or may give any. */
static unsigned draw_worst(struct search *s, unsigned joiner)
{
    const struct board *b = s->board;
    unsigned worst = s->count, slot;

    for (unsigned i = 0; i < s->count; i++) {
        if (b->tokens.held[i] < 2 || !may_give(s, i, joiner) || !search_above(s, i, TAKE_ABOVE))
            continue;
        if (worst == s->count || (uint64_t)b->load[i].owned * b->share[worst].owned >
                                     (uint64_t)b->load[worst].owned * b->share[i].owned)
            worst = i;
    }
    if (worst == s->count)
        return POSITION_SLOTS;
    slot = (unsigned)prng_below(&s->prng, POSITION_SLOTS);
    while (b->tokens.at[slot] != worst)
        slot = (slot + 1) & MASK;
    return slot;
}

/* Gives the joiner the best of DRAWS slots, and of `slot` if it is one: half of them near
 * that.  Adds what that is worth; false if there is none. */
static bool place_best(struct search *s, unsigned slot, unsigned joiner, bool over, int64_t *worth)
{
    unsigned draws = DRAWS + DRAWS_FEW / s->board->tokens.active;
    unsigned to = over ? draw_worst(s, joiner) : POSITION_SLOTS, best = slot;
    int64_t least = slot < POSITION_SLOTS ? board_try(s->board, slot, joiner) : INT64_MAX;

    for (unsigned i = 0; i < draws && (i == 0 || !search_tired(s)); i++) {
        if (i > 0 || to == POSITION_SLOTS)
            to = slot < POSITION_SLOTS && i % 2 ? draw_near(s, slot, joiner, over)
                                                : draw(s, joiner, over);
        if (to == POSITION_SLOTS)
            break;
        int64_t grows = board_try(s->board, to, joiner);
        if (grows < least) {
            least = grows;
            best = to;
        }
    }
    if (best == POSITION_SLOTS)
        return false;
    s->was[best] = s->board->tokens.at[best];
    *worth -= board_set(s->board, best, joiner);
    return true;
}

/* Takes up each of the joiner's tokens and places it anew; returns what that is worth. */
static int64_t place_again(struct search *s, unsigned joiner)
{
    struct tokens *t = &s->board->tokens;
    uint16_t *slots = mem_alloc(t->held[joiner] * sizeof *slots);
    int64_t worth = 0;
    unsigned n = 0;

    for (unsigned i = 0; i < POSITION_SLOTS; i++) {
        if (t->at[i] == joiner)
            slots[n++] = (uint16_t)i;
    }
    for (unsigned i = 0; n > 1 && i < n && !search_tired(s); i++) {
        unsigned was = s->was[slots[i]];
        worth -= board_set(s->board, slots[i], was);
        place_best(s, slots[i], joiner, was != TOKENS_NOBODY, &worth);
    }
    mem_free(slots);
    return worth;
}

bool search_join(struct search *s, unsigned joiner)
{
    struct share *share = &s->board->share[joiner];
    struct share whole;
    int64_t worth = 0;
    unsigned want, over, owned, most;

    search_begin(s, joiner, true);
    want = count_tokens(s, joiner, &over);
    whole = *share;
    for (uint64_t i = 1; i <= want; i++) {
        share->owned = (uint32_t)(whole.owned * i / want);
        share->led = (uint32_t)(whole.led * i / want);
        if (!place_best(s, POSITION_SLOTS, joiner, i <= over, &worth))
            place_best(s, POSITION_SLOTS, joiner, i > over, &worth);
    }
    *share = whole;
    unsigned passes = PASSES + PASSES_FEW / s->board->tokens.active;
    for (unsigned i = 0; i < passes && !search_tired(s); i++) {
        if (i >= PASSES && !search_any_above(s, EVEN))
            break;
        if (place_again(s, joiner) == 0)
            break;
    }
    owned = (unsigned)s->board->load[joiner].owned;
    most = whole.owned / SHARE_SLOT;
    most += most / MEND_PART;
    search_mend(s, most > owned ? most - owned : 0);
    return s->board->tokens.held[joiner] > 0;
}
