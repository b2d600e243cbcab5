/* pubsub.h: who listens to what: channels, patterns and shard channels.
 *
 *     topics[kind] --name--> topic <--> subscription <--> session
 *
 * A subscription is in the lists of its topic and of its session, and in one table by
 * both, so that to subscribe, to unsubscribe and to find a channel's subscribers costs the
 * same however many clients and channels there are.  A message is held against every
 * pattern there is, once, whoever has subscribed to it. */
#ifndef HENGE_SESSION_PUBSUB_H
#define HENGE_SESSION_PUBSUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "session/index.h"

struct instance;
struct session;

enum pubsub_kind {
    PUBSUB_CHANNEL,
    PUBSUB_PATTERN,
    PUBSUB_SHARD,
    PUBSUB_KINDS,
};

/* Something that somebody has subscribed to. */
struct topic {
    struct index_link link;
    struct list all;         /* in pubsub->all[kind], oldest first */
    struct list subscribers; /* of struct subscription, by of_topic, oldest first */
    size_t count;            /* of them */
    enum pubsub_kind kind;
    size_t len;
    uint8_t name[];
};

struct subscription {
    struct index_link link;
    struct list of_topic;
    struct list of_session; /* in session->subscriptions, oldest first */
    struct topic *topic;
    struct session *session;
};

struct pubsub {
    struct index topics[PUBSUB_KINDS];
    struct list all[PUBSUB_KINDS];
    struct index subscriptions;
    size_t bytes;     /* of all that */
    uint64_t clients; /* that have a subscription */
};

void pubsub_init(struct pubsub *p);
void pubsub_deinit(struct pubsub *p); /* nobody is subscribed any more */

/* True: it was not subscribed to that yet.  The name is copied. */
bool pubsub_subscribe(struct session *s, enum pubsub_kind kind, struct slice name);

/* True: it was. */
bool pubsub_unsubscribe(struct session *s, enum pubsub_kind kind, struct slice name);

/* The session's oldest subscription of that kind; NULL: it has none. */
struct subscription *pubsub_first(const struct session *s, enum pubsub_kind kind);

/* The next one after `sub` of the same kind, NULL: that was the last.  All of a session's are
 * walked through in the time it takes to walk through those of all kinds. */
struct subscription *pubsub_next(const struct subscription *sub);

/* Ends all of the session's, telling nobody. */
void pubsub_leave(struct session *s);

/* Bytes that so many names of so many bytes take at most. */
size_t pubsub_cost(size_t names, size_t bytes);

/* NULL: nobody has subscribed to it. */
struct topic *pubsub_find(const struct pubsub *p, enum pubsub_kind kind, struct slice name);

/* How many a message on that channel (PUBSUB_CHANNEL or PUBSUB_SHARD) would go to. */
size_t pubsub_receivers(const struct pubsub *p, enum pubsub_kind kind, struct slice channel);

/* Sends the message to them: for each, the channel's before the patterns'. */
void pubsub_publish(struct instance *in, enum pubsub_kind kind, struct slice channel,
                    struct slice message);

bool pubsub_check(const struct pubsub *p);

#endif
