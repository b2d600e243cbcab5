/* check_shape.c: the server's own invariants, asked on the way. */
#include <inttypes.h>

#include "sim/checks.h"

enum { DEEP_EVERY = 64 };

void check_shape(const struct server *s, uint64_t nth, struct sim_log *log)
{
    bool deep = nth % DEEP_EVERY == 0;

    if (!server_check(s, deep))
        sim_log_fail(log, "shape", "server_check fails%s in turn %" PRIu64, deep ? " (deep)" : "",
                     nth);
}
