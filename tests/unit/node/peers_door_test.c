/* peers_door_test.c: who is called, who is taken, who is refused, and how often. */
#include <criterion/criterion.h>

#include "node/peer_frame.h"
#include "unit/node/peers_world.h"

/* Host 5 without any peers of its own: what it says is up to the test. */
struct rogue {
    struct fake_host *host;
    struct net_conn *conn;
    struct handshake_self self;
    struct handshake h;
    struct buf got;
};

static void on_ready(struct net_conn *conn, unsigned events)
{
    struct rogue *r = conn->owner;
    int64_t n;

    (void)events;
    do {
        n = net_recv(conn, buf_reserve(&r->got, 4096), 4096);
        r->got.len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
}

static void rogue_say(struct rogue *r, const char *text)
{
    struct slice bytes = slice_str(text);

    cr_assert_eq(net_send(r->conn, &bytes, 1), (int64_t)bytes.len);
}

static void rogue_send(struct rogue *r, const struct message *m)
{
    struct buf b = { 0 };
    struct slice bytes;

    peer_frame_put(&b, m);
    bytes = buf_slice(&b);
    cr_assert_eq(net_send(r->conn, &bytes, 1), (int64_t)bytes.len);
    buf_deinit(&b);
}

/* Connects to node 1. */
static void rogue_call(struct peers_world *w, struct rogue *r)
{
    memset(r, 0, sizeof *r);
    r->host = fake_host(&w->fake, 5);
    r->self = w->members[1].options.self;
    r->self.node = 2;
    r->self.incarnation = 77;
    cr_assert_not(err_is(net_connect(&r->host->net, "10.0.0.1", 1, &r->conn)));
    r->conn->owner = r;
    r->conn->on_ready = on_ready;
    net_want(r->conn, NET_READ);
}

static void rogue_run(struct peers_world *w, struct rogue *r, unsigned ms)
{
    for (unsigned i = 0; i < ms; i += 5) {
        fake_poll(r->host);
        peers_world_step(w, 5000);
        fake_poll(r->host);
    }
}

static void rogue_end(struct rogue *r)
{
    net_close(r->conn);
    buf_deinit(&r->got);
}

/* Takes messages of the handshake, and answers them, until it is over. */
static void rogue_shake(struct peers_world *w, struct rogue *r)
{
    uint8_t nonce[MESSAGE_NONCE_SIZE] = { 1 };
    struct peer_frame f;
    struct message m;

    handshake_call(&r->h, &r->self, 1, 1, nonce, UINT64_MAX);
    rogue_run(w, r, 10);
    for (unsigned i = 0; i < 20 && r->h.state < HANDSHAKE_UP; i++) {
        while (handshake_next(&r->h, &m))
            rogue_send(r, &m);
        rogue_run(w, r, 10);
        if (peer_frame_read(buf_slice(&r->got), 1024, &f) == PEER_FRAME_WHOLE) {
            handshake_take(&r->h, f.type, f.body);
            memmove(r->got.data, r->got.data + f.used, r->got.len - f.used);
            r->got.len -= f.used;
        }
    }
}

static bool rogue_is_gone(struct rogue *r)
{
    uint8_t byte;

    return net_recv(r->conn, &byte, 1) == NET_GONE;
}

/* Node 1 alone, which waits for peer 2. */
static void begin(struct peers_world *w)
{
    peers_world_init(w, 1, 2);
    member_start(w, 1);
    member_add(w, 1, 2, false);
}

/* --- strangers */

Test(peers_door, a_client_of_another_protocol_is_sent_away)
{
    static const char *const texts[] = { "PING\r\n", "*1\r\n$4\r\nPING\r\n",
                                         "GET / HTTP/1.1\r\n\r\n",
                                         "*2\r\n$5\r\nhello\r\n$9999\r\n" };
    struct peers_world w;
    struct rogue r;

    begin(&w);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        rogue_call(&w, &r);
        rogue_run(&w, &r, 10);
        rogue_say(&r, texts[i]);
        rogue_run(&w, &r, 20);
        cr_expect(rogue_is_gone(&r), "%s", texts[i]);
        rogue_end(&r);
    }
    cr_expect_eq(fake_said(w.members[1].host, "Not taken for a peer: 10.0.0.5"), 1, "once in 10 s");
    cr_expect_eq(w.members[1].ups[2], 0);
    peers_world_deinit(&w);
}

