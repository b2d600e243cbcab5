/* judge_commands.h: the commands a history may have: what each does to its keys, and
 * which answer that explains.
 *
 * A key holds a text, nothing, or TEXT_ANY: then every answer is explained that one of
 * these would explain, and as much is known behind it as the answer says.  A command of
 * another type is one more row, whose values are texts in an encoding of its own. */
#ifndef HENGE_JUDGE_JUDGE_COMMANDS_H
#define HENGE_JUDGE_JUDGE_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/judge_history.h"

enum command_effect {
    EFFECT_READ,
    EFFECT_WHOLE,  /* the key holds what the words say, or nothing */
    EFFECT_ADD,    /* a number is added */
    EFFECT_APPEND, /* a text is appended */
};

/* A command about to take effect. */
struct command_run {
    struct judge_texts *texts;
    const struct judge_call *call;
    const struct judge_answer *told; /* NULL: nobody knows */
    uint32_t *held;                  /* texts, by number of key; TEXT_NONE: nothing */
};

struct command_row {
    const char *name;
    uint32_t args_min;
    uint32_t args_max;
    uint32_t key_step; /* each that-many-th argument is a key; 0: only the first */
    enum command_effect effect;
    bool inside; /* it looks at what a text is, beyond telling it: its length, its number */
    /* Whether the words are such as it takes. */
    bool (*fits)(const struct judge_history *h, const struct judge_call *c);
    /* Changes what is held; false if that does not explain what was told. */
    bool (*run)(struct command_run *r);
};

/* NULL if there is none; letters in either case. */
const struct command_row *command_find(struct slice name);

/* The value of its key `i` before it, if its answer tells: a text or TEXT_NONE. */
bool command_has_read(const struct judge_history *h, const struct judge_op *op,
                      const struct judge_call *c, uint32_t i, uint32_t *value);

/* Whether it changes nothing, whatever is held: it reads, or its answer says so. */
bool command_has_refrained(const struct judge_history *h, const struct judge_op *op,
                           const struct judge_call *c);

/* What its key `i` holds right after it, if it is of EFFECT_WHOLE and took effect, or may have. */
bool command_may_have_written(const struct judge_history *h, const struct judge_op *op,
                              const struct judge_call *c, uint32_t i, uint32_t *value);

/* How much it adds, if it is of EFFECT_ADD; 0 otherwise. */
int64_t command_adds(const struct judge_history *h, const struct judge_call *c);

/* After how long what it writes goes by itself, in microseconds; 0: never. */
uint64_t command_expiry_us(const struct judge_history *h, const struct judge_call *c);

/* Whether it is a SET with NX. */
bool command_is_set_nx(const struct judge_history *h, const struct judge_call *c);

/* Whether it is a DELIF. */
bool command_is_delif(const struct judge_call *c);

#endif
