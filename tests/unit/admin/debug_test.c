/* debug_test.c: DEBUG: who may, and what it answers. */
#include <criterion/criterion.h>

#include "admin/sha1.h"
#include "unit/admin/desk.h"

static struct desk d;

static void setup(void)
{
    desk_init(&d);
    d.options.enable_debug = OPTION_ANYBODY;
}

static void teardown(void)
{
    desk_deinit(&d);
}

TestSuite(debug, .init = setup, .fini = teardown);

#define NOT_ALLOWED                                                                                \
    "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you " \
    "can run it from a local connection, otherwise you need to set this option in the "            \
    "configuration file, and then restart the server.|"

Test(debug, an_option_says_who_may)
{
    d.options.enable_debug = OPTION_NOBODY;
    desk_is(&d, "DEBUG SLEEP 0", NOT_ALLOWED);
    d.options.enable_debug = OPTION_LOCAL;
    desk_is(&d, "DEBUG SLEEP 0", NOT_ALLOWED); /* nobody knows from where */
    desk_is(&d, "CONFIG SET enable-debug-command yes",
            "-ERR CONFIG SET failed (possibly related to argument 'enable-debug-command') - can't "
            "set immutable config|");
}

Test(debug, a_refusal_breaks_a_transaction)
{
    d.options.enable_debug = OPTION_NOBODY;
    desk_is(&d, "MULTI", "+OK|");
    desk_is(&d, "DEBUG SLEEP 0", NOT_ALLOWED);
    desk_has(&d, "EXEC", "-EXECABORT");
}

Test(debug, unknown_subcommands_and_wrong_numbers_are_told)
{
    desk_is(&d, "DEBUG foo",
            "-ERR unknown subcommand or wrong number of arguments for 'foo'. Try DEBUG HELP.|");
    desk_is(&d, "DEBUG sleep",
            "-ERR unknown subcommand or wrong number of arguments for 'sleep'. Try DEBUG HELP.|");
    desk_is(&d, "DEBUG segfault",
            "-ERR unknown subcommand or wrong number of arguments for 'segfault'. Try DEBUG "
            "HELP.|");
    desk_is(&d, "DEBUG", "-ERR wrong number of arguments for 'debug' command|");
    desk_has(&d, "DEBUG HELP", "+SLEEP <seconds>|");
}

Test(debug, sleep_waits_unless_there_is_nothing_to_wait_for)
{
    desk_is(&d, "DEBUG SLEEP 0.5", "+blocked|");
    desk_is(&d, "DEBUG SLEEP 0", "+OK|");
    desk_is(&d, "DEBUG SLEEP -1", "+OK|");
    desk_is(&d, "DEBUG SLEEP x", "+OK|");
    desk_is(&d, "DEBUG SLEEP nan", "+OK|");
}

Test(debug, error_answers_the_line_as_it_is)
{
    desk_is(&d, "DEBUG ERROR \"ABC x\\r\\ny\"", "-ABC x  y|");
}

