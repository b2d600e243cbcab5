/* handshake_test.c: who comes up, and what the others are told. */
#include "cluster/handshake.h"

#include <criterion/criterion.h>

struct pair {
    struct handshake_self self[2]; /* caller, answerer */
    struct handshake h[2];
    uint8_t sent[2][8][LIMIT_PEER_HANDSHAKE]; /* bodies, as they left */
    size_t sent_len[2][8];
    unsigned sent_count[2];
    uint8_t nonces; /* given out */
};

static struct handshake_self self_of(uint32_t node)
{
    return (struct handshake_self){ .node = node,
                                    .incarnation = 100 + node,
                                    .boot = 7,
                                    .epoch = 5,
                                    .members = 6,
                                    .version_lowest = 1,
                                    .version_highest = 1,
                                    .cluster = slice_str("henge"),
                                    .secret = slice_str("stones") };
}

static void pair_init(struct pair *p)
{
    memset(p, 0, sizeof *p);
    p->self[0] = self_of(1);
    p->self[1] = self_of(2);
}

static void pair_begin(struct pair *p, uint32_t called)
{
    uint8_t nonce[MESSAGE_NONCE_SIZE] = { 0 };

    nonce[0] = ++p->nonces;
    handshake_call(&p->h[0], &p->self[0], called, 1, nonce, 1000);
    nonce[0] = ++p->nonces;
    handshake_answer(&p->h[1], &p->self[1], nonce, 1000);
    p->sent_count[0] = p->sent_count[1] = 0;
}

static bool listens(const struct handshake *h)
{
    return h->state < HANDSHAKE_JUDGING;
}

/* Carries one message from side `from`, if it has one, to the other. */
static bool carry(struct pair *p, unsigned from)
{
    struct message m;
    unsigned n = p->sent_count[from];

    if (!handshake_next(&p->h[from], &m))
        return false;
    p->sent_len[from][n] = message_size(&m);
    message_encode(&m, p->sent[from][n]);
    p->sent_count[from]++;
    if (listens(&p->h[1 - from]))
        handshake_take(&p->h[1 - from], m.type, slice_of(p->sent[from][n], p->sent_len[from][n]));
    cr_assert(handshake_check(&p->h[0]) && handshake_check(&p->h[1]));
    return true;
}

static void pair_run(struct pair *p, uint32_t called)
{
    pair_begin(p, called);
    while (carry(p, 0) || carry(p, 1)) {
        if (p->h[1].state == HANDSHAKE_JUDGING)
            handshake_admit(&p->h[1]);
    }
}

/* Both have failed for the same reason, one of them because the other said so. */
static void expect_failed(const struct pair *p, enum message_refused_reason reason,
                          const char *text)
{
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(p->h[i].state, HANDSHAKE_FAILED, "side %d", i);
        cr_expect_eq(p->h[i].reason, reason, "side %d", i);
        cr_expect_str_eq(p->h[i].error, text);
    }
    cr_expect_neq(p->h[0].by_peer, p->h[1].by_peer);
}

static void expect_up(const struct pair *p)
{
    for (int i = 0; i < 2; i++)
        cr_assert_eq(p->h[i].state, HANDSHAKE_UP, "side %d: %s", i, p->h[i].error);
}

Test(handshake, two_that_share_a_secret_come_up_and_know_each_other)
{
    struct pair p;

    pair_init(&p);
    p.self[1].boot = 8;
    pair_run(&p, 2);
    expect_up(&p);
    cr_expect_eq(p.h[0].peer.node, 2);
    cr_expect_eq(p.h[0].peer.incarnation, 102);
    cr_expect_eq(p.h[0].peer.boot, 8);
    cr_expect_eq(p.h[1].peer.node, 1);
    cr_expect_eq(p.h[1].peer.epoch, 5);
    cr_expect_eq(p.h[1].peer.members, 6);
    cr_expect_eq(p.h[1].peer.attempt, 1);
    cr_expect_eq(p.sent_count[0], 2);
    cr_expect_eq(p.sent_count[1], 2);
}

Test(handshake, without_a_secret_none_is_demanded_but_both_must_have_none)
{
    struct pair p;

    pair_init(&p);
    p.self[0].secret = p.self[1].secret = slice_str("");
    pair_run(&p, 0);
    expect_up(&p);
    p.self[0].secret = slice_str("stones");
    pair_run(&p, 2);
    expect_failed(&p, REFUSED_SECRET, "node 1 has a cluster's secret and node 2 has none");
    p.self[0].secret = slice_str("");
    p.self[1].secret = slice_str("stones");
    pair_run(&p, 2);
    expect_failed(&p, REFUSED_SECRET, "node 2 has a cluster's secret and node 1 has none");
}

Test(handshake, who_knows_another_secret_is_refused_and_shown_no_proof)
{
    struct pair p;

    pair_init(&p);
    p.self[0].secret = slice_str("stone");
    pair_run(&p, 2);
    expect_failed(&p, REFUSED_SECRET, "nodes 2 and 1 have different secrets");
    cr_expect_eq(p.h[0].by_peer, true);
    cr_expect_eq(p.sent_count[1], 2, "a hello and a refusal");
}

