/* pubsub_test.c: SUBSCRIBE and its kin, PUBLISH, PUBSUB; what subscribers get and may say. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/limits.h"
#include "unit/admin/desk.h"

static struct desk d;
static struct session other;
static struct buf pushed; /* "id:bytes", for all sessions */

static void push(struct session *s, const struct reply *message)
{
    struct slice part;

    cr_assert_eq(reply_parts(message, message->bytes, &part, 1), 1);
    buf_printf(&pushed, "%llu:", (unsigned long long)s->id);
    for (size_t i = 0; i < part.len; i++) {
        if (part.data[i] != '\n')
            buf_append_byte(&pushed, part.data[i] == '\r' ? '|' : part.data[i]);
    }
}

static void cut(struct session *s)
{
    (void)s; /* s->cut says it */
}

static void look(const struct session *s, struct session_buffers *out)
{
    (void)s;
    (void)out;
}

static const struct instance_door door = {
    .push = push,
    .cut = cut,
    .look = look,
};

static void setup(void)
{
    desk_init(&d);
    d.instance.door = &door;
    session_init(&other, &d.instance);
}

static void teardown(void)
{
    session_deinit(&other);
    cr_expect(pubsub_check(&d.instance.pubsub));
    desk_deinit(&d);
    buf_deinit(&pushed);
}

TestSuite(pubsub, .init = setup, .fini = teardown);

static void publish(const char *channel, const char *text)
{
    pubsub_publish(&d.instance, PUBSUB_CHANNEL, slice_str(channel), slice_str(text));
}

static void were_pushed(const char *text)
{
    cr_expect(slice_equal(buf_slice(&pushed), slice_str(text)), "%.*s", (int)pushed.len,
              (const char *)pushed.data);
    pushed.len = 0;
}

Test(pubsub, subscriptions_are_confirmed_and_counted)
{
    desk_is(&d, "SUBSCRIBE a b a",
            "*3|$9|subscribe|$1|a|:1|*3|$9|subscribe|$1|b|:2|"
            "*3|$9|subscribe|$1|a|:2|");
    desk_is(&d, "PSUBSCRIBE a*", "*3|$10|psubscribe|$2|a*|:3|");
    desk_is(&d, "SSUBSCRIBE s", "*3|$10|ssubscribe|$1|s|:1|");
    cr_expect(pubsub_check(&d.instance.pubsub));
    desk_is(&d, "UNSUBSCRIBE x a", "*3|$11|unsubscribe|$1|x|:3|*3|$11|unsubscribe|$1|a|:2|");
    desk_is(&d, "UNSUBSCRIBE", "*3|$11|unsubscribe|$1|b|:1|");
    desk_is(&d, "UNSUBSCRIBE", "*3|$11|unsubscribe|$-1|:1|");
    desk_is(&d, "PUNSUBSCRIBE", "*3|$12|punsubscribe|$2|a*|:0|");
    desk_is(&d, "SUNSUBSCRIBE", "*3|$12|sunsubscribe|$1|s|:0|");
    cr_expect_eq(d.session.special, 0u);
    cr_expect_eq(d.instance.pubsub.clients, 0u);
    d.session.proto = 3;
    desk_is(&d, "SUBSCRIBE a", ">3|$9|subscribe|$1|a|:1|");
    desk_is(&d, "RESET", "+RESET|");
    cr_expect_eq(d.instance.pubsub.bytes, 0u);
}

Test(pubsub, messages_go_to_channels_then_to_patterns)
{
    desk_ask(&d, "PSUBSCRIBE n[a-c]* *x");
    desk_ask(&d, "SUBSCRIBE nbx");
    other.proto = 3;
    desk_ask_as(&d, &other, "SUBSCRIBE nbx");
    publish("nbx", "m");
    were_pushed("7:*3|$7|message|$3|nbx|$1|m|8:>3|$7|message|$3|nbx|$1|m|"
                "7:*4|$8|pmessage|$7|n[a-c]*|$3|nbx|$1|m|7:*4|$8|pmessage|$2|*x|$3|nbx|$1|m|");
    desk_is(&d, "RESET", "+RESET|");
    publish("nbx", "m");
    were_pushed("8:>3|$7|message|$3|nbx|$1|m|");
    pubsub_publish(&d.instance, PUBSUB_SHARD, slice_str("nbx"), slice_str("m"));
    were_pushed("");
}

