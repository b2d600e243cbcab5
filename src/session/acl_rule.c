/* acl_rule.c: rules, one by one. */
#include "session/acl_rule.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/command_category.h"
#include "resp/inline_split.h"

void acl_edit_init(struct acl_edit *e, struct acl_user *u, bool all_channels)
{
    *e = (struct acl_edit){ .user = u, .all_channels = all_channels };
    acl_user_size(u, &e->count, &e->bytes);
}

const char *acl_rule_text(enum acl_rule_end end)
{
    static const char *const texts[] = {
        [ACL_RULE_OK] = "",
        [ACL_RULE_SYNTAX] = "Syntax error",
        [ACL_RULE_UNKNOWN] = "Unknown command or category name in ACL",
        [ACL_RULE_KEYS] =
            "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid "
            "and does not have any effect. Try 'resetkeys' to start with an empty "
            "list of patterns",
        [ACL_RULE_CHANNELS] = "Adding a pattern after the * pattern (or the 'allchannels' flag) is "
                              "not valid and does not have any effect. Try 'resetchannels' to "
                              "start with an empty list of channels",
        [ACL_RULE_NO_PASSWORD] = "The password you are trying to remove from the user does not "
                                 "exist",
        [ACL_RULE_HASH] = "The password hash must be exactly 64 characters and contain only "
                          "lowercase hexadecimal characters",
        [ACL_RULE_FIRST_ARG] = "Allowing first-arg of a subcommand is not supported",
        [ACL_RULE_LARGE] = "The user has more rules than fit",
    };

    return texts[end];
}

bool acl_is_word(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t b = text.data[i];
        if (b == 0 || b == ' ' || (b >= '\t' && b <= '\r'))
            return false;
    }
    return true;
}

/* --- lists within limits */

static enum acl_rule_end add(struct acl_edit *e, struct acl_items *items, struct slice text,
                             uint32_t tag)
{
    e->count++;
    e->bytes += text.len;
    if (e->count > LIMIT_ACL_RULES || e->bytes > LIMIT_ACL_USER_BYTES)
        return ACL_RULE_LARGE;
    acl_items_add(items, text, tag);
    return ACL_RULE_OK;
}

static struct slice behind(struct slice text, size_t n)
{
    return slice_of(text.data + n, text.len - n);
}

/* --- commands */

static void forget_first_args(struct acl_selector *s, uint32_t number)
{
    for (uint32_t i = s->first_args.count; i > 0; i--) {
        if (s->first_args.at[i - 1].tag == number)
            acl_items_remove(&s->first_args, i - 1);
    }
}

static void set_row(struct acl_selector *s, const struct acl_rows *rows, const struct command *row,
                    bool allow)
{
    uint32_t number = acl_rows_number(rows, row);
    uint64_t bit = UINT64_C(1) << number % 64;

    if (allow) {
        s->commands[number / 64] |= bit;
        return;
    }
    s->commands[number / 64] &= ~bit;
    s->flags &= ~(unsigned)ACL_ALL_COMMANDS;
}

/* A container stands for its subcommands. */
static void set_command(struct acl_selector *s, const struct acl_rows *rows,
                        const struct command *row, bool allow)
{
    set_row(s, rows, row, allow);
    forget_first_args(s, acl_rows_number(rows, row));
    for (const struct command *sub = row->subs; sub && sub->name; sub++)
        set_row(s, rows, sub, allow);
}

/* Notes the rule for people, in place of what it makes void: the same one, and those
 * about its subcommands and arguments. */
static enum acl_rule_end note(struct acl_edit *e, struct acl_selector *s, struct slice name,
                              bool allow)
{
    struct buf lower = { 0 };
    enum acl_rule_end end;

    for (size_t i = 0; i < name.len; i++) {
        uint8_t b = name.data[i];
        buf_append_byte(&lower, (uint8_t)(b >= 'A' && b <= 'Z' ? b + 'a' - 'A' : b));
    }
    for (uint32_t i = s->rules.count; i > 0; i--) {
        struct slice old = s->rules.at[i - 1].text;

        if (old.len >= lower.len && slice_equal(slice_of(old.data, lower.len), buf_slice(&lower)) &&
            (old.len == lower.len || old.data[lower.len] == '|'))
            acl_items_remove(&s->rules, i - 1);
    }
    end = add(e, &s->rules, buf_slice(&lower), allow);
    buf_deinit(&lower);
    return end;
}

