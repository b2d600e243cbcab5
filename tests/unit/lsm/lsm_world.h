/* lsm_world.h: a store in a world of its own: files in memory, a clock that stands
 * still, jobs that run when they are told to. */
#ifndef HENGE_UNIT_LSM_WORLD_H
#define HENGE_UNIT_LSM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "env/env.h"
#include "lsm/lsm.h"
#include "memory_fs.h"

struct plain_arenas {
    struct arenas base;
    void *chunks[8];
    bool taken[8];
    size_t idle; /* as a real one would count it */
};

void plain_arenas_init(struct plain_arenas *a);
/* Asserts that nothing is left. */
void plain_arenas_deinit(struct plain_arenas *a);

struct lsm_world {
    struct memory_fs fs;
    struct plain_arenas arenas;
    struct pool pool;
    struct clock clock;
    struct trace trace;
    struct env env;
    struct job *jobs; /* submitted, oldest first */
    struct job *ran;  /* run, not done */
    uint64_t now_us;
    struct lsm_options options;
    struct lsm *lsm;
    uint64_t stamp;
    unsigned acks;
    unsigned failures;
    unsigned states;
    unsigned warnings;
    unsigned fetches;
    bool fetched;
    struct err fetch_err; /* of the last fetch */
};

void lsm_world_init(struct lsm_world *w);
void lsm_world_deinit(struct lsm_world *w);

/* Begins the store and runs jobs until it is loaded; the state. */
enum lsm_state lsm_world_open(struct lsm_world *w);

/* Ends it: in order, by a kill, by a power loss. */
void lsm_world_close(struct lsm_world *w);
void lsm_world_kill(struct lsm_world *w);
void lsm_world_power_loss(struct lsm_world *w, struct prng *prng);

/* Runs one job; false if there is none. */
bool lsm_world_step(struct lsm_world *w);
/* Only its run(): the next lsm_world_step() calls done(). */
bool lsm_world_half_step(struct lsm_world *w);
/* All jobs, and those they start. */
void lsm_world_settle(struct lsm_world *w);
/* Lets time pass to the next deadline, and ticks. */
void lsm_world_tick(struct lsm_world *w);

/* Puts `key` = `value` (NULL: a tombstone) in db 0, without a commit. */
void lsm_world_put(struct lsm_world *w, const char *key, const char *value);
/* A value of `size` bytes of `fill`. */
void lsm_world_put_size(struct lsm_world *w, const char *key, size_t size, int fill);
/* The newest cell of a key with its value, tombstones included, fetched if need be;
 * good until the next step.  False also after an error: `fetch_err`. */
bool lsm_world_find(struct lsm_world *w, const struct cell_key *key, struct cell *out);
/* The value, or NULL: valid until the next call. */
const char *lsm_world_get(struct lsm_world *w, const char *key);

#endif
