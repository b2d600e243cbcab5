/* sim_log.c: lines of the trace in a ring. */
#include "sim/sim_log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void sim_log_init(struct sim_log *log, const struct sim_queue *queue, bool echo, bool keep)
{
    *log = (struct sim_log){ .queue = queue, .echo = echo, .keep = keep };
}

void sim_log_deinit(struct sim_log *log)
{
    buf_deinit(&log->text);
}

void sim_log_line(struct sim_log *log, const char *format, ...)
{
    char *line = log->tail[log->lines++ % SIM_LOG_TAIL];
    int n = snprintf(line, SIM_LOG_LINE, "%10.3f ", (double)log->queue->now / 1000.0);
    va_list args;

    va_start(args, format);
    vsnprintf(line + n, SIM_LOG_LINE - (size_t)n, format, args);
    va_end(args);
    if (log->keep)
        buf_printf(&log->text, "%s\n", line);
    if (log->echo)
        printf("%s\n", line);
}

void sim_log_fail(struct sim_log *log, const char *checker, const char *format, ...)
{
    char what[400];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    sim_log_line(log, "FOUND %s: %s", checker, what);
    if (log->failed)
        return;
    log->failed = true;
    log->failed_us = log->queue->now;
    snprintf(log->finding, sizeof log->finding, "%s: %s", checker, what);
}

void sim_log_report(const struct sim_log *log, uint64_t seed)
{
    uint64_t from = log->lines > SIM_LOG_TAIL ? log->lines - SIM_LOG_TAIL : 0;

    printf("FAILED seed %" PRIu64 " at %.3f ms\n  %s\n", seed, (double)log->failed_us / 1000.0,
           log->finding);
    for (uint64_t i = from; i < log->lines; i++)
        printf("  | %s\n", log->tail[i % SIM_LOG_TAIL]);
}
