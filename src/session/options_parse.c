/* options_parse.c: the text of a configuration file.
 *
 * A line is a name and its values, in Redis's quoting.  What Redis knows and
 * Henge has no use for is passed over with a note, so that a redis.conf works;
 * a name nobody knows stops the start, because it is most likely a typing error
 * in something that was meant. */
#include <stdio.h>

#include "base/limits.h"
#include "base/num.h"
#include "resp/inline_split.h"
#include "session/options.h"

enum {
    VALUES_MAX = 64,    /* on a line */
    NAME_COMPARED = 40, /* longer names are not compared with ours */
    VALUE_SHOWN = 128,  /* bytes of a value in an error */
};

struct line {
    unsigned number;
    struct slice name;
    struct slice value; /* all values, joined by single spaces */
    size_t values;
};

/* Takes a line apart; name and value borrow from `scratch`. */
static bool split(struct slice text, struct buf *scratch, struct line *line, struct buf *why)
{
    size_t name_len = 0, begin;
    enum inline_end end;

    line->values = 0;
    scratch->len = 0;
    end = inline_next(&text, scratch);
    name_len = scratch->len;
    begin = scratch->len;
    while (end == INLINE_ARG) {
        size_t mark = scratch->len;

        if (line->values)
            buf_append_byte(scratch, ' ');
        end = inline_next(&text, scratch);
        if (end != INLINE_ARG)
            scratch->len = mark;
        else if (++line->values > VALUES_MAX)
            break;
    }
    if (end == INLINE_UNBALANCED) {
        buf_printf(why, "line %u: a quote is not closed, or text follows it without a space",
                   line->number);
        return false;
    }
    if (line->values > VALUES_MAX) {
        buf_printf(why, "line %u: more than %d values", line->number, VALUES_MAX);
        return false;
    }
    line->name = slice_of(scratch->data, name_len);
    line->value = slice_of(scratch->data + begin, scratch->len - begin);
    return true;
}

/* Letters to add, drop or change to make one of the other, as far as it matters
 * here (Levenshtein 1966, one row at a time). */
static size_t distance(struct slice a, const char *b)
{
    size_t row[NAME_COMPARED + 1];
    size_t n = strlen(b);

    if (a.len > NAME_COMPARED || n > NAME_COMPARED)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            uint8_t folded = a.data[i - 1];
            size_t best;

            if (folded >= 'A' && folded <= 'Z')
                folded = (uint8_t)(folded + 'a' - 'A');
            best = diagonal + (folded != (uint8_t)b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

static const char *nearest(struct slice name)
{
    const char *found = NULL;
    size_t best = 3;

    for (const struct option *row = options_table(); row->name; row++) {
        size_t d = distance(name, row->name);
        if (d < best) {
            best = d;
            found = row->name;
        }
    }
    return found;
}

static bool refuse_unknown(const struct line *line, struct buf *why)
{
    const char *near = nearest(line->name);
    int len = line->name.len > LIMIT_COMMAND_NAME ? LIMIT_COMMAND_NAME : (int)line->name.len;

    buf_printf(why, "line %u: there is no option '%.*s'; ", line->number, len,
               (const char *)line->name.data);
    if (near)
        buf_printf(why, "did you mean '%s'?", near);
    else
        buf_printf(why, "henge.conf and --help list them");
    return false;
}

/* A note if it is set to something it will not be: by value, sizes also in
 * another way of writing them. */
static void note_ignored(const struct option_ignored *ignored, const struct line *line,
                         struct buf *notes)
{
    int64_t ours, given;

    if (slice_is(line->value, ignored->value))
        return;
    if (num_get_size(line->value, &given) && num_get_size(slice_str(ignored->value), &ours) &&
        ours == given)
        return;
    buf_printf(notes, "line %u: '%s' is ignored: %s\n", line->number, ignored->name,
               ignored->reason);
}

static bool apply(struct options *o, const struct line *line, struct buf *notes, struct buf *why)
{
    const struct option *row = options_find(line->name);
    bool ok = false;

    if (!row) {
        for (const struct option_ignored *i = options_ignored_table(); i->name; i++) {
            if (slice_is(line->name, i->name)) {
                note_ignored(i, line, notes);
                return true;
            }
        }
        return refuse_unknown(line, why);
    }
    buf_printf(why, "line %u: %s: ", line->number, row->name);
    if (line->values == 0)
        buf_printf(why, "a value is missing (\"\" for none)");
    else if (line->values > 1 && !(row->flags & OPTION_LIST) && row->kind != OPTION_LIMITS &&
             row->kind != OPTION_PERCENTS)
        buf_printf(why, "it takes one value; put a value with spaces into \"quotes\"");
    else
        ok = options_set(o, row, line->value, why);
    if (!ok && line->values == 1 && !(row->flags & OPTION_SECRET))
        buf_printf(why, ", not '%.*s'",
                   line->value.len > VALUE_SHOWN ? VALUE_SHOWN : (int)line->value.len,
                   (const char *)line->value.data);
    return ok;
}

/* "user NAME ...": many values, and the server's to read. */
static bool is_user(struct slice text)
{
    return text.len >= 4 && slice_is(slice_of(text.data, 4), "user") &&
           (text.len == 4 || text.data[4] == ' ' || text.data[4] == '\t');
}

/* One line, without its end and the space around it. */
static bool parse_line(struct options *o, struct line *line, struct slice text, struct buf *scratch,
                       struct buf *notes, struct buf *why)
{
    if (text.len == 0 || text.data[0] == '#')
        return true;
    if (memchr(text.data, 0, text.len)) {
        buf_printf(why, "line %u: there is a NUL byte; is this a text file?", line->number);
        return false;
    }
    if (is_user(text))
        return options_add_user(o, line->number, text, why);
    return split(text, scratch, line, why) && apply(o, line, notes, why);
}

struct slice options_take_raw(struct slice *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->len);
    size_t len = end ? (size_t)(end - text->data) : text->len;
    struct slice line = slice_of(text->data, len);
    size_t taken = end ? len + 1 : len;

    *text = slice_of(text->data + taken, text->len - taken);
    return line;
}

struct slice options_trim(struct slice line)
{
    while (line.len && (line.data[0] == ' ' || (line.data[0] >= '\t' && line.data[0] <= '\r')))
        line = slice_of(line.data + 1, line.len - 1);
    while (line.len && (line.data[line.len - 1] == ' ' || line.data[line.len - 1] == '\t' ||
                        line.data[line.len - 1] == '\r'))
        line.len--;
    return line;
}

bool options_parse(struct options *o, struct slice text, struct buf *why)
{
    struct buf scratch = { 0 }, notes = { 0 };
    struct line line = { 0 };
    bool ok = true;

    why->len = 0;
    if (text.len > LIMIT_CONFIG_FILE) {
        buf_printf(why, "it is larger than %d bytes, which no configuration is", LIMIT_CONFIG_FILE);
        return false;
    }
    while (ok && text.len) {
        struct slice raw = options_trim(options_take_raw(&text));

        line.number++;
        why->len = 0;
        ok = parse_line(o, &line, raw, &scratch, &notes, why);
    }
    if (ok) {
        why->len = 0;
        buf_append(why, buf_slice(&notes));
    }
    buf_deinit(&scratch);
    buf_deinit(&notes);
    return ok;
}
