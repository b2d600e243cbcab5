/* info_commands.c: INFO: the table of metrics as Redis prints it. */
#include "admin/admin_rows.h"
#include "admin/listener_info.h"
#include "base/limits.h"
#include "lsm/lsm.h"
#include "session/metrics.h"
#include "session/session.h"

/* In the order they are printed; sections without rows in the table have a
 * printer or are empty. */
static const char *const sections[] = {
    "Server", "Clients", "Memory",  "Persistence", "Stats",    "Replication",
    "CPU",    "Modules", "Storage", "Cluster",     "Keyspace", NULL,
};

static const char *const info_tips[] = { "nondeterministic_output", "request_policy:all_shards",
                                         "response_policy:special", NULL };

static bool is_wanted(const struct call *c, const char *section)
{
    if (c->argc == 1)
        return true;
    for (uint32_t i = 1; i < c->argc; i++) {
        if (slice_is(c->argv[i], section) || call_arg_is(c, i, "default") ||
            call_arg_is(c, i, "all") || call_arg_is(c, i, "everything"))
            return true;
    }
    return false;
}

static void print_keyspace(const struct lsm *lsm, struct buf *out)
{
    if (lsm_state(lsm) == LSM_LOADING || lsm_state(lsm) == LSM_FAILED)
        return;
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        uint64_t keys = lsm_count(lsm, (uint8_t)db);

        if (keys)
            buf_printf(out, "db%u:keys=%llu,expires=%llu,avg_ttl=0\r\n", db,
                       (unsigned long long)keys,
                       (unsigned long long)lsm_count_expiring(lsm, (uint8_t)db));
    }
}

static enum call_end run_info(struct call *c)
{
    struct instance *in = c->session->instance;
    struct buf *out = c->scratch;
    struct metrics m;

    metrics_take(in, &m);
    for (int i = 0; sections[i]; i++) {
        if (!is_wanted(c, sections[i]))
            continue;
        buf_printf(out, "%s# %s\r\n", out->len ? "\r\n" : "", sections[i]);
        for (const struct metric *row = metrics_table(); row->name; row++) {
            if (strcmp(row->section, sections[i]) != 0)
                continue;
            buf_printf(out, "%s:", row->name);
            metrics_print(&m, row, out);
            buf_append(out, slice_str("\r\n"));
        }
        if (strcmp(sections[i], "Server") == 0)
            listener_info(in->options, out);
        if (strcmp(sections[i], "Keyspace") == 0)
            print_keyspace(node_lsm(in->node), out);
    }
    reply_verbatim(c->reply, "txt", buf_slice(out));
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
