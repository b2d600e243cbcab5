/* memory_commands.c: MEMORY: what a key takes, and what the process has. */
#include "admin/admin_rows.h"
#include "admin/memory_stats.h"
#include "base/num.h"
#include "cmd/help.h"
#include "session/memory_job.h"
#include "session/session.h"

/* SAMPLES is for values of many parts, which there are none of.  False: replied. */
static bool parse_samples(struct call *c)
{
    int64_t samples;

    for (uint32_t i = 3; i < c->argc; i += 2) {
        if (!call_arg_is(c, i, "samples") || i + 1 == c->argc) {
            call_syntax_error(c);
            return false;
        }
        if (!call_get_i64(c, i + 1, &samples))
            return false;
        if (samples < 0) {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

/* The cell with its value, in memory or on disk, and its share of indexes and filters. */
static enum call_end run_usage(struct call *c)
{
    struct cell head;
    uint64_t bytes;
    bool found;

    if (!parse_samples(c))
        return CALL_DONE;
    if (!want_head(c, 2, &found, &head))
        return c->end;
    if (!found) {
        reply_null(c->reply);
        return CALL_DONE;
    }
    bytes = cell_size(&head) + memory_index_share(c->session->instance);
    if (head.flags & (CELL_BLOB | CELL_PARTS))
        bytes += cell_value_length(&head);
    reply_int(c->reply, (int64_t)bytes);
    return CALL_DONE;
}

static enum call_end run_stats(struct call *c)
{
    memory_reply_stats(c);
    return CALL_DONE;
}

static enum call_end run_doctor(struct call *c)
{
    memory_print_doctor(c->session->instance, c->scratch);
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

static enum call_end run_purge(struct call *c)
{
    struct memory_job *m = c->session->instance->memory_job;

    if (awaited_free(&m->turn, c))
        memory_job_purge(m, c);
    if (!awaited_over(&m->turn, c))
        return CALL_SAVE;
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_malloc_stats(struct call *c)
{
    struct memory_job *m = c->session->instance->memory_job;

    if (awaited_free(&m->turn, c))
        memory_job_report(m, c);
    if (!awaited_over(&m->turn, c))
        return CALL_SAVE;
    if (m->text.len)
        reply_verbatim(c->reply, "txt", buf_slice(&m->text));
    else
        reply_bulk_str(c->reply, "Stats not supported for the current allocator");
    return CALL_DONE;
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "DOCTOR",
        "    What about memory is not as it should be.",
        "MALLOC-STATS",
        "    The allocator's own report.",
        "PURGE",
        "    Give memory that is kept for later back to the system.",
        "STATS",
        "    What the process has memory for.",
        "USAGE <key> [SAMPLES <count>]",
        "    Bytes a key and its value take, in memory or on disk.",
        NULL,
    };

    return help_reply(c, "MEMORY", lines);
}

static const char *const varies[] = { "nondeterministic_output", "request_policy:all_shards",
                                      "response_policy:special", NULL };
static const char *const purge_tips[] = { "request_policy:all_shards",
                                          "response_policy:all_succeeded", NULL };

static const struct command subs[] = {
    { .name = "doctor",
      .full = "memory|doctor",
      .arity = 2,
      .run = run_doctor,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(1)",
      .tips = varies,
      .summary = "Tells what about memory is not as it should be." },
    { .name = "help",
      .full = "memory|help",
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .run = run_help,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(1)",
      .summary = "Tells what MEMORY can do." },
    { .name = "malloc-stats",
      .full = "memory|malloc-stats",
      .arity = 2,
      .flags = CMD_NO_MULTI,
      .run = run_malloc_stats,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(N) of N arenas, in the background",
      .tips = varies,
      .summary = "Returns the allocator's own report." },
    { .name = "purge",
      .full = "memory|purge",
      .arity = 2,
      .flags = CMD_NO_MULTI,
      .run = run_purge,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(N) of N pages that are kept, in the background",
      .tips = purge_tips,
      .summary = "Gives memory that is kept for later back to the system." },
    { .name = "stats",
      .full = "memory|stats",
      .arity = 2,
      .run = run_stats,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(1)",
      .tips = varies,
      .summary = "Tells what the process has memory for." },
    { .name = "usage",
      .full = "memory|usage",
      .arity = -3,
      .keys = { 2, 2, 1 },
      .flags = CMD_READONLY | CMD_NO_TOUCH,
      .run = run_usage,
      .group = "server",
      .since = "4.0.0",
      .complexity = "O(1)",
      .key_flags = "RO",
      .syntax = "key [SAMPLES count:integer]",
      .summary = "Tells how many bytes a key and its value take." },
    { 0 },
};

const struct command memory_commands[] = {
    { .name = "memory",
      .arity = -2,
      .group = "server",
      .since = "4.0.0",
      .complexity = "Depends on the subcommand",
      .summary = "Commands about memory.",
      .subs = subs },
    { 0 },
};
