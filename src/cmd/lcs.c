/* lcs.c: rows of bits, forward and back. */
#include "cmd/lcs.h"

#include <assert.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/wire.h"

enum { WORD = 64, BACK_COST = 16 /* cells that a step back is worth */ };

enum phase { FORWARD, BACK, DONE };

struct lcs {
    struct buf a, b; /* b with zeros up to whole words */
    size_t a_len, b_len;
    size_t words; /* of a row */
    size_t every; /* rows from mark to mark */
    enum phase phase;
    bool length_only;
    uint64_t *row; /* the last one made */
    size_t made;   /* its number */
    uint64_t *marks;
    uint64_t *block;   /* the rows behind a mark ... */
    size_t block_from; /* ... of this number ... */
    size_t block_made; /* ... and how many there are; 0: none */
    size_t i, j;       /* on the way back: bytes left of a and of b */
    size_t length, left;
    uint8_t *text; /* filled from its end */
    struct lcs_match *matches;
    size_t match_count, match_room;
    bool in_match; /* the last one can still grow */
};

/* How many rows: the root, so that marks and the rows behind one take as much. */
static size_t rows_between(size_t rows)
{
    size_t n = 1;

    while (n * n < rows)
        n++;
    return n;
}

struct lcs *lcs_new(struct slice a, struct slice b, bool length_only)
{
    struct lcs *l = mem_zalloc(1, sizeof *l);
    size_t padding;

    assert(a.len <= LIMIT_LCS_STRING && b.len <= LIMIT_LCS_STRING);
    l->a_len = a.len;
    l->b_len = b.len;
    l->words = (b.len + WORD - 1) / WORD;
    padding = l->words * WORD - b.len;
    l->every = rows_between(a.len);
    l->length_only = length_only;
    buf_append(&l->a, a);
    buf_append(&l->b, b);
    if (padding)
        memset(buf_reserve(&l->b, padding), 0, padding);
    l->row = mem_alloc(l->words * sizeof *l->row);
    memset(l->row, 0xff, l->words * sizeof *l->row);
    if (!length_only) {
        l->marks = mem_alloc((a.len / l->every + 1) * l->words * sizeof *l->marks);
        l->block = mem_alloc(l->every * l->words * sizeof *l->block);
    }
    return l;
}

void lcs_free(struct lcs *l)
{
    if (!l)
        return;
    buf_deinit(&l->a);
    buf_deinit(&l->b);
    mem_free(l->row);
    mem_free(l->marks);
    mem_free(l->block);
    mem_free(l->text);
    mem_free(l->matches);
    mem_free(l);
}

