/* acl_file_test.c: users as text: read, refused with the line, written as a whole. */
#include "session/acl_file.h"

#include <criterion/criterion.h>

#include "base/limits.h"
#include "unit/lsm/memory_fs.h"
#include "unit/session/acl_fixture.h"

static struct command_table *table;
static struct acl_rows rows;
static struct acl_set set;
static struct buf why;
static struct memory_fs disk;

static void setup(void)
{
    table = fixture_table();
    acl_rows_init(&rows, table);
    memory_fs_init(&disk);
}

static void teardown(void)
{
    memory_fs_deinit(&disk);
    buf_deinit(&why);
    acl_set_deinit(&set);
    acl_rows_deinit(&rows);
    command_table_free(table);
}

TestSuite(acl_file, .init = setup, .fini = teardown);

static const char *said(void)
{
    buf_append_byte(&why, 0);
    return (const char *)why.data;
}

static void takes(const char *text)
{
    acl_set_deinit(&set);
    cr_expect(acl_parse_file(slice_str(text), "f", &rows, false, &set, &why), "%s", said());
    cr_expect(acl_set_check(&set));
}

static void refuses(const char *text, const char *reason)
{
    acl_set_deinit(&set);
    cr_expect_not(acl_parse_file(slice_str(text), "f", &rows, false, &set, &why), "%s", text);
    cr_expect_str_eq(said(), reason);
    cr_expect_eq(set.count, 0);
}

/* All users of the set, a line each. */
static const char *shown(void)
{
    why.len = 0;
    for (uint32_t i = 0; i < set.count; i++) {
        acl_user_describe(set.users[i], &why);
        buf_append_byte(&why, '\n');
    }
    return said();
}

Test(acl_file, lines_are_users_and_what_is_written_is_read_again)
{
    static const char *const lines =
        "user a on nopass sanitize-payload ~* &* +@all\n"
        "user b off skip-sanitize-payload "
        "#148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940 %R~x ~y resetchannels "
        "&c -@all +get +config|set +select|0 -@write (~z resetchannels -@all +@read)\n";

    takes("\n  user b off skip-sanitize-payload >p %R~x ~y &c +get +config|set +select|0 -@write "
          "(~z +@read)\r\n\n\t\nuser a on nopass ~* &* +@all");
    cr_expect_str_eq(shown(), lines);
    takes(lines);
    cr_expect_str_eq(shown(), lines);
    takes("");
    cr_expect_eq(set.count, 0);
    takes("user a  on   (+get   ~a) "); /* spaces more than one are nothing */
    cr_expect_str_eq(shown(), "user a on sanitize-payload resetchannels -@all (~a resetchannels "
                              "-@all +get)\n");
}

Test(acl_file, what_is_wrong_is_said_with_its_line_and_never_a_password)
{
    refuses("user a on\n# a comment\n",
            "f:2 should start with user keyword followed by the username. ");
    refuses("user", "f:1 should start with user keyword followed by the username. ");
    refuses("User a on", "f:1 should start with user keyword followed by the username. ");
    refuses("user a\tb on", "f:1: username 'a\tb' contains invalid characters. ");
    refuses("user a on\nuser b\nuser a off\n", "f:3: Duplicate user 'a' found. ");
    refuses("user a +nosuch >secret +@no\n\nuser b bogus wrong +also\n",
            "f:1: Error in applying operation '+nosuch': Unknown command or category name in ACL. "
            "f:1: Error in applying operation '+@no': Unknown command or category name in ACL. "
            "f:3: Syntax error. "
            "f:3: Error in applying operation '+also': Unknown command or category name in ACL. ");
    refuses("user a (+get ~a", "f:1: Unmatched parenthesis in selector definition. ");
    refuses("user a #secret",
            "f:1: The password hash must be exactly 64 characters and contain only lowercase "
            "hexadecimal characters. ");
    refuses("user a (>secret)", "f:1: Syntax error. ");
}

Test(acl_file, a_nul_byte_is_no_part_of_a_rule)
{
    static const char text[] = "user a on\0off\n";

    cr_expect_not(acl_parse_file(slice_of(text, sizeof text - 1), "f", &rows, false, &set, &why));
    cr_expect_str_eq(said(), "f:1: Syntax error. ");
}

Test(acl_file, errors_stop_at_some_point)
{
    struct buf text = { 0 };

    for (int i = 0; i < 100000; i++)
        buf_printf(&text, "nonsense\n");
    cr_expect_not(acl_parse_file(buf_slice(&text), "f", &rows, false, &set, &why));
    cr_expect_lt(why.len, 8192);
    buf_deinit(&text);
}

Test(acl_file, users_have_a_largest_size_together)
{
    struct buf text = { 0 };

    for (int i = 0; text.len < LIMIT_ACL_BYTES; i++) {
        buf_printf(&text, "user u%d ~", i);
        for (int n = 0; n < 512; n++)
            buf_printf(&text, "0123456789abcdef0123456789abcdef");
        buf_append_byte(&text, '\n');
    }
    cr_expect_not(acl_parse_file(buf_slice(&text), "f", &rows, false, &set, &why));
    cr_expect(strstr(said(), ": the users are larger than 16777216 bytes together. "), "%s",
              (char *)why.data);
    cr_expect_eq(set.count, 0);
    buf_deinit(&text);
}

Test(acl_file, a_configuration_has_quotes_and_tells_its_lines)
{
    cr_expect(acl_parse_config(slice_str("3 user a on \">p w\" '~x'\n17 USER \"b\"\n"), "h.conf",
                               &rows, true, &set, &why),
              "%s", said());
    cr_expect_eq(set.count, 2);
    cr_expect_eq(acl_set_find(&set, slice_str("a"))->passwords.count, 1);
    cr_expect_eq(acl_set_find(&set, slice_str("b"))->selectors[0]->flags, ACL_ALL_CHANNELS);
    acl_set_deinit(&set);
    cr_expect_not(acl_parse_config(slice_str("3 user a on\n7 user b +x\n9 user\n12 user \"c\n"),
                                   "h.conf", &rows, false, &set, &why));
    cr_expect_str_eq(said(),
                     "h.conf:7: Error in applying operation '+x': Unknown command or category "
                     "name in ACL. h.conf:9: 'user' needs a name. h.conf:12: a quote is not "
                     "closed. ");
}
