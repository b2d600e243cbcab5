/* syntax.c: descent through the line, one function a form. */
#include "cmd/syntax.h"

#include <string.h>

struct parser {
    const char *at;
    struct syntax *out;
    unsigned depth;
};

static bool parse_group(struct parser *p, struct syntax_arg *group, char end);

static bool is_word(char c)
{
    return c && !strchr(" <>[]{}|:.", c);
}

static struct slice take_word(struct parser *p)
{
    const char *begin = p->at;

    while (is_word(*p->at))
        p->at++;
    return slice_of(begin, (size_t)(p->at - begin));
}

static bool take(struct parser *p, const char *text)
{
    size_t len = strlen(text);

    if (strncmp(p->at, text, len) != 0)
        return false;
    p->at += len;
    return true;
}

static bool is_capitals(struct slice word)
{
    return word.len && word.data[0] >= 'A' && word.data[0] <= 'Z';
}

static bool parse_type(struct parser *p, struct syntax_arg *arg)
{
    static const struct {
        const char *name;
        enum syntax_type type;
    } types[] = { { "integer", SYNTAX_INTEGER }, { "string", SYNTAX_STRING },
                  { "double", SYNTAX_DOUBLE },   { "key", SYNTAX_KEY },
                  { "pattern", SYNTAX_PATTERN }, { "unix-time", SYNTAX_TIME } };
    struct slice word = take_word(p);

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (slice_equal(word, slice_str(types[i].name))) {
            arg->type = (uint8_t)types[i].type;
            return true;
        }
    }
    return false;
}

static bool parse_shown(struct parser *p, struct syntax_arg *arg)
{
    const char *begin = p->at;

    while (*p->at && *p->at != '}')
        p->at++;
    arg->shown = slice_of(begin, (size_t)(p->at - begin));
    return arg->shown.len && take(p, "}");
}

/* What follows a token, or stands without one: a word with its type, or a named group. */
static bool parse_value(struct parser *p, struct syntax_arg *arg, struct slice name)
{
    arg->name = name;
    if (take(p, "["))
        return parse_group(p, arg, ']') && (arg->flags |= SYNTAX_OPTIONAL);
    if (take(p, "<"))
        return parse_group(p, arg, '>');
    arg->type = slice_equal(name, slice_str("key")) ? SYNTAX_KEY : SYNTAX_STRING;
    return (!take(p, "{") || parse_shown(p, arg)) && (!take(p, ":") || parse_type(p, arg));
}

static bool parse_one(struct parser *p, struct syntax_arg *arg)
{
    struct slice word = take_word(p);

    if (!word.len)
        return false;
    if (!is_capitals(word)) {
        if (!parse_value(p, arg, word))
            return false;
    } else {
        arg->token = word;
        arg->name = word;
        arg->type = SYNTAX_TOKEN;
        if (*p->at == ' ' && is_word(p->at[1]) && !is_capitals(slice_of(p->at + 1, 1))) {
            p->at++;
            if (!parse_value(p, arg, take_word(p)))
                return false;
        }
    }
    if (take(p, "..."))
        arg->flags |= SYNTAX_MULTIPLE;
    return true;
}

/* One that stands in brackets of its own, without a name. */
static bool parse_bare(struct parser *p, struct syntax_arg *arg)
{
    bool optional = take(p, "[");

    if (!optional && !take(p, "<"))
        return parse_one(p, arg);
    if (!parse_one(p, arg) || !take(p, optional ? "]" : ">"))
        return false;
    if (optional)
        arg->flags |= SYNTAX_OPTIONAL;
    if (!take(p, "..."))
        return optional; /* else the brackets say nothing */
    arg->flags |= SYNTAX_MULTIPLE | SYNTAX_MULTIPLE_TOKEN;
    return arg->token.len != 0;
}

static bool at_end(const struct parser *p, char end)
{
    return *p->at == end;
}

/* The arguments up to `end`, which is passed unless it is the line's. */
static bool parse_group(struct parser *p, struct syntax_arg *group, char end)
{
    struct syntax *s = p->out;
    bool bars = false, spaces = false;
    unsigned before = 0;

    if (++p->depth > SYNTAX_DEPTH_MAX)
        return false;
    while (true) {
        unsigned i = s->count;

        if (i == SYNTAX_ARGS_MAX)
            return false;
        s->args[i] = (struct syntax_arg){ 0 };
        s->count++;
        if (before)
            s->args[before].next = (uint8_t)i;
        else
            group->first = (uint8_t)i;
        before = i;
        if (!parse_bare(p, &s->args[i]))
            return false;
        if (at_end(p, end))
            break;
        if (take(p, " | "))
            bars = true;
        else if (take(p, " "))
            spaces = true;
        else
            return false;
    }
    p->at += end != '\0';
    p->depth--;
    group->type = bars ? SYNTAX_ONE_OF : SYNTAX_BLOCK;
    return !(bars && spaces);
}

bool syntax_parse(const char *text, struct syntax *out)
{
    struct parser p = { .at = text, .out = out };

    out->args[0] = (struct syntax_arg){ .type = SYNTAX_BLOCK };
    out->count = 1;
    return !text || (parse_group(&p, &out->args[0], '\0') && out->args[0].type == SYNTAX_BLOCK);
}

unsigned syntax_count(const struct syntax *s, unsigned i)
{
    unsigned n = 0;

    for (unsigned at = s->args[i].first; at; at = s->args[at].next)
        n++;
    return n;
}

/* The fewest words of it if it is there. */
static unsigned least_there(const struct syntax *s, unsigned i, bool *more)
{
    const struct syntax_arg *arg = &s->args[i];
    bool one_of = arg->type == SYNTAX_ONE_OF;
    unsigned words = one_of ? UINT8_MAX : arg->type != SYNTAX_TOKEN && arg->type != SYNTAX_BLOCK;

    for (unsigned at = arg->first; at; at = s->args[at].next) {
        unsigned each = one_of ? least_there(s, at, more) : syntax_least(s, at, more);

        if (one_of && at != arg->first && each != words)
            *more = true;
        if (!one_of)
            words += each;
        else if (each < words)
            words = each;
    }
    if (arg->flags & SYNTAX_MULTIPLE)
        *more = true;
    return words + (arg->token.len != 0);
}

unsigned syntax_least(const struct syntax *s, unsigned i, bool *more)
{
    unsigned words = least_there(s, i, more);

    if (!(s->args[i].flags & SYNTAX_OPTIONAL))
        return words;
    *more = true;
    return 0;
}