Test(peers_door, one_that_says_nothing_is_ended_after_2_s)
{
    struct peers_world w;
    struct rogue r;

    begin(&w);
    rogue_call(&w, &r);
    rogue_run(&w, &r, 1900);
    cr_expect_not(rogue_is_gone(&r));
    rogue_run(&w, &r, 200);
    cr_expect_gt(r.got.len, 0u, "it is told why");
    cr_expect(rogue_is_gone(&r));
    rogue_end(&r);
    peers_world_deinit(&w);
}

Test(peers_door, strangers_are_bounded_and_the_oldest_makes_room)
{
    struct peers_world w;
    struct rogue first, many[LIMIT_PEER_STRANGERS];

    begin(&w);
    rogue_call(&w, &first);
    rogue_run(&w, &first, 10);
    for (int i = 0; i < LIMIT_PEER_STRANGERS - 1; i++)
        rogue_call(&w, &many[i]);
    rogue_run(&w, &first, 10);
    cr_expect_not(rogue_is_gone(&first));
    rogue_call(&w, &many[LIMIT_PEER_STRANGERS - 1]);
    rogue_run(&w, &first, 10);
    cr_expect(rogue_is_gone(&first));
    rogue_shake(&w, &many[LIMIT_PEER_STRANGERS - 1]);
    cr_expect_eq(many[LIMIT_PEER_STRANGERS - 1].h.state, HANDSHAKE_UP);
    rogue_end(&first);
    for (int i = 0; i < LIMIT_PEER_STRANGERS; i++)
        rogue_end(&many[i]);
    peers_world_deinit(&w);
}

Test(peers_door, an_unknown_id_is_refused_with_a_reason)
{
    struct peers_world w;
    struct rogue r;

    begin(&w);
    rogue_call(&w, &r);
    r.self.node = 3;
    rogue_shake(&w, &r);
    cr_expect_eq(r.h.state, HANDSHAKE_FAILED);
    cr_expect_eq(r.h.reason, REFUSED_STRANGER);
    cr_expect_str_eq(r.h.error, "node 1 knows no member 3");
    rogue_end(&r);
    peers_world_deinit(&w);
}

Test(peers_door, who_has_another_secret_never_comes_up_and_is_complained_of_once)
{
    struct peers_world w;
    struct peer_stats s;

    peers_world_init(&w, 2, 2);
    w.members[2].options.self.secret = slice_str("guess");
    peers_world_start(&w, 2);
    peers_world_run(&w, 9000);
    for (unsigned i = 1; i <= 2; i++) {
        cr_expect_eq(w.members[i].ups[3 - i], 0);
        cr_expect_eq(fake_said(w.members[i].host, "have different secrets"), 2,
                     "of the peer and of the stranger");
        peer_stats(member_peer(&w, i, 3 - i), &s);
        cr_expect_leq(s.calls, 40u, "%lu", (unsigned long)s.calls);
    }
    peers_world_deinit(&w);
}

/* --- nonsense of a peer */

Test(peers_door, a_peer_that_speaks_nonsense_is_cut_off_and_not_taken_for_10_s)
{
    struct peers_world w;
    struct rogue r;

    begin(&w);
    rogue_call(&w, &r);
    rogue_shake(&w, &r);
    cr_assert_eq(r.h.state, HANDSHAKE_UP);
    cr_assert_eq(w.members[1].ups[2], 1);
    rogue_say(&r, "*2\r\n$3\r\nack\r\n$2\r\nxx\r\n");
    rogue_run(&w, &r, 20);
    cr_expect_eq(w.members[1].downs[2], 1);
    cr_expect_eq(fake_said(w.members[1].host, "nonsense: a message ends within a field"), 1);
    cr_expect(rogue_is_gone(&r));
    rogue_end(&r);
    for (unsigned i = 0; i < 9; i++) {
        rogue_call(&w, &r);
        rogue_shake(&w, &r);
        cr_expect_eq(r.h.reason, REFUSED_LATER);
        rogue_end(&r);
        rogue_run(&w, &r, 900);
    }
    cr_expect_eq(w.members[1].ups[2], 1);
    rogue_run(&w, &r, 2500);
    rogue_call(&w, &r);
    rogue_shake(&w, &r);
    cr_expect_eq(r.h.state, HANDSHAKE_UP);
    rogue_end(&r);
    peers_world_deinit(&w);
}

