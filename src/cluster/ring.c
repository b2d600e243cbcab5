/* ring.c: the walks of all slots, made once. */
#include "cluster/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/tokens.h"

struct ring {
    uint16_t arc_of[POSITION_SLOTS]; /* the hot path: this, then arcs */
    struct ring_arc *arcs;
    size_t arc_count;
    uint64_t epoch;
    struct ring_member *members;
    struct ring_load *loads; /* of each member */
    uint16_t *slots;         /* what members' `tokens` point into */
    size_t member_count;
    struct tokens tokens;
};

/* --- input */

static int by_id(const void *a, const void *b)
{
    uint32_t x = ((const struct ring_member *)a)->id, y = ((const struct ring_member *)b)->id;

    return x < y ? -1 : x > y;
}

static struct err check_member(const struct ring_member *m)
{
    if (m->id == 0 || m->weight < 1 || m->weight > LIMIT_WEIGHT)
        return err_make(ERR_INVALID, 0, "reading a member of the ring");
    for (size_t i = 0; i < m->token_count; i++) {
        if (m->tokens[i] >= POSITION_SLOTS)
            return err_make(ERR_INVALID, 0, "reading a token of the ring");
    }
    return err_ok();
}

/* Sorted by id. */
static struct err check_members(const struct ring_member *members, size_t count)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        struct err e = check_member(&members[i]);
        if (err_is(e))
            return e;
        if (i > 0 && members[i - 1].id == members[i].id)
            return err_make(ERR_INVALID, 0, "a member is there twice");
        any |= members[i].token_count > 0;
    }
    return any ? err_ok() : err_make(ERR_INVALID, 0, "a ring without tokens");
}

/* --- building */

/* Lets members list the tokens that count, and forget the caller's. */
static void list_tokens(struct ring *r)
{
    size_t filled[LIMIT_MEMBERS] = { 0 };
    size_t first = 0;

    r->slots = mem_alloc(r->tokens.count * sizeof *r->slots);
    for (size_t i = 0; i < r->member_count; i++) {
        r->members[i].tokens = r->slots + first;
        r->members[i].token_count = r->tokens.held[i];
        filled[i] = first;
        first += r->tokens.held[i];
    }
    for (unsigned s = 0; s < POSITION_SLOTS; s++) {
        if (r->tokens.at[s] != TOKENS_NOBODY)
            r->slots[filled[r->tokens.at[s]]++] = (uint16_t)s;
    }
}

static void add_load(struct ring *r, const struct tokens_owners *o, unsigned slots)
{
    for (unsigned i = 0; i < o->count; i++) {
        r->loads[o->owner[i]].owned += slots;
        r->loads[o->owner[i]].led += i == 0 ? slots : 0;
    }
}

/* Slots `first` .. `last` have these owners: an arc, or more of the last one. */
static void add_run(struct ring *r, const struct tokens_owners *o, unsigned first, unsigned last)
{
    struct ring_arc a = { .first = (uint16_t)first,
                          .last = (uint16_t)last,
                          .owner_count = o->count };
    struct ring_arc *before = r->arc_count ? &r->arcs[r->arc_count - 1] : NULL;

    assert(r->arcs && r->arc_count <= r->tokens.count);
    add_load(r, o, last - first + 1);
    for (unsigned i = 0; i < o->count; i++)
        a.owners[i] = r->members[o->owner[i]].id;
    if (before && memcmp(before->owners, a.owners, sizeof a.owners) == 0)
        before->last = a.last;
    else
        r->arcs[r->arc_count++] = a;
    for (unsigned s = first; s <= last; s++)
        r->arc_of[s] = (uint16_t)(r->arc_count - 1);
}

static void make_arcs(struct ring *r)
{
    struct tokens_owners o;
    unsigned first = 0;

    r->arcs = mem_alloc((r->tokens.count + 1) * sizeof *r->arcs);
    r->loads = mem_zalloc(r->member_count, sizeof *r->loads);
    while (first < POSITION_SLOTS) {
        unsigned last = tokens_next(&r->tokens, first);
        if (last < first) /* behind the last token, whose slots are the first one's */
            last = POSITION_SLOTS - 1;
        tokens_owners(&r->tokens, first, &o);
        add_run(r, &o, first, last);
        first = last + 1;
    }
    r->arcs = mem_realloc(r->arcs, r->arc_count * sizeof *r->arcs);
}

struct err ring_new(struct ring **out, uint64_t epoch, unsigned copies,
                    const struct ring_member *members, size_t count)
{
    struct ring *r;
    struct err e;

    if (count > LIMIT_MEMBERS || copies < 1 || copies > LIMIT_COPIES)
        return err_make(ERR_LIMIT, 0, "building a ring");
    r = mem_zalloc(1, sizeof *r);
    r->epoch = epoch;
    r->member_count = count;
    r->members = mem_alloc(count * sizeof *members);
    if (count > 0) {
        memcpy(r->members, members, count * sizeof *members);
        qsort(r->members, count, sizeof *members, by_id);
    }
    e = check_members(r->members, count);
    if (err_is(e)) {
        ring_free(r);
        return e;
    }
    tokens_init(&r->tokens, copies, r->members, count);
    list_tokens(r);
    make_arcs(r);
    *out = r;
    return err_ok();
}

