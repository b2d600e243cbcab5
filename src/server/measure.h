/* measure.h: how long the parts of a turn take, for INFO and LATENCY. */
#ifndef HENGE_SERVER_MEASURE_H
#define HENGE_SERVER_MEASURE_H

#include <stdint.h>

struct server;

/* What the node does when it is due, and at the end of a turn; timed. */
void measure_tick(struct server *s, uint64_t mono_us);
void measure_commit(struct server *s);

/* Writes wait, or wait no more; syncs have ended.  Once a turn. */
void measure_waits(struct server *s);

/* The turn that began then ends. */
void measure_turn(struct server *s, uint64_t began_us);

#endif
