/* judge_commands.c: the rows, as redis.io documents them, and DELIF key value, which is
 * the usual script that deletes a key only if it holds that value. */
#include "judge/judge_commands.h"

#include <limits.h>

struct set_options {
    bool valid;
    bool nx;
    bool xx;
    bool get;
    uint64_t expiry_us;
};

static uint32_t *held(const struct command_run *r)
{
    return &r->held[r->call->keys[0]];
}

static bool is_told(const struct command_run *r, enum answer_kind kind, int64_t number)
{
    return r->told && r->told->kind == kind &&
           (kind != ANSWER_INTEGER || r->told->number == number);
}

/* Takes from an answer what a key held that may hold anything. */
static void learn(uint32_t *value, const struct judge_answer *a)
{
    if (*value == TEXT_ANY && a && a->kind == ANSWER_TEXT)
        *value = a->text;
    else if (*value == TEXT_ANY && a && a->kind == ANSWER_NIL)
        *value = TEXT_NONE;
}

static bool told_value(const struct command_run *r, const struct judge_answer *a, uint32_t value)
{
    return value ? a->kind == ANSWER_TEXT && judge_texts_equal(r->texts, a->text, value)
                 : a->kind == ANSWER_NIL;
}

static bool tells_value(const struct command_run *r, uint32_t value)
{
    return !r->told || told_value(r, r->told, value);
}

static bool tells_number(const struct command_run *r, int64_t number)
{
    return !r->told || (r->told->kind == ANSWER_INTEGER && r->told->number == number);
}

static bool tells(const struct command_run *r, enum answer_kind kind)
{
    return !r->told || r->told->kind == kind;
}

static bool any_words(const struct judge_history *h, const struct judge_call *c)
{
    (void)h;
    (void)c;
    return true;
}

static struct set_options set_options(const struct judge_texts *t, const struct judge_call *c)
{
    struct set_options o = { .valid = true };
    int64_t n;

    for (uint32_t i = 3; i < c->count && o.valid; i++) {
        struct slice word = judge_texts_bytes(t, c->words[i]);
        bool seconds = slice_is(word, "ex");

        if (slice_is(word, "nx"))
            o.nx = true;
        else if (slice_is(word, "xx"))
            o.xx = true;
        else if (slice_is(word, "get"))
            o.get = true;
        else if ((slice_is(word, "px") || seconds) && i + 1 < c->count &&
                 judge_texts_number(t, c->words[i + 1], &n) && n > 0 && n < INT_MAX && ++i)
            o.expiry_us = (uint64_t)n * (seconds ? 1000000 : 1000);
        else
            o.valid = false;
    }
    o.valid &= !(o.nx && o.xx);
    return o;
}

static bool set_fits(const struct judge_history *h, const struct judge_call *c)
{
    return set_options(&h->texts, c).valid;
}

static bool run_get(struct command_run *r)
{
    learn(held(r), r->told);
    return tells_value(r, *held(r));
}

static bool run_strlen(struct command_run *r)
{
    if (*held(r) == TEXT_ANY)
        return tells(r, ANSWER_INTEGER);
    return tells_number(r, (int64_t)judge_texts_bytes(r->texts, *held(r)).len);
}

static bool run_mget(struct command_run *r)
{
    if (!r->told)
        return true;
    if (r->told->kind != ANSWER_ARRAY || r->told->count != r->call->key_count)
        return false;
    for (uint32_t i = 0; i < r->call->key_count; i++) {
        learn(&r->held[r->call->keys[i]], &r->told->items[i]);
        if (!told_value(r, &r->told->items[i], r->held[r->call->keys[i]]))
            return false;
    }
    return true;
}

static bool run_exists(struct command_run *r)
{
    int64_t n = 0;
    bool known = true;

    for (uint32_t i = 0; i < r->call->key_count; i++) {
        known &= r->held[r->call->keys[i]] != TEXT_ANY;
        n += r->held[r->call->keys[i]] != TEXT_NONE;
    }
    return known ? tells_number(r, n) : tells(r, ANSWER_INTEGER);
}

