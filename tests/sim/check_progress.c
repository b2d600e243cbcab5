/* check_progress.c: once there are no faults, everybody has been answered. */
#include "sim/checks.h"

void check_progress(const struct history *h, uint64_t healthy_since_us, struct sim_log *log)
{
    char text[160];

    for (size_t n = 0; n < h->op_count && !log->failed; n++) {
        const struct op *op = h->ops[n];
        uint64_t from = op->asked_us > healthy_since_us ? op->asked_us : healthy_since_us;

        if (op->asked_us == UINT64_MAX || op->outcome == OP_UNKNOWN)
            continue;
        if (op->outcome == OP_OPEN || (op->told_us > from && op->told_us - from > PROGRESS_US))
            sim_log_fail(log, "progress", "without an answer for long: %s",
                         op_describe(h, op, text));
    }
}