/* One bit for each of eight bytes, set where it is `same` repeated. */
static inline uint64_t equal8(const uint8_t *p, uint64_t same)
{
    const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t x = wire_get64(p) ^ same;
    uint64_t zero = ~(((x & low7) + low7) | x | low7); /* 0x80 where x has a zero byte */

    return (zero >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* The row behind `row`, which is of `byte`; `row` and `to` may be the same. */
static void next_row(const struct lcs *l, const uint64_t *row, uint64_t *to, uint8_t byte)
{
    uint64_t same = byte * UINT64_C(0x0101010101010101);
    uint64_t carry = 0;
    const uint8_t *p = l->b.data;

    for (size_t w = 0; w < l->words; w++) {
        uint64_t equal = 0, v = row[w], sum;
        for (unsigned n = 0; n < WORD; n += 8, p += 8)
            equal |= equal8(p, same) << n;
        bool over = __builtin_add_overflow(v, v & equal, &sum);
        over |= __builtin_add_overflow(sum, carry, &sum);
        carry = over;
        to[w] = sum | (v & ~equal);
    }
}

static size_t count_clear(const struct lcs *l)
{
    size_t n = 0;

    for (size_t w = 0; w < l->words; w++)
        n += (size_t)__builtin_popcountll(~l->row[w]);
    return n;
}

static size_t row_cost(const struct lcs *l)
{
    return l->words * WORD;
}

/* The padding's zeros may be like bytes of a; as they come last, a bit that they clear is
 * behind all others, and is set again. */
static void set_padding(const struct lcs *l, uint64_t *row)
{
    unsigned used = (unsigned)(l->b_len % WORD);

    if (used)
        row[l->words - 1] |= UINT64_MAX << used;
}

static void make_row(const struct lcs *l, const uint64_t *row, uint64_t *to, size_t number)
{
    next_row(l, row, to, l->a.data[number - 1]);
    set_padding(l, to);
}

static void begin_back(struct lcs *l)
{
    l->length = l->left = count_clear(l);
    l->phase = l->length_only ? DONE : BACK;
    l->i = l->a_len;
    l->j = l->b_len;
    if (!l->length_only)
        l->text = mem_alloc(l->length);
}

/* False: `*cells` are used up. */
static bool forward(struct lcs *l, size_t *cells)
{
    size_t cost = row_cost(l), bytes = l->words * sizeof *l->row;

    while (l->made < l->a_len) {
        if (*cells == 0)
            return false;
        *cells -= *cells < cost ? *cells : cost;
        if (l->marks && bytes && l->made % l->every == 0)
            memcpy(l->marks + l->made / l->every * l->words, l->row, bytes);
        l->made++;
        make_row(l, l->row, l->row, l->made);
    }
    begin_back(l);
    return true;
}

/* Row i is in the block.  False: `*cells` are used up. */
static bool have_row(struct lcs *l, size_t *cells)
{
    size_t from = (l->i - 1) / l->every * l->every;

    if (l->block_made == 0 || from != l->block_from) {
        l->block_from = from;
        l->block_made = 0;
    }
    while (l->block_from + l->block_made < l->i) {
        size_t n = l->block_made, cost = row_cost(l);
        const uint64_t *row = n ? l->block + (n - 1) * l->words
                                : l->marks + from / l->every * l->words;
        if (*cells == 0)
            return false;
        *cells -= *cells < cost ? *cells : cost;
        make_row(l, row, l->block + n * l->words, from + n + 1);
        l->block_made++;
    }
    return true;
}

/* The bytes in front of i and j are the same. */
static void take_byte(struct lcs *l)
{
    struct lcs_match *m;

    l->i--;
    l->j--;
    l->text[--l->left] = l->a.data[l->i];
    if (!l->in_match) {
        if (l->match_count == l->match_room) {
            l->match_room = l->match_room ? l->match_room * 2 : 16;
            l->matches = mem_realloc(l->matches, l->match_room * sizeof *l->matches);
        }
        m = &l->matches[l->match_count++];
        m->a_last = (uint32_t)l->i;
        m->b_last = (uint32_t)l->j;
        l->in_match = true;
    }
    m = &l->matches[l->match_count - 1];
    m->a_first = (uint32_t)l->i;
    m->b_first = (uint32_t)l->j;
}

/* False: `*cells` are used up. */
static bool back(struct lcs *l, size_t *cells)
{
    for (; l->i && l->j; *cells -= *cells < BACK_COST ? *cells : BACK_COST) {
        if (*cells == 0)
            return false;
        if (l->a.data[l->i - 1] == l->b.data[l->j - 1]) {
            take_byte(l);
            continue;
        }
        l->in_match = false;
        if (!have_row(l, cells))
            return false;
        const uint64_t *row = l->block + (l->i - l->block_from - 1) * l->words;
        if (row[(l->j - 1) / WORD] >> (l->j - 1) % WORD & 1)
            l->j--;
        else
            l->i--;
    }
    assert(l->left == 0);
    l->phase = DONE;
    return true;
}

bool lcs_step(struct lcs *l, size_t cells)
{
    if (l->phase == FORWARD && !forward(l, &cells))
        return false;
    return l->phase == DONE || back(l, &cells);
}

size_t lcs_length(const struct lcs *l)
{
    assert(l->phase == DONE);
    return l->length;
}

struct slice lcs_text(const struct lcs *l)
{
    assert(l->phase == DONE && !l->length_only);
    return slice_of(l->text, l->length);
}

const struct lcs_match *lcs_matches(const struct lcs *l, size_t *count)
{
    assert(l->phase == DONE && !l->length_only);
    *count = l->match_count;
    return l->matches;
}