Test(peers_door, nonsense_has_many_forms)
{
    static const char *const texts[] = {
        "PING\r\n",
        "*2\r\n$4\r\nping\r\n$0\r\n\r\n",
        "*3\r\n$3\r\nack\r\n",
        "*2\r\n$3\r\nack\r\n$016\r\n",
        "*2\r\n$3\r\narc\r\n$999999999\r\n",
        "*2\r\n$5\r\nproof\r\n$32\r\n12345678901234567890123456789012\r\n",
        "*2\r\n$7\r\nconfirm\r\n$1\r\nx\r\n",
        "*2\r\n$7\r\nconfirm\r\n$0\r\nxx",
        "*2\r\n$3\r\narc\r\n$11\r\n12345678901\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct peers_world w;
        struct peer_stats s;
        struct rogue r;

        begin(&w);
        rogue_call(&w, &r);
        rogue_shake(&w, &r);
        rogue_say(&r, texts[i]);
        rogue_run(&w, &r, 20);
        cr_expect_eq(w.members[1].downs[2], 1, "%s", texts[i]);
        peer_stats(member_peer(&w, 1, 2), &s);
        cr_expect_eq(s.cut_offs, 1);
        rogue_end(&r);
        peers_world_deinit(&w);
    }
}

Test(peers_door, an_ack_of_what_was_not_sent_is_nonsense)
{
    static const struct {
        struct message_ack first, second;
        bool good;
    } cases[] = {
        { { 1, 0 }, { 1, 1 }, true },      { { 1, 1 }, { 1, 1 }, true },
        { { 999, 0 }, { 999, 0 }, false }, { { 2, 1 }, { 1, 1 }, false },
        { { 2, 2 }, { 2, 1 }, false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peers_world w;
        struct message m = { .type = MESSAGE_ACK };
        struct rogue r;

        begin(&w);
        rogue_call(&w, &r);
        rogue_shake(&w, &r);
        rogue_run(&w, &r, 300); /* three heartbeats */
        m.ack = cases[i].first;
        rogue_send(&r, &m);
        rogue_run(&w, &r, 10);
        m.ack = cases[i].second;
        if (w.members[1].downs[2] == 0)
            rogue_send(&r, &m);
        rogue_run(&w, &r, 10);
        cr_expect_eq(w.members[1].downs[2], cases[i].good ? 0 : 1, "case %zu", i);
        rogue_end(&r);
        peers_world_deinit(&w);
    }
}

Test(peers_door, what_its_owner_cannot_use_is_nonsense_too)
{
    struct peers_world w;

    peers_world_init(&w, 3, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 500);
    w.members[2].picky = true;
    send_settled(member_peer(&w, 1, 2), 1);
    peers_world_run(&w, 10);
    w.members[2].picky = false;
    peers_world_run(&w, 10);
    cr_expect_eq(w.members[2].downs[1], 1);
    cr_expect_eq(w.members[1].downs[2], 1);
    cr_expect_eq(fake_said(w.members[1].host, "has cut the link: a message cannot be used"), 1);
    peers_world_run(&w, 9000);
    cr_expect_eq(w.members[2].ups[1], 1);
    peers_world_run(&w, 3000);
    cr_expect(both_up(&w, 1, 2));
    peer_cut_off(member_peer(&w, 1, 2), "what it said before");
    cr_expect_eq(w.members[1].downs[2], 1, "hooks are called in turns");
    peers_world_run(&w, 10);
    cr_expect_eq(w.members[1].downs[2], 2);
    peers_world_deinit(&w);
}

/* --- the same id twice, and the same node again */

Test(peers_door, another_process_with_the_id_of_a_peer_is_refused_while_the_first_answers)
{
    struct peers_world w;
    struct rogue r;

    peers_world_init(&w, 4, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 500);
    rogue_call(&w, &r);
    rogue_shake(&w, &r);
    cr_expect_eq(r.h.reason, REFUSED_TWICE);
    cr_expect_str_eq(r.h.error, "another process with the id of node 2 is in reach");
    cr_expect_eq(fake_said(w.members[1].host, "10.0.0.5:1: another process with the id"), 1);
    cr_expect_eq(w.members[1].downs[2], 0);
    rogue_end(&r);
    fake_cut(&w.fake, 1, 2, true);
    peers_world_run(&w, 700);
    rogue_call(&w, &r);
    rogue_shake(&w, &r);
    cr_expect_eq(r.h.state, HANDSHAKE_UP);
    cr_expect_eq(w.members[1].downs[2], 1);
    rogue_end(&r);
    peers_world_deinit(&w);
}

Test(peers_door, a_peer_that_starts_again_is_taken_again)
{
    struct peers_world w;

    peers_world_init(&w, 5, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 2000);
    for (unsigned i = 1; i <= 5; i++) {
        member_kill(&w, 2);
        member_start(&w, 2);
        member_add(&w, 2, 1, true);
        peers_world_run(&w, 600);
        cr_expect(both_up(&w, 1, 2), "time %u", i);
        cr_expect_eq(peer_hello(member_peer(&w, 1, 2))->incarnation, i + 1);
    }
    peers_world_deinit(&w);
}

/* --- calling */

Test(peers_door, calls_are_further_and_further_apart_up_to_a_second)
{
    struct peers_world w;
    struct peer_stats s;
    uint64_t early, calls;

    peers_world_init(&w, 6, 2);
    member_start(&w, 1);
    member_add(&w, 1, 2, true);
    peers_world_run(&w, 1000);
    peer_stats(member_peer(&w, 1, 2), &s);
    early = s.calls;
    cr_expect_geq(early, 4u);
    cr_expect_leq(early, 8u, "%lu", (unsigned long)early);
    peers_world_run(&w, 60000);
    peer_stats(member_peer(&w, 1, 2), &s);
    calls = s.calls - early;
    cr_expect_geq(calls, 58u);
    cr_expect_leq(calls, 120u, "half a second to one second apart");
    cr_expect_eq(fake_said(w.members[1].host, "Peer 2 at 10.0.0.2: it does not listen"), 1);
    member_start(&w, 2);
    member_add(&w, 2, 1, false);
    peers_world_run(&w, 1200);
    cr_expect(both_up(&w, 1, 2));
    peers_world_deinit(&w);
}

Test(peers_door, pauses_are_not_those_of_another_node)
{
    struct peers_world w;
    struct peer_stats a, b;
    unsigned alike = 0;

    peers_world_init(&w, 7, 3);
    member_start(&w, 1);
    member_start(&w, 2);
    member_add(&w, 1, 3, true);
    member_add(&w, 2, 3, true);
    for (unsigned i = 0; i < 50; i++) {
        peers_world_run(&w, 1000);
        peer_stats(member_peer(&w, 1, 3), &a);
        peer_stats(member_peer(&w, 2, 3), &b);
        alike += a.calls == b.calls;
    }
    cr_expect_lt(alike, 25u);
    peers_world_deinit(&w);
}

Test(peers_door, a_call_that_nobody_answers_ends_after_2_s)
{
    struct peers_world w;
    struct peer_stats s;

    peers_world_init(&w, 8, 2);
    peers_world_start(&w, 2);
    fake_cut(&w.fake, 1, 2, true);
    peers_world_run(&w, 1900);
    peer_stats(member_peer(&w, 1, 2), &s);
    cr_expect_eq(s.calls, 1);
    peers_world_run(&w, 30000);
    peer_stats(member_peer(&w, 1, 2), &s);
    cr_expect_geq(s.calls, 10u);
    cr_expect_leq(s.calls, 16u);
    cr_expect_eq(fake_said(w.members[1].host, "the handshake took too long"), 1);
    peers_world_deinit(&w);
}

Test(peers_door, who_has_moved_is_called_where_it_is)
{
    struct peers_world w;

    peers_world_init(&w, 9, 3);
    member_start(&w, 1);
    member_start(&w, 3);
    peers_add(w.members[1].peers, 3, "10.0.0.2", 1);
    member_add(&w, 3, 1, false);
    peers_world_run(&w, 5000);
    cr_expect_not(both_up(&w, 1, 3));
    peers_move(member_peer(&w, 1, 3), "10.0.0.3", 1);
    peers_world_run(&w, 100);
    cr_expect(both_up(&w, 1, 3));
    peers_world_deinit(&w);
}

Test(peers_door, an_address_that_is_none_is_tried_and_said_once)
{
    struct peers_world w;

    peers_world_init(&w, 10, 2);
    member_start(&w, 1);
    peers_add(w.members[1].peers, 2, "somewhere", 1);
    peers_world_run(&w, 5000);
    cr_expect_eq(fake_said(w.members[1].host, "read a numeric IPv4 or IPv6 address"), 1);
    peers_world_deinit(&w);
}

Test(peers_door, a_turn_says_when_the_next_one_is_due)
{
    struct peers_world w;
    struct member *m;

    peers_world_init(&w, 11, 2);
    m = peers_world_member(&w, 1);
    member_start(&w, 1);
    peers_world_step(&w, 0);
    cr_expect_eq(m->deadline, UINT64_MAX, "nobody to care for");
    member_add(&w, 1, 2, true);
    for (unsigned i = 0; i < 30; i++) { /* only when it is due, and it goes on as it should */
        peers_world_step(&w, 0);
        cr_assert_geq(m->deadline, w.fake.now_us);
        cr_assert_leq(m->deadline, w.fake.now_us + 2000000);
        w.fake.now_us = m->deadline;
    }
    cr_expect_geq(fake_said(m->host, "it does not listen"), 1);
    peers_world_deinit(&w);
}