Test(debug, protocol_has_every_type_in_both_protocols)
{
    static const struct {
        const char *ask;
        const char *resp2;
        const char *resp3;
    } cases[] = {
        { "DEBUG PROTOCOL string", "$11|Hello World|", "$11|Hello World|" },
        { "DEBUG PROTOCOL integer", ":12345|", ":12345|" },
        { "DEBUG PROTOCOL double", "$5|3.141|", ",3.141|" },
        { "DEBUG PROTOCOL null", "$-1|", "_|" },
        { "DEBUG PROTOCOL array", "*3|:0|:1|:2|", "*3|:0|:1|:2|" },
        { "DEBUG PROTOCOL set", "*3|:0|:1|:2|", "~3|:0|:1|:2|" },
        { "DEBUG PROTOCOL map", "*6|:0|:0|:1|:1|:2|:0|", "%3|:0|#f|:1|#t|:2|#f|" },
        { "DEBUG PROTOCOL attrib", "$39|Some real reply following the attribute|",
          "|1|$14|key-popularity|*2|$7|key:123|:90|$39|Some real reply following the attribute|" },
        { "DEBUG PROTOCOL push", "-ERR RESP2 is not supported by this command|",
          ">2|$16|server-cpu-usage|:42|$40|Some real reply following the push reply|" },
        { "DEBUG PROTOCOL true", ":1|", "#t|" },
        { "DEBUG PROTOCOL false", ":0|", "#f|" },
        { "DEBUG PROTOCOL bignum", "$37|1234567999999999999999999999999999999|",
          "(1234567999999999999999999999999999999|" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        d.session.proto = 2;
        desk_is(&d, cases[i].ask, cases[i].resp2);
        d.session.proto = 3;
        desk_is(&d, cases[i].ask, cases[i].resp3);
    }
    desk_has(&d, "DEBUG PROTOCOL x", "-ERR Wrong protocol type name.");
}

/* The digits are redis-server 7.0.15's. */
Test(debug, digests_are_those_of_redis)
{
    desk_is(&d, "DEBUG DIGEST", "+0000000000000000000000000000000000000000|");
    desk_is(&d, "SET k hello", "+OK|");
    desk_is(&d, "DEBUG DIGEST", "+d101db227d1e3b31616b18b0b8700f84c3ffa5e9|");
    desk_is(&d, "DEBUG DIGEST-VALUE k nosuch",
            "*2|+36b23a1456b2dce2c3ed252c456761301dba8060|"
            "+0000000000000000000000000000000000000000|");
    desk_is(&d, "DEBUG DIGEST-VALUE", "*0|");
}

Test(debug, object_tells_what_redis_would)
{
    desk_is(&d, "SET k hello", "+OK|");
    desk_has(&d, "DEBUG OBJECT k", " refcount:1 encoding:embstr serializedlength:6 lru:");
    desk_is(&d, "DEBUG OBJECT nosuch", "-ERR no such key|");
    desk_is(&d, "DEBUG SDSLEN k",
            "+key_sds_len:1, key_sds_avail:0, key_zmalloc: 1, val_sds_len:5, val_sds_avail:0, "
            "val_zmalloc: 5|");
    desk_is(&d, "DEBUG LISTPACK k", "-ERR Not a listpack encoded object.|");
    desk_is(&d, "DEBUG QUICKLIST k", "-ERR Not a quicklist encoded object.|");
    desk_is(&d, "DEBUG LISTPACK nosuch", "-ERR no such key|");
}

Test(debug, populate_makes_what_is_not_there)
{
    desk_is(&d, "SET k:1 mine", "+OK|");
    desk_is(&d, "DEBUG POPULATE 3 k 7", "+OK|");
    desk_is(&d, "MGET k:0 k:1 k:2 k:3", "*4|$7|value:0|$4|mine|$7|value:2|$-1|");
    desk_is(&d, "STRLEN k:2", ":7|");
    desk_is(&d, "DEBUG POPULATE 2", "+OK|");
    desk_is(&d, "GET key:1", "$7|value:1|");
    desk_is(&d, "DEBUG POPULATE 1 l 100", "+OK|");
    desk_is(&d, "STRLEN l:0", ":100|");
    desk_is(&d, "DEBUG POPULATE 1 s 3", "+OK|");
    desk_is(&d, "GET s:0", "$3|val|");
    desk_is(&d, "DEBUG POPULATE x", "-ERR value is out of range, must be positive|");
    desk_is(&d, "DEBUG POPULATE -1", "-ERR value is out of range, must be positive|");
    desk_is(&d, "DEBUG POPULATE 1 k 999999999", "-ERR value is out of range, must be positive|");
}

Test(debug, what_changes_nothing_is_accepted)
{
    static const char *const lines[] = { "DEBUG CHANGE-REPL-ID",
                                         "DEBUG PAUSE-CRON 1",
                                         "DEBUG QUICKLIST-PACKED-THRESHOLD 100b",
                                         "DEBUG REPLYBUFFER RESIZING 0",
                                         "DEBUG SET-DISABLE-DENY-SCRIPTS 1",
                                         "DEBUG LOG hello" };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        desk_is(&d, lines[i], "+OK|");
    desk_is(&d, "DEBUG QUICKLIST-PACKED-THRESHOLD 5gb",
            "-ERR argument must be a memory value bigger than 1 and smaller than 4gb|");
    desk_is(&d, "DEBUG RELOAD x",
            "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.|");
}

Test(debug, active_expire_keeps_the_node_still_until_it_is_on_again)
{
    desk_is(&d, "DEBUG SET-ACTIVE-EXPIRE 0", "+OK|");
    cr_expect(d.node.still);
    instance_pause(&d.instance, 1000, true);
    instance_unpause(&d.instance);
    cr_expect(d.node.still, "the end of a pause does not end it");
    desk_is(&d, "DEBUG SET-ACTIVE-EXPIRE 1", "+OK|");
    cr_expect_not(d.node.still);
}

Test(debug, reload_waits_until_the_log_is_synced)
{
    d.node.lsm.end = 100;
    d.node.lsm.synced = 50;
    desk_is(&d, "DEBUG RELOAD NOSAVE", "+blocked|");
    cr_expect_eq(d.node.lsm.wanted, 100);
    d.node.lsm.synced = 100;
    desk_is(&d, "DEBUG LOADAOF", "+OK|");
}

Test(debug, sha1_is_that_of_the_standard)
{
    static const struct {
        const char *text;
        uint8_t first[4];
    } cases[] = {
        { "", { 0xda, 0x39, 0xa3, 0xee } },
        { "abc", { 0xa9, 0x99, 0x3e, 0x36 } },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", { 0x84, 0x98, 0x3e, 0x44 } },
        { "0123456789012345678901234567890123456789012345678901234567890123",
          { 0xcf, 0x08, 0x00, 0xf7 } },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t hash[SHA1_BYTES];
        sha1(slice_str(cases[i].text), hash);
        cr_expect_arr_eq(hash, cases[i].first, 4, "%s", cases[i].text);
    }
}
