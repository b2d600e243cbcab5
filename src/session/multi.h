/* multi.h: what a client has queued since MULTI, and the keys it watches.
 *
 *     none --MULTI--> QUEUEING --EXEC--> RUNNING --answered--> none
 *                        |  a call that is refused: BROKEN, which EXEC says
 *                        +-------------------------DISCARD---> none
 *
 * EXEC is one call: it may wait for the disk and run again, so what is queued stays
 * until it is answered.  What a queued call did that cannot be done twice is kept with
 * it. */
#ifndef HENGE_SESSION_MULTI_H
#define HENGE_SESSION_MULTI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/slice.h"
#include "cmd/call.h"
#include "cmd/command.h"

struct session;

/* The answer of a queued call that is not run again. */
struct queued_answer {
    struct buf bytes;
    struct buf notes; /* what it has to tell (events.h) */
    uint64_t errors;
    uint8_t db; /* of the session, behind it */
    uint8_t proto;
};

struct queued {
    const struct command *row;
    struct gather *gather;        /* what its slices have found; NULL for none */
    struct queued_answer *answer; /* NULL: it is to be run */
    uint64_t position;
    uint64_t random;
    uint64_t save; /* call's: what it waits for */
    uint32_t argc;
    uint8_t db;      /* it will run in, as far as that is known; or ran in */
    bool sliced;     /* it took several slices */
    bool permitted;  /* its user may run it: asked once, when it was to run first */
    bool refused;    /* may not, which is its answer */
    bool alone;      /* it is timed alone (account.h): */
    bool failed;     /* the answer of its last run is an error */
    uint8_t error;   /* ... of that code (account_code()); 0: none, or it is not counted */
    uint32_t ran_us; /* ... its runs so far */
    struct slice argv[];
};

struct multi {
    struct queued **calls;
    uint32_t count;
    uint32_t cap;
    size_t bytes; /* of memory */
    bool broken;
    bool running;
    bool whole;     /* all of them have run, for good */
    bool publishes; /* a call is PUBLISH or SPUBLISH */
    bool effects;   /* a call is not on data alone */
    bool mixed;     /* ... and one that is comes behind it */
    unsigned every; /* flags all rows have */
    unsigned any;   /* ... and some */
    uint8_t db;     /* behind what is queued */
    uint8_t first_db;
    uint8_t first_proto;
};

/* The row reads and writes cells and does nothing else: it may be run again. */
static inline bool multi_is_data(const struct command *row)
{
    return (row->flags & (CMD_WRITE | CMD_READONLY)) != 0;
}

static inline bool multi_is_exec(const struct command *row)
{
    return (row->flags & CMD_IN_MULTI) && strcmp(row->name, "exec") == 0;
}

/* Replies why the call does not run; EXEC, of which that is the end, has a code of its own
 * in front of it. */
void multi_refuse(struct call *c, const char *code, const char *text);

/* PUBLISH and SPUBLISH, which are held up like writes. */
static inline bool multi_publishes(const struct command *row)
{
    return (row->flags & CMD_PUBSUB) && (row->flags & CMD_FAST);
}

/* MULTI; there is none. */
void multi_begin(struct session *s);

/* Queues an admitted call: replies QUEUED, or that there is no room.  False: it is one
 * that runs at once. */
bool multi_queue(struct session *s, struct call *c);

/* A call was refused. */
void multi_break(struct session *s);

/* What is queued is gone, and nothing watched any more; also without MULTI. */
void multi_end(struct session *s);

/* What calls have found so far may not be true any more. */
void multi_forget(struct session *s);

/* It is to be run again. */
void multi_drop_answer(struct queued *q);

/* The call numbered `i` of the `exec` that has run, as if it had been one by itself, and the
 * database behind it.  False: it was refused, or has no effect for another reason. */
bool multi_ran(const struct session *s, const struct call *exec, uint32_t i, struct call *out,
               uint8_t *db);

/* Bytes EXEC may put, about; 0: it writes nothing. */
size_t multi_writes(const struct multi *m);

struct watched;

/* Watches a key of the session's database, unless it does already.  False: there are too
 * many, which is replied. */
bool multi_watch(struct call *c, const struct cell_key *key, bool existed);

/* Whether something watched was written since. */
bool multi_touched(const struct session *s);

/* Whether nothing has happened to what is watched, expiry and eviction included.
 * VIEW_WANT: return CALL_WANT. */
enum view_answer multi_unchanged(struct call *c);

void multi_unwatch(struct session *s);

#endif
