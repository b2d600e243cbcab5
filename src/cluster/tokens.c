/* tokens.c: a walk over the bits of slots that have tokens. */
#include "cluster/tokens.h"

#include <assert.h>
#include <string.h>

enum { MASK = POSITION_SLOTS - 1, WORDS = POSITION_SLOTS / 64 };

/* A member has got its first token, or lost its last. */
static void activate(struct tokens *t, unsigned member, bool on)
{
    uint16_t *n = &t->zone_active[t->zone[member]];

    if (on) {
        t->active++;
        ++*n;
        if (*n <= LIMIT_COPIES)
            t->zones_with[*n]++;
    } else {
        t->active--;
        if (*n <= LIMIT_COPIES)
            t->zones_with[*n]--;
        --*n;
    }
}

void tokens_set(struct tokens *t, unsigned slot, unsigned member)
{
    unsigned old = t->at[slot];

    assert(slot < POSITION_SLOTS && (member < t->members || member == TOKENS_NOBODY));
    if (old != TOKENS_NOBODY) {
        t->count--;
        if (--t->held[old] == 0)
            activate(t, old, false);
    }
    t->at[slot] = (uint16_t)member;
    if (member != TOKENS_NOBODY) {
        t->count++;
        if (t->held[member]++ == 0)
            activate(t, member, true);
        t->used[slot / 64] |= UINT64_C(1) << slot % 64;
    } else {
        t->used[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    }
}

/* Members of zone 0 have one each. */
static unsigned zone_of(const struct ring_member *members, size_t i)
{
    size_t first = 0;

    if (members[i].zone == 0)
        return (unsigned)i;
    while (members[first].zone != members[i].zone)
        first++;
    return (unsigned)first;
}

void tokens_init(struct tokens *t, unsigned copies, const struct ring_member *members, size_t count)
{
    assert(copies >= 1 && copies <= LIMIT_COPIES && count <= LIMIT_MEMBERS);
    memset(t, 0, sizeof *t);
    memset(t->at, 0xff, sizeof t->at);
    t->copies = copies;
    t->members = (unsigned)count;
    for (size_t i = 0; i < count; i++)
        t->zone[i] = (uint16_t)zone_of(members, i);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < members[i].token_count; k++) {
            if (t->at[members[i].tokens[k]] == TOKENS_NOBODY)
                tokens_set(t, members[i].tokens[k], (unsigned)i);
        }
    }
}

unsigned tokens_next(const struct tokens *t, unsigned slot)
{
    unsigned word = slot / 64;
    uint64_t bits = t->used[word] & UINT64_MAX << slot % 64;

    assert(t->count > 0);
    while (bits == 0) {
        word = (word + 1) % WORDS;
        bits = t->used[word];
    }
    return word * 64 + (unsigned)__builtin_ctzll(bits);
}

unsigned tokens_before(const struct tokens *t, unsigned slot)
{
    unsigned word = slot / 64;
    uint64_t bits = t->used[word] & ((UINT64_C(1) << slot % 64) - 1);

    assert(t->count > 0);
    while (bits == 0) {
        word = (word + WORDS - 1) % WORDS;
        bits = t->used[word];
    }
    return word * 64 + 63 - (unsigned)__builtin_clzll(bits);
}

/* Whether it is an owner, or one of the round that began at `begin` is in its zone. */
static bool excluded(const struct tokens *t, const struct tokens_owners *o, unsigned begin,
                     unsigned member)
{
    for (unsigned i = begin; i < o->count; i++) {
        if (t->zone[o->owner[i]] == t->zone[member])
            return true;
    }
    for (unsigned i = 0; i < begin; i++) {
        if (o->owner[i] == member)
            return true;
    }
    return false;
}

/* A zone that takes part in a round has one owner of each round before, so it has a
 * member left, and the walk ends within one turn of the ring. */
void tokens_owners(const struct tokens *t, unsigned slot, struct tokens_owners *out)
{
    unsigned want = t->copies < t->active ? t->copies : t->active;

    *out = (struct tokens_owners){ 0 };
    for (unsigned round = 1; out->count < want; round++) {
        unsigned begin = out->count;
        unsigned end = begin + t->zones_with[round];
        unsigned at = slot;
        for (end = end < want ? end : want; out->count < end; at = (at + 1) & MASK) {
            at = tokens_next(t, at);
            unsigned far = (at - slot) & MASK;
            out->reach = far > out->reach ? far : out->reach;
            out->looked++;
            if (!excluded(t, out, begin, t->at[at]))
                out->owner[out->count++] = t->at[at];
        }
    }
}

bool tokens_check(const struct tokens *t)
{
    unsigned held[LIMIT_MEMBERS] = { 0 }, zone_active[LIMIT_MEMBERS] = { 0 };
    unsigned count = 0, active = 0;
    unsigned zones_with[LIMIT_COPIES + 1] = { 0 };

    for (unsigned s = 0; s < POSITION_SLOTS; s++) {
        bool used = t->at[s] != TOKENS_NOBODY;
        if (used != (t->used[s / 64] >> s % 64 & 1) || (used && t->at[s] >= t->members))
            return false;
        if (used && held[t->at[s]]++ == 0) {
            unsigned n = ++zone_active[t->zone[t->at[s]]];
            if (n <= LIMIT_COPIES)
                zones_with[n]++;
            active++;
        }
        count += used;
    }
    for (unsigned i = 0; i < LIMIT_MEMBERS; i++) {
        if (held[i] != t->held[i] || zone_active[i] != t->zone_active[i])
            return false;
    }
    for (unsigned i = 0; i <= LIMIT_COPIES; i++) {
        if (zones_with[i] != t->zones_with[i])
            return false;
    }
    return count == t->count && active == t->active;
}
