/* acl_rule_test.c: rules, what they make of a user, and how it is written down. */
#include "session/acl_rule.h"

#include <criterion/criterion.h>

#include "base/limits.h"
#include "unit/session/acl_fixture.h"

static struct command_table *table;
static struct acl_rows rows;
static struct buf text;

static void setup(void)
{
    table = fixture_table();
    acl_rows_init(&rows, table);
    buf_init(&text);
}

static void teardown(void)
{
    buf_deinit(&text);
    acl_rows_deinit(&rows);
    command_table_free(table);
}

TestSuite(acl_rule, .init = setup, .fini = teardown);

/* The user's line without "user u ". */
static void makes(const char *rules, const char *line)
{
    enum acl_rule_end end;
    struct acl_user *u = fixture_user(&rows, rules, &end), *copy = acl_user_copy(u);

    cr_expect_eq(end, ACL_RULE_OK, "%s: %s", rules, acl_rule_text(end));
    for (int i = 0; i < 2; i++) {
        text.len = 0;
        acl_user_describe(i ? copy : u, &text);
        buf_append_byte(&text, 0);
        cr_expect_str_eq((const char *)text.data + 7, line, "%s", rules);
    }
    acl_user_free(copy);
    acl_user_free(u);
}

static void refuses(const char *rules, enum acl_rule_end why)
{
    enum acl_rule_end end;
    struct acl_user *u = fixture_user(&rows, rules, &end);

    cr_expect_eq(end, why, "%s: %s", rules, acl_rule_text(end));
    acl_user_free(u);
}

#define P_HASH "148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940"

Test(acl_rule, a_new_user_may_nothing_and_flags_come_and_go)
{
    makes("", "off sanitize-payload resetchannels -@all");
    makes("on", "on sanitize-payload resetchannels -@all");
    makes("ON nopass off", "off nopass sanitize-payload resetchannels -@all");
    makes("skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all");
    makes("skip-sanitize-payload sanitize-payload", "off sanitize-payload resetchannels -@all");
    makes("\"\" on", "on sanitize-payload resetchannels -@all");
    makes("on >p ~a &b +get (+set) skip-sanitize-payload reset",
          "off sanitize-payload resetchannels -@all");
}

Test(acl_rule, passwords_are_kept_as_hashes_once)
{
    makes(">p", "off sanitize-payload #" P_HASH " resetchannels -@all");
    makes(">p >p #" P_HASH, "off sanitize-payload #" P_HASH " resetchannels -@all");
    makes(">p <p", "off sanitize-payload resetchannels -@all");
    makes(">p !" P_HASH, "off sanitize-payload resetchannels -@all");
    makes("nopass >p", "off sanitize-payload #" P_HASH " resetchannels -@all");
    makes(">p nopass", "off nopass sanitize-payload resetchannels -@all");
    makes(">p nopass resetpass", "off sanitize-payload resetchannels -@all");
    refuses("<p", ACL_RULE_NO_PASSWORD);
    refuses("#" P_HASH "0", ACL_RULE_HASH);
    refuses("#A48de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940", ACL_RULE_HASH);
    refuses("!x", ACL_RULE_HASH);
}

Test(acl_rule, key_patterns_say_what_may_be_done)
{
    makes("~a %R~b %w~c %RW~d %R~ ~", "off sanitize-payload ~a %R~b %W~c ~d ~ resetchannels -@all");
    makes("%R~a %W~a ~b ~b", "off sanitize-payload ~a ~b resetchannels -@all");
    makes("~a allkeys", "off sanitize-payload ~* resetchannels -@all");
    makes("~* resetkeys %R~*", "off sanitize-payload %R~* resetchannels -@all");
    makes("%RW~* ~a", "off sanitize-payload %RW~* ~a resetchannels -@all"); /* no allkeys */
    makes("%R~* %W~*", "off sanitize-payload %RW~* resetchannels -@all");
    makes("%R", "off sanitize-payload %R~ resetchannels -@all");
    refuses("~* ~a", ACL_RULE_KEYS);
    refuses("\"~a b\"", ACL_RULE_SYNTAX);
    refuses("\"~a\\x00\"", ACL_RULE_SYNTAX);
    refuses("%~a", ACL_RULE_SYNTAX);
    refuses("%RR~a", ACL_RULE_SYNTAX);
    refuses("%X~a", ACL_RULE_SYNTAX);
    refuses("%", ACL_RULE_SYNTAX);
}

Test(acl_rule, channel_patterns_stand_behind_resetchannels)
{
    makes("&a &b &a", "off sanitize-payload resetchannels &a &b -@all");
    makes("&a allchannels", "off sanitize-payload &* -@all");
    makes("&* resetchannels &", "off sanitize-payload resetchannels & -@all");
    refuses("allchannels &a", ACL_RULE_CHANNELS);
    refuses("\"&a\\tb\"", ACL_RULE_SYNTAX);
}

