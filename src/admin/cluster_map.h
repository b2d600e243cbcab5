/* cluster_map.h: the ring as Redis Cluster's clients are told it. */
#ifndef HENGE_ADMIN_CLUSTER_MAP_H
#define HENGE_ADMIN_CLUSTER_MAP_H

#include "cmd/call.h"

enum call_end cluster_map_slots(struct call *c);  /* CLUSTER SLOTS */
enum call_end cluster_map_shards(struct call *c); /* CLUSTER SHARDS */
enum call_end cluster_map_nodes(struct call *c);  /* CLUSTER NODES */
enum call_end cluster_map_ring(struct call *c);   /* CLUSTER RING [key] */

#endif
