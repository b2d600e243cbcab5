/* acl_check_test.c: what users may do. */
#include <criterion/criterion.h>

#include "unit/session/acl_fixture.h"

static struct command_table *table;
static struct acl_rows rows;
static struct acl_user *u;

static void setup(void)
{
    table = fixture_table();
    acl_rows_init(&rows, table);
}

static void teardown(void)
{
    acl_user_free(u);
    acl_rows_deinit(&rows);
    command_table_free(table);
}

TestSuite(acl_check, .init = setup, .fini = teardown);

static void user(const char *rules)
{
    enum acl_rule_end end;

    acl_user_free(u);
    u = fixture_user(&rows, rules, &end);
    cr_assert_eq(end, ACL_RULE_OK, "%s: %s", rules, acl_rule_text(end));
}

#define says(line, text) cr_expect_str_eq(fixture_check(u, line), text, "%s", line)

Test(acl_check, everything_is_one_flag)
{
    user("+@all ~* &*");
    cr_expect(u->everything);
    says("config set a b", "may");
    user("+@all ~* &* -get");
    cr_expect_not(u->everything);
    says("get a", "run");
    user("+@all ~* &* -get +get");
    cr_expect_not(u->everything);
    says("get a", "may");
    user("+@all ~*");
    cr_expect_not(u->everything);
    user("(+@all ~* &*)"); /* only root counts */
    cr_expect_not(u->everything);
    says("get a", "may");
}

Test(acl_check, commands_categories_and_subcommands)
{
    user("~* +get +config|get +@write -set +client -client|kill");
    says("get a", "may");
    says("GET a", "may");
    says("config get a", "may");
    says("config set a b", "run");
    says("set a b", "run");
    says("del a", "may");
    says("client id", "may");
    says("client kill x", "run");
    says("mget a", "run");
    user("+@all -@dangerous -@slow ~*");
    says("config get a", "run");
    says("get a", "may");
    says("mset a b", "run");
    user("-@all");
    says("auth x", "may"); /* whoever he is, a user may log in and leave */
    says("hello", "may");
    says("quit", "may");
    says("ping", "run");
}

Test(acl_check, first_arguments_alone)
{
    user("+select|0 +SELECT|7");
    says("select 0", "may");
    says("select 7", "may");
    says("select 1", "run");
    user("+select|0 +select -select");
    says("select 0", "run");
}

Test(acl_check, keys_are_matched_by_what_is_done_with_them)
{
    user("+@all %R~r* %W~w* ~b* &*");
    says("get r1", "may");
    says("get w1", "key 1");
    says("mget r1 b1 x r2", "key 3");
    says("mset w1 v b1 v", "may");
    says("mset w1 v r1 v", "key 3");
    says("append w1 x", "may"); /* what it answers is no content of the key */
    says("incr w1", "key 1");
    says("incr b1", "may");
    says("getdel r1", "key 1");
    says("copy r1 w1", "may");
    says("copy w1 r1", "key 1");
    says("rename r1 w1", "key 1");
    says("exists w1 r1 b1", "may"); /* only whether they are there */
    says("exists x", "key 1");
    says("object encoding x", "key 2");
    says("set w1 v", "may");
    says("set w1 v ex 10 gEt", "key 1");
    says("set b1 v get", "may");
    says("flushall", "may");
}

Test(acl_check, sort_and_bitfield_say_in_options_what_they_do)
{
    user("+@all %R~r %W~w &*");
    says("sort r", "may");
    says("sort r limit 0 1 get store store w", "may");
    says("sort r get # by x store r", "key 7");
    says("sort r store x store w", "may"); /* the last one counts */
    says("sort_ro w", "key 1");
    says("bitfield r get u8 0 get u8 1", "may");
    says("bitfield r get u8 0 overflow sat set u8 0 1", "key 1");
    says("bitfield r get u8", "key 1");
    cr_expect_not(fixture_reads_all(u, "sort r by w_*"));
    user("+@all %R~r %R~* &*");
    cr_expect(fixture_reads_all(u, "sort r by w_*"));
    user("+@all %W~* %R~r &*");
    cr_expect_not(fixture_reads_all(u, "sort r by w_*"));
    user("(+get ~*) (+sort ~r)"); /* no selector allows both */
    cr_expect_not(fixture_reads_all(u, "sort r by w_*"));
}

Test(acl_check, channels_fit_a_pattern_and_patterns_are_one)
{
    user("+@all ~* &news.* &a");
    says("publish news.1 x", "may");
    says("publish other x", "channel 1");
    says("subscribe a news.2", "may");
    says("subscribe a b", "channel 2");
    says("psubscribe news.*", "may");
    says("psubscribe news.1", "channel 1");
    says("unsubscribe b", "may");
    says("spublish a x", "may");
    says("spublish b x", "channel 1");
    user("+@all ~x &a");
    says("spublish a x", "may"); /* it is not a key */
    cr_expect(acl_may_use_channel(u, slice_str("a"), false));
    cr_expect_not(acl_may_use_channel(u, slice_str("b"), false));
    user("+get (&b*)");
    cr_expect(acl_may_use_channel(u, slice_str("b1"), false));
    cr_expect(acl_may_use_channel(u, slice_str("b*"), true));
    cr_expect_not(acl_may_use_channel(u, slice_str("b1"), true));
    user("allchannels");
    cr_expect(acl_may_use_channel(u, slice_str("anything"), true));
}

Test(acl_check, one_selector_has_to_allow_all_of_a_command)
{
    user("+get ~a (+set ~b) (+mget ~a ~c)");
    says("get a", "may");
    says("set b v", "may");
    says("get b", "key 1");
    says("set a v", "key 1");
    says("mget a c", "may");
    says("mget a b", "key 2");
    says("del a", "run");
    user("~* +publish (+publish &a)"); /* a channel outweighs a command */
    says("publish b x", "channel 1");
}
