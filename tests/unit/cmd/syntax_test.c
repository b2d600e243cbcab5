/* syntax_test.c: a command's arguments, read out of one line. */
#include "cmd/syntax.h"

#include <criterion/criterion.h>
#include <string.h>

static struct syntax s;

Test(syntax, words_have_types_and_tokens)
{
    cr_assert(syntax_parse("key [EX seconds:integer] [NX] old{ip:port}:pattern", &s));
    cr_expect_eq(s.count, 5);
    cr_expect_eq(s.args[1].type, SYNTAX_KEY);
    cr_expect(slice_is(s.args[2].token, "EX") && slice_is(s.args[2].name, "seconds"));
    cr_expect_eq(s.args[2].flags, SYNTAX_OPTIONAL);
    cr_expect_eq(s.args[3].type, SYNTAX_TOKEN);
    cr_expect(slice_is(s.args[4].shown, "ip:port"));
    cr_expect_eq(s.args[4].type, SYNTAX_PATTERN);
}

Test(syntax, groups_are_blocks_or_one_of)
{
    cr_assert(syntax_parse("how[A | B x | sub<c d>]... [GET p]...", &s));
    cr_expect_eq(s.args[1].type, SYNTAX_ONE_OF);
    cr_expect_eq(s.args[1].flags, SYNTAX_OPTIONAL | SYNTAX_MULTIPLE);
    cr_expect_eq(syntax_count(&s, 1), 3);
    cr_expect_eq(s.args[4].type, SYNTAX_BLOCK);
    cr_expect_eq(s.args[7].flags, SYNTAX_OPTIONAL | SYNTAX_MULTIPLE | SYNTAX_MULTIPLE_TOKEN);
    cr_expect_eq(syntax_count(&s, 0), 2);
}

Test(syntax, the_fewest_words_are_counted)
{
    static const struct {
        const char *text;
        unsigned least;
        bool more;
    } cases[] = { { NULL, 0, false },
                  { "a b", 2, false },
                  { "a [b]", 1, true },
                  { "a...", 1, true },
                  { "x<A b | y<c d>>", 2, false },
                  { "x<A b | c>", 1, true },
                  { "A x<b c>", 3, false },
                  { "x<[A] | [b]>", 1, false },
                  { "<A b>...", 2, true } };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool more = false;
        cr_assert(syntax_parse(cases[i].text, &s), "%s", cases[i].text);
        cr_expect_eq(syntax_least(&s, 0, &more), cases[i].least, "%s", cases[i].text);
        cr_expect_eq(more, cases[i].more, "%s", cases[i].text);
    }
}

Test(syntax, what_is_not_written_so_is_refused)
{
    static const char *const wrong[] = { "",           "a  b",   "a[b", "a<b]", "a:number", "a | b",
                                         "x[a | b c]", "[a]...", "<a>", "a{}",  "a.b",      "]" };
    char deep[SYNTAX_DEPTH_MAX * 2 + 2] = "", wide[SYNTAX_ARGS_MAX * 2 + 2] = "";

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect(!syntax_parse(wrong[i], &s), "'%s' was taken", wrong[i]);
    for (size_t i = 0; i < SYNTAX_DEPTH_MAX; i++)
        memcpy(deep + 2 * i, "a[", 2);
    deep[sizeof deep - 2] = 'a';
    cr_expect(!syntax_parse(deep, &s));
    memset(wide, ' ', sizeof wide - 1);
    for (size_t i = 0; i < sizeof wide - 1; i += 2)
        wide[i] = 'a';
    cr_expect(!syntax_parse(wide, &s));
}
