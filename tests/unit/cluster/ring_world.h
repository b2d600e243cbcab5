/* ring_world.h: members of a ring for tests: drawn from a seed, or written as text. */
#ifndef HENGE_TESTS_UNIT_CLUSTER_RING_WORLD_H
#define HENGE_TESTS_UNIT_CLUSTER_RING_WORLD_H

#include "base/prng.h"
#include "cell/position.h"
#include "cluster/ring.h"

enum { RING_WORLD_MEMBERS = 64, RING_WORLD_TOKENS = 64 };

struct ring_world {
    struct ring_member members[RING_WORLD_MEMBERS];
    size_t count;
    uint16_t tokens[RING_WORLD_MEMBERS][RING_WORLD_TOKENS];
};

/* 1 .. members_max of them with other ids, in any order, of 0 .. tokens_max tokens, some on
 * one slot; zones 0 .. zones_max, where 0 is none. */
void ring_world_draw(struct ring_world *w, struct prng *p, unsigned members_max,
                     unsigned tokens_max, unsigned zones_max);

/* "id/zone: slot slot ...", one member after another, apart by ';'.  Fails the test if that
 * is not what is written. */
void ring_world_parse(struct ring_world *w, const char *text);

/* Fails the test if there is no ring of them; to end with ring_free(). */
struct ring *ring_world_ring(const struct ring_world *w, unsigned copies);

/* "first-last id id id;", for every arc; of the caller, who ends it with free(). */
char *ring_world_arcs(const struct ring *r);

#endif
