/* command_test.c: COMMAND: what clients read out of the table of commands. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "cmd/syntax.h"
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

TestSuite(command, .init = setup, .fini = teardown);

Test(command, info_has_ten_elements_as_redis_gives_them)
{
    desk_is(&d, "COMMAND INFO get",
            "*1|*10|$3|get|:2|*2|+readonly|+fast|:1|:1|:1|*3|+@read|+@string|+@fast|*0|*1|*6|"
            "$5|flags|*2|+RO|+access|$12|begin_search|*4|$4|type|$5|index|$4|spec|*2|$5|index|"
            ":1|$9|find_keys|*4|$4|type|$5|range|$4|spec|*6|$7|lastkey|:0|$7|keystep|:1|$5|"
            "limit|:0|*0|");
    desk_is(&d, "COMMAND INFO shutdown",
            "*1|*10|$8|shutdown|:-1|*6|+admin|+noscript|+loading|+stale|+no_multi|+allow_busy|"
            ":0|:0|:0|*3|+@admin|+@slow|+@dangerous|*0|*0|*0|");
}

Test(command, info_in_resp3_uses_sets_and_maps)
{
    d.session.proto = 3;
    desk_has(&d, "COMMAND INFO mset", "|:1|:-1|:2|~");
    desk_has(&d, "COMMAND INFO mset", "~1|%3|$5|flags|~2|+OW|+update|$12|begin_search|%2|");
    desk_has(&d, "COMMAND INFO mset", "$7|lastkey|:-1|$7|keystep|:2|");
    desk_is(&d, "COMMAND INFO nosuch", "*1|_|");
}

Test(command, shard_channels_are_specified_but_are_no_keys)
{
    desk_has(&d, "COMMAND INFO spublish", "|$8|spublish|:3|");
    desk_has(&d, "COMMAND INFO spublish", "|:1|:1|:1|");
    desk_has(&d, "COMMAND INFO spublish",
             "*1|*6|$5|flags|*1|+not_key|$12|begin_search|*4|$4|type|$5|index|$4|spec|*2|$5|index|"
             ":1|$9|find_keys|*4|$4|type|$5|range|$4|spec|*6|$7|lastkey|:0|$7|keystep|:1|$5|"
             "limit|:0|");
    desk_has(&d, "COMMAND INFO ssubscribe", "|:1|:-1|:1|");
    desk_has(&d, "COMMAND INFO sunsubscribe", "*1|+not_key|");
    desk_is(&d, "COMMAND GETKEYS SPUBLISH c m", "-ERR The command has no key arguments|");
}

Test(command, info_finds_subcommands_by_their_full_name)
{
    desk_has(&d, "COMMAND INFO Client|SetName", "*1|*10|$14|client|setname|:3|");
    desk_is(&d, "COMMAND INFO client|nosuch get|x nosuch| |get", "*4|$-1|$-1|$-1|$-1|");
    desk_has(&d, "COMMAND INFO config", "|*5|*10|$10|config|get|");
}

/* The number behind the first byte of a reply. */
static long first_number(const char *reply)
{
    return strtol(reply + 1, NULL, 10);
}

Test(command, every_listing_has_as_many_entries_as_count_says)
{
    long n = first_number(desk_ask(&d, "COMMAND COUNT"));

    cr_expect_eq((size_t)n, command_count(d.instance.commands));
    cr_expect_eq(first_number(desk_ask(&d, "COMMAND")), n);
    cr_expect_eq(first_number(desk_ask(&d, "COMMAND INFO")), n);
    cr_expect_eq(first_number(desk_ask(&d, "COMMAND DOCS")), 2 * n);
    cr_expect_gt(first_number(desk_ask(&d, "COMMAND LIST")), n, "subcommands are listed too");
}

Test(command, list_filters_by_category_pattern_and_module)
{
    desk_is(&d, "COMMAND LIST FILTERBY PATTERN SETE*", "*1|$5|setex|");
    desk_is(&d, "COMMAND LIST FILTERBY PATTERN config|s*", "*1|$10|config|set|");
    desk_is(&d, "COMMAND LIST FILTERBY MODULE json", "*0|");
    desk_is(&d, "COMMAND LIST FILTERBY ACLCAT nosuch", "*0|");
    desk_has(&d, "COMMAND LIST FILTERBY ACLCAT connection", "$9|client|id|");
    desk_has(&d, "COMMAND LIST FILTERBY ACLCAT DANGEROUS", "$4|info|");
    desk_is(&d, "COMMAND LIST FILTERBY x y", "-ERR syntax error|");
    desk_is(&d, "COMMAND LIST x", "-ERR syntax error|");
}

Test(command, docs_leave_out_what_they_do_not_know)
{
    desk_has(&d, "COMMAND DOCS nosuch ping", "*2|$4|ping|*10|$7|summary|");
    desk_is(&d, "COMMAND DOCS nosuch", "*0|");
    desk_has(&d, "COMMAND DOCS config", "$11|subcommands|*10|$10|config|get|*10|");
    d.session.proto = 3;
    desk_has(&d, "COMMAND DOCS config|set", "%1|$10|config|set|%5|$7|summary|");
}

