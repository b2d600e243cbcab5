/* instance.c: the memory bound, and options taking effect. */
#include "session/instance.h"

#include "session/acl.h"
#include "session/acl_file.h"
#include "session/config_file.h"
#include "session/memory.h"
#include "session/memory_job.h"
#include "session/session.h"

enum {
    WHOLE_SHARE = 4, /* of maxmemory, a value that has to be put together may take one */
    WANT_SHARE = 4,  /* of memory_reads(), a call that can be answered little by little */
};

void instance_jobs_new(struct instance *in)
{
    in->acl_file = acl_file_new(in);
    in->config_file = config_file_new(in);
    in->memory_job = memory_job_new(in);
}

void instance_jobs_free(struct instance *in)
{
    acl_file_free(in->acl_file);
    config_file_free(in->config_file);
    memory_job_free(in->memory_job);
}

uint64_t instance_held_memory(const struct instance *in)
{
    const struct lsm_stats *lsm = lsm_stats(node_lsm(in->node));

    return lsm->memtable_bytes + arenas_idle(in->env->arenas) + lsm->index_bytes +
           lsm->buffer_bytes + in->blocks.used_bytes + in->session_count * INSTANCE_SESSION_BYTES +
           in->waiting * INSTANCE_WAITING_BYTES + in->incoming_bytes + in->queued_bytes +
           in->http_bytes + lsm->upload_bytes + lsm->rewrite_bytes + lsm->heat_bytes +
           lsm->reading_bytes + lsm->cache_beyond + in->acl->users.bytes + in->pubsub.bytes +
           in->tracking.bytes + in->tracking.prefix_bytes + in->env->net->tls_stats.bytes +
           account_memory(&in->account);
}

uint64_t instance_used_memory(const struct instance *in)
{
    const struct lsm_stats *lsm = lsm_stats(node_lsm(in->node));

    return instance_held_memory(in) + lsm->cache_bytes - lsm->cache_beyond;
}

void instance_bound_memory(struct instance *in, uint64_t bytes)
{
    in->memory_max = bytes;
    in->whole_max = bytes / WHOLE_SHARE;
    in->want_max = memory_reads(bytes) / WANT_SHARE;
}

void instance_apply_options(struct instance *in)
{
    const struct options *o = in->options;

    instance_bound_memory(in, memory_bound(o, in->env));
    in->env->net->keepalive_s = (int)o->tcp_keepalive;
    in->acl->all_channels = o->acl_pubsub_default != 0;
    acl_log_trim(&in->acl->log, (uint64_t)o->acllog_max_len);
    in->env->trace->level = (enum trace_level)o->loglevel;
    lsm_set_room(node_lsm(in->node), (uint64_t)o->maxdisk, (enum heat_policy)o->maxmemory_policy,
                 (size_t)memory_heat(o, in->env));
    lsm_set_sync(node_lsm(in->node), (enum lsm_sync)o->appendfsync);
    in->levels = (struct levels){ options_level(o->default_read), options_level(o->default_write) };
    account_apply(&in->account);
    instance_listen(in);
}

uint64_t instance_last_save_s(const struct instance *in)
{
    uint64_t good = lsm_save(node_lsm(in->node))->good_wall_s;
    return good ? good : in->started_wall_us / 1000000;
}

static void keep_still(struct instance *in)
{
    node_keep_still(in->node, in->keeps_expired || (in->special & INSTANCE_PAUSED));
}

void instance_active_expire(struct instance *in, bool active)
{
    in->keeps_expired = !active;
    keep_still(in);
}

void instance_pause(struct instance *in, uint64_t us, bool all)
{
    bool paused = in->special & INSTANCE_PAUSED;
    uint64_t until = in->turn_mono_us + us;

    in->paused_all = all || (paused && in->paused_all);
    if (!paused || until > in->paused_until_us)
        in->paused_until_us = until;
    in->special |= INSTANCE_PAUSED;
    in->pausing = true;
    keep_still(in);
}

void instance_unpause(struct instance *in)
{
    in->special &= ~(unsigned)INSTANCE_PAUSED;
    keep_still(in);
}

void instance_listen(struct instance *in)
{
    unsigned wanted = (unsigned)in->options->notify_events;
    bool heard = in->pubsub.topics[PUBSUB_CHANNEL].count || in->pubsub.topics[PUBSUB_PATTERN].count;

    if (!heard || !(wanted & (EVENT_KEYSPACE | EVENT_KEYEVENT)))
        wanted = 0;
    if (in->tracking.client_count)
        wanted |= EVENT_CHANGES;
    node_listen(in->node, wanted);
}
