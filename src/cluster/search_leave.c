/* search_leave.c: what one that leaves led falls to the next token, and to the one before as
 * far as that moves up. */
#include "cluster/search.h"

#include "base/mem.h"

enum {
    MASK = POSITION_SLOTS - 1,
    PASSES = 6,     /* how often the tokens before gaps are placed again */
    DRAWS = 16,     /* places tried in a gap that has more */
    WINDOW = 1024,  /* slots that such a token may matter to; with more it stays */
    MEND_PART = 12, /* of what the change has to move is moved besides, at most */
};

/* What one that left has left: what it owned in slots up to its token falls to the next
 * tokens, and to the one before (of any zone, or of its own) as far as that moves up. */
struct gap {
    uint16_t begin; /* where the token before was, the heir */
    uint16_t now;   /* where it is */
    uint16_t end;   /* where the one that left had its token */
};

/* The token before `slot` that is not the leaver's, and of its zone if `mates`. */
static unsigned heir_before(const struct tokens *t, unsigned leaver, unsigned slot, bool mates)
{
    do {
        slot = tokens_before(t, slot);
    } while (t->at[slot] == leaver || (mates && t->zone[t->at[slot]] != t->zone[leaver]));
    return slot;
}

/* Takes the tokens of `leaver` away and lists the gaps; `gaps` has room for twice so many. */
static unsigned open_gaps(struct search *s, unsigned leaver, struct gap *gaps)
{
    const struct tokens *t = &s->board->tokens;
    bool mates = search_has_mates(s, leaver);
    unsigned n = 0;

    for (unsigned i = 0; i < POSITION_SLOTS; i++) {
        if (t->at[i] != leaver)
            continue;
        for (unsigned k = 0; k <= mates; k++) {
            uint16_t heir = (uint16_t)heir_before(t, leaver, i, k > 0);
            if (k == 0 || heir != gaps[n - 1].begin)
                gaps[n++] = (struct gap){ heir, heir, (uint16_t)i };
        }
    }
    for (unsigned i = 0; i < POSITION_SLOTS; i++) {
        if (t->at[i] == leaver)
            board_set(s->board, i, TOKENS_NOBODY);
    }
    return n;
}

/* Slots of `slots` up to and with `last` that members got since `r`. */
static unsigned moved_since(struct search *s, const struct ring *r, unsigned last, unsigned slots)
{
    struct tokens_owners o;
    unsigned moved = 0;

    for (unsigned i = 0; i < slots; i++) {
        unsigned slot = (last - i) & MASK;
        const struct ring_arc *a = ring_arc(r, ring_arc_of(r, slot));
        tokens_owners(&s->board->tokens, slot, &o);
        s->board->looked += o.looked;
        for (unsigned k = 0; k < o.count; k++)
            moved += !ring_arc_has(a, s->members[o.owner[k]].id);
    }
    return moved;
}

/* Slots before `slot` whose walk comes by. */
static unsigned slots_before(const struct search *s, unsigned slot)
{
    const struct tokens *t = &s->board->tokens;
    unsigned slots = 0, at = slot;
    struct tokens_owners o;

    do {
        at = tokens_before(t, at);
        slots = (slot - at) & MASK;
        tokens_owners(t, at, &o);
    } while (o.reach >= slots && slots > 0 && slots < WINDOW);
    return slots;
}

/* The same near a gap, were its heir at `slot`. */
static unsigned moved_with(struct search *s, const struct ring *r, const struct gap *g,
                           unsigned slots, unsigned slot, unsigned heir)
{
    unsigned moved;

    tokens_set(&s->board->tokens, slot, heir);
    moved = moved_since(s, r, g->end, slots);
    tokens_set(&s->board->tokens, slot, TOKENS_NOBODY);
    return moved;
}

/* Moves the heir to the best of some places in the gap, those where no more is moved than
 * were it to stay. */
static void share_gap(struct search *s, const struct ring *r, struct gap *g)
{
    struct board *b = s->board;
    unsigned member = b->tokens.at[g->now], best = g->now;
    unsigned size = (g->end - g->begin) & MASK;
    unsigned tries = size < DRAWS ? size + 1 : DRAWS;
    unsigned slots, moved;
    int64_t least;

    if (member == TOKENS_NOBODY || b->tokens.count < 2) /* the heir of two has gone to the other */
        return;
    board_set(b, g->now, TOKENS_NOBODY);
    slots = size + slots_before(s, g->begin);
    tries = slots < WINDOW ? tries : 0;
    least = board_try(b, best, member);
    moved = moved_with(s, r, g, slots, best, member);
    for (unsigned i = 0; i < tries; i++) {
        unsigned step = size < DRAWS ? i : (unsigned)prng_below(&s->prng, size + 1);
        unsigned to = (g->begin + step) & MASK;
        if (b->tokens.at[to] != TOKENS_NOBODY)
            continue;
        int64_t grows = board_try(b, to, member);
        if (grows < least && moved_with(s, r, g, slots, to, member) <= moved) {
            least = grows;
            best = to;
        }
    }
    board_set(b, best, member);
    g->now = (uint16_t)best;
}

void search_leave(struct search *s, const struct ring *r, unsigned leaver)
{
    struct gap *gaps = mem_alloc(2 * s->board->tokens.held[leaver] * sizeof *gaps);
    unsigned most = (unsigned)s->board->load[leaver].owned;
    unsigned n, moved;

    search_begin(s, leaver, false);
    n = open_gaps(s, leaver, gaps);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        for (unsigned i = 0; i < n && !search_tired(s); i++)
            share_gap(s, r, &gaps[i]);
    }
    most += most / MEND_PART;
    moved = moved_since(s, r, MASK, POSITION_SLOTS);
    search_mend(s, most > moved ? most - moved : 0);
    mem_free(gaps);
}
