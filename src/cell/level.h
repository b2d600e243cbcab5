/* level.h: how many owners must answer a request, as clients choose it.
 *
 *      text      write                                     read
 *      quorum    a majority of the owners has logged it    the leader's, a majority confirms it
 *      one       one node: leader, owner, or stand-in      the nearest owner's view
 *      all       every owner has logged it                 every owner is asked
 *      1..255    so many owners have logged it             so many owners are asked
 *
 * A number counts owners only, so what is read and written at numbers that are together more
 * than the owners meets; `one` may be a stand-in, so 1 and `one` are not the same. */
#ifndef HENGE_CELL_LEVEL_H
#define HENGE_CELL_LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"

enum level_kind { LEVEL_QUORUM = 0, LEVEL_ONE, LEVEL_ALL, LEVEL_NUMBER };

enum { LEVEL_NUMBER_MAX = 255, LEVEL_TEXT = 8 };

struct level {
    uint8_t kind;   /* enum level_kind */
    uint8_t number; /* of LEVEL_NUMBER: at least 1; else 0 */
};

/* `= {0}` is quorum for both. */
struct levels {
    struct level read;
    struct level write;
};

static inline bool level_equal(struct level a, struct level b)
{
    return a.kind == b.kind && a.number == b.number;
}

/* The names in either case, or the number.  False leaves *out alone. */
bool level_parse(struct slice text, struct level *out);

/* In small letters; returns the length, no NUL. */
size_t level_print(struct level level, char out[LEVEL_TEXT]);

/* What stands behind CONSISTENCY, up to its end or to a command:
 *
 *      level | READ level [WRITE level] | WRITE level [READ level] | DEFAULT
 *
 * `levels`: those that count so far, changed by what is said; left alone by an error.  *used:
 * how many arguments that took.  ERR_INVALID with a text for the client. */
struct err levels_parse(const struct slice *args, size_t count, const struct levels *defaults,
                        struct levels *levels, size_t *used);

static inline unsigned level_majority(unsigned owners)
{
    return owners / 2 + 1;
}

/* How many of so many owners; may be more than there are, of a number. */
unsigned level_need(struct level level, unsigned owners);

/* Whether there are enough owners, in reach or not. */
bool level_possible(struct level level, unsigned owners);

/* Less than a majority: a write is settled (settle.h), a read sees what owners have. */
bool level_below_quorum(struct level level, unsigned owners);

/* What stands behind -NOQUORUM: "need 2 of 3, 1 reachable". */
void level_print_noquorum(unsigned need, unsigned owners, unsigned reachable, struct buf *to);

/* What stands behind -UNCERTAIN, of a write that is in the leader's log: "need 2 of 3, 1 has it;
 * it may or may not take effect". */
void level_print_uncertain(unsigned need, unsigned owners, unsigned have, struct buf *to);

#endif
