/* level_test.c: levels as text, and what they need. */
#include "cell/level.h"

#include <criterion/criterion.h>

static const struct level ONE = { LEVEL_ONE, 0 }, QUORUM = { LEVEL_QUORUM, 0 },
                          ALL = { LEVEL_ALL, 0 };

static struct level number(uint8_t n)
{
    return (struct level){ LEVEL_NUMBER, n };
}

static struct level parsed(const char *text)
{
    struct level level;

    cr_assert(level_parse(slice_str(text), &level), "%s", text);
    return level;
}

Test(level, is_a_name_or_a_number)
{
    struct level level = ALL;
    static const char *const bad[] = { "", "0", "256", "-1", "01", "ones", "on", "1 ", "quorum1" };

    cr_assert(level_equal(parsed("quorum"), QUORUM));
    cr_assert(level_equal(parsed("One"), ONE));
    cr_assert(level_equal(parsed("ALL"), ALL));
    cr_assert(level_equal(parsed("1"), number(1)));
    cr_assert(level_equal(parsed("255"), number(255)));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(level_parse(slice_str(bad[i]), &level), "%s", bad[i]);
    cr_assert(level_equal(level, ALL), "left alone");
}

Test(level, is_printed_as_it_is_read)
{
    static const char *const texts[] = { "quorum", "one", "all", "1", "3", "255" };
    char out[LEVEL_TEXT];

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t n = level_print(parsed(texts[i]), out);
        cr_assert(slice_equal(slice_of(out, n), slice_str(texts[i])));
    }
}

Test(level, needs_so_many_owners)
{
    cr_assert_eq(level_need(QUORUM, 1), 1);
    cr_assert_eq(level_need(QUORUM, 2), 2);
    cr_assert_eq(level_need(QUORUM, 3), 2);
    cr_assert_eq(level_need(QUORUM, 4), 3);
    cr_assert_eq(level_need(QUORUM, 5), 3);
    cr_assert_eq(level_need(ONE, 5), 1);
    cr_assert_eq(level_need(ALL, 5), 5);
    cr_assert_eq(level_need(number(4), 5), 4);
    cr_assert(level_possible(number(5), 5) && !level_possible(number(6), 5));
    cr_assert(level_possible(QUORUM, 1) && level_possible(ALL, 1) && level_possible(ONE, 1));
}

Test(level, below_a_majority_is_below_quorum)
{
    cr_assert(level_below_quorum(ONE, 3) && level_below_quorum(number(2), 5));
    cr_assert(!level_below_quorum(ONE, 1) && !level_below_quorum(number(2), 3));
    for (unsigned owners = 1; owners < 9; owners++)
        cr_assert(!level_below_quorum(QUORUM, owners) && !level_below_quorum(ALL, owners));
}

/* What the words change quorum for both into; the defaults are 2 and 3.  NULL: refused. */
static void expect_levels(const char *words, const char *read, const char *write, size_t want_used)
{
    struct levels defaults = { number(2), number(3) }, levels = { QUORUM, QUORUM };
    struct slice args[8];
    size_t count = 0, used = 99;

    for (const char *at = words; *at; count++) {
        size_t n = strcspn(at, " ");
        args[count] = slice_of(at, n);
        at += n + (at[n] == ' ');
    }
    struct err e = levels_parse(args, count, &defaults, &levels, &used);
    cr_assert_eq(err_is(e), !read, "%s", words);
    if (!read) {
        cr_assert(e.code == ERR_INVALID && used == 99);
        cr_assert(level_equal(levels.read, QUORUM) && level_equal(levels.write, QUORUM));
        return;
    }
    cr_assert(level_equal(levels.read, parsed(read)), "%s", words);
    cr_assert(level_equal(levels.write, parsed(write)), "%s", words);
    cr_assert_eq(used, want_used, "%s", words);
}

Test(levels, are_said_for_both_or_apart)
{
    expect_levels("one", "one", "one", 1);
    expect_levels("2", "2", "2", 1);
    expect_levels("READ one WRITE all", "one", "all", 4);
    expect_levels("write 3 read 1", "1", "3", 4);
    expect_levels("READ one", "one", "quorum", 2);
    expect_levels("WRITE one", "quorum", "one", 2);
    expect_levels("DEFAULT", "2", "3", 1);
}

Test(levels, end_where_a_command_begins)
{
    expect_levels("all GET k", "all", "all", 1);
    expect_levels("READ one GET k", "one", "quorum", 2);
    expect_levels("READ one WRITE all SET k v", "one", "all", 4);
    expect_levels("default GET k", "2", "3", 1);
    expect_levels("READ one READ two", "one", "quorum", 2);
    expect_levels("READ 1 WRITE 2 READ 3", "1", "2", 4);
}

Test(levels, that_make_no_sense_are_refused_and_change_nothing)
{
    expect_levels("", NULL, NULL, 0);
    expect_levels("two", NULL, NULL, 0);
    expect_levels("GET k", NULL, NULL, 0);
    expect_levels("READ", NULL, NULL, 0);
    expect_levels("READ two", NULL, NULL, 0);
    expect_levels("READ one WRITE", NULL, NULL, 0);
    expect_levels("READ one WRITE DEFAULT", NULL, NULL, 0);
}

Test(level, errors_say_what_is_known)
{
    struct buf text = { 0 };

    level_print_noquorum(2, 3, 1, &text);
    cr_assert(slice_equal(buf_slice(&text), slice_str("need 2 of 3, 1 reachable")));
    text.len = 0;
    level_print_uncertain(2, 3, 1, &text);
    cr_assert(slice_equal(buf_slice(&text),
                          slice_str("need 2 of 3, 1 has it; it may or may not take effect")));
    buf_deinit(&text);
}
