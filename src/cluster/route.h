/* route.h: which node answers a request, from what is known about nodes at this moment.
 *
 *                      leader in reach                 leader not in reach
 *      write
 *        quorum, 2..   the leader                      wait for the next one, if a majority of
 *        and all                                       the owners is in reach; else NOQUORUM
 *        1             the leader                      the nearest owner, tentative
 *        one           the leader                      ... else the next ring node: a stand-in
 *      read
 *        quorum, 2..   the leader, if it is a          as a write at quorum
 *                      majority or more
 *        2..           so many of the nearest owners, if they are less than a majority
 *        1, one        the nearest owner
 *        all, N        every owner
 *
 * A read at N, the number of owners, asks every owner as `all` does, not the leader: it is to see
 * what was written at 1, and that may be tentative at one owner.
 *
 * An owner that may have forgotten what it acknowledged (recovering) counts as out of reach: for
 * no level, but that a read at `one` asks it where nobody else is.
 *
 * What is decided here is decided before anything is appended: NOQUORUM means not applied. */
#ifndef HENGE_CLUSTER_ROUTE_H
#define HENGE_CLUSTER_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "cell/level.h"

enum {
    ROUTE_OWNERS_MAX = 32,
    ROUTE_BUSY = 900, /* a node with this load is asked after those that have less */
};

struct route_node {
    uint32_t id;
    uint32_t rtt_us; /* round-trip average; of no meaning for oneself */
    uint16_t load;   /* 0..1000, as it reported */
    bool self;
    bool reachable;  /* its link answers (oneself: true) */
    bool recovering; /* this arc */
    bool accepts;    /* tentative requests: its clock can be trusted, it has room for them */
    bool same_zone;
};

struct route_facts {
    const struct route_node *owners; /* in order of preference */
    unsigned owner_count;            /* 1..ROUTE_OWNERS_MAX */
    const struct route_node *others; /* ring nodes behind them, in the ring's order */
    unsigned other_count;
    const struct route_node *leader; /* as far as known, may lead although it is no owner any
                                        more; NULL: nobody */
    struct level level;
    bool write;
    bool tentative; /* of writes: it can be (not FLUSH, SWAPDB, MULTI, a script) */
    bool blind;     /* of writes: it reads nothing, so a stand-in can take it */
};

enum route_kind {
    ROUTE_LEADER,    /* `node` leads: run it there */
    ROUTE_VIEW,      /* `node` answers from what it has */
    ROUTE_ASK,       /* the owners in `asked` answer, merged */
    ROUTE_TENTATIVE, /* `node`, an owner, takes it as tentative */
    ROUTE_STAND_IN,  /* `node`, no owner, takes it as tentative */
    ROUTE_WAIT,      /* there will be a leader: decide again then, or answer NOQUORUM in the end */
    ROUTE_NOQUORUM,  /* not applied; level_print_noquorum() says the three numbers below */
};

struct route {
    enum route_kind kind;
    const struct route_node *node; /* of the facts; NULL if there is none */
    uint32_t asked;                /* bit i: owners[i] */
    unsigned need;                 /* owners */
    unsigned reachable;            /* ... that count */
};

struct route route_decide(const struct route_facts *f);

#endif
