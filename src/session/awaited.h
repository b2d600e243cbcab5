/* awaited.h: a job that a call begins and that is over before the call answers (CALL_SAVE):
 * one at a time, and who comes meanwhile waits for his turn.
 *
 *     if (awaited_free(a, c)) {
 *         inputs ...;
 *         awaited_begin(a, c);
 *     }
 *     if (!awaited_over(a, c))
 *         return CALL_SAVE;
 *     outputs ...;
 */
#ifndef HENGE_SESSION_AWAITED_H
#define HENGE_SESSION_AWAITED_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd/call.h"
#include "env/pool.h"
#include "session/instance.h"

/* A member of the struct that has the inputs and outputs; the job's done() calls
 * awaited_end(). */
struct awaited {
    struct job job;
    struct instance *instance;
    bool busy;
    uint64_t begun; /* numbers them */
};

static inline void awaited_init(struct awaited *a, struct instance *in,
                                void (*run)(struct job *job), void (*done)(struct job *job))
{
    *a = (struct awaited){ .instance = in };
    a->job = (struct job){ .run = run, .done = done, .priority = JOB_SOON };
}

/* The call has not had its turn, and nobody else has his. */
static inline bool awaited_free(const struct awaited *a, const struct call *c)
{
    return !c->save && !a->busy;
}

static inline void awaited_begin(struct awaited *a, struct call *c)
{
    assert(!a->busy);
    a->busy = true;
    c->save = ++a->begun;
    pool_submit(a->instance->env->pool, &a->job);
}

/* The call's own is over; until another begins, its outputs are there. */
static inline bool awaited_over(const struct awaited *a, const struct call *c)
{
    return c->save && !(a->busy && a->begun == c->save);
}

static inline void awaited_end(struct awaited *a)
{
    a->busy = false;
    a->instance->door->saved(a->instance);
}

#endif
