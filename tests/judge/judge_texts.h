/* judge_texts.h: byte strings, each kept once and known by a number: texts of equal numbers are
 * equal.  So are, the other way round, texts that were given as bytes. */
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
    uint32_t *joined; /* those of judge_texts_join(), by what they are made of */
    uint32_t joined_count;
    uint32_t joined_cap;
    struct text_chunk *chunks;
    size_t bytes; /* of memory, in all */
};

void judge_texts_init(struct judge_texts *t);
void judge_texts_deinit(struct judge_texts *t);

/* The number of a text, which is copied if it is new. */
uint32_t judge_texts_of(struct judge_texts *t, struct slice bytes);

/* The same for the text of a number. */
uint32_t judge_texts_of_number(struct judge_texts *t, int64_t number);

/* The number of `a` and `b` behind one another, which takes little memory however long they are.
 * Its bytes may not be there, and it may have another number than the same given as bytes. */
uint32_t judge_texts_join(struct judge_texts *t, uint32_t a, uint32_t b);

/* Whether they have the same bytes. */
bool judge_texts_equal(struct judge_texts *t, uint32_t a, uint32_t b);

/* Lives as long as `t`; empty for TEXT_NONE and TEXT_ANY.  `data` is NULL if it is not there. */
struct slice judge_texts_bytes(const struct judge_texts *t, uint32_t id);

/* The same, with the bytes. */
struct slice judge_texts_whole(struct judge_texts *t, uint32_t id);

/* False if the text is no integer; TEXT_NONE is 0. */
bool judge_texts_number(const struct judge_texts *t, uint32_t id, int64_t *out);

/* Memory that is freed with `t`. */
void *judge_texts_room(struct judge_texts *t, size_t size);

#endif
