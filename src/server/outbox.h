/* outbox.h: what calls had to tell, until the log has what they wrote.
 *
 * What a call tells (cmd/events.h) leaves when the log's acknowledged position has reached
 * the call's gate, in the order in which the calls ran; messages that rest on nothing do not
 * overtake what was told before.  If the log fails, what rested on it is never told. */
#ifndef HENGE_SERVER_OUTBOX_H
#define HENGE_SERVER_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct server;

struct outbox {
    struct list waiting; /* of what calls told, oldest first */
    size_t bytes;        /* of it */
};

void outbox_init(struct outbox *o);
void outbox_deinit(struct outbox *o);

/* Takes what the node has to tell after a call of session `id` (0: after its own work), which
 * rests on `gate`. */
void outbox_take(struct server *s, uint64_t id, uint64_t gate);

/* Hands out what may leave now. */
void outbox_release(struct server *s);

/* The log gave up what lies behind `acked`. */
void outbox_fail(struct server *s, uint64_t acked);

#endif
