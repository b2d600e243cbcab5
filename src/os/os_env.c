/* os_env.c: the whole real env, put together and taken apart in order. */
#include "os/os_env.h"

#include <string.h>

#include "base/mem.h"
#include "os/os.h"

struct os_env {
    struct env env;
    struct os_loop *loop;
    char os_name[256];
    void (*stop)(void *arg);
    void (*reload)(void *arg);
    void *signal_arg;
};

static void on_stop(void *arg)
{
    struct os_env *w = arg;

    w->stop(w->signal_arg);
}

static void on_reopen(void *arg)
{
    struct os_env *w = arg;
    struct trace *trace = w->env.trace;
    struct err e = os_trace_reopen(trace);

    if (err_is(e))
        trace_log(trace, TRACE_WARNING, "Cannot %s, going on with the old one: %s", e.what,
                  strerror(e.os));
    else
        trace_log(trace, TRACE_NOTICE, "Reopened the log file");
    w->reload(w->signal_arg);
}

struct err os_env_new(const struct os_env_options *options, struct os_env **out)
{
    struct os_env *w;
    struct trace *trace;
    struct err e;

    *out = NULL;
    e = os_trace_new(options->logfile, options->level, &trace);
    if (err_is(e))
        return e;
    w = mem_zalloc(1, sizeof *w);
    w->loop = os_loop_new(trace);
    w->env = (struct env){
        .clock = os_clock_new(),
        .fs = os_fs_new(w->loop),
        .net = os_net_new(w->loop, trace),
        .pool = os_pool_new(w->loop, options->pool_threads),
        .trace = trace,
        .arenas = os_arenas_new(),
        .seed = os_machine_seed(),
        .random = os_machine_random,
        .usage = os_machine_usage,
    };
    w->env.net->keepalive_s = options->keepalive_s;
    os_machine_read(options->connections, &w->env.machine, w->os_name);
    *out = w;
    return err_ok();
}

struct env *os_env_get(struct os_env *world)
{
    return &world->env;
}

struct os_loop *os_env_loop(struct os_env *world)
{
    return world->loop;
}

void os_env_signals(struct os_env *world, void (*stop)(void *arg), void (*reload)(void *arg),
                    void *arg)
{
    struct os_signals signals = { on_stop, on_reopen, world };

    world->stop = stop;
    world->reload = reload;
    world->signal_arg = arg;
    os_loop_signals(world->loop, signals);
}

void os_env_end_jobs(struct os_env *world)
{
    os_pool_free(world->env.pool);
    world->env.pool = NULL;
}

void os_env_free(struct os_env *world)
{
    if (!world)
        return;
    os_env_end_jobs(world);
    os_arenas_free(world->env.arenas);
    os_net_free(world->env.net);
    os_fs_free(world->env.fs);
    os_clock_free(world->env.clock);
    os_loop_free(world->loop);
    os_trace_free(world->env.trace);
    mem_free(world);
}
