/* history.h: everything clients asked and were told, and what happened to the
 * server meanwhile, in one order.
 *
 * Values are texts, interned: 0 is "no value".  Every write's value names the
 * operation that made it, so a value read tells who wrote it. */
#ifndef HENGE_SIM_HISTORY_H
#define HENGE_SIM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "lsm/lsm.h"
#include "sim/sim_clock.h"
#include "sim/sim_queue.h"

enum {
    SIM_KEYS = 12,    /* in a database */
    SIM_COUNTERS = 3, /* the last of them hold numbers */
    SIM_DBS = 3,
    OP_KEYS = 5, /* of one operation */
    OP_SUBS = 7, /* of one EXEC */
};

enum op_kind {
    OP_GET,
    OP_SET,
    OP_DEL,
    OP_INCR,
    OP_APPEND,
    OP_MSET,
    OP_MGET,
    OP_SETNX,
    OP_GETSET,
    OP_GETDEL,
    OP_PEXPIRE,
    OP_PERSIST,
    OP_PTTL,
    OP_EXISTS,
    OP_FLUSHDB,
    OP_FLUSHALL,
    OP_DBSIZE,
    OP_SCAN,
    OP_ECHO,
    OP_SETUP,  /* HELLO, SELECT */
    OP_CONFIG, /* SET appendfsync */
    OP_WATCH,  /* the key `number` */
    OP_QUEUE,  /* MULTI, and each answer before EXEC's */
    OP_EXEC,   /* `subs`, as one */
    OP_NEWS,   /* PUBLISH of the EXEC `number` it is in */
};

enum op_flags {
    OP_NX = 1,
    OP_XX = 2,
    OP_WITH_GET = 4,
    OP_KEEPTTL = 8,
    OP_PX = 16,   /* `ms` from now */
    OP_PXAT = 32, /* `ms` since 1970 */
};

enum op_outcome {
    OP_OPEN,    /* no answer yet */
    OP_OK,      /* answered */
    OP_REFUSED, /* answered with an error: it did not happen */
    OP_UNKNOWN, /* the connection ended, or -UNCERTAIN: nobody knows */
};

struct op {
    uint32_t id;
    enum op_kind kind;
    enum op_outcome outcome;
    unsigned flags;
    unsigned client;
    uint64_t connection; /* operations of one are in order */
    uint8_t db;
    uint8_t key_count;
    uint8_t keys[OP_KEYS];
    uint32_t values[OP_KEYS]; /* texts to be written */
    int64_t number;           /* INCR: by; CONFIG: enum lsm_sync */
    int64_t ms;
    uint64_t asked; /* in the history's order */
    uint64_t told;  /* UINT64_MAX while OP_OPEN */
    uint64_t asked_us;
    uint64_t told_us;
    /* the answer, if OP_OK */
    bool reply_null;
    int64_t reply_int;
    uint32_t reply_texts[OP_KEYS];
    bool probe; /* asked by the world after a start */
    /* EXEC's: operations of the history of their own, asked and told with it.  If it was
     * answered null, none of them happened. */
    struct op *subs[OP_SUBS];
    uint8_t sub_count;
    const struct op *watched; /* the GET behind the WATCH of what subs[0] gets; NULL: none */
    const struct op *within;  /* of a sub: its EXEC */
};

enum mark_kind {
    MARK_BOOT,
    MARK_SERVING,
    MARK_POLICY,     /* from now on `policy`, at least */
    MARK_TROUBLE,    /* the disk refused something: the store may be read-only */
    MARK_SYNC_ERROR, /* a sync failed: what was not durable never will be */
    MARK_STOPPED,    /* in order: everything is durable */
    MARK_KILL,       /* the process ended; the disk has what was written */
    MARK_POWER,      /* the disk has what was synced, and part of the rest */
    MARK_PROBED,     /* every key was read */
};

struct mark {
    enum mark_kind kind;
    enum lsm_sync policy;
    uint64_t at; /* in the history's order */
    uint64_t us;
};

/* A listener was told: of a transaction, by its message, or of a SET to a key. */
struct heard {
    const struct op *exec; /* NULL: of the key */
    uint8_t db;
    uint8_t key;
    uint64_t connected; /* the listener, in the history's order */
    uint64_t at;        /* in the history's order */
    uint64_t us;
};

struct history {
    const struct sim_queue *queue;
    const struct sim_clock *clock;
    uint64_t order;
    uint64_t late; /* orders used of those kept free before the last end */
    struct op **ops;
    size_t op_count;
    size_t op_cap;
    struct mark *marks;
    size_t mark_count;
    struct heard *heard;
    size_t heard_count;
    size_t heard_cap;
    struct slice *texts;
    size_t text_count;
    size_t text_cap;
    uint32_t *buckets;
    uint64_t everysec_us; /* what `everysec` promises to sync within */
    bool damaged;         /* a durable bit was flipped: -IOERR is an honest answer */
};

void history_init(struct history *h, const struct sim_queue *queue, const struct sim_clock *clock);
void history_deinit(struct history *h);

/* The number of a text; the text of a number. */
uint32_t history_text(struct history *h, struct slice text);
struct slice history_text_of(const struct history *h, uint32_t id);

/* A new operation, not asked yet; the history's. */
struct op *history_op(struct history *h);
void history_asked(struct history *h, struct op *op);

/* An answer that was under way when the process ended counts as before its end. */
void history_told(struct history *h, struct op *op, enum op_outcome outcome);

/* Copies it; `at` and `us` are filled in, as history_told() does. */
void history_heard(struct history *h, const struct heard *heard);

void history_mark(struct history *h, enum mark_kind kind, enum lsm_sync policy);

/* Which of its keys is (db, key); -1 if it does not touch it.  A flush touches
 * all. */
int op_touches(const struct op *op, unsigned db, unsigned key);

/* A sub of this EXEC touches it. */
bool exec_touches(const struct op *exec, unsigned db, unsigned key);

/* It may change what a key holds. */
bool op_writes(const struct op *op);

/* The operation that wrote the last part of a text; 0 for none. */
uint32_t history_writer(const struct history *h, uint32_t text);

/* The weakest policy between two moments. */
enum lsm_sync history_weakest(const struct history *h, uint64_t from, uint64_t to);

/* What the answered operation rests on must be there after the power loss
 * `mark`, if there is one. */
bool history_promised(const struct history *h, const struct op *op, size_t mark);

/* The disk has refused something in the life of that moment. */
bool history_troubled(const struct history *h, uint64_t at);

/* The power loss next after a moment; mark_count if there is none. */
size_t history_next_power(const struct history *h, uint64_t at);

/* The end of the process next after a moment, of any kind. */
size_t history_next_end(const struct history *h, uint64_t at);

/* "GET db 1 key 3 asked 12 told 15 ..." for findings; `out` has room for 160. */
const char *op_describe(const struct history *h, const struct op *op, char out[160]);

#endif
