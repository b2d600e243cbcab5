/* stamp_test.c: no stamp twice through crashes and clocks that jump; the mark; others' stamps;
 * and whose clock is wrong. */
#include "cluster/stamp.h"

#include <criterion/criterion.h>
#include <signal.h>

#include "base/prng.h"

#define WALL   UINT64_C(1700000000000000)
#define SECOND UINT64_C(1000000)

static void sync_mark(struct stamp_clock *c, uint64_t wall)
{
    uint64_t mark = stamp_wish(c, wall);

    if (mark)
        stamp_synced(c, mark);
}

/* As a node does: if there is none, a mark is synced first. */
static uint64_t give_synced(struct stamp_clock *c, uint64_t wall)
{
    uint64_t stamp = stamp_give(c, wall);

    if (stamp)
        return stamp;
    sync_mark(c, wall);
    return stamp_give(c, wall);
}

static struct stamp_clock started(void)
{
    struct stamp_clock c;

    stamp_init(&c, 0, 0);
    sync_mark(&c, WALL);
    return c;
}

Test(stamp, is_the_wall_clock_and_rises_where_that_does_not)
{
    struct stamp_clock c = started();

    cr_assert_eq(stamp_give(&c, WALL), WALL);
    cr_assert_eq(stamp_give(&c, WALL), WALL + 1);
    cr_assert_eq(stamp_give(&c, WALL - 5000), WALL + 2);
    cr_assert_eq(stamp_give(&c, WALL + 10), WALL + 10);
    cr_assert(stamp_check(&c));
}

Test(stamp, is_not_given_out_before_a_mark_above_it_is_synced)
{
    struct stamp_clock c;

    stamp_init(&c, 0, 0);
    cr_assert_eq(stamp_give(&c, WALL), 0);
    cr_assert_eq(stamp_wish(&c, WALL), WALL + 3 * SECOND);
    cr_assert_eq(stamp_give(&c, WALL), 0, "asked for is not synced");
    stamp_synced(&c, WALL + 3 * SECOND);
    cr_assert_eq(stamp_give(&c, WALL), WALL);
    cr_assert_eq(stamp_give(&c, WALL + 3 * SECOND + 1), 0);
}

Test(stamp, a_mark_is_asked_for_once_and_again_if_it_could_not_be_synced)
{
    struct stamp_clock c;

    stamp_init(&c, 0, 0);
    cr_assert_neq(stamp_wish(&c, WALL), 0);
    cr_assert_eq(stamp_wish(&c, WALL), 0);
    stamp_unsynced(&c);
    cr_assert_eq(stamp_wish(&c, WALL), WALL + 3 * SECOND);
    stamp_synced(&c, WALL + 3 * SECOND);
    cr_assert_eq(stamp_wish(&c, WALL + SECOND), 0, "two seconds are left");
    cr_assert_eq(stamp_wish(&c, WALL + 2 * SECOND), WALL + 5 * SECOND);
}

Test(stamp, a_mark_that_nobody_asked_for_is_a_mistake, .signal = SIGABRT)
{
    struct stamp_clock c = started();

    stamp_synced(&c, WALL + 9 * SECOND);
}

Test(stamp, a_start_begins_at_the_mark_and_restarting_does_not_raise_it)
{
    struct stamp_clock c;
    uint64_t mark = 0, last = 0;

    for (uint64_t i = 0; i < 1000; i++) {
        stamp_init(&c, mark, last);
        sync_mark(&c, WALL + i);
        mark = c.mark;
        last = c.last;
    }
    cr_assert_leq(mark, WALL + 1000 + 3 * SECOND);
    stamp_init(&c, mark, WALL);
    cr_assert_eq(give_synced(&c, WALL + SECOND), mark + 1);
}

