/* slowlog.h: the last calls that took long, newest first, for SLOWLOG.
 *
 * Of a call its first SLOWLOG_ARGS arguments are kept, and of each its first
 * SLOWLOG_TEXT bytes; passwords are not (secret.h). */
#ifndef HENGE_SESSION_SLOWLOG_H
#define HENGE_SESSION_SLOWLOG_H

#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "env/net.h"

struct call;

enum {
    SLOWLOG_ARGS = 32,
    SLOWLOG_TEXT = 128,
};

struct slow_call {
    struct list link;
    uint64_t id;
    uint64_t at_s; /* unix: when it had run */
    uint64_t us;   /* it ran for, without what it waited for */
    size_t bytes;  /* of memory */
    char peer[NET_ADDRESS_MAX];
    struct slice client_name; /* borrows from the entry, as the arguments do */
    uint32_t argc;
    struct slice argv[];
};

struct slowlog {
    struct list calls; /* of struct slow_call */
    uint64_t count;
    uint64_t next_id;
    size_t bytes; /* of memory */
};

void slowlog_init(struct slowlog *log);
void slowlog_deinit(struct slowlog *log);

/* Adds a call that has just run, and keeps `max` calls at most. */
void slowlog_add(struct slowlog *log, const struct call *c, uint64_t now_us, uint64_t us,
                 uint64_t max);

/* Drops the oldest beyond `max`. */
void slowlog_trim(struct slowlog *log, uint64_t max);

#endif
