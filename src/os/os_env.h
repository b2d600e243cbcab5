/* os_env.h: the whole real env, on one loop. */
#ifndef HENGE_OS_OS_ENV_H
#define HENGE_OS_OS_ENV_H

#include <stdint.h>

#include "base/err.h"
#include "env/env.h"
#include "os/os_loop.h"

struct os_env_options {
    const char *logfile; /* "" for standard output; borrowed during os_env_new() only */
    enum trace_level level;
    unsigned pool_threads;
    uint64_t connections; /* the limit of open files is raised to hold that many */
    int keepalive_s;      /* as struct net's */
};

struct os_env;

/* Fails only if the log file cannot be opened; *out is NULL then. */
struct err os_env_new(const struct os_env_options *options, struct os_env **out);

/* What a server gets; as long as `world` lives. */
struct env *os_env_get(struct os_env *world);
struct os_loop *os_env_loop(struct os_env *world);

/* Gives the process's signals to its loop: the first SIGTERM or SIGINT calls
 * `stop` between turns, a second one exits at once, SIGHUP reopens the log file and
 * calls `reload`. */
void os_env_signals(struct os_env *world, void (*stop)(void *arg), void (*reload)(void *arg),
                    void *arg);

/* Ends the pool, as os_pool_free(): to be called before a server is freed that
 * may have jobs under way. */
void os_env_end_jobs(struct os_env *world);

/* Accepts NULL. */
void os_env_free(struct os_env *world);

#endif
