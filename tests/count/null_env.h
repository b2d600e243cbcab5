/* null_env.h: a world that costs next to nothing: a disk that forgets, one
 * connection in memory, a pool that runs jobs when told, a clock that is set. */
#ifndef COUNT_NULL_ENV_H
#define COUNT_NULL_ENV_H

#include <stddef.h>

#include "base/slice.h"
#include "env/env.h"

struct null_env;

struct null_env *null_env_new(void);
void null_env_free(struct null_env *world);
struct env *null_env_env(struct null_env *world);

/* Runs every job that was submitted, and those that these submit. */
void null_env_run_jobs(struct null_env *world);

/* The client: connects to whoever listens; gives bytes, of which `in` must stay
 * until they have been read; asks how many came back since it last asked. */
void null_env_connect(struct null_env *world);
void null_env_give(struct null_env *world, struct slice in);
size_t null_env_left(const struct null_env *world);
size_t null_env_took(struct null_env *world);

void null_env_advance(struct null_env *world, uint64_t us);

#endif
