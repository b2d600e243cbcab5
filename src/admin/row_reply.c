/* row_reply.c: a command's row as COMMAND shows it: flags, ACL categories, key
 * specifications and documentation, in Redis's form and order. */
#include "admin/row_reply.h"

#include <stdio.h>

#include "cmd/command_category.h"

struct word {
    unsigned flag;
    const char *text;
};

/* In the order Redis gives them. */
static const struct word flag_words[] = {
    { CMD_WRITE, "write" },
    { CMD_READONLY, "readonly" },
    { CMD_DENYOOM, "denyoom" },
    { CMD_ADMIN, "admin" },
    { CMD_PUBSUB, "pubsub" },
    { CMD_NOSCRIPT, "noscript" },
    { CMD_BLOCKING, "blocking" },
    { CMD_LOADING, "loading" },
    { CMD_STALE, "stale" },
    { CMD_SKIP_MONITOR, "skip_monitor" },
    { CMD_SKIP_SLOWLOG, "skip_slowlog" },
    { CMD_FAST, "fast" },
    { CMD_NO_AUTH, "no_auth" },
    { CMD_NO_ASYNC_LOADING, "no_async_loading" },
    { CMD_NO_MULTI, "no_multi" },
    { CMD_MOVABLE_KEYS, "movablekeys" },
    { CMD_ALLOW_BUSY, "allow_busy" },
};

enum { FLAG_WORDS = sizeof flag_words / sizeof flag_words[0] };

static void reply_flags(struct reply *r, const struct command *row)
{
    size_t n = 0;

    for (size_t i = 0; i < FLAG_WORDS; i++)
        n += (row->flags & flag_words[i].flag) != 0;
    reply_set(r, n);
    for (size_t i = 0; i < FLAG_WORDS; i++) {
        if (row->flags & flag_words[i].flag)
            reply_status(r, flag_words[i].text);
    }
}

static void reply_categories(struct reply *r, const struct command *row)
{
    size_t n = 0;

    for (size_t i = 0; i < category_count(); i++)
        n += category_has(i, row);
    reply_set(r, n);
    for (size_t i = 0; i < category_count(); i++) {
        char text[32];

        if (!category_has(i, row))
            continue;
        snprintf(text, sizeof text, "@%s", category_name(i));
        reply_status(r, text);
    }
}

static void reply_tips(struct reply *r, const struct command *row)
{
    size_t n = 0;

    while (row->tips && row->tips[n])
        n++;
    reply_set(r, n);
    for (size_t i = 0; i < n; i++)
        reply_bulk_str(r, row->tips[i]);
}

/* "index" or "range": a type and what specifies it. */
static void reply_step(struct reply *r, const char *name, const char *type, size_t fields)
{
    reply_bulk_str(r, name);
    reply_map(r, 2);
    reply_bulk_str(r, "type");
    reply_bulk_str(r, type);
    reply_bulk_str(r, "spec");
    reply_map(r, fields);
}

static void reply_field(struct reply *r, const char *name, int value)
{
    reply_bulk_str(r, name);
    reply_int(r, value);
}

/* The arguments that its key specifications are about. */
static const struct arg_range *specified(const struct command *row)
{
    return row->keys.first > 0 ? &row->keys : &row->not_keys;
}

static void reply_key_spec(struct reply *r, const struct command *row, unsigned i, int last,
                           int step)
{
    reply_map(r, 3);
    reply_bulk_str(r, "flags");
    row_reply_key_words(r, command_key_flags(row, i));
    reply_step(r, "begin_search", "index", 1);
    reply_field(r, "index", specified(row)->first + (int)i);
    reply_step(r, "find_keys", "range", 3);
    reply_field(r, "lastkey", last);
    reply_field(r, "keystep", step);
    reply_field(r, "limit", 0);
}

/* Keys of its that stand where only the arguments, or other values, say. */
static void reply_unknown_spec(struct reply *r, const struct command *row, unsigned i,
                               const char *notes)
{
    static const char *const steps[] = { "begin_search", "find_keys" };

    reply_map(r, 4);
    reply_bulk_str(r, "notes");
    reply_bulk_str(r, notes);
    reply_bulk_str(r, "flags");
    row_reply_key_words(r, command_key_flags(row, i));
    for (size_t s = 0; s < 2; s++)
        reply_step(r, steps[s], "unknown", 0);
}