Test(pubsub, publish_counts_who_gets_it)
{
    desk_ask_as(&d, &other, "SUBSCRIBE a b");
    desk_ask_as(&d, &other, "PSUBSCRIBE a* ?");
    desk_ask_as(&d, &other, "SSUBSCRIBE a");
    desk_is(&d, "PUBLISH a m", ":3|");
    desk_is(&d, "PUBLISH b m", ":2|");
    desk_is(&d, "PUBLISH ab m", ":1|");
    desk_is(&d, "PUBLISH none m", ":0|");
    desk_is(&d, "SPUBLISH a m", ":1|");
    desk_is(&d, "PUBSUB NUMSUB a none", "*4|$1|a|:1|$4|none|:0|");
    desk_is(&d, "PUBSUB CHANNELS", "*2|$1|a|$1|b|");
    desk_is(&d, "PUBSUB CHANNELS b*", "*1|$1|b|");
    desk_is(&d, "PUBSUB NUMPAT", ":2|");
    desk_is(&d, "PUBSUB SHARDCHANNELS", "*1|$1|a|");
    desk_is(&d, "PUBSUB SHARDNUMSUB a", "*2|$1|a|:1|");
}

Test(pubsub, a_subscriber_in_resp2_may_say_little)
{
    desk_ask(&d, "SUBSCRIBE a");
    desk_is(
        &d, "GET k",
        "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
        "are allowed in this context|");
    desk_has(&d, "CLIENT ID", "Can't execute 'client|id'");
    desk_has(&d, "EXEC", "-EXECABORT Transaction discarded because of: Can't execute 'exec': only");
    desk_is(&d, "PING", "*2|$4|pong|$0||");
    desk_is(&d, "PING x", "*2|$4|pong|$1|x|");
    d.session.proto = 3;
    desk_is(&d, "PING", "+PONG|");
    desk_is(&d, "CLIENT ID", ":7|");
}

Test(pubsub, names_and_their_memory_are_bounded)
{
    struct buf line = { 0 };

    buf_printf(&line, "SUBSCRIBE %0*d", LIMIT_CHANNEL + 1, 1);
    buf_append_byte(&line, 0);
    desk_is(&d, (char *)line.data, "-ERR channel is longer than 65535 bytes|");
    line.len = 0;
    buf_printf(&line, "SUBSCRIBE %0*d", LIMIT_CHANNEL, 1);
    buf_append_byte(&line, 0);
    d.instance.memory_max = 16 * 60000;
    desk_is(&d, (char *)line.data, "-OOM command not allowed when used memory > 'maxmemory'.|");
    d.instance.memory_max = 16 * 70000;
    desk_has(&d, (char *)line.data, "|:1|");
    buf_deinit(&line);
}

/* Each byte of one may be held against each of a channel: a minute for two of 60,000. */
Test(pubsub, patterns_are_short)
{
    static const char *const commands[] = { "PUBSUB CHANNELS", "CONFIG GET",
                                            "COMMAND LIST FILTERBY PATTERN", "PSUBSCRIBE" };
    struct buf line = { 0 };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        line.len = 0;
        buf_printf(&line, "%s %0*d", commands[i], LIMIT_PATTERN + 1, 1);
        buf_append_byte(&line, 0);
        desk_is(&d, (char *)line.data, "-ERR pattern is longer than 1024 bytes|");
        line.data[line.len - 2] = '\0';
        desk_has(&d, (char *)line.data, "*");
    }
    buf_deinit(&line);
}

Test(pubsub, who_leaves_takes_its_subscriptions_along)
{
    struct session third;
    char line[64];

    session_init(&third, &d.instance);
    for (int i = 0; i < 2000; i++) {
        snprintf(line, sizeof line, "SUBSCRIBE c%d", i);
        desk_ask_as(&d, &third, line);
        if (i % 2)
            desk_ask_as(&d, &other, line);
    }
    cr_expect(pubsub_check(&d.instance.pubsub));
    session_deinit(&third);
    cr_expect(pubsub_check(&d.instance.pubsub));
    cr_expect_eq(d.instance.pubsub.topics[PUBSUB_CHANNEL].count, 1000u);
}

