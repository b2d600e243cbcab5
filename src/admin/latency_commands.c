/* latency_commands.c: LATENCY: what took long, and how long commands take
 * (session/latency.h, session/account.h). */
#include "admin/admin_rows.h"

#include "admin/latency_doctor.h"
#include "admin/latency_graph.h"
#include "cmd/help.h"
#include "session/acl.h"
#include "session/session.h"

enum {
    SECOND_US = 1000 * 1000,
    /* Powers of two of nanoseconds that HISTOGRAM's lines end at: about 1 us and 1 s. */
    POWER_FIRST = 10,
    POWER_LAST = 30,
    POWER_SUB_BITS = 7, /* of Redis's histograms, whose buckets give the lines their names */
};

static struct account *account_of_call(const struct call *c)
{
    return &c->session->instance->account;
}

static enum call_end run_latest(struct call *c)
{
    const struct latency *l = &account_of_call(c)->latency;
    size_t n = 0;

    for (int i = 0; i < LATENCY_EVENTS; i++)
        n += l->of[i] != NULL;
    reply_array(c->reply, n);
    for (int i = 0; i < LATENCY_EVENTS; i++) {
        const struct latency_series *s = l->of[i];
        const struct latency_sample *last;

        if (!s)
            continue;
        last = latency_at(s, s->count - 1);
        reply_array(c->reply, 4);
        reply_bulk_str(c->reply, latency_name((enum latency_event)i));
        reply_int(c->reply, last->at_s);
        reply_int(c->reply, last->ms);
        reply_int(c->reply, s->max_ms);
    }
    return CALL_DONE;
}

static const struct latency_series *series_of(const struct call *c, enum latency_event *event)
{
    *event = latency_find(c->argv[2]);
    return *event < LATENCY_EVENTS ? account_of_call(c)->latency.of[*event] : NULL;
}

static enum call_end run_history(struct call *c)
{
    enum latency_event event;
    const struct latency_series *s = series_of(c, &event);
    uint32_t n = s ? s->count : 0;

    reply_array(c->reply, n);
    for (uint32_t i = 0; i < n; i++) {
        reply_array(c->reply, 2);
        reply_int(c->reply, latency_at(s, i)->at_s);
        reply_int(c->reply, latency_at(s, i)->ms);
    }
    return CALL_DONE;
}

static enum call_end run_graph(struct call *c)
{
    enum latency_event event;
    const struct latency_series *s = series_of(c, &event);

    if (!s) {
        reply_errorf(c->reply, "ERR", "No samples available for event '%.*s'",
                     (int)(c->argv[2].len < 128 ? c->argv[2].len : 128),
                     (const char *)c->argv[2].data);
        return CALL_DONE;
    }
    latency_graph(s, latency_name(event), c->now_us / SECOND_US, c->scratch);
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

static enum call_end run_reset(struct call *c)
{
    struct latency *l = &account_of_call(c)->latency;
    unsigned n = 0;

