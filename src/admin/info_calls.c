/* info_calls.c: INFO commandstats, errorstats and latencystats. */
#include "admin/info_calls.h"

#include <inttypes.h>

typedef void (*print_row)(const struct instance *in, const struct command *row,
                          const struct command_stats *s, struct buf *out);

/* Commands by name, each with its subcommands behind it. */
static void each_row(const struct instance *in, print_row print, struct buf *out)
{
    for (size_t i = 0; i < command_count(in->commands); i++) {
        const struct command *row = command_at(in->commands, i), *sub = row->subs;

        for (; row; row = sub && sub->name ? sub++ : NULL)
            print(in, row, account_of(&in->account, row), out);
    }
}

static void print_calls(const struct instance *in, const struct command *row,
                        const struct command_stats *s, struct buf *out)
{
    (void)in;
    if (s->calls + s->rejected + s->failed == 0)
        return;
    buf_printf(out,
               "cmdstat_%s:calls=%" PRIu64 ",usec=%" PRIu64 ",usec_per_call=%.2f,rejected_calls="
               "%" PRIu64 ",failed_calls=%" PRIu64 "\r\n",
               command_full_name(row), s->calls, s->ns / 1000,
               s->calls ? (double)s->ns / 1000 / (double)s->calls : 0.0, s->rejected, s->failed);
}

static void print_took(const struct instance *in, const struct command *row,
                       const struct command_stats *s, struct buf *out)
{
    const struct percents *p = &in->options->info_percents;

    if (!s->took)
        return;
    buf_printf(out, "latency_percentiles_usec_%s:", command_full_name(row));
    for (uint64_t i = 0; i < p->count; i++)
        buf_printf(out, "%sp%.8g=%.3f", i ? "," : "", p->of[i],
                   (double)durations_at(s->took, p->of[i]) / 1000);
    buf_append(out, slice_str("\r\n"));
}

void info_commandstats(const struct instance *in, struct buf *out)
{
    each_row(in, print_calls, out);
}

void info_latencystats(const struct instance *in, struct buf *out)
{
    each_row(in, print_took, out);
}

void info_errorstats(const struct instance *in, struct buf *out)
{
    for (uint32_t i = 0; i < in->account.error_count; i++) {
        const struct error_count *e = &in->account.errors[i];

        if (e->count)
            buf_printf(out, "errorstat_%s:count=%" PRIu64 "\r\n", e->code, e->count);
    }
}