void ring_free(struct ring *r)
{
    if (!r)
        return;
    mem_free(r->arcs);
    mem_free(r->loads);
    mem_free(r->slots);
    mem_free(r->members);
    mem_free(r);
}

/* --- questions */

uint64_t ring_epoch(const struct ring *r)
{
    return r->epoch;
}

unsigned ring_copies(const struct ring *r)
{
    return r->tokens.copies;
}

size_t ring_member_count(const struct ring *r)
{
    return r->member_count;
}

const struct ring_member *ring_member(const struct ring *r, size_t i)
{
    assert(i < r->member_count);
    return &r->members[i];
}

const struct ring_member *ring_find(const struct ring *r, uint32_t id)
{
    struct ring_member key = { .id = id };

    return bsearch(&key, r->members, r->member_count, sizeof key, by_id);
}

size_t ring_arc_count(const struct ring *r)
{
    return r->arc_count;
}

const struct ring_arc *ring_arc(const struct ring *r, size_t arc)
{
    assert(arc < r->arc_count);
    return &r->arcs[arc];
}

size_t ring_arc_of(const struct ring *r, unsigned slot)
{
    assert(slot < POSITION_SLOTS);
    return r->arc_of[slot];
}

bool ring_arc_has(const struct ring_arc *a, uint32_t id)
{
    for (unsigned i = 0; i < a->owner_count; i++) {
        if (a->owners[i] == id)
            return true;
    }
    return false;
}

size_t ring_next_arc(const struct ring *r, uint32_t id, size_t from)
{
    while (from < r->arc_count && !ring_arc_has(&r->arcs[from], id))
        from++;
    return from;
}

struct ring_load ring_load(const struct ring *r, uint32_t id)
{
    const struct ring_member *m = ring_find(r, id);

    return m ? r->loads[m - r->members] : (struct ring_load){ 0, 0 };
}

size_t ring_neighbours(const struct ring *r, uint32_t id, uint32_t *out, size_t max)
{
    bool near[LIMIT_MEMBERS] = { false };
    size_t n = 0;

    for (size_t a = ring_next_arc(r, id, 0); a < r->arc_count; a = ring_next_arc(r, id, a + 1)) {
        for (unsigned i = 0; i < r->arcs[a].owner_count; i++)
            near[ring_find(r, r->arcs[a].owners[i]) - r->members] = true;
    }
    for (size_t i = 0; i < r->member_count; i++) {
        if (!near[i] || r->members[i].id == id)
            continue;
        if (n < max)
            out[n] = r->members[i].id;
        n++;
    }
    return n;
}

size_t ring_stand_ins(const struct ring *r, unsigned slot, uint32_t *out, size_t max)
{
    const struct ring_arc *a = ring_arc(r, ring_arc_of(r, slot));
    const struct tokens *t = &r->tokens;
    bool seen[LIMIT_MEMBERS] = { false };
    size_t n = 0, others = t->active - a->owner_count;

    max = max < others ? max : others;
    while (n < max) {
        slot = tokens_next(t, slot);
        unsigned m = t->at[slot];
        if (!seen[m] && !ring_arc_has(a, r->members[m].id))
            out[n++] = r->members[m].id;
        seen[m] = true;
        slot = (slot + 1) % POSITION_SLOTS;
    }
    return n;
}

uint32_t ring_moved(const struct ring *from, const struct ring *to)
{
    uint32_t moved = 0;

    for (unsigned s = 0; s < POSITION_SLOTS; s++) {
        const struct ring_arc *a = &from->arcs[from->arc_of[s]];
        const struct ring_arc *b = &to->arcs[to->arc_of[s]];
        for (unsigned i = 0; i < b->owner_count; i++)
            moved += !ring_arc_has(a, b->owners[i]);
    }
    return moved;
}

/* --- check */

/* The arc holds for all its slots, and the one before it has other owners. */
static bool arc_check(const struct ring *r, size_t i, struct ring_load *loads)
{
    const struct ring_arc *a = &r->arcs[i];
    unsigned begin = i == 0 ? 0 : r->arcs[i - 1].last + 1U;
    struct tokens_owners o;

    if (a->first != begin || a->last < a->first || a->last >= POSITION_SLOTS)
        return false;
    if (i > 0 && memcmp(a->owners, r->arcs[i - 1].owners, sizeof a->owners) == 0)
        return false;
    for (unsigned s = a->first; s <= a->last; s++) {
        tokens_owners(&r->tokens, s, &o);
        if (r->arc_of[s] != i || o.count != a->owner_count)
            return false;
        for (unsigned k = 0; k < o.count; k++) {
            if (r->members[o.owner[k]].id != a->owners[k])
                return false;
            loads[o.owner[k]].owned++;
            loads[o.owner[k]].led += k == 0;
        }
    }
    return true;
}

bool ring_check(const struct ring *r)
{
    struct ring_load loads[LIMIT_MEMBERS] = { { 0, 0 } };

    if (!tokens_check(&r->tokens) || r->arc_count == 0)
        return false;
    for (size_t i = 0; i < r->arc_count; i++) {
        if (!arc_check(r, i, loads))
            return false;
    }
    if (r->arcs[r->arc_count - 1].last != POSITION_SLOTS - 1)
        return false;
    return memcmp(loads, r->loads, r->member_count * sizeof *loads) == 0;
}
