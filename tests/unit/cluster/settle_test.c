/* settle_test.c: every request is settled exactly once and in its origin's order, whoever sends
 * it, how often and when; and the state's bytes. */
#include "cluster/settle.h"

#include <criterion/criterion.h>

#include "base/mem.h"
#include "base/prng.h"

static struct settle_request request(uint16_t slot, uint32_t origin, uint64_t previous,
                                     uint64_t stamp)
{
    return (struct settle_request){ { stamp, origin }, previous, slot };
}

static enum settle_turn turn_of(const struct settle *s, struct settle_request r)
{
    return settle_turn(s, &r);
}

static void move(struct settle *s, uint16_t slot, uint32_t origin, uint64_t stamp)
{
    settle_move(s, slot, (struct cell_version){ stamp, origin });
}

Test(settle, a_request_waits_for_the_one_before_it_and_is_dropped_the_second_time)
{
    struct settle *s = settle_new();

    cr_assert_eq(turn_of(s, request(77, 3, 10, 25)), SETTLE_LATER);
    cr_assert_eq(turn_of(s, request(77, 3, 0, 10)), SETTLE_NOW);
    move(s, 77, 3, 10);
    cr_assert_eq(turn_of(s, request(77, 3, 0, 10)), SETTLE_DONE);
    cr_assert_eq(turn_of(s, request(77, 3, 10, 25)), SETTLE_NOW);
    cr_assert_eq(turn_of(s, request(77, 4, 10, 25)), SETTLE_LATER, "another origin");
    cr_assert_eq(turn_of(s, request(78, 3, 10, 25)), SETTLE_LATER, "another slot");
    move(s, 77, 3, 25);
    move(s, 77, 3, 10);
    cr_assert_eq(settle_reached(s, 77, 3), 25, "twice in the log is once");
    settle_free(s);
}

Test(settle, below_the_floor_all_is_settled_and_nothing_is_kept)
{
    struct settle *s = settle_new();

    move(s, 1, 3, 10);
    move(s, 1, 4, 20);
    settle_raise_floor(s, 20);
    cr_assert_eq(settle_entries(s), 1);
    cr_assert_eq(turn_of(s, request(5, 9, 0, 19)), SETTLE_DONE);
    cr_assert_eq(turn_of(s, request(1, 3, 10, 20)), SETTLE_NOW);
    cr_assert_eq(settle_previous(s, 1, 3), 0);
    cr_assert_eq(settle_previous(s, 1, 4), 20);
    move(s, 2, 2, 15);
    settle_raise_floor(s, 5);
    cr_assert_eq(settle_reached(s, 2, 2), 19);
    settle_raise_floor(s, 21);
    cr_assert_eq(settle_entries(s), 0);
    cr_assert(settle_check(s));
    settle_free(s);
}

Test(settle, a_gap_is_passed_when_the_floor_is_at_the_request_behind_it)
{
    struct settle *s = settle_new();

    move(s, 7, 3, 10);
    cr_assert_eq(turn_of(s, request(7, 3, 20, 30)), SETTLE_LATER);
    settle_raise_floor(s, 20);
    cr_assert_eq(turn_of(s, request(7, 3, 20, 30)), SETTLE_LATER);
    cr_assert_eq(turn_of(s, request(7, 3, 10, 20)), SETTLE_NOW, "it is there after all");
    settle_raise_floor(s, 30);
    cr_assert_eq(turn_of(s, request(7, 3, 20, 30)), SETTLE_NOW);
    cr_assert_eq(turn_of(s, request(7, 3, 10, 20)), SETTLE_DONE);
    settle_free(s);
}

