/* stamp.c: the hybrid logical clock, its synced mark, and whether it may be trusted. */
#include "cluster/stamp.h"

#include <assert.h>
#include <stdlib.h>

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void stamp_init(struct stamp_clock *c, uint64_t mark, uint64_t last)
{
    *c = (struct stamp_clock){ .last = larger(mark, last), .mark = mark, .asked = mark };
}

uint64_t stamp_give(struct stamp_clock *c, uint64_t wall_us)
{
    uint64_t next = larger(wall_us, c->last + 1);

    c->wanted = true;
    if (next > c->mark)
        return 0;
    c->given = next;
    c->last = next;
    return next;
}

uint64_t stamp_wish(struct stamp_clock *c, uint64_t wall_us)
{
    uint64_t ahead = wall_us + STAMP_AHEAD_US;
    bool low = c->wanted && c->mark < c->last + STAMP_ROOM_LOW_US;

    if (c->asked > c->mark)
        return 0;
    if ((low || c->mark < wall_us + STAMP_AHEAD_US / 2) && ahead >= c->last + STAMP_ROOM_LOW_US)
        c->asked = ahead;
    else if (low)
        c->asked = c->last + STAMP_ROOM_US;
    else
        return 0;
    assert(c->asked > c->mark);
    return c->asked;
}

void stamp_synced(struct stamp_clock *c, uint64_t mark)
{
    assert(mark == c->asked && mark > c->mark);
    c->mark = mark;
}

void stamp_unsynced(struct stamp_clock *c)
{
    c->asked = c->mark;
}

uint64_t stamp_promise(struct stamp_clock *c, uint64_t wall_us)
{
    uint64_t now = wall_us < c->mark ? wall_us : c->mark;

    c->last = larger(c->last, now);
    return c->last < c->mark ? c->last + 1 : c->mark;
}

uint64_t stamp_stop(struct stamp_clock *c)
{
    /* What was seen beyond the mark was given out by others. */
    c->mark = c->last < c->mark ? c->last : c->mark;
    c->last = larger(c->last, c->mark);
    c->asked = c->mark;
    return c->mark;
}

/* How far ahead of the own time.  That is the later one of wall clock and last stamp: in a ring
 * whose clocks were all set back stamps go on from where they were. */
static uint64_t ahead_of(const struct stamp_clock *c, uint64_t wall_us, uint64_t stamp)
{
    uint64_t now = larger(wall_us, c->last);

    return stamp > now ? stamp - now : 0;
}

enum stamp_seen stamp_see(struct stamp_clock *c, uint64_t wall_us, uint64_t stamp)
{
    uint64_t ahead = ahead_of(c, wall_us, stamp);

    if (ahead > STAMP_SKEW_MAX_US) {
        c->refused++;
        return STAMP_REFUSED;
    }
    if (ahead > STAMP_NEAR_US) {
        c->early++;
        return STAMP_EARLY;
    }
    c->last = larger(c->last, stamp);
    return STAMP_TAKEN;
}

void stamp_follow(struct stamp_clock *c, uint64_t wall_us, uint64_t stamp)
{
    if (ahead_of(c, wall_us, stamp) > STAMP_NEAR_US)
        c->early++;
    c->last = larger(c->last, stamp);
}

bool stamp_check(const struct stamp_clock *c)
{
    return c->given <= c->mark && c->given <= c->last && c->mark <= c->asked;
}

static int compare_offsets(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static uint64_t distance(int64_t offset)
{
    return offset < 0 ? 0 - (uint64_t)offset : (uint64_t)offset;
}

struct stamp_skew stamp_skew(int64_t *offsets, size_t count)
{
    struct stamp_skew skew = { .peers = count };
    int64_t median;

    if (count == 0)
        return skew;
    qsort(offsets, count, sizeof *offsets, compare_offsets);
    median = offsets[count / 2];
    if (count % 2 == 0 && distance(offsets[count / 2 - 1]) < distance(median))
        median = offsets[count / 2 - 1];
    skew.off = distance(median) > STAMP_SKEW_MAX_US;
    skew.ahead_us = median == INT64_MIN ? INT64_MAX : -median;
    return skew;
}

void stamp_skew_print(const struct stamp_skew *skew, struct buf *to)
{
    uint64_t ms = distance(skew->ahead_us) / 1000;

    buf_printf(to, "the clock is %llu.%03llu s %s the median of its peers (%zu heard)%s",
               (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000),
               skew->ahead_us < 0 ? "behind" : "ahead of", skew->peers,
               skew->off ? ": this node leads nothing and accepts nothing at one" : "");
}