Test(pubsub, the_node_hears_what_is_listened_to)
{
    desk_is(&d, "CONFIG SET notify-keyspace-events Kx", "+OK|");
    cr_expect_eq(d.node.wanted, 0u, "nobody listens");
    desk_ask(&d, "SUBSCRIBE a");
    cr_expect_eq(d.node.wanted, (unsigned)(EVENT_KEYSPACE | EVENT_EXPIRED));
    desk_ask(&d, "UNSUBSCRIBE a");
    cr_expect_eq(d.node.wanted, 0u);
    desk_ask(&d, "PSUBSCRIBE a");
    desk_ask_as(&d, &other, "CONFIG SET notify-keyspace-events x");
    cr_expect_eq(d.node.wanted, 0u, "neither K nor E");
    desk_ask_as(&d, &other, "CLIENT TRACKING ON");
    cr_expect_eq(d.node.wanted, (unsigned)EVENT_CHANGES);
}

/* Tracking and monitors push in the same way. */

static void read_key(struct session *s, const char *key)
{
    struct slice argv[] = { slice_str("get"), slice_str(key) };
    struct call c = { .argv = argv, .argc = 2, .row = command_find(d.instance.commands, argv[0]) };

    if (tracking_begins(s, &c))
        tracking_read(s, &c);
}

Test(pubsub, a_key_that_was_read_is_told_once_when_it_changes)
{
    d.session.proto = other.proto = 3;
    desk_is(&d, "CLIENT TRACKING ON", "+OK|");
    desk_ask_as(&d, &other, "CLIENT TRACKING ON NOLOOP");
    read_key(&d.session, "k");
    read_key(&d.session, "k");
    read_key(&other, "k");
    cr_expect_eq(d.instance.tracking.items, 2u);
    cr_expect_eq(d.node.awaited, 1u, "one timer for a key, however often it is read");
    tracking_changed(&d.instance, slice_str("k"), other.id);
    were_pushed("7:>2|$10|invalidate|*1|$1|k|");
    tracking_changed(&d.instance, slice_str("k"), 0);
    were_pushed("");
    read_key(&d.session, "k");
    tracking_flushed(&d.instance);
    were_pushed("7:>2|$10|invalidate|_|8:>2|$10|invalidate|_|");
    tracking_changed(&d.instance, slice_str("k"), 0);
    were_pushed("");
    cr_expect(tracking_check(&d.instance.tracking));
}

Test(pubsub, the_table_of_tracked_keys_has_bounds)
{
    char key[16];

    d.session.proto = 3;
    desk_ask(&d, "CLIENT TRACKING ON");
    d.options.tracking_table_max_keys = 100;
    for (int i = 0; i < 101; i++) {
        snprintf(key, sizeof key, "k%d", i);
        read_key(&d.session, key);
    }
    were_pushed("7:>2|$10|invalidate|*1|$2|k0|");
    d.options.tracking_table_max_keys = 0;
    d.instance.memory_max = 8 * d.instance.tracking.bytes;
    read_key(&d.session, "x1");
    were_pushed("7:>2|$10|invalidate|*1|$2|k1|");
    desk_ask(&d, "CLIENT TRACKING OFF");
    tracking_tidy(&d.instance);
    cr_expect_eq(d.instance.tracking.keys.count, 0u);
    cr_expect_eq(d.instance.tracking.bytes, 0u);
}

Test(pubsub, prefixes_are_told_once_a_turn)
{
    d.session.proto = other.proto = 3;
    desk_ask(&d, "CLIENT TRACKING ON BCAST PREFIX a PREFIX b");
    desk_ask_as(&d, &other, "CLIENT TRACKING ON BCAST NOLOOP");
    tracking_changed(&d.instance, slice_str("a1"), 0);
    tracking_changed(&d.instance, slice_str("a1"), 0);
    tracking_changed(&d.instance, slice_str("c"), other.id);
    tracking_changed(&d.instance, slice_str("b1"), other.id);
    were_pushed("");
    tracking_broadcast(&d.instance);
    were_pushed("7:>2|$10|invalidate|*1|$2|a1|7:>2|$10|invalidate|*1|$2|b1|"
                "8:>2|$10|invalidate|*1|$2|a1|");
    tracking_broadcast(&d.instance);
    were_pushed("");
}

Test(pubsub, a_client_has_so_many_prefixes_at_most)
{
    char line[128];

    for (int i = 0; i < LIMIT_PREFIXES; i++) {
        snprintf(line, sizeof line, "CLIENT TRACKING ON BCAST PREFIX %04d", i);
        desk_is(&d, line, "+OK|");
    }
    desk_is(&d, "CLIENT TRACKING ON BCAST PREFIX x",
            "-ERR a client can have 128 prefixes at most|");
}