static bool run_set(struct command_run *r)
{
    struct set_options o = set_options(r->texts, r->call);
    uint32_t old;
    bool does;

    if (o.get)
        learn(held(r), r->told);
    else if ((o.nx && is_told(r, ANSWER_STATUS, 0)) || (o.xx && is_told(r, ANSWER_NIL, 0)))
        learn(held(r), &(struct judge_answer){ .kind = ANSWER_NIL });
    old = *held(r);
    if (old == TEXT_ANY && (o.nx || (o.xx && !is_told(r, ANSWER_STATUS, 0))))
        return true; /* it may hold what it held, or this */
    does = !(o.nx || o.xx) || o.xx == (old != TEXT_NONE);

    if (does)
        *held(r) = r->call->words[2];
    if (o.get)
        return tells_value(r, old);
    return tells(r, does ? ANSWER_STATUS : ANSWER_NIL);
}

static bool run_setnx(struct command_run *r)
{
    bool does;

    if (is_told(r, ANSWER_INTEGER, 1))
        learn(held(r), &(struct judge_answer){ .kind = ANSWER_NIL });
    if (*held(r) == TEXT_ANY)
        return true;
    does = *held(r) == TEXT_NONE;
    if (does)
        *held(r) = r->call->words[2];
    return tells_number(r, does);
}

static bool run_getset(struct command_run *r)
{
    uint32_t old;

    learn(held(r), r->told);
    old = *held(r);
    *held(r) = r->call->words[2];
    return tells_value(r, old);
}

static bool run_getdel(struct command_run *r)
{
    uint32_t old;

    learn(held(r), r->told);
    old = *held(r);
    *held(r) = TEXT_NONE;
    return tells_value(r, old);
}

static bool run_mset(struct command_run *r)
{
    for (uint32_t i = 0; i < r->call->key_count; i++)
        r->held[r->call->keys[i]] = r->call->words[2 + 2 * i];
    return tells(r, ANSWER_STATUS);
}

static bool run_del(struct command_run *r)
{
    int64_t n = 0;
    bool known = true;

    for (uint32_t i = 0; i < r->call->key_count; i++) {
        known &= r->held[r->call->keys[i]] != TEXT_ANY;
        n += r->held[r->call->keys[i]] != TEXT_NONE;
        r->held[r->call->keys[i]] = TEXT_NONE;
    }
    return known ? tells_number(r, n) : tells(r, ANSWER_INTEGER);
}

static bool run_delif(struct command_run *r)
{
    bool does = judge_texts_equal(r->texts, *held(r), r->call->words[2]);

    if (*held(r) == TEXT_ANY) {
        if (is_told(r, ANSWER_INTEGER, 1))
            *held(r) = TEXT_NONE;
        return tells(r, ANSWER_INTEGER);
    }
    if (does)
        *held(r) = TEXT_NONE;
    return tells_number(r, does);
}

static bool run_append(struct command_run *r)
{
    uint32_t piece = r->call->words[2];
    size_t len;

    if (*held(r) == TEXT_ANY)
        return tells(r, ANSWER_INTEGER);
    len = judge_texts_bytes(r->texts, *held(r)).len + judge_texts_bytes(r->texts, piece).len;
    if (!tells_number(r, (int64_t)len))
        return false;
    *held(r) = judge_texts_join(r->texts, *held(r), piece);
    return true;
}

static int64_t added(const struct judge_texts *t, const struct judge_call *c)
{
    bool down = slice_is(judge_texts_bytes(t, c->words[0]), "decr") ||
                slice_is(judge_texts_bytes(t, c->words[0]), "decrby");
    int64_t by = 1;

    if (c->count > 2)
        judge_texts_number(t, c->words[2], &by);
    return down ? -by : by;
}

static bool add_fits(const struct judge_history *h, const struct judge_call *c)
{
    int64_t by = 1;

    return c->count == 2 || (judge_texts_number(&h->texts, c->words[2], &by) && by != INT64_MIN);
}

static bool run_add(struct command_run *r)
{
    int64_t old, sum;

    if (*held(r) == TEXT_ANY) {
        if (r->told && r->told->kind == ANSWER_INTEGER)
            *held(r) = judge_texts_of_number(r->texts, r->told->number);
        return true;
    }
    if (!judge_texts_number(r->texts, *held(r), &old) ||
        __builtin_add_overflow(old, added(r->texts, r->call), &sum))
        return tells(r, ANSWER_ERROR);
    if (!tells_number(r, sum))
        return false;
    *held(r) = judge_texts_of_number(r->texts, sum);
    return true;
}

