/* invalidation.h: how clients are told that keys they keep have changed: as pushes, or, where
 * a RESP2 client was named for it, as messages of the channel __redis__:invalidate. */
#ifndef HENGE_SESSION_INVALIDATION_H
#define HENGE_SESSION_INVALIDATION_H

#include <stddef.h>
#include <stdint.h>

#include "session/tracking.h"

/* Tells it to the clients of these ids that still track, but not to `by`, who has changed
 * the key, if that one does not want to hear of its own. */
void invalidation_send(struct instance *in, struct slice key, const uint64_t *ids, size_t count,
                       uint64_t by);

/* Tells one to forget everything. */
void invalidation_send_all(struct tracker *k);

/* Notes a change by `by` for tracking_broadcast(), if a prefix fits. */
void invalidation_note(struct tracking *t, struct slice key, uint64_t by);

/* Drops what was noted. */
void invalidation_forget(struct tracking *t);

#endif
