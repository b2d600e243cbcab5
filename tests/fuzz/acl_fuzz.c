/* acl_fuzz.c: any text as an ACL file and as the rules of ACL SETUSER.  What was refused
 * has a reason and leaves nothing; what was accepted is sound, and what is written of it
 * reads back as the same. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "admin/admin.h"
#include "base/mem.h"
#include "session/acl.h"
#include "session/acl_file.h"
#include "session/acl_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORDS = 64 };

static const char *const tried[] = { "get", "set", "mget", "rename", "select", "copy", NULL };

static struct command_table *make_table(void)
{
    const struct command *families[64];
    size_t n = 0;

    for (size_t i = 0; admin_families[i]; i++)
        families[n++] = admin_families[i];
    for (size_t i = 0; command_data_families[i]; i++)
        families[n++] = command_data_families[i];
    return command_table_new(families, n);
}

static void describe(const struct acl_set *set, struct buf *out)
{
    out->len = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        acl_user_describe(set->users[i], out);
        buf_append_byte(out, '\n');
    }
}

/* Answers alike about commands with these words as keys. */
static void expect_alike(const struct acl_user *a, const struct acl_user *b,
                         const struct slice *words, uint32_t count)
{
    struct slice argv[WORDS + 1];

    memcpy(argv + 1, words, count * sizeof *argv);
    for (size_t i = 0; tried[i]; i++) {
        const struct command *row = acl_rows_find(a->rows, slice_str(tried[i]), NULL);
        uint32_t at_a, at_b;

        argv[0] = slice_str(tried[i]);
        if (!command_arity_ok(row, count + 1))
            continue;
        assert(acl_check(a, row, argv, count + 1, &at_a) ==
               acl_check(b, row, argv, count + 1, &at_b));
        assert(at_a == at_b && at_a <= count);
    }
}

static void read_again(const struct acl_set *set, const struct acl_rows *rows,
                       const struct slice *words, uint32_t count)
{
    struct buf text = { 0 }, again = { 0 }, why = { 0 };
    struct acl_set second;
    bool ok;

    describe(set, &text);
    ok = acl_parse_file(buf_slice(&text), "f", rows, false, &second, &why);
    assert(ok && acl_set_check(&second) && second.count == set->count);
    describe(&second, &again);
    assert(slice_equal(buf_slice(&text), buf_slice(&again)));
    for (uint32_t i = 0; i < set->count; i++)
        expect_alike(set->users[i], second.users[i], words, count);
    acl_set_deinit(&second);
    buf_deinit(&text);
    buf_deinit(&again);
    buf_deinit(&why);
}

/* The text's words as rules, one by one, as SETUSER applies them. */
static void as_rules(const struct acl_rows *rows, const struct slice *words, uint32_t count)
{
    struct acl_user *u = acl_user_new(slice_str("u"), rows, false), *copy;
    struct acl_set set = { 0 };
    struct buf joined = { 0 };
    struct slice rule;
    struct acl_edit e;
    uint32_t at = 0;

    acl_edit_init(&e, u, false);
    while (acl_rule_next(words, count, &at, &joined, &rule)) {
        copy = acl_user_copy(u);
        e.user = copy;
        if (acl_rule_apply(&e, rule) == ACL_RULE_OK) {
            acl_user_free(u);
            u = copy;
        } else {
            acl_user_free(copy);
        }
        assert(acl_user_check(u));
    }
    if (acl_set_put(&set, u, SIZE_MAX))
        read_again(&set, rows, words, count);
    acl_set_deinit(&set);
    buf_deinit(&joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct acl_rows rows; /* made once: it takes longer than all the rest */
    struct acl_set set;
    struct buf why = { 0 };
    struct slice words[WORDS];
    uint32_t count = 0;
    size_t from = 0;

    if (!rows.table)
        acl_rows_init(&rows, make_table());
    for (size_t i = 0; i <= size && count < WORDS; i++) {
        if (i < size && data[i] != ' ' && data[i] != '\n')
            continue;
        words[count++] = slice_of(data + from, i - from);
        from = i + 1;
    }
    if (acl_parse_file(slice_of(data, size), "f", &rows, false, &set, &why)) {
        assert(why.len == 0 && acl_set_check(&set));
        read_again(&set, &rows, words, count);
    } else {
        assert(why.len && set.count == 0);
    }
    acl_set_deinit(&set);
    if (!acl_parse_config(slice_of(data, size), "c", &rows, true, &set, &why))
        assert(why.len && set.count == 0);
    assert(acl_set_check(&set));
    acl_set_deinit(&set);
    as_rules(&rows, words, count);
    buf_deinit(&why);
    return 0;
}
