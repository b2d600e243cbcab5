/* sim_log.h: the world's trace, and the first thing that was found wrong.
 *
 * Every line carries the simulated time.  The last lines are always kept; the
 * whole text only when it is asked for, to be compared with another run's. */
#ifndef HENGE_SIM_LOG_H
#define HENGE_SIM_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "sim/sim_queue.h"

enum {
    SIM_LOG_TAIL = 40,  /* lines shown of a failure */
    SIM_LOG_LINE = 200, /* bytes of a line */
};

struct sim_log {
    const struct sim_queue *queue;
    bool echo; /* print as it happens */
    bool keep; /* collect `text` */
    struct buf text;
    uint64_t lines;
    char tail[SIM_LOG_TAIL][SIM_LOG_LINE];
    bool failed;
    uint64_t failed_us;
    char finding[512];
};

void sim_log_init(struct sim_log *log, const struct sim_queue *queue, bool echo, bool keep);
void sim_log_deinit(struct sim_log *log);

void sim_log_line(struct sim_log *log, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A checker's finding: "checker: what".  The first one counts. */
void sim_log_fail(struct sim_log *log, const char *checker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints finding, time and the last lines. */
void sim_log_report(const struct sim_log *log, uint64_t seed);

#endif
