/* check_honest.c: every value read was written by an operation of which nobody was
 * told that it did not happen. */
#include "sim/checks.h"

void check_honest(const struct history *h, struct sim_log *log)
{
    char a[160];
    char b[160];

    for (size_t n = 0; n < h->op_count && !log->failed; n++) {
        const struct op *read = h->ops[n];

        if (read->kind == OP_ECHO)
            continue;
        for (int i = 0; i < OP_KEYS; i++) {
            uint32_t writer = history_writer(h, read->reply_texts[i]);

            if (writer && h->ops[writer - 1]->outcome == OP_REFUSED)
                sim_log_fail(log, "honest", "%s saw %s", op_describe(h, read, a),
                             op_describe(h, h->ops[writer - 1], b));
        }
    }
}
