/* pubsub_about.c: PUBSUB: which channels somebody listens to, and how many do. */
#include "admin/admin_rows.h"

#include "cmd/help.h"
#include "session/session.h"

static bool wanted(const struct call *c, const struct topic *t)
{
    return c->argc == 2 || slice_glob(c->argv[2], slice_of(t->name, t->len), false);
}

static enum call_end list_topics(struct call *c, enum pubsub_kind kind)
{
    const struct list *all = &c->session->instance->pubsub.all[kind];
    size_t n = 0;

    if (c->argc > 3)
        return help_wrong_arguments(c, "PUBSUB");
    if (c->argc == 3 && !call_pattern_fits(c, c->argv[2]))
        return CALL_DONE;
    list_for_each (at, all)
        n += wanted(c, list_item(at, struct topic, all));
    reply_array(c->reply, n);
    list_for_each (at, all) {
        const struct topic *t = list_item(at, struct topic, all);
        if (wanted(c, t))
            reply_bulk(c->reply, slice_of(t->name, t->len));
    }
    return CALL_DONE;
}

static enum call_end count_subscribers(struct call *c, enum pubsub_kind kind)
{
    reply_array(c->reply, 2 * (size_t)(c->argc - 2));
    for (uint32_t i = 2; i < c->argc; i++) {
        const struct topic *t = pubsub_find(&c->session->instance->pubsub, kind, c->argv[i]);
        reply_bulk(c->reply, c->argv[i]);
        reply_int(c->reply, t ? (int64_t)t->count : 0);
    }
    return CALL_DONE;
}

static enum call_end run_channels(struct call *c)
{
    return list_topics(c, PUBSUB_CHANNEL);
}

static enum call_end run_shardchannels(struct call *c)
{
    return list_topics(c, PUBSUB_SHARD);
}

static enum call_end run_numsub(struct call *c)
{
    return count_subscribers(c, PUBSUB_CHANNEL);
}

static enum call_end run_shardnumsub(struct call *c)
{
    return count_subscribers(c, PUBSUB_SHARD);
}

static enum call_end run_numpat(struct call *c)
{
    reply_int(c->reply, (int64_t)c->session->instance->pubsub.topics[PUBSUB_PATTERN].count);
    return CALL_DONE;
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "CHANNELS [<pattern>]",
        "    The channels that somebody listens to and that match (default: all).",
        "NUMPAT",
        "    How many different patterns somebody listens to.",
        "NUMSUB [<channel> ...]",
        "    How many listen to each of the channels, patterns left out.",
        "SHARDCHANNELS [<pattern>]",
        "    The shard channels that somebody listens to and that match (default: all).",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    How many listen to each of the shard channels.",
        NULL,
    };

    return help_reply(c, "PUBSUB", lines);
}

enum { PLAIN = CMD_PUBSUB | CMD_LOADING | CMD_STALE };

static const struct command subs[] = {
    { .name = "channels",
      .full = "pubsub|channels",
      .arity = -2,
      .flags = PLAIN,
      .run = run_channels,
      .group = "pubsub",
      .since = "2.8.0",
      .complexity = "O(N) for N channels",
      .syntax = "[pattern:pattern]",
      .summary = "Names the channels that somebody listens to." },
    { .name = "help",
      .full = "pubsub|help",
      .arity = 2,
      .flags = CMD_LOADING | CMD_STALE,
      .run = run_help,
      .group = "pubsub",
      .since = "6.2.0",
      .complexity = "O(1)",
      .summary = "Tells what PUBSUB can do." },
    { .name = "numpat",
      .full = "pubsub|numpat",
      .arity = 2,
      .flags = PLAIN,
      .run = run_numpat,
      .group = "pubsub",
      .since = "2.8.0",
      .complexity = "O(1)",
      .summary = "Counts the patterns that somebody listens to." },
    { .name = "numsub",
      .full = "pubsub|numsub",
      .arity = -2,
      .flags = PLAIN,
      .run = run_numsub,
      .group = "pubsub",
      .since = "2.8.0",
      .complexity = "O(N) for N channels",
      .syntax = "[channel...]",
      .summary = "Counts who listens to channels." },
    { .name = "shardchannels",
      .full = "pubsub|shardchannels",
      .arity = -2,
      .flags = PLAIN,
      .run = run_shardchannels,
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N) for N shard channels",
      .syntax = "[pattern:pattern]",
      .summary = "Names the shard channels that somebody listens to." },
    { .name = "shardnumsub",
      .full = "pubsub|shardnumsub",
      .arity = -2,
      .flags = PLAIN,
      .run = run_shardnumsub,
      .group = "pubsub",
      .since = "7.0.0",
      .complexity = "O(N) for N shard channels",
      .syntax = "[shardchannel...]",
      .summary = "Counts who listens to shard channels." },
    { 0 },
};

const struct command pubsub_about_commands[] = {
    { .name = "pubsub",
      .arity = -2,
      .group = "pubsub",
      .since = "2.8.0",
      .complexity = "Depends on the subcommand",
      .summary = "Commands about who listens to what.",
      .subs = subs },
    { 0 },
};
