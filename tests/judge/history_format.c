/* history_format.c: lines to operations and back. */
#include "judge/history_format.h"

#include "base/mem.h"
#include "base/num.h"
#include "judge/judge_commands.h"

/* One line while it is read. */
struct line {
    struct judge_history *h;
    struct slice text;
    size_t at;
    struct buf unquoted; /* never moves: has room for the whole line */
    struct judge_call calls[HISTORY_CALLS_MAX];
    uint32_t words[HISTORY_WORDS_MAX];
    uint32_t word_count;
    struct judge_answer items[HISTORY_WORDS_MAX];
    uint32_t item_count;
};

struct word {
    struct slice bytes;
    bool quoted;
};

static struct err invalid(const char *what)
{
    return err_make(ERR_INVALID, 0, what);
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the first quote. */
static bool read_quoted(struct line *l, struct word *w)
{
    size_t from = l->unquoted.len;

    for (; l->at < l->text.len && l->text.data[l->at] != '"'; l->at++) {
        const uint8_t *c = &l->text.data[l->at];
        size_t left = l->text.len - l->at;

        if (*c != '\\') {
            buf_append_byte(&l->unquoted, *c);
        } else if (left > 1 && (c[1] == '"' || c[1] == '\\')) {
            buf_append_byte(&l->unquoted, c[1]);
            l->at++;
        } else if (left > 3 && c[1] == 'x' && hex(c[2]) >= 0 && hex(c[3]) >= 0) {
            buf_append_byte(&l->unquoted, (uint8_t)(hex(c[2]) * 16 + hex(c[3])));
            l->at += 3;
        } else {
            return false;
        }
    }
    if (l->at == l->text.len)
        return false;
    l->at++;
    *w = (struct word){ slice_of(l->unquoted.data + from, l->unquoted.len - from), true };
    return l->at == l->text.len || l->text.data[l->at] == ' ';
}

static void skip_spaces(struct line *l)
{
    while (l->at < l->text.len && l->text.data[l->at] == ' ')
        l->at++;
}

static bool at_end(struct line *l)
{
    skip_spaces(l);
    return l->at == l->text.len;
}

/* The next word; none at the end is an error. */
static struct err next(struct line *l, struct word *w)
{
    size_t from;

    if (at_end(l))
        return invalid("the line ends too early");
    from = l->at;
    if (l->text.data[l->at] == '"') {
        l->at++;
        return read_quoted(l, w) ? err_ok() : invalid("a quoted word is not well formed");
    }
    while (l->at < l->text.len && l->text.data[l->at] != ' ')
        l->at++;
    *w = (struct word){ slice_of(l->text.data + from, l->at - from), false };
    return err_ok();
}

static bool is_mark(const struct word *w, const char *mark)
{
    return !w->quoted && slice_equal(w->bytes, slice_str(mark));
}

static struct err read_time(struct line *l, uint64_t *us)
{
    struct word w;
    int64_t n;
    struct err e = next(l, &w);

    if (err_is(e))
        return e;
    if (!num_get_i64(w.bytes, &n) || n < 0)
        return invalid("a time is not a whole number of microseconds");
    *us = (uint64_t)n;
    return err_ok();
}

static struct slice rest_of(struct line *l)
{
    skip_spaces(l);
    return slice_of(l->text.data + l->at, l->text.len - l->at);
}

static uint32_t rest_text(struct line *l)
{
    struct slice rest = rest_of(l);

    l->at = l->text.len;
    return rest.len ? judge_texts_of(&l->h->texts, rest) : TEXT_NONE;
}

/* `answer`: the word it begins with. */
static struct err read_plain_answer(struct line *l, const struct word *w, struct judge_answer *a)
{
    struct slice rest = w->bytes.len ? slice_of(w->bytes.data + 1, w->bytes.len - 1) : w->bytes;

