/* log_list.h: which frames of which arc are where in a segment, so that a feed finds an index
 * without reading everything.
 *
 * A *run* is where an arc begins in a segment, or where its frames do not go on with the next
 * index and the same ballot; or a FRAME_BASE, which has no ballot: there are no frames from its
 * `committed` on to the next run.  A segment's runs are written behind its last frame that counts
 * when it is sealed, as the notes of a FRAME_LIST; those of arc 0 are left out.  A run:
 *
 *      0  u64  arc
 *      8  u64  index            of its first frame
 *     16  u64  ballot counter   of all its frames
 *     24  u64  position         of the first
 *     32  u32  ballot node
 *     36  u32  0
 *
 * Numbers are little-endian.  Runs are in the order of positions. */
#ifndef HENGE_LSM_LOG_LIST_H
#define HENGE_LSM_LOG_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "lsm/log_ballot.h"

enum { LOG_RUN_SIZE = 40 };

struct log_run {
    uint64_t arc;
    uint64_t index;
    struct log_ballot ballot;
    uint64_t position;
};

/* `= {0}` is empty. */
struct log_list {
    struct log_run *run;
    size_t count;
    size_t room;
    struct log_run *last; /* the last frame of each arc, by arc; it has no position */
    size_t arcs;
    size_t arcs_room;
};

void log_list_deinit(struct log_list *l);

/* Takes note of whole frames, the first at log position `position`; the number of those of
 * arc 0 among them. */
uint64_t log_list_note(struct log_list *l, struct slice frames, uint64_t position);

/* A copy of the runs alone. */
void log_list_copy(const struct log_list *from, struct log_list *to);

/* Appends the FRAME_LIST of that segment, sealed. */
void log_list_put(const struct log_list *l, uint64_t segment, struct buf *to);

/* The runs that a FRAME_LIST's payload has, appended to `l` (without `last`).  False: it has
 * none that can be. */
bool log_list_get(struct slice payload, struct log_list *l);

#endif
