/* allocate.c: rings out of searches. */
#include "cluster/allocate.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/search.h"

/* Ends the search with a ring of the tokens found, without the member `id` if there is
 * one. */
static struct err search_ring(struct search *s, struct ring **out, uint64_t epoch, uint32_t id)
{
    const struct tokens *t = &s->board->tokens;
    uint16_t *slots = mem_alloc((t->count + 1) * sizeof *slots);
    size_t filled = 0, count = 0;
    struct err e;

    for (unsigned m = 0; m < s->count; m++) {
        struct ring_member *to = &s->members[count];
        if (s->members[m].id == id)
            continue;
        *to = s->members[m];
        to->tokens = slots + filled;
        to->token_count = t->held[m];
        for (unsigned i = 0; t->held[m] > 0 && i < POSITION_SLOTS; i++) {
            if (t->at[i] == m)
                slots[filled++] = (uint16_t)i;
        }
        count++;
    }
    e = ring_new(out, epoch, t->copies, s->members, count);
    assert(!err_is(e));
    mem_free(slots);
    search_free(s);
    return e;
}

/* The ring of the member of the lowest id alone, with the others for members. */
static struct err found(struct ring **out, unsigned copies, unsigned tokens,
                        const struct ring_member *members, size_t count)
{
    struct ring_member *copy = mem_alloc(count * sizeof *copy);
    uint16_t slots[ALLOCATE_TOKENS_MAX];
    size_t first = 0;
    struct err e;

    for (size_t i = 0; i < count; i++) {
        copy[i] = members[i];
        copy[i].token_count = 0;
        first = copy[i].id < copy[first].id ? i : first;
    }
    if (count > 0) {
        size_t n = (size_t)tokens * copy[first].weight;
        n = n < ALLOCATE_TOKENS_MAX ? n : ALLOCATE_TOKENS_MAX;
        for (size_t i = 0; i < n; i++)
            slots[i] = (uint16_t)((i + 1) * POSITION_SLOTS / n - 1);
        copy[first].tokens = slots;
        copy[first].token_count = n;
    }
    e = ring_new(out, 0, copies, copy, count);
    mem_free(copy);
    return e;
}

struct err allocate_ring(struct ring **out, uint64_t epoch, unsigned copies, unsigned tokens,
                         const struct ring_member *members, size_t count)
{
    struct search *s;
    struct ring *r;
    struct err e;

    if (count > LIMIT_MEMBERS || tokens < 1 || tokens > ALLOCATE_TOKENS_MAX)
        return err_make(ERR_LIMIT, 0, "allocating a ring");
    e = found(&r, copies, tokens, members, count);
    if (err_is(e))
        return e;
    s = search_new(r, tokens);
    ring_free(r);
    for (unsigned i = 1; i < s->count; i++) {
        bool joined = search_join(s, i);
        assert(joined); /* members have had tokens of this search only, so slots are left */
    }
    return search_ring(s, out, epoch, 0);
}

/* The same members with the same tokens, and one without any, whose place is *at. */
static struct err admit(struct ring **out, const struct ring *r, const struct ring_member *joiner,
                        unsigned *at)
{
    size_t count = ring_member_count(r), n = 0;
    struct ring_member *members = mem_alloc((count + 1) * sizeof *members);
    struct err e;

    *at = 0;
    for (size_t i = 0; i < count; i++) {
        const struct ring_member *m = ring_member(r, i);
        *at += m->id < joiner->id;
        if (m->id != joiner->id || m->token_count > 0)
            members[n++] = *m;
    }
    members[n] = *joiner;
    members[n++].token_count = 0;
    e = ring_new(out, ring_epoch(r), ring_copies(r), members, n);
    mem_free(members);
    return e;
}

struct err allocate_join(struct ring **out, const struct ring *r, unsigned tokens,
                         const struct ring_member *joiner)
{
    const struct ring_member *there = ring_find(r, joiner->id);
    struct search *s;
    struct ring *before;
    struct err e;
    unsigned at;

    if (tokens < 1 || tokens > ALLOCATE_TOKENS_MAX)
        return err_make(ERR_LIMIT, 0, "joining a ring");
    if (there && there->token_count > 0)
        return err_make(ERR_EXISTS, 0, "joining a ring");
    e = admit(&before, r, joiner, &at);
    if (err_is(e))
        return e;
    s = search_new(before, tokens);
    ring_free(before);
    if (!search_join(s, at)) {
        search_free(s);
        return err_make(ERR_LIMIT, 0, "finding a slot for a token");
    }
    return search_ring(s, out, ring_epoch(r) + 1, 0);
}

struct err allocate_leave(struct ring **out, const struct ring *r, uint32_t id)
{
    const struct ring_member *m = ring_find(r, id);
    struct search *s;
    bool others = false;

    if (!m)
        return err_make(ERR_NOT_FOUND, 0, "leaving a ring");
    for (size_t i = 0; i < ring_member_count(r); i++)
        others |= ring_member(r, i)->id != id && ring_member(r, i)->token_count > 0;
    if (!others)
        return err_make(ERR_INVALID, 0, "the last member leaves a ring");
    s = search_new(r, ALLOCATE_TOKENS);
    for (unsigned i = 0; i < s->count; i++) {
        if (s->members[i].id == id && s->board->tokens.held[i] > 0)
            search_leave(s, r, i);
    }
    return search_ring(s, out, ring_epoch(r) + 1, id);
}

void allocate_shares(const struct ring *r, struct share *out)
{
    struct search *s = search_new(r, ALLOCATE_TOKENS);

    search_reckon(s);
    memcpy(out, s->board->share, s->count * sizeof *out);
    search_free(s);
}