    *a = (struct judge_answer){ .kind = ANSWER_NIL };
    if (is_mark(w, "nil"))
        return err_ok();
    switch (w->bytes.len ? w->bytes.data[0] : 0) {
    case '+':
        a->kind = ANSWER_STATUS;
        break;
    case '$':
        a->kind = ANSWER_TEXT;
        break;
    case '-':
        a->kind = ANSWER_ERROR;
        break;
    case ':':
        a->kind = ANSWER_INTEGER;
        return num_get_i64(rest, &a->number) ? err_ok() : invalid("a number that is none");
    default:
        return invalid("an answer that is none of nil +status :integer $text -error [");
    }
    a->text = judge_texts_of(&l->h->texts, rest);
    return err_ok();
}

static struct err read_answer(struct line *l, const struct word *first, struct judge_answer *a)
{
    struct word w;
    struct err e;

    if (!is_mark(first, "["))
        return read_plain_answer(l, first, a);
    *a = (struct judge_answer){ .kind = ANSWER_ARRAY, .items = &l->items[l->item_count] };
    for (;;) {
        e = next(l, &w);
        if (err_is(e) || is_mark(&w, "]"))
            return e;
        if (l->item_count == HISTORY_WORDS_MAX)
            return err_make(ERR_LIMIT, 0, "an array that is too long");
        e = read_plain_answer(l, &w, &l->items[l->item_count]);
        if (err_is(e))
            return e;
        l->item_count++;
        a->count++;
    }
}

static struct err read_answers(struct line *l, struct judge_op *op)
{
    struct word w;
    struct err e = next(l, &w);

    if (err_is(e))
        return e;
    if (!op->multi)
        return read_answer(l, &w, &op->calls[0].answer);
    if (!is_mark(&w, "["))
        return invalid("MULTI is answered with an array");
    for (uint32_t i = 0; i < op->call_count; i++) {
        e = next(l, &w);
        if (!err_is(e) && is_mark(&w, "]"))
            e = invalid("an answer for each command of a MULTI");
        if (!err_is(e))
            e = read_answer(l, &w, &op->calls[i].answer);
        if (err_is(e))
            return e;
    }
    e = next(l, &w);
    return err_is(e) || is_mark(&w, "]") ? e : invalid("more answers than commands");
}

static struct err read_outcome(struct line *l, struct judge_op *op)
{
    struct word w;
    struct err e = next(l, &w);

    if (err_is(e))
        return e;
    if (is_mark(&w, "ok")) {
        op->outcome = OUTCOME_OK;
        return read_answers(l, op);
    }
    if (is_mark(&w, "fail"))
        op->outcome = OUTCOME_FAILED;
    else if (is_mark(&w, "uncertain"))
        op->outcome = OUTCOME_UNCERTAIN;
    else if (is_mark(&w, "none"))
        op->outcome = OUTCOME_NONE;
    else
        return invalid("an outcome that is none of ok, fail, uncertain, none");
    op->why = rest_text(l);
    return err_ok();
}

/* Cuts @one off the command's name. */
static struct slice cut_level(struct slice name, struct judge_op *op)
{
    static const char one[] = "@one";
    size_t len = sizeof one - 1;

    if (name.len > len && memcmp(name.data + name.len - len, one, len) == 0) {
        op->level = LEVEL_ONE;
        name.len -= len;
    }
    return name;
}

static struct err add_word(struct line *l, struct judge_op *op, struct slice bytes)
{
    struct judge_call *c = &l->calls[op->call_count - 1];

    if (l->word_count == HISTORY_WORDS_MAX)
        return err_make(ERR_LIMIT, 0, "too many words");
    l->words[l->word_count++] = judge_texts_of(&l->h->texts, bytes);
    c->count++;
    return err_ok();
}

static struct err begin_call(struct line *l, struct judge_op *op)
{
    if (op->call_count == HISTORY_CALLS_MAX)
        return err_make(ERR_LIMIT, 0, "a MULTI of too many commands");
    l->calls[op->call_count++] = (struct judge_call){ .words = &l->words[l->word_count] };
    return err_ok();
}

/* The commands, up to => and with it. */
static struct err read_calls(struct line *l, struct judge_op *op)
{
    struct word w;
    struct err e = next(l, &w);
    struct slice name;

