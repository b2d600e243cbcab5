/* timeout.h: how long a call may wait, as clients say it. */
#ifndef HENGE_ADMIN_TIMEOUT_H
#define HENGE_ADMIN_TIMEOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/call.h"

/* argv[arg], milliseconds, 0 included, as microseconds.  False: the error is replied. */
bool timeout_parse(struct call *c, uint32_t arg, uint64_t *us);

#endif