static void set_all_commands(struct acl_selector *s, const struct acl_rows *rows, bool allow)
{
    unsigned flags = ACL_ALL_COMMANDS | ACL_FROM_ALL;

    memset(s->commands, allow ? 0xff : 0, rows->words * sizeof *s->commands);
    s->flags = allow ? s->flags | flags : s->flags & ~flags;
    acl_items_clear(&s->first_args);
    acl_items_clear(&s->rules);
}

static enum acl_rule_end category_rule(struct acl_edit *e, struct acl_selector *s,
                                       struct slice name, bool allow)
{
    const struct acl_rows *rows = e->user->rows;
    size_t category;

    if (!category_find(behind(name, 1), &category))
        return ACL_RULE_UNKNOWN;
    for (uint32_t i = 0; i < rows->count; i++) {
        if (category_has(category, rows->rows[i]))
            set_command(s, rows, rows->rows[i], allow);
    }
    return note(e, s, name, allow);
}

/* +command|argument: only with that first argument. */
static enum acl_rule_end first_arg_rule(struct acl_edit *e, struct acl_selector *s,
                                        const struct command *row, struct slice name,
                                        struct slice arg)
{
    uint32_t number = acl_rows_number(e->user->rows, row);
    enum acl_rule_end end;

    if (!acl_is_word(arg))
        return ACL_RULE_SYNTAX;
    for (uint32_t i = 0; i < s->first_args.count; i++) {
        const struct acl_item *old = &s->first_args.at[i];
        if (old->tag == number && slice_equal_nocase(old->text, arg))
            return note(e, s, name, true);
    }
    end = add(e, &s->first_args, arg, number);
    return end == ACL_RULE_OK ? note(e, s, name, true) : end;
}

static enum acl_rule_end command_rule(struct acl_edit *e, struct acl_selector *s, struct slice name,
                                      bool allow)
{
    const struct acl_rows *rows = e->user->rows;
    const struct command *parent, *row = acl_rows_find(rows, name, NULL), *of;
    size_t bar = name.len;

    while (bar > 0 && name.data[bar - 1] != '|')
        bar--;
    if (allow && bar > 0) {
        of = acl_rows_find(rows, slice_of(name.data, bar - 1), &parent);
        if (!of)
            return ACL_RULE_UNKNOWN;
        if (parent)
            return ACL_RULE_FIRST_ARG;
        if (bar == name.len)
            return ACL_RULE_SYNTAX;
        if (!of->subs)
            return first_arg_rule(e, s, of, name, behind(name, bar));
    }
    if (!row)
        return ACL_RULE_UNKNOWN;
    set_command(s, rows, row, allow);
    return note(e, s, slice_str(command_full_name(row)), allow);
}

/* --- keys and channels */

/* "~a", "%R~a", "%rw~a". */
static enum acl_rule_end key_rule(struct acl_edit *e, struct acl_selector *s, struct slice rule)
{
    struct acl_item *old;
    uint32_t access = rule.data[0] == '~' ? ACL_READ | ACL_WRITE : 0;
    size_t at = 1;

    if (s->flags & ACL_ALL_KEYS)
        return ACL_RULE_KEYS;
    for (; rule.data[0] == '%' && at < rule.len && rule.data[at] != '~'; at++) {
        uint32_t one = (rule.data[at] | 0x20) == 'r'   ? ACL_READ
                       : (rule.data[at] | 0x20) == 'w' ? ACL_WRITE
                                                       : 0;
        if (!one || (access & one))
            return ACL_RULE_SYNTAX;
        access |= one;
    }
    if (!access)
        return ACL_RULE_SYNTAX;
    if (rule.data[0] == '%' && at < rule.len)
        at++;
    rule = behind(rule, at);
    if (!acl_is_word(rule))
        return ACL_RULE_SYNTAX;
    old = acl_items_find(&s->keys, rule);
    if (!old)
        return add(e, &s->keys, rule, access);
    old->tag |= access;
    return ACL_RULE_OK;
}

