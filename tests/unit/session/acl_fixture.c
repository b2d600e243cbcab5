/* acl_fixture.c: users, and lines of text to try them with. */
#include "unit/session/acl_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "admin/admin.h"
#include "resp/inline_split.h"

enum { ARGS = 32 };

/* Rows as commands have that belong to other families, for what is decided by name: in
 * the table only if it has none of that name. */
static const struct command others[] = {
    { .name = "publish", .flags = CMD_PUBSUB, .arity = 3, .group = "pubsub" },
    { .name = "subscribe", .flags = CMD_PUBSUB, .arity = -2, .group = "pubsub" },
    { .name = "psubscribe", .flags = CMD_PUBSUB, .arity = -2, .group = "pubsub" },
    { .name = "unsubscribe", .flags = CMD_PUBSUB, .arity = -1, .group = "pubsub" },
    { .name = "sort",
      .keys = { 1, 1, 1 },
      .key_flags = "RO access|OW update incomplete",
      .arity = -2 },
    { .name = "sort_ro", .keys = { 1, 1, 1 }, .key_flags = "RO access", .arity = -2 },
    { .name = "bitfield", .keys = { 1, 1, 1 }, .key_flags = "RW update access variable_flags" },
    { .name = "spublish", .flags = CMD_PUBSUB, .keys = { 1, 1, 1 }, .key_flags = "not_key" },
    { 0 },
};

struct command_table *fixture_table(void)
{
    const struct command *families[64];
    static struct command missing[sizeof others / sizeof others[0]];
    struct command_table *table;
    size_t n = 0, count = 0;

    for (size_t i = 0; admin_families[i]; i++)
        families[n++] = admin_families[i];
    for (size_t i = 0; command_data_families[i]; i++)
        families[n++] = command_data_families[i];
    table = command_table_new(families, n);
    for (const struct command *o = others; o->name; o++) {
        if (!command_find(table, slice_str(o->name)))
            missing[count++] = *o;
    }
    command_table_free(table);
    families[n++] = missing;
    return command_table_new(families, n);
}

/* Words of a line: in `text`, which must live as long. */
static uint32_t words(const char *line, struct buf text[ARGS], struct slice argv[ARGS])
{
    struct slice rest = slice_str(line);
    uint32_t n = 0;

    while (inline_next(&rest, &text[n]) == INLINE_ARG) {
        argv[n] = buf_slice(&text[n]);
        n++;
        cr_assert_lt(n, ARGS);
    }
    return n;
}

static void forget(struct buf text[ARGS])
{
    for (int i = 0; i < ARGS; i++)
        buf_deinit(&text[i]);
}

struct acl_user *fixture_user(const struct acl_rows *rows, const char *rules,
                              enum acl_rule_end *end)
{
    struct acl_user *u = acl_user_new(slice_str("u"), rows, false);
    struct buf text[ARGS] = { 0 }, joined = { 0 };
    struct slice argv[ARGS] = { 0 }, rule;
    uint32_t argc = words(rules, text, argv), at = 0;
    struct acl_edit e;

    acl_edit_init(&e, u, false);
    *end = ACL_RULE_OK;
    while (*end == ACL_RULE_OK && acl_rule_next(argv, argc, &at, &joined, &rule))
        *end = acl_rule_apply(&e, rule);
    cr_assert(*end != ACL_RULE_OK || at == argc, "a parenthesis is open: %s", rules);
    cr_assert(acl_user_check(u), "%s", rules);
    buf_deinit(&joined);
    forget(text);
    return u;
}

static const struct command *row_of(const struct acl_user *u, const struct slice *argv,
                                    uint32_t argc)
{
    const struct command *row = acl_rows_find(u->rows, argv[0], NULL);

    cr_assert(row, "there is no %.*s", (int)argv[0].len, (const char *)argv[0].data);
    return row->subs && argc > 1 ? command_find_sub(row, argv[1]) : row;
}

const char *fixture_check(const struct acl_user *u, const char *line)
{
    static const char *const kinds[] = { "may", "run", "key", "channel" };
    static char said[32];
    struct buf text[ARGS] = { 0 };
    struct slice argv[ARGS] = { 0 };
    uint32_t argc = words(line, text, argv), at;
    enum acl_verdict verdict = acl_check(u, row_of(u, argv, argc), argv, argc, &at);

    snprintf(said, sizeof said, verdict > ACL_MAY_NOT_RUN ? "%s %u" : "%s", kinds[verdict], at);
    forget(text);
    return said;
}

bool fixture_reads_all(const struct acl_user *u, const char *line)
{
    struct buf text[ARGS] = { 0 };
    struct slice argv[ARGS] = { 0 };
    uint32_t argc = words(line, text, argv);
    bool may = acl_may_read_all(u, row_of(u, argv, argc), argv, argc);

    forget(text);
    return may;
}
