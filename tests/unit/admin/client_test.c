/* client_test.c: CLIENT. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/limits.h"
#include "session/describe.h"
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
    desk_has(&d, "CLIENT INFO", "id=7 addr=?:0 laddr=?:0 fd=-1 name= age=3 idle=0 flags=N db=0 ");
    desk_has(&d, "CLIENT LIST", "cmd=client|list user=default redir=-1 resp=2");
    desk_has(&d, "CLIENT LIST", "id=8 addr=?:0 laddr=?:0 fd=-1 name= age=3 idle=3 ");
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

static unsigned cut_count;
static uint64_t cut_id;

static bool waits(const struct session *s)
{
    return s->id == 8;
}

static void look(const struct session *s, struct session_buffers *out)
{
    cr_assert(!s->aside, "the door is asked about its own alone");
    *out = (struct session_buffers){ .query = 1,
                                     .query_free = 2,
                                     .output = (size_t)s->id,
                                     .blocks = 4,
                                     .memory = 5,
                                     .events = NET_READ,
                                     .blocked = waits(s) };
}

static void cut(struct session *s)
{
    cut_count++;
    cut_id = s->id;
}

static bool unblock(struct session *s, bool error)
{
    cut_id = s->id;
    cut_count += error;
    return waits(s);
}

static const struct instance_door door = { .look = look, .cut = cut, .unblock = unblock };

Test(client, unblock_ends_a_wait_as_asked)
{
    struct session other;

    d.instance.door = &door;
    session_init(&other, &d.instance);
    cut_count = 0;
    desk_has(&d, "CLIENT LIST ID 8", " flags=b ");
    desk_is(&d, "CLIENT UNBLOCK 8", ":1|");
    desk_is(&d, "CLIENT UNBLOCK 8 timeout", ":1|");
    cr_expect_eq(cut_count, 0u);
    desk_is(&d, "CLIENT UNBLOCK 8 Error", ":1|");
    cr_expect_eq(cut_count, 1u);
    desk_is(&d, "CLIENT UNBLOCK 7", ":0|");
    desk_is(&d, "CLIENT UNBLOCK 9", ":0|");
    desk_is(&d, "CLIENT UNBLOCK x", "-ERR value is not an integer or out of range|");
    desk_is(&d, "CLIENT UNBLOCK 8 foo", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR|");
    desk_is(&d, "CLIENT UNBLOCK 8 error x",
            "-ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT "
            "HELP.|");
    session_deinit(&other);
}

Test(client, list_tells_that_what_is_watched_was_written)
{
    desk_is(&d, "WATCH a", "+OK|");
    desk_has(&d, "CLIENT INFO", " flags=N ");
    desk_is(&d, "SET b 1", "+OK|");
    desk_has(&d, "CLIENT INFO", " flags=N ");
    desk_is(&d, "SET a 1", "+OK|");
    desk_has(&d, "CLIENT INFO", " flags=d ");
    desk_is(&d, "UNWATCH", "+OK|");
    desk_has(&d, "CLIENT INFO", " flags=N ");
}

Test(client, list_tells_the_last_command_also_if_it_was_refused)
{
    struct session s = { 0 };

    session_init(&s, &d.instance);
    desk_ask_as(&d, &s, "GET");
    desk_has(&d, "CLIENT LIST", " cmd=get ");
    desk_ask_as(&d, &s, "NOSUCH");
    desk_has(&d, "CLIENT LIST", " cmd=NULL ");
    desk_ask_as(&d, &s, "CONFIG GET x");
    desk_has(&d, "CLIENT LIST", " cmd=config|get ");
    desk_ask_as(&d, &s, "CONFIG NOSUCH");
    desk_has(&d, "CLIENT LIST", " cmd=NULL ");
    session_deinit(&s);
}

Test(client, caching_needs_the_mode_it_is_for)
{
    desk_is(&d, "CLIENT CACHING x",
            "-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN "
            "or OPTOUT mode enabled|");
    desk_is(&d, "CLIENT TRACKING ON", "+OK|");
    desk_is(&d, "CLIENT CACHING x", "-ERR syntax error|");
    desk_is(&d, "CLIENT CACHING YES",
            "-ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.|");
    desk_is(&d, "CLIENT CACHING no",
            "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.|");
    desk_is(&d, "CLIENT TRACKING OFF", "+OK|");
    desk_is(&d, "CLIENT TRACKING ON OPTIN", "+OK|");
    desk_is(&d, "CLIENT CACHING YES", "+OK|");
}

Test(client, tracking_without_a_prefix_is_of_every_key_beside_those_that_have_one)
{
    static const char flags[] = "*6|$5|flags|*2|$2|on|$5|bcast|$8|redirect|:0|$8|prefixes|";
    char all[128];

    snprintf(all, sizeof all, "%s*2|$1|k|$0||", flags);
    desk_is(&d, "CLIENT TRACKING ON BCAST PREFIX k", "+OK|");
    desk_is(&d, "CLIENT TRACKING ON BCAST", "+OK|");
    desk_is(&d, "CLIENT TRACKINGINFO", all);
    desk_is(&d, "CLIENT TRACKING ON BCAST", "+OK|");
    desk_is(&d, "CLIENT TRACKINGINFO", all);
    desk_has(&d, "CLIENT TRACKING ON BCAST PREFIX a", "overlaps with an existing prefix ''");
}

Test(client, pause_refuses_what_it_does_not_know)
{
    desk_is(&d, "CLIENT pause 10 WRITE x",
            "-ERR unknown subcommand or wrong number of arguments for 'pause'. Try CLIENT HELP.|");
    desk_is(&d, "CLIENT PAUSE 10 READ", "-ERR CLIENT PAUSE mode must be WRITE or ALL|");
    desk_is(&d, "CLIENT PAUSE x", "-ERR timeout is not an integer or out of range|");
    desk_is(&d, "CLIENT PAUSE -1", "-ERR timeout is negative|");
    desk_is(&d, "CLIENT PAUSE 9223372036854775807", "-ERR timeout is out of range|");
}

/* It has no connection of the RESP door behind it, which the door takes it for. */
Test(client, who_came_by_another_door_is_not_seen)
{
    struct session other;
    struct buf line = { 0 };

    d.instance.door = &door;
    session_init_aside(&other, &d.instance);
    cut_count = 0;
    cut_id = 0;
    desk_is(&d, "CLIENT LIST ID 8", "$0||");
    desk_is(&d, "CLIENT UNBLOCK 8", ":0|");
    desk_is(&d, "CLIENT KILL ID 8", ":0|");
    desk_has(&d, "CLIENT TRACKING ON REDIRECT 8", "-ERR The client ID you want redirect to");
    cr_expect(cut_count == 0 && cut_id == 0);
    session_describe(&other, &line); /* as ACL LOG does */
    buf_append_byte(&line, 0);
    cr_expect_not_null(strstr((char *)line.data, "id=8 "));
    cr_expect_not_null(strstr((char *)line.data, " flags=N "));
    cr_expect_not_null(strstr((char *)line.data, " omem=0 "));
    buf_deinit(&line);
    session_deinit(&other);
}

