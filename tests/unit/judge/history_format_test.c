/* history_format_test.c: files to histories and back, and what is wrong with a file. */
#include "judge/history_format.h"

#include <criterion/criterion.h>

#include "base/mem.h"
#include "made_history.h"

static const char all[] = "henge-history 1\n"
                          "c1 1200 1350 SET k v1 => ok +OK\n"
                          "c2 1400 1600 GET@one k => ok $v1\n"
                          "c1 1700 1800 MULTI SET a 1 ; INCR b => ok [ +OK :1 ]\n"
                          "c1 1700 1800 MULTI@one SET a 1 ; MGET b => ok [ +OK [ $1 ] ]\n"
                          "c1 1801 1802 MULTI DEL a => ok [ :1 ]\n"
                          "c3 1810 1900 SET k v2 => fail NOQUORUM need 2 of 3, 1 reachable\n"
                          "c3 2000 2500 INCRBY n -5 => uncertain connection lost\n"
                          "c3 2600 - SET k v3 => none\n"
                          "c3 2700 2800 MGET a b c => ok [ nil $ \"$two \\\"words\\\"\" ]\n"
                          "c3 2800 2800 SET \";\" \"\" => ok +OK\n"
                          "\"c 4\" 2900 2900 SET \"\\x00\\xff\\\\\" \"=>\" => ok \"-ERR no\"\n"
                          "note 3000 kill -9 n1\n"
                          "final 9000\n";

static struct err read_text(struct judge_history *h, const char *text, uint32_t *line)
{
    judge_history_init(h);
    return history_format_read(h, slice_str(text), line);
}

Test(history_format, what_is_written_is_what_was_read)
{
    struct judge_history h;
    struct buf out = { 0 };
    uint32_t line;
    struct err e = read_text(&h, all, &line);

    cr_assert_not(err_is(e), "line %u: %s", line, e.what);
    cr_assert_eq(h.op_count, 11);
    cr_assert_eq(h.key_count, 7);
    cr_assert_eq(h.ops[8].calls[0].answer.count, 3);
    cr_assert_eq(h.ops[8].calls[0].key_count, 3);
    cr_assert_eq(h.ops[8].line, 10);
    history_format_write(&h, &out);
    buf_append_byte(&out, 0);
    cr_assert_str_eq((const char *)out.data, all);
    judge_history_deinit(&h);
    buf_deinit(&out);
}

Test(history_format, spaces_empty_lines_and_comments_do_not_count)
{
    struct judge_history h;
    uint32_t line;

    cr_assert_not(
        err_is(read_text(&h, "henge-history 1\n\n  # no\n  a  1   2 get k =>  ok nil", &line)));
    cr_assert_eq(h.op_count, 1);
    judge_history_deinit(&h);
}

struct wrong {
    const char *line;
    const char *what;
};

static const struct wrong wrongs[] = {
    { "a", "the line ends too early" },
    { "a 1 2 GET k", "the line ends too early" },
    { "a 1 2 GET k =>", "the line ends too early" },
    { "a 1 2 GET k => ok", "the line ends too early" },
    { "a 1 2 MGET k => ok [ $1", "the line ends too early" },
    { "a x 2 GET k => ok nil", "a time is not a whole number of microseconds" },
    { "a 1 -2 GET k => ok nil", "a time is not a whole number of microseconds" },
    { "a 3 2 GET k => ok nil", "an answer before its question" },
    { "a 1 - GET k => ok nil", "no answer has no time, and every answer has one" },
    { "a 1 2 GET k => none", "no answer has no time, and every answer has one" },
    { "a 1 2 NOPE k => ok nil", "a command that the judge does not know" },
    { "a 1 2 => ok nil", "no command" },
    { "a 1 2 GET => ok nil", "a wrong number of arguments" },
    { "a 1 2 GET k j => ok nil", "a wrong number of arguments" },
    { "a 1 2 MSET k 1 j => ok +OK", "a wrong number of arguments" },
    { "a 1 2 SET k 1 YY => ok +OK", "an argument that the command does not take" },
    { "a 1 2 SET k 1 NX XX => ok +OK", "an argument that the command does not take" },
    { "a 1 2 SET k 1 PX 0 => ok +OK", "an argument that the command does not take" },
    { "a 1 2 INCRBY k 1.5 => ok :1", "an argument that the command does not take" },
    { "a 1 2 GET k => maybe", "an outcome that is none of ok, fail, uncertain, none" },
    { "a 1 2 GET k => ok v", "an answer that is none of nil +status :integer $text -error [" },
    { "a 1 2 GET k => ok \"nil\"",
      "an answer that is none of nil +status :integer $text -error [" },
    { "a 1 2 INCR k => ok :1x", "a number that is none" },
    { "a 1 2 GET k => ok $1 $2", "more on the line than an operation" },
    { "a 1 2 MGET k => ok [ $1 $2 ]", "an array that is longer than the command" },
    { "a 1 2 MULTI GET k => ok $1", "MULTI is answered with an array" },
    { "a 1 2 MULTI GET k ; GET j => ok [ $1 ]", "an answer for each command of a MULTI" },
    { "a 1 2 MULTI GET k => ok [ $1 $2 ]", "more answers than commands" },
    { "a 1 2 MULTI => ok [ ]", "an answer for each command of a MULTI" },
    { "a 1 2 MULTI GET k ; => fail", "no command" },
    { "a 1 2 SET k \"v => ok +OK", "a quoted word is not well formed" },
    { "a 1 2 SET k \"v\"w => ok +OK", "a quoted word is not well formed" },
    { "a 1 2 SET k \"\\q\" => ok +OK", "a quoted word is not well formed" },
    { "a 1 2 SET k \"\\x0g\" => ok +OK", "a quoted word is not well formed" },
    { "note", "the line ends too early" },
    { "note x", "a time is not a whole number of microseconds" },
    { "final 1 2", "more on the line than a time" },
};

