/* pick_test.c: what is compacted next, shape by shape (fake_levels.h). */
#include "lsm/pick.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fake_levels.h"

#define L0_4 "0: 0-91=10 0-92=10 0-93=10 0-94=10 "
#define L0_8 "0: 0-91=60 0-92=60 0-93=60 0-94=60 0-95=60 0-96=60 0-97=60 0-98=60 "

static const struct pick_options options = {
    .l0_tables = 4, .l0_bytes = 600, .ratio = 10, .base_size = 100, .job_bytes_max = 400
};

static const struct shape {
    const char *what;
    const char *levels;
    const char *pick;
    uint64_t cursor; /* of every level */
} shapes[] = {
    { "nothing at all", "", "nothing", 0 },
    { "too few in L0", "0: 0-9=9 0-9=9 0-9=9 | 6: 0-9=9", "nothing", 0 },
    { "few in L0, but large", "0: 0-91=300 0-92=300 | 6: 0-99=9", "merge 0>6 0-91 0-92 + 0-99", 0 },
    { "not quite as large", "0: 0-91=300 0-92=299 | 6: 0-99=9", "nothing", 0 },
    { "the first L0 moves", L0_4, "move 0>6 0-94", 0 },
    { "L0 meets its base", L0_4 "| 6: 0-49=8 50-99=8", "merge 0>6 0-91 0-92 0-93 0-94 + 0-49 50-99",
      0 },
    { "tombstones do not move to the bottom", "0: 0-9=9 0-9=9 0-9=9 0-8=9t1",
      "merge 0>6 0-9 0-9 0-9 0-8", 0 },
    { "expired cells do not either", "0: 0-9=9 0-9=9 0-9=9 0-8=9e100-0",
      "merge 0>6 0-9 0-9 0-9 0-8", 0 },
    { "nor flushed ones", "0: 0-9=9 0-9=9 0-9=9 0-8=9g1", "merge 0>6 0-9 0-9 0-9 0-8", 0 },
    { "a full L0 in one job if it fits", L0_8, "move 0>6 0-98", 0 },
    { "the oldest of L0 as the job has room", L0_8 "| 6: 0-99=100",
      "merge 0>6 0-94 0-95 0-96 0-97 0-98 + 0-99", 0 },
    { "four of L0 whatever they weigh", "0: 0-91=99 0-92=99 0-93=99 0-94=99 0-95=99 | 6: 0-99=100",
      "merge 0>6 0-92 0-93 0-94 0-95 + 0-99", 0 },
    { "what lies between L0's tables is met too",
      "0: 90-99=9 0-9=9 90-99=9 0-9=9 | 6: 0-5=1 40-59=1",
      "merge 0>6 90-99 0-9 90-99 0-9 + 0-5 40-59", 0 },
    { "a large bottom opens a level", L0_4 "| 6: 0-99=150", "move 0>5 0-94", 0 },
    { "nothing moves over too much", L0_4 "| 6: 0-49=200 50-99=200",
      "merge 0>5 0-91 0-92 0-93 0-94", 0 },
    { "a base in use goes on", L0_4 "| 5: 0-9=9 | 6: 0-99=90",
      "merge 0>5 0-91 0-92 0-93 0-94 + 0-9", 0 },
    { "a level over its size", "5: 0-9=20 | 6: 0-29=150", "merge 5>6 0-9 + 0-29", 0 },
    { "a level of just its size", "5: 0-9=15 | 6: 0-29=150", "nothing", 0 },
    { "neighbours come along for nothing", "5: 0-9=20 10-19=1 30-39=1 | 6: 0-29=75 30-99=75",
      "merge 5>6 0-9 10-19 + 0-29", 0 },
    { "but not beyond the job's size", "5: 0-9=300 10-19=9 | 6: 0-29=390", "merge 5>6 0-9 + 0-29",
      0 },
    { "the least overlap", "5: 0-9=20 20-29=20 | 6: 0-4=50 5-9=50 20-29=50",
      "merge 5>6 20-29 + 20-29", 0 },
    { "the cursor decides among equals",
      "5: 0-9=20 20-29=20 40-49=20 | 6: 0-9=50 20-29=50 40-49=50", "merge 5>6 20-29 + 20-29", 15 },
    { "the cursor goes round", "5: 0-9=20 20-29=20 40-49=20 | 6: 0-9=50 20-29=50 40-49=50",
      "merge 5>6 0-9 + 0-9", 50 },
    { "nothing below: it moves", "5: 0-9=20 20-29=20 | 6: 0-4=150 5-9=50", "move 5>6 20-29", 0 },
    { "only what is clean moves along", "5: 0-9=9 10-19=9t1 20-29=9 | 6: 40-49=110", "move 5>6 0-9",
      0 },
    { "alone if it may not move", "5: 10-19=20t1 | 6: 40-49=110", "merge 5>6 10-19", 0 },
    { "tombstones move as long as there is something below",
      "4: 0-9=30t9 | 6: 0-9=100 10-49=950 50-99=950", "move 4>5 0-9", 0 },
    { "the level furthest over its size", L0_4 "| 5: 0-9=40 | 6: 0-29=150", "merge 5>6 0-9 + 0-29",
      0 },
    { "L0 if that is further", "0: 0-9=1 0-9=1 0-9=1 0-9=1 0-9=1 | 5: 0-9=16 | 6: 0-9=150",
      "merge 0>5 0-9 0-9 0-9 0-9 0-9 + 0-9", 0 },
    { "a level that is not needed is emptied", "3: 0-9=5 | 6: 0-99=50", "move 3>5 0-9", 0 },
    { "level by level if the next is in use", "3: 0-9=5 | 4: 0-9=5 | 6: 0-99=50",
      "merge 3>4 0-9 + 0-9", 0 },
    { "L0 goes no deeper than what is above",
      "0: 0-9=1 0-9=1 0-9=1 0-9=1 0-9=1 | 4: 0-9=1 | 6: 0-9=50",
      "merge 0>4 0-9 0-9 0-9 0-9 0-9 + 0-9", 0 },
    { "flushed tables go unread", "5: 0-9=9 | 6: 0-49=80f 50-99=10f", "drop 6 0-49 50-99", 0 },
    { "in L0 with older ones below", "0: 0-9=5f 0-9=5 | 6: 0-9=9", "drop 0 0-9", 0 },
    { "expired tables go unread", "6: 0-49=8x 50-99=8", "drop 6 0-49", 0 },
    { "tombstones with nothing below go with them", "6: 0-49=8t30x 50-99=8", "drop 6 0-49", 0 },
    { "an expired table hides older cells", "5: 0-9=9x | 6: 0-9=90", "merge 5>6 0-9 + 0-9", 0 },
    { "in L0 too", "0: 0-9=5x 0-9=5", "nothing", 0 },
    { "the oldest of L0 hides nothing", "0: 0-9=5 0-9=5x", "drop 0 0-9", 0 },
    { "many tombstones", "5: 0-9=8t40 | 6: 0-99=90", "merge 5>6 0-9 + 0-99", 0 },
    { "before less overlap", "5: 0-9=20 20-29=20t190 | 6: 0-4=50 20-29=150",
      "merge 5>6 20-29 + 20-29", 0 },
    { "some tombstones", "5: 0-9=8t39 | 6: 0-99=90", "nothing", 0 },
    { "few tombstones over much", "5: 0-9=1t10 | 6: 0-99=90", "nothing", 0 },
    { "deletes in L0", "0: 0-91=1t10 0-92=2t15 | 6: 0-99=50", "merge 0>6 0-91 0-92 + 0-99", 0 },
    { "few deletes in L0", "0: 0-91=1t10 | 6: 0-99=50", "nothing", 0 },
    { "flushed cells at the bottom", "6: 0-49=10g50 50-99=10g49", "merge 6>6 0-49", 0 },
    { "and in the middle", "5: 0-49=9g80 | 6: 0-99=90", "merge 5>5 0-49", 0 },
    { "half of it expired by now", "6: 0-49=10e0-199 50-99=10e0-250", "merge 6>6 0-49", 0 },
    { "some never expire", "6: 0-49=10e0-0", "nothing", 0 },
    { "tombstones at the bottom", "6: 0-49=10t50 50-99=10t49", "merge 6>6 0-49", 0 },
};

