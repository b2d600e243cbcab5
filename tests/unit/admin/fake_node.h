/* fake_node.h: a node and its store that only have numbers, for commands that
 * only read numbers.  It takes the place of src/node and src/lsm in this program. */
#ifndef HENGE_TESTS_FAKE_NODE_H
#define HENGE_TESTS_FAKE_NODE_H

#include "base/limits.h"
#include "node/node.h"

struct lsm {
    enum lsm_state state;
    enum lsm_sync sync;
    const char *detail;
    struct lsm_save save;
    bool full;
    struct lsm_stats stats;
    uint64_t keys[LIMIT_DATABASES];
    uint64_t expiring[LIMIT_DATABASES];
    uint64_t ttl_ms[LIMIT_DATABASES];
    uint64_t end;
    uint64_t acked;
    uint64_t synced;
    uint64_t wanted; /* to be synced */
};

struct node {
    struct lsm lsm;
    struct node_stats stats;
    uint64_t now_us;
    unsigned wanted; /* enum event_class */
    bool still;
    unsigned awaited; /* keys whose expiry is */
    struct watches watches;
};

#endif
