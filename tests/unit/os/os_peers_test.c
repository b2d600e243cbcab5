/* os_peers_test.c: two nodes' links over real sockets: what env/net.h promises of calls is
 * what node/peers.h relies on. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "node/peers.h"
#include "unit/os/os_net_fixture.h"

enum { PAYLOAD = 8 << 20 };

struct side {
    struct wire wire;
    struct env env;
    struct peers *peers;
    struct peer *other;
    size_t received;
    unsigned downs;
};

static void on_up(void *owner, struct peer *p)
{
    ((struct side *)owner)->other = p;
}

static void on_down(void *owner, struct peer *p)
{
    (void)p;
    ((struct side *)owner)->downs++;
}

static bool on_message(void *owner, struct peer *p, uint64_t number, const struct message *m)
{
    struct side *s = owner;

    if (m->type == MESSAGE_FORWARD)
        s->received += m->forward.request.len;
    if (number)
        peer_acknowledge(p, number, number);
    return true;
}

static void on_change(void *owner, struct peer *p, bool yes)
{
    (void)owner;
    (void)p;
    (void)yes;
}

static void on_heartbeat(void *owner, struct peer *p, struct message_heartbeat *out)
{
    (void)owner;
    (void)p;
    (void)out;
}

/* The second has no net of its own: both live on one loop. */
static void side_init(struct side *s, struct net *net, uint32_t node)
{
    static const struct peers_hooks hooks = { on_up,     on_down,   on_message,
                                              on_change, on_change, on_heartbeat };
    struct peers_options o;

    s->env = (struct env){
        .clock = os_clock_new(), .net = net, .trace = &s->wire.f.trace, .random = os_machine_random
    };
    peers_options_init(&o);
    o.self = (struct handshake_self){ .node = node,
                                      .incarnation = os_machine_seed() | 1,
                                      .version_lowest = 1,
                                      .version_highest = 1,
                                      .secret = slice_str("stones") };
    s->peers = peers_new(&s->env, &o, &hooks, s);
}

static void side_turn(struct side *s)
{
    uint64_t now = clock_mono_us(s->env.clock);

    peers_read(s->peers, now);
    peers_turn(s->peers, now);
    cr_assert(peers_check(s->peers));
}

static bool turn_until_up(void *arg)
{
    struct side *s = arg;

    side_turn(&s[0]);
    side_turn(&s[1]);
    return s[0].other && s[1].other;
}

static bool turn_until_received(void *arg)
{
    struct side *s = arg;

    side_turn(&s[0]);
    side_turn(&s[1]);
    return s[0].received == PAYLOAD;
}

static bool turn_until_down(void *arg)
{
    struct side *s = arg;

    side_turn(&s[0]);
    return s[0].downs == 1;
}

Test(os_peers, two_nodes_get_a_link_over_loopback_and_large_messages_pass)
{
    struct side *s = mem_zalloc(2, sizeof *s);
    struct message m = { .type = MESSAGE_FORWARD, .forward = { .id = 1, .proto = 2 } };
    uint8_t *payload = mem_zalloc(1, PAYLOAD);

    wire_init(&s[0].wire);
    wire_listen(&s[0].wire, "127.0.0.1");
    fixture_init(&s[1].wire.f);
    side_init(&s[0], s[0].wire.net, 1);
    side_init(&s[1], s[0].wire.net, 2);
    peers_listen(s[0].peers, s[0].wire.listener);
    peers_add(s[0].peers, 2, "", 0);
    peers_add(s[1].peers, 1, "127.0.0.1", s[0].wire.port);
    wire_poll(&s[0].wire, turn_until_up, s);
    m.forward.request = slice_of(payload, PAYLOAD);
    cr_assert(peer_send(s[1].other, &m));
    wire_poll(&s[0].wire, turn_until_received, s);
    peers_free(s[1].peers);
    wire_poll(&s[0].wire, turn_until_down, s);
    peers_free(s[0].peers);
    for (int i = 0; i < 2; i++)
        os_clock_free(s[i].env.clock);
    fixture_deinit(&s[1].wire.f);
    wire_deinit(&s[0].wire);
    mem_free(payload);
    mem_free(s);
}
