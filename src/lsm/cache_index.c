/* cache_index.c: linear probing. */
#include "lsm/cache_index.h"

#include <assert.h>

#include "base/mem.h"

enum { ROOM_MIN = 16 };

static size_t room_for(size_t items)
{
    size_t room = ROOM_MIN;

    while (items * 8 > room * 5)
        room *= 2;
    return room;
}

static void put(struct cache_index *x, uint64_t hash, void *item)
{
    size_t at = (size_t)hash & (x->room - 1);

    while (x->slots[at].item)
        at = (at + 1) & (x->room - 1);
    x->slots[at] = (struct cache_slot){ hash, item };
}

static void resize(struct cache_index *x, size_t room)
{
    struct cache_slot *old = x->slots;
    size_t old_room = x->room;

    x->slots = mem_zalloc(room, sizeof *x->slots);
    x->room = room;
    for (size_t i = 0; i < old_room; i++) {
        if (old[i].item)
            put(x, old[i].hash, old[i].item);
    }
    mem_free(old);
}

void cache_index_init(struct cache_index *x, size_t expected)
{
    *x = (struct cache_index){ .room = 0 };
    resize(x, room_for(expected));
}

void cache_index_deinit(struct cache_index *x)
{
    mem_free(x->slots);
    *x = (struct cache_index){ .room = 0 };
}

void cache_index_reserve(struct cache_index *x, size_t expected)
{
    if (room_for(expected) > x->room)
        resize(x, room_for(expected));
}

void cache_index_add(struct cache_index *x, uint64_t hash, void *item)
{
    cache_index_reserve(x, x->count + 1);
    put(x, hash, item);
    x->count++;
}

void cache_index_remove(struct cache_index *x, uint64_t hash, const void *item)
{
    size_t mask = x->room - 1, hole = (size_t)hash & mask;

    while (x->slots[hole].item != item) {
        assert(x->slots[hole].item);
        hole = (hole + 1) & mask;
    }
    /* Whatever follows moves into the hole unless its home lies behind the hole. */
    for (size_t at = (hole + 1) & mask; x->slots[at].item; at = (at + 1) & mask) {
        size_t home = (size_t)x->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask))
            continue;
        x->slots[hole] = x->slots[at];
        hole = at;
    }
    x->slots[hole] = (struct cache_slot){ 0, NULL };
    x->count--;
}
