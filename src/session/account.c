/* account.c: calls counted by row, and timed together where they are quick. */
#include "session/account.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "session/acl.h"
#include "session/instance.h"
#include "session/session.h"

enum { US_NS = 1000, MS_US = 1000 };

void account_init(struct account *a, struct instance *in)
{
    *a = (struct account){ .instance = in, .rows = &in->acl->rows };
    a->commands = mem_zalloc(a->rows->count, sizeof *a->commands);
    slowlog_init(&a->slowlog);
}

static void forget_commands(struct account *a)
{
    for (uint32_t i = 0; i < a->rows->count; i++) {
        mem_free(a->commands[i].took);
        a->commands[i] = (struct command_stats){ 0 };
    }
    a->took_bytes = 0;
}

void account_deinit(struct account *a)
{
    if (!a->instance)
        return;
    forget_commands(a);
    mem_free(a->commands);
    slowlog_deinit(&a->slowlog);
    latency_deinit(&a->latency);
}

void account_apply(struct account *a)
{
    const struct options *o = a->instance->options;

    account_settle(a);
    a->open = (struct account_run){ 0 };
    a->exact = (o->slowlog_slower_than >= 0 && o->slowlog_slower_than < ACCOUNT_EXACT_BELOW_US) ||
               o->latency_threshold > 0;
    slowlog_trim(&a->slowlog, (uint64_t)o->slowlog_max_len);
}

void account_reset(struct account *a)
{
    forget_commands(a);
    for (uint32_t i = 0; i < a->error_count; i++)
        a->errors[i].count = 0;
}

size_t account_memory(const struct account *a)
{
    return a->took_bytes + a->slowlog.bytes + a->latency.bytes;
}

const struct command_stats *account_of(const struct account *a, const struct command *row)
{
    return &a->commands[acl_rows_number(a->rows, row)];
}

static struct command_stats *stats_of(struct account *a, const struct command *row)
{
    if (a->last_row != row) {
        a->last = &a->commands[acl_rows_number(a->rows, row)];
        a->last_row = row;
    }
    return a->last;
}

static uint64_t now_us(const struct account *a)
{
    return clock_mono_us(a->instance->env->clock);
}

/* `n` calls took `ns` together. */
static void note(struct account *a, const struct command *row, uint64_t n, uint64_t ns)
{
    struct command_stats *s = stats_of(a, row);

    s->calls += n;
    s->ns += ns;
    a->instance->stats.commands += n;
    if (!a->instance->options->latency_tracking)
        return;
    if (!s->took) {
        s->took = mem_zalloc(1, sizeof *s->took);
        a->took_bytes += sizeof *s->took;
    }
    durations_add(s->took, ns / n, n);
}

void account_took(struct account *a, enum latency_event event, uint64_t us)
{
    uint64_t threshold = (uint64_t)a->instance->options->latency_threshold;

    if (threshold && us / MS_US >= threshold)
        latency_add(&a->latency, event, node_now_us(a->instance->node), us);
}

/* A call that was timed alone. */
static void note_slow(struct account *a, const struct call *c, uint64_t us)
{
    const struct options *o = a->instance->options;

    account_took(a, c->row->flags & CMD_FAST ? LATENCY_FAST_COMMAND : LATENCY_COMMAND, us);
    if (o->slowlog_slower_than >= 0 && us >= (uint64_t)o->slowlog_slower_than &&
        o->slowlog_max_len > 0 && !(c->row->flags & CMD_SKIP_SLOWLOG))
        slowlog_add(&a->slowlog, c, node_now_us(a->instance->node), us,
                    (uint64_t)o->slowlog_max_len);
}

void account_begin_batch(struct account *a)
{
    a->since_us = now_us(a);
    a->fresh = true;
}

/* Makes the open run one of `runs`. */
static void shut_open(struct account *a)
{
    uint32_t i = 0;

    if (!a->open.calls)
        return;
    while (i < a->run_count && a->runs[i].row != a->open.row)
        i++;
    if (i == ACCOUNT_RUNS) {
        account_settle_runs(a);
        return;
    }
    if (i == a->run_count)
        a->runs[a->run_count++] = (struct account_run){ .row = a->open.row };
    a->runs[i].calls += a->open.calls;
    a->run_calls += a->open.calls;
    a->open.calls = 0;
}

/* All that ran took `us`. */
static void divide(struct account *a, uint64_t us)
{
    uint64_t n = a->open.calls + a->run_calls;

    if (a->open.calls)
        note(a, a->open.row, a->open.calls, us * US_NS * a->open.calls / n);
    for (uint32_t i = 0; i < a->run_count; i++)
        note(a, a->runs[i].row, a->runs[i].calls, us * US_NS * a->runs[i].calls / n);
    a->open.calls = 0;
    a->run_count = 0;
    a->run_calls = 0;
    a->cmd_us += us;
}

/* Since it was asked last. */
static uint64_t lap(struct account *a)
{
    uint64_t before = a->since_us;

    a->since_us = now_us(a);
    return a->since_us - before;
}