Test(stamp, a_crash_loop_with_writes_stays_within_three_seconds)
{
    struct stamp_clock c;
    uint64_t mark = 0;

    for (uint64_t i = 0; i < 1000; i++) {
        uint64_t wall = WALL + i * SECOND / 10;

        stamp_init(&c, mark, 0);
        cr_assert_neq(give_synced(&c, wall), 0);
        mark = c.mark;
        cr_assert_leq(mark, wall + 3 * SECOND);
    }
}

Test(stamp, a_clock_that_was_set_back_an_hour_stops_nothing)
{
    struct stamp_clock c = started();
    uint64_t before = stamp_give(&c, WALL), wall = WALL - 3600 * SECOND;

    for (int i = 0; i < 4000000; i++) {
        uint64_t stamp = give_synced(&c, wall);

        cr_assert_eq(stamp, before + 1);
        before = stamp;
    }
    cr_assert_leq(c.mark, before + STAMP_ROOM_US);
}

Test(stamp, a_quiet_node_asks_for_no_room_beyond_the_wall_clock)
{
    struct stamp_clock c;

    stamp_init(&c, WALL, WALL);
    cr_assert_eq(stamp_wish(&c, WALL - 3600 * SECOND), 0);
    cr_assert_eq(stamp_give(&c, WALL - 3600 * SECOND), 0);
    cr_assert_eq(stamp_wish(&c, WALL - 3600 * SECOND), WALL + STAMP_ROOM_US);
}

Test(stamp, a_clean_stop_leaves_no_gap)
{
    struct stamp_clock c = started();
    uint64_t last = stamp_give(&c, WALL);

    cr_assert_eq(stamp_stop(&c), last);
    cr_assert_eq(stamp_give(&c, WALL), 0);
    stamp_init(&c, last, last);
    sync_mark(&c, WALL + 1);
    cr_assert_eq(stamp_give(&c, WALL + 1), WALL + 1);
}

Test(stamp, nothing_below_a_promise_is_given_out_through_a_restart)
{
    struct stamp_clock c = started();
    uint64_t promise = stamp_promise(&c, WALL + SECOND);

    cr_assert_eq(promise, WALL + SECOND + 1);
    cr_assert_geq(stamp_give(&c, WALL), promise);
    promise = stamp_promise(&c, WALL + 60 * SECOND);
    cr_assert_eq(promise, c.mark, "no further than what is synced");
    stamp_init(&c, c.mark, 0);
    cr_assert_gt(give_synced(&c, WALL + SECOND), promise);
}

Test(stamp, a_peers_stamp_is_passed_unless_it_is_far_ahead)
{
    struct stamp_clock c = started();

    cr_assert_eq(stamp_see(&c, WALL, WALL + STAMP_NEAR_US), STAMP_TAKEN);
    cr_assert_eq(stamp_give(&c, WALL), WALL + STAMP_NEAR_US + 1);
    cr_assert_eq(stamp_see(&c, WALL, c.last + STAMP_NEAR_US + 1), STAMP_EARLY);
    cr_assert_eq(stamp_see(&c, WALL, c.last + STAMP_SKEW_MAX_US + 1), STAMP_REFUSED);
    cr_assert_eq(stamp_see(&c, WALL, UINT64_MAX), STAMP_REFUSED);
    cr_assert_eq(stamp_see(&c, WALL, 1), STAMP_TAKEN);
    cr_assert_eq(stamp_give(&c, WALL), WALL + STAMP_NEAR_US + 2);
    cr_assert(c.early == 1 && c.refused == 2);
}

Test(stamp, one_of_a_frame_is_always_passed)
{
    struct stamp_clock c = started();
    uint64_t far = WALL + 3600 * SECOND;

    stamp_follow(&c, WALL, far);
    cr_assert_eq(c.early, 1);
    cr_assert_eq(stamp_give(&c, WALL), 0, "above the mark");
    sync_mark(&c, WALL);
    cr_assert_eq(stamp_give(&c, WALL), far + 1);
    cr_assert_eq(stamp_see(&c, WALL, far + 2), STAMP_TAKEN, "the own time is there");
    cr_assert(stamp_check(&c));
}

