/* request.c: the life of a request.
 *
 *     NEW ---> RUNNING ---> FINISHED                     it rests on nothing unacknowledged
 *      |        ^ | |          ^
 *      |        | | +----> COMMITTING                    written / synced
 *      |        | v            |
 *      |     FETCHING          |                         what it wants is being read, or
 *      v        v              |                         others have their turn
 *    FAILED <--------+---------+                         refused; unreadable; the log gave up
 *
 * A call that finishes in its turn is never on the heap.  FETCHING is fetch.c; a
 * client that goes away takes its calls with it, whatever their state.  COMMITTING
 * is a count of bytes in its connection's output that waits for a log position
 * (server/held.h), so it costs no object. */
#include "node/request.h"

#include <assert.h>

static const bool allowed[CALL_FAILED + 1][CALL_FAILED + 1] = {
    [CALL_NEW] = { [CALL_RUNNING] = true, [CALL_FAILED] = true },
    [CALL_RUNNING] = { [CALL_FETCHING] = true, [CALL_COMMITTING] = true, [CALL_FINISHED] = true },
    [CALL_FETCHING] = { [CALL_RUNNING] = true, [CALL_FAILED] = true },
    [CALL_COMMITTING] = { [CALL_FINISHED] = true, [CALL_FAILED] = true },
};

void request_move(struct call *c, enum call_state to)
{
    assert(allowed[c->state][to]);
    c->state = (uint8_t)to;
}
