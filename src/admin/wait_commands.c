/* wait_commands.c: WAIT, WAITAOF: until what this connection has written is safe.
 *
 * There are no replicas yet: WAIT for some takes its whole timeout and answers 0.  WAITAOF
 * knows the disk: a write counts when the log is synced past it. */
#include "admin/admin_rows.h"

#include "admin/timeout.h"
#include "base/num.h"
#include "session/session.h"

/* It may wait, or wait on. */
static bool may_block(const struct call *c)
{
    return c->block.woken != CALL_TIMED_OUT && !c->block.never;
}

static enum call_end run_wait(struct call *c)
{
    int64_t replicas;
    uint64_t timeout_us;

    if (!call_get_i64(c, 1, &replicas) || !timeout_parse(c, 2, &timeout_us))
        return CALL_DONE;
    if (replicas > 0 && may_block(c)) {
        c->block.timeout_us = timeout_us;
        return CALL_BLOCK;
    }
    reply_int(c->reply, 0);
    return CALL_DONE;
}

/* False: replied. */
static bool parse_local(struct call *c, int64_t *local)
{
    if (!call_get_i64(c, 1, local))
        return false;
    if (*local == 0 || *local == 1)
        return true;
    call_error(c, "value is out of range, value must between 0 and 1");
    return false;
}

/* Whatever is no such number has the same error, as in Redis. */
static bool parse_replicas(struct call *c, int64_t *replicas)
{
    if (num_get_i64(c->argv[2], replicas) && *replicas >= 0)
        return true;
    call_error(c, "value is out of range, must be positive");
    return false;
}

/* Where the log must be synced to; under `no` nobody else would ask for that. */
static uint64_t target_of(const struct call *c, struct lsm *lsm)
{
    uint64_t end = lsm_end(lsm), to = c->session->written_to;

    if (to > end) /* it was undone, and the log has gone back */
        to = end;
    if (c->session->instance->options->appendfsync == LSM_SYNC_NO && to > lsm_synced(lsm))
        lsm_want_sync(lsm, to);
    return to;
}

static enum call_end run_waitaof(struct call *c)
{
    struct lsm *lsm = node_lsm(c->session->instance->node);
    int64_t local, replicas;
    uint64_t timeout_us, to;
    bool synced;

    if (!parse_local(c, &local) || !parse_replicas(c, &replicas) ||
        !timeout_parse(c, 3, &timeout_us))
        return CALL_DONE;
    to = target_of(c, lsm);
    synced = lsm_synced(lsm) >= to;
    if ((replicas > 0 || (local && !synced)) && may_block(c)) {
        c->block.timeout_us = timeout_us;
        c->block.synced = synced ? 0 : to;
        return CALL_BLOCK;
    }
    reply_array(c->reply, 2);
    reply_int(c->reply, synced);
    reply_int(c->reply, 0);
    return CALL_DONE;
}

static const char *const wait_tips[] = { "request_policy:all_shards", "response_policy:agg_min",
                                         NULL };

const struct command wait_commands[] = {
    { .name = "wait",
      .arity = 3,
      .flags = CMD_NOSCRIPT | CMD_CONNECTION,
      .run = run_wait,
      .group = "generic",
      .since = "3.0.0",
      .complexity = "O(1)",
      .tips = wait_tips,
      .syntax = "numreplicas:integer timeout:integer",
      .summary = "Waits until so many replicas have this connection's writes; there are none." },
    { .name = "waitaof",
      .arity = 4,
      .flags = CMD_NOSCRIPT | CMD_CONNECTION,
      .run = run_waitaof,
      .group = "generic",
      .since = "7.2.0",
      .complexity = "O(1)",
      .tips = wait_tips,
      .syntax = "numlocal:integer numreplicas:integer timeout:integer",
      .summary = "Waits until this connection's writes are synced to disk." },
    { 0 },
};