/* One life after another, on a clock that jumps, with syncs that come late or never. */
static void run_lives(uint64_t seed)
{
    struct prng p;
    struct stamp_clock c;
    uint64_t wall = WALL, disk = 0, newest = 0, promise = 0, asked = 0;

    prng_init(&p, seed);
    stamp_init(&c, 0, 0);
    for (int i = 0; i < 3000; i++) {
        wall += prng_below(&p, 200000);
        if (prng_one_in(&p, 100))
            wall += prng_below(&p, 20 * SECOND) - 10 * SECOND;
        uint64_t stamp = stamp_give(&c, wall), wish = stamp_wish(&c, wall);
        cr_assert(!stamp || (stamp > newest && stamp >= promise && stamp <= disk), "seed %lu",
                  (unsigned long)seed);
        newest = stamp ? stamp : newest;
        asked = wish ? wish : asked;
        if (asked && prng_one_in(&p, 3)) {
            disk = asked;
            stamp_synced(&c, asked);
            asked = 0;
        } else if (asked && prng_one_in(&p, 10)) {
            stamp_unsynced(&c);
            asked = 0;
        }
        if (prng_one_in(&p, 5))
            stamp_see(&c, wall, wall + prng_below(&p, 8 * SECOND) - SECOND);
        if (prng_one_in(&p, 50))
            stamp_follow(&c, wall, wall + prng_below(&p, 8 * SECOND));
        if (prng_one_in(&p, 10))
            promise = stamp_promise(&c, wall);
        cr_assert(stamp_check(&c) && promise <= disk);
        if (prng_one_in(&p, 40)) { /* power loss: the mark is what is left */
            asked = 0;
            stamp_init(&c, disk, 0);
        }
    }
    cr_assert_gt(newest, WALL);
}

Test(stamp, is_never_given_out_twice_whatever_clock_disk_and_power_do)
{
    for (uint64_t seed = 0; seed < 200; seed++)
        run_lives(seed);
}

static struct stamp_skew skew_of(size_t count, const int64_t *offsets)
{
    int64_t copy[8];

    for (size_t i = 0; i < count; i++)
        copy[i] = offsets[i];
    return stamp_skew(copy, count);
}

Test(skew, is_the_distance_from_the_median_of_the_peers)
{
    struct stamp_skew s = skew_of(3, (int64_t[]){ 7000000, -3600000000, 6000000 });

    cr_assert(s.off && s.ahead_us == -6000000);
    s = skew_of(3, (int64_t[]){ 3600000000, -5000000, -5000000 });
    cr_assert(!s.off && s.ahead_us == 5000000);
    s = skew_of(3, (int64_t[]){ 3600000000, -5000001, -5000001 });
    cr_assert(s.off);
    cr_assert(!skew_of(0, NULL).off, "a node by itself has nobody to differ from");
}

Test(skew, of_three_nodes_only_the_wrong_one_is_off)
{
    cr_assert_not(skew_of(2, (int64_t[]){ 0, 3600000000 }).off);
    cr_assert_not(skew_of(2, (int64_t[]){ -3600000000, 100 }).off);
    cr_assert(skew_of(2, (int64_t[]){ -3600000000, -3600000100 }).off);
}

Test(skew, of_two_nodes_neither_knows_who_is_wrong)
{
    cr_assert(skew_of(1, (int64_t[]){ 6000000 }).off);
    cr_assert(skew_of(1, (int64_t[]){ -6000000 }).off);
    cr_assert(skew_of(1, (int64_t[]){ INT64_MIN }).off);
}

Test(skew, is_said)
{
    struct buf text = { 0 };
    struct stamp_skew s = skew_of(1, (int64_t[]){ 6012345 });

    stamp_skew_print(&s, &text);
    cr_assert(
        slice_equal(buf_slice(&text),
                    slice_str("the clock is 6.012 s behind the median of its peers (1 heard): "
                              "this node leads nothing and accepts nothing at one")));
    buf_deinit(&text);
}
