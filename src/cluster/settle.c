/* settle.c: the last settled stamp per slot and origin: one sorted array. */
#include "cluster/settle.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/wire.h"
#include "cell/position.h"

struct entry {
    uint64_t stamp;
    uint32_t origin;
    uint16_t slot;
};

struct settle {
    struct entry *entries;
    size_t count;
    size_t room;
    uint64_t floor;
};

struct settle *settle_new(void)
{
    return mem_zalloc(1, sizeof(struct settle));
}

/* From entry `first` on. */
static struct settle *copy_of(const struct settle *s, size_t first)
{
    struct settle *copy = settle_new();

    copy->floor = s->floor;
    copy->count = copy->room = s->count - first;
    if (copy->count) {
        copy->entries = mem_alloc(copy->count * sizeof *copy->entries);
        memcpy(copy->entries, s->entries + first, copy->count * sizeof *copy->entries);
    }
    return copy;
}

struct settle *settle_copy(const struct settle *s)
{
    return copy_of(s, 0);
}

void settle_free(struct settle *s)
{
    if (!s)
        return;
    mem_free(s->entries);
    mem_free(s);
}

static uint64_t order_of(uint16_t slot, uint32_t origin)
{
    return (uint64_t)slot << 32 | origin;
}

/* The first entry at or behind it. */
static size_t place_of(const struct settle *s, uint16_t slot, uint32_t origin)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct entry *e = &s->entries[middle];

        if (order_of(e->slot, e->origin) < order_of(slot, origin))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* NULL: there is none. */
static struct entry *entry_of(const struct settle *s, uint16_t slot, uint32_t origin)
{
    size_t i = place_of(s, slot, origin);

    if (i == s->count || s->entries[i].slot != slot || s->entries[i].origin != origin)
        return NULL;
    return &s->entries[i];
}

uint64_t settle_reached(const struct settle *s, uint16_t slot, uint32_t origin)
{
    const struct entry *e = entry_of(s, slot, origin);

    if (e)
        return e->stamp;
    return s->floor ? s->floor - 1 : 0;
}

uint64_t settle_previous(const struct settle *s, uint16_t slot, uint32_t origin)
{
    const struct entry *e = entry_of(s, slot, origin);

    return e ? e->stamp : 0;
}

enum settle_turn settle_turn(const struct settle *s, const struct settle_request *r)
{
    uint64_t reached = settle_reached(s, r->slot, r->version.origin);

    if (r->version.stamp <= reached)
        return SETTLE_DONE;
    if (r->previous > reached)
        return SETTLE_LATER;
    if (s->count >= SETTLE_ENTRIES_MAX && !entry_of(s, r->slot, r->version.origin))
        return SETTLE_FULL;
    return SETTLE_NOW;
}

void settle_move(struct settle *s, uint16_t slot, struct cell_version v)
{
    size_t i = place_of(s, slot, v.origin);
    struct entry *e = entry_of(s, slot, v.origin);

    assert(slot < POSITION_SLOTS && v.stamp);
    if (v.stamp < s->floor || (e && v.stamp <= e->stamp))
        return;
    if (e) {
        e->stamp = v.stamp;
        return;
    }
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 4;
        s->entries = mem_realloc(s->entries, s->room * sizeof *s->entries);
    }
    memmove(&s->entries[i + 1], &s->entries[i], (s->count - i) * sizeof *s->entries);
    s->entries[i] = (struct entry){ .stamp = v.stamp, .origin = v.origin, .slot = slot };
    s->count++;
}

void settle_raise_floor(struct settle *s, uint64_t floor)
{
    size_t kept = 0;

    if (floor <= s->floor)
        return;
    s->floor = floor;
    for (size_t i = 0; i < s->count; i++) {
        if (s->entries[i].stamp >= floor)
            s->entries[kept++] = s->entries[i];
    }
    s->count = kept;
    if (kept == 0) {
        mem_free(s->entries);
        s->entries = NULL;
        s->room = 0;
    }
}

struct settle *settle_split(struct settle *s, uint16_t slot)
{
    size_t first = place_of(s, slot, 0);
    struct settle *upper = copy_of(s, first);

    assert(slot < POSITION_SLOTS);
    s->count = first;
    return upper;
}

size_t settle_entries(const struct settle *s)
{
    return s->count;
}

void settle_encode(const struct settle *s, struct buf *to)
{
    size_t size = SETTLE_HEAD_SIZE + s->count * SETTLE_ENTRY_SIZE;
    uint8_t *p = buf_reserve(to, size);

    assert(settle_check(s));
    wire_put32(p, SETTLE_FORMAT_VERSION);
    wire_put32(p + 4, (uint32_t)s->count);
    wire_put64(p + 8, s->floor);
    p += SETTLE_HEAD_SIZE;
    for (size_t i = 0; i < s->count; i++, p += SETTLE_ENTRY_SIZE) {
        wire_put64(p, s->entries[i].stamp);
        wire_put32(p + 8, s->entries[i].origin);
        wire_put16(p + 12, s->entries[i].slot);
        wire_put16(p + 14, 0);
    }
    to->len += size;
}

/* Their number is known to be right. */
static struct err read_entries(const uint8_t *p, struct settle *s)
{
    for (size_t i = 0; i < s->count; i++, p += SETTLE_ENTRY_SIZE) {
        s->entries[i] = (struct entry){ .stamp = wire_get64(p),
                                        .origin = wire_get32(p + 8),
                                        .slot = wire_get16(p + 12) };
        if (wire_get16(p + 14))
            return err_make(ERR_CORRUPT, 0, "settled stamp has something behind it");
    }
    if (!settle_check(s))
        return err_make(ERR_CORRUPT, 0, "settled stamps have no order, slot or stamp");
    return err_ok();
}

struct err settle_decode(struct slice bytes, struct settle **out)
{
    struct settle *s;
    struct err e;
    size_t count;

    if (bytes.len < SETTLE_HEAD_SIZE)
        return err_make(ERR_CORRUPT, 0, "settled stamps end within their head");
    if (wire_get32(bytes.data) != SETTLE_FORMAT_VERSION)
        return err_make(ERR_INVALID, 0, "settled stamps are of another version");
    count = wire_get32(bytes.data + 4);
    if (bytes.len - SETTLE_HEAD_SIZE != count * SETTLE_ENTRY_SIZE)
        return err_make(ERR_CORRUPT, 0, "settled stamps have another length than their head says");
    s = settle_new();
    s->floor = wire_get64(bytes.data + 8);
    s->count = s->room = count;
    if (count)
        s->entries = mem_zalloc(count, sizeof *s->entries);
    e = read_entries(bytes.data + SETTLE_HEAD_SIZE, s);
    if (err_is(e))
        settle_free(s);
    else
        *out = s;
    return e;
}

bool settle_check(const struct settle *s)
{
    uint64_t before = 0;

    if (s->count > s->room)
        return false;
    for (size_t i = 0; i < s->count; i++) {
        const struct entry *e = &s->entries[i];
        uint64_t order = order_of(e->slot, e->origin);

        if (e->stamp == 0 || e->stamp < s->floor || e->slot >= POSITION_SLOTS)
            return false;
        if (i > 0 && order <= before)
            return false;
        before = order;
    }
    return true;
}
