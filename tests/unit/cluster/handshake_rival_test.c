/* handshake_rival_test.c: two nodes that call each other, in every order of what happens. */
#include <criterion/criterion.h>

#include "base/mem.h"
#include "base/prng.h"
#include "cluster/handshake.h"

enum { CONNS_MAX = 64, QUEUE_MAX = 8, CALLS_MAX = 6 /* seen: 5; without the rules, 14 */ };

struct said {
    enum message_type type; /* 0: the end */
    uint8_t body[LIMIT_PEER_HANDSHAKE];
    size_t len;
};

struct conn {
    struct handshake h[2]; /* by node, 0 or 1 */
    bool open[2];
    struct said queue[2][QUEUE_MAX]; /* to that node */
    unsigned count[2];
    unsigned caller;
};

struct node {
    struct handshake_self self;
    struct conn *up, *out;
};

struct two {
    struct node nodes[2];
    struct conn conns[CONNS_MAX];
    unsigned count;
    uint64_t attempts;
    struct prng prng;
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

static void say(struct conn *c, unsigned to, const struct message *m)
{
    struct said *s = &c->queue[to][c->count[to]++];

    cr_assert_leq(c->count[to], QUEUE_MAX);
    s->type = m ? m->type : 0;
    if (m) {
        s->len = message_size(m);
        message_encode(m, s->body);
    }
}

static void flush(struct conn *c, unsigned node)
{
    struct message m;

    if (handshake_next(&c->h[node], &m))
        say(c, 1 - node, &m);
}

static void hang_up(struct two *t, struct conn *c, unsigned node)
{
    if (!c->open[node])
        return;
    flush(c, node);
    say(c, 1 - node, NULL);
    c->open[node] = false;
    c->count[node] = 0;
    if (t->nodes[node].up == c)
        t->nodes[node].up = NULL;
    if (t->nodes[node].out == c)
        t->nodes[node].out = NULL;
}

static void start_call(struct two *t, unsigned node)
{
    struct conn *c = &t->conns[t->count++];
    uint8_t nonce[MESSAGE_NONCE_SIZE] = { (uint8_t)t->count, (uint8_t)node };

    cr_assert_leq(t->count, CONNS_MAX, "it does not come to rest");
    memset(c, 0, sizeof *c);
    c->caller = node;
    c->open[0] = c->open[1] = true;
    handshake_call(&c->h[node], &t->nodes[node].self, 0, ++t->attempts, nonce, UINT64_MAX);
    nonce[2] = 1;
    handshake_answer(&c->h[1 - node], &t->nodes[1 - node].self, nonce, UINT64_MAX);
    t->nodes[node].out = c;
    flush(c, node);
}

static bool beats(struct two *t, struct conn *c, unsigned node, struct conn *rival)
{
    struct handshake_rival r;

    if (!rival)
        return true;
    r = (struct handshake_rival){ .up = t->nodes[node].up == rival,
                                  .called = rival->caller == node,
                                  .proving = rival->h[node].state == HANDSHAKE_PROVING,
                                  .in_reach = true,
                                  .incarnation = rival->h[node].peer.incarnation,
                                  .attempt = rival->h[node].peer.attempt };
    return handshake_choose(t->nodes[node].self.node, &c->h[node].peer, &r) == HANDSHAKE_TAKE_NEW;
}

static void judge(struct two *t, struct conn *c, unsigned node)
{
    struct node *n = &t->nodes[node];

    if (!beats(t, c, node, n->up) || !beats(t, c, node, n->out)) {
        handshake_refuse(&c->h[node], REFUSED_OTHER, "another is kept");
        hang_up(t, c, node);
        return;
    }
    if (n->up)
        hang_up(t, n->up, node);
    if (n->out)
        hang_up(t, n->out, node);
    handshake_admit(&c->h[node]);
    flush(c, node);
    n->up = c;
}

static void deliver(struct two *t, struct conn *c, unsigned node)
{
    struct said s = c->queue[node][0];
    struct handshake *h = &c->h[node];

    memmove(c->queue[node], c->queue[node] + 1, sizeof s * --c->count[node]);
    if (s.type == 0) {
        hang_up(t, c, node);
        return;
    }
    handshake_take(h, s.type, slice_of(s.body, s.len));
    flush(c, node);
    if (h->state == HANDSHAKE_JUDGING) {
        judge(t, c, node);
    } else if (h->state == HANDSHAKE_FAILED) {
        hang_up(t, c, node);
    } else if (h->state == HANDSHAKE_UP) {
        cr_assert_null(t->nodes[node].up, "who is called has chosen this one");
        t->nodes[node].up = c;
        t->nodes[node].out = NULL;
    }
}

/* Something that can happen next, of any order; false: nothing can. */
static bool step(struct two *t)
{
    struct {
        struct conn *c;
        unsigned node;
    } ways[2 * CONNS_MAX + 2];
    unsigned n = 0, i;

    for (unsigned c = 0; c < t->count; c++) {
        for (unsigned node = 0; node < 2; node++) {
            if (t->conns[c].open[node] && t->conns[c].count[node]) {
                ways[n].c = &t->conns[c];
                ways[n++].node = node;
            }
        }
    }
    for (unsigned node = 0; node < 2; node++) {
        if (!t->nodes[node].up && !t->nodes[node].out) {
            ways[n].c = NULL;
            ways[n++].node = node;
        }
    }
    if (n == 0)
        return false;
    i = (unsigned)prng_below(&t->prng, n);
    if (ways[i].c)
        deliver(t, ways[i].c, ways[i].node);
    else
        start_call(t, ways[i].node);
    return true;
}

static void call_each_other(uint64_t seed)
{
    struct two *t = mem_zalloc(1, sizeof *t);
    struct conn *kept;

    prng_init(&t->prng, seed);
    t->nodes[0].self = self_of(1);
    t->nodes[1].self = self_of(2);
    for (unsigned breaks = 0; breaks < 3; breaks++) {
        unsigned before = t->count;

        while (step(t)) {
        }
        cr_assert_leq(t->count - before, CALLS_MAX, "seed %lu", (unsigned long)seed);
        kept = t->nodes[0].up;
        cr_assert_not_null(kept);
        cr_assert_eq(kept, t->nodes[1].up, "seed %lu", (unsigned long)seed);
        for (unsigned i = 0; i < t->count; i++)
            cr_assert(&t->conns[i] == kept || (!t->conns[i].open[0] && !t->conns[i].open[1]));
        hang_up(t, kept, (unsigned)prng_below(&t->prng, 2)); /* one of them alone knows */
    }
    mem_free(t);
}

Test(handshake_rival, of_calls_in_both_directions_exactly_one_stays)
{
    for (uint64_t seed = 0; seed < 20000; seed++)
        call_each_other(seed);
}

Test(handshake_rival, another_process_with_the_id_waits_until_the_first_is_out_of_reach)
{
    struct message_hello peer = { .node = 5, .incarnation = 9, .attempt = 1 };
    struct handshake_rival rival = { .up = true, .in_reach = true, .incarnation = 8, .attempt = 4 };

    cr_expect_eq(handshake_choose(1, &peer, &rival), HANDSHAKE_TWICE);
    rival.called = true;
    cr_expect_eq(handshake_choose(1, &peer, &rival), HANDSHAKE_TWICE);
    cr_expect_eq(handshake_choose(7, &peer, &rival), HANDSHAKE_TWICE);
    rival.in_reach = false;
    cr_expect_eq(handshake_choose(1, &peer, &rival), HANDSHAKE_TAKE_NEW);
    cr_expect_eq(handshake_choose(7, &peer, &rival), HANDSHAKE_TAKE_NEW);
}

Test(handshake_rival, who_calls_again_has_no_use_for_the_old_connection)
{
    struct message_hello peer = { .node = 5, .incarnation = 9, .attempt = 3 };
    struct handshake_rival rival = { .up = true, .in_reach = true, .incarnation = 9, .attempt = 2 };

    cr_expect_eq(handshake_choose(7, &peer, &rival), HANDSHAKE_TAKE_NEW);
    rival.attempt = 4; /* the call is the older one, and was late */
    cr_expect_eq(handshake_choose(7, &peer, &rival), HANDSHAKE_KEEP_OLD);
    rival =
        (struct handshake_rival){ .up = true, .called = true, .in_reach = false, .incarnation = 9 };
    cr_expect_eq(handshake_choose(7, &peer, &rival), HANDSHAKE_TAKE_NEW);
}

Test(handshake_rival, a_call_is_given_up_while_the_other_side_cannot_have_admitted_it)
{
    struct message_hello peer = { .node = 5, .incarnation = 9, .attempt = 3 };
    struct handshake_rival rival = { .called = true };

    cr_expect_eq(handshake_choose(1, &peer, &rival), HANDSHAKE_TAKE_NEW);
    cr_expect_eq(handshake_choose(7, &peer, &rival), HANDSHAKE_TAKE_NEW);
    rival.proving = true;
    cr_expect_eq(handshake_choose(1, &peer, &rival), HANDSHAKE_TAKE_NEW);
    cr_expect_eq(handshake_choose(7, &peer, &rival), HANDSHAKE_KEEP_OLD);
}
