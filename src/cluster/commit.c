/* commit.c: counting over one set of owners or two. */
#include "cluster/commit.h"

#include <assert.h>
#include <stddef.h>

#include "base/planted.h"

static uint64_t value_of(const struct commit_value *values, unsigned count, uint32_t node)
{
    for (unsigned i = 0; i < count; i++) {
        if (values[i].node == node)
            return values[i].value;
    }
    return 0;
}

/* The `nth` largest value of a set, from 1. */
static uint64_t nth_of(const uint32_t *set, unsigned size, const struct commit_value *values,
                       unsigned count, unsigned nth)
{
    uint64_t sorted[ARC_OWNERS_MAX];
    assert(size >= nth && size <= ARC_OWNERS_MAX && nth > 0);
    for (unsigned i = 0; i < size; i++) {
        uint64_t value = value_of(values, count, set[i]);
        unsigned at = i;
        for (; at > 0 && sorted[at - 1] < value; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = value;
    }
    return sorted[nth - 1];
}

static unsigned counted_of(const uint32_t *set, unsigned size, const struct commit_value *values,
                           unsigned count, uint64_t least, uint32_t but)
{
    unsigned n = 0;
    for (unsigned i = 0; i < size; i++)
        n += set[i] != but && value_of(values, count, set[i]) >= least;
    return n;
}

static bool in_set(const uint32_t *set, unsigned size, uint32_t node)
{
    for (unsigned i = 0; i < size; i++) {
        if (set[i] == node)
            return true;
    }
    return false;
}

uint64_t commit_reached(const struct arc_owners *o, const struct commit_value *values,
                        unsigned count)
{
    uint64_t reached = nth_of(o->node, o->count, values, count, commit_majority(o->count));
    if (o->next_count && !PLANTED(commit_by_half)) {
        uint64_t next =
            nth_of(o->next, o->next_count, values, count, commit_majority(o->next_count));
        reached = next < reached ? next : reached;
    }
    return reached;
}

uint64_t commit_reached_by_all(const struct arc_owners *o, const struct commit_value *values,
                               unsigned count)
{
    uint64_t reached = nth_of(o->node, o->count, values, count, o->count);
    if (o->next_count) {
        uint64_t next = nth_of(o->next, o->next_count, values, count, o->next_count);
        reached = next < reached ? next : reached;
    }
    return reached;
}

unsigned commit_counted(const struct arc_owners *o, const struct commit_value *values,
                        unsigned count, uint64_t least)
{
    unsigned n = counted_of(o->node, o->count, values, count, least, 0);
    if (o->next_count) {
        unsigned next = counted_of(o->next, o->next_count, values, count, least, 0);
        n = next < n ? next : n;
    }
    return n;
}

static bool majority_of_others(const uint32_t *set, unsigned size, uint32_t self,
                               const struct commit_value *values, unsigned count, uint64_t least)
{
    unsigned others = size - in_set(set, size, self);
    return counted_of(set, size, values, count, least, self) > others / 2;
}

bool commit_majority_of_others(const struct arc_owners *o, uint32_t self,
                               const struct commit_value *values, unsigned count, uint64_t least)
{
    return majority_of_others(o->node, o->count, self, values, count, least) &&
           (!o->next_count ||
            majority_of_others(o->next, o->next_count, self, values, count, least));
}

bool commit_owns(const struct arc_owners *o, uint32_t node)
{
    return in_set(o->node, o->count, node) || in_set(o->next, o->next_count, node);
}

static bool set_check(const uint32_t *set, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        if (set[i] == 0 || in_set(set, i, set[i]))
            return false;
    }
    return true;
}

bool commit_owners_check(const struct arc_owners *o)
{
    return o->count >= 1 && o->count <= ARC_OWNERS_MAX && o->next_count <= ARC_OWNERS_MAX &&
           set_check(o->node, o->count) && set_check(o->next, o->next_count);
}
