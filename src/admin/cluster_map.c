/* cluster_map.c: the ring as Redis Cluster's clients are told it.
 *
 * An arc is their range of slots: its leader is what they call its master, the other
 * owners its replicas.  Since every node serves every key, the map only saves a hop. */
#include "admin/cluster_map.h"

#include <stdio.h>
#include <string.h>

#include "cell/position.h"
#include "node/topology.h"
#include "session/describe.h"
#include "session/session.h"

/* Where a client finds a node. */
struct endpoint {
    char host[NET_ADDRESS_MAX];
    int port;
};

static const struct topology *topology_of(const struct call *c)
{
    return &c->session->instance->topology;
}

/* The address without its port and without IPv6's brackets; "" for a path. */
static void host_of(const char *address, char host[NET_ADDRESS_MAX])
{
    const char *end = strrchr(address, ':');
    size_t skip = address[0] == '[', len = end ? (size_t)(end - address) : 0;

    if (address[0] == '/' || address[0] == '?' || len < 2 * skip)
        len = skip = 0;
    memcpy(host, address + skip, len - 2 * skip);
    host[len - 2 * skip] = 0;
}

/* A node that was told no address of its own has the one at which this client found it. */
static struct endpoint endpoint_of(const struct call *c, const struct member *m)
{
    const struct instance *in = c->session->instance;
    const struct options *o = in->options;
    char peer[NET_ADDRESS_MAX], local[NET_ADDRESS_MAX];
    struct endpoint e;

    if (m != topology_of(c)->self || m->host[0]) {
        snprintf(e.host, sizeof e.host, "%s", m->host);
        e.port = m->port;
        return e;
    }
    session_addresses(c->session, peer, local);
    if (o->cluster_announce_ip[0])
        snprintf(e.host, sizeof e.host, "%s", o->cluster_announce_ip);
    else
        host_of(local, e.host);
    e.port = o->cluster_announce_port ? (int)o->cluster_announce_port : in->port;
    return e;
}

/* The i-th owner of an arc as clients are to be told: the leader first. */
static const struct member *owner_of(const struct topology *t, const struct ring_arc *a, uint32_t i)
{
    uint32_t leader = topology_leader(t, a);

    if (i == 0)
        return members_find(&t->members, leader);
    for (uint32_t k = 0, n = 0; k < a->owner_count; k++) {
        if (a->owners[k] != leader && ++n == i)
            return members_find(&t->members, a->owners[k]);
    }
    return NULL;
}

static void reply_host(struct call *c, const struct endpoint *e)
{
    if (e->host[0])
        reply_bulk_str(c->reply, e->host);
    else
        reply_null(c->reply); /* as the client has it */
}

enum call_end cluster_map_slots(struct call *c)
{
    const struct topology *t = topology_of(c);
    size_t arcs = ring_arc_count(t->ring);

    reply_array(c->reply, arcs);
    for (size_t i = 0; i < arcs; i++) {
        const struct ring_arc *a = ring_arc(t->ring, i);
        reply_array(c->reply, 2 + a->owner_count);
        reply_int(c->reply, a->first);
        reply_int(c->reply, a->last);
        for (uint32_t k = 0; k < a->owner_count; k++) {
            const struct member *m = owner_of(t, a, k);
            struct endpoint e = endpoint_of(c, m);
            reply_array(c->reply, 4);
            reply_host(c, &e);
            reply_int(c->reply, e.port);
            reply_bulk_str(c->reply, m->name);
            reply_map(c->reply, 0);
        }
    }
    return CALL_DONE;
}

static void reply_shard_node(struct call *c, const struct member *m, bool leads)
{
    struct endpoint e = endpoint_of(c, m);

    reply_map(c->reply, 7);
    reply_bulk_str(c->reply, "id");
    reply_bulk_str(c->reply, m->name);
    reply_bulk_str(c->reply, "port");
    reply_int(c->reply, e.port);
    reply_bulk_str(c->reply, "ip");
    reply_bulk_str(c->reply, e.host);
    reply_bulk_str(c->reply, "endpoint");
    reply_host(c, &e);
    reply_bulk_str(c->reply, "role");
    reply_bulk_str(c->reply, leads ? "master" : "replica");
    reply_bulk_str(c->reply, "replication-offset");
    reply_int(c->reply, (int64_t)lsm_acked(node_lsm(c->session->instance->node)));
    reply_bulk_str(c->reply, "health");
    reply_bulk_str(c->reply, "online");
}

/* One for each arc. */
enum call_end cluster_map_shards(struct call *c)
{
    const struct topology *t = topology_of(c);
    size_t arcs = ring_arc_count(t->ring);

