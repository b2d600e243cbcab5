/* sim_arenas.h: arenas of plain chunks that know what was not given back. */
#ifndef HENGE_SIM_ARENAS_H
#define HENGE_SIM_ARENAS_H

#include <stddef.h>
#include <stdint.h>

#include "env/arenas.h"

enum { SIM_ARENAS_MAX = 64 };

struct sim_chunk;

struct sim_arenas {
    struct arenas arenas;
    struct sim_chunk *chunks[SIM_ARENAS_MAX];
    int used[SIM_ARENAS_MAX];
    size_t bytes;
    size_t idle; /* as a real one would count it */
};

void sim_arenas_init(struct sim_arenas *a);

/* Arenas that nobody released; their memory is freed. */
unsigned sim_arenas_deinit(struct sim_arenas *a);

#endif