    if (err_is(e))
        return e;
    if (is_mark(&w, "=>"))
        return invalid("no command");
    name = cut_level(w.bytes, op);
    op->multi = slice_is(name, "multi");
    e = begin_call(l, op);
    if (!err_is(e) && !op->multi)
        e = add_word(l, op, name);
    while (!err_is(e)) {
        e = next(l, &w);
        if (err_is(e) || is_mark(&w, "=>"))
            return e;
        if (op->multi && is_mark(&w, ";"))
            e = begin_call(l, op);
        else
            e = add_word(l, op, w.bytes);
    }
    return e;
}

static struct err read_told(struct line *l, struct judge_op *op)
{
    skip_spaces(l);
    if (l->text.len - l->at > 1 && memcmp(l->text.data + l->at, "- ", 2) == 0) {
        l->at++;
        op->told_us = HISTORY_NEVER;
        return err_ok();
    }
    return read_time(l, &op->told_us);
}

static struct err read_op(struct line *l, const struct word *client, uint32_t number)
{
    struct judge_op op = { .calls = l->calls, .line = number };
    struct err e;

    op.client = judge_texts_of(&l->h->texts, client->bytes);
    e = read_time(l, &op.asked_us);
    if (!err_is(e))
        e = read_told(l, &op);
    if (!err_is(e))
        e = read_calls(l, &op);
    if (!err_is(e))
        e = read_outcome(l, &op);
    if (!err_is(e) && !at_end(l))
        e = invalid("more on the line than an operation");
    return err_is(e) ? e : judge_history_add(l->h, &op);
}

static struct err read_note(struct line *l)
{
    uint64_t at_us;
    struct err e = read_time(l, &at_us);

    return err_is(e) ? e : judge_history_note(l->h, at_us, rest_of(l));
}

static struct err read_line(struct line *l, struct slice text, uint32_t number)
{
    struct word w;
    struct err e;

    l->text = text;
    l->at = l->unquoted.len = 0;
    l->word_count = l->item_count = 0;
    buf_reserve(&l->unquoted, text.len + 1);
    if (at_end(l) || text.data[l->at] == '#')
        return err_ok();
    e = next(l, &w);
    if (err_is(e))
        return e;
    if (is_mark(&w, "note"))
        return read_note(l);
    if (!is_mark(&w, "final"))
        return read_op(l, &w, number);
    e = read_time(l, &l->h->final_us);
    return err_is(e) || at_end(l) ? e : invalid("more on the line than a time");
}

static struct slice cut_line(struct slice *text)
{
    const uint8_t *end = text->len ? memchr(text->data, '\n', text->len) : NULL;
    size_t len = end ? (size_t)(end - text->data) : text->len;
    struct slice line = slice_of(text->data, len);

    len += end != NULL;
    *text = slice_of(text->len ? text->data + len : NULL, text->len - len);
    return line;
}

struct err history_format_read(struct judge_history *h, struct slice text, uint32_t *line)
{
    struct line *l = mem_zalloc(1, sizeof *l);
    struct err e = err_ok();

    l->h = h;
    *line = 1;
    if (!slice_equal(cut_line(&text), slice_str(HISTORY_FORMAT_FIRST_LINE)))
        e = invalid("the first line is not '" HISTORY_FORMAT_FIRST_LINE "'");
    while (!err_is(e) && text.len) {
        struct slice next_line = cut_line(&text);

        ++*line;
        if (next_line.len > HISTORY_LINE_MAX)
            e = err_make(ERR_LIMIT, 0, "a line is too long");
        else
            e = read_line(l, next_line, *line);
    }
    buf_deinit(&l->unquoted);
    mem_free(l);
    return e;
}

static bool is_plain(struct slice bytes)
{
    if (bytes.len == 0 || bytes.data[0] == '"' || bytes.data[0] == '#')
        return false;
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] <= ' ' || bytes.data[i] > '~')
            return false;
    }
    return true;
}

