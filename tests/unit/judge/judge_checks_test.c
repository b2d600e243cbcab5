/* judge_checks_test.c: each check, with histories that it must pass, fail, leave undecided
 * or have nothing to say of. */
#include "judge/judge_checks.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "made_history.h"

typedef enum judge_verdict check(struct judge_history *h, const struct judge_limits *limits,
                                 struct buf *say);

static void judged(check *run, enum judge_verdict expected, const char *lines)
{
    struct buf say = { 0 };
    enum judge_verdict v = made_verdict(lines, &say, run);

    cr_assert_eq(v, expected, "%d: %s\n%.*s", v, lines, (int)say.len, (const char *)say.data);
    buf_deinit(&say);
}

static void passes(check *run, const char *lines)
{
    judged(run, VERDICT_PASSED, lines);
}

static void fails(check *run, const char *lines)
{
    judged(run, VERDICT_FAILED, lines);
}

static void skips(check *run, const char *lines)
{
    judged(run, VERDICT_SKIPPED, lines);
}

Test(counter, a_sum_lies_between_what_was_acknowledged_and_what_may_have_run)
{
    static const char some[] = "a 10 20 INCR n => ok :1\n"
                               "a 30 40 INCRBY n 10 => uncertain\n"
                               "a 50 60 INCRBY n 100 => fail NOQUORUM\n"
                               "a 70 - DECRBY n 1000 => none\n"
                               "final 100\n";
    char lines[512];
    static const struct {
        int told;
        enum judge_verdict verdict;
    } rows[] = {
        { 1, VERDICT_PASSED },  { 11, VERDICT_PASSED },    { -999, VERDICT_PASSED },
        { 12, VERDICT_FAILED }, { -1000, VERDICT_FAILED }, { 101, VERDICT_FAILED },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(lines, sizeof lines, "%sb 100 110 GET n => ok $%d\n", some, rows[i].told);
        judged(counter_check, rows[i].verdict, lines);
    }
}

Test(counter, every_answer_on_the_way_is_looked_at)
{
    fails(counter_check, "a 10 20 INCR n => ok :2\n");
    fails(counter_check, "a 10 20 INCR n => ok :1\n"
                         "a 30 40 INCR n => ok :1\n");
    fails(counter_check, "a 10 50 INCR n => ok :1\n" /* each by itself is possible */
                         "b 10 50 INCR n => ok :1\n");
    fails(counter_check, "a 10 20 INCR n => ok :1\n"
                         "b 30 40 GET n => ok nil\n");
    fails(counter_check, "a 10 20 INCR n => ok :1\n"
                         "b 30 40 GET n => ok $x\n");
    passes(counter_check, "a 10 50 INCR n => ok :2\n"
                          "b 10 50 INCR n => ok :1\n"
                          "c 20 30 GET n => ok $1\n"
                          "a 60 70 DECR n => ok :1\n"
                          "b 80 90 DECR n => ok :0\n"
                          "c 100 110 INCR n => ok :1\n");
}

Test(counter, a_tentative_addition_may_be_missing_until_the_store_is_at_rest)
{
    passes(counter_check, "a 10 20 INCR@one n => ok :1\n"
                          "b 30 40 GET n => ok nil\n"
                          "final 50\n"
                          "b 60 70 GET n => ok $1\n");
    fails(counter_check, "a 10 20 INCR@one n => ok :1\n"
                         "final 50\n"
                         "b 60 70 GET n => ok nil\n");
}

Test(counter, what_is_no_counter_is_left_alone)
{
    skips(counter_check, "a 10 20 SET n 5 => ok +OK\n"
                         "a 30 40 INCR n => ok :6\n");
}

Test(lock, a_lock_is_held_by_one)
{
    passes(lock_check, "a 10 20 SET l a NX PX 100 => ok +OK\n"
                       "b 30 40 SET l b NX PX 100 => ok nil\n"
                       "a 50 60 DELIF l a => ok :1\n"
                       "b 55 70 SET l b NX PX 100 => ok +OK\n");
    fails(lock_check, "a 10 20 SET l a NX PX 100 => ok +OK\n"
                      "b 30 40 SET l b NX PX 100 => ok +OK\n");
    fails(lock_check, "a 10 20 SET l a NX PX 100 => ok +OK\n" /* released too late */
                      "b 30 40 SET l b NX PX 100 => ok +OK\n"
                      "a 50 60 DELIF l a => ok :1\n");
    fails(lock_check, "a 10 20 SET l a NX PX 100 => ok +OK\n" /* another's release */
                      "c 10 20 DELIF l c => uncertain\n"
                      "b 30 40 SET l b NX PX 100 => ok +OK\n");
}

