/* cluster_commands.c: CLUSTER as Redis Cluster's clients use it, and what they say to a
 * node besides. */
#include "admin/admin_rows.h"
#include "admin/cluster_map.h"
#include "base/limits.h"
#include "base/num.h"
#include "cell/position.h"
#include "cmd/gather.h"
#include "cmd/help.h"
#include "node/topology.h"
#include "session/session.h"

static const struct topology *topology_of(const struct call *c)
{
    return &c->session->instance->topology;
}

/* False: replied. */
static bool is_enabled(struct call *c)
{
    if (c->session->instance->options->cluster_enabled)
        return true;
    call_error(c, "This instance has cluster support disabled");
    return false;
}

/* One who asks before anything else, and has a row without arguments to check. */
static enum call_end run_slots(struct call *c)
{
    return is_enabled(c) ? cluster_map_slots(c) : CALL_DONE;
}

static enum call_end run_shards(struct call *c)
{
    return is_enabled(c) ? cluster_map_shards(c) : CALL_DONE;
}

static enum call_end run_nodes(struct call *c)
{
    return is_enabled(c) ? cluster_map_nodes(c) : CALL_DONE;
}

static enum call_end run_ring(struct call *c)
{
    return is_enabled(c) ? cluster_map_ring(c) : CALL_DONE;
}

static enum call_end run_myid(struct call *c)
{
    if (is_enabled(c))
        reply_bulk_str(c->reply, topology_of(c)->self->name);
    return CALL_DONE;
}

static enum call_end run_info(struct call *c)
{
    const struct topology *t = topology_of(c);

    if (!is_enabled(c))
        return CALL_DONE;
    buf_printf(c->scratch,
               "cluster_state:ok\r\n"
               "cluster_slots_assigned:%d\r\n"
               "cluster_slots_ok:%d\r\n"
               "cluster_slots_pfail:0\r\n"
               "cluster_slots_fail:0\r\n"
               "cluster_known_nodes:%zu\r\n"
               "cluster_size:%zu\r\n"
               "cluster_current_epoch:%llu\r\n"
               "cluster_my_epoch:%llu\r\n"
               "cluster_stats_messages_sent:0\r\n"
               "cluster_stats_messages_received:0\r\n"
               "total_cluster_links_buffer_limit_exceeded:0\r\n",
               POSITION_SLOTS, POSITION_SLOTS, t->members.count, t->members.count,
               (unsigned long long)ring_epoch(t->ring), (unsigned long long)ring_epoch(t->ring));
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

static enum call_end run_keyslot(struct call *c)
{
    if (is_enabled(c))
        reply_int(c->reply, position_slot_of(c->argv[2]));
    return CALL_DONE;
}

static bool is_slot(int64_t v)
{
    return v >= 0 && v < POSITION_SLOTS;
}

/* Walks on through a slot.  CALL_DONE: it is through. */
static enum call_end walk_slot(struct call *c, int64_t at,
                               bool (*take)(struct call *c, struct gather *g,
                                            const struct cell *head))
{
    struct gather *g = gather_of(c);
    uint64_t slot = (uint64_t)at;

    if (g->next < slot << POSITION_SLOT_SHIFT)
        g->next = slot << POSITION_SLOT_SHIFT;
    switch (gather_step(c, g, take)) {
    case GATHER_SLICE:
        return position_slot(g->next) > slot ? CALL_DONE : CALL_LATER;
    case GATHER_WANT:
        return CALL_WANT;
    case GATHER_DONE:
        break;
    }
    return CALL_DONE;
}

static bool in_slot(const struct call *c, const struct cell *head)
{
    int64_t slot = 0;

    num_get_i64(c->argv[2], &slot);
    return position_slot(head->key.position) == (uint64_t)slot;
}

static bool take_count(struct call *c, struct gather *g, const struct cell *head)
{
    if (!in_slot(c, head))
        return false;
    g->count++;
    return true;
}

static enum call_end run_countkeysinslot(struct call *c)
{
    enum call_end end;
    int64_t slot;