    for (int i = 0; i < LATENCY_EVENTS && c->argc == 2; i++)
        n += latency_forget(l, (enum latency_event)i);
    for (uint32_t i = 2; i < c->argc; i++) {
        enum latency_event event = latency_find(c->argv[i]);
        n += event < LATENCY_EVENTS ? latency_forget(l, event) : 0;
    }
    reply_int(c->reply, n);
    return CALL_DONE;
}

static enum call_end run_doctor(struct call *c)
{
    latency_doctor(c->session->instance, c->scratch);
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

/* The lines that have more in them than the one before. */
static unsigned lines_of(const struct durations *d, unsigned powers[POWER_LAST + 1])
{
    uint64_t before = 0;
    unsigned n = 0;

    for (unsigned power = POWER_FIRST; power <= POWER_LAST; power++) {
        uint64_t below = durations_below(d, power);
        if (below > before)
            powers[n++] = power;
        before = below;
    }
    return n;
}

static void reply_histogram(struct reply *r, const struct command *row,
                            const struct command_stats *s)
{
    unsigned powers[POWER_LAST + 1];
    unsigned n = lines_of(s->took, powers);

    reply_bulk_str(r, command_full_name(row));
    reply_map(r, 2);
    reply_bulk_str(r, "calls");
    reply_int(r, (int64_t)s->took->total);
    reply_bulk_str(r, "histogram_usec");
    reply_map(r, n);
    for (unsigned i = 0; i < n; i++) {
        uint64_t ns = (UINT64_C(1) << powers[i]) + (UINT64_C(1) << (powers[i] - POWER_SUB_BITS));
        reply_int(r, (int64_t)((ns - 1) / 1000));
        reply_int(r, (int64_t)durations_below(s->took, powers[i]));
    }
}

/* Of a row and its subcommands; without `r` they are only counted. */
static size_t reply_histograms(struct reply *r, const struct account *a, const struct command *row)
{
    const struct command *sub = row->subs;
    size_t n = 0;

    for (; row; row = sub && sub->name ? sub++ : NULL) {
        const struct command_stats *s = account_of(a, row);

        if (!s->took)
            continue;
        if (r)
            reply_histogram(r, row, s);
        n++;
    }
    return n;
}

/* What argv asks for, or all; a name may stand there twice, as in Redis. */
static size_t histograms(struct call *c, struct reply *r)
{
    const struct instance *in = c->session->instance;
    size_t n = 0;

    for (size_t i = 0; c->argc == 2 && i < command_count(in->commands); i++)
        n += reply_histograms(r, &in->account, command_at(in->commands, i));
    for (uint32_t i = 2; i < c->argc; i++) {
        const struct command *row = acl_rows_find(&in->acl->rows, c->argv[i], NULL);
        if (row)
            n += reply_histograms(r, &in->account, row);
    }
    return n;
}

static enum call_end run_histogram(struct call *c)
{
    reply_map(c->reply, histograms(c, NULL));
    histograms(c, c->reply);
    return CALL_DONE;
}

static enum call_end run_help(struct call *c)
{
    static const char histogram[] = "    Return a cumulative distribution of latencies in the "
                                    "format of a histogram for the specified command names.";
    static const char *const lines[] = {
        "DOCTOR",
        "    Return a human readable latency analysis report.",
        "GRAPH <event>",
        "    Return an ASCII latency graph for the <event> class.",
        "HISTORY <event>",
        "    Return time-latency samples for the <event> class.",
        "LATEST",
        "    Return the latest latency samples for all events.",
        "RESET [<event> ...]",
        "    Reset latency data of one or more <event> classes.",
        "    (default: reset all data for all event classes)",
        "HISTOGRAM [COMMAND ...]",
        histogram,
        "    If no commands are specified then all histograms are replied.",
        NULL,
    };

    return help_reply(c, "LATENCY", lines);
}

static const char *const varies[] = { "nondeterministic_output", "request_policy:all_nodes",
                                      "response_policy:special", NULL };
static const char *const reset_tips[] = { "request_policy:all_nodes",
                                          "response_policy:all_succeeded", NULL };

enum { PLAIN = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE };

#define SUB(word, n, args, function, version, work, text)                                          \
    {                                                                                              \
        .name = word, .full = "latency|" word, .arity = (n), .flags = PLAIN, .run = (function),    \
        .group = "server", .since = (version), .complexity = (work), .tips = varies,               \
        .syntax = (args), .summary = (text)                                                        \
    }

static const struct command subs[] = {
    SUB("doctor", 2, NULL, run_doctor, "2.8.13", "O(1)",
        "Tells in sentences what took long, and why."),
    SUB("graph", 3, "event", run_graph, "2.8.13", "O(1)", "Draws how long something took."),
    { .name = "help",
      .full = "latency|help",
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .run = run_help,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(1)",
      .summary = "Tells what LATENCY can do." },
    SUB("histogram", -2, "[command...]", run_histogram, "7.0.0", "O(N) of N commands",
        "Shows how many calls of a command took how long."),
    SUB("history", 3, "event", run_history, "2.8.13", "O(1)",
        "Shows when something took how long."),
    SUB("latest", 2, NULL, run_latest, "2.8.13", "O(1)",
        "Shows what took long last, of each kind."),
    { .name = "reset",
      .full = "latency|reset",
      .arity = -2,
      .flags = PLAIN,
      .run = run_reset,
      .group = "server",
      .since = "2.8.13",
      .complexity = "O(1)",
      .tips = reset_tips,
      .syntax = "[event...]",
      .summary = "Forgets what took long." },
    { 0 },
};

const struct command latency_commands[] = {
    { .name = "latency",
      .arity = -2,
      .group = "server",
      .since = "2.8.13",
      .complexity = "Depends on the subcommand",
      .summary = "Commands about what takes long.",
      .subs = subs },
    { 0 },
};
