/* saves.h: checkpoints at random moments, and whether the last of them is a store. */
#ifndef HENGE_SIM_SAVES_H
#define HENGE_SIM_SAVES_H

#include "base/prng.h"
#include "sim/world.h"

/* Begins one now and then. */
void saves_perhaps(struct world *w, struct prng *prng);

/* The server is down, and everything was judged: starts it on the newest checkpoint, if
 * there is one, and reads every key. */
void saves_check(struct world *w);

#endif
