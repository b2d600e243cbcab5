/* linear_test.c: small histories, each with what one store could or could not have shown. */
#include "judge/linear.h"

#include <criterion/criterion.h>

#include "made_history.h"

static void passes(const char *lines)
{
    struct buf say = { 0 };

    cr_assert_eq(made_verdict(lines, &say, linear_check), VERDICT_PASSED, "%s\n%.*s", lines,
                 (int)say.len, (const char *)say.data);
    buf_deinit(&say);
}

static void fails(const char *lines)
{
    cr_assert_eq(made_verdict(lines, NULL, linear_check), VERDICT_FAILED, "%s", lines);
}

Test(linear, reads_see_what_was_written_before)
{
    passes("a 10 20 SET k 1 => ok +OK\n"
           "b 30 40 GET k => ok $1\n"
           "a 50 60 DEL k => ok :1\n"
           "b 70 80 GET k => ok nil\n");
    fails("a 10 20 SET k 1 => ok +OK\n"
          "b 30 40 GET k => ok nil\n");
    fails("b 30 40 GET k => ok $1\n");
}

Test(linear, what_is_under_way_may_be_seen_or_not_but_not_be_forgotten_again)
{
    passes("a 10 90 SET k 1 => ok +OK\n"
           "b 20 30 GET k => ok nil\n"
           "b 40 50 GET k => ok $1\n");
    passes("a 10 90 SET k 1 => ok +OK\n"
           "b 20 50 GET k => ok $1\n"
           "c 30 40 GET k => ok nil\n");
    fails("a 10 90 SET k 1 => ok +OK\n"
          "b 20 30 GET k => ok $1\n"
          "c 40 50 GET k => ok nil\n");
}

Test(linear, what_is_told_and_asked_at_the_same_time_is_under_way_together)
{
    passes("a 10 20 SET k 1 => ok +OK\n"
           "b 20 40 GET k => ok nil\n");
    fails("a 10 20 SET k 1 => ok +OK\n"
          "b 21 40 GET k => ok nil\n");
}

Test(linear, a_stale_read_is_found)
{
    fails("a 10 20 SET k 1 => ok +OK\n"
          "a 30 40 SET k 2 => ok +OK\n"
          "b 50 60 GET k => ok $1\n");
    fails("a 10 20 SET k 1 => ok +OK\n" /* two readers see two writes in different orders */
          "b 10 20 SET k 2 => ok +OK\n"
          "c 30 40 GET k => ok $1\n"
          "d 41 50 GET k => ok $2\n"
          "c 51 60 GET k => ok $1\n");
}

Test(linear, what_failed_definitely_is_never_seen)
{
    passes("a 10 20 SET k 1 => fail NOQUORUM\n"
           "b 30 40 GET k => ok nil\n");
    fails("a 10 20 SET k 1 => fail NOQUORUM\n"
          "b 30 40 GET k => ok $1\n");
    fails("a 10 20 INCR k => fail NOQUORUM\n"
          "b 30 40 INCR k => ok :2\n");
}

Test(linear, what_is_uncertain_takes_effect_once_late_or_never)
{
    passes("a 10 20 SET k 1 => uncertain\n"
           "b 30 40 GET k => ok nil\n"
           "b 50 60 GET k => ok $1\n");
    passes("a 10 - SET k 1 => none\n"
           "b 30 40 GET k => ok nil\n"
           "b 50 60 SETNX k 2 => ok :0\n");
    fails("b 5 8 GET k => ok $1\n"
          "a 10 20 SET k 1 => uncertain\n");
    fails("a 10 20 SET k 1 => uncertain\n"
          "b 30 40 GET k => ok $1\n"
          "b 50 60 SET k 2 => ok +OK\n"
          "b 70 80 GET k => ok $1\n");
    passes("a 10 20 INCR k => uncertain\n"
           "b 10 20 INCR k => uncertain\n"
           "c 30 40 INCR k => ok :3\n");
    fails("a 10 20 INCR k => uncertain\n"
          "b 10 20 INCR k => uncertain\n"
          "c 30 40 INCR k => ok :4\n");
}