    if (!is_enabled(c) || !call_get_i64(c, 2, &slot))
        return CALL_DONE;
    if (!is_slot(slot))
        return call_error(c, "Invalid slot");
    end = walk_slot(c, slot, take_count);
    if (end == CALL_DONE) {
        reply_int(c->reply, (int64_t)c->gather->count);
        call_forget(c);
    }
    return end;
}

static bool take_key(struct call *c, struct gather *g, const struct cell *head)
{
    int64_t most = 0;

    num_get_i64(c->argv[3], &most);
    if (g->count >= (uint64_t)most || g->keys.bytes > LIMIT_KEYS_BYTES || !in_slot(c, head))
        return false;
    reply_bulk(&g->keys, head->key.key);
    g->count++;
    return true;
}

static enum call_end run_getkeysinslot(struct call *c)
{
    enum call_end end;
    int64_t slot, most;

    if (!is_enabled(c) || !call_get_i64(c, 2, &slot) || !call_get_i64(c, 3, &most))
        return CALL_DONE;
    if (!is_slot(slot) || most < 0)
        return call_error(c, "Invalid slot or number of keys");
    end = walk_slot(c, slot, take_key);
    if (end != CALL_DONE)
        return end;
    reply_array(c->reply, c->gather->count);
    reply_append(c->reply, &c->gather->keys);
    call_forget(c);
    return CALL_DONE;
}

/* Nobody replicates a whole node: owners of its arcs are its replicas arc by arc. */
static enum call_end run_replicas(struct call *c)
{
    if (!is_enabled(c))
        return CALL_DONE;
    if (!members_named(&topology_of(c)->members, c->argv[2])) {
        size_t n = c->argv[2].len < 128 ? c->argv[2].len : 128;
        reply_errorf(c->reply, "ERR", "Unknown node %.*s", (int)n, (const char *)c->argv[2].data);
        return CALL_DONE;
    }
    reply_array(c->reply, 0);
    return CALL_DONE;
}

static enum call_end run_links(struct call *c)
{
    if (is_enabled(c))
        reply_array(c->reply, 0);
    return CALL_DONE;
}

static enum call_end run_help(struct call *c)
{
    static const char *const lines[] = {
        "COUNTKEYSINSLOT <slot>",
        "    How many keys of the database are in the slot.",
        "GETKEYSINSLOT <slot> <count>",
        "    So many of them at most.",
        "INFO",
        "    The state of the ring.",
        "KEYSLOT <key>",
        "    The slot of the key.",
        "LINKS",
        "    The connections to other nodes.",
        "MYID",
        "    The id of this node.",
        "MYSHARDID",
        "    The same: nodes are no parts of shards.",
        "NODES",
        "    The nodes and the slots each leads, a line each.",
        "REPLICAS <node-id>",
        "    None: every node has copies of others' slots.",
        "RING [<key>]",
        "    The nodes, their tokens and weights; or the owners of the key.",
        "SHARDS",
        "    Runs of slots with their owners.",
        "SLOTS",
        "    The same as Redis Cluster before 7.0 told them.",
        NULL,
    };