Test(pubsub, prefixes_of_all_clients_take_a_share_of_memory_at_most)
{
    static const char begin[] = "CLIENT TRACKING ON BCAST PREFIX ";
    struct buf line = { 0 };

    buf_append(&line, slice_str(begin));
    for (int i = 0; i <= LIMIT_KEY; i++)
        buf_append_byte(&line, 'p');
    buf_append_byte(&line, 0);
    desk_is(&d, (char *)line.data, "-ERR prefix is longer than 65535 bytes|");
    line.data[line.len - 2] = '\0';
    d.instance.memory_max = 16 * 60000;
    desk_is(&d, (char *)line.data, "-OOM command not allowed when used memory > 'maxmemory'.|");
    cr_expect_eq(d.instance.tracking.prefix_bytes, 0u);
    d.instance.memory_max = 16 * 70000;
    desk_is(&d, (char *)line.data, "+OK|");
    cr_expect_gt(d.instance.tracking.prefix_bytes, 65535u);
    cr_expect(tracking_check(&d.instance.tracking));
    desk_ask(&d, "CLIENT TRACKING OFF");
    cr_expect_eq(d.instance.tracking.prefix_bytes, 0u);
    buf_deinit(&line);
}

Test(pubsub, users_hear_and_say_what_their_channels_allow)
{
    desk_is(&d, "ACL SETUSER bob on nopass resetchannels &a* +@all", "+OK|");
    cr_assert_str_eq(desk_ask_as(&d, &other, "AUTH bob x"), "+OK|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "PUBLISH ab x"), ":0|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "PUBLISH b x"),
                     "-NOPERM No permissions to access a channel|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "SPUBLISH b x"),
                     "-NOPERM No permissions to access a channel|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "SUBSCRIBE ab b"),
                     "-NOPERM No permissions to access a channel|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "SSUBSCRIBE b"),
                     "-NOPERM No permissions to access a channel|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "PSUBSCRIBE ab*"),
                     "-NOPERM No permissions to access a channel|");
    desk_has(&d, "ACL LOG 1", "|$6|reason|$7|channel|$7|context|$8|toplevel|$6|object|$3|ab*|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "PSUBSCRIBE a*"), "*3|$10|psubscribe|$2|a*|:1|");
    cr_expect_str_eq(desk_ask_as(&d, &other, "PUNSUBSCRIBE b*"), "*3|$12|punsubscribe|$2|b*|:1|");
}

Test(pubsub, who_may_not_hear_a_channel_any_more_is_ended)
{
    desk_is(&d, "ACL SETUSER bob on nopass allchannels +@all", "+OK|");
    cr_assert_str_eq(desk_ask_as(&d, &other, "AUTH bob x"), "+OK|");
    desk_ask_as(&d, &other, "SUBSCRIBE a");
    desk_ask_as(&d, &other, "PSUBSCRIBE b*");
    desk_ask_as(&d, &other, "SSUBSCRIBE c");
    desk_is(&d, "ACL SETUSER bob resetchannels &a &b* &c", "+OK|");
    cr_expect_not(other.cut, "all of it is allowed still");
    desk_is(&d, "ACL SETUSER eve on nopass resetchannels", "+OK|");
    cr_expect_not(other.cut, "another user");
    desk_is(&d, "ACL SETUSER bob resetchannels &a &b &bb* &c", "+OK|");
    cr_expect(other.cut, "a pattern must be there to the letter");
}

Test(pubsub, who_takes_a_channel_from_itself_gets_its_answer_first)
{
    desk_is(&d, "ACL SETUSER bob on nopass allchannels +@all", "+OK|");
    cr_assert_str_eq(desk_ask_as(&d, &other, "AUTH bob x"), "+OK|");
    desk_ask_as(&d, &other, "HELLO 3");
    desk_ask_as(&d, &other, "SSUBSCRIBE c");
    cr_expect_str_eq(desk_ask_as(&d, &other, "ACL SETUSER bob resetchannels &a"), "+OK|");
    cr_expect_not(other.cut);
    cr_expect_eq(other.closing, SESSION_CLOSE_AFTER_REPLY);
}

Test(pubsub, nobody_monitors_from_within_a_transaction)
{
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "MONITOR", "+QUEUED|");
    desk_is(&d, "PUBLISH a x", "+QUEUED|");
    desk_is(&d, "EXEC", "*2|-ERR MONITOR isn't allowed for DENY BLOCKING client|:0|");
    cr_expect(list_empty(&d.instance.monitors));
}
