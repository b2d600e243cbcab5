/* peer_call.c: how a connection comes to be a peer's, and how it ends. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "node/peers_state.h"

enum { COMPLAIN_EVERY_US = 10 * 1000 * 1000 }; /* of strangers, in the log */

/* --- the log */

/* Why a peer is not there, once. */
static void say(struct peer *p, enum trace_level level, const char *why)
{
    if (strcmp(p->said, why) == 0)
        return;
    snprintf(p->said, sizeof p->said, "%s", why);
    trace_log(p->all->env->trace, level, "Peer %u at %s: %s", (unsigned)p->id,
              p->address[0] ? p->address : "an unknown address", why);
}

static void complain_of_stranger(struct peers *all, const char *address, const char *why)
{
    if (all->complained_at && all->now - all->complained_at < COMPLAIN_EVERY_US)
        return;
    all->complained_at = all->now;
    trace_log(all->env->trace, TRACE_WARNING, "Not taken for a peer: %s: %s", address, why);
}

/* --- calling */

/* Doubles with each failure; half of it is random, so that two do not meet for ever. */
static uint64_t pause(struct peer *p)
{
    const struct peers_options *o = &p->all->options;
    uint64_t most = o->retry_min_us;

    for (unsigned i = 0; i < p->failures && most < o->retry_max_us; i++)
        most *= 2;
    if (most > o->retry_max_us)
        most = o->retry_max_us;
    return most - prng_below(&p->all->prng, most / 2 + 1);
}

static void call_later(struct peer *p)
{
    p->call_at = p->all->now + pause(p);
    if (p->call_at < p->barred_until)
        p->call_at = p->barred_until;
}

/* Sends what the handshake has to say. */
static void pump(struct peer_link *l)
{
    struct message m;

    while (handshake_next(l->handshake, &m))
        peer_link_put(l, &m);
}

uint64_t peer_call_time(const struct peer *p)
{
    return p->removed || p->up || p->call || !p->address[0] ? UINT64_MAX : p->call_at;
}

void peer_call(struct peer *p)
{
    struct peers *all = p->all;
    uint8_t nonce[MESSAGE_NONCE_SIZE];
    struct net_conn *net;
    struct err e;

    if (all->now < peer_call_time(p))
        return;
    p->stats.calls++;
    e = net_connect(all->env->net, p->address, p->port, &net);
    if (err_is(e)) {
        p->failures++;
        call_later(p);
        say(p, TRACE_NOTICE, e.os ? strerror(e.os) : e.what);
        return;
    }
    p->call = peer_link_new(all, net, p);
    all->env->random(all->env, nonce, sizeof nonce);
    handshake_call(p->call->handshake, &all->options.self, p->id, ++all->attempts, nonce,
                   all->now + all->options.handshake_us);
    pump(p->call);
}

/* --- the end */

static void end_up(struct peer *p, struct peer_link *l)
{
    struct peers *all = p->all;
    uint64_t silent = peer_sends_silent_since(&l->sends);

    p->up = NULL;
    p->full = p->behind = false;
    p->silent_since = silent ? silent : all->now;
    p->failures = all->now - p->up_since < all->options.retry_max_us ? p->failures + 1 : 0;
    if (!p->removed)
        all->hooks.on_down(all->owner, p);
}

void peer_lost(struct peer_link *l)
{
    struct peers *all = l->all;
    struct peer *p = l->peer;
    char why[PEER_WHY_MAX], address[NET_ADDRESS_MAX];

    snprintf(why, sizeof why, "%s", l->why);
    net_peer(l->net, address);
    peer_link_close(l);
    if (!p) {
        if (l->handshake->state == HANDSHAKE_FAILED)
            complain_of_stranger(all, address, why);
        return;
    }
    if (why[0])
        say(p, p->barred_until > all->now ? TRACE_WARNING : TRACE_NOTICE, why);
    if (p->call == l) {
        p->call = NULL;
        p->failures++;
    }
    if (p->up == l)
        end_up(p, l);
    call_later(p);
}

/* --- being called */

static struct handshake_rival rival_of(const struct peer *p, const struct peer_link *l)
{
    const struct handshake *h = l->handshake;

