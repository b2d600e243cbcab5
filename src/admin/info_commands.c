/* info_commands.c: INFO: the table of metrics as Redis prints it. */
#include "admin/admin_rows.h"
#include "admin/info_calls.h"
#include "admin/listener_info.h"
#include "base/limits.h"
#include "lsm/lsm.h"
#include "session/metrics.h"
#include "session/session.h"

/* What is printed behind the rows the table has for a section. */
typedef void (*print_more)(const struct instance *in, struct buf *out);

static const char *const info_tips[] = { "nondeterministic_output", "request_policy:all_shards",
                                         "response_policy:special", NULL };

static void print_keyspace(const struct instance *in, struct buf *out)
{
    const struct lsm *lsm = node_lsm(in->node);
    uint64_t ttl_ms[LIMIT_DATABASES];

    if (lsm_state(lsm) == LSM_LOADING || lsm_state(lsm) == LSM_FAILED)
        return;
    lsm_average_ttl(lsm, node_now_us(in->node) / 1000, ttl_ms);
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        uint64_t keys = lsm_count(lsm, (uint8_t)db);

        if (keys)
            buf_printf(out, "db%u:keys=%llu,expires=%llu,avg_ttl=%llu\r\n", db,
                       (unsigned long long)keys,
                       (unsigned long long)lsm_count_expiring(lsm, (uint8_t)db),
                       (unsigned long long)ttl_ms[db]);
    }
}

static void print_listeners(const struct instance *in, struct buf *out)
{
    listener_info(in->options, out);
}

/* In the order they are printed. */
static const struct section {
    const char *name;
    bool by_default;
    print_more more; /* NULL: nothing */
} sections[] = {
    { "Server", true, print_listeners },
    { "Clients", true, NULL },
    { "Memory", true, NULL },
    { "Persistence", true, NULL },
    { "Stats", true, NULL },
    { "Replication", true, NULL },
    { "CPU", true, NULL },
    { "Modules", true, NULL },
    { "Commandstats", false, info_commandstats },
    { "Errorstats", true, info_errorstats },
    { "Latencystats", false, info_latencystats },
    { "Storage", true, NULL },
    { "Cluster", true, NULL },
    { "Keyspace", true, print_keyspace },
};

static bool is_wanted(const struct call *c, const struct section *s)
{
    if (c->argc == 1)
        return s->by_default;
    for (uint32_t i = 1; i < c->argc; i++) {
        if (slice_is(c->argv[i], s->name) || call_arg_is(c, i, "all") ||
            call_arg_is(c, i, "everything") || (call_arg_is(c, i, "default") && s->by_default))
            return true;
    }
    return false;
}

static void print_section(const struct instance *in, const struct metrics *m,
                          const struct section *s, struct buf *out)
{
    buf_printf(out, "%s# %s\r\n", out->len ? "\r\n" : "", s->name);
    for (const struct metric *row = metrics_table(); row->name; row++) {
        if (strcmp(row->section, s->name) != 0)
            continue;
        buf_printf(out, "%s:", row->name);
        metrics_print(m, row, out);
        buf_append(out, slice_str("\r\n"));
    }
    if (s->more)
        s->more(in, out);
}

static enum call_end run_info(struct call *c)
{
    struct metrics m;

    metrics_take(c->session->instance, &m);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (is_wanted(c, &sections[i]))
            print_section(c->session->instance, &m, &sections[i], c->scratch);
    }
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

const struct command info_commands[] = {
    { .name = "info",
      .arity = -1,
      .flags = CMD_LOADING | CMD_STALE | CMD_DANGEROUS,
      .run = run_info,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .tips = info_tips,
      .syntax = "[section...]",
      .summary = "Tells how the server is and what it has done." },
    { 0 },
};
