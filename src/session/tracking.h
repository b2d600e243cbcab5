/* tracking.h: clients that keep what they read, and are told when it changes.
 *
 *     keys      key -> ids of the clients that read it since it last changed
 *     prefixes  what clients in broadcast mode want to hear of, read or not
 *
 * A key that changed is told to its clients once and forgotten.  The table is bounded: the
 * key that has been in it for longest makes way, which its clients are told as if it had
 * changed.  Ids of clients that left stay until their keys go. */
#ifndef HENGE_SESSION_TRACKING_H
#define HENGE_SESSION_TRACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "session/index.h"

struct call;
struct instance;
struct session;

struct tracking {
    struct index keys;     /* of struct tracked */
    struct list by_age;    /* the same, oldest first */
    uint64_t epoch;        /* keys of an older one are not there: a flush has begun it */
    size_t bytes;          /* of all that */
    size_t items;          /* ids in all keys */
    struct list prefixes;  /* of struct prefix */
    size_t prefix_count;   /* of them */
    size_t prefix_bytes;   /* ... and of who has them, in memory */
    struct index changed;  /* of struct change: in this turn, for prefixes */
    struct list in_order;  /* the same */
    uint64_t client_count; /* that track */
    struct list clients;   /* of struct tracker */
};

/* How a client tracks: session->tracker, NULL for one that does not. */
struct tracker {
    struct list all; /* in tracking->clients */
    struct session *session;
    uint64_t redirect; /* id of the client that is told instead; 0: none */
    bool bcast;
    bool opt_in;
    bool opt_out;
    bool no_loop;         /* it is not told of what it changes itself */
    bool caching;         /* CLIENT CACHING has come, for the next command */
    bool broken;          /* the client it redirects to is gone */
    struct list prefixes; /* of struct prefixed */
    uint32_t prefix_count;
};

struct prefix;

/* A client and one of its prefixes. */
struct prefixed {
    struct list of_prefix;
    struct list of_tracker;
    struct prefix *prefix;
    struct tracker *tracker;
};

struct prefix {
    struct list link;    /* in tracking->prefixes */
    struct list members; /* of struct prefixed */
    size_t len;
    uint8_t text[];
};

void tracking_init(struct tracking *t);
void tracking_deinit(struct tracking *t);

/* The session's tracker, made now if it has none. */
struct tracker *tracking_on(struct session *s);

/* Accepts a session that does not track. */
void tracking_off(struct session *s);

/* What so many prefixes of `bytes` together take in tracking->prefix_bytes, at most. */
size_t tracking_prefix_cost(size_t prefixes, size_t bytes);

/* One prefix more, which does not overlap with those it has. */
void tracking_add_prefix(struct tracker *k, struct slice text);

/* The client's call begins: whether what it reads is to be remembered. */
bool tracking_begins(struct session *s, const struct call *c);

/* EXEC has run: whether what its calls read is to be remembered.  They may have begun to track,
 * and CLIENT CACHING may be one of them: then it is said of all. */
bool tracking_exec(struct session *s);

/* It has read its keys. */
void tracking_read(struct session *s, const struct call *c);

/* A call of client `id` (0: nobody's) has changed that key. */
void tracking_changed(struct instance *in, struct slice key, uint64_t id);

/* ... has emptied a database: everybody is told to forget everything. */
void tracking_flushed(struct instance *in);

/* Tells what has changed since to the clients in broadcast mode; at the end of a turn. */
void tracking_broadcast(struct instance *in);

/* Frees some of what is not needed any more, and more than the bound; now and then. */
void tracking_tidy(struct instance *in);

bool tracking_check(const struct tracking *t);

#endif
