/* table_index.c: the section as it lies in the file is what is searched; only the
 * separators, which differ in length, get a list. */
#include "lsm/table_index.h"

#include <assert.h>

#include "base/mem.h"
#include "lsm/position_search.h"
#include "lsm/table_format.h"

enum { PER_BLOCK = 8 + 8 };

struct separator {
    const uint8_t *cell; /* the key of the block's first cell, in `bytes` */
    uint32_t block;
};

struct table_index {
    uint8_t *bytes;
    size_t len;
    const uint8_t *firsts;
    const uint8_t *offsets;
    struct separator *separators; /* by block */
    size_t separator_count;
    uint64_t end; /* of the last block */
    uint32_t blocks;
};

void index_builder_deinit(struct index_builder *b)
{
    buf_deinit(&b->firsts);
    buf_deinit(&b->offsets);
    buf_deinit(&b->separators);
}

static void append_number(struct buf *b, uint64_t number)
{
    wire_put64(buf_reserve(b, 8), number);
    b->len += 8;
}

void index_builder_add(struct index_builder *b, const uint8_t *first, uint64_t offset, bool split)
{
    if (split) {
        struct cell bare = { .stamp = 0 }, c;
        cell_decode(first, &c);
        bare.key = c.key;
        append_number(&b->separators, index_builder_blocks(b));
        cell_encode(&bare, buf_reserve(&b->separators, cell_size(&bare)));
        b->separators.len += cell_size(&bare);
    }
    append_number(&b->firsts, cell_encoded_position(first));
    append_number(&b->offsets, offset);
}

uint32_t index_builder_blocks(const struct index_builder *b)
{
    return (uint32_t)(b->firsts.len / 8);
}

size_t index_builder_size(const struct index_builder *b)
{
    return b->firsts.len + b->offsets.len + b->separators.len;
}

void index_builder_finish(const struct index_builder *b, struct buf *out)
{
    buf_append(out, buf_slice(&b->firsts));
    buf_append(out, buf_slice(&b->offsets));
    buf_append(out, buf_slice(&b->separators));
}

/* Firsts do not fall; blocks follow one another, none is too small or too large. */
static struct err check_blocks(const struct table_index *index)
{
    for (uint32_t i = 0; i < index->blocks; i++) {
        uint64_t from = wire_get64(index->offsets + (size_t)i * 8);
        uint64_t to = i + 1 < index->blocks ? wire_get64(index->offsets + (size_t)(i + 1) * 8)
                                            : index->end;
        if (i == 0 && from != 0)
            return err_make(ERR_CORRUPT, 0, "index begins behind the first block");
        if (to <= from || to - from <= BLOCK_TRAILER_SIZE ||
            to - from > (uint64_t)BLOCK_PAYLOAD_MAX + BLOCK_TRAILER_SIZE)
            return err_make(ERR_CORRUPT, 0, "index has a block of impossible size");
        if (i && table_index_first(index, i) < table_index_first(index, i - 1))
            return err_make(ERR_CORRUPT, 0, "index is not in order");
    }
    return err_ok();
}

/* The separator at `at` of `rest`; *used its bytes. */
static struct err read_separator(const struct table_index *index, struct slice rest,
                                 struct separator *out, size_t *used)
{
    struct cell c;
    size_t size = 0;
    struct err e;

    if (rest.len < 8 || wire_get64(rest.data) == 0 || wire_get64(rest.data) >= index->blocks)
        return err_make(ERR_CORRUPT, 0, "index has a separator of no block");
    out->block = (uint32_t)wire_get64(rest.data);
    out->cell = rest.data + 8;
    e = cell_decode_stored(slice_of(out->cell, rest.len - 8), &c, &size);
    if (err_is(e))
        return e;
    if (c.stamp || c.origin || c.flags || c.type || c.value.len ||
        c.key.position != table_index_first(index, out->block))
        return err_make(ERR_CORRUPT, 0, "index has a separator that is no key of its block");
    *used = 8 + size;
    return err_ok();
}

static int separator_compare(const struct separator *s, const struct cell_key *key)
{
    struct cell c;

    cell_decode(s->cell, &c);
    return cell_key_compare(&c.key, key);
}

/* By block, their keys in order; there is one wherever a search relies on it. */
static struct err check_separators(const struct table_index *index)
{
    size_t at = 0;

    for (uint32_t i = 1; i < index->blocks; i++) {
        bool equal = table_index_first(index, i) == table_index_first(index, i - 1);
        const struct separator *s;
        if (at == index->separator_count || index->separators[at].block != i) {
            if (equal)
                return err_make(ERR_CORRUPT, 0, "index lacks a separator");
            continue;
        }
        s = &index->separators[at];
        if (equal && at && s[-1].block == i - 1) {
            struct cell c;
            cell_decode(s->cell, &c);
            if (separator_compare(s - 1, &c.key) >= 0)
                return err_make(ERR_CORRUPT, 0, "index has separators out of order");
        }
        at++;
    }
    return at == index->separator_count
               ? err_ok()
               : err_make(ERR_CORRUPT, 0, "index has separators out of order");
}

