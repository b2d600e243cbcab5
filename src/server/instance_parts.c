/* instance_parts.c: what a server's instance is made of, but for its store. */
#include <assert.h>
#include <stdio.h>

#include "admin/admin.h"
#include "server/server_state.h"
#include "session/acl.h"
#include "session/acl_file.h"

enum {
    FREE_BLOCKS = 256, /* 4 MiB kept warm */
    FAMILIES_MAX = 64,
};

static void make_run_id(struct instance *in)
{
    for (int i = 0; i < 40; i++)
        in->run_id[i] = "0123456789abcdef"[prng_below(&in->prng, 16)];
    in->run_id[40] = '\0';
}

void instance_begin(struct instance *in, struct env *env, struct options *options)
{
    in->env = env;
    in->options = options;
    pubsub_init(&in->pubsub);
    tracking_init(&in->tracking);
    list_init(&in->monitors);
    in->next_id = 1;
    block_pool_init(&in->blocks, FREE_BLOCKS);
    prng_init(&in->prng, env->seed);
    make_run_id(in);
    in->started_mono_us = clock_mono_us(env->clock);
    in->started_wall_us = clock_wall_us(env->clock);
    in->turn_mono_us = in->started_mono_us;
}

static struct command_table *make_commands(void)
{
    const struct command *families[FAMILIES_MAX];
    size_t n = 0;

    for (const struct command *const *f = command_data_families; *f; f++)
        families[n++] = *f;
    for (const struct command *const *f = admin_families; *f; f++)
        families[n++] = *f;
    assert(n < FAMILIES_MAX);
    return command_table_new(families, n);
}

bool instance_prepare(struct instance *in, char detail[256])
{
    struct buf why = { 0 };
    bool ok;

    in->door = &connection_door;
    list_init(&in->sessions);
    list_init(&in->aside);
    in->commands = make_commands();
    in->acl = acl_new(in->commands);
    instance_jobs_new(in);
    ok = acl_start(in, &why);
    if (!ok && why.len > 200) /* the rest would be cut off below */
        trace_log(in->env->trace, TRACE_WARNING, "Users: %.*s", (int)why.len,
                  (const char *)why.data);
    if (!ok)
        snprintf(detail, 256, "users: %.*s", (int)why.len, (const char *)why.data);
    buf_deinit(&why);
    return ok;
}

void instance_end(struct instance *in)
{
    account_deinit(&in->account);
    instance_jobs_free(in);
    acl_free(in->acl);
    command_table_free(in->commands);
}