Test(history_format, what_is_wrong_with_a_line_is_said)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct judge_history h;
        struct buf text = { 0 };
        uint32_t line;
        struct err e;

        buf_printf(&text, "henge-history 1\na 1 2 GET k => ok nil\n%s\nb 1 2\n", wrongs[i].line);
        judge_history_init(&h);
        e = history_format_read(&h, buf_slice(&text), &line);
        cr_assert_eq(e.code, ERR_INVALID, "%s", wrongs[i].line);
        cr_assert_str_eq(e.what, wrongs[i].what, "%s: %s", wrongs[i].line, e.what);
        cr_assert_eq(line, 3);
        cr_assert_eq(h.op_count, 1);
        judge_history_deinit(&h);
        buf_deinit(&text);
    }
}

Test(history_format, a_file_of_something_else_is_refused)
{
    static const char *const others[] = { "", "henge-history 2\n", "a 1 2 GET k => ok nil\n" };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct judge_history h;
        uint32_t line;

        cr_assert_eq(read_text(&h, others[i], &line).code, ERR_INVALID);
        cr_assert_eq(line, 1);
        judge_history_deinit(&h);
    }
}

static enum err_code code_of(struct buf *text)
{
    struct judge_history h;
    uint32_t line;
    enum err_code code;

    judge_history_init(&h);
    code = history_format_read(&h, buf_slice(text), &line).code;
    judge_history_deinit(&h);
    buf_deinit(text);
    return code;
}

static struct buf repeated(const char *begin, const char *part, unsigned count, const char *end)
{
    struct buf text = { 0 };

    buf_printf(&text, "henge-history 1\na 1 2 %s", begin);
    while (count--)
        buf_append(&text, slice_str(part));
    buf_append(&text, slice_str(end));
    return text;
}

Test(history_format, what_is_beyond_a_limit_is_refused_and_what_is_at_it_is_not)
{
    struct buf text;

    text = repeated("MGET", " k", HISTORY_WORDS_MAX - 1, " => fail\n");
    cr_assert_eq(code_of(&text), ERR_NONE);
    text = repeated("MGET", " k", HISTORY_WORDS_MAX, " => fail\n");
    cr_assert_eq(code_of(&text), ERR_LIMIT);
    text = repeated("MULTI GET k", " ; GET k", HISTORY_CALLS_MAX - 1, " => fail\n");
    cr_assert_eq(code_of(&text), ERR_NONE);
    text = repeated("MULTI GET k", " ; GET k", HISTORY_CALLS_MAX, " => fail\n");
    cr_assert_eq(code_of(&text), ERR_LIMIT);
    text = repeated("MGET k => ok [", " nil", HISTORY_WORDS_MAX + 1, " ]\n");
    cr_assert_eq(code_of(&text), ERR_LIMIT);
    text = repeated("SET k ", "v", HISTORY_LINE_MAX, " => fail\n");
    cr_assert_eq(code_of(&text), ERR_LIMIT);
}
