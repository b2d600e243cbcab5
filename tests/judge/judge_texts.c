/* judge_texts.c: an open hash table of texts in chunks that do not move. */
#include "judge/judge_texts.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

enum { CHUNK_BYTES = 1 << 18, BUCKETS_FIRST = 1024 };

struct judge_text {
    struct slice bytes;
    uint64_t hash;
    int64_t number;
    bool is_number;
};

struct text_chunk {
    struct text_chunk *next;
    size_t used;
    size_t size;
    uint64_t data[];
};

void judge_texts_init(struct judge_texts *t)
{
    *t = (struct judge_texts){ .count = TEXT_FIRST,
                               .cap = BUCKETS_FIRST,
                               .bucket_count = BUCKETS_FIRST };
    t->at = mem_zalloc(t->cap, sizeof *t->at);
    t->buckets = mem_zalloc(t->bucket_count, sizeof *t->buckets);
    t->at[0].is_number = true;
    t->bytes = t->cap * sizeof *t->at + t->bucket_count * sizeof *t->buckets;
}

void judge_texts_deinit(struct judge_texts *t)
{
    while (t->chunks) {
        struct text_chunk *next = t->chunks->next;

        mem_free(t->chunks);
        t->chunks = next;
    }
    mem_free(t->at);
    mem_free(t->buckets);
    *t = (struct judge_texts){ 0 };
}

void *judge_texts_room(struct judge_texts *t, size_t size)
{
    struct text_chunk *c = t->chunks;
    void *room;

    size = (size + 7) & ~(size_t)7;
    if (!c || c->size - c->used < size) {
        size_t whole = size > CHUNK_BYTES ? size : CHUNK_BYTES;

        c = mem_alloc(sizeof *c + whole);
        *c = (struct text_chunk){ .next = t->chunks, .size = whole };
        t->chunks = c;
        t->bytes += sizeof *c + whole;
    }
    room = (uint8_t *)c->data + c->used;
    c->used += size;
    return room;
}

static void grow(struct judge_texts *t)
{
    t->bytes += t->cap * sizeof *t->at;
    t->cap *= 2;
    t->at = mem_realloc(t->at, t->cap * sizeof *t->at);
    mem_free(t->buckets);
    t->bytes += t->bucket_count * sizeof *t->buckets;
    t->bucket_count *= 2;
    t->buckets = mem_zalloc(t->bucket_count, sizeof *t->buckets);
    for (uint32_t id = TEXT_FIRST; id < t->count; id++) {
        uint32_t b = (uint32_t)t->at[id].hash & (t->bucket_count - 1);

        while (t->buckets[b])
            b = (b + 1) & (t->bucket_count - 1);
        t->buckets[b] = id;
    }
}

uint32_t judge_texts_of(struct judge_texts *t, struct slice bytes)
{
    uint64_t hash = hash_xxh3(bytes);
    uint32_t b = (uint32_t)hash & (t->bucket_count - 1);
    struct judge_text new = { .hash = hash };
    uint8_t *copy;

    for (; t->buckets[b]; b = (b + 1) & (t->bucket_count - 1)) {
        const struct judge_text *old = &t->at[t->buckets[b]];

        if (old->hash == hash && slice_equal(old->bytes, bytes))
            return t->buckets[b];
    }
    copy = judge_texts_room(t, bytes.len);
    if (bytes.len)
        memcpy(copy, bytes.data, bytes.len);
    new.bytes = slice_of(copy, bytes.len);
    new.is_number = num_get_i64(bytes, &new.number);
    t->at[t->count] = new;
    t->buckets[b] = t->count++;
    if (t->count * 2 > t->cap)
        grow(t);
    return t->count - 1;
}

uint32_t judge_texts_of_number(struct judge_texts *t, int64_t number)
{
    uint8_t text[NUM_I64_MAX];

    return judge_texts_of(t, slice_of(text, num_put_i64(text, number)));
}

struct slice judge_texts_bytes(const struct judge_texts *t, uint32_t id)
{
    return t->at[id].bytes;
}

bool judge_texts_number(const struct judge_texts *t, uint32_t id, int64_t *out)
{
    *out = t->at[id].number;
    return t->at[id].is_number;
}
