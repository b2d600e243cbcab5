/* fuzz_arenas.h: memory for one memtable, each chunk an allocation of its own, so
 * that a sanitizer sees its end. */
#ifndef HENGE_FUZZ_ARENAS_H
#define HENGE_FUZZ_ARENAS_H

#include "env/arenas.h"

struct fuzz_arenas {
    struct arenas base;
    void *chunks[8];
    unsigned taken;
};

void fuzz_arenas_init(struct fuzz_arenas *a);

#endif