static struct err read_separators(struct table_index *index)
{
    size_t at = (size_t)index->blocks * PER_BLOCK, room = 0;

    while (at < index->len) {
        size_t used = 0;
        struct err e;
        if (index->separator_count == room) {
            room = room ? room * 2 : 8;
            index->separators = mem_realloc(index->separators, room * sizeof *index->separators);
        }
        e = read_separator(index, slice_of(index->bytes + at, index->len - at),
                           &index->separators[index->separator_count], &used);
        if (err_is(e))
            return e;
        index->separator_count++;
        at += used;
    }
    return check_separators(index);
}

struct err table_index_open(struct table_index **out, uint8_t *bytes, size_t len, uint32_t blocks,
                            uint64_t end)
{
    struct table_index *index = mem_zalloc(1, sizeof *index);
    struct err e = err_ok();

    index->bytes = bytes;
    index->len = len;
    index->end = end;
    index->blocks = blocks;
    index->firsts = bytes;
    index->offsets = bytes + (size_t)blocks * 8;
    if (blocks == 0 || len / PER_BLOCK < blocks)
        e = err_make(ERR_CORRUPT, 0, "index is shorter than its blocks need");
    if (!err_is(e))
        e = check_blocks(index);
    if (!err_is(e))
        e = read_separators(index);
    if (err_is(e))
        table_index_free(index);
    else
        *out = index;
    return e;
}

void table_index_free(struct table_index *index)
{
    if (!index)
        return;
    mem_free(index->separators);
    mem_free(index->bytes);
    mem_free(index);
}

size_t table_index_memory(const struct table_index *index)
{
    return sizeof *index + index->len + index->separator_count * sizeof *index->separators;
}

uint64_t table_index_first(const struct table_index *index, uint32_t i)
{
    return position_at(index->firsts, i);
}

/* How many separators are of blocks before `block`. */
static size_t separators_before(const struct table_index *index, uint32_t block)
{
    size_t low = 0, high = index->separator_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->separators[middle].block < block)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_separator(const struct table_index *index, uint32_t block)
{
    size_t at = separators_before(index, block);

    return at < index->separator_count && index->separators[at].block == block;
}

/* Blocks `from`.. begin with the key's position, and end before `to`.  All but
 * perhaps the first of them have a separator. */
static uint32_t locate_among(const struct table_index *index, uint32_t from, uint32_t to,
                             const struct cell_key *key)
{
    uint32_t low = has_separator(index, from) ? 0 : 1, high = to - from;
    size_t base = separators_before(index, from) - low; /* of a separator there may not be */

    /* Blocks before from + low begin at or before the key, those from from + high on do not. */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (separator_compare(&index->separators[base + middle], key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    assert(from + low > 0);
    return from + low - 1;
}

uint32_t table_index_locate(const struct table_index *index, const struct cell_key *key)
{
    size_t from = position_search(index->firsts, index->blocks, key->position), to = from + 1;

    if (from == index->blocks || table_index_first(index, (uint32_t)from) != key->position)
        return from ? (uint32_t)from - 1 : 0;
    if (to < index->blocks && table_index_first(index, (uint32_t)to) == key->position)
        to = key->position == UINT64_MAX
                 ? index->blocks
                 : position_search(index->firsts, index->blocks, key->position + 1);
    return locate_among(index, (uint32_t)from, (uint32_t)to, key);
}

bool table_index_only(const struct table_index *index, uint64_t position, uint32_t *block)
{
    size_t at = position_search(index->firsts, index->blocks, position);
    bool begins = at < index->blocks && table_index_first(index, (uint32_t)at) == position;

    if (begins &&
        (has_separator(index, (uint32_t)at) ||
         (at + 1 < index->blocks && table_index_first(index, (uint32_t)at + 1) == position)))
        return false;
    *block = begins || at == 0 ? (uint32_t)at : (uint32_t)at - 1;
    return true;
}

void table_index_prefetch(const struct table_index *index, uint64_t position)
{
    __builtin_prefetch(index->firsts + position_guess(index->firsts, index->blocks, position) * 8);
}

bool table_index_agrees(const struct table_index *index, uint32_t i, const uint8_t *first,
                        uint64_t last)
{
    uint64_t next;

    if (cell_encoded_position(first) != table_index_first(index, i))
        return false;
    if (has_separator(index, i)) {
        struct cell c;
        cell_decode(first, &c);
        if (separator_compare(&index->separators[separators_before(index, i)], &c.key) != 0)
            return false;
    }
    if (i + 1 == index->blocks)
        return true;
    next = table_index_first(index, i + 1);
    return last < next || (last == next && has_separator(index, i + 1));
}

void table_index_extent(const struct table_index *index, uint32_t i, uint64_t *offset,
                        uint32_t *size)
{
    uint64_t end = i + 1 < index->blocks ? wire_get64(index->offsets + (size_t)(i + 1) * 8)
                                         : index->end;

    assert(i < index->blocks);
    *offset = wire_get64(index->offsets + (size_t)i * 8);
    *size = (uint32_t)(end - *offset);
}
