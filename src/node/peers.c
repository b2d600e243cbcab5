/* peers.c: the set of peers, and what time brings. */
#include "node/peers.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "node/peers_state.h"

enum { LAG_US = 10 * 1000 }; /* after a turn that came late, the next is to come so soon */

void peers_options_init(struct peers_options *options)
{
    *options = (struct peers_options){ .heartbeat_us = 100 * 1000,
                                       .reach_us = 500 * 1000,
                                       .lost_us = 3000 * 1000,
                                       .handshake_us = 2000 * 1000,
                                       .retry_min_us = 50 * 1000,
                                       .retry_max_us = 1000 * 1000,
                                       .barred_us = 10000 * 1000,
                                       .queue_max = 16 * 1024 * 1024 };
}

struct peers *peers_new(struct env *env, const struct peers_options *options,
                        const struct peers_hooks *hooks, void *owner)
{
    struct peers *all = mem_zalloc(1, sizeof *all);

    all->env = env;
    all->options = *options;
    all->hooks = *hooks;
    all->owner = owner;
    all->now = clock_mono_us(env->clock);
    list_init(&all->peers);
    list_init(&all->links);
    prng_init(&all->prng, env->seed ^ options->self.node);
    return all;
}

/* Frees what was closed and removed. */
static void sweep(struct peers *all)
{
    list_for_each_safe (at, &all->links) {
        struct peer_link *l = list_item(at, struct peer_link, links);
        if (l->closed)
            peer_link_free(l);
    }
    list_for_each_safe (at, &all->peers) {
        struct peer *p = list_item(at, struct peer, links);
        if (p->removed) {
            list_remove(&p->links);
            mem_free(p);
        }
    }
}

void peers_free(struct peers *all)
{
    if (!all)
        return;
    list_for_each (at, &all->links) {
        struct peer_link *l = list_item(at, struct peer_link, links);
        if (!l->closed)
            peer_link_close(l);
    }
    list_for_each (at, &all->peers)
        list_item(at, struct peer, links)->removed = true;
    sweep(all);
    mem_free(all);
}

/* --- members */

struct peer *peers_find(const struct peers *all, uint32_t id)
{
    list_for_each (at, &all->peers) {
        struct peer *p = list_item(at, struct peer, links);
        if (p->id == id && !p->removed)
            return p;
    }
    return NULL;
}

struct peer *peers_add(struct peers *all, uint32_t id, const char *address, int port)
{
    struct peer *p = mem_zalloc(1, sizeof *p);

    assert(id > 0 && id != all->options.self.node && !peers_find(all, id));
    p->all = all;
    p->id = id;
    p->silent_since = UINT64_MAX;
    peers_move(p, address, port);
    list_push(&all->peers, &p->links);
    return p;
}

void peers_move(struct peer *p, const char *address, int port)
{
    snprintf(p->address, sizeof p->address, "%s", address);
    p->port = port;
    p->failures = 0;
    p->call_at = p->barred_until;
}

void peers_remove(struct peer *p)
{
    p->removed = true;
    if (p->call)
        peer_link_close(p->call);
    if (p->up)
        peer_link_close(p->up);
    p->call = p->up = NULL;
}

void peers_set_ring(struct peers *all, uint64_t epoch, uint64_t members)
{
    all->options.self.epoch = epoch;
    all->options.self.members = members;
}

/* --- strangers */

/* Room for one more: whoever has had the most time makes it. */
static void make_room(struct peers *all)
{
    if (all->strangers < LIMIT_PEER_STRANGERS)
        return;
    list_for_each (at, &all->links) {
        struct peer_link *l = list_item(at, struct peer_link, links);
        if (!l->closed && !l->peer) {
            peer_link_close(l);
            return;
        }
    }
}

static void on_accept(struct net_listener *listener, struct net_conn *conn)
{
    struct peers *all = listener->owner;
    uint8_t nonce[MESSAGE_NONCE_SIZE];
    struct peer_link *l;

    make_room(all);
    l = peer_link_new(all, conn, NULL);
    all->env->random(all->env, nonce, sizeof nonce);
    handshake_answer(l->handshake, &all->options.self, nonce,
                     clock_mono_us(all->env->clock) + all->options.handshake_us);
}

