/* measure.c: clocks around the parts of a turn.
 *
 * The commit is timed only while the latency monitor is on: there is one each turn. */
#include "server/measure.h"

#include "server/server_state.h"

enum { SLOW_TURN_US = 10 * 1000 };

static uint64_t now_us(const struct server *s)
{
    return clock_mono_us(s->instance.env->clock);
}

void measure_tick(struct server *s, uint64_t mono_us)
{
    uint64_t began = now_us(s), took;

    node_tick(s->instance.node, mono_us);
    took = now_us(s) - began;
    s->instance.stats.expire_us += took;
    account_took(&s->instance.account, LATENCY_EXPIRE, took);
}

void measure_commit(struct server *s)
{
    bool monitored = s->instance.options->latency_threshold > 0;
    uint64_t began = monitored ? now_us(s) : 0;

    node_commit(s->instance.node);
    if (monitored)
        account_took(&s->instance.account, LATENCY_LOG_WRITE, now_us(s) - began);
}

/* Syncs are looked at while the latency monitor is on. */
static void look_at_syncs(struct server *s)
{
    const struct lsm_stats *lsm;

    if (s->instance.options->latency_threshold == 0)
        return;
    lsm = lsm_stats(node_lsm(s->instance.node));
    if (lsm->syncs == s->syncs_seen)
        return;
    s->syncs_seen = lsm->syncs;
    account_took(&s->instance.account, LATENCY_LOG_SYNC, lsm->sync_us_last);
}

static void stall_ended(struct server *s)
{
    uint64_t took = s->instance.turn_mono_us - s->stalled_since;

    s->instance.stats.stalls++;
    s->instance.stats.stall_us += took;
    account_took(&s->instance.account, LATENCY_WRITE_STALL, took);
    s->stalled_since = 0;
}

void measure_waits(struct server *s)
{
    bool stalls = s->stalling > 0;

    if (stalls && !s->stalled_since)
        s->stalled_since = s->instance.turn_mono_us;
    else if (!stalls && s->stalled_since)
        stall_ended(s);
    look_at_syncs(s);
}

void measure_turn(struct server *s, uint64_t began_us)
{
    struct instance_stats *stats = &s->instance.stats;
    uint64_t took = now_us(s) - began_us;

    if (took > stats->turn_us_max)
        stats->turn_us_max = took;
    if (took > SLOW_TURN_US)
        stats->slow_turns++;
    stats->turn_us += took;
    account_took(&s->instance.account, LATENCY_TURN, took);
}