static enum acl_rule_end channel_rule(struct acl_edit *e, struct acl_selector *s,
                                      struct slice pattern)
{
    if (s->flags & ACL_ALL_CHANNELS)
        return ACL_RULE_CHANNELS;
    if (!acl_is_word(pattern))
        return ACL_RULE_SYNTAX;
    return acl_items_find(&s->channels, pattern) ? ACL_RULE_OK : add(e, &s->channels, pattern, 0);
}

static void set_all_keys(struct acl_selector *s, bool allow)
{
    acl_items_clear(&s->keys);
    s->flags = allow ? s->flags | ACL_ALL_KEYS : s->flags & ~(unsigned)ACL_ALL_KEYS;
}

static void set_all_channels(struct acl_selector *s, bool allow)
{
    acl_items_clear(&s->channels);
    s->flags = allow ? s->flags | ACL_ALL_CHANNELS : s->flags & ~(unsigned)ACL_ALL_CHANNELS;
}

static enum acl_rule_end selector_rule(struct acl_edit *e, struct acl_selector *s,
                                       struct slice rule)
{
    bool allow = rule.len && rule.data[0] == '+';

    if (slice_is(rule, "allkeys") || slice_is(rule, "~*"))
        set_all_keys(s, true);
    else if (slice_is(rule, "resetkeys"))
        set_all_keys(s, false);
    else if (slice_is(rule, "allchannels") || slice_is(rule, "&*"))
        set_all_channels(s, true);
    else if (slice_is(rule, "resetchannels"))
        set_all_channels(s, false);
    else if (slice_is(rule, "allcommands") || slice_is(rule, "+@all"))
        set_all_commands(s, e->user->rows, true);
    else if (slice_is(rule, "nocommands") || slice_is(rule, "-@all"))
        set_all_commands(s, e->user->rows, false);
    else if (rule.len == 0)
        return ACL_RULE_SYNTAX;
    else if (rule.data[0] == '~' || rule.data[0] == '%')
        return key_rule(e, s, rule);
    else if (rule.data[0] == '&')
        return channel_rule(e, s, behind(rule, 1));
    else if (rule.data[0] != '+' && rule.data[0] != '-')
        return ACL_RULE_SYNTAX;
    else if (rule.len > 1 && rule.data[1] == '@')
        return category_rule(e, s, behind(rule, 1), allow);
    else
        return command_rule(e, s, behind(rule, 1), allow);
    return ACL_RULE_OK;
}

/* "(+get ~a)" */
static enum acl_rule_end selector_of_rules(struct acl_edit *e, struct slice rule)
{
    struct slice line = slice_of(rule.data + 1, rule.len - 2);
    struct acl_selector *s;
    struct buf word = { 0 };
    enum acl_rule_end end = ACL_RULE_OK;
    enum inline_end next;

    if (++e->count > LIMIT_ACL_RULES)
        return ACL_RULE_LARGE;
    s = acl_user_add_selector(e->user, e->all_channels);
    while (end == ACL_RULE_OK && (next = inline_next(&line, &word)) != INLINE_DONE) {
        end = next == INLINE_ARG ? selector_rule(e, s, buf_slice(&word)) : ACL_RULE_SYNTAX;
        word.len = 0;
    }
    buf_deinit(&word);
    return end;
}

/* --- passwords */

