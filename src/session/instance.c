/* instance.c: the memory bound, and options taking effect. */
#include "session/instance.h"

#include "session/memory.h"
#include "session/session.h"

enum { SPARE_SHARE = 4 };

uint64_t instance_used_memory(const struct instance *in)
{
    const struct lsm_stats *lsm = lsm_stats(node_lsm(in->node));
    uint64_t spare = in->memory_max / SPARE_SHARE;

    /* What deleted keys left is room for new ones of like sizes.  Of unlike sizes it
     * is not, so only so much of it counts: the process stays near its bound. */
    if (spare > lsm->memtable_spare)
        spare = lsm->memtable_spare;
    return lsm->memtable_bytes - spare + lsm->buffer_bytes + in->blocks.used_bytes +
           in->session_count * INSTANCE_SESSION_BYTES + in->waiting * INSTANCE_WAITING_BYTES;
}

void instance_apply_options(struct instance *in)
{
    const struct options *o = in->options;

    in->memory_max = memory_bound(o, in->env);
    in->env->net->keepalive_s = (int)o->tcp_keepalive;
    in->env->trace->level = (enum trace_level)o->loglevel;
    lsm_set_sync(node_lsm(in->node), (enum lsm_sync)o->appendfsync);
}
