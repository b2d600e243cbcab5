/* workload.h: which operations clients ask for, and their bytes. */
#ifndef HENGE_SIM_WORKLOAD_H
#define HENGE_SIM_WORKLOAD_H

#include "base/buf.h"
#include "base/prng.h"
#include "sim/history.h"
#include "sim/sim_resp.h"

#define NEWS_CHANNEL "news"

/* One seed's habits. */
struct workload {
    unsigned keys; /* used of each database, counters apart */
    unsigned dbs;
    unsigned value_max;    /* bytes of padding, usually */
    unsigned large_one_in; /* values of up to large_max; 0 for none */
    unsigned large_max;
    unsigned ttl_percent; /* of the SETs */
    unsigned ttl_ms;      /* at most */
    unsigned flush_one_in;
    unsigned read_percent;
    unsigned depth;    /* operations sent together, at most */
    uint64_t think_us; /* between them, at most */
    bool config;       /* CONFIG SET appendfsync now and then */
    bool news;         /* transactions tell of themselves */
};

void workload_init(struct workload *w, struct prng *prng);

/* A new operation of the history, for a connection in `db`; `config` allows
 * CONFIG SET, of which one at a time may be under way. */
struct op *workload_op(const struct workload *w, struct history *h, struct prng *prng, unsigned db,
                       bool config);

/* A transaction, whose operations are the history's; the first gets the key that
 * `watched` got, if that is not NULL. */
struct op *workload_exec(const struct workload *w, struct history *h, struct prng *prng,
                         unsigned db, const struct op *watched);

/* The operation's bytes; EXEC's alone, without its operations'. */
void op_encode(const struct history *h, const struct op *op, struct buf *out);

/* Takes the answer into op; false if it is not an answer to it.  `bytes` are the
 * reply's. */
bool op_answer(struct history *h, struct op *op, struct slice bytes, const struct sim_reply *r);

/* "k03", "c10": also the names that SCAN returns.  `out` has room for 16. */
void key_name(unsigned key, char out[16]);

#endif
