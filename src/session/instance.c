/* instance.c: the memory bound, and options taking effect. */
#include "session/instance.h"

#include "session/acl.h"
#include "session/memory.h"
#include "session/session.h"

uint64_t instance_held_memory(const struct instance *in)
{
    const struct lsm_stats *lsm = lsm_stats(node_lsm(in->node));

    return lsm->memtable_bytes + arenas_idle(in->env->arenas) + lsm->index_bytes +
           lsm->buffer_bytes + in->blocks.used_bytes + in->session_count * INSTANCE_SESSION_BYTES +
           in->waiting * INSTANCE_WAITING_BYTES + in->incoming_bytes + in->queued_bytes +
           lsm->upload_bytes + lsm->heat_bytes + in->acl->users.bytes;
}

uint64_t instance_used_memory(const struct instance *in)
{
    return instance_held_memory(in) + lsm_stats(node_lsm(in->node))->cache_bytes;
}

void instance_apply_options(struct instance *in)
{
    const struct options *o = in->options;

    in->memory_max = memory_bound(o, in->env);
    in->env->net->keepalive_s = (int)o->tcp_keepalive;
    in->acl->all_channels = o->acl_pubsub_default != 0;
    acl_log_trim(&in->acl->log, (uint64_t)o->acllog_max_len);
    in->env->trace->level = (enum trace_level)o->loglevel;
    lsm_set_room(node_lsm(in->node), (uint64_t)o->maxdisk, (enum heat_policy)o->maxmemory_policy,
                 (size_t)memory_heat(o, in->env));
    lsm_set_sync(node_lsm(in->node), (enum lsm_sync)o->appendfsync);
}

uint64_t instance_last_save_s(const struct instance *in)
{
    uint64_t good = lsm_save(node_lsm(in->node))->good_wall_s;
    return good ? good : in->started_wall_us / 1000000;
}
