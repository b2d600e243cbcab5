/* judge_history.h: what clients asked of a store, when, and what they were told.
 *
 * A history belongs to one judge; checks add texts to it, never operations. Times
 * are microseconds of one clock that all clients share. */
#ifndef HENGE_JUDGE_JUDGE_HISTORY_H
#define HENGE_JUDGE_JUDGE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "judge/judge_texts.h"

enum {
    HISTORY_OPS_MAX = 4 * 1000 * 1000,
    HISTORY_NOTES_MAX = 10000,
    HISTORY_CALLS_MAX = 64,   /* of one MULTI */
    HISTORY_WORDS_MAX = 1024, /* of one call */
};

#define HISTORY_NEVER UINT64_MAX

struct command_row;

enum judge_outcome {
    OUTCOME_OK,
    OUTCOME_FAILED,    /* definitely not applied */
    OUTCOME_UNCERTAIN, /* told that nobody knows, or the connection was lost */
    OUTCOME_NONE,      /* no answer */
};

enum judge_level {
    LEVEL_QUORUM,
    LEVEL_ONE, /* tentative: takes effect for readers at quorum some time, or never */
};

enum answer_kind {
    ANSWER_NIL,
    ANSWER_STATUS,
    ANSWER_INTEGER,
    ANSWER_TEXT,
    ANSWER_ERROR, /* the command ran, and said no: a wrong type, not a number */
    ANSWER_ARRAY,
};

struct judge_answer {
    enum answer_kind kind;
    uint32_t text; /* of a status, a text or an error */
    int64_t number;
    uint32_t count; /* of an array */
    struct judge_answer *items;
};

/* One command. */
struct judge_call {
    const struct command_row *row;
    uint32_t count;
    uint32_t *words; /* texts; the first is its name */
    uint32_t key_count;
    uint32_t *keys; /* numbers of its keys, in order: history.keys[n] is the name's text */
    struct judge_answer answer; /* if the operation is OUTCOME_OK */
};

/* One or, within MULTI, several commands that take effect at once. */
struct judge_op {
    uint32_t client; /* a text */
    uint32_t line;   /* of the file, from 1; 0: none */
    uint64_t asked_us;
    uint64_t told_us; /* HISTORY_NEVER: no answer */
    enum judge_outcome outcome;
    enum judge_level level;
    bool multi;
    uint32_t call_count;
    struct judge_call *calls;
    uint32_t why; /* a text or TEXT_NONE: what an answer that is not OK said */
};

struct judge_note {
    uint64_t at_us;
    uint32_t text;
};

struct judge_history {
    struct judge_texts texts;
    struct judge_op *ops;
    size_t op_count;
    struct judge_note *notes;
    size_t note_count;
    uint32_t *keys;
    uint32_t key_count;
    uint64_t final_us; /* what is asked from here on is asked of a store at rest */
    /* below: growth, and the keys' numbers + 1 by text */
    size_t op_cap;
    size_t note_cap;
    uint32_t key_cap;
    uint32_t *key_of;
    uint32_t key_of_count;
};

void judge_history_init(struct judge_history *h);
void judge_history_deinit(struct judge_history *h);

/* Copies an operation in, with texts, calls and answers of this history's numbers; rows and
 * keys are found here.  ERR_INVALID: a command that no row has, a wrong number of words, an
 * answer that comes before its question; ERR_LIMIT: more than a limit above. */
struct err judge_history_add(struct judge_history *h, const struct judge_op *op);

/* What happened besides, shown in timelines.  ERR_LIMIT: there are too many. */
struct err judge_history_note(struct judge_history *h, uint64_t at_us, struct slice text);

/* Whether it may have taken effect: it was not refused. */
static inline bool judge_op_may_have_run(const struct judge_op *op)
{
    return op->outcome != OUTCOME_FAILED;
}

/* Whether its answer says what a reader at quorum would have seen. */
static inline bool judge_op_is_told(const struct judge_op *op)
{
    return op->outcome == OUTCOME_OK && op->level == LEVEL_QUORUM;
}

/* Whether one of its calls may write. */
bool judge_op_writes(const struct judge_op *op);

/* Whether it was asked of a store at rest. */
static inline bool judge_op_is_final(const struct judge_history *h, const struct judge_op *op)
{
    return op->asked_us >= h->final_us;
}

#endif
