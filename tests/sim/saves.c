/* saves.c: what a power loss left of a checkpoint is whole, or not called one. */
#include "sim/saves.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "node/node.h"
#include "server/server_state.h"
#include "sim/keyspace.h"

enum { LOAD_US = 60 * 1000 * 1000 };

void saves_perhaps(struct world *w, struct prng *prng)
{
    if (w->server && w->state == SERVER_SERVING && prng_one_in(prng, 20) &&
        lsm_save_begin(node_lsm(w->server->instance.node), 1 + (unsigned)prng_below(prng, 2)))
        sim_log_line(&w->log, "director: a checkpoint begins");
}

static bool newest(const struct world *w, char path[2 * SIM_NAME])
{
    const struct sim_inode *dir = sim_disk_find(w->disk, "/data/checkpoints");
    const char *last = "";

    for (size_t i = 0; dir && i < dir->names.count; i++) {
        const char *name = dir->names.items[i].name;
        if (strncmp(name, "checkpoint-", 11) == 0 && strcmp(name, last) > 0)
            last = name;
    }
    snprintf(path, 2 * SIM_NAME, "/data/checkpoints/%s", last);
    return last[0] != '\0';
}

void saves_check(struct world *w)
{
    char path[2 * SIM_NAME];
    uint64_t errors = w->counts.n[COUNT_READ_ERROR];

    if (!newest(w, path))
        return;
    sim_log_line(&w->log, "director: starts on %s", path);
    mem_free(w->options.dir);
    w->options.dir = mem_strdup(path);
    world_boot(w);
    if (!world_await(w, SERVER_SERVING, LOAD_US)) {
        if (!w->log.failed)
            sim_log_fail(&w->log, "checkpoint", "it is no store that starts");
        return;
    }
    keyspace_read(w);
    if (!w->log.failed && node_stats(w->server->instance.node)->fetch_errors)
        sim_log_fail(&w->log, "checkpoint", "it lacks a value");
    if (!w->log.failed && w->counts.n[COUNT_READ_ERROR] == errors)
        w->counts.n[COUNT_SAVE]++;
    world_end(w, END_KILL, false);
}