static const struct command_row rows[] = {
    { "GET", 1, 1, 0, EFFECT_READ, false, any_words, run_get },
    { "MGET", 1, HISTORY_WORDS_MAX, 1, EFFECT_READ, false, any_words, run_mget },
    { "STRLEN", 1, 1, 0, EFFECT_READ, true, any_words, run_strlen },
    { "EXISTS", 1, HISTORY_WORDS_MAX, 1, EFFECT_READ, false, any_words, run_exists },
    { "SET", 2, 7, 0, EFFECT_WHOLE, false, set_fits, run_set },
    { "SETNX", 2, 2, 0, EFFECT_WHOLE, false, any_words, run_setnx },
    { "GETSET", 2, 2, 0, EFFECT_WHOLE, false, any_words, run_getset },
    { "GETDEL", 1, 1, 0, EFFECT_WHOLE, false, any_words, run_getdel },
    { "MSET", 2, HISTORY_WORDS_MAX, 2, EFFECT_WHOLE, false, any_words, run_mset },
    { "DEL", 1, HISTORY_WORDS_MAX, 1, EFFECT_WHOLE, false, any_words, run_del },
    { "DELIF", 2, 2, 0, EFFECT_WHOLE, true, any_words, run_delif },
    { "APPEND", 2, 2, 0, EFFECT_APPEND, true, any_words, run_append },
    { "INCR", 1, 1, 0, EFFECT_ADD, true, add_fits, run_add },
    { "DECR", 1, 1, 0, EFFECT_ADD, true, add_fits, run_add },
    { "INCRBY", 2, 2, 0, EFFECT_ADD, true, add_fits, run_add },
    { "DECRBY", 2, 2, 0, EFFECT_ADD, true, add_fits, run_add },
};

const struct command_row *command_find(struct slice name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (slice_is(name, rows[i].name))
            return &rows[i];
    }
    return NULL;
}

static bool value_of(const struct judge_answer *a, uint32_t *value)
{
    *value = a->kind == ANSWER_TEXT ? a->text : TEXT_NONE;
    return a->kind == ANSWER_TEXT || a->kind == ANSWER_NIL;
}

bool command_has_read(const struct judge_history *h, const struct judge_op *op,
                      const struct judge_call *c, uint32_t i, uint32_t *value)
{
    bool (*run)(struct command_run *) = c->row->run;

    if (!judge_op_is_told(op))
        return false;
    if (run == run_mget)
        return c->answer.kind == ANSWER_ARRAY && i < c->answer.count &&
               value_of(&c->answer.items[i], value);
    if (run == run_get || run == run_getset || run == run_getdel)
        return value_of(&c->answer, value);
    return run == run_set && set_options(&h->texts, c).get && value_of(&c->answer, value);
}

bool command_has_refrained(const struct judge_history *h, const struct judge_op *op,
                           const struct judge_call *c)
{
    bool (*run)(struct command_run *) = c->row->run;
    struct set_options o;

    if (c->row->effect == EFFECT_READ)
        return true;
    if (!judge_op_is_told(op))
        return false;
    if (c->answer.kind == ANSWER_ERROR)
        return true;
    if (run == run_setnx || run == run_delif || run == run_del)
        return c->answer.number == 0;
    if (run != run_set)
        return false;
    o = set_options(&h->texts, c);
    if (o.get)
        return (o.nx && c->answer.kind != ANSWER_NIL) || (o.xx && c->answer.kind == ANSWER_NIL);
    return c->answer.kind == ANSWER_NIL;
}

bool command_may_have_written(const struct judge_history *h, const struct judge_op *op,
                              const struct judge_call *c, uint32_t i, uint32_t *value)
{
    bool (*run)(struct command_run *) = c->row->run;

    if (c->row->effect != EFFECT_WHOLE || command_has_refrained(h, op, c))
        return false;
    if (run == run_del || run == run_getdel || run == run_delif)
        *value = TEXT_NONE;
    else
        *value = c->words[2 + 2 * i];
    return true;
}

int64_t command_adds(const struct judge_history *h, const struct judge_call *c)
{
    return c->row->effect == EFFECT_ADD ? added(&h->texts, c) : 0;
}

uint64_t command_expiry_us(const struct judge_history *h, const struct judge_call *c)
{
    return c->row->run == run_set ? set_options(&h->texts, c).expiry_us : 0;
}

bool command_is_set_nx(const struct judge_history *h, const struct judge_call *c)
{
    return c->row->run == run_set && set_options(&h->texts, c).nx;
}

bool command_is_delif(const struct judge_call *c)
{
    return c->row->run == run_delif;
}