Test(handshake, an_answerer_that_knows_no_secret_is_refused)
{
    struct pair p;

    pair_init(&p);
    p.self[1].secret = slice_str("guess");
    pair_begin(&p, 2);
    carry(&p, 0);
    carry(&p, 1);
    carry(&p, 0);
    cr_assert_eq(p.h[1].state, HANDSHAKE_FAILED);
    /* It welcomes nevertheless. */
    handshake_next(&p.h[1], &(struct message){ 0 });
    p.h[1].state = HANDSHAKE_JUDGING;
    p.h[1].reason = 0;
    handshake_admit(&p.h[1]);
    carry(&p, 1);
    cr_expect_eq(p.h[0].state, HANDSHAKE_FAILED);
    cr_expect_eq(p.h[0].reason, REFUSED_SECRET);
}

Test(handshake, the_highest_version_that_both_speak_is_agreed_on)
{
    static const struct {
        uint16_t low[2], high[2], agreed;
    } cases[] = {
        { { 1, 1 }, { 1, 1 }, 1 }, { { 1, 1 }, { 4, 3 }, 3 }, { { 2, 3 }, { 3, 9 }, 3 },
        { { 5, 1 }, { 6, 5 }, 5 }, { { 3, 1 }, { 4, 2 }, 0 }, { { 1, 3 }, { 2, 4 }, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pair p;

        pair_init(&p);
        for (int side = 0; side < 2; side++) {
            p.self[side].version_lowest = cases[i].low[side];
            p.self[side].version_highest = cases[i].high[side];
        }
        pair_run(&p, 2);
        if (cases[i].agreed) {
            expect_up(&p);
            cr_expect_eq(p.h[0].version, cases[i].agreed, "case %zu", i);
            cr_expect_eq(p.h[1].version, cases[i].agreed, "case %zu", i);
        }
    }
}

Test(handshake, who_is_too_old_is_named)
{
    struct pair p;

    pair_init(&p);
    p.self[0].version_lowest = p.self[0].version_highest = 3;
    pair_run(&p, 2);
    expect_failed(&p, REFUSED_VERSION,
                  "node 2 speaks versions 1 to 1 of the protocol between peers, node 1 3 to 3: "
                  "node 2's program is too old");
    p.self[0].version_lowest = p.self[0].version_highest = 1;
    p.self[1].version_lowest = 2;
    p.self[1].version_highest = 3;
    pair_run(&p, 2);
    expect_failed(&p, REFUSED_VERSION,
                  "node 2 speaks versions 2 to 3 of the protocol between peers, node 1 1 to 1: "
                  "node 1's program is too old");
}

Test(handshake, who_is_not_meant_is_refused)
{
    struct pair p;

    pair_init(&p);
    p.self[0].cluster = slice_str("avebury");
    pair_run(&p, 2);
    expect_failed(&p, REFUSED_CLUSTER, "node 2 is of cluster 'henge', node 1 of 'avebury'");
    pair_init(&p);
    pair_run(&p, 3);
    expect_failed(&p, REFUSED_ADDRESSEE, "node 3 was called and this is node 2");
    pair_init(&p);
    p.self[1].node = 1;
    pair_run(&p, 0);
    expect_failed(&p, REFUSED_TWICE, "two processes have the id of node 1");
    p.self[1].incarnation = p.self[0].incarnation;
    pair_run(&p, 0);
    expect_failed(&p, REFUSED_ADDRESSEE, "node 1 has called itself");
}

/* One that answers as node 2 and does not look whom the caller wants. */
Test(handshake, the_caller_looks_who_answers)
{
    struct pair p;

    pair_init(&p);
    pair_begin(&p, 2); /* answers a call of node 2 ... */
    carry(&p, 0);
    p.h[0].called = 3; /* ... and the caller wants node 3 */
    carry(&p, 1);
    cr_expect_eq(p.h[0].reason, REFUSED_ADDRESSEE);
    cr_expect_str_eq(p.h[0].error, "node 3 was called and node 2 has answered");
}

Test(handshake, the_owner_of_the_answerer_has_the_last_word)
{
    struct pair p;

    pair_init(&p);
    pair_begin(&p, 2);
    while (p.h[1].state != HANDSHAKE_JUDGING)
        cr_assert(carry(&p, 0) || carry(&p, 1));
    handshake_refuse(&p.h[1], REFUSED_STRANGER, "node %u is no member", 1u);
    carry(&p, 1);
    expect_failed(&p, REFUSED_STRANGER, "node 1 is no member");
}

/* What was heard on one connection is of no use on another. */
Test(handshake, a_proof_cannot_be_replayed)
{
    struct pair p;
    uint8_t old[3][LIMIT_PEER_HANDSHAKE];
    size_t hello_len;

    pair_init(&p);
    pair_run(&p, 2);
    expect_up(&p);
    hello_len = p.sent_len[0][0];
    memcpy(old[0], p.sent[0][0], sizeof old[0]);
    memcpy(old[1], p.sent[0][1], sizeof old[1]);
    memcpy(old[2], p.sent[1][1], sizeof old[2]);
    pair_begin(&p, 2); /* a thief calls, and says what node 1 said */
    handshake_take(&p.h[1], MESSAGE_HELLO, slice_of(old[0], hello_len));
    cr_assert_eq(p.h[1].state, HANDSHAKE_ASKING);
    handshake_take(&p.h[1], MESSAGE_PROOF, slice_of(old[1], SHA256_BYTES));
    cr_expect_eq(p.h[1].reason, REFUSED_SECRET);
    pair_begin(&p, 2); /* a thief answers, and says what node 2 said */
    carry(&p, 0);
    carry(&p, 1);
    handshake_take(&p.h[0], MESSAGE_WELCOME, slice_of(old[2], SHA256_BYTES));
    cr_expect_eq(p.h[0].reason, REFUSED_SECRET);
}

/* Who answers a call with the caller's own proof has not proved anything. */
Test(handshake, a_proof_cannot_be_sent_back)
{
    struct pair p;

    pair_init(&p);
    pair_begin(&p, 2);
    carry(&p, 0);
    carry(&p, 1);
    carry(&p, 0);
    cr_assert_eq(p.h[0].state, HANDSHAKE_PROVING);
    handshake_take(&p.h[0], MESSAGE_WELCOME, slice_of(p.sent[0][1], SHA256_BYTES));
    cr_expect_eq(p.h[0].reason, REFUSED_SECRET);
}

/* Each byte of either hello is in the proof: nobody between the two can change one. */
Test(handshake, a_hello_cannot_be_changed_on_the_way)
{
    for (size_t at = 0; at < 75; at++) {
        struct pair p;
        struct message m;
        uint8_t body[LIMIT_PEER_HANDSHAKE];
        size_t len;

        pair_init(&p);
        pair_begin(&p, 2);
        handshake_next(&p.h[0], &m);
        len = message_size(&m);
        message_encode(&m, body);
        body[at] ^= 4;
        handshake_take(&p.h[1], MESSAGE_HELLO, slice_of(body, len));
        while (p.h[1].state == HANDSHAKE_ASKING && (carry(&p, 1) || carry(&p, 0))) {
        }
        cr_expect_eq(p.h[1].state, HANDSHAKE_FAILED, "byte %zu", at);
    }
}

Test(handshake, a_hello_of_a_later_version_may_say_more)
{
    struct pair p;
    struct message m;

    pair_init(&p);
    pair_begin(&p, 2);
    handshake_next(&p.h[0], &m);
    memset(p.h[0].mine + p.h[0].mine_len, 'x', 10); /* what it sends, and proves */
    p.h[0].mine_len += 10;
    handshake_take(&p.h[1], MESSAGE_HELLO, slice_of(p.h[0].mine, p.h[0].mine_len));
    while (carry(&p, 1) || carry(&p, 0)) {
        if (p.h[1].state == HANDSHAKE_JUDGING)
            handshake_admit(&p.h[1]);
    }
    expect_up(&p);
}

Test(handshake, one_that_takes_too_long_fails_in_every_state)
{
    for (unsigned steps = 0; steps < 4; steps++) {
        struct pair p;

        pair_init(&p);
        pair_begin(&p, 2);
        for (unsigned i = 0; i < steps; i++)
            cr_assert(carry(&p, i % 2) || i == 3);
        for (int side = 0; side < 2; side++) {
            struct handshake *h = &p.h[side];

            if (h->state >= HANDSHAKE_UP)
                continue;
            handshake_tick(h, 999);
            cr_expect_lt(h->state, HANDSHAKE_UP);
            handshake_tick(h, 1000);
            cr_expect_eq(h->state, HANDSHAKE_FAILED);
            cr_expect_eq(h->reason, REFUSED_SLOW);
        }
    }
}

Test(handshake, nonsense_fails_in_every_state)
{
    uint8_t large[HANDSHAKE_HELLO_MAX + 1] = { 1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1 };
    struct pair p;

    pair_init(&p);
    for (unsigned steps = 0; steps < 3; steps++) {
        for (int what = 0; what < 3; what++) {
            struct handshake *h;

            pair_begin(&p, 2);
            for (unsigned i = 0; i < steps; i++)
                cr_assert(carry(&p, i % 2));
            h = &p.h[steps % 2 ? 0 : 1];
            if (!listens(h))
                continue;
            if (what == 0)
                handshake_take(h, MESSAGE_CONFIRM, slice_str(""));
            else if (what == 1)
                handshake_take(h, MESSAGE_HELLO, slice_str("short"));
            else
                handshake_take(h, MESSAGE_HELLO, slice_of(large, sizeof large));
            cr_expect_eq(h->state, HANDSHAKE_FAILED, "%u %d", steps, what);
            cr_expect_eq(h->reason, REFUSED_NONSENSE, "%u %d", steps, what);
        }
    }
}
