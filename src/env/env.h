/* env.h: the world a server lives in.  os/ has the real one, tests/sim one that
 * is made of a seed; nothing else knows the difference. */
#ifndef HENGE_ENV_ENV_H
#define HENGE_ENV_ENV_H

#include <stddef.h>
#include <stdint.h>

#include "env/arenas.h"
#include "env/clock.h"
#include "env/fs.h"
#include "env/net.h"
#include "env/pool.h"
#include "env/trace.h"

/* Facts about the machine, read once at start. */
struct env_machine {
    uint64_t memory_bytes;    /* of the machine or the cgroup, the smaller */
    uint64_t descriptors_max; /* open files this process may have */
    uint64_t process_id;
    const char *os_name; /* as INFO's `os` shows it */
};

/* What the process has used, and of CPU time the thread that asks. */
struct env_usage {
    uint64_t rss_bytes;
    uint64_t user_us;
    uint64_t system_us;
    uint64_t thread_user_us;
    uint64_t thread_system_us;
};

struct env {
    struct clock *clock;
    struct fs *fs;
    struct net *net;
    struct pool *pool;
    struct trace *trace;
    struct arenas *arenas;
    uint64_t seed; /* for run ids and the like; random, or the simulator's */
    struct env_machine machine;
    /* Random bytes for secrets: from the kernel, or the simulator's. */
    void (*random)(struct env *env, void *to, size_t len);
    /* For INFO; cheap. */
    void (*usage)(struct env *env, struct env_usage *out);
};

#endif
