/* zipf.h: a trace of keys of which few are asked for often. */
#ifndef HENGE_UNIT_ZIPF_H
#define HENGE_UNIT_ZIPF_H

#include "base/prng.h"

struct zipf;

/* Of 0 .. keys - 1; the first is the most frequent.  End with mem_free(). */
struct zipf *zipf_new(unsigned keys, double skew);
unsigned zipf_next(const struct zipf *z, struct prng *prng);

#endif