Test(lock, it_ends_by_time_and_by_what_may_have_ended_it)
{
    passes(lock_check, "a 10 20 SET l a NX PX 100 => ok +OK\n"
                       "b 95020 95040 SET l b NX PX 100 => ok +OK\n");
    fails(lock_check, "a 10 20 SET l a NX PX 100 => ok +OK\n" /* slack is 5 ms */
                      "b 94000 95000 SET l b NX PX 100 => ok +OK\n");
    passes(lock_check, "c 5 8 DEL l => uncertain\n"
                       "a 10 20 SET l a NX PX 100 => ok +OK\n"
                       "b 30 40 SET l b NX PX 100 => ok +OK\n");
    passes(lock_check, "a 10 20 SET l a NX PX 100 => uncertain\n"
                       "b 30 40 SET l b NX PX 100 => ok +OK\n");
    fails(lock_check, "c 5 8 DEL l => fail NOQUORUM\n"
                      "a 10 20 SET l a NX PX 100 => ok +OK\n"
                      "b 30 40 SET l b NX PX 100 => ok +OK\n");
    /* told late, by when its time was over: somebody else may have had it meanwhile */
    passes(lock_check, "a 10 200000 SET l a NX PX 100 => ok +OK\n"
                       "b 110000 110010 SET l b NX PX 50 => ok +OK\n");
    skips(lock_check, "a 10 20 SET l a => ok +OK\n");
}

Test(durable, an_acknowledged_write_is_there_at_the_end)
{
    fails(durable_check, "a 10 20 SET k 1 => ok +OK\n"
                         "final 50\n"
                         "b 60 70 GET k => ok nil\n");
    fails(durable_check, "a 10 20 SET k 1 => ok +OK\n"
                         "a 30 40 SET k 2 => ok +OK\n"
                         "final 50\n"
                         "b 60 70 MGET k => ok [ $1 ]\n");
    passes(durable_check, "a 10 35 SET k 1 => ok +OK\n"
                          "a 30 40 SET k 2 => ok +OK\n"
                          "final 50\n"
                          "b 60 70 MGET k => ok [ $1 ]\n");
    passes(durable_check, "a 10 20 SET k 1 => uncertain\n"
                          "a 30 40 SET k 2 => ok +OK\n"
                          "final 50\n"
                          "b 60 70 GET k => ok $1\n");
    fails(durable_check, "a 10 20 SET k 1 => fail\n"
                         "a 30 40 SETNX k 2 => ok :1\n"
                         "final 50\n"
                         "b 60 70 GET k => ok $1\n");
    fails(durable_check, "a 10 20 SET k 1 => ok +OK\n"
                         "a 30 40 SETNX k 2 => ok :0\n"
                         "final 50\n"
                         "b 60 70 GET k => ok $2\n");
    passes(durable_check, "a 10 20 SET k 1 => ok +OK\n"
                          "a 30 40 DEL k => ok :1\n"
                          "final 50\n"
                          "b 60 70 GET k => ok nil\n");
    fails(durable_check, "a 10 20 DEL k => ok :1\n"
                         "a 30 40 SET k 1 => ok +OK\n"
                         "final 50\n"
                         "b 60 70 GET k => ok nil\n");
}

Test(durable, of_tentative_writes_any_may_have_won_but_one_must)
{
    passes(durable_check, "a 10 20 SET@one k 1 => ok +OK\n"
                          "b 30 40 SET@one k 2 => ok +OK\n"
                          "final 50\n"
                          "b 60 70 GET k => ok $1\n");
    fails(durable_check, "a 10 20 SET@one k 1 => ok +OK\n"
                         "final 50\n"
                         "b 60 70 GET k => ok nil\n");
}

Test(durable, what_was_appended_is_there_once_and_in_order)
{
    static const char some[] = "a 10 20 APPEND k a; => ok :2\n"
                               "b 10 20 APPEND k b; => ok :4\n"
                               "c 30 40 APPEND k c; => uncertain\n"
                               "d 30 40 APPEND k d; => ok :6\n"
                               "e 30 40 APPEND k e; => fail\n"
                               "final 50\n";
    static const struct {
        const char *held;
        enum judge_verdict verdict;
    } rows[] = {
        { "a;b;d;", VERDICT_PASSED },   { "b;a;c;d;", VERDICT_PASSED },
        { "b;a;d;c;", VERDICT_PASSED }, { "c;a;b;d;", VERDICT_FAILED },
        { "a;d;", VERDICT_FAILED },     { "a;b;d;e;", VERDICT_FAILED },
        { "a;b;d;d;", VERDICT_FAILED }, { "a;d;b;", VERDICT_FAILED },
        { "a;b;x;d;", VERDICT_FAILED }, { "a;b;c;c;d;", VERDICT_FAILED },
    };
    char lines[512];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(lines, sizeof lines, "%sz 60 70 GET k => ok $%s\n", some, rows[i].held);
        judged(durable_check, rows[i].verdict, lines);
    }
}

Test(durable, a_key_that_nobody_read_at_the_end_is_undecided)
{
    judged(durable_check, VERDICT_UNDECIDED,
           "a 10 20 SET k 1 => ok +OK\n"
           "a 10 20 SET j 1 => ok +OK\n"
           "final 50\n"
           "b 60 70 GET k => ok $1\n"
           "b 80 90 GET j => fail\n");
    skips(durable_check, "a 10 20 SET k 1 => ok +OK\n");
}

