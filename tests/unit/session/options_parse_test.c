/* options_parse_test.c: the text of a configuration file. */
#include <criterion/criterion.h>

#include "base/limits.h"
#include "session/options.h"

static struct options opts;
static struct buf why;

static void setup(void)
{
    options_init(&opts);
    buf_init(&why);
}

static void teardown(void)
{
    options_deinit(&opts);
    buf_deinit(&why);
}

TestSuite(options_parse, .init = setup, .fini = teardown);

static const char *said(void)
{
    buf_append_byte(&why, 0);
    return (const char *)why.data;
}

static void takes(const char *text, const char *notes)
{
    cr_assert(options_parse(&opts, slice_str(text), &why), "%s: %s", text, said());
    cr_expect_str_eq(said(), notes);
}

static void refuses(const char *text, const char *reason)
{
    cr_assert_not(options_parse(&opts, slice_str(text), &why), "%s", text);
    cr_expect_str_eq(said(), reason);
}

Test(options_parse, lines_comments_and_line_ends_are_as_in_redis_conf)
{
    takes("# first\n\n  port 7000\r\n\t# indented\nTIMEOUT   5  \ndir /a#b", "");
    cr_expect_eq(opts.port, 7000);
    cr_expect_eq(opts.timeout, 5);
    cr_expect_str_eq(opts.dir, "/a#b");
    takes("", "");
}

Test(options_parse, quotes_hold_spaces_escapes_and_nothing_at_all)
{
    takes("requirepass \"a \\x41\\n\"\nlogfile 'it\\'s'\nunixsocket \"\"", "");
    cr_expect_str_eq(opts.requirepass, "a A\n");
    cr_expect_str_eq(opts.logfile, "it's");
    cr_expect_str_eq(opts.unixsocket, "");
}

Test(options_parse, bind_takes_several_addresses_and_the_last_line_counts)
{
    takes("bind 10.0.0.1\nbind 127.0.0.1   ::1", "");
    cr_expect_str_eq(opts.bind, "127.0.0.1 ::1");
}

Test(options_parse, an_unknown_name_stops_with_the_line_and_the_nearest_name)
{
    refuses("port 1\n\nmaxclinets 5", "line 3: there is no option 'maxclinets'; did you mean "
                                      "'maxclients'?");
    refuses("rename-command CONFIG ''", "line 1: there is no option 'rename-command'; henge.conf "
                                        "and --help list them");
    refuses("'' x", "line 1: there is no option ''; henge.conf and --help list them");
}

Test(options_parse, a_bad_value_says_line_option_bound_and_value)
{
    refuses("\nport 70000",
            "line 2: port: argument must be between 0 and 65535 inclusive, not '70000'");
    refuses("port", "line 1: port: a value is missing (\"\" for none)");
    refuses("dir /my data",
            "line 1: dir: it takes one value; put a value with spaces into \"quotes\"");
    refuses("dir \"/my", "line 1: a quote is not closed, or text follows it without a space");
    refuses("dir \"/my\"x", "line 1: a quote is not closed, or text follows it without a space");
}

Test(options_parse, permissions_are_octal)
{
    struct buf shown = { 0 };

    takes("unixsocketperm 0770", "");
    cr_expect_eq(opts.unixsocketperm, 0770);
    options_get(&opts, options_find(slice_str("unixsocketperm")), &shown);
    cr_expect(slice_equal(buf_slice(&shown), slice_str("770")));
    takes("unixsocketperm 0", "");
    cr_expect_eq(opts.unixsocketperm, 0);
    refuses("unixsocketperm 1000", "line 1: unixsocketperm: argument must be between 0 and 777 "
                                   "inclusive, not '1000'");
    refuses("unixsocketperm 777777777777777777777777777777",
            "line 1: unixsocketperm: argument must be between 0 and 777 inclusive, not "
            "'777777777777777777777777777777'");
    refuses("unixsocketperm 780", "line 1: unixsocketperm: argument couldn't be parsed as an octal "
                                  "number, not '780'");
    refuses("unixsocketperm rwx", "line 1: unixsocketperm: argument couldn't be parsed as an octal "
                                  "number, not 'rwx'");
    refuses("unixsocketperm \"\"",
            "line 1: unixsocketperm: argument couldn't be parsed as an octal number, not ''");
    buf_deinit(&shown);
}