Test(linear, one_uncertain_write_may_be_hidden_by_another)
{
    passes("a 10 20 SET k 1 => uncertain\n"
           "b 10 20 DEL k => uncertain\n"
           "c 30 40 SETNX k 3 => ok :0\n"
           "c 50 60 SETNX k 4 => ok :1\n"
           "c 70 80 GET k => ok $4\n");
}

Test(linear, each_command_is_answered_as_redis_does)
{
    passes("a 10 11 SETNX k 1 => ok :1\n"
           "a 12 13 SETNX k 2 => ok :0\n"
           "a 14 15 GETSET k 3 => ok $1\n"
           "a 16 17 APPEND k 4 => ok :2\n"
           "a 18 19 STRLEN k => ok :2\n"
           "a 20 21 INCRBY k 6 => ok :40\n"
           "a 22 23 DECRBY k 41 => ok :-1\n"
           "a 24 25 INCR k => ok :0\n"
           "a 26 27 DECR k => ok :-1\n"
           "a 28 29 EXISTS k j => ok :1\n"
           "a 30 31 GETDEL k => ok $-1\n"
           "a 32 33 GETDEL k => ok nil\n"
           "a 34 35 MSET k 1 j 2 => ok +OK\n"
           "a 36 37 MGET j k i => ok [ $2 $1 nil ]\n"
           "a 38 39 DEL i j k => ok :2\n"
           "a 40 41 SET k 1 NX => ok +OK\n"
           "a 42 43 SET k 2 NX => ok nil\n"
           "a 44 45 SET k 3 XX GET => ok $1\n"
           "a 46 47 DELIF k 4 => ok :0\n"
           "a 48 49 DELIF k 3 => ok :1\n"
           "a 50 51 SET k 3 XX => ok nil\n"
           "a 52 53 SET k no => ok +OK\n"
           "a 54 55 INCR k => ok \"-ERR value is not an integer\"\n"
           "a 56 57 GET k => ok $no\n");
    fails("a 10 11 INCR k => ok \"-ERR value is not an integer\"\n");
    fails("a 10 11 SET k 1 XX => ok +OK\n");
    fails("a 10 11 MSET k 1 j 2 => ok +OK\n"
          "a 12 13 MGET j k => ok [ $1 $2 ]\n");
    fails("a 10 11 APPEND k 44 => ok :1\n");
}

Test(linear, a_transaction_takes_effect_at_once)
{
    passes("a 10 20 MULTI SET x 1 ; SET y 1 ; GET x => ok [ +OK +OK $1 ]\n"
           "b 30 40 MGET x y => ok [ $1 $1 ]\n");
    fails("a 10 90 MULTI SET x 1 ; SET y 1 => ok [ +OK +OK ]\n"
          "b 30 40 MGET x y => ok [ $1 nil ]\n");
    fails("a 10 90 MULTI SET x 1 ; SET y 1 => ok [ +OK +OK ]\n"
          "b 30 40 GET y => ok $1\n"
          "b 50 60 GET x => ok nil\n");
    fails("a 10 20 MULTI INCR x ; SET y 1 => uncertain\n"
          "b 30 40 GET y => ok $1\n"
          "b 50 60 INCR x => ok :1\n");
    passes("a 10 20 MULTI INCR x ; SET y 1 => uncertain\n"
           "b 30 40 INCR x => ok :1\n"
           "b 50 60 INCR x => ok :3\n"
           "b 70 80 GET y => ok $1\n");
}

Test(linear, keys_that_nothing_joins_are_judged_apart)
{
    struct buf say = { 0 };

    cr_assert_eq(made_verdict("a 10 20 SET x 1 => ok +OK\n"
                              "a 10 20 SET y 1 => ok +OK\n"
                              "b 30 40 SET z 1 => ok +OK\n"
                              "b 50 60 MGET y z => ok [ $1 $1 ]\n",
                              &say, linear_check),
                 VERDICT_PASSED);
    buf_append_byte(&say, 0);
    cr_assert_not_null(strstr((char *)say.data, "4 operations, 0 of unknown outcome, in 2 groups"));
    buf_deinit(&say);
}

