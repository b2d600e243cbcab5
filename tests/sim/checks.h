/* checks.h: the judges.  Each looks at one history when it is over, and reports
 * what cannot be to the log; shape and progress are asked by the world on the
 * way. */
#ifndef HENGE_SIM_CHECKS_H
#define HENGE_SIM_CHECKS_H

#include "server/server.h"
#include "sim/history.h"
#include "sim/sim_log.h"

/* Every key's answers fit one order of its operations, ends of the process and
 * power losses included.  Returns the keys that were too hard to decide. */
unsigned check_linear(struct history *h, struct sim_log *log);

/* What was promised is there when everything is read after a start; what is there
 * is a prefix of the log's order; requests are there whole or not at all. */
void check_durable(const struct history *h, struct sim_log *log);

/* What was overwritten, deleted, expired or flushed does not come back. */
void check_dead(const struct history *h, struct sim_log *log);

/* Transactions: nobody sees a part of one, and none ran whose watched key had changed. */
void check_exec(const struct history *h, struct sim_log *log);

/* What listeners were told has happened, and is there when everything is read after a
 * start as if it had been answered then. */
void check_told(const struct history *h, struct sim_log *log);

/* What was answered with a definite error is never seen. */
void check_honest(const struct history *h, struct sim_log *log);

/* server_check() holds; everything every 64th time. */
void check_shape(const struct server *s, uint64_t nth, struct sim_log *log);

/* Nobody waits longer than this for an answer once there are no faults. */
enum { PROGRESS_US = 20 * 1000 * 1000 };
void check_progress(const struct history *h, uint64_t healthy_since_us, struct sim_log *log);

#endif