Test(settle, too_many_entries_make_new_ones_wait)
{
    struct settle *s = settle_new();

    for (uint32_t i = 0; i < SETTLE_ENTRIES_MAX; i++)
        move(s, (uint16_t)(i % 16384), i / 16384, i + 1);
    cr_assert_eq(settle_entries(s), SETTLE_ENTRIES_MAX);
    cr_assert_eq(turn_of(s, request(0, 9, 0, 1000000)), SETTLE_FULL);
    cr_assert_eq(turn_of(s, request(0, 1, 16385, 1000000)), SETTLE_NOW);
    settle_raise_floor(s, 2);
    cr_assert_eq(turn_of(s, request(0, 9, 0, 1000000)), SETTLE_NOW);
    settle_free(s);
}

Test(settle, an_empty_arc_can_be_split)
{
    struct settle *s = settle_new(), *upper = settle_split(s, 5);

    cr_assert(settle_entries(s) == 0 && settle_entries(upper) == 0);
    cr_assert(settle_check(s) && settle_check(upper));
    settle_free(s);
    settle_free(upper);
}

Test(settle, both_halves_of_a_split_arc_know_what_is_theirs)
{
    struct settle *s = settle_new(), *upper;

    for (uint16_t slot = 10; slot < 20; slot++)
        move(s, slot, 3, 50);
    settle_raise_floor(s, 40);
    upper = settle_split(s, 15);
    cr_assert(settle_check(s) && settle_check(upper));
    cr_assert(settle_entries(s) == 5 && settle_entries(upper) == 5);
    cr_assert(settle_reached(s, 14, 3) == 50 && settle_reached(s, 15, 3) == 39);
    cr_assert(settle_reached(upper, 15, 3) == 50 && settle_reached(upper, 14, 3) == 39);
    settle_free(s);
    settle_free(upper);
}

/* --- any holder, any order, twice ---------------------------------------------- */

enum { ORIGINS = 4, SLOTS = 2, EACH = 6, REQUESTS = ORIGINS * SLOTS * EACH, HOLDERS = 3 };

/* One arc.  Origin 0 is a node that leads at times, and then writes at `one` in its own frames;
 * the others' requests are with holders. */
struct arc {
    struct prng p;
    struct settle_request requests[REQUESTS];
    bool held[HOLDERS][REQUESTS];
    bool made[REQUESTS]; /* origin 0's, as they come */
    bool lost[REQUESTS]; /* no holder has it any more */
    int lost_count;
    bool forgotten; /* the origin of what is lost */
    struct settle *applied;
    struct settle *ahead; /* the leader's */
    int log[REQUESTS];    /* frames: applied ones, then those that are not */
    int committed;
    int end;
};

static void make_requests(struct arc *a)
{
    uint64_t stamp = 100, last[ORIGINS * SLOTS] = { 0 };

    for (int i = 0; i < REQUESTS; i++) {
        uint32_t chain = (uint32_t)i % (ORIGINS * SLOTS);

        stamp += 1 + prng_below(&a->p, 3);
        a->requests[i] = request((uint16_t)(chain % SLOTS), chain / SLOTS, last[chain], stamp);
        last[chain] = stamp;
        if (chain / SLOTS == 0)
            continue;
        a->made[i] = true;
        a->held[prng_below(&a->p, HOLDERS)][i] = true;
        for (int h = 0; h < HOLDERS; h++)
            a->held[h][i] = a->held[h][i] || prng_one_in(&a->p, 2);
    }
}

static void append(struct arc *a, int i)
{
    settle_move(a->ahead, a->requests[i].slot, a->requests[i].version);
    cr_assert_lt(a->end, REQUESTS, "more frames than requests");
    a->log[a->end++] = i;
}

static void send_one(struct arc *a)
{
    int h = (int)prng_below(&a->p, HOLDERS), i = (int)prng_below(&a->p, REQUESTS);
    const struct settle_request *r = &a->requests[i];

    if (!a->held[h][i])
        return;
    if (settle_turn(a->ahead, r) == SETTLE_NOW)
        append(a, i);
    else if (settle_reached(a->applied, r->slot, r->version.origin) >= r->version.stamp)
        a->held[h][i] = false; /* its frame is committed */
}

