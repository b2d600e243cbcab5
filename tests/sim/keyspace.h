/* keyspace.h: the world's own client reads every key, DBSIZE and a whole SCAN of
 * each database, when nobody else asks anything. */
#ifndef HENGE_SIM_KEYSPACE_H
#define HENGE_SIM_KEYSPACE_H

#include <stdbool.h>

#include "sim/world.h"

/* Steps the world until it is read: false if the process has ended meanwhile.
 * Findings go to the log. */
bool keyspace_read(struct world *w);

#endif
