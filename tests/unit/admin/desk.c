/* desk.c: one connection to a small server without sockets. */
#include "unit/admin/desk.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "admin/admin.h"
#include "cell/position.h"
#include "resp/inline_split.h"
#include "session/acl.h"
#include "session/consistency.h"

enum { ARGS = 1100 };

static void usage(struct env *env, struct env_usage *out)
{
    (void)env;
    *out = (struct env_usage){ .rss_bytes = 3 * 1024 * 1024,
                               .user_us = 1500000,
                               .system_us = 25,
                               .thread_user_us = 1400000,
                               .thread_system_us = 20 };
}

static void random_bytes(struct env *env, void *to, size_t len)
{
    uint8_t *bytes = to;

    (void)env;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i + 1);
}

static void drop_line(struct trace *trace, enum trace_level level, const char *text)
{
    (void)trace;
    (void)level;
    (void)text;
}

static uint64_t clock_us(struct clock *clock)
{
    struct desk *d = list_item(clock, struct desk, clock);

    d->clock_ahead_us += d->clock_step_us;
    return d->node.now_us + d->clock_ahead_us;
}

static size_t nothing_idle(struct arenas *arenas)
{
    (void)arenas;
    return 0;
}

static struct command_table *make_table(void)
{
    const struct command *families[64];
    size_t n = 0;

    for (size_t i = 0; admin_families[i]; i++)
        families[n++] = admin_families[i];
    for (size_t i = 0; command_data_families[i]; i++)
        families[n++] = command_data_families[i];
    cr_assert_lt(n, sizeof families / sizeof families[0]);
    return command_table_new(families, n);
}

static struct desk *desk_of(struct view *view)
{
    return list_item(view, struct desk, view.view);
}

static void put(struct view *view, const struct cell *cell)
{
    desk_of(view)->store.put(view, cell);
    watches_touch(&desk_of(view)->node.watches, &cell->key);
}

static void flush(struct view *view, uint8_t db)
{
    desk_of(view)->store.flush(view, db);
    watches_flush(&desk_of(view)->node.watches, db);
}

void desk_init(struct desk *d)
{
    struct instance *in = &d->instance;

    *d = (struct desk){ .clock = { clock_us, clock_us },
                        .trace = { .line = drop_line },
                        .arenas = { .idle = nothing_idle } };
    d->env = (struct env){
        .clock = &d->clock,
        .trace = &d->trace,
        .arenas = &d->arenas,
        .net = &d->net,
        .machine = { .memory_bytes = 8ULL << 30,
                     .descriptors_max = 20000,
                     .process_id = 4711,
                     .os_name = "Linux 6.1 x86_64" },
        .random = random_bytes,
        .usage = usage,
    };
    options_init(&d->options);
    d->node.lsm = (struct lsm){ .state = LSM_READY, .detail = "" };
    in->env = &d->env;
    in->options = &d->options;
    in->node = &d->node;
    in->commands = make_table();
    in->acl = acl_new(in->commands);
    instance_jobs_new(in);
    list_init(&in->sessions);
    list_init(&in->aside);
    pubsub_init(&in->pubsub);
    tracking_init(&in->tracking);
    list_init(&in->monitors);
    account_init(&in->account, in);
    in->next_id = 7;
    block_pool_init(&in->blocks, 8);
    snprintf(in->run_id, sizeof in->run_id, "%s", "0123456789012345678901234567890123456789");
    topology_alone(&in->topology, 1, in->run_id);
    in->port = 6379;
    instance_apply_options(in);
    session_init(&d->session, in);
    reply_init(&d->reply, &in->blocks, 2);
    fake_view_init(&d->view);
    d->store = d->view.view;
    d->view.view.put = put;
    d->view.view.flush = flush;
}

void desk_deinit(struct desk *d)
{
    reply_clear(&d->reply);
    session_deinit(&d->session);
    pubsub_deinit(&d->instance.pubsub);
    tracking_deinit(&d->instance.tracking);
    account_deinit(&d->instance.account);
    instance_jobs_free(&d->instance);
    topology_deinit(&d->instance.topology);
    acl_free(d->instance.acl);
    command_table_free(d->instance.commands);
    block_pool_deinit(&d->instance.blocks);
    options_deinit(&d->options);
    buf_deinit(&d->scratch);
    buf_deinit(&d->shown);
    fake_view_deinit(&d->view);
    watches_deinit(&d->node.watches);
}

/* The reply's bytes, with '|' for CR LF, NUL-terminated. */
static const char *show(struct desk *d)
{
    d->shown.len = 0;
    while (d->reply.bytes) {
        struct slice part;

        cr_assert_eq(reply_parts(&d->reply, d->reply.bytes, &part, 1), 1);
        for (size_t i = 0; i < part.len; i++) {
            if (part.data[i] != '\n')
                buf_append_byte(&d->shown, part.data[i] == '\r' ? '|' : part.data[i]);
        }
        reply_take(&d->reply, part.len);
    }
    buf_append_byte(&d->shown, 0);
    return (const char *)d->shown.data;
}

const char *desk_ask(struct desk *d, const char *line)
{
    return desk_ask_as(d, &d->session, line);
}

/* Until it is done. */
static void run(struct desk *d, struct session *s, struct call *c)
{
    size_t before = d->reply.bytes;
    uint64_t errors = d->reply.errors;
    enum call_end end = CALL_WANT;

    fake_view_begin(&d->view);
    account_batch(&d->instance.account);
    account_open(&d->instance.account, c);
    for (d->restarts = 0; end == CALL_WANT || end == CALL_LATER; d->restarts++) {
        cr_assert_lt(d->restarts, 1000u);
        reply_cut_to(&d->reply, before, errors);
        d->scratch.len = 0;
        end = c->row->run(c);
    }
    d->restarts--;
    if (end == CALL_BLOCK)
        reply_status(&d->reply, "blocked");
    account_close(&d->instance.account, c, end, d->reply.errors - errors);
    account_settle(&d->instance.account);
    account_stale(&d->instance.account);
    session_done(s, c);
}

const char *desk_ask_as(struct desk *d, struct session *s, const char *line)
{
    uint64_t errors = d->reply.errors;
    struct slice rest = slice_str(line), argv[ARGS];
    struct buf words[ARGS] = { 0 };
    struct call c = {
        .argv = argv, .reply = &d->reply, .scratch = &d->scratch, .view = &d->view.view
    };

    while (inline_next(&rest, &words[c.argc]) == INLINE_ARG) {
        argv[c.argc] = buf_slice(&words[c.argc]);
        c.argc++;
        cr_assert_lt(c.argc, ARGS);
    }
    d->scratch.len = 0;
    c.now_us = d->node.now_us;
    d->view.now_ms = c.now_us / 1000;
    cr_assert_gt(c.argc, 0u);
    c.row = command_find(d->instance.commands, argv[0]);
    if (c.row && (c.row->flags & CMD_PREFIX))
        consistency_unwrap(s, &c);
    if (c.row && c.row->keys.first > 0 && (uint32_t)c.row->keys.first < c.argc)
        c.position = position_of(c.argv[c.row->keys.first]);
    if (session_admit(s, &c) && !session_queues(s, &c))
        run(d, s, &c);
    else
        account_rejected(&d->instance.account, &c, d->reply.errors - errors);
    for (uint32_t i = 0; i < ARGS; i++)
        buf_deinit(&words[i]);
    return show(d);
}
