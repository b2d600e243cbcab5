/* log_parts.h: the segments a log consists of, oldest first.
 *
 * The last one grows while the log writes to it; the oldest go when tables hold
 * what they held. */
#ifndef HENGE_LSM_LOG_PARTS_H
#define HENGE_LSM_LOG_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lsm/segment.h"

struct log_part {
    struct log_stretch stretch;
    uint64_t size; /* of the file */
};

/* `= {0}` is an empty one. */
struct log_parts {
    struct log_part *part;
    size_t count;
    size_t room;
    uint64_t bytes; /* of their files */
};

void log_parts_deinit(struct log_parts *p);

/* A newer segment, which begins at or behind the end of the last. */
void log_parts_add(struct log_parts *p, struct log_stretch stretch, uint64_t size);

/* The last one now ends there. */
void log_parts_extend(struct log_parts *p, uint64_t end);

/* The stretches that have positions of from..to, by base, whole but for what is behind
 * `to`: the caller's, to end with mem_free(); *count of them. */
struct log_stretch *log_parts_copy(const struct log_parts *p, uint64_t from, uint64_t to,
                                   size_t *count);

/* Takes the oldest one out if it ends at or before `mark`.  `keep_last`: never the last. */
bool log_parts_take(struct log_parts *p, uint64_t mark, bool keep_last, struct log_part *out);

bool log_parts_check(const struct log_parts *p);

#endif