    reply_array(c->reply, arcs);
    for (size_t i = 0; i < arcs; i++) {
        const struct ring_arc *a = ring_arc(t->ring, i);
        reply_map(c->reply, 2);
        reply_bulk_str(c->reply, "slots");
        reply_array(c->reply, 2);
        reply_int(c->reply, a->first);
        reply_int(c->reply, a->last);
        reply_bulk_str(c->reply, "nodes");
        reply_array(c->reply, a->owner_count);
        for (uint32_t k = 0; k < a->owner_count; k++)
            reply_shard_node(c, owner_of(t, a, k), k == 0);
    }
    return CALL_DONE;
}

/* The runs of slots a member leads. */
static void print_led(const struct topology *t, uint32_t id, struct buf *out)
{
    for (size_t i = 0; i < ring_arc_count(t->ring); i++) {
        const struct ring_arc *a = ring_arc(t->ring, i);
        if (topology_leader(t, a) != id)
            continue;
        if (a->first == a->last)
            buf_printf(out, " %u", a->first);
        else
            buf_printf(out, " %u-%u", a->first, a->last);
    }
}

enum call_end cluster_map_nodes(struct call *c)
{
    const struct topology *t = topology_of(c);

    for (size_t i = 0; i < t->members.count; i++) {
        const struct member *m = &t->members.list[i];
        struct endpoint e = endpoint_of(c, m);
        buf_printf(c->scratch, "%s %s:%d@%u %smaster - 0 0 %llu connected", m->name, e.host, e.port,
                   m->peer_port, m == t->self ? "myself," : "",
                   (unsigned long long)ring_epoch(t->ring));
        print_led(t, m->id, c->scratch);
        buf_append(c->scratch, slice_str("\n"));
    }
    reply_verbatim(c->reply, "txt", buf_slice(c->scratch));
    return CALL_DONE;
}

static void reply_key_place(struct call *c, struct slice key)
{
    const struct topology *t = topology_of(c);
    unsigned slot = position_slot_of(key);
    const struct ring_arc *a = ring_arc(t->ring, ring_arc_of(t->ring, slot));

    reply_map(c->reply, 4);
    reply_bulk_str(c->reply, "slot");
    reply_int(c->reply, slot);
    reply_bulk_str(c->reply, "arc");
    reply_array(c->reply, 2);
    reply_int(c->reply, a->first);
    reply_int(c->reply, a->last);
    reply_bulk_str(c->reply, "leader");
    reply_bulk_str(c->reply, owner_of(t, a, 0)->name);
    reply_bulk_str(c->reply, "owners");
    reply_array(c->reply, a->owner_count);
    for (uint32_t k = 0; k < a->owner_count; k++)
        reply_bulk_str(c->reply, members_find(&t->members, a->owners[k])->name);
}

static void reply_ring_member(struct call *c, const struct member *m)
{
    const struct topology *t = topology_of(c);
    const struct ring_member *r = ring_find(t->ring, m->id);
    struct ring_load load = ring_load(t->ring, m->id);
    struct endpoint e = endpoint_of(c, m);

    reply_map(c->reply, 7);
    reply_bulk_str(c->reply, "id");
    reply_bulk_str(c->reply, m->name);
    reply_bulk_str(c->reply, "address");
    buf_printf(c->scratch, "%s:%d", e.host, e.port);
    reply_bulk(c->reply, buf_slice(c->scratch));
    c->scratch->len = 0;
    reply_bulk_str(c->reply, "weight");
    reply_int(c->reply, m->weight);
    reply_bulk_str(c->reply, "zone");
    reply_bulk_str(c->reply, m->zone);
    reply_bulk_str(c->reply, "slots-owned");
    reply_int(c->reply, load.owned);
    reply_bulk_str(c->reply, "slots-preferred"); /* would lead, with everybody there */
    reply_int(c->reply, load.led);
    reply_bulk_str(c->reply, "tokens");
    reply_array(c->reply, r->token_count);
    for (size_t i = 0; i < r->token_count; i++)
        reply_int(c->reply, r->tokens[i]);
}

enum call_end cluster_map_ring(struct call *c)
{
    const struct topology *t = topology_of(c);

    if (c->argc == 3) {
        reply_key_place(c, c->argv[2]);
        return CALL_DONE;
    }
    reply_map(c->reply, 3);
    reply_bulk_str(c->reply, "epoch");
    reply_int(c->reply, (int64_t)ring_epoch(t->ring));
    reply_bulk_str(c->reply, "copies");
    reply_int(c->reply, ring_copies(t->ring));
    reply_bulk_str(c->reply, "members");
    reply_array(c->reply, t->members.count);
    for (size_t i = 0; i < t->members.count; i++)
        reply_ring_member(c, &t->members.list[i]);
    return CALL_DONE;
}
