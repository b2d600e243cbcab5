/* pubsub_commands.c: SUBSCRIBE and its kin, PUBLISH, SPUBLISH. */
#include "admin/admin_rows.h"

#include "base/limits.h"
#include "session/session.h"

enum { MEMORY_SHARE = 16 }; /* of maxmemory, subscriptions may take one */

/* Replied for each name; NULL stands for none. */
static void confirm(struct call *c, const char *what, const struct slice *name,
                    enum pubsub_kind kind)
{
    const uint32_t *n = c->session->subscribed;

    reply_push(c->reply, 3);
    reply_bulk_str(c->reply, what);
    if (name)
        reply_bulk(c->reply, *name);
    else
        reply_null(c->reply);
    reply_int(c->reply,
              kind == PUBSUB_SHARD ? n[kind] : (int64_t)n[PUBSUB_CHANNEL] + n[PUBSUB_PATTERN]);
}

/* The names are not too long, and there is memory for them.  False: replied. */
static bool names_fit(struct call *c, enum pubsub_kind kind)
{
    const struct instance *in = c->session->instance;
    size_t bytes = 0;

    for (uint32_t i = 1; i < c->argc; i++) {
        bytes += c->argv[i].len;
        if (kind == PUBSUB_PATTERN && !call_pattern_fits(c, c->argv[i]))
            return false;
        if (c->argv[i].len > LIMIT_CHANNEL) {
            reply_errorf(c->reply, "ERR", "channel is longer than %d bytes", LIMIT_CHANNEL);
            return false;
        }
    }
    if (in->pubsub.bytes + pubsub_cost(c->argc - 1, bytes) <= in->memory_max / MEMORY_SHARE)
        return true;
    reply_error(c->reply, "OOM", "command not allowed when used memory > 'maxmemory'.");
    return false;
}

static enum call_end subscribe(struct call *c, enum pubsub_kind kind)
{
    if (!names_fit(c, kind))
        return CALL_DONE;
    for (uint32_t i = 1; i < c->argc; i++) {
        pubsub_subscribe(c->session, kind, c->argv[i]);
        confirm(c, c->row->name, &c->argv[i], kind);
    }
    return CALL_DONE;
}

static enum call_end unsubscribe(struct call *c, enum pubsub_kind kind)
{
    struct subscription *sub = pubsub_first(c->session, kind), *next;

    for (uint32_t i = 1; i < c->argc; i++) {
        pubsub_unsubscribe(c->session, kind, c->argv[i]);
        confirm(c, c->row->name, &c->argv[i], kind);
    }
    if (c->argc > 1)
        return CALL_DONE;
    if (!sub)
        confirm(c, c->row->name, NULL, kind);
    for (; sub; sub = next) {
        struct slice name;

        next = pubsub_next(sub);
        c->scratch->len = 0; /* the topic may end with the subscription */
        buf_append(c->scratch, slice_of(sub->topic->name, sub->topic->len));
        name = buf_slice(c->scratch);
        pubsub_unsubscribe(c->session, kind, name);
        confirm(c, c->row->name, &name, kind);
    }
    return CALL_DONE;
}

static enum call_end run_subscribe(struct call *c)
{
    return subscribe(c, PUBSUB_CHANNEL);
}

static enum call_end run_psubscribe(struct call *c)
{
    return subscribe(c, PUBSUB_PATTERN);
}

static enum call_end run_ssubscribe(struct call *c)
{
    return subscribe(c, PUBSUB_SHARD);
}

static enum call_end run_unsubscribe(struct call *c)
{
    return unsubscribe(c, PUBSUB_CHANNEL);
}

static enum call_end run_punsubscribe(struct call *c)
{
    return unsubscribe(c, PUBSUB_PATTERN);
}

static enum call_end run_sunsubscribe(struct call *c)
{
    return unsubscribe(c, PUBSUB_SHARD);
}

/* The message leaves behind the reply, and behind what the call itself has written. */
static enum call_end publish(struct call *c, enum pubsub_kind kind)
{
    size_t receivers = pubsub_receivers(&c->session->instance->pubsub, kind, c->argv[1]);

    if (receivers && c->events)
        events_note(c->events, kind == PUBSUB_SHARD ? NOTE_SHARD_MESSAGE : NOTE_MESSAGE, 0,
                    c->argv[1], c->argv[2]);
    reply_int(c->reply, (int64_t)receivers);
    return CALL_DONE;
}

static enum call_end run_publish(struct call *c)
{
    return publish(c, PUBSUB_CHANNEL);
}

static enum call_end run_spublish(struct call *c)
{
    return publish(c, PUBSUB_SHARD);
}

enum {
    LISTEN = CMD_PUBSUB | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE,
    SAY = CMD_PUBSUB | CMD_LOADING | CMD_STALE | CMD_FAST,
};

const struct command pubsub_commands[] = {
    { .name = "subscribe",
      .arity = -2,
      .flags = LISTEN,
      .run = run_subscribe,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity = "O(N) for N channels",
      .syntax = "channel...",
      .summary = "Listens to channels." },
    { .name = "unsubscribe",
      .arity = -1,
      .flags = LISTEN,
      .run = run_unsubscribe,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity = "O(N) for N channels",
      .syntax = "[channel...]",
      .summary = "Listens to channels, or all of them, no more." },
    { .name = "psubscribe",
      .arity = -2,
      .flags = LISTEN,
      .run = run_psubscribe,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity = "O(N) for N patterns",
      .syntax = "pattern:pattern...",
      .summary = "Listens to all channels whose names match patterns." },
    { .name = "punsubscribe",
      .arity = -1,
      .flags = LISTEN,
      .run = run_punsubscribe,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity = "O(N) for N patterns",
      .syntax = "[pattern:pattern...]",
      .summary = "Listens to patterns, or all of them, no more." },
    { .name = "ssubscribe",
      .arity = -2,
      .not_keys = { 1, -1, 1 },
      .key_flags = "not_key",
      .flags = LISTEN,
      .run = run_ssubscribe,
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N) for N shard channels",
      .syntax = "shardchannel...",
      .summary = "Listens to shard channels." },
    { .name = "sunsubscribe",
      .arity = -1,
      .not_keys = { 1, -1, 1 },
      .key_flags = "not_key",
      .flags = LISTEN,
      .run = run_sunsubscribe,
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N) for N shard channels",
      .syntax = "[shardchannel...]",
      .summary = "Listens to shard channels, or all of them, no more." },
    { .name = "publish",
      .arity = 3,
      .flags = SAY,
      .run = run_publish,
      .group = "pubsub",
      .since = "2.0.0",
      .complexity = "O(N+M) for N subscribers of the channel and M patterns",
      .syntax = "channel message",
      .summary = "Sends a message to who listens to a channel." },
    { .name = "spublish",
      .arity = 3,
      .not_keys = { 1, 1, 1 },
      .key_flags = "not_key",
      .flags = SAY,
      .run = run_spublish,
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N) for N subscribers",
      .syntax = "shardchannel message",
      .summary = "Sends a message to who listens to a shard channel." },
    { 0 },
};