void peers_listen(struct peers *all, struct net_listener *listener)
{
    listener->owner = all;
    listener->on_accept = on_accept;
}

/* --- a turn */

void peers_read(struct peers *all, uint64_t now_us)
{
    all->now = now_us;
    list_for_each (at, &all->links) {
        struct peer_link *l = list_item(at, struct peer_link, links);

        if (l->ready && !l->closed)
            peer_link_read(l);
        if (l->why[0] && !l->closed)
            peer_lost(l);
    }
}

/* `late`: this turn comes so late that answers may have come and not be read yet. */
static void judge_reach(struct peer *p, bool late)
{
    struct peers *all = p->all;
    uint64_t silence = peer_silence_us(p, all->now);
    bool in_reach = silence < all->options.reach_us;

    if (late && !in_reach)
        return;
    if (in_reach != p->in_reach) {
        p->in_reach = in_reach;
        all->hooks.on_reach(all->owner, p, in_reach);
    }
    if (p->up && silence >= all->options.lost_us)
        peer_link_fail(p->up, "no answer for %u ms", (unsigned)(silence / 1000));
}

static void beat(struct peer *p)
{
    struct peers *all = p->all;
    struct message m = { .type = MESSAGE_HEARTBEAT };

    if (!p->up || all->now < p->heartbeat_at)
        return;
    p->heartbeat_at = all->now + all->options.heartbeat_us;
    all->hooks.on_heartbeat(all->owner, p, &m.heartbeat);
    m.heartbeat.wall_us = clock_wall_us(all->env->clock);
    peer_send(p, &m);
}

static void judge_queue(struct peer *p)
{
    struct peers *all = p->all;

    if (!p->up || !p->full)
        return;
    if (!p->behind) {
        p->behind = true;
        p->stats.behinds++;
        all->hooks.on_behind(all->owner, p, true);
    } else if (peer_link_unanswered(p->up) <= all->options.queue_max / 2) {
        p->behind = p->full = false;
        all->hooks.on_behind(all->owner, p, false);
    }
}

static void tick_handshakes(struct peers *all)
{
    list_for_each (at, &all->links) {
        struct peer_link *l = list_item(at, struct peer_link, links);

        if (l->closed || l->why[0] || !l->handshake)
            continue;
        handshake_tick(l->handshake, all->now);
        if (l->handshake->state == HANDSHAKE_FAILED)
            peer_shaken(l);
    }
}

