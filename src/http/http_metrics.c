/* http_metrics.c: the table of metrics in Prometheus's text format, version 0.0.4: names
 * end with their unit, seconds and bytes, and counters with _total. */
#include <inttypes.h>
#include <string.h>

#include "http/http_state.h"
#include "session/metrics.h"

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

/* As the table has it, but for its unit's short forms. */
static void print_name(const struct metric *row, bool counter, struct buf *out)
{
    static const struct {
        const char *unit, *cut, *put;
    } units[] = {
        { "us", "_usec", "_seconds" },
        { "seconds", "_seconds", "_seconds" },
        { "bytes", "_bytes", "_bytes" },
        { "percent", "_perc", "_percent" },
    };
    size_t n = strlen(row->name);
    const char *unit = "";

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(row->unit, units[i].unit) != 0)
            continue;
        n -= ends_with(row->name, units[i].cut) ? strlen(units[i].cut) : 0;
        unit = units[i].put;
    }
    buf_printf(out, "henge_%.*s%s%s", (int)n, row->name, unit,
               counter && !ends_with(row->name, "_total") ? "_total" : "");
}

static void print_value(const struct metrics *m, const struct metric *row, struct buf *out)
{
    const void *at = (const char *)m + row->offset;

    if (row->kind == METRIC_RATIO)
        buf_printf(out, "%.2f", *(const double *)at);
    else if (strcmp(row->unit, "us") == 0)
        buf_printf(out, "%" PRIu64 ".%06" PRIu64, *(const uint64_t *)at / HTTP_SECOND_US,
                   *(const uint64_t *)at % HTTP_SECOND_US);
    else
        metrics_print(m, row, out);
}

static void print_number(const struct metrics *m, const struct metric *row, struct buf *out)
{
    bool counter = row->kind == METRIC_COUNTER || row->kind == METRIC_CPU;

    buf_append(out, slice_str("# TYPE "));
    print_name(row, counter, out);
    buf_append(out, slice_str(counter ? " counter\n" : " gauge\n"));
    print_name(row, counter, out);
    buf_append_byte(out, ' ');
    print_value(m, row, out);
    buf_append_byte(out, '\n');
}

/* A text is a label of a metric that is 1. */
static void print_text(const struct metrics *m, const struct metric *row, struct buf *out)
{
    struct buf value = { 0 };

    metrics_print(m, row, &value);
    buf_printf(out, "henge_info{name=\"%s\",value=\"", row->name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            buf_append_byte(out, '\\');
        buf_append_byte(out, value.data[i]);
    }
    buf_append(out, slice_str("\"} 1\n"));
    buf_deinit(&value);
}

static void print_databases(struct instance *in, struct buf *out)
{
    const struct lsm *lsm = node_lsm(in->node);

    if (lsm_state(lsm) == LSM_LOADING || lsm_state(lsm) == LSM_FAILED)
        return;
    for (int expiring = 0; expiring < 2; expiring++) {
        const char *name = expiring ? "henge_db_keys_expiring" : "henge_db_keys";

        buf_printf(out, "# TYPE %s gauge\n", name);
        for (unsigned db = 0; db < (unsigned)in->options->databases; db++)
            buf_printf(out, "%s{db=\"%u\"} %" PRIu64 "\n", name, db,
                       expiring ? lsm_count_expiring(lsm, (uint8_t)db)
                                : lsm_count(lsm, (uint8_t)db));
    }
}

typedef uint64_t (*command_number)(const struct command_stats *s);

static uint64_t calls_of(const struct command_stats *s)
{
    return s->calls;
}

static uint64_t rejected_of(const struct command_stats *s)
{
    return s->rejected;
}

static uint64_t failed_of(const struct command_stats *s)
{
    return s->failed;
}

static uint64_t us_of(const struct command_stats *s)
{
    return s->ns / 1000;
}

/* A number of each command that was used, subcommands included. */
static void print_commands(const struct instance *in, const char *name, command_number number,
                           struct buf *out)
{
    buf_printf(out, "# TYPE %s counter\n", name);
    for (size_t i = 0; i < command_count(in->commands); i++) {
        const struct command *row = command_at(in->commands, i), *sub = row->subs;

        for (; row; row = sub && sub->name ? sub++ : NULL) {
            const struct command_stats *s = account_of(&in->account, row);
            uint64_t n = number(s);

            if (s->calls + s->rejected == 0)
                continue;
            buf_printf(out, "%s{cmd=\"%s\"} ", name, command_full_name(row));
            if (number == us_of)
                buf_printf(out, "%" PRIu64 ".%06" PRIu64 "\n", n / HTTP_SECOND_US,
                           n % HTTP_SECOND_US);
            else
                buf_printf(out, "%" PRIu64 "\n", n);
        }
    }
}

static void print_errors(const struct instance *in, struct buf *out)
{
    buf_append(out, slice_str("# TYPE henge_errors_total counter\n"));
    for (uint32_t i = 0; i < in->account.error_count; i++) {
        const struct error_count *e = &in->account.errors[i];

        if (e->count)
            buf_printf(out, "henge_errors_total{code=\"%s\"} %" PRIu64 "\n", e->code, e->count);
    }
}

void http_print_metrics(struct instance *in, struct buf *out)
{
    struct metrics m;

    metrics_take(in, &m);
    buf_append(out, slice_str("# TYPE henge_info gauge\n"));
    for (const struct metric *row = metrics_table(); row->name; row++) {
        if (row->kind == METRIC_TEXT)
            print_text(&m, row, out);
    }
    for (const struct metric *row = metrics_table(); row->name; row++) {
        bool shown = row->kind != METRIC_TEXT && row->kind != METRIC_HUMAN; /* which repeats */

        if (shown && !metrics_absent(row))
            print_number(&m, row, out);
    }
    print_databases(in, out);
    print_commands(in, "henge_commands_calls_total", calls_of, out);
    print_commands(in, "henge_commands_seconds_total", us_of, out);
    print_commands(in, "henge_commands_rejected_total", rejected_of, out);
    print_commands(in, "henge_commands_failed_total", failed_of, out);
    print_errors(in, out);
}