Test(pick, next_of_every_shape)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *s = &shapes[i];
        struct version *v = fake_levels(s->levels);
        uint64_t cursor[LEVELS], bytes = 0;
        struct pick p;
        char text[200];
        for (unsigned level = 0; level < LEVELS; level++)
            cursor[level] = s->cursor;
        pick_next(v, &options, cursor, FAKE_NOW, &p);
        fake_pick_print(&p, text, sizeof text);
        cr_expect_str_eq(text, s->pick, "%s: %s, not %s", s->what, text, s->pick);
        cr_expect(fake_pick_sound(v, &p), "%s", s->what);
        for (size_t k = 0; k < p.upper_count; k++)
            bytes += p.upper[k]->meta.size;
        for (size_t k = 0; k < p.lower_count; k++)
            bytes += p.lower[k]->meta.size;
        cr_expect_eq(p.bytes, bytes, "%s", s->what);
        pick_deinit(&p);
        fake_levels_free(v);
    }
}

Test(pick, advances_the_cursor_behind_what_it_took)
{
    struct version *v = fake_levels("5: 0-9=20 20-29=20 40-49=20 | 6: 0-9=50 20-29=50 40-49=50");
    uint64_t cursor[LEVELS] = { 0 };
    const unsigned order[] = { 0, 20, 40, 0 };

    for (unsigned i = 0; i < 4; i++) {
        struct pick p;
        pick_next(v, &options, cursor, FAKE_NOW, &p);
        cr_expect_eq(p.upper[0]->meta.min_position, order[i]);
        pick_deinit(&p);
    }
    fake_levels_free(v);
}

