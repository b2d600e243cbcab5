/* events.h: what a call has to tell the world: key events, messages, keys that changed.
 *
 * Commands note them down while they run; whoever runs the call hands them out once what
 * it wrote is acknowledged, and forgets them if it is run again or its write is undone.
 * Nothing is noted that nobody listens to: `wanted` is 0 then, and a note costs a branch. */
#ifndef HENGE_CMD_EVENTS_H
#define HENGE_CMD_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* Classes as notify-keyspace-events has them, and what else is listened to. */
enum event_class {
    EVENT_KEYSPACE = 1 << 0, /* K: the key's channel gets the event's name */
    EVENT_KEYEVENT = 1 << 1, /* E: the event's channel gets the key */
    EVENT_GENERIC = 1 << 2,  /* g */
    EVENT_STRING = 1 << 3,   /* $ */
    EVENT_LIST = 1 << 4,     /* l */
    EVENT_SET = 1 << 5,      /* s */
    EVENT_HASH = 1 << 6,     /* h */
    EVENT_ZSET = 1 << 7,     /* z */
    EVENT_EXPIRED = 1 << 8,  /* x */
    EVENT_EVICTED = 1 << 9,  /* e */
    EVENT_STREAM = 1 << 10,  /* t */
    EVENT_MISS = 1 << 11,    /* m */
    EVENT_MODULE = 1 << 12,  /* d: accepted, there are no modules */
    EVENT_NEW = 1 << 13,     /* n */
    EVENT_ALL = EVENT_GENERIC | EVENT_STRING | EVENT_LIST | EVENT_SET | EVENT_HASH | EVENT_ZSET |
                EVENT_EXPIRED | EVENT_EVICTED | EVENT_STREAM | EVENT_MODULE, /* A */
    EVENT_CHANGES = 1 << 20, /* keys written and databases flushed, for clients' caches */
};

enum event_kind {
    NOTE_EVENT,   /* first: the event's name, second: the key */
    NOTE_MESSAGE, /* first: the channel, second: the message */
    NOTE_SHARD_MESSAGE,
    NOTE_CHANGED, /* second: the key */
    NOTE_FLUSHED, /* a database */
};

/* `= {0}` is an empty one that wants nothing. */
struct events {
    unsigned wanted; /* enum event_class */
    struct buf noted;
};

struct event_note {
    enum event_kind kind;
    uint8_t db;
    struct slice first;
    struct slice second;
};

void events_deinit(struct events *e);

void events_note(struct events *e, enum event_kind kind, uint8_t db, struct slice first,
                 struct slice second);

/* What was noted from `mark` on (events->noted.len as it was) goes to the front. */
void events_to_front(struct events *e, size_t mark);

/* Takes the first note off `notes`, whose bytes it borrows; false: there is none. */
bool events_take(struct slice *notes, struct event_note *out);

#endif
