/* run.c: a full block is split in halves; an empty one is taken out. */
#include "lsm/run.h"

#include <assert.h>
#include <string.h>

struct cell_key run_key_of(const uint8_t *cell)
{
    size_t key_len = wire_get16(cell + 24);

    return (struct cell_key){
        .position = cell_encoded_position(cell),
        .key = slice_of(cell + CELL_FIXED_SIZE, key_len),
        .subkey = slice_of(cell + CELL_FIXED_SIZE + key_len, wire_get16(cell + 26)),
        .db = cell[28],
        .kind = cell[29],
    };
}

struct run *run_new(struct chunks *c, uint64_t position)
{
    struct run *r = chunks_take(c, sizeof *r);

    *r = (struct run){ .position = position };
    return r;
}

void run_free(struct run *r, struct chunks *c)
{
    for (size_t i = 0; i < r->blocks; i++)
        chunks_give(c, r->block[i], sizeof *r->block[i]);
    if (r->room)
        chunks_give(c, r->block, r->room * sizeof(struct run_block *));
    chunks_give(c, r, sizeof *r);
}

static int compare(const uint8_t *cell, const struct cell_key *key)
{
    struct cell_key k = run_key_of(cell);
    return cell_key_compare(&k, key);
}

struct run_place run_search(const struct run *r, const struct cell_key *key)
{
    struct run_place place = { 0, 0, false };
    const struct run_block *b;
    size_t low = 0, high = r->blocks;

    while (low < high) { /* the first block whose last cell is not below the key */
        size_t mid = low + (high - low) / 2;
        if (compare(r->block[mid]->cells[r->block[mid]->count - 1], key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    place.block = low;
    if (low == r->blocks)
        return place;
    b = r->block[low];
    low = 0;
    high = b->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = compare(b->cells[mid], key);
        if (order == 0)
            place.found = true;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    place.at = low;
    return place;
}

static void insert_block(struct run *r, struct chunks *c, size_t at)
{
    if (r->blocks == r->room) {
        size_t room = r->room ? r->room * 2 : 4;
        struct run_block **more = chunks_take(c, room * sizeof(struct run_block *));
        if (r->room) {
            memcpy(more, r->block, r->blocks * sizeof(struct run_block *));
            chunks_give(c, r->block, r->room * sizeof(struct run_block *));
        }
        r->block = more;
        r->room = room;
    }
    memmove(r->block + at + 1, r->block + at, (r->blocks - at) * sizeof(struct run_block *));
    r->block[at] = chunks_take(c, sizeof(struct run_block));
    r->block[at]->count = 0;
    r->blocks++;
}

void run_insert(struct run *r, struct chunks *c, struct run_place place, const uint8_t *cell)
{
    struct run_block *b;

    assert(!place.found);
    if (place.block == r->blocks) { /* past the end: into the last block */
        if (r->blocks == 0)
            insert_block(r, c, 0);
        place.block = r->blocks - 1;
        place.at = r->block[place.block]->count;
    }
    b = r->block[place.block];
    if (b->count == RUN_BLOCK) {
        /* Cells come mostly in order: a block filled at its end stays full. */
        size_t keep = place.at == RUN_BLOCK ? RUN_BLOCK : RUN_BLOCK / 2;
        struct run_block *next;
        insert_block(r, c, place.block + 1);
        next = r->block[place.block + 1];
        next->count = RUN_BLOCK - keep;
        memcpy(next->cells, b->cells + keep, next->count * sizeof b->cells[0]);
        b->count = keep;
        if (place.at >= keep) {
            place.at -= keep;
            b = next;
        }
    }
    memmove(b->cells + place.at + 1, b->cells + place.at,
            (b->count - place.at) * sizeof b->cells[0]);
    b->cells[place.at] = cell;
    b->count++;
    r->count++;
}

void run_remove(struct run *r, struct chunks *c, struct run_place place)
{
    struct run_block *b = r->block[place.block];

    assert(place.found);
    b->count--;
    memmove(b->cells + place.at, b->cells + place.at + 1,
            (b->count - place.at) * sizeof b->cells[0]);
    if (b->count == 0) {
        chunks_give(c, b, sizeof *b);
        r->blocks--;
        memmove(r->block + place.block, r->block + place.block + 1,
                (r->blocks - place.block) * sizeof(struct run_block *));
    }
    r->count--;
}