Test(options_parse, a_password_is_never_shown)
{
    cr_assert_not(options_parse(&opts, slice_str("requirepass \"s3\\x00cret\""), &why));
    cr_expect_null(strstr(said(), "cret"));
}

Test(options_parse, options_of_redis_that_stay_as_they_are_pass_silently)
{
    takes("save \"\"\nappendonly yes\nmaxmemory-policy noeviction\nrepl-backlog-size 1mb", "");
}

Test(options_parse, options_of_redis_that_would_change_something_are_noted_line_by_line)
{
    takes("save 900 1\nport 7000\nappendonly no",
          "line 1: 'save' is ignored: every write is in the log before it is answered; SAVE and "
          "BGSAVE save it all\n"
          "line 3: 'appendonly' is ignored: every write is in the log before it is answered; "
          "SAVE and BGSAVE save it all\n");
    cr_expect_eq(opts.port, 7000);
}

Test(options_parse, an_error_after_notes_is_the_only_thing_said)
{
    refuses("save 900 1\nport x",
            "line 2: port: argument couldn't be parsed into an integer, not 'x'");
}

Test(options_parse, what_is_not_a_text_file_is_refused)
{
    struct buf big = { 0 };

    cr_assert_not(options_parse(&opts, slice_of("port 1\n\0\n", 9), &why));
    cr_expect_str_eq(said(), "line 2: there is a NUL byte; is this a text file?");
    while (big.len <= LIMIT_CONFIG_FILE)
        buf_append(&big, slice_str("# a line\n"));
    cr_assert_not(options_parse(&opts, buf_slice(&big), &why));
    cr_expect_not_null(strstr(said(), "larger than"));
    big.len = LIMIT_CONFIG_FILE / 9 * 9;
    cr_expect(options_parse(&opts, buf_slice(&big), &why));
    buf_deinit(&big);
}

Test(options_parse, a_line_takes_sixty_four_values_and_no_more)
{
    struct buf line = { 0 };

    buf_append(&line, slice_str("bind"));
    for (int i = 0; i < 64; i++)
        buf_append(&line, slice_str(" ::1"));
    cr_expect(options_parse(&opts, buf_slice(&line), &why));
    buf_append(&line, slice_str(" ::1"));
    cr_assert_not(options_parse(&opts, buf_slice(&line), &why));
    cr_expect_str_eq(said(), "line 1: more than 64 values");
    buf_deinit(&line);
}

Test(options_parse, users_are_kept_as_they_stand_with_their_lines)
{
    struct buf long_line = { 0 };

    cr_expect_str_eq(opts.users, "");
    takes("port 1\nuser a on >p ~x\n\n  USER \"b c\" \r\nuser\nport 2", "");
    cr_expect_str_eq(opts.users, "2 user a on >p ~x\n4 USER \"b c\"\n5 user\n");
    cr_expect_eq(opts.port, 2);
    takes("user z", ""); /* the command line comes after the file */
    cr_expect_str_eq(opts.users, "2 user a on >p ~x\n4 USER \"b c\"\n5 user\n1 user z\n");
    refuses("users 1", "line 1: there is no option 'users'; henge.conf and --help list them");
    buf_printf(&long_line, "user %0*d", LIMIT_CONFIG_FILE - 10, 0);
    cr_assert_not(options_parse(&opts, buf_slice(&long_line), &why));
    cr_expect_str_eq(said(),
                     "line 1: the users are larger than 1048576 bytes; an aclfile takes more");
    buf_deinit(&long_line);
}