Test(monotonic, a_value_does_not_come_back)
{
    fails(monotonic_check, "a 10 20 SET k 1 => ok +OK\n"
                           "a 10 20 SET k 2 => ok +OK\n"
                           "b 30 40 GET k => ok $1\n"
                           "c 50 60 GET k => ok $2\n"
                           "b 70 80 GET k => ok $1\n");
    fails(monotonic_check, "a 10 20 SET k 1 => ok +OK\n" /* nobody read the second */
                           "a 30 40 SET k 2 => ok +OK\n"
                           "b 50 60 GET k => ok $1\n");
    fails(monotonic_check, "a 10 20 SET k 1 => ok +OK\n"
                           "b 50 60 GET k => ok nil\n");
    fails(monotonic_check, "a 10 20 SET k 1 => uncertain\n"
                           "b 30 40 GET k => ok $1\n"
                           "a 50 60 SET k 2 => ok +OK\n"
                           "b 70 80 GET k => ok $1\n");
    passes(monotonic_check, "a 10 90 SET k 1 => ok +OK\n"
                            "a 10 90 SET k 2 => ok +OK\n"
                            "b 30 40 GET k => ok $1\n"
                            "c 35 60 GET k => ok $2\n"
                            "b 70 80 GET k => ok $2\n");
    passes(monotonic_check, "a 10 20 SET k 1 => uncertain\n"
                            "a 30 40 SET k 2 => ok +OK\n"
                            "b 50 60 GET k => ok $2\n"
                            "b 70 80 GET k => ok $1\n");
    passes(monotonic_check, "a 10 20 SET k 1 => ok +OK\n"
                            "a 30 40 DEL k => ok :1\n"
                            "b 50 60 GET k => ok nil\n"
                            "a 70 80 SET k 2 => ok +OK\n"
                            "b 90 95 GET k => ok $2\n"
                            "b 97 98 GETDEL k => ok $2\n"
                            "b 99 99 GET k => ok nil\n");
}

Test(monotonic, what_was_refused_or_never_or_not_yet_written_is_not_seen)
{
    fails(monotonic_check, "a 10 20 SET k 1 => fail\n"
                           "a 10 20 SET k 2 => uncertain\n"
                           "b 30 40 GET k => ok $1\n");
    fails(monotonic_check, "a 10 20 SET k 1 => ok +OK\n"
                           "b 30 40 GET k => ok $2\n");
    fails(monotonic_check, "b 10 20 GET k => ok $1\n"
                           "a 30 40 SET k 1 => ok +OK\n");
    passes(monotonic_check, "a 10 20 DEL k => fail\n"
                            "b 10 20 SETNX k 2 => fail\n"
                            "b 30 40 GET k => ok nil\n"
                            "a 50 60 SET k 1 => ok +OK\n");
}

Test(monotonic, what_only_grows_does_not_shrink)
{
    fails(monotonic_check, "a 10 20 INCR k => ok :1\n"
                           "a 30 40 INCR k => ok :2\n"
                           "b 50 60 GET k => ok $1\n");
    passes(monotonic_check, "a 10 20 INCR k => ok :1\n"
                            "a 30 40 INCR k => ok :2\n"
                            "b 35 60 GET k => ok $1\n");
    skips(monotonic_check, "a 10 20 DECR k => ok :-1\n"
                           "b 50 60 GET k => ok $-1\n");
    fails(monotonic_check, "a 10 20 APPEND k aa => ok :2\n"
                           "b 30 40 GET k => ok nil\n");
    fails(monotonic_check, "a 10 20 APPEND k aa => uncertain\n"
                           "b 30 40 GET k => ok $aa\n"
                           "b 50 60 GET k => ok nil\n");
}

Test(monotonic, reads_that_ask_one_node_say_nothing)
{
    skips(monotonic_check, "a 10 20 SET k 1 => ok +OK\n"
                           "b 30 40 GET@one k => ok nil\n");
}

static enum judge_verdict converged(const char *a, const char *b, const char *c, struct buf *say)
{
    const char *const names[] = { "a", "b", "c" };
    struct slice files[] = { slice_str(a), slice_str(b), slice_str(c) };

    return converge_check(names, files, 3, say);
}

Test(converge, files_of_the_same_lines_have_converged)
{
    struct buf say = { 0 };

    cr_assert_eq(converged("x\ny\nz\n", "z\ny\nx", "y\nx\nz\n", &say), VERDICT_PASSED);
    cr_assert_eq(converged("", "", "", &say), VERDICT_PASSED);
    cr_assert_eq(converged("x\n", "x\n", "x\ny\n", &say), VERDICT_FAILED);
    cr_assert_eq(converged("x\nx\n", "x\nx\n", "x\n", &say), VERDICT_FAILED);
    say.len = 0;
    cr_assert_eq(converged("x\ny\n", "x\ny\n", "w\ny\n", &say), VERDICT_FAILED);
    buf_append_byte(&say, 0);
    cr_assert_str_eq((char *)say.data, "only in c: w\nonly in a: x\n"
                                       "3 files of 2 lines, 2 lines differ\n");
    buf_deinit(&say);
}