/* Origin 0 leads and writes at `one`. */
static void write_one(struct arc *a)
{
    for (int i = 0; i < REQUESTS; i++) {
        if (a->made[i])
            continue;
        if (settle_turn(a->ahead, &a->requests[i]) == SETTLE_NOW) {
            a->made[i] = true;
            append(a, i);
        }
        return; /* else its own tentative ones are settled first */
    }
}

static void commit_some(struct arc *a)
{
    while (a->committed < a->end && !prng_one_in(&a->p, 3)) {
        const struct settle_request *r = &a->requests[a->log[a->committed++]];
        settle_move(a->applied, r->slot, r->version);
    }
}

/* The next leader has all that is committed, and some of the tail; requests of the rest are
 * tentative again. */
static void change_leader(struct arc *a)
{
    int kept = a->committed + (int)prng_below(&a->p, (uint64_t)(a->end - a->committed) + 1);

    for (int i = kept; i < a->end; i++) {
        if (a->requests[a->log[i]].version.origin == 0)
            a->held[0][a->log[i]] = true;
    }
    a->end = kept;
    settle_free(a->ahead);
    a->ahead = settle_copy(a->applied);
    for (int i = a->committed; i < kept; i++)
        settle_move(a->ahead, a->requests[a->log[i]].slot, a->requests[a->log[i]].version);
}

/* All below the oldest that is not committed is settled, and none will come.  While its origin
 * is a member, nobody knows of a request that it is lost. */
static void raise_floor(struct arc *a)
{
    uint64_t floor = UINT32_MAX;

    for (int i = 0; i < REQUESTS; i++) {
        const struct settle_request *r = &a->requests[i];
        if (!(a->lost[i] && a->forgotten) &&
            settle_reached(a->applied, r->slot, r->version.origin) < r->version.stamp &&
            r->version.stamp < floor)
            floor = r->version.stamp;
    }
    floor -= prng_below(&a->p, 20);
    settle_raise_floor(a->applied, floor);
    settle_raise_floor(a->ahead, floor);
}

/* The state goes to a new owner. */
static void send_state(struct arc *a)
{
    struct buf bytes = { 0 };
    struct settle *back = NULL;

    settle_encode(a->applied, &bytes);
    cr_assert_not(err_is(settle_decode(buf_slice(&bytes), &back)));
    settle_free(a->applied);
    a->applied = back;
    buf_deinit(&bytes);
}

static void expect_each_once_in_order(const struct arc *a, uint64_t seed)
{
    int next[ORIGINS * SLOTS];

    for (int chain = 0; chain < ORIGINS * SLOTS; chain++)
        next[chain] = chain;
    cr_assert_eq(a->committed, REQUESTS - a->lost_count);
    for (int i = 0; i < a->committed; i++) {
        int chain = a->log[i] % (ORIGINS * SLOTS);
        while (a->lost[next[chain]])
            next[chain] += ORIGINS * SLOTS;
        cr_assert_eq(a->log[i], next[chain], "seed %lu: frame %d has request %d", seed, i,
                     a->log[i]);
        next[chain] += ORIGINS * SLOTS;
    }
}

/* Origin 1 is gone, and some of its requests with it. */
static void lose_some(struct arc *a)
{
    for (int i = 0; i < REQUESTS; i++) {
        if (a->requests[i].version.origin != 1 || !prng_one_in(&a->p, 3))
            continue;
        a->lost[i] = true;
        a->lost_count++;
        for (int h = 0; h < HOLDERS; h++)
            a->held[h][i] = false;
    }
}

