/* members.h: the nodes of a ring as the configuration lists them.
 *
 *     HOST:PORT@CLUSTER-PORT[/weight=N][/zone=NAME], ...     [ADDRESS]:PORT@... for IPv6
 *
 * HOST is a numeric address, for nothing waits for a name to be resolved.  Every node is
 * given the same list, in any order, and finds the same names and ids in it without asking
 * anybody: both are of the ring's name and the address, so an address that changes is
 * another member. */
#ifndef HENGE_CLUSTER_MEMBERS_H
#define HENGE_CLUSTER_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum {
    MEMBER_NAME = 40,     /* hexadecimal digits, as Redis Cluster's */
    MEMBER_HOST_MAX = 45, /* the longest IPv6 address */
    MEMBER_ZONE_MAX = 32,
};

struct member {
    uint32_t id; /* > 0; the first 32 bits of the name */
    uint32_t weight;
    uint16_t port;      /* of the Redis protocol */
    uint16_t peer_port; /* of the other nodes */
    char name[MEMBER_NAME + 1];
    char host[MEMBER_HOST_MAX + 1];
    char zone[MEMBER_ZONE_MAX + 1]; /* "": one of its own */
};

/* By rising id.  `= {0}` is an empty one. */
struct members {
    struct member *list;
    size_t count;
};

/* Reads a list.  False: `why` has a line for people, and *out is empty.  Refuses more than
 * LIMIT_MEMBERS, an address that is there twice, and two whose ids are equal, which one
 * ring in ten million of 20 members has: another `ring` name or port is the way out. */
bool members_parse(struct members *out, struct slice ring, struct slice text, struct buf *why);

void members_deinit(struct members *m);

/* NULL if there is none. */
const struct member *members_find(const struct members *m, uint32_t id);
const struct member *members_named(const struct members *m, struct slice name);

/* Which of them a node is that listens at these ports, and if that is not one alone, at
 * that address too (NULL: it does not say).  NULL: `why` has a line for people. */
const struct member *members_self(const struct members *m, uint16_t port, uint16_t peer_port,
                                  const char *host, struct buf *why);

/* Of the whole list, the order set apart: nodes with different ones are not of one mind. */
uint64_t members_hash(const struct members *m);

bool members_check(const struct members *m);

#endif
