/* topology.h: who is in the ring and who owns what, as far as this node knows. */
#ifndef HENGE_NODE_TOPOLOGY_H
#define HENGE_NODE_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/members.h"
#include "cluster/ring.h"

struct topology {
    struct members members;
    const struct member *self; /* one of them */
    struct ring *ring;         /* in which every member has tokens */
};

/* A ring of one: `name` is MEMBER_NAME hexadecimal digits. */
void topology_alone(struct topology *t, uint32_t id, const char *name);

void topology_deinit(struct topology *t);

/* The member that is asked first about the arc: its leader, as far as is known. */
uint32_t topology_leader(const struct topology *t, const struct ring_arc *a);

bool topology_check(const struct topology *t);

#endif