/* --- sizes of levels */

static const struct {
    const char *levels;
    unsigned base;
    uint64_t target[LEVELS];
} sizes[] = {
    { "", 6, { [6] = 1 } },
    { "6: 0-9=100", 6, { [6] = 100 } },
    { "6: 0-9=101", 5, { [5] = 10, [6] = 101 } },
    { "5: 0-9=1 | 6: 0-9=100", 5, { [5] = 10, [6] = 100 } },
    { "5: 0-9=1 | 6: 0-9=30", 5, { [5] = 3, [6] = 30 } },
    { "5: 0-9=1 | 6: 0-9=29", 5, { [6] = 29 } },
    { "6: 0-9=5000", 4, { [4] = 50, [5] = 500, [6] = 5000 } },
    { "5: 0-9=5000 | 6: 0-9=10", 4, { [4] = 50, [5] = 500, [6] = 5000 } },
    { "6: 0-9=100000000",
      1,
      { [1] = 1000, [2] = 10000, [3] = 100000, [4] = 1000000, [5] = 10000000, [6] = 100000000 } },
};

Test(pick, levels_follow_from_the_largest)
{
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct version *v = fake_levels(sizes[i].levels);
        struct pick_levels l;
        pick_levels(v, &options, &l);
        cr_expect_eq(l.base, sizes[i].base, "%s: base %u", sizes[i].levels, l.base);
        cr_expect_eq(memcmp(l.target, sizes[i].target, sizeof l.target), 0, "%s", sizes[i].levels);
        fake_levels_free(v);
    }
}

/* --- debt */

static uint64_t debt_of(const char *format, unsigned a, unsigned b)
{
    char text[200];
    struct version *v;
    uint64_t debt;

    snprintf(text, sizeof text, format, a, b);
    v = fake_levels(text);
    debt = pick_debt(v, &options);
    fake_levels_free(v);
    return debt;
}

Test(debt, grows_with_every_byte_of_l0_by_what_it_costs_on_its_way)
{
    uint64_t last = debt_of("5: 0-9=15 | 6: 0-9=150", 0, 0);

    cr_expect_eq(last, 0);
    for (unsigned l0 = 1; l0 < 300; l0++) {
        uint64_t debt = debt_of("0: 0-9=%u | 5: 0-9=15 | 6: 0-9=150", l0, 0);
        cr_expect_gt(debt, last, "at %u", l0);
        cr_expect_leq(debt - last, 22, "at %u", l0);
        last = debt;
    }
}

Test(debt, falls_when_l0_is_compacted)
{
    for (unsigned l0 = 1; l0 < 300; l0++)
        cr_expect_lt(debt_of("5: 0-9=%u | 6: 0-9=150", 15 + l0, 0),
                     debt_of("0: 0-9=%u | 5: 0-9=15 | 6: 0-9=150", l0, 0), "at %u", l0);
}

Test(debt, falls_when_a_level_is_compacted)
{
    for (unsigned extra = 1; extra < 300; extra++)
        cr_expect_lt(debt_of("5: 0-9=15 | 6: 0-9=%u", 150 + extra, 0),
                     debt_of("5: 0-9=%u | 6: 0-9=150", 15 + extra, 0), "at %u", extra);
}

/* Opening a level makes the same bytes cheaper, never much dearer. */
Test(debt, does_not_jump_when_a_level_is_opened)
{
    for (unsigned l0 = 10; l0 < 200; l0 += 10)
        cr_expect_leq(debt_of("0: 0-9=%u | 6: 0-9=%u", l0, 101),
                      debt_of("0: 0-9=%u | 6: 0-9=%u", l0, 100) + l0 + 1, "at %u", l0);
}

Test(debt, is_measured_by_that_of_levels_at_their_sizes)
{
    struct version *v = fake_levels("5: 0-9=15 | 6: 0-9=150");

    cr_expect_eq(pick_debt_of(v, &options, 0), 0);
    cr_expect_eq(pick_debt_of(v, &options, 40),
                 debt_of("0: 0-9=40 | 5: 0-9=15 | 6: 0-9=150", 0, 0));
    fake_levels_free(v);
}