static void tick_peers(struct peers *all, bool late)
{
    list_for_each (at, &all->peers) {
        struct peer *p = list_item(at, struct peer, links);

        if (!p->removed)
            judge_reach(p, late);
        if (!p->removed)
            judge_queue(p);
        if (!p->removed)
            beat(p);
        if (!p->removed)
            peer_call(p);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t peer_deadline(const struct peer *p)
{
    const struct peers_options *o = &p->all->options;
    uint64_t at = peer_call_time(p), silent = p->silent_since;

    if (p->up) {
        at = earlier(at, p->heartbeat_at);
        silent = peer_sends_silent_since(&p->up->sends);
    }
    if (p->in_reach && silent && silent != UINT64_MAX)
        at = earlier(at, silent + o->reach_us);
    if (p->up && silent)
        at = earlier(at, silent + o->lost_us);
    return at;
}

static uint64_t deadline(const struct peers *all, bool late)
{
    uint64_t at = late ? all->now + LAG_US : UINT64_MAX;

    list_for_each (each, &all->peers)
        at = earlier(at, peer_deadline(list_item(each, struct peer, links)));
    list_for_each (each, &all->links) {
        const struct peer_link *l = list_item(each, struct peer_link, links);

        if (l->why[0] || l->ready)
            return all->now;
        if (l->handshake)
            at = earlier(at, l->handshake->deadline);
    }
    return at;
}

uint64_t peers_turn(struct peers *all, uint64_t now_us)
{
    bool late = all->turned_at && now_us - all->turned_at > all->options.reach_us / 2;

    all->now = all->turned_at = now_us;
    tick_handshakes(all);
    tick_peers(all, late);
    list_for_each (at, &all->links) {
        struct peer_link *l = list_item(at, struct peer_link, links);
        if (l->why[0] && !l->closed)
            peer_lost(l);
    }
    list_for_each (at, &all->links)
        peer_link_write(list_item(at, struct peer_link, links));
    sweep(all);
    return deadline(all, late);
}

/* --- one peer */

uint32_t peer_id(const struct peer *p)
{
    return p->id;
}

void peer_set_data(struct peer *p, void *data)
{
    p->data = data;
}

void *peer_data(const struct peer *p)
{
    return p->data;
}

/* What its owner can send again later, from its log or its queue. */
static bool can_wait(const struct message *m)
{
    return m->type == MESSAGE_FORWARD || m->type == MESSAGE_REPLY || m->type == MESSAGE_TENTATIVE ||
           (m->type == MESSAGE_ARC &&
            (m->arc.about.kind == ARC_APPEND || m->arc.about.kind == ARC_FRAME));
}

bool peer_send(struct peer *p, const struct message *m)
{
    struct peer_link *l = p->up;
    uint64_t end, since;

    assert(m->type > MESSAGE_ACK);
    if (!l || l->why[0])
        return false;
    end = l->sent_end + peer_link_unsent(l);
    if (can_wait(m)) {
        p->full |= peer_link_unanswered(l) >= p->all->options.queue_max;
        if (p->full)
            return false;
    } else {
        since = l->refusable_end > l->sends.answered_at ? l->refusable_end : l->sends.answered_at;
        if (end - since >= LIMIT_PEER_CONTROL) {
            peer_link_fail(l, "it takes nothing any more");
            return false;
        }
    }
    peer_link_send(l, m);
    if (can_wait(m))
        l->refusable_end = l->sent_end + peer_link_unsent(l);
    return true;
}

uint64_t peer_sent(const struct peer *p)
{
    return p->up ? p->up->sent : 0;
}

uint64_t peer_received(const struct peer *p)
{
    return p->up ? p->up->received : 0;
}

void peer_acknowledge(struct peer *p, uint64_t written, uint64_t synced)
{
    struct peer_link *l = p->up;

    if (!l)
        return;
    assert(written <= l->received && synced <= written);
    assert(written >= l->ack.written && synced >= l->ack.synced);
    l->ack = (struct message_ack){ written, synced };
}

void peer_cut_off(struct peer *p, const char *why)
{
    if (p->up)
        peer_link_nonsense(p->up, why);
}

bool peer_is_up(const struct peer *p)
{
    return p->up != NULL;
}

bool peer_is_behind(const struct peer *p)
{
    return p->full;
}

bool peer_in_reach(const struct peer *p)
{
    return p->in_reach;
}

uint64_t peer_silence_us(const struct peer *p, uint64_t now_us)
{
    uint64_t since = p->up ? peer_sends_silent_since(&p->up->sends) : p->silent_since;

    if (!p->up && since == UINT64_MAX)
        return UINT64_MAX;
    return since == 0 || since > now_us ? 0 : now_us - since;
}

const struct message_hello *peer_hello(const struct peer *p)
{
    assert(p->up);
    return &p->up->hello;
}

void peer_stats(const struct peer *p, struct peer_stats *out)
{
    *out = p->stats;
    out->unsent = p->up ? peer_link_unsent(p->up) : 0;
    out->unanswered = p->up ? peer_link_unanswered(p->up) : 0;
}

bool peers_check(const struct peers *all)
{
    unsigned strangers = 0;

    list_for_each (at, &all->links) {
        const struct peer_link *l = list_item(at, struct peer_link, links);
        if (!peer_link_check(l))
            return false;
        strangers += !l->closed && !l->peer;
    }
    list_for_each (at, &all->peers) {
        const struct peer *p = list_item(at, struct peer, links);
        if (p->up && (p->up->closed || p->up->handshake || p->up->peer != p))
            return false;
        if (p->call && (p->call->closed || !p->call->handshake || p->call->peer != p))
            return false;
        if (p->behind && !p->full)
            return false;
    }
    return strangers == all->strangers && strangers <= LIMIT_PEER_STRANGERS;
}