Test(acl_rule, command_rules_are_kept_in_order_the_last_of_each)
{
    makes("+get +set -get", "off sanitize-payload resetchannels -@all +set -get");
    makes("+GET +@Read -@WRITE", "off sanitize-payload resetchannels -@all +get +@read -@write");
    makes("+config|get +config", "off sanitize-payload resetchannels -@all +config");
    makes("+config -config|set", "off sanitize-payload resetchannels -@all +config -config|set");
    makes("+config|get +config|set -config|get",
          "off sanitize-payload resetchannels -@all +config|set -config|get");
    makes("+get +getdel -get", "off sanitize-payload resetchannels -@all +getdel -get");
    makes("+get allcommands", "off sanitize-payload resetchannels +@all");
    makes("+@ALL -get +get", "off sanitize-payload resetchannels +@all +get");
    makes("+@all -get nocommands", "off sanitize-payload resetchannels -@all");
    makes("+select|1 +SELECT|1 +select|2",
          "off sanitize-payload resetchannels -@all +select|1 +select|2");
    makes("+select|1 -select", "off sanitize-payload resetchannels -@all -select");
    refuses("+nosuch", ACL_RULE_UNKNOWN);
    refuses("-nosuch", ACL_RULE_UNKNOWN);
    refuses("+@nosuch", ACL_RULE_UNKNOWN);
    refuses("+", ACL_RULE_UNKNOWN);
    refuses("+@", ACL_RULE_UNKNOWN);
    refuses("+nosuch|x", ACL_RULE_UNKNOWN);
    refuses("+config|nosuch", ACL_RULE_UNKNOWN);
    refuses("-select|1", ACL_RULE_UNKNOWN);
    refuses("+config|get|x", ACL_RULE_FIRST_ARG);
    refuses("+config|", ACL_RULE_SYNTAX);
    refuses("+select|", ACL_RULE_SYNTAX);
    refuses("\"+select|a b\"", ACL_RULE_SYNTAX);
}

Test(acl_rule, selectors_stand_in_parentheses_in_one_argument_or_several)
{
    makes("(+get ~a)", "off sanitize-payload resetchannels -@all (~a resetchannels -@all +get)");
    makes("\"( +get  ~a )\" +set",
          "off sanitize-payload resetchannels -@all +set (~a resetchannels -@all +get)");
    makes("() (&*)", "off sanitize-payload resetchannels -@all (resetchannels -@all) (&* -@all)");
    makes("(+get) clearselectors", "off sanitize-payload resetchannels -@all");
    refuses("(on)", ACL_RULE_SYNTAX);
    refuses("(>p)", ACL_RULE_SYNTAX);
    refuses("((+get))", ACL_RULE_SYNTAX);
    refuses("(+nosuch)", ACL_RULE_UNKNOWN);
    refuses("\"(~a 'b)\"", ACL_RULE_SYNTAX);
    refuses(")", ACL_RULE_SYNTAX);
}

Test(acl_rule, an_open_parenthesis_is_found_where_it_stands)
{
    struct slice argv[] = { slice_str("on"), slice_str("(+get"), slice_str("~a") };
    struct slice rule;
    uint32_t at = 0;

    cr_assert(acl_rule_next(argv, 3, &at, &text, &rule));
    cr_assert_not(acl_rule_next(argv, 3, &at, &text, &rule));
    cr_expect_eq(at, 1);
}

Test(acl_rule, a_user_has_a_largest_size)
{
    struct acl_user *u = acl_user_new(slice_str("u"), &rows, false);
    enum acl_rule_end end = ACL_RULE_OK;
    struct acl_edit e;
    unsigned n = 0;

    acl_edit_init(&e, u, false);
    while (end == ACL_RULE_OK && n <= LIMIT_ACL_RULES) {
        text.len = 0;
        buf_printf(&text, "~%u", n++);
        end = acl_rule_apply(&e, buf_slice(&text));
    }
    cr_expect_eq(end, ACL_RULE_LARGE);
    cr_expect_eq(u->selectors[0]->keys.count, LIMIT_ACL_RULES - 1); /* and a selector */
    acl_user_free(u);

    u = acl_user_new(slice_str("u"), &rows, false);
    acl_edit_init(&e, u, false);
    text.len = 0;
    buf_printf(&text, "&%0*d", LIMIT_ACL_USER_BYTES, 0);
    cr_expect_eq(acl_rule_apply(&e, buf_slice(&text)), ACL_RULE_LARGE);
    cr_expect_eq(u->selectors[0]->channels.count, 0);
    acl_user_free(u);
}