    return (struct handshake_rival){ .up = h == NULL,
                                     .called = l->caller,
                                     .proving = h && h->state == HANDSHAKE_PROVING,
                                     .in_reach = !h && p->in_reach,
                                     .incarnation = l->hello.incarnation,
                                     .attempt = l->hello.attempt };
}

/* False: the handshake was refused for the sake of the rival. */
static bool beats(struct peer_link *l, struct peer *p, struct peer_link *rival)
{
    struct handshake *h = l->handshake;
    struct handshake_rival r;

    if (!rival)
        return true;
    r = rival_of(p, rival);
    switch (handshake_choose(l->all->options.self.node, &h->peer, &r)) {
    case HANDSHAKE_TAKE_NEW:
        return true;
    case HANDSHAKE_KEEP_OLD:
        handshake_refuse(h, REFUSED_OTHER, "another connection to node %u is kept",
                         (unsigned)p->id);
        return false;
    case HANDSHAKE_TWICE:
        break;
    }
    handshake_refuse(h, REFUSED_TWICE, "another process with the id of node %u is in reach",
                     (unsigned)p->id);
    return false;
}

static void come_up(struct peer_link *l, struct peer *p)
{
    struct peers *all = l->all;
    char address[NET_ADDRESS_MAX];

    peer_link_up(l, p);
    p->up = l;
    p->up_since = p->heartbeat_at = all->now;
    p->said[0] = '\0';
    p->stats.ups++;
    net_peer(l->net, address);
    trace_log(all->env->trace, TRACE_NOTICE, "Peer %u: the link is up, %s %s", (unsigned)p->id,
              l->caller ? "to" : "from", address);
    all->hooks.on_up(all->owner, p);
    if (!p->removed && !p->in_reach) {
        p->in_reach = true;
        all->hooks.on_reach(all->owner, p, true);
    }
}

/* Who has called has proved that he belongs to the cluster. */
static void judge(struct peer_link *l)
{
    struct peers *all = l->all;
    struct handshake *h = l->handshake;
    struct peer *p = peers_find(all, h->peer.node);

    if (!p) {
        handshake_refuse(h, REFUSED_STRANGER, "node %u knows no member %u",
                         (unsigned)all->options.self.node, (unsigned)h->peer.node);
        return;
    }
    if (all->now < p->barred_until) {
        handshake_refuse(h, REFUSED_LATER, "node %u spoke nonsense a moment ago",
                         (unsigned)h->peer.node);
        return;
    }
    if (!beats(l, p, p->up) || !beats(l, p, p->call))
        return;
    if (p->call)
        peer_lost(p->call);
    if (p->up)
        peer_lost(p->up);
    if (p->removed) /* by on_down() */
        handshake_refuse(h, REFUSED_STRANGER, "node %u is no member any more", (unsigned)p->id);
    else
        handshake_admit(h);
    pump(l);
    if (h->state == HANDSHAKE_UP)
        come_up(l, p);
}

/* --- the handshake's end */

static bool is_other(const struct handshake *h)
{
    return h->reason == REFUSED_OTHER || h->reason == REFUSED_LATER;
}

static void fail(struct peer_link *l)
{
    const struct handshake *h = l->handshake;
    struct peer *p = l->peer;

    pump(l);
    peer_link_write(l);
    l->why[0] = '\0'; /* the reason is the handshake's */
    if (p && !h->by_peer && h->reason == REFUSED_NONSENSE) {
        p->stats.cut_offs++;
        p->barred_until = l->all->now + l->all->options.barred_us;
    }
    if (!h->by_peer)
        peer_link_fail(l, "%s", h->error);
    else if (p && is_other(h))
        peer_lost(l); /* nothing is wrong */
    else
        peer_link_fail(l, "refused there: %s", h->error);
}

void peer_shaken(struct peer_link *l)
{
    struct handshake *h = l->handshake;

    pump(l);
    if (h->state == HANDSHAKE_JUDGING)
        judge(l);
    if (l->handshake && h->state == HANDSHAKE_FAILED) {
        fail(l);
    } else if (l->handshake && h->state == HANDSHAKE_UP) {
        assert(l->caller && l->peer->call == l);
        l->peer->call = NULL;
        if (l->peer->up) /* it cannot be, unless the other side breaks the rules */
            peer_link_fail(l, "two connections to one peer");
        else
            come_up(l, l->peer);
    }
}
