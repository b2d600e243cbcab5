/* director.h: one seed's history: lives of the server under faults, each ended
 * somehow, then a last one in peace, and the checkers' judgement. */
#ifndef HENGE_SIM_DIRECTOR_H
#define HENGE_SIM_DIRECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/world.h"

/* Plays the seed to its end or the first finding, which the world's log has. */
void director_play(struct world *w);

#endif