    return is_enabled(c) ? help_reply(c, "CLUSTER", lines) : CALL_DONE;
}

/* READONLY, READWRITE, ASKING: every node serves every key, whatever was said. */
static enum call_end run_agree(struct call *c)
{
    if (is_enabled(c))
        reply_ok(c->reply);
    return CALL_DONE;
}

static const char *const random_tips[] = { "nondeterministic_output", NULL };

/* of CLUSTER's subcommands */
#define SUB(n) .name = n, .full = "cluster|" n, .group = "cluster"

static const struct command subs[] = {
    { SUB("countkeysinslot"), .arity = 3, .flags = CMD_STALE, .run = run_countkeysinslot,
      .since = "3.0.0", .complexity = "O(N) for N keys in the slot", .syntax = "slot:integer",
      .summary = "Counts the keys in a slot." },
    { SUB("getkeysinslot"), .arity = 4, .flags = CMD_STALE, .run = run_getkeysinslot,
      .since = "3.0.0", .complexity = "O(N) for N keys that are asked for", .tips = random_tips,
      .syntax = "slot:integer count:integer", .summary = "Names keys in a slot." },
    { SUB("help"), .arity = 2, .flags = CMD_LOADING | CMD_STALE, .run = run_help, .since = "5.0.0",
      .complexity = "O(1)", .summary = "Tells what CLUSTER can do." },
    { SUB("info"), .arity = 2, .flags = CMD_STALE, .run = run_info, .since = "3.0.0",
      .complexity = "O(1)", .tips = random_tips, .summary = "Tells the state of the ring." },
    { SUB("keyslot"), .arity = 3, .flags = CMD_STALE, .run = run_keyslot, .since = "3.0.0",
      .complexity = "O(N) for a key of N bytes", .syntax = "key:string",
      .summary = "Tells the slot of a key." },
    { SUB("links"), .arity = 2, .flags = CMD_STALE, .run = run_links, .since = "7.0.0",
      .complexity = "O(N) for N nodes", .tips = random_tips,
      .summary = "Lists the connections to other nodes." },
    { SUB("myid"), .arity = 2, .flags = CMD_STALE, .run = run_myid, .since = "3.0.0",
      .complexity = "O(1)", .summary = "Tells the id of this node." },
    { SUB("myshardid"), .arity = 2, .flags = CMD_STALE, .run = run_myid, .since = "7.2.0",
      .complexity = "O(1)", .tips = random_tips,
      .summary = "Tells the id of this node, which is a shard of its own." },
    { SUB("nodes"), .arity = 2, .flags = CMD_STALE, .run = run_nodes, .since = "3.0.0",
      .complexity = "O(N) for N nodes", .tips = random_tips,
      .summary = "Lists the nodes and the slots each leads." },
    { SUB("replicas"), .arity = 3, .flags = CMD_ADMIN | CMD_STALE, .run = run_replicas,
      .since = "5.0.0", .complexity = "O(1)", .tips = random_tips, .syntax = "node-id",
      .summary = "Lists whole copies of a node; there are none." },
    { SUB("ring"), .arity = -2, .flags = CMD_STALE, .run = run_ring, .since = "7.2.0",
      .complexity = "O(N) for N tokens", .tips = random_tips, .syntax = "[key:string]",
      .summary = "Tells the nodes with their tokens, or a key's owners." },
    { SUB("shards"), .arity = 2, .flags = CMD_LOADING | CMD_STALE, .run = run_shards,
      .since = "7.0.0", .complexity = "O(N) for N arcs", .tips = random_tips,
      .summary = "Lists the arcs of the ring with their owners." },
    { SUB("slaves"), .arity = 3, .flags = CMD_ADMIN | CMD_STALE, .run = run_replicas,
      .since = "3.0.0", .complexity = "O(1)", .tips = random_tips, .syntax = "node-id",
      .summary = "The same as CLUSTER REPLICAS." },
    { SUB("slots"), .arity = 2, .flags = CMD_LOADING | CMD_STALE, .run = run_slots,
      .since = "3.0.0", .complexity = "O(N) for N arcs", .tips = random_tips,
      .summary = "Lists the arcs of the ring with their owners, as Redis before 7.0 did." },
    { 0 },
};

enum { AGREES = CMD_FAST | CMD_CONNECTION };

const struct command cluster_commands[] = {
    { .name = "cluster",
      .arity = -2,
      .subs = subs,
      .group = "cluster",
      .since = "3.0.0",
      .complexity = "by its subcommand",
      .summary = "About the ring, in the words of Redis Cluster." },
    { .name = "asking",
      .arity = 1,
      .flags = AGREES,
      .run = run_agree,
      .group = "cluster",
      .since = "3.0.0",
      .complexity = "O(1)",
      .summary = "Said before a key that is moving; every node serves every key here." },
    { .name = "readonly",
      .arity = 1,
      .flags = AGREES | CMD_LOADING | CMD_STALE,
      .run = run_agree,
      .group = "cluster",
      .since = "3.0.0",
      .complexity = "O(1)",
      .summary = "Allows reads from replicas; every node serves every key here." },
    { .name = "readwrite",
      .arity = 1,
      .flags = AGREES | CMD_LOADING | CMD_STALE,
      .run = run_agree,
      .group = "cluster",
      .since = "3.0.0",
      .complexity = "O(1)",
      .summary = "Ends READONLY." },
    { 0 },
};