Test(client, list_tells_of_buffers)
{
    d.instance.door = &door;
    desk_has(&d, "CLIENT INFO",
             " qbuf=1 qbuf-free=2 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=7 oll=4 "
             "omem=7 tot-mem=5 events=r cmd=client|info ");
}

Test(client, kill_ends_the_connections_that_fit_all_options)
{
    struct session other, third;

    d.instance.door = &door;
    cut_count = 0;
    session_init(&other, &d.instance);
    session_init(&third, &d.instance);
    desk_is(&d, "CLIENT KILL ID 8", ":1|");
    cr_expect(cut_count == 1 && cut_id == other.id);
    desk_is(&d, "CLIENT KILL ID 8", ":0|"); /* once */
    desk_is(&d, "CLIENT KILL ID 9 TYPE pubsub", ":0|");
    desk_is(&d, "CLIENT KILL ID 9 ADDR 1.2.3.4:5", ":0|");
    desk_is(&d, "CLIENT KILL LADDR 1.2.3.4:5", ":0|");
    desk_is(&d, "CLIENT KILL 1.2.3.4:5", "-ERR No such client|");
    cr_expect_eq(cut_count, 1);
    desk_is(&d, "CLIENT KILL TYPE normal USER default LADDR ?:0 SKIPME yes", ":1|");
    cr_expect(cut_count == 2 && cut_id == third.id);
    cr_expect_eq(d.session.closing, SESSION_OPEN);
    session_deinit(&other);
    session_deinit(&third);
}

Test(client, who_kills_itself_is_told_first)
{
    d.instance.door = &door;
    cut_count = 0;
    desk_is(&d, "CLIENT KILL ID 7", ":0|");
    cr_expect_eq(d.session.closing, SESSION_OPEN);
    desk_is(&d, "CLIENT KILL ID 7 SKIPME no", ":1|");
    cr_expect_eq(d.session.closing, SESSION_CLOSE_AFTER_REPLY);
    cr_expect_eq(cut_count, 0);
}

Test(client, kill_refuses_what_it_does_not_know)
{
    desk_is(&d, "CLIENT KILL ID 0", "-ERR client-id should be greater than 0|");
    desk_is(&d, "CLIENT KILL ID x", "-ERR client-id should be greater than 0|");
    desk_is(&d, "CLIENT KILL TYPE foo", "-ERR Unknown client type 'foo'|");
    desk_is(&d, "CLIENT KILL USER foo", "-ERR No such user 'foo'|");
    desk_is(&d, "CLIENT KILL SKIPME maybe", "-ERR syntax error|");
    desk_is(&d, "CLIENT KILL FOO bar", "-ERR syntax error|");
    desk_is(&d, "CLIENT KILL ID 1 ADDR", "-ERR syntax error|");
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