static void run_arc(uint64_t seed, bool loses)
{
    struct arc *a = mem_zalloc(1, sizeof *a);
    int steps = 0;

    prng_init(&a->p, seed);
    make_requests(a);
    if (loses)
        lose_some(a);
    a->applied = settle_new();
    a->ahead = settle_new();
    while (a->committed < REQUESTS - a->lost_count) {
        cr_assert_lt(++steps, 1000000, "seed %lu: something waits for ever", seed);
        a->forgotten = steps > 3000;
        send_one(a);
        if (prng_one_in(&a->p, 20))
            write_one(a);
        if (prng_one_in(&a->p, 30))
            commit_some(a);
        if (prng_one_in(&a->p, 100))
            change_leader(a);
        if (prng_one_in(&a->p, 100))
            raise_floor(a);
        if (prng_one_in(&a->p, 300))
            send_state(a);
        cr_assert(settle_check(a->applied) && settle_check(a->ahead));
        cr_assert_leq(settle_entries(a->ahead), ORIGINS * SLOTS);
    }
    expect_each_once_in_order(a, seed);
    settle_free(a->applied);
    settle_free(a->ahead);
    mem_free(a);
}

Test(settle, any_holder_in_any_order_and_twice_settles_each_once_in_its_origins_order)
{
    for (uint64_t seed = 0; seed < 300; seed++)
        run_arc(seed, false);
}

Test(settle, what_is_left_of_a_forgotten_origin_is_settled_in_its_order)
{
    for (uint64_t seed = 0; seed < 200; seed++)
        run_arc(seed, true);
}

/* --- bytes ------------------------------------------------------------------- */

Test(settle, the_state_is_encoded_so)
{
    static const uint8_t want[] = {
        /* clang-format off */
        0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
        0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
        0x04, 0x03, 0x02, 0x01, 0x4d, 0x00, 0x00, 0x00,
        0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x05, 0x00, 0x00, 0x00, 0xff, 0x3f, 0x00, 0x00,
        /* clang-format on */
    };
    struct settle *s = settle_new();
    struct buf bytes = { 0 };

    move(s, 16383, 5, 0x200);
    move(s, 77, 0x01020304, 0x1112131415161718);
    settle_raise_floor(s, 0x200);
    settle_encode(s, &bytes);
    cr_assert(slice_equal(buf_slice(&bytes), slice_of(want, sizeof want)));
    buf_deinit(&bytes);
    settle_free(s);
}

static enum err_code code_of(struct slice bytes)
{
    struct settle *s = NULL;
    struct err e = settle_decode(bytes, &s);

    cr_assert(err_is(e) == !s);
    settle_free(s);
    return e.code;
}

Test(settle, a_damaged_state_is_refused)
{
    struct settle *s = settle_new();
    struct buf b = { 0 };
    static const size_t zeroed[] = { 4, 16, 16 + 14 + 1 };

    settle_encode(s, &b);
    cr_assert_eq(code_of(buf_slice(&b)), ERR_NONE);
    b.len = 0;
    move(s, 7, 5, 30);
    move(s, 7, 6, 40);
    settle_encode(s, &b);
    for (size_t cut = 0; cut < b.len; cut++)
        cr_assert_eq(code_of(slice_of(b.data, cut)), ERR_CORRUPT);
    for (size_t i = 0; i < sizeof zeroed / sizeof zeroed[0]; i++) {
        b.data[zeroed[i]] ^= 30;
        cr_assert_eq(code_of(buf_slice(&b)), ERR_CORRUPT, "byte %zu", zeroed[i]);
        b.data[zeroed[i]] ^= 30;
    }
    b.data[0] = 2;
    cr_assert_eq(code_of(buf_slice(&b)), ERR_INVALID);
    b.data[0] = 1;
    b.data[8] = 31; /* an entry is below the floor */
    cr_assert_eq(code_of(buf_slice(&b)), ERR_CORRUPT);
    b.data[8] = 30;
    cr_assert_eq(code_of(buf_slice(&b)), ERR_NONE);
    b.data[16 + 8] = 6; /* the same twice */
    cr_assert_eq(code_of(buf_slice(&b)), ERR_CORRUPT);
    b.data[16 + 8] = 5;
    b.data[32 + 13] = 0x40; /* no slot */
    cr_assert_eq(code_of(buf_slice(&b)), ERR_CORRUPT);
    buf_deinit(&b);
    settle_free(s);
}
