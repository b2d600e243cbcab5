/* command_table_test.c: rows are found by name, and say what they should. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "cmd/command.h"

static struct command_table *data_table(void)
{
    size_t n = 0;
    while (command_data_families[n])
        n++;
    return command_table_new(command_data_families, n);
}

static enum call_end run_nothing(struct call *c)
{
    (void)c;
    return CALL_DONE;
}

Test(command_table, every_name_is_found_in_any_case)
{
    struct command_table *t = data_table();
    cr_assert_gt(command_count(t), 35);
    for (size_t i = 0; i < command_count(t); i++) {
        const struct command *row = command_at(t, i);
        char name[LIMIT_COMMAND_NAME + 1] = "";
        size_t len = strlen(row->name);
        for (unsigned mask = 0; mask < 8; mask++) {
            for (size_t k = 0; k < len; k++) {
                bool upper = mask >> (k % 3) & 1 && row->name[k] >= 'a' && row->name[k] <= 'z';
                name[k] = (char)(row->name[k] - (upper ? 32 : 0));
            }
            cr_assert_eq(command_find(t, slice_of(name, len)), row, "%s", name);
        }
    }
    command_table_free(t);
}

Test(command_table, nothing_else_is_found)
{
    struct command_table *t = data_table();
    static const char *const names[] = { "g",        "ge",      "gett",         "gex",
                                         "set ",     "pexpirf", "incrbyfloaT1", "xincrbyfloat",
                                         "mset\xff", "" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        cr_assert_null(command_find(t, slice_str(names[i])), "%s", names[i]);
    cr_assert_null(command_find(t, slice_of("get\0", 4)));
    cr_assert_null(command_find(t, slice_of(NULL, 0)));
    char longest[LIMIT_COMMAND_NAME + 1];
    memset(longest, 'a', sizeof(longest));
    cr_assert_null(command_find(t, slice_of(longest, sizeof(longest))));
    command_table_free(t);
}

/* Each byte of each name, changed to each other byte: found only if it is the same
 * letter in the other case. */
Test(command_table, a_name_with_one_wrong_byte_is_not_found)
{
    static const struct command odd[] = {
        { .name = "bitfield_ro", .run = run_nothing },
        { .name = "restore-asking", .run = run_nothing },
        { .name = "georadiusbymember_ro", .run = run_nothing },
        { .name = "v2", .run = run_nothing },
        { 0 },
    };
    const struct command *const families[] = { odd };
    struct command_table *t = command_table_new(families, 1);
    for (const struct command *row = odd; row->name; row++) {
        size_t len = strlen(row->name);
        for (size_t i = 0; i < len; i++) {
            for (int byte = 0; byte < 256; byte++) {
                char name[LIMIT_COMMAND_NAME];
                memcpy(name, row->name, len);
                name[i] = (char)byte;
                bool same = slice_is(slice_of(name, len), row->name);
                cr_assert_eq(command_find(t, slice_of(name, len)), same ? row : NULL);
            }
        }
    }
    command_table_free(t);
}

Test(command_table, hundreds_of_names_share_no_slot)
{
    enum { MANY = 500 };
    static char names[MANY][24];
    static struct command rows[MANY + 1];
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof(names[i]), "command%d", i);
        rows[i] = (struct command){ .name = names[i], .run = run_nothing };
    }
    const struct command *const families[] = { rows };
    struct command_table *t = command_table_new(families, 1);
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(command_find(t, slice_str(names[i])), &rows[i]);
    command_table_free(t);
}

Test(command_table, rows_are_sorted_by_name)
{
    struct command_table *t = data_table();
    for (size_t i = 1; i < command_count(t); i++)
        cr_assert_lt(strcmp(command_at(t, i - 1)->name, command_at(t, i)->name), 0);
    command_table_free(t);
}

Test(command_table, subcommands_are_found_by_their_own_name)
{
    static const struct command subs[] = {
        { .name = "setname", .full = "client|setname" },
        { 0 },
    };
    static const struct command row = { .name = "client", .subs = subs };
    cr_assert_eq(command_find_sub(&row, slice_str("SetName")), &subs[0]);
    cr_assert_null(command_find_sub(&row, slice_str("setname2")));
    cr_assert_null(command_find_sub(&subs[0], slice_str("setname")));
    cr_assert_str_eq(command_full_name(&subs[0]), "client|setname");
}

static void expect_whole(const struct command *row)
{
    const char *name = command_full_name(row);
    bool writes = row->flags & CMD_WRITE, reads = row->flags & CMD_READONLY;

    cr_assert(row->group && row->since && row->summary && row->complexity, "%s lacks something",
              name);
    cr_assert_neq(row->run == NULL, row->subs == NULL, "%s runs or has subcommands", name);
    if (row->run && strcmp(row->name, "help") != 0)
        cr_assert_neq(writes, reads, "%s writes or reads", name);
    cr_assert(!(row->flags & CMD_DENYOOM) || writes, "%s", name);
    cr_assert_eq(row->key_flags != NULL, row->keys.first != 0, "%s", name);
    cr_assert_eq(row->keys.step != 0, row->keys.first != 0, "%s", name);
    cr_assert(row->arity != 0 && (row->arity > row->keys.first || -row->arity > row->keys.first),
              "%s: its first key is always there", name);
    for (const struct command *sub = row->subs; sub && sub->name; sub++)
        expect_whole(sub);
}

/* What other code relies on in every row. */
Test(command_table, rows_are_complete_and_consistent)
{
    struct command_table *t = data_table();

    for (size_t i = 0; i < command_count(t); i++)
        expect_whole(command_at(t, i));
    command_table_free(t);
}

/* Two flags of one bit would turn each other on. */
Test(command_table, every_flag_has_a_bit_of_its_own)
{
    static const unsigned flags[] = {
        CMD_WRITE,          CMD_READONLY,     CMD_DENYOOM,    CMD_ADMIN,
        CMD_PUBSUB,         CMD_NOSCRIPT,     CMD_BLOCKING,   CMD_LOADING,
        CMD_STALE,          CMD_FAST,         CMD_NO_AUTH,    CMD_NO_MULTI,
        CMD_SKIP_MONITOR,   CMD_SKIP_SLOWLOG, CMD_ALLOW_BUSY, CMD_NO_ASYNC_LOADING,
        CMD_SENTINEL,       CMD_KEYSPACE,     CMD_CONNECTION, CMD_DANGEROUS,
        CMD_MOVABLE_KEYS,   CMD_RANDOM,       CMD_NO_TOUCH,   CMD_IN_MULTI,
        CMD_OF_COLLECTIONS,
    };
    unsigned seen = 0;

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        cr_expect_eq(seen & flags[i], 0u, "flag %zu of the list", i);
        seen |= flags[i];
    }
}
