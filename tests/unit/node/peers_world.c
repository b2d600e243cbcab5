/* peers_world.c: owners of peers that note everything. */
#include "unit/node/peers_world.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/mem.h"

/* --- hooks */

static void hook(struct member *m)
{
    struct peer *p = m->removes;

    m->removes = NULL;
    if (p)
        peers_remove(p);
}

static void on_up(void *owner, struct peer *p)
{
    struct member *m = owner;

    m->ups[peer_id(p)]++;
    m->last[peer_id(p)] = 0;
    cr_assert(peer_is_up(p) && peer_sent(p) == 0 && peer_received(p) == 0);
    cr_assert_eq(peer_hello(p)->node, peer_id(p));
    hook(m);
}

static void on_down(void *owner, struct peer *p)
{
    struct member *m = owner;

    m->downs[peer_id(p)]++;
    cr_assert(!peer_is_up(p) && !peer_is_behind(p));
    cr_assert_not(send_settled(p, 1));
    hook(m);
}

static void note(struct member *m, unsigned from, const struct message *msg)
{
    switch (msg->type) {
    case MESSAGE_HEARTBEAT:
        m->heartbeats[from]++;
        m->heartbeat = msg->heartbeat;
        break;
    case MESSAGE_CONFIRM:
        m->confirms[from]++;
        break;
    case MESSAGE_SETTLED:
        m->settled[from] = msg->settled.stamp;
        m->settleds[from]++;
        break;
    case MESSAGE_ARC:
        m->payload[from] += msg->arc.payload.len;
        break;
    default:
        break;
    }
}

static bool on_message(void *owner, struct peer *p, uint64_t number, const struct message *msg)
{
    struct member *m = owner;
    unsigned from = peer_id(p);

    if (msg->type == MESSAGE_ACK) {
        cr_assert_eq(number, 0);
        m->acks[from]++;
        return true;
    }
    cr_assert_eq(number, m->last[from] + 1);
    cr_assert_eq(number, peer_received(p));
    m->last[from] = number;
    note(m, from, msg);
    hook(m);
    return !m->picky;
}

static void on_reach(void *owner, struct peer *p, bool in_reach)
{
    struct member *m = owner;
    unsigned from = peer_id(p);

    cr_assert_eq(peer_in_reach(p), in_reach);
    if (in_reach) {
        m->in_reach[from]++;
    } else {
        m->out_of_reach[from]++;
        m->out_since[from] = m->host->world->now_us;
    }
    hook(m);
}

static void on_behind(void *owner, struct peer *p, bool behind)
{
    struct member *m = owner;

    cr_assert_eq(peer_is_behind(p), behind);
    if (behind)
        m->behind[peer_id(p)]++;
    else
        m->relieved[peer_id(p)]++;
    hook(m);
}

static void on_heartbeat(void *owner, struct peer *p, struct message_heartbeat *out)
{
    struct member *m = owner;

    out->load = 100 + m->host->number;
    out->tentative_before = peer_id(p);
    hook(m);
}

/* --- members */

void peers_world_init(struct peers_world *w, uint64_t seed, unsigned count)
{
    memset(w->members, 0, sizeof w->members);
    fake_world_init(&w->fake, seed);
    for (unsigned i = 1; i <= count; i++) {
        struct member *m = &w->members[i];

        m->host = fake_host(&w->fake, i);
        peers_options_init(&m->options);
        m->options.self = (struct handshake_self){ .node = i,
                                                   .version_lowest = PEER_PROTOCOL_LOWEST,
                                                   .version_highest = PEER_PROTOCOL_HIGHEST,
                                                   .cluster = slice_str("henge"),
                                                   .secret = slice_str("stones") };
    }
}

void peers_world_deinit(struct peers_world *w)
{
    for (unsigned i = 1; i < FAKE_HOSTS; i++)
        peers_free(w->members[i].peers);
    fake_world_deinit(&w->fake);
}

struct member *peers_world_member(struct peers_world *w, unsigned number)
{
    return &w->members[number];
}

void member_start(struct peers_world *w, unsigned number)
{
    static const struct peers_hooks hooks = { on_up,    on_down,   on_message,
                                              on_reach, on_behind, on_heartbeat };
    struct member *m = &w->members[number];

    cr_assert_null(m->peers);
    m->options.self.incarnation++;
    m->peers = peers_new(&m->host->env, &m->options, &hooks, m);
    peers_listen(m->peers, fake_listen(m->host));
}

void member_kill(struct peers_world *w, unsigned number)
{
    struct member *m = &w->members[number];

    m->host->listening = false;
    peers_free(m->peers);
    m->peers = NULL;
}

struct peer *member_add(struct peers_world *w, unsigned number, unsigned peer, bool calls)
{
    char address[NET_ADDRESS_MAX];

    snprintf(address, sizeof address, calls ? "10.0.0.%u" : "", peer);
    return peers_add(w->members[number].peers, peer, address, 1);
}

struct peer *member_peer(struct peers_world *w, unsigned number, unsigned peer)
{
    return peers_find(w->members[number].peers, peer);
}

void peers_world_start(struct peers_world *w, unsigned count)
{
    for (unsigned i = 1; i <= count; i++)
        member_start(w, i);
    for (unsigned i = 1; i <= count; i++) {
        for (unsigned j = 1; j <= count; j++) {
            if (i != j)
                member_add(w, i, j, true);
        }
    }
}

void member_turn(struct peers_world *w, unsigned number)
{
    struct member *m = &w->members[number];

    fake_poll(m->host);
    peers_read(m->peers, w->fake.now_us);
    cr_assert(peers_check(m->peers));
    for (unsigned i = 1; i < FAKE_HOSTS && !m->mute; i++) {
        struct peer *p = peers_find(m->peers, i);
        if (p)
            peer_acknowledge(p, peer_received(p), peer_received(p) / 2);
    }
    m->deadline = peers_turn(m->peers, w->fake.now_us);
    cr_assert(peers_check(m->peers));
}

void peers_world_step(struct peers_world *w, uint64_t us)
{
    unsigned first = (unsigned)prng_below(&w->fake.prng, FAKE_HOSTS);

    for (unsigned i = 0; i < FAKE_HOSTS; i++) {
        unsigned number = (first + i) % FAKE_HOSTS;
        if (w->members[number].peers)
            member_turn(w, number);
    }
    w->fake.now_us += us;
}

void peers_world_run(struct peers_world *w, unsigned ms)
{
    for (unsigned i = 0; i < ms; i += 5)
        peers_world_step(w, 5000);
}

bool both_up(struct peers_world *w, unsigned a, unsigned b)
{
    return peer_is_up(member_peer(w, a, b)) && peer_is_up(member_peer(w, b, a));
}

bool send_settled(struct peer *p, uint64_t stamp)
{
    struct message m = { .type = MESSAGE_SETTLED, .settled = { 1, 1, stamp } };

    return peer_send(p, &m);
}

bool send_append(struct peer *p, size_t payload)
{
    struct message m = { .type = MESSAGE_ARC, .arc.about.kind = ARC_APPEND };
    struct arc_append *a = &m.arc.about.append;
    uint8_t *bytes = mem_zalloc(1, payload);
    bool sent;

    a->ballot = a->frame.ballot = (struct ballot){ 1, 1 };
    a->frame.index = 1;
    a->frame.length = (uint32_t)payload;
    m.arc.payload = slice_of(bytes, payload);
    sent = peer_send(p, &m);
    mem_free(bytes);
    return sent;
}
