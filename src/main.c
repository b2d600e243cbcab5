/* main.c: henge-server: reads the configuration, builds the real env, starts one
 * server and runs the loop until the server has stopped. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "env/env.h"
#include "http/http.h"
#include "os/os.h"
#include "os/os_config.h"
#include "os/os_env.h"
#include "server/server.h"
#include "session/instance.h"
#include "session/options.h"
#include "tool/tool.h"

struct process {
    struct os_env *world;
    struct server *server;
    struct http *http; /* NULL for none */
};

static int print_help(void)
{
    struct buf text = { 0 };
    struct buf tools = { 0 };

    options_help(&text);
    tool_help(&tools);
    printf("Usage: henge-server [FILE] [--name value ...]\n\n"
           "Starts a Henge server. FILE has a directive a line, as henge.conf; options on the\n"
           "command line override it. SIGTERM stops the server, SIGHUP reopens its log file and\n"
           "reads its certificates again.\n\n"
           "  henge-server\n"
           "  henge-server /etc/henge.conf --port 7000 --appendfsync always\n\n"
           "Looks at a store that no server uses, and changes nothing:\n%.*s\n"
           "Options and their defaults:\n%.*s\n"
           "  --help                             this text\n"
           "  --version                          the version\n",
           (int)tools.len, (const char *)tools.data, (int)text.len, (const char *)text.data);
    buf_deinit(&text);
    buf_deinit(&tools);
    return 0;
}

static int print_version(void)
{
    printf("Henge server v=%s (speaks as Redis %s)\n", HENGE_VERSION, HENGE_REDIS_VERSION);
    return 0;
}

static bool read_config(struct options *o, const char *path, struct buf *notes)
{
    struct buf text = { 0 };
    struct buf why = { 0 };
    struct err e = os_config_read(path, &text);
    bool ok = false;

    if (err_is(e)) {
        fprintf(stderr,
                "henge-server: cannot read the configuration file '%s': %s\n"
                "Give the path of a file such as henge.conf, or none at all.\n",
                path, strerror(e.os));
    } else if (!options_parse(o, buf_slice(&text), &why)) {
        fprintf(stderr, "henge-server: %s: %.*s\n", path, (int)why.len, (const char *)why.data);
    } else {
        buf_append(notes, buf_slice(&why));
        options_set_file(o, path);
        ok = true;
    }
    buf_deinit(&text);
    buf_deinit(&why);
    return ok;
}

/* What the parser says about its one line, without the number. */
static struct slice without_number(const struct buf *why)
{
    struct slice s = buf_slice(why);
    size_t skip = strlen("line 1: ");

    if (s.len > skip && memcmp(s.data, "line 1: ", skip) == 0)
        s = slice_of(s.data + skip, s.len - skip);
    return s;
}

/* Each is a directive as in a file, and what is wrong with it is said alike. */
static bool read_arguments(struct options *o, int argc, char **argv, int first, struct buf *notes)
{
    struct buf line = { 0 };
    struct buf why = { 0 };
    bool ok = true;

    for (int i = first; ok && i < argc;) {
        if (os_config_argument(argc, argv, &i, &line)) {
            ok = options_parse(o, buf_slice(&line), &why);
        } else {
            buf_printf(&why, "'%s' is no option; they are written --name value", argv[i]);
            ok = false;
        }
        if (ok)
            buf_append(notes, without_number(&why));
    }
    if (!ok)
        fprintf(stderr, "henge-server: %.*s\nTry 'henge-server --help'.\n",
                (int)without_number(&why).len, (const char *)without_number(&why).data);
    buf_deinit(&line);
    buf_deinit(&why);
    return ok;
}

static void log_notes(struct trace *trace, const struct buf *notes)
{
    for (size_t at = 0; at < notes->len;) {
        const uint8_t *end = memchr(notes->data + at, '\n', notes->len - at);
        size_t len = end ? (size_t)(end - notes->data) - at : notes->len - at;

        trace_log(trace, TRACE_WARNING, "Configuration: %.*s", (int)len, notes->data + at);
        at += len + 1;
    }
}

/* Sockets that are no clients of RESP, or not yet. */
static uint64_t other_sockets(const struct options *o)
{
    uint64_t handshakes = o->tls_port ? LIMIT_TLS_HANDSHAKES : 0;

    return handshakes + (o->http_port > 0 ? (uint64_t)o->http_maxclients : 0);
}

/* Fewer clients than configured are better than clients that cannot be accepted. */
static void fit_descriptors(struct options *o, const struct env *env)
{
    uint64_t has = env->machine.descriptors_max;
    uint64_t wanted = (uint64_t)o->maxclients;
    uint64_t others = OS_DESCRIPTORS_RESERVED + other_sockets(o);
    uint64_t needed = wanted + others;

    if (has >= needed)
        return;
    o->maxclients = has > others ? (int64_t)(has - others) : 1;
    trace_log(env->trace, TRACE_WARNING,
              "The system allows %llu open files: maxclients is %lld instead of %llu; raise "
              "'ulimit -n' (LimitNOFILE of a service) to %llu",
              (unsigned long long)has, (long long)o->maxclients, (unsigned long long)wanted,
              (unsigned long long)needed);
}

static void on_stop(void *arg)
{
    server_stop(((struct process *)arg)->server);
}

static void on_reload(void *arg)
{
    server_reload(((struct process *)arg)->server);
}

static uint64_t on_turn(void *arg)
{
    struct process *p = arg;
    uint64_t deadline = server_turn(p->server);
    enum server_state state = server_state(p->server);

    if (state == SERVER_STOPPED || state == SERVER_FAILED)
        os_loop_end(os_env_loop(p->world));
    return deadline;
}

