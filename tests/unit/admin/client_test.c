/* client_test.c: CLIENT. */
#include <criterion/criterion.h>

#include "base/limits.h"
#include "unit/admin/desk.h"

static struct desk d;

static void setup(void)
{
    desk_init(&d);
}

static void teardown(void)
{
    desk_deinit(&d);
}

TestSuite(client, .init = setup, .fini = teardown);

Test(client, a_name_is_given_changed_and_taken_away)
{
    desk_is(&d, "CLIENT ID", ":7|");
    desk_is(&d, "CLIENT GETNAME", "$-1|");
    desk_is(&d, "CLIENT SETNAME a", "+OK|");
    desk_is(&d, "CLIENT SETNAME b", "+OK|");
    desk_is(&d, "CLIENT GETNAME", "$1|b|");
    desk_is(&d, "CLIENT SETNAME \"c d\"",
            "-ERR Client names cannot contain spaces, newlines or special characters.|");
    desk_is(&d, "CLIENT GETNAME", "$1|b|");
    desk_is(&d, "CLIENT SETNAME \"\"", "+OK|");
    desk_is(&d, "CLIENT GETNAME", "$-1|");
    d.session.proto = 3;
    desk_is(&d, "CLIENT GETNAME", "_|");
}

Test(client, a_name_has_a_longest_length)
{
    struct buf line = { 0 };

    buf_printf(&line, "CLIENT SETNAME %0*d", LIMIT_CLIENT_NAME, 1);
    buf_append_byte(&line, 0);
    desk_is(&d, (char *)line.data, "+OK|");
    line.len = 0;
    buf_printf(&line, "CLIENT SETNAME %0*d", LIMIT_CLIENT_NAME + 1, 1);
    buf_append_byte(&line, 0);
    desk_is(&d, (char *)line.data, "-ERR Client names cannot be longer than 1024 bytes.|");
    buf_deinit(&line);
}

Test(client, libraries_say_who_they_are)
{
    desk_is(&d, "CLIENT SETINFO LIB-NAME redis-py", "+OK|");
    desk_is(&d, "CLIENT SETINFO lib-ver 1.2", "+OK|");
    desk_has(&d, "CLIENT INFO", " lib-name=redis-py lib-ver=1.2");
    desk_is(&d, "CLIENT SETINFO lib-ver \"1 2\"",
            "-ERR lib-ver cannot contain spaces, newlines or special characters.|");
    desk_is(&d, "CLIENT SETINFO lib-foo x", "-ERR Unrecognized option 'lib-foo'|");
    desk_is(&d, "CLIENT SETINFO lib-name",
            "-ERR wrong number of arguments for 'client|setinfo' command|");
    desk_has(&d, "CLIENT INFO", " lib-name=redis-py lib-ver=1.2");
}

Test(client, info_is_one_line_and_list_has_one_for_each)
{
    struct session other;

    session_init(&other, &d.instance);
    d.instance.turn_mono_us += 3500000;
    d.session.active_us = d.instance.turn_mono_us;
    desk_has(&d, "CLIENT INFO", "id=7 addr=?:0 laddr=?:0 name= age=3 idle=0 flags=N db=0 ");
    desk_has(&d, "CLIENT LIST", "cmd=client|list user=default redir=-1 resp=2");
    desk_has(&d, "CLIENT LIST", "id=8 addr=?:0 laddr=?:0 name= age=3 idle=3 ");
    desk_has(&d, "CLIENT LIST", " cmd=NULL ");
    desk_has(&d, "CLIENT LIST ID 1 8", "id=8 ");
    cr_expect_null(strstr((char *)d.shown.data, "id=7 "));
    desk_has(&d, "CLIENT LIST TYPE Normal", "id=7 ");
    desk_is(&d, "CLIENT LIST TYPE pubsub", "$0||");
    desk_is(&d, "CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'|");
    desk_is(&d, "CLIENT LIST ID 7 x", "-ERR Invalid client ID|");
    desk_is(&d, "CLIENT LIST ID", "-ERR syntax error|");
    desk_is(&d, "CLIENT LIST foo", "-ERR syntax error|");
    d.session.proto = 3;
    desk_is(&d, "CLIENT LIST TYPE master", "=4|txt:|");
    session_deinit(&other);
}

Test(client, help_and_unknown_subcommands_point_to_each_other)
{
    desk_has(&d, "CLIENT HELP",
             "+CLIENT <subcommand> [<arg> [value] [opt] ...]. "
             "Subcommands are:|");
    desk_has(&d, "CLIENT HELP", "+HELP|+    Prints this help.|");
    desk_is(&d, "CLIENT FOO", "-ERR unknown subcommand 'FOO'. Try CLIENT HELP.|");
    desk_is(&d, "CLIENT", "-ERR wrong number of arguments for 'client' command|");
}
