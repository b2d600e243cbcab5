/* judge_history.c: operations, copied in. */
#include "judge/judge_history.h"

#include "base/mem.h"
#include "judge/judge_commands.h"

void judge_history_init(struct judge_history *h)
{
    *h = (struct judge_history){ .final_us = HISTORY_NEVER };
    judge_texts_init(&h->texts);
}

void judge_history_deinit(struct judge_history *h)
{
    judge_texts_deinit(&h->texts);
    mem_free(h->ops);
    mem_free(h->notes);
    mem_free(h->keys);
    mem_free(h->key_of);
    *h = (struct judge_history){ 0 };
}

static void *copy_of(struct judge_history *h, const void *from, size_t size)
{
    void *to = judge_texts_room(&h->texts, size);

    if (size)
        memcpy(to, from, size);
    return to;
}

static uint32_t key_number(struct judge_history *h, uint32_t text)
{
    if (text >= h->key_of_count) {
        uint32_t count = h->texts.count * 2;

        h->key_of = mem_realloc(h->key_of, count * sizeof *h->key_of);
        memset(h->key_of + h->key_of_count, 0, (count - h->key_of_count) * sizeof *h->key_of);
        h->key_of_count = count;
    }
    if (h->key_of[text])
        return h->key_of[text] - 1;
    if (h->key_count == h->key_cap) {
        h->key_cap = h->key_cap ? h->key_cap * 2 : 64;
        h->keys = mem_realloc(h->keys, h->key_cap * sizeof *h->keys);
    }
    h->keys[h->key_count++] = text;
    h->key_of[text] = h->key_count;
    return h->key_count - 1;
}

static void copy_answer(struct judge_history *h, struct judge_answer *a)
{
    if (a->kind != ANSWER_ARRAY)
        return;
    a->items = copy_of(h, a->items, a->count * sizeof *a->items);
    for (uint32_t i = 0; i < a->count; i++)
        copy_answer(h, &a->items[i]);
}

static struct err check_call(struct judge_history *h, struct judge_call *c, bool answered)
{
    const struct command_row *row;
    uint32_t args = c->count - 1;

    if (c->count == 0)
        return err_make(ERR_INVALID, 0, "no command");
    if (c->count > HISTORY_WORDS_MAX)
        return err_make(ERR_LIMIT, 0, "a command of too many words");
    row = command_find(judge_texts_bytes(&h->texts, c->words[0]));
    if (!row)
        return err_make(ERR_INVALID, 0, "a command that the judge does not know");
    if (args < row->args_min || args > row->args_max ||
        (row->key_step > 1 && args % row->key_step != 0))
        return err_make(ERR_INVALID, 0, "a wrong number of arguments");
    if (!row->fits(h, c))
        return err_make(ERR_INVALID, 0, "an argument that the command does not take");
    c->row = row;
    if (answered && c->answer.kind == ANSWER_ARRAY && c->answer.count > args)
        return err_make(ERR_INVALID, 0, "an array that is longer than the command");
    return err_ok();
}

static void copy_call(struct judge_history *h, struct judge_call *c, bool answered)
{
    uint32_t step = c->row->key_step ? c->row->key_step : 1;
    uint32_t count = c->row->key_step ? (c->count - 1) / step : 1;

    c->words = copy_of(h, c->words, c->count * sizeof *c->words);
    c->key_count = count;
    c->keys = judge_texts_room(&h->texts, count * sizeof *c->keys);
    for (uint32_t i = 0; i < count; i++)
        c->keys[i] = key_number(h, c->words[1 + i * step]);
    if (answered)
        copy_answer(h, &c->answer);
    else
        c->answer = (struct judge_answer){ .kind = ANSWER_NIL };
}

struct err judge_history_add(struct judge_history *h, const struct judge_op *op)
{
    struct judge_op new = *op;
    bool answered = op->outcome == OUTCOME_OK;

    if (h->op_count == HISTORY_OPS_MAX)
        return err_make(ERR_LIMIT, 0, "too many operations");
    if (op->call_count == 0 || (!op->multi && op->call_count != 1))
        return err_make(ERR_INVALID, 0, "no command");
    if (op->call_count > HISTORY_CALLS_MAX)
        return err_make(ERR_LIMIT, 0, "a MULTI of too many commands");
    if (op->told_us < op->asked_us)
        return err_make(ERR_INVALID, 0, "an answer before its question");
    if ((op->told_us == HISTORY_NEVER) != (op->outcome == OUTCOME_NONE))
        return err_make(ERR_INVALID, 0, "no answer has no time, and every answer has one");
    new.calls = copy_of(h, op->calls, op->call_count * sizeof *op->calls);
    for (uint32_t i = 0; i < op->call_count; i++) {
        struct err e = check_call(h, &new.calls[i], answered);

        if (err_is(e))
            return e;
    }
    for (uint32_t i = 0; i < op->call_count; i++)
        copy_call(h, &new.calls[i], answered);
    if (h->op_count == h->op_cap) {
        h->op_cap = h->op_cap ? h->op_cap * 2 : 1024;
        h->ops = mem_realloc(h->ops, h->op_cap * sizeof *h->ops);
    }
    h->ops[h->op_count++] = new;
    return err_ok();
}

struct err judge_history_note(struct judge_history *h, uint64_t at_us, struct slice text)
{
    if (h->note_count == HISTORY_NOTES_MAX)
        return err_make(ERR_LIMIT, 0, "too many notes");
    if (h->note_count == h->note_cap) {
        h->note_cap = h->note_cap ? h->note_cap * 2 : 64;
        h->notes = mem_realloc(h->notes, h->note_cap * sizeof *h->notes);
    }
    h->notes[h->note_count++] = (struct judge_note){ at_us, judge_texts_of(&h->texts, text) };
    return err_ok();
}

bool judge_op_writes(const struct judge_op *op)
{
    for (uint32_t i = 0; i < op->call_count; i++) {
        if (op->calls[i].row->effect != EFFECT_READ)
            return true;
    }
    return false;
}