/* False: the log says why. */
static bool open_doors(struct options *o, struct env *env, struct process *p)
{
    char detail[256];
    struct err e = server_new(env, o, &p->server, detail);

    if (!err_is(e) && o->http_port > 0)
        e = http_new(server_instance(p->server), &p->http, detail);
    if (p->http)
        server_attach(p->server, http_door(p->http));
    if (!err_is(e))
        return true;
    trace_log(env->trace, TRACE_WARNING, "Cannot start: %s%s%s", detail, e.os ? ": " : "",
              e.os ? strerror(e.os) : "");
    if (*o->logfile)
        fprintf(stderr, "henge-server: cannot start: %s\n", detail);
    return false;
}

static void close_doors(struct process *p)
{
    os_env_end_jobs(p->world);
    http_free(p->http);
    server_free(p->server);
}

static int serve(struct options *o, struct process *p)
{
    struct env *env = os_env_get(p->world);
    struct os_loop *loop = os_env_loop(p->world);
    int status;

    trace_log(env->trace, TRACE_NOTICE, "Henge %s, pid %llu, data in '%s'", HENGE_VERSION,
              (unsigned long long)env->machine.process_id, o->dir);
    fit_descriptors(o, env);
    if (!open_doors(o, env, p)) {
        close_doors(p);
        return 1;
    }
    os_env_signals(p->world, on_stop, on_reload, p);
    os_loop_run(loop, on_turn, p);
    status = server_state(p->server) == SERVER_STOPPED ? 0 : 1;
    close_doors(p);
    trace_log(env->trace, TRACE_NOTICE, status ? "Stopped: the data could not be loaded" : "Bye");
    return status;
}

static int start(struct options *o, const struct buf *notes)
{
    struct os_env_options env_options = {
        .logfile = o->logfile,
        .level = (enum trace_level)o->loglevel,
        .pool_threads = (unsigned)o->pool_threads,
        .connections = (uint64_t)o->maxclients + other_sockets(o),
        .keepalive_s = (int)o->tcp_keepalive,
    };
    struct process p = { 0 };
    struct err e = os_env_new(&env_options, &p.world);
    int status;

    if (err_is(e)) {
        fprintf(stderr,
                "henge-server: cannot %s '%s': %s\n"
                "Make its folder, or choose another file with --logfile.\n",
                e.what, o->logfile, strerror(e.os));
        return 1;
    }
    log_notes(os_env_get(p.world)->trace, notes);
    status = serve(o, &p);
    os_env_free(p.world);
    return status;
}

static bool is_one_of(const char *arg, const char *a, const char *b)
{
    return strcmp(arg, a) == 0 || strcmp(arg, b) == 0;
}

/* --- tools */

/* How far a long run is, where somebody is watching. */
struct progress {
    struct clock *clock;
    uint64_t next_us;
    bool shown;
};

enum { PROGRESS_US = 1000 * 1000 };

static void clear_progress(struct progress *p)
{
    if (p->shown)
        fprintf(stderr, "\r%*s\r", 60, "");
    p->shown = false;
}

static void tool_out(void *owner, struct slice text)
{
    clear_progress(owner);
    printf("%.*s\n", (int)text.len, (const char *)text.data);
}

static void tool_err(void *owner, struct slice text)
{
    clear_progress(owner);
    fprintf(stderr, "henge-server: %.*s\n", (int)text.len, (const char *)text.data);
}

static void tool_progress(void *owner, uint64_t done, uint64_t total)
{
    struct progress *p = owner;
    uint64_t now = clock_mono_us(p->clock);

    if (p->next_us == 0)
        p->next_us = now + PROGRESS_US;
    if (now < p->next_us || !isatty(STDERR_FILENO))
        return;
    p->next_us = now + PROGRESS_US;
    p->shown = true;
    fprintf(stderr, "\r%3u %% of %llu MB", (unsigned)(total ? done * 100 / total : 0),
            (unsigned long long)(total >> 20));
}

static int run_tool(const struct tool_args *args)
{
    struct progress progress = { .clock = os_clock_new() };
    struct tool tool = { .fs = os_fs_new(NULL),
                         .arenas = os_arenas_new(),
                         .owner = &progress,
                         .line = tool_out,
                         .complain = tool_err,
                         .progress = tool_progress };
    enum tool_status status = tool_run(&tool, args);

    clear_progress(&progress);
    if (fflush(stdout) != 0)
        status = TOOL_FAILED;
    os_arenas_free(tool.arenas);
    os_fs_free(tool.fs);
    os_clock_free(progress.clock);
    return (int)status;
}

int main(int argc, char **argv)
{
    struct tool_args tool;
    struct options options;
    struct buf notes = { 0 };
    bool has_file = argc > 1 && argv[1][0] != '-';
    int status = 1;

    if (argc > 1 && is_one_of(argv[1], "--help", "-h"))
        return print_help();
    if (argc > 1 && is_one_of(argv[1], "--version", "-v"))
        return print_version();
    if (!tool_args_read(argc, argv, &tool, &notes)) {
        fprintf(stderr, "henge-server: %.*s\n", (int)notes.len, (const char *)notes.data);
        buf_deinit(&notes);
        return TOOL_FAILED;
    }
    if (tool.kind != TOOL_NONE)
        return run_tool(&tool);
    options_init(&options);
    if ((!has_file || read_config(&options, argv[1], &notes)) &&
        read_arguments(&options, argc, argv, has_file ? 2 : 1, &notes))
        status = start(&options, &notes);
    buf_deinit(&notes);
    options_deinit(&options);
    return status;
}