/* `prefix` and the text as one word, in quotes unless it is plain. */
static void put_word(struct buf *to, const char *prefix, struct slice bytes)
{
    bool plain = *prefix ? bytes.len == 0 || is_plain(bytes)
                         : is_plain(bytes) && !slice_equal(bytes, slice_str(";")) &&
                               !slice_equal(bytes, slice_str("=>"));

    buf_append(to, slice_str(plain ? "" : "\""));
    buf_append(to, slice_str(prefix));
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];

        if (!plain && (c < ' ' || c > '~'))
            buf_printf(to, "\\x%02x", c);
        else if (!plain && (c == '"' || c == '\\'))
            buf_printf(to, "\\%c", c);
        else
            buf_append_byte(to, c);
    }
    buf_append(to, slice_str(plain ? "" : "\""));
}

static void put_answer(const struct judge_history *h, const struct judge_answer *a, struct buf *to)
{
    static const char *const prefixes[] = {
        [ANSWER_STATUS] = "+",
        [ANSWER_TEXT] = "$",
        [ANSWER_ERROR] = "-",
    };

    switch (a->kind) {
    case ANSWER_NIL:
        buf_printf(to, " nil");
        break;
    case ANSWER_INTEGER:
        buf_printf(to, " :%lld", (long long)a->number);
        break;
    case ANSWER_ARRAY:
        buf_printf(to, " [");
        for (uint32_t i = 0; i < a->count; i++)
            put_answer(h, &a->items[i], to);
        buf_printf(to, " ]");
        break;
    default:
        buf_append_byte(to, ' ');
        put_word(to, prefixes[a->kind], judge_texts_bytes(&h->texts, a->text));
    }
}

static void put_outcome(const struct judge_history *h, const struct judge_op *op, struct buf *to)
{
    static const char *const outcomes[] = {
        [OUTCOME_OK] = "ok",
        [OUTCOME_FAILED] = "fail",
        [OUTCOME_UNCERTAIN] = "uncertain",
        [OUTCOME_NONE] = "none",
    };

    buf_printf(to, " => %s%s", outcomes[op->outcome],
               op->outcome == OUTCOME_OK && op->multi ? " [" : "");
    for (uint32_t i = 0; op->outcome == OUTCOME_OK && i < op->call_count; i++)
        put_answer(h, &op->calls[i].answer, to);
    if (op->outcome == OUTCOME_OK && op->multi)
        buf_printf(to, " ]");
    if (op->why) {
        buf_append_byte(to, ' ');
        buf_append(to, judge_texts_bytes(&h->texts, op->why));
    }
}

void history_format_put_op(const struct judge_history *h, const struct judge_op *op, struct buf *to)
{
    const char *level = op->level == LEVEL_ONE ? "@one" : "";

    if (op->multi)
        buf_printf(to, "MULTI%s", level);
    for (uint32_t i = 0; i < op->call_count; i++) {
        const struct judge_call *c = &op->calls[i];

        if (op->multi)
            buf_printf(to, i ? " ; " : " ");
        for (uint32_t n = 0; n < c->count; n++) {
            buf_append(to, slice_str(n ? " " : ""));
            if (n == 0)
                buf_printf(to, "%s%s", c->row->name, op->multi ? "" : level);
            else
                put_word(to, "", judge_texts_bytes(&h->texts, c->words[n]));
        }
    }
    put_outcome(h, op, to);
}

void history_format_write(const struct judge_history *h, struct buf *to)
{
    buf_printf(to, "%s\n", HISTORY_FORMAT_FIRST_LINE);
    for (size_t i = 0; i < h->op_count; i++) {
        const struct judge_op *op = &h->ops[i];

        put_word(to, "", judge_texts_bytes(&h->texts, op->client));
        buf_printf(to, " %llu ", (unsigned long long)op->asked_us);
        if (op->told_us == HISTORY_NEVER)
            buf_printf(to, "- ");
        else
            buf_printf(to, "%llu ", (unsigned long long)op->told_us);
        history_format_put_op(h, op, to);
        buf_append_byte(to, '\n');
    }
    for (size_t i = 0; i < h->note_count; i++) {
        buf_printf(to, "note %llu ", (unsigned long long)h->notes[i].at_us);
        buf_append(to, judge_texts_bytes(&h->texts, h->notes[i].text));
        buf_append_byte(to, '\n');
    }
    if (h->final_us != HISTORY_NEVER)
        buf_printf(to, "final %llu\n", (unsigned long long)h->final_us);
}
