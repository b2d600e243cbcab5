/* judge_texts.c: an open hash table of texts in chunks that do not move. */
#include "judge/judge_texts.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

enum { CHUNK_BYTES = 1 << 18, BUCKETS_FIRST = 1024, JOINED_LEAST = 64 };

struct judge_text {
    struct slice bytes;
    uint64_t hash;
    int64_t number;
    bool is_number;
    uint32_t left; /* if its bytes are not there */
    uint32_t right;
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
    mem_free(t->joined);
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
        if (t->at[id].right) /* is not looked for by its bytes */
            continue;
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

/* Where the text of these two is in `joined`, or would be. */
static uint32_t joined_place(const struct judge_texts *t, uint32_t a, uint32_t b)
{
    uint64_t hash = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;
    uint32_t i = (uint32_t)(hash >> 32) & (t->joined_cap - 1);

    while (t->joined[i] && (t->at[t->joined[i]].left != a || t->at[t->joined[i]].right != b))
        i = (i + 1) & (t->joined_cap - 1);
    return i;
}

static void grow_joined(struct judge_texts *t)
{
    uint32_t *old = t->joined, cap = t->joined_cap;

    t->joined_cap = cap ? cap * 2 : BUCKETS_FIRST;
    t->joined = mem_zalloc(t->joined_cap, sizeof *t->joined);
    t->bytes += (t->joined_cap - cap) * sizeof *t->joined;
    for (uint32_t i = 0; i < cap; i++) {
        if (old[i])
            t->joined[joined_place(t, t->at[old[i]].left, t->at[old[i]].right)] = old[i];
    }
    mem_free(old);
}

static void put_whole(struct judge_texts *t, uint32_t id, uint8_t *to)
{
    size_t end = t->at[id].bytes.len;

    for (; !t->at[id].bytes.data && end > 0; id = t->at[id].left) {
        struct slice right = t->at[t->at[id].right].bytes;

        end -= right.len;
        if (right.len)
            memcpy(to + end, right.data, right.len);
    }
    if (end)
        memcpy(to, t->at[id].bytes.data, end);
}

uint32_t judge_texts_join(struct judge_texts *t, uint32_t a, uint32_t b)
{
    size_t len = t->at[a].bytes.len + t->at[b].bytes.len;
    struct judge_text new = { .bytes = { NULL, len }, .left = a, .right = b };
    uint32_t place;

    if (len <= JOINED_LEAST) {
        uint8_t bytes[JOINED_LEAST];

        put_whole(t, a, bytes);
        put_whole(t, b, bytes + t->at[a].bytes.len);
        return judge_texts_of(t, slice_of(bytes, len));
    }
    if (t->at[b].bytes.len == 0)
        return a;
    judge_texts_whole(t, b);
    if (t->joined_count * 2 >= t->joined_cap)
        grow_joined(t);
    place = joined_place(t, a, b);
    if (t->joined[place])
        return t->joined[place];
    t->at[t->count] = new;
    t->joined[place] = t->count++;
    t->joined_count++;
    if (t->count * 2 > t->cap)
        grow(t);
    return t->count - 1;
}

/* Compares from the end; what has been found equal shares its bytes from then on. */
bool judge_texts_equal(struct judge_texts *t, uint32_t a, uint32_t b)
{
    uint32_t id = t->at[a].bytes.data ? b : a;
    struct slice whole = t->at[a].bytes.data ? t->at[a].bytes : t->at[b].bytes;
    struct judge_text *joined = &t->at[id];
    size_t end = whole.len;

    if (a == b)
        return true;
    if (t->at[a].bytes.len != t->at[b].bytes.len || a < TEXT_FIRST || b < TEXT_FIRST)
        return false;
    if (!whole.data)
        whole = judge_texts_whole(t, b);
    for (; !t->at[id].bytes.data && end > 0; id = t->at[id].left) {
        struct slice right = t->at[t->at[id].right].bytes;

        end -= right.len;
        if (memcmp(whole.data + end, right.data, right.len) != 0)
            return false;
    }
    if (!slice_equal(slice_of(whole.data, end), slice_of(t->at[id].bytes.data, end)))
        return false;
    joined->bytes = whole;
    return true;
}

struct slice judge_texts_whole(struct judge_texts *t, uint32_t id)
{
    struct slice *bytes = &t->at[id].bytes;

    if (!bytes->data && bytes->len) {
        uint8_t *room = judge_texts_room(t, bytes->len);

        put_whole(t, id, room);
        bytes->data = room;
    }
    return *bytes;
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
