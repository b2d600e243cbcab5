/* queue.h: the calls of one connection that wait, and the replies behind them.
 *
 * Replies leave in order of arrival.  A call that waits for the disk cuts the
 * connection's output; calls behind it that have nothing to do with it run at
 * once, and their replies wait behind it:
 *
 *     out, held | waiting 1 | behind 1 | waiting 2 | behind 2
 *     may leave |  no reply |  whole   |  no reply |  whole
 *
 * When a waiting call is done, its reply and all that is behind it go to the end
 * of what is in front of it, wherever that is.  A connection without waiting calls
 * has no queue. */
#ifndef HENGE_SERVER_QUEUE_H
#define HENGE_SERVER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/list.h"
#include "cmd/call.h"
#include "node/fetch.h"
#include "resp/reply.h"
#include "server/deadlines.h"
#include "server/held.h"

enum {
    QUEUE_KEYS = 16,     /* a call with more keys lets none run beside it */
    QUEUE_BUCKETS = 256, /* of positions, by their low bits */
};

/* A call on the heap. */
struct waiting {
    struct list link;    /* in queue->calls */
    struct list resumed; /* in one of the server's lists, when it may go on */
    void *owner;         /* the connection */
    uint64_t wants;      /* bytes it may not read yet; 0: it does not wait for its turn */
    struct call call;
    struct fetch fetch;
    struct block *block;      /* where its arguments are */
    struct reply reply;       /* its own */
    struct reply behind;      /* of calls that came later and are done */
    struct held held;         /* ... some of which wait for the log */
    struct deadline deadline; /* blocked.h's, with the next three */
    uint64_t until_us;        /* when its wait is over; 0: it was never blocked */
    bool blocked;
    bool unblocked; /* with an error, by CLIENT UNBLOCK */
    uint32_t behind_calls;
    uint32_t keys;                  /* positions below */
    uint64_t positions[QUEUE_KEYS]; /* of its keys */
    struct slice argv[];
};

struct queue {
    struct list link;                /* in server->queues */
    void *owner;                     /* the connection */
    struct list calls;               /* of struct waiting, in order of arrival */
    uint32_t count;                  /* of them */
    uint32_t unsent;                 /* of them and of the calls behind them */
    size_t bytes;                    /* of replies in the queue */
    bool barrier;                    /* the one call in it lets nothing run beside it */
    uint32_t wanting;                /* of them: may not read yet (connection_wait.c) */
    bool blocked;                    /* a call that was read must wait for one in the queue */
    bool blocked_till_empty;         /* ... for all of them */
    uint16_t buckets[QUEUE_BUCKETS]; /* how many of the calls' keys fall into each */
};

struct queue *queue_new(void *owner);

/* Ends every call in it, whatever its state, and frees it.  Accepts NULL. */
void queue_free(struct queue *q, struct block_pool *pool);

/* What comes next must wait until no call waits: `blocked` is set. */
void queue_block(struct queue *q);

/* The call may run now, beside those that wait: it shares no key with them, and
 * changes nothing that they or those behind it see.  False: `blocked` is set. */
bool queue_admits(struct queue *q, const struct call *c);

/* Puts a call that ran and lacks cells at the end; it and its arguments are the
 * queue's.  They lie in `in`, which gets a reference, or are copied. */
struct waiting *queue_add(struct queue *q, const struct call *c, struct block *in,
                          struct block_pool *pool);

/* Where a call that runs beside those that wait replies to. */
static inline struct reply *queue_tail(const struct queue *q)
{
    return &list_item(q->calls.prev, struct waiting, link)->behind;
}

/* A call that ran so is done: the last `bytes` of the tail are its reply, which
 * rests on the log position `gate`; 0 for nothing. */
void queue_ran(struct queue *q, uint64_t gate, uint64_t turn, size_t bytes);

/* The last `bytes` of the tail are no call's reply. */
void queue_push(struct queue *q, uint64_t turn, size_t bytes);

/* What is behind the one call that waits, none of it a call's reply, goes in front of it: to
 * `out` and `out_held`. */
void queue_overtake(struct queue *q, struct reply *out, struct held *out_held);

/* The call's reply is whole, and rests on `gate`: it goes, with what is behind it,
 * to where it belongs, `out` and `out_held` being in front of the queue.  `w` is
 * freed.  True: a blocked call may be tried again. */
bool queue_finish(struct queue *q, struct waiting *w, uint64_t gate, uint64_t turn,
                  struct reply *out, struct held *out_held);

/* held_fail() for the replies in the queue. */
uint32_t queue_fail(struct queue *q, uint64_t acked, const char *text);

bool queue_check(const struct queue *q);

#endif
