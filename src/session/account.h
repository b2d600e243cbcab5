/* account.h: how often each command ran, how long, and how it failed.
 *
 * A clock costs a twentieth of a small call.  So calls of quick rows (what Redis flags
 * `fast`, and SET, but not APPEND, with few arguments) are counted, and timed together: one
 * reading of the clock behind a batch, whose time is divided among them.  Any other call is
 * timed alone.  With a slowlog-log-slower-than below ACCOUNT_EXACT_BELOW_US, or
 * the latency monitor on, every call is.
 *
 *     account_batch()  { account_run() ... }  account_settle()
 *
 * What a call waits for is not its time: of one that ran several times, the runs are
 * added up, and it counts when it is done. */
#ifndef HENGE_SESSION_ACCOUNT_H
#define HENGE_SESSION_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cmd/command.h"
#include "node/node.h"
#include "session/durations.h"
#include "session/latency.h"
#include "session/slowlog.h"

enum {
    ACCOUNT_QUICK_ARGS = 8,
    ACCOUNT_EXACT_BELOW_US = 10 * 1000,
    ACCOUNT_RUNS = 8,
    ACCOUNT_CODES = 128, /* of errors; others are not counted by code, as in Redis */
    ACCOUNT_CODE = 24,
};

struct acl_rows;
struct instance;

struct command_stats {
    uint64_t calls;
    uint64_t ns;
    uint64_t rejected;      /* not run */
    uint64_t failed;        /* run, and answered an error */
    struct durations *took; /* NULL: none was noted */
};

/* Calls of one row that are not timed yet. */
struct account_run {
    const struct command *row;
    uint32_t calls;
};

struct account {
    struct account_run open; /* the batch's last row; calls of others are in `runs` */
    bool alone;              /* the call that runs is timed alone */
    bool exact;              /* all are */
    bool fresh;              /* since_us is when the last call ended, or the batch began */
    uint32_t run_count;
    uint32_t run_calls; /* of all runs */
    uint64_t since_us;
    uint64_t cmd_us; /* all calls took */
    struct account_run runs[ACCOUNT_RUNS];
    struct instance *instance;
    const struct acl_rows *rows;
    struct command_stats *commands; /* by the rows' numbers */
    struct command_stats *last;     /* looked for last: that of: */
    const struct command *last_row;
    struct error_count {
        uint64_t count;
        char code[ACCOUNT_CODE];
    } errors[ACCOUNT_CODES];
    uint32_t error_count;
    struct slowlog slowlog;
    struct latency latency;
    size_t took_bytes; /* of memory: command_stats.took */
};

/* Borrows the instance, whose rows and options must be there. */
void account_init(struct account *a, struct instance *in);
void account_deinit(struct account *a);

/* After options changed. */
void account_apply(struct account *a);

/* CONFIG RESETSTAT: of calls and errors nothing has been counted. */
void account_reset(struct account *a);

/* Bytes of memory that depend on what happened. */
size_t account_memory(const struct account *a);

const struct command_stats *account_of(const struct account *a, const struct command *row);

/* Calls will run now: the clock is read, unless nothing else was done since the last. */
void account_begin_batch(struct account *a);

static inline void account_batch(struct account *a)
{
    if (!a->fresh)
        account_begin_batch(a);
}

/* Something else was done. */
static inline void account_stale(struct account *a)
{
    a->fresh = false;
}

/* Those that ran are timed. */
void account_settle_runs(struct account *a);

static inline void account_settle(struct account *a)
{
    if (a->open.calls | a->run_calls)
        account_settle_runs(a);
}

/* Called by those below. */
void account_open(struct account *a, const struct call *c);
void account_close(struct account *a, struct call *c, enum call_end end, uint64_t errors);

/* Runs an admitted call, within a batch.  `reply` is its reply, which has `errors`. */
static inline enum call_end account_run(struct account *a, struct node *node, struct call *c,
                                        const struct reply *reply, uint64_t errors)
{
    enum call_end end;

    if (c->row != a->open.row || c->argc > ACCOUNT_QUICK_ARGS)
        account_open(a, c);
    end = node_run(node, c);
    if (a->alone | (end != CALL_DONE) | (reply->errors != errors))
        account_close(a, c, end, reply->errors - errors);
    else
        a->open.calls++;
    return end;
}

/* The same for one that has waited; its reply is empty before. */
enum call_end account_run_again(struct account *a, struct node *node, struct call *c,
                                struct fetch *f);

/* One that has waited is answered `errors` without being run any more. */
void account_gave_up(struct account *a, const struct call *c, uint64_t errors);

/* A call was not run: it is answered `errors`, the last of them in c->reply. */
void account_rejected(struct account *a, const struct call *c, uint64_t errors);

/* `n` errors that no call answered. */
void account_error(struct account *a, const char *code, uint64_t n);

/* A number for the code from 1 on; 0: there are too many. */
unsigned account_code(struct account *a, const char *code);

/* Such a call is timed alone: by the clock around it. */
bool account_is_alone(const struct account *a, const struct command *row, uint32_t argc);

/* Something took so long, for LATENCY, if that is long. */
void account_took(struct account *a, enum latency_event event, uint64_t us);

#endif
