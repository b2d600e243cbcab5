/* acl_parse.c: users as text. */
#include "session/acl_file.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "resp/inline_split.h"
#include "session/acl_rule.h"

enum { WHY_MAX = 4096 }; /* beyond it no more errors are told */

/* Where a line comes from and what it is read into. */
struct parse {
    const char *path;
    unsigned line;
    const struct acl_rows *rows;
    bool all_channels;
    struct acl_set *set;
    struct buf *why;
};

static void say_line(struct parse *p)
{
    buf_printf(p->why, "%s:%u: ", p->path, p->line);
}

/* What is wrong with a rule; the rule itself only where it cannot have a secret. */
static void say_rule(struct parse *p, struct slice rule, enum acl_rule_end end)
{
    say_line(p);
    if (end == ACL_RULE_UNKNOWN)
        buf_printf(p->why,
                   "Error in applying operation '%.*s': ", rule.len < 128 ? (int)rule.len : 128,
                   (const char *)rule.data);
    buf_printf(p->why, "%s. ", acl_rule_text(end));
}

/* Applies all rules, so that every unknown command is told, and of other errors the
 * first. */
static void apply_rules(struct parse *p, struct acl_user *u, const struct slice *argv,
                        uint32_t argc)
{
    struct acl_edit e;
    struct buf joined = { 0 };
    struct slice rule;
    uint32_t at = 0;
    bool told = false;

    acl_edit_init(&e, u, p->all_channels);
    while (acl_rule_next(argv, argc, &at, &joined, &rule)) {
        enum acl_rule_end end = acl_rule_apply(&e, rule);

        if (end == ACL_RULE_OK || (told && end != ACL_RULE_UNKNOWN))
            continue;
        if (p->why->len < WHY_MAX)
            say_rule(p, rule, end);
        told |= end != ACL_RULE_UNKNOWN;
        if (end == ACL_RULE_LARGE)
            break;
    }
    if (at < argc && !told) {
        say_line(p);
        buf_printf(p->why, "Unmatched parenthesis in selector definition. ");
    }
    buf_deinit(&joined);
}

/* argv[0] is "user". */
static void take_user(struct parse *p, const struct slice *argv, uint32_t argc)
{
    size_t before = p->why->len;
    struct acl_user *u;
    int shown = argv[1].len < 128 ? (int)argv[1].len : 128;

    if (!acl_is_word(argv[1])) {
        say_line(p);
        buf_printf(p->why, "username '%.*s' contains invalid characters. ", shown,
                   (const char *)argv[1].data);
        return;
    }
    if (acl_set_find(p->set, argv[1])) {
        say_line(p);
        buf_printf(p->why, "Duplicate user '%.*s' found. ", shown, (const char *)argv[1].data);
        return;
    }
    u = acl_user_new(argv[1], p->rows, p->all_channels);
    apply_rules(p, u, argv + 2, argc - 2);
    if (p->why->len > before) {
        acl_user_free(u);
    } else if (!acl_set_put(p->set, u, LIMIT_ACL_BYTES)) {
        say_line(p);
        buf_printf(p->why, "the users are larger than %d bytes together. ", LIMIT_ACL_BYTES);
    }
}

static struct slice trimmed(struct slice s)
{
    while (s.len && strchr(" \t\r\n", s.data[s.len - 1]) && s.data[s.len - 1])
        s.len--;
    while (s.len && strchr(" \t\r\n", s.data[0]) && s.data[0])
        s = slice_of(s.data + 1, s.len - 1);
    return s;
}

/* Takes all up to the next `end` off `text`. */
static struct slice take_up_to(struct slice *text, char end)
{
    const uint8_t *at = memchr(text->data, end, text->len);
    size_t len = at ? (size_t)(at - text->data) : text->len;
    struct slice taken = slice_of(text->data, len);

    *text = slice_of(text->data + len + (at != NULL), text->len - len - (at != NULL));
    return taken;
}

static bool finish(struct parse *p)
{
    if (p->why->len == 0)
        return true;
    acl_set_deinit(p->set);
    return false;
}

bool acl_parse_file(struct slice text, const char *path, const struct acl_rows *rows,
                    bool all_channels, struct acl_set *set, struct buf *why)
{
    struct parse p = { path, 0, rows, all_channels, set, why };
    struct slice *argv = NULL;

    *set = (struct acl_set){ 0 };
    why->len = 0;
    while (text.len && why->len < WHY_MAX) {
        struct slice line = trimmed(take_up_to(&text, '\n'));
        uint32_t argc = 0, cap = 1;

        p.line++;
        if (line.len == 0)
            continue;
        for (size_t i = 0; i < line.len; i++)
            cap += line.data[i] == ' ';
        argv = mem_realloc(argv, cap * sizeof *argv);
        while (line.len)
            argv[argc++] = trimmed(take_up_to(&line, ' '));
        if (argc < 2 || !slice_equal(argv[0], slice_str("user")))
            buf_printf(why, "%s:%u should start with user keyword followed by the username. ", path,
                       p.line);
        else
            take_user(&p, argv, argc);
    }
    mem_free(argv);
    return finish(&p);
}

/* One line's words, unquoted into `words`. */
static struct slice *split(struct slice line, struct buf *words, uint32_t *argc, bool *whole)
{
    struct slice *argv = mem_alloc((line.len + 1) * sizeof *argv);
    enum inline_end end;
    size_t at = 0;

    words->len = 0;
    buf_reserve(words, line.len + 1); /* it does not move any more */
    *argc = 0;
    while ((end = inline_next(&line, words)) == INLINE_ARG) {
        argv[(*argc)++] = slice_of(words->data + at, words->len - at);
        at = words->len;
    }
    *whole = end == INLINE_DONE;
    return argv;
}

bool acl_parse_config(struct slice lines, const char *path, const struct acl_rows *rows,
                      bool all_channels, struct acl_set *set, struct buf *why)
{
    struct parse p = { path, 0, rows, all_channels, set, why };
    struct buf words = { 0 };

    *set = (struct acl_set){ 0 };
    why->len = 0;
    while (lines.len && why->len < WHY_MAX) {
        struct slice line = take_up_to(&lines, '\n');
        struct slice number = take_up_to(&line, ' ');
        int64_t n = 0;
        uint32_t argc;
        bool whole;
        struct slice *argv = split(line, &words, &argc, &whole);

        num_get_i64(number, &n);
        p.line = (unsigned)n;
        if (!whole || argc < 2) {
            say_line(&p);
            buf_printf(why, whole ? "'user' needs a name. " : "a quote is not closed. ");
        } else {
            take_user(&p, argv, argc);
        }
        mem_free(argv);
    }
    buf_deinit(&words);
    return finish(&p);
}
