/* sim_self.h: the simulator's own promises, tried before it judges anybody. */
#ifndef HENGE_SIM_SELF_H
#define HENGE_SIM_SELF_H

#include <stdint.h>

/* Prints what does not hold; adds to the two numbers. */
void sim_self(uint64_t *passed, uint64_t *failed);

#endif
