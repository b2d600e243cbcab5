/* latency_graph.h: samples as a drawing of characters, for LATENCY GRAPH. */
#ifndef HENGE_ADMIN_LATENCY_GRAPH_H
#define HENGE_ADMIN_LATENCY_GRAPH_H

#include <stdint.h>

#include "base/buf.h"
#include "session/latency.h"

/* Appends a headline and the drawing of `s`, which has a sample at least; ages are seen
 * from `now_s`. */
void latency_graph(const struct latency_series *s, const char *name, uint64_t now_s,
                   struct buf *out);

#endif