Test(linear, a_tentative_write_is_one_of_unknown_outcome_and_a_tentative_read_says_nothing)
{
    passes("a 10 20 SET@one k 1 => ok +OK\n"
           "b 30 40 GET k => ok nil\n"
           "b 50 60 GET k => ok $1\n"
           "b 70 80 GET@one k => ok nil\n");
    fails("a 10 20 SET@one k 1 => fail\n"
          "b 30 40 GET k => ok $1\n");
}

Test(linear, a_key_that_expires_is_left_out_and_nothing_to_judge_is_said)
{
    cr_assert_eq(made_verdict("a 10 20 SET k 1 PX 5 => ok +OK\n"
                              "a 30 40 GET k => ok nil\n",
                              NULL, linear_check),
                 VERDICT_SKIPPED);
    cr_assert_eq(made_verdict("", NULL, linear_check), VERDICT_SKIPPED);
    cr_assert_eq(made_verdict("a 10 20 SET k 1 => fail\n", NULL, linear_check), VERDICT_SKIPPED);
}

/* Many at once, and the last read fits nothing. */
static enum judge_verdict crowd(unsigned clients, unsigned millions)
{
    struct judge_limits limits = judge_limits_default();
    struct judge_history h;
    struct buf say = { 0 };
    uint32_t words[3];
    enum judge_verdict v;

    judge_history_init(&h);
    words[0] = judge_texts_of(&h.texts, slice_str("SET"));
    words[1] = judge_texts_of(&h.texts, slice_str("k"));
    for (unsigned i = 0; i <= clients; i++) {
        struct judge_call call = { .count = 3, .words = words };
        struct judge_op op = { .asked_us = 1, .told_us = 2, .call_count = 1, .calls = &call };

        words[2] = judge_texts_of_number(&h.texts, i);
        call.answer.kind = ANSWER_STATUS;
        if (i == clients) {
            words[0] = judge_texts_of(&h.texts, slice_str("GET"));
            call.count = 2;
            call.answer = (struct judge_answer){ .kind = ANSWER_TEXT, .text = words[0] };
            op.asked_us = op.told_us = 3;
        }
        cr_assert_not(err_is(judge_history_add(&h, &op)));
    }
    limits.steps = (uint64_t)millions * 1000000;
    v = linear_check(&h, &limits, &say);
    buf_deinit(&say);
    judge_history_deinit(&h);
    return v;
}

Test(linear, what_takes_more_than_its_bound_is_not_decided)
{
    cr_assert_eq(crowd(10, 10), VERDICT_FAILED);
    cr_assert_eq(crowd(30, 1), VERDICT_UNDECIDED);
}

static bool says(struct buf *say, const char *text)
{
    buf_append_byte(say, 0);
    say->len--;
    return strstr((const char *)say->data, text) != NULL;
}

Test(linear, a_failure_is_shown_with_the_few_operations_that_contradict_each_other)
{
    struct made_plan plan = { .seed = 5, .clients = 5, .keys = 2, .ops = 2000, .trouble = 50 };
    struct buf lines = { 0 }, say = { 0 };

    made_history(&plan, &lines);
    buf_printf(&lines,
               "note 9000010 kill n1\n"
               "x 9000000 9000001 SET k0 old => ok +OK\n"
               "x 9000002 9000003 GET k0 => ok $old\n"
               "y 9000004 9000011 SET k0 new => ok +OK\n"
               "x 9000012 9000014 GET k0 => ok $old\n"
               "x 9000016 9000018 GET k0 => ok $new\n%c",
               0);
    cr_assert_eq(made_verdict((char *)lines.data, &say, linear_check), VERDICT_FAILED);
    cr_assert(says(&say, "no order explains: GET k0 => ok $old\n"), "%s", say.data);
    cr_assert(says(&say, "leaves k0 = new\n"), "%s", say.data);
    cr_assert(says(&say, "SET k0 old => ok +OK"), "%s", say.data);
    cr_assert(says(&say, "SET k0 new => ok +OK"), "%s", say.data);
    cr_assert(says(&say, "kill n1"), "%s", say.data);
    cr_assert_not(says(&say, "SET k1"), "%s", say.data);
    size_t shown = 0;
    for (size_t i = 0; i < say.len; i++)
        shown += say.data[i] == '\n';
    cr_assert_leq(shown, 20, "%s", say.data);
    buf_deinit(&lines);
    buf_deinit(&say);
}
