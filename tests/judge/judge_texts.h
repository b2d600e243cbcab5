/* judge_texts.h: byte strings, each kept once and known by a number, so that equal
 * texts have equal numbers. */
#ifndef HENGE_JUDGE_JUDGE_TEXTS_H
#define HENGE_JUDGE_JUDGE_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    TEXT_NONE, /* no text at all; the empty text has a number of its own */
    TEXT_ANY,  /* a text or none, nobody knows which */
    TEXT_FIRST,
};

struct judge_text;
struct text_chunk;

struct judge_texts {
    struct judge_text *at;
    uint32_t count; /* with TEXT_NONE and TEXT_ANY */
    uint32_t cap;
    uint32_t *buckets;
    uint32_t bucket_count;
    struct text_chunk *chunks;
    size_t bytes; /* of memory, in all */
};

void judge_texts_init(struct judge_texts *t);
void judge_texts_deinit(struct judge_texts *t);

/* The number of a text, which is copied if it is new. */
uint32_t judge_texts_of(struct judge_texts *t, struct slice bytes);

/* The same for the text of a number. */
uint32_t judge_texts_of_number(struct judge_texts *t, int64_t number);

/* Lives as long as `t`; empty for TEXT_NONE and TEXT_ANY. */
struct slice judge_texts_bytes(const struct judge_texts *t, uint32_t id);

/* False if the text is no integer; TEXT_NONE is 0. */
bool judge_texts_number(const struct judge_texts *t, uint32_t id, int64_t *out);

/* Memory that is freed with `t`. */
void *judge_texts_room(struct judge_texts *t, size_t size);

#endif