void account_settle_runs(struct account *a)
{
    divide(a, lap(a));
}

static bool is_quick(const struct command *row)
{
    const char *name = command_full_name(row);

    /* APPEND copies what was there, however much. */
    return ((row->flags & CMD_FAST) && strcmp(name, "append") != 0) || strcmp(name, "set") == 0;
}

bool account_is_alone(const struct account *a, const struct command *row, uint32_t argc)
{
    return a->exact || argc > ACCOUNT_QUICK_ARGS || !is_quick(row);
}

void account_open(struct account *a, const struct call *c)
{
    a->alone = account_is_alone(a, c->row, c->argc);
    if (a->alone) {
        account_settle(a);
        a->open = (struct account_run){ 0 };
    } else {
        shut_open(a);
        a->open.row = c->row;
    }
}

static void count_failed(struct account *a, const struct command *row, const char *code, uint64_t n)
{
    stats_of(a, row)->failed++;
    account_error(a, code, n);
}

/* The calls within EXEC count for themselves.  What none of those timed alone took is
 * divided among the others. */
static void note_queued(struct account *a, const struct call *exec, uint64_t us)
{
    const struct multi *m = exec->session->multi;
    uint64_t quick = 0, alone_us = 0;
    struct call c;
    uint8_t db;

    for (uint32_t i = 0; i < m->count; i++) {
        quick += multi_ran(exec->session, exec, i, &c, &db) && !m->calls[i]->alone;
        alone_us += m->calls[i]->ran_us;
    }
    us = us > alone_us ? us - alone_us : 0;
    quick = quick ? quick : 1;
    for (uint32_t i = 0; i < m->count; i++) {
        const struct queued *q = m->calls[i];

        if (q->error)
            a->errors[q->error - 1].count++;
        if (!multi_ran(exec->session, exec, i, &c, &db))
            continue;
        note(a, q->row, 1, q->alone ? (uint64_t)q->ran_us * US_NS : us * US_NS / quick);
        stats_of(a, q->row)->failed += q->failed;
        if (q->alone)
            note_slow(a, &c, q->ran_us);
    }
}

static void note_alone(struct account *a, const struct call *c, uint64_t us)
{
    a->cmd_us += us;
    note(a, c->row, 1, us * US_NS);
    note_slow(a, c, us);
    if (multi_is_exec(c->row) && c->session->multi && c->session->multi->whole)
        note_queued(a, c, us);
}

static uint32_t add_us(uint32_t ran, uint64_t us)
{
    return us > UINT32_MAX - ran ? UINT32_MAX : ran + (uint32_t)us;
}

static void note_failed(struct account *a, const struct call *c, uint64_t errors)
{
    if (errors == 0)
        return;
    if (multi_is_exec(c->row) && c->session->multi && c->session->multi->whole)
        a->instance->stats.errors += errors; /* those of its calls: note_queued() */
    else
        count_failed(a, c->row, c->reply->error_code, errors);
}

void account_close(struct account *a, struct call *c, enum call_end end, uint64_t errors)
{
    bool alone = a->alone;

    a->alone = false;
    if (end != CALL_DONE) {
        if (alone) /* a quick one has found out what it lacks, no more */
            c->ran_us = add_us(c->ran_us, lap(a));
        return;
    }
    if (alone)
        note_alone(a, c, lap(a));
    else
        a->open.calls++;
    note_failed(a, c, errors);
}

enum call_end account_run_again(struct account *a, struct node *node, struct call *c,
                                struct fetch *f)
{
    uint64_t began = now_us(a), errors = c->reply->errors;
    enum call_end end = node_run_again(node, c, f);

    c->ran_us = add_us(c->ran_us, now_us(a) - began);
    if (end == CALL_DONE) {
        note_alone(a, c, c->ran_us);
        note_failed(a, c, c->reply->errors - errors);
    }
    return end;
}

void account_gave_up(struct account *a, const struct call *c, uint64_t errors)
{
    note_alone(a, c, c->ran_us);
    note_failed(a, c, errors);
}

void account_rejected(struct account *a, const struct call *c, uint64_t errors)
{
    if (errors == 0)
        return; /* it was queued by MULTI */
    account_error(a, c->reply->error_code, errors);
    if (c->row && (c->row->run || c->argc == 1)) /* else there is no such subcommand */
        stats_of(a, c->row)->rejected++;
}

unsigned account_code(struct account *a, const char *code)
{
    uint32_t i = 0;

    assert(strlen(code) < ACCOUNT_CODE);
    while (i < a->error_count && strcmp(a->errors[i].code, code) != 0)
        i++;
    if (i == ACCOUNT_CODES)
        return 0;
    if (i == a->error_count) {
        memcpy(a->errors[i].code, code, strlen(code) + 1);
        a->error_count++;
    }
    return i + 1;
}

void account_error(struct account *a, const char *code, uint64_t n)
{
    unsigned number = account_code(a, code);

    a->instance->stats.errors += n;
    if (number)
        a->errors[number - 1].count += n;
}
