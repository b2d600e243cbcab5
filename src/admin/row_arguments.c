/* row_arguments.c: a command's arguments as COMMAND DOCS shows them. */
#include <assert.h>

#include "admin/row_reply.h"
#include "cmd/syntax.h"

static const char *const type_names[] = { "string",    "integer",    "double", "key",  "pattern",
                                          "unix-time", "pure-token", "oneof",  "block" };

static const struct {
    unsigned flag;
    const char *name;
} flag_words[] = { { SYNTAX_OPTIONAL, "optional" },
                   { SYNTAX_MULTIPLE, "multiple" },
                   { SYNTAX_MULTIPLE_TOKEN, "multiple_token" } };

enum { FLAG_WORDS = sizeof flag_words / sizeof flag_words[0] };

static void reply_name(struct reply *r, const char *field, struct slice name)
{
    char lower[64];

    assert(name.len <= sizeof lower);
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
    }
    reply_bulk_str(r, field);
    reply_bulk(r, slice_of(lower, name.len));
}

static void reply_flags(struct reply *r, unsigned flags)
{
    size_t n = 0;

    for (size_t i = 0; i < FLAG_WORDS; i++)
        n += (flags & flag_words[i].flag) != 0;
    reply_bulk_str(r, "flags");
    reply_set(r, n);
    for (size_t i = 0; i < FLAG_WORDS; i++) {
        if (flags & flag_words[i].flag)
            reply_status(r, flag_words[i].name);
    }
}

/* What is being shown: how many keys came before, and the last key specification. */
struct progress {
    const struct syntax *syntax;
    unsigned keys;
    unsigned last_spec;
};

static void reply_group(struct reply *r, struct progress *p, unsigned group);

static void reply_argument(struct reply *r, struct progress *p, unsigned i)
{
    const struct syntax_arg *arg = &p->syntax->args[i];
    bool group = arg->type == SYNTAX_ONE_OF || arg->type == SYNTAX_BLOCK;
    bool key = arg->type == SYNTAX_KEY;

    reply_map(r, 3 + (size_t)key + (arg->token.len != 0) + (arg->flags != 0));
    reply_name(r, "name", arg->name);
    reply_bulk_str(r, "type");
    reply_bulk_str(r, type_names[arg->type]);
    if (!group)
        reply_name(r, "display_text", arg->shown.len ? arg->shown : arg->name);
    if (key) {
        reply_bulk_str(r, "key_spec_index");
        /* a key behind a word may stand anywhere: that is the last specification */
        reply_int(r, arg->token.len || p->keys > p->last_spec ? p->last_spec : p->keys);
        p->keys++;
    }
    if (arg->token.len) {
        reply_bulk_str(r, "token");
        reply_bulk(r, arg->token);
    }
    if (arg->flags)
        reply_flags(r, arg->flags);
    if (group)
        reply_group(r, p, i);
}

static void reply_group(struct reply *r, struct progress *p, unsigned group)
{
    reply_bulk_str(r, "arguments");
    reply_array(r, syntax_count(p->syntax, group));
    for (unsigned i = p->syntax->args[group].first; i; i = p->syntax->args[i].next)
        reply_argument(r, p, i);
}

void row_reply_arguments(struct reply *r, const struct command *row)
{
    struct syntax syntax;
    struct progress p = { .syntax = &syntax };
    unsigned specs = row_key_specs(row);
    bool ok = syntax_parse(row->syntax, &syntax);

    assert(ok);
    p.last_spec = specs ? specs - 1 : 0;
    reply_group(r, &p, 0);
}