Test(command, getkeys_finds_the_keys_of_a_whole_command)
{
    desk_is(&d, "COMMAND GETKEYS GET a", "*1|$1|a|");
    desk_is(&d, "COMMAND GETKEYS MSET a 1 b 2", "*2|$1|a|$1|b|");
    desk_is(&d, "COMMAND GETKEYS DEL a b c", "*3|$1|a|$1|b|$1|c|");
    desk_is(&d, "COMMAND GETKEYSANDFLAGS GET a", "*1|*2|$1|a|*2|+RO|+access|");
    desk_is(&d, "COMMAND GETKEYSANDFLAGS MOVE a 1", "*1|*2|$1|a|*3|+RW|+access|+update|");
    desk_is(&d, "COMMAND GETKEYSANDFLAGS SET a b", "*1|*2|$1|a|*2|+OW|+update|");
    desk_is(&d, "COMMAND GETKEYSANDFLAGS SET a b EX 9 GET", "*1|*2|$1|a|*3|+RW|+access|+update|");
    desk_is(&d, "COMMAND GETKEYSANDFLAGS BITFIELD a GET u8 0", "*1|*2|$1|a|*2|+RO|+access|");
    desk_is(&d, "COMMAND GETKEYSANDFLAGS BITFIELD a GET u8 0 SET u8 0 1",
            "*1|*2|$1|a|*3|+RW|+access|+update|");
    desk_is(&d, "COMMAND GETKEYSANDFLAGS SORT a STORE b",
            "*2|*2|$1|a|*2|+RO|+access|*2|$1|b|*2|+OW|+update|");
    desk_is(&d, "COMMAND GETKEYS PING x", "-ERR The command has no key arguments|");
    desk_is(&d, "COMMAND GETKEYS CONFIG GET x", "-ERR The command has no key arguments|");
    desk_is(&d, "COMMAND GETKEYS NOSUCH x", "-ERR Invalid command specified|");
    desk_is(&d, "COMMAND GETKEYS GET a b",
            "-ERR Invalid number of arguments specified for command|");
    desk_is(&d, "COMMAND GETKEYS GET", "-ERR Invalid number of arguments specified for command|");
    desk_is(&d, "COMMAND GETKEYS", "-ERR wrong number of arguments for 'command|getkeys' command|");
}

/* What Redis 7.2 answers of them, word for word but for `since` of single arguments. */
Test(command, docs_show_arguments_as_redis_does)
{
    desk_has(&d, "COMMAND DOCS lcs",
             "$9|arguments|*6|*8|$4|name|$4|key1|$4|type|$3|key|$12|display_text|$4|key1|$14|"
             "key_spec_index|:0|*8|$4|name|$4|key2|$4|type|$3|key|$12|display_text|$4|key2|$14|"
             "key_spec_index|:0|*10|$4|name|$3|len|$4|type|$10|pure-token|$12|display_text|$3|len|"
             "$5|token|$3|LEN|$5|flags|*1|+optional|");
    desk_has(&d, "COMMAND DOCS set",
             "*8|$4|name|$9|condition|$4|type|$5|oneof|$5|flags|*1|+optional|$9|arguments|*2|*8|"
             "$4|name|$2|nx|$4|type|$10|pure-token|$12|display_text|$2|nx|$5|token|$2|NX|");
    desk_has(
        &d, "COMMAND DOCS set",
        "*8|$4|name|$7|seconds|$4|type|$7|integer|$12|display_text|$7|seconds|$5|token|$2|EX|");
    desk_has(&d, "COMMAND DOCS rename", "newkey|$14|key_spec_index|:1|");
    desk_has(&d, "COMMAND DOCS sort", "destination|$14|key_spec_index|:2|");
    desk_has(&d, "COMMAND DOCS sort",
             "$12|display_text|$7|pattern|$5|token|$3|GET|$5|flags|*3|+optional|+multiple|"
             "+multiple_token|");
    desk_has(&d, "COMMAND DOCS mset",
             "*8|$4|name|$4|data|$4|type|$5|block|$5|flags|*1|+multiple|$9|arguments|*2|");
}

/* Its arguments are readable, and as many as its arity says. */
static void check_syntax(const struct command *row)
{
    unsigned least = row->full ? 2 : 1;
    struct syntax s;
    bool more = false;

    cr_assert(syntax_parse(row->syntax, &s), "%s: %s", command_full_name(row), row->syntax);
    if (!row->run || (!row->syntax && row->arity == -1))
        return; /* a container, or what takes arguments and does nothing with them */
    least += syntax_least(&s, 0, &more);
    cr_expect_eq(row->arity, more ? -(int)least : (int)least, "%s: arity %d, but '%s' is %u%s",
                 command_full_name(row), row->arity, row->syntax, least, more ? " or more" : "");
}

static void check_row(const struct command *row, const struct command *parent)
{
    cr_expect(row->group && row->since && row->summary && (row->complexity || !row->run),
              "%s is not documented", row->name);
    cr_expect(row->run || row->subs, "%s does nothing", row->name);
    cr_expect_eq(parent != NULL, row->full != NULL, "%s", row->name);
    if (parent) {
        char full[64];

        snprintf(full, sizeof full, "%s|%s", parent->name, row->name);
        cr_expect_str_eq(row->full, full);
    }
    check_syntax(row);
    for (const struct command *sub = row->subs; sub && sub->name; sub++)
        check_row(sub, row);
}

Test(command, every_row_is_documented_and_every_subcommand_knows_its_parent)
{
    for (size_t i = 0; i < command_count(d.instance.commands); i++)
        check_row(command_at(d.instance.commands, i), NULL);
}

Test(command, info_and_docs_take_so_many_names)
{
    static const char *const begin[] = { "COMMAND INFO", "COMMAND DOCS" };
    struct buf line = { 0 };

    for (size_t n = 0; n < sizeof begin / sizeof *begin; n++) {
        line.len = 0;
        buf_printf(&line, "%s", begin[n]);
        for (int i = 0; i <= LIMIT_NAMES; i++)
            buf_printf(&line, " x");
        buf_append_byte(&line, 0);
        desk_is(&d, (char *)line.data, "-ERR too many arguments: one call may name 1024|");
        line.data[line.len - 3] = 0;
        cr_expect_neq(desk_ask(&d, (char *)line.data)[0], '-');
    }
    buf_deinit(&line);
}
