/* board_test.c: what is added up token by token is what all tokens together come to. */
#include "cluster/board.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/prng.h"
#include "ring_world.h"

/* As board.c weighs them, from all loads. */
static int64_t difference(const struct board *b, unsigned members)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < members; i++) {
        const uint32_t ought[] = { b->share[i].owned, b->share[i].led };
        const int32_t is[] = { b->load[i].owned, b->load[i].led };
        for (unsigned k = 0; k < 2; k++) {
            int64_t s = ought[k] > 64 * SHARE_SLOT ? ought[k] : 64 * SHARE_SLOT;
            int64_t off = (int64_t)is[k] * SHARE_SLOT - ought[k];
            sum += off * off * ((INT64_C(1) << 41) / (s * s)) * (k == 0 ? 4 : 1);
        }
    }
    return sum;
}

static int by_id(const void *a, const void *b)
{
    uint32_t x = ((const struct ring_member *)a)->id, y = ((const struct ring_member *)b)->id;

    return x < y ? -1 : x > y;
}

static struct board *draw_board(struct ring_world *w, struct prng *p)
{
    struct board *b;

    ring_world_draw(w, p, 12, 20, (unsigned)prng_below(p, 4));
    qsort(w->members, w->count, sizeof *w->members, by_id);
    b = board_new(1 + (unsigned)prng_below(p, 4), w->members, w->count);
    for (unsigned i = 0; i < w->count; i++) {
        b->share[i].owned = (uint32_t)prng_below(p, SHARE_ALL);
        b->share[i].led = (uint32_t)prng_below(p, SHARE_ALL);
    }
    return b;
}

/* Sets one token, any to any, but takes the last one from nobody. */
static void set_one(struct board *b, unsigned members, struct prng *p)
{
    unsigned slot = (unsigned)prng_below(p, POSITION_SLOTS);
    unsigned member = (unsigned)prng_below(p, members + 2);
    int64_t before = difference(b, members), tried, done;

    if (prng_one_in(p, 2))
        slot = tokens_next(&b->tokens, slot);
    if (member >= members)
        member = TOKENS_NOBODY;
    if (member == TOKENS_NOBODY && b->tokens.count < 2)
        return;
    tried = board_try(b, slot, member);
    cr_assert_eq(difference(b, members), before);
    done = board_set(b, slot, member);
    cr_assert_eq(b->tokens.at[slot], member);
    cr_assert_eq(tried, done);
    cr_assert_eq(difference(b, members), before + done);
}

static void shift_one(struct board *b, unsigned members, struct prng *p)
{
    unsigned slot = tokens_next(&b->tokens, (unsigned)prng_below(p, POSITION_SLOTS));
    unsigned ahead = (tokens_next(&b->tokens, (slot + 1) % POSITION_SLOTS) - slot - 1);
    unsigned behind = (slot - tokens_before(&b->tokens, slot) - 1) % POSITION_SLOTS;
    struct tokens_owners o[POSITION_SLOTS / 64], n;
    int64_t before = difference(b, members), tried;
    unsigned moved, fresh = 0, room;
    bool up = prng_one_in(p, 2);

    room = up ? ahead % POSITION_SLOTS : behind;
    room = room < POSITION_SLOTS / 64 ? room : POSITION_SLOTS / 64;
    if (room == 0)
        return;
    unsigned step = 1 + (unsigned)prng_below(p, room);
    for (unsigned i = 0; i < step; i++)
        tokens_owners(&b->tokens, (up ? slot + 1 + i : slot - i) % POSITION_SLOTS, &o[i]);
    tried = board_try_shift(b, slot, up ? (int)step : -(int)step, &moved);
    cr_assert_eq(difference(b, members), before);
    board_shift(b, slot, up ? (int)step : -(int)step);
    cr_assert_eq(difference(b, members), before + tried);
    for (unsigned i = 0; i < step; i++) {
        tokens_owners(&b->tokens, (up ? slot + 1 + i : slot - i) % POSITION_SLOTS, &n);
        for (unsigned k = 0; k < n.count; k++) {
            bool had = false;
            for (unsigned m = 0; m < o[i].count; m++)
                had |= o[i].owner[m] == n.owner[k];
            fresh += !had;
        }
    }
    cr_assert_eq(moved, fresh);
}

Test(board, loads_and_their_worth_follow_every_token)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct ring_world w;
        struct prng p;
        prng_init(&p, seed);
        struct board *b = draw_board(&w, &p);
        cr_assert(board_check(b));
        for (unsigned i = 0; i < 30; i++) {
            set_one(b, (unsigned)w.count, &p);
            shift_one(b, (unsigned)w.count, &p);
            if (i % 10 == 0)
                cr_assert(board_check(b), "seed %" PRIu64 ", step %u", seed, i);
        }
        cr_assert(board_check(b));
        board_free(b);
    }
}
