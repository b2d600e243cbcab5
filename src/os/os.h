/* os.h: the real world, piece by piece: what env/ promises, made of Linux.
 *
 * Each function makes one interface of env/; os_env.h makes them all. */
#ifndef HENGE_OS_OS_H
#define HENGE_OS_OS_H

#include <stdint.h>

#include "base/err.h"
#include "env/env.h"
#include "os/os_loop.h"

struct clock *os_clock_new(void);
void os_clock_free(struct clock *clock);

/* Lines go to the file `path`, which is created or appended to, or to standard
 * output if it is empty.  Usable from any thread. */
struct err os_trace_new(const char *path, enum trace_level level, struct trace **out);
void os_trace_free(struct trace *trace);

/* Opens the file anew, after somebody moved it away.  On failure the old one
 * stays in use. */
struct err os_trace_reopen(struct trace *trace);

/* Files.  In debug builds every call but fs_write_now() and fs_read_now()
 * asserts that it is not made inside `loop`, which may be NULL. */
struct fs *os_fs_new(const struct os_loop *loop);
void os_fs_free(struct fs *fs);

/* Sockets on `loop`.  Borrows both. */
struct net *os_net_new(struct os_loop *loop, struct trace *trace);

/* Every listener and connection must be closed. */
void os_net_free(struct net *net);

/* `threads` workers for JOB_READ and JOB_SOON, and two more: one for JOB_LOG
 * alone, so that a log job begins at once however long the others take (the
 * workers help it), and one of a lower priority for JOB_FLUSH and JOB_LATER, which
 * run one at a time and delay nobody else.  Completions come on `loop`. */
struct pool *os_pool_new(struct os_loop *loop, unsigned threads);

/* Runs what was submitted to its end and joins the threads; what was not
 * announced by done() yet never will be, and the jobs are the submitter's again.
 * Accepts NULL. */
void os_pool_free(struct pool *pool);

/* A fixed number of arenas, made now.  Usable from any thread. */
struct arenas *os_arenas_new(void);

/* Ends what was not released, too. */
void os_arenas_free(struct arenas *arenas);

/* How many can be acquired at a time. */
enum { OS_ARENAS_MAX = 16 };

/* Reads the facts about the machine into *out, and raises the limit of open
 * files to what `connections` of them need, as far as the system lets it.
 * `os_name` (room for 256) gets the text that out->os_name borrows. */
void os_machine_read(uint64_t connections, struct env_machine *out, char os_name[256]);

/* The smallest memory limit that cgroups put on the process whose
 * /proc/self/cgroup reads `groups`, with the cgroup file systems below `root`
 * ("/sys/fs/cgroup"); UINT64_MAX if there is none. */
uint64_t os_machine_cgroup_limit(const char *groups, const char *root);

/* Open files a process needs besides its connections. */
enum { OS_DESCRIPTORS_RESERVED = 128 };

/* 64 random bits from the kernel. */
uint64_t os_machine_seed(void);

/* As env.h's random. */
void os_machine_random(struct env *env, void *to, size_t len);

/* As env.h's usage. */
void os_machine_usage(struct env *env, struct env_usage *out);

#endif
