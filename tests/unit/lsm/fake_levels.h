/* fake_levels.h: levels of tables that have properties and nothing else, from text.
 *
 *     "0: 0-99=10 0-99=10 | 6: 0-49=8t20 50-99=8"
 *
 * A table is min-max=size, and has ten cells for each byte of its size.  L0 is newest
 * first.  What may follow the size:
 *
 *     tN      N of its cells are tombstones
 *     x       all of it is expired
 *     eA-B    its cells expire from A to B, B of 0 is never; it is FAKE_NOW
 *     f       all of it was flushed
 *     gN      N of its cells were, and everything in it is older than that
 */
#ifndef HENGE_UNIT_FAKE_LEVELS_H
#define HENGE_UNIT_FAKE_LEVELS_H

#include <stdbool.h>

#include "lsm/pick.h"

enum { FAKE_NOW = 100 };

/* Refs 1, to end with fake_levels_free(). */
struct version *fake_levels(const char *text);
void fake_levels_free(struct version *v);

/* "merge 0>6 0-99 0-99 + 0-49 50-99", "move ...", "drop 6 0-49", "nothing". */
void fake_pick_print(const struct pick *p, char *out, size_t size);

/* The pick reorders nothing: what pick.h says of every pick. */
bool fake_pick_sound(const struct version *v, const struct pick *p);

#endif
