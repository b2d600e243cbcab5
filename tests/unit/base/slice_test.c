/* slice_test.c: comparing, and Redis's glob by examples. */
#include "base/slice.h"

#include <criterion/criterion.h>

#include "base/mem.h"

Test(slice, equal_is_of_bytes_and_length)
{
    cr_assert(slice_equal(slice_of(NULL, 0), slice_str("")));
    cr_assert(slice_equal(slice_of("a\0b", 3), slice_of("a\0b", 3)));
    cr_assert_not(slice_equal(slice_of("a\0b", 3), slice_of("a\0c", 3)));
    cr_assert_not(slice_equal(slice_str("ab"), slice_str("a")));
}

Test(slice, compare_sorts_by_unsigned_bytes_and_prefixes_first)
{
    cr_assert_eq(slice_compare(slice_of(NULL, 0), slice_str("")), 0);
    cr_assert_lt(slice_compare(slice_str(""), slice_str("a")), 0);
    cr_assert_lt(slice_compare(slice_str("a"), slice_str("ab")), 0);
    cr_assert_gt(slice_compare(slice_str("b"), slice_str("ab")), 0);
    cr_assert_gt(slice_compare(slice_str("\xff"), slice_str("a")), 0);
}

Test(slice, is_folds_ascii_letters_only)
{
    cr_assert(slice_is(slice_str("GeT"), "get"));
    cr_assert(slice_is(slice_str(""), ""));
    cr_assert_not(slice_is(slice_str("ge"), "get"));
    cr_assert_not(slice_is(slice_str("gets"), "get"));
    cr_assert_not(slice_is(slice_of("get\0", 4), "get"));
    cr_assert_not(slice_is(slice_str("@"), "`"));
    cr_assert_not(slice_is(slice_str("["), "{"));
    cr_assert_not(slice_is(slice_str("\xc4"), "\xe4"));
}

static bool glob(const char *pattern, const char *text)
{
    return slice_glob(slice_str(pattern), slice_str(text), false);
}

Test(slice, glob_without_wildcards_is_equality)
{
    cr_assert(glob("", ""));
    cr_assert(glob("abc", "abc"));
    cr_assert_not(glob("abc", "abcd"));
    cr_assert_not(glob("abcd", "abc"));
    cr_assert_not(glob("abc", "ABC"));
    cr_assert(slice_glob(slice_str("aBc"), slice_str("AbC"), true));
    cr_assert(slice_glob(slice_of("a\0b", 3), slice_of("a\0b", 3), false));
}

Test(slice, glob_star_is_any_bytes_and_question_mark_one)
{
    cr_assert(glob("*", "anything"));
    cr_assert(glob("a*", "a"));
    cr_assert(glob("a***", "a"));
    cr_assert(glob("*a*b*", "xxaxxbxx"));
    cr_assert(glob("*ab", "aab"));
    cr_assert(glob("a*c*e", "abcde"));
    cr_assert_not(glob("a*c*e", "abcdef"));
    cr_assert_not(glob("*a*b*", "bbba"));
    cr_assert(glob("h?llo", "hello"));
    cr_assert_not(glob("h?llo", "hllo"));
    cr_assert_not(glob("?", ""));
    cr_assert(glob("*?", "a"));
    cr_assert_not(glob("*?", ""));
}

Test(slice, glob_classes)
{
    cr_assert(glob("h[ae]llo", "hallo"));
    cr_assert_not(glob("h[ae]llo", "hillo"));
    cr_assert(glob("[a-c]", "b"));
    cr_assert(glob("[c-a]", "b"), "a range may be written backwards");
    cr_assert_not(glob("[a-c]", "d"));
    cr_assert(glob("[^a-c]", "d"));
    cr_assert_not(glob("[^a-c]", "b"));
    cr_assert(glob("[\\]]", "]"));
    cr_assert(glob("[\\-a]", "-"));
    cr_assert(glob("[a-]", "a"));
    cr_assert_not(glob("[]", "a"));
    cr_assert(glob("[^]", "a"));
    cr_assert(slice_glob(slice_str("[A-C]x"), slice_str("bX"), true));
    cr_assert(slice_glob(slice_str("[B]"), slice_str("b"), true));
}

Test(slice, glob_classes_that_are_not_closed_end_with_the_pattern)
{
    cr_assert_not(glob("[", "a"));
    cr_assert(glob("[^", "a"));
    cr_assert(glob("[ab", "b"));
    cr_assert_not(glob("[ab", "c"));
    cr_assert(glob("x[a-c", "xb"));
    cr_assert(glob("[\\", "\\"));
}

Test(slice, glob_backslash_quotes)
{
    cr_assert(glob("\\*", "*"));
    cr_assert_not(glob("\\*", "a"));
    cr_assert(glob("a\\?", "a?"));
    cr_assert(glob("a\\[b]", "a[b]"));
    cr_assert(glob("\\", "\\"));
}

Test(slice, glob_of_many_stars_ends_in_time)
{
    enum { STARS = 900, TEXT = 20000 };
    struct slice text = slice_of(memset(mem_alloc(TEXT), 'a', TEXT), TEXT);
    char pattern[2 * STARS + 2];
    for (int i = 0; i < STARS; i++)
        memcpy(pattern + 2 * i, "*a", 2);
    memcpy(pattern + 2 * STARS, "b", 2);
    cr_assert_not(slice_glob(slice_str(pattern), text, false));
    pattern[2 * STARS] = '*';
    cr_assert(slice_glob(slice_str(pattern), text, false));
    mem_free((void *)text.data);
}

Test(slice, glob_beyond_its_nesting_limit_matches_nothing)
{
    enum { STARS = 2000 };
    char pattern[2 * STARS + 1], text[STARS + 1];
    for (int i = 0; i < STARS; i++)
        memcpy(pattern + 2 * i, "*a", 2);
    pattern[2 * STARS] = '\0';
    memset(text, 'a', STARS);
    text[STARS] = '\0';
    cr_assert_not(glob(pattern, text));
}

Test(slice, equal_nocase_folds_ascii_letters_of_both)
{
    cr_assert(slice_equal_nocase(slice_str("GeT"), slice_str("gEt")));
    cr_assert(slice_equal_nocase(slice_of(NULL, 0), slice_str("")));
    cr_assert_not(slice_equal_nocase(slice_str("get"), slice_str("gets")));
    cr_assert_not(slice_equal_nocase(slice_str("a["), slice_str("a{")));
}