/* Each key has flags of its own. */
static bool keys_differ(const struct command *row)
{
    return strchr(command_key_flags(row, 0), '|') && !(row->flags & CMD_MOVABLE_KEYS);
}

unsigned row_key_specs(const struct command *row)
{
    if (specified(row)->first <= 0)
        return 0;
    if (row->flags & CMD_MOVABLE_KEYS)
        return row->option_key ? 3 : 2;
    if (!keys_differ(row))
        return 1;
    return specified(row)->last < 0 ? 2
                                    : (unsigned)(specified(row)->last - specified(row)->first) + 1;
}

static void reply_key_specs(struct reply *r, const struct command *row)
{
    int last = specified(row)->last < 0 ? specified(row)->last
                                        : specified(row)->last - specified(row)->first;
    unsigned n = row_key_specs(row);

    reply_set(r, n);
    if (n == 0)
        return;
    if (keys_differ(row) && last < 0) {
        reply_key_spec(r, row, 0, 0, 1); /* the first one, and all that follow */
        reply_key_spec(r, row, 1, last, specified(row)->step);
    } else if (keys_differ(row)) {
        for (unsigned i = 0; i < n; i++)
            reply_key_spec(r, row, i, 0, 1);
    } else {
        reply_key_spec(r, row, 0, last, specified(row)->step);
    }
    if (row->flags & CMD_MOVABLE_KEYS)
        reply_unknown_spec(r, row, 0, "Of BY and GET: what they name depends on what is sorted.");
    if (row->option_key)
        reply_unknown_spec(r, row, 1, "Of STORE, which may stand anywhere among the options.");
}

static size_t count_subs(const struct command *row)
{
    size_t n = 0;

    while (row->subs && row->subs[n].name)
        n++;
    return n;
}

void row_reply_info(struct reply *r, const struct command *row)
{
    size_t subs = count_subs(row);

    reply_array(r, 10);
    reply_bulk_str(r, command_full_name(row));
    reply_int(r, row->arity);
    reply_flags(r, row);
    reply_int(r, specified(row)->first);
    reply_int(r, specified(row)->last);
    reply_int(r, specified(row)->step);
    reply_categories(r, row);
    reply_tips(r, row);
    reply_key_specs(r, row);
    reply_set(r, subs);
    for (size_t i = 0; i < subs; i++)
        row_reply_info(r, &row->subs[i]);
}

void row_reply_docs(struct reply *r, const struct command *row)
{
    const struct {
        const char *name;
        const char *text;
    } fields[] = {
        { "summary", row->summary },
        { "since", row->since },
        { "group", row->group },
        { "complexity", row->complexity },
    };
    size_t subs = count_subs(row), n = (size_t)(subs != 0) + (row->syntax != NULL);

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        n += fields[i].text != NULL;
    reply_bulk_str(r, command_full_name(row));
    reply_map(r, n);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!fields[i].text)
            continue;
        reply_bulk_str(r, fields[i].name);
        reply_bulk_str(r, fields[i].text);
    }
    if (row->syntax)
        row_reply_arguments(r, row);
    if (!subs)
        return;
    reply_bulk_str(r, "subcommands");
    reply_map(r, subs);
    for (size_t i = 0; i < subs; i++)
        row_reply_docs(r, &row->subs[i]);
}

/* The access (RO, RW, OW, RM) is shown in capitals, what it does in small letters. */
void row_reply_key_words(struct reply *r, const char *words)
{
    size_t left = strcspn(words, "|"), n = left != 0;

    for (size_t at = 0; at < left; at++)
        n += words[at] == ' ';
    reply_set(r, n);
    for (size_t w = 0; w < n; w++) {
        size_t len = strcspn(words, " |");
        char word[32];

        snprintf(word, sizeof word, "%.*s", (int)len, words);
        for (char *p = word; w > 0 && *p; p++)
            *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
        reply_status(r, word);
        words += len + (words[len] == ' ');
    }
}
