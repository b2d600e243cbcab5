/* os_loop.c: libev's loop: wait for events, then take one turn.
 *
 * libev's own callbacks only collect (ready connections, finished jobs); what
 * they mean is decided in the turn that follows. */
#include "os/os_loop.h"

#include <assert.h>
#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { SLOW_TURN_US = 100 * 1000 }; /* a debug build reports longer turns */

struct os_loop {
    struct ev_loop *ev;
    struct trace *trace;
    ev_timer timer;
    uint64_t armed_us; /* when the timer will fire, in mono_us; UINT64_MAX while it is off */
    ev_signal term;
    ev_signal interrupt;
    ev_signal hangup;
    struct os_signals signals;
    bool has_signals;
    bool stop_asked;
    bool ended;
    atomic_ulong thread; /* that is in os_loop_run(); 0 for none */
#ifdef HENGE_DEBUG
    ev_check woke;
    uint64_t woke_us; /* when the wait ended whose events this turn serves */
#endif
};

static uint64_t mono_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void on_timer(struct ev_loop *ev, ev_timer *timer, int events)
{
    struct os_loop *loop = timer->data;

    (void)ev;
    (void)events;
    loop->armed_us = UINT64_MAX; /* its work is done: the turn comes */
}

static void on_stop(struct ev_loop *ev, ev_signal *signal, int events)
{
    struct os_loop *loop = signal->data;

    (void)ev;
    (void)events;
    if (loop->stop_asked) {
        trace_log(loop->trace, TRACE_WARNING, "Asked to stop a second time, exiting at once");
        _exit(1);
    }
    loop->stop_asked = true;
    trace_log(loop->trace, TRACE_NOTICE, "Received %s, stopping",
              signal->signum == SIGINT ? "SIGINT" : "SIGTERM");
    loop->signals.stop(loop->signals.arg);
}

static void on_hangup(struct ev_loop *ev, ev_signal *signal, int events)
{
    struct os_loop *loop = signal->data;

    (void)ev;
    (void)events;
    loop->signals.reopen(loop->signals.arg);
}

#ifdef HENGE_DEBUG
static void on_woke(struct ev_loop *ev, ev_check *check, int events)
{
    struct os_loop *loop = check->data;

    (void)ev;
    (void)events;
    loop->woke_us = mono_us();
}

static void watch_turn(struct os_loop *loop)
{
    uint64_t took_us = mono_us() - loop->woke_us;

    if (took_us > SLOW_TURN_US)
        trace_log(loop->trace, TRACE_WARNING, "A turn of the loop took %llu ms",
                  (unsigned long long)(took_us / 1000));
}
#endif

/* An earlier call than asked for is harmless, so the timer is touched only when
 * it would fire too late: most turns leave it alone. */
static void arm(struct os_loop *loop, uint64_t deadline_us)
{
    uint64_t now_us;

    if (deadline_us >= loop->armed_us)
        return;
    now_us = mono_us();
    ev_now_update(loop->ev);
    ev_timer_stop(loop->ev, &loop->timer);
    ev_timer_set(&loop->timer, deadline_us > now_us ? (double)(deadline_us - now_us) / 1e6 : 0.0,
                 0.0);
    ev_timer_start(loop->ev, &loop->timer);
    loop->armed_us = deadline_us;
}

struct os_loop *os_loop_new(struct trace *trace)
{
    struct os_loop *loop = mem_zalloc(1, sizeof *loop);

    loop->ev = ev_loop_new(EVFLAG_NOENV | EVBACKEND_EPOLL);
    if (!loop->ev)
        loop->ev = ev_loop_new(EVFLAG_NOENV);
    assert(loop->ev); /* select() always works */
    loop->trace = trace;
    loop->armed_us = UINT64_MAX;
    atomic_init(&loop->thread, 0);
    ev_timer_init(&loop->timer, on_timer, 0.0, 0.0);
    loop->timer.data = loop;
#ifdef HENGE_DEBUG
    ev_check_init(&loop->woke, on_woke);
    ev_set_priority(&loop->woke, EV_MAXPRI);
    loop->woke.data = loop;
    ev_check_start(loop->ev, &loop->woke);
#endif
    ev_ref(loop->ev); /* it waits also while nothing is watched */
    return loop;
}

void os_loop_free(struct os_loop *loop)
{
    if (!loop)
        return;
    assert(atomic_load(&loop->thread) == 0);
    ev_unref(loop->ev);
    ev_timer_stop(loop->ev, &loop->timer);
    if (loop->has_signals) {
        ev_signal_stop(loop->ev, &loop->term);
        ev_signal_stop(loop->ev, &loop->interrupt);
        ev_signal_stop(loop->ev, &loop->hangup);
    }
#ifdef HENGE_DEBUG
    ev_check_stop(loop->ev, &loop->woke);
#endif
    ev_loop_destroy(loop->ev);
    mem_free(loop);
}

struct ev_loop *os_loop_ev(struct os_loop *loop)
{
    return loop->ev;
}

void os_loop_signals(struct os_loop *loop, struct os_signals signals)
{
    assert(!loop->has_signals);
    loop->signals = signals;
    loop->has_signals = true;
    signal(SIGPIPE, SIG_IGN);
    ev_signal_init(&loop->term, on_stop, SIGTERM);
    ev_signal_init(&loop->interrupt, on_stop, SIGINT);
    ev_signal_init(&loop->hangup, on_hangup, SIGHUP);
    loop->term.data = loop->interrupt.data = loop->hangup.data = loop;
    ev_signal_start(loop->ev, &loop->term);
    ev_signal_start(loop->ev, &loop->interrupt);
    ev_signal_start(loop->ev, &loop->hangup);
}

void os_loop_run(struct os_loop *loop, uint64_t (*turn)(void *arg), void *arg)
{
    assert(atomic_load(&loop->thread) == 0);
    atomic_store(&loop->thread, (unsigned long)pthread_self());
    loop->ended = false;
#ifdef HENGE_DEBUG
    loop->woke_us = mono_us();
#endif
    for (;;) {
        uint64_t deadline_us = turn(arg);

#ifdef HENGE_DEBUG
        watch_turn(loop);
#endif
        if (loop->ended)
            break;
        if (deadline_us)
            arm(loop, deadline_us);
        ev_run(loop->ev, deadline_us ? EVRUN_ONCE : EVRUN_NOWAIT);
        if (loop->ended)
            break;
    }
    atomic_store(&loop->thread, 0);
}

void os_loop_end(struct os_loop *loop)
{
    loop->ended = true;
}

bool os_loop_inside(const struct os_loop *loop)
{
    return atomic_load(&loop->thread) == (unsigned long)pthread_self();
}
