/* memory_stats.h: what the process has memory for. */
#ifndef HENGE_ADMIN_MEMORY_STATS_H
#define HENGE_ADMIN_MEMORY_STATS_H

#include <stdint.h>

#include "base/buf.h"
#include "cmd/call.h"
#include "session/instance.h"

/* Bytes of indexes and filters for each key, about. */
uint64_t memory_index_share(const struct instance *in);

/* Replies MEMORY STATS: a map with Redis's names. */
void memory_reply_stats(struct call *c);

/* Appends what a look at the numbers says, for people. */
void memory_print_doctor(const struct instance *in, struct buf *out);

#endif
