/* lasting.h: which flushes of databases the log has durably.
 *
 * A flush counts in the manifest, and tables that it emptied go, only when a power loss
 * cannot take it back: else it would be there without what was written before it, or with
 * half of its transaction.  Flushes that come while others wait for their sync wait for
 * the next one, so that tables go also where databases are flushed all the time. */
#ifndef HENGE_LSM_LASTING_H
#define HENGE_LSM_LASTING_H

#include <stdint.h>

#include "lsm/dataset.h"

/* `= {0}`: whatever is flushed then, after loading, is durable. */
struct lasting {
    uint64_t end;                      /* log position behind the last flush */
    uint64_t flushed[LIMIT_DATABASES]; /* stamps: durable */
    uint64_t next[LIMIT_DATABASES];    /* ... once the log is synced up to: */
    uint64_t next_end;
};

/* There was a flush, which ends at that position of the log. */
void lasting_note(struct lasting *l, uint64_t end);

/* The log failed and ends at `end`; `d` is as it is behind its last whole flush. */
void lasting_undone(struct lasting *l, const struct dataset *d, uint64_t end);

/* The stamps that count when the log is synced up to `synced`, into `out`.  Returns the
 * position up to which it has to be synced for more; 0: there are no more. */
uint64_t lasting_look(struct lasting *l, const struct dataset *d, uint64_t synced,
                      uint64_t out[LIMIT_DATABASES]);

#endif
