/* os_loop.h: libev's loop: wait for events, then take one turn.
 *
 * Everything in os/ that has callbacks hangs on one of these.  One thread. */
#ifndef HENGE_OS_OS_LOOP_H
#define HENGE_OS_OS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "env/trace.h"

struct ev_loop;
struct os_loop;

/* A loop of its own, beside any other in the process.  Borrows `trace`. */
struct os_loop *os_loop_new(struct trace *trace);

/* Whatever hung on it must be gone.  Accepts NULL. */
void os_loop_free(struct os_loop *loop);

/* For watchers. */
struct ev_loop *os_loop_ev(struct os_loop *loop);

struct os_signals {
    void (*stop)(void *arg); /* the first SIGTERM or SIGINT; a second one exits at once, status 1 */
    void (*reopen)(void *arg); /* SIGHUP */
    void *arg;
};

/* Lets this loop have the process's signals, and ignores SIGPIPE.  The callbacks
 * come between turns.  One loop of a process may call it. */
void os_loop_signals(struct os_loop *loop, struct os_signals signals);

/* Calls `turn`, waits for events and serves them, and so on until os_loop_end().
 * `turn` returns when it wants to be called again at the latest, in mono_us: 0
 * for at once, UINT64_MAX for never; it may be called earlier. */
void os_loop_run(struct os_loop *loop, uint64_t (*turn)(void *arg), void *arg);

/* Makes os_loop_run() return after the turn or callback it is in. */
void os_loop_end(struct os_loop *loop);

/* True on the thread that is in os_loop_run(); from any thread. */
bool os_loop_inside(const struct os_loop *loop);

#endif