static int hex_digit(uint8_t b)
{
    if (b >= '0' && b <= '9')
        return b - '0';
    return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

static bool read_hash(struct slice text, uint8_t out[SHA256_BYTES])
{
    if (text.len != (size_t)2 * SHA256_BYTES)
        return false;
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum acl_rule_end password_rule(struct acl_edit *e, struct slice rule)
{
    struct acl_user *u = e->user;
    uint8_t hash[SHA256_BYTES];
    struct acl_item *old;
    bool clear = rule.data[0] == '>' || rule.data[0] == '<';

    if (clear && rule.len - 1 > LIMIT_PASSWORD)
        return ACL_RULE_LARGE;
    if (clear)
        sha256(behind(rule, 1), hash);
    else if (!read_hash(behind(rule, 1), hash))
        return ACL_RULE_HASH;
    old = acl_items_find(&u->passwords, slice_of(hash, sizeof hash));
    if (rule.data[0] == '<' || rule.data[0] == '!') {
        if (!old)
            return ACL_RULE_NO_PASSWORD;
        acl_items_remove(&u->passwords, (uint32_t)(old - u->passwords.at));
        return ACL_RULE_OK;
    }
    u->nopass = false;
    return old ? ACL_RULE_OK : add(e, &u->passwords, slice_of(hash, sizeof hash), 0);
}

/* --- all */

static void reset(struct acl_edit *e)
{
    struct acl_user *u = e->user;

    acl_items_clear(&u->passwords);
    u->nopass = false;
    u->enabled = false;
    u->skip_sanitize = false;
    acl_user_drop_selectors(u);
    set_all_keys(u->selectors[0], false);
    set_all_channels(u->selectors[0], e->all_channels);
    set_all_commands(u->selectors[0], u->rows, false);
}

static enum acl_rule_end user_rule(struct acl_edit *e, struct slice rule)
{
    struct acl_user *u = e->user;

    if (slice_is(rule, "on")) {
        u->enabled = true;
    } else if (slice_is(rule, "off")) {
        u->enabled = false;
    } else if (slice_is(rule, "skip-sanitize-payload")) {
        u->skip_sanitize = true;
    } else if (slice_is(rule, "sanitize-payload")) {
        u->skip_sanitize = false;
    } else if (slice_is(rule, "nopass") || slice_is(rule, "resetpass")) {
        acl_items_clear(&u->passwords);
        u->nopass = slice_is(rule, "nopass");
    } else if (slice_is(rule, "clearselectors")) {
        acl_user_drop_selectors(u);
    } else if (slice_is(rule, "reset")) {
        reset(e);
    } else if (memchr("><#!", rule.data[0], 4)) {
        return password_rule(e, rule);
    } else if (rule.len > 1 && rule.data[0] == '(' && rule.data[rule.len - 1] == ')') {
        return selector_of_rules(e, rule);
    } else {
        return selector_rule(e, u->selectors[0], rule);
    }
    return ACL_RULE_OK;
}

enum acl_rule_end acl_rule_apply(struct acl_edit *e, struct slice rule)
{
    const unsigned all = ACL_ALL_COMMANDS | ACL_ALL_KEYS | ACL_ALL_CHANNELS;
    enum acl_rule_end end = rule.len ? user_rule(e, rule) : ACL_RULE_OK;

    e->user->everything = (e->user->selectors[0]->flags & all) == all;
    return end;
}

static bool opens(struct slice arg)
{
    return arg.len && arg.data[0] == '(' && arg.data[arg.len - 1] != ')';
}

bool acl_rule_next(const struct slice *argv, uint32_t argc, uint32_t *at, struct buf *joined,
                   struct slice *rule)
{
    uint32_t last = *at;

    if (*at >= argc)
        return false;
    *rule = argv[*at];
    if (opens(argv[*at])) {
        do
            last++;
        while (last < argc && !(argv[last].len && argv[last].data[argv[last].len - 1] == ')'));
        if (last == argc)
            return false;
        joined->len = 0;
        for (uint32_t i = *at; i <= last; i++) {
            if (i > *at)
                buf_append_byte(joined, ' ');
            buf_append(joined, argv[i]);
        }
        *rule = buf_slice(joined);
    }
    *at = last + 1;
    return true;
}
