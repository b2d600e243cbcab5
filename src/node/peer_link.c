/* peer_link.c: one connection: its bytes, its messages and their numbers. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "node/peer_frame.h"
#include "node/peers_state.h"

enum {
    READ_MIN = 64 * 1024,   /* room for what comes from a peer */
    KEEP_MAX = 1024 * 1024, /* a larger buffer is given back when it is empty */
    FRAME_HEAD = 64,        /* more than a frame has beside its body */
    RTT_PARTS = 8,          /* an answer's part in the average */
};

static void on_ready(struct net_conn *conn, unsigned events)
{
    struct peer_link *l = conn->owner;

    (void)events; /* what waits to be written is tried in each turn */
    l->ready = true;
}

struct peer_link *peer_link_new(struct peers *all, struct net_conn *net, struct peer *peer)
{
    struct peer_link *l = mem_zalloc(1, sizeof *l);

    l->all = all;
    l->peer = peer;
    l->net = net;
    l->caller = peer != NULL;
    l->handshake = mem_zalloc(1, sizeof *l->handshake);
    net->owner = l;
    net->on_ready = on_ready;
    net_want(net, NET_READ);
    all->strangers += peer == NULL;
    list_push(&all->links, &l->links);
    return l;
}

void peer_link_close(struct peer_link *l)
{
    assert(!l->closed);
    l->closed = true;
    net_close(l->net);
    l->net = NULL;
    l->all->strangers -= l->peer == NULL;
}

void peer_link_free(struct peer_link *l)
{
    assert(l->closed);
    list_remove(&l->links);
    mem_free(l->handshake);
    buf_deinit(&l->in);
    buf_deinit(&l->out);
    mem_free(l);
}

void peer_link_fail(struct peer_link *l, const char *format, ...)
{
    va_list args;

    if (l->why[0])
        return;
    va_start(args, format);
    vsnprintf(l->why, sizeof l->why, format, args);
    va_end(args);
}

void peer_link_nonsense(struct peer_link *l, const char *why)
{
    struct message m = { .type = MESSAGE_REFUSED };

    if (l->closed || l->why[0])
        return;
    m.refused = (struct message_refused){ REFUSED_NONSENSE, slice_str(why) };
    if (m.refused.text.len > LIMIT_PEER_TEXT)
        m.refused.text.len = LIMIT_PEER_TEXT;
    if (l->peer) {
        l->peer->stats.cut_offs++;
        l->peer->barred_until = l->all->now + l->all->options.barred_us;
    }
    peer_link_put(l, &m);
    peer_link_write(l);
    l->why[0] = '\0'; /* that it did not take the refusal is no news */
    peer_link_fail(l, "it speaks nonsense: %s", why);
}

uint64_t peer_link_unsent(const struct peer_link *l)
{
    return l->out.len - l->out_sent;
}

uint64_t peer_link_unanswered(const struct peer_link *l)
{
    return l->sent_end + peer_link_unsent(l) - l->sends.answered_at;
}

void peer_link_up(struct peer_link *l, struct peer *p)
{
    struct peers *all = l->all;

    all->strangers -= l->peer == NULL;
    l->peer = p;
    l->hello = l->handshake->peer;
    l->hello.cluster = slice_of(NULL, 0);
    mem_free(l->handshake);
    l->handshake = NULL;
    l->sends.answered_us = l->sends.taken_us = all->now;
    l->noted_end = l->sends.answered_at = l->sent_end + peer_link_unsent(l);
}

/* --- what comes */

static void take_ack(struct peer_link *l, const struct message *m)
{
    struct peers *all = l->all;
    struct peer *p = l->peer;
    uint64_t rtt;

    if (m->ack.written > l->noted || m->ack.written < l->heard.written ||
        m->ack.synced < l->heard.synced) {
        peer_link_nonsense(l, "an ack is for what was not sent, or falls");
        return;
    }
    l->heard = m->ack;
    if (peer_sends_answer(&l->sends, m->ack.written, all->now, &rtt))
        p->stats.rtt_us = p->stats.rtt_us ? (p->stats.rtt_us * (RTT_PARTS - 1) + rtt) / RTT_PARTS
                                          : rtt;
    if (!all->hooks.on_message(all->owner, p, 0, m))
        peer_link_nonsense(l, "an ack cannot be");
}

static void take_message(struct peer_link *l, const struct peer_frame *f)
{
    struct peers *all = l->all;
    struct message m;
    struct err e;

    if (l->handshake) {
        handshake_take(l->handshake, f->type, f->body);
        peer_shaken(l);
        return;
    }
    assert(l->peer);
    l->peer->stats.messages_in++;
    e = message_decode_checked(f->type, f->body, &m);
    if (err_is(e)) {
        peer_link_nonsense(l, e.what);
    } else if (m.type == MESSAGE_REFUSED) {
        peer_link_fail(l, "it has cut the link: %.*s", (int)m.refused.text.len,
                       (const char *)m.refused.text.data);
    } else if (m.type < MESSAGE_ACK) {
        peer_link_nonsense(l, "a handshake is over");
    } else if (m.type == MESSAGE_ACK) {
        take_ack(l, &m);
    } else {
        l->received++;
        if (!all->hooks.on_message(all->owner, l->peer, l->received, &m))
            peer_link_nonsense(l, "a message cannot be used");
    }
}

static void refuse_bytes(struct peer_link *l)
{
    static const char why[] = "that is no message of a peer";

    if (!l->handshake) {
        peer_link_nonsense(l, why);
        return;
    }
    handshake_refuse(l->handshake, REFUSED_NONSENSE, "%s", why);
    peer_shaken(l);
}

/* Takes whole messages from the front of `in`. */
static void take_frames(struct peer_link *l)
{
    size_t at = 0;

    l->need = 0;
    while (!l->closed && !l->why[0]) {
        size_t max = l->handshake ? LIMIT_PEER_HANDSHAKE : LIMIT_PEER_MESSAGE;
        struct peer_frame f;
        enum peer_frame_end end =
            peer_frame_read(slice_of(l->in.data + at, l->in.len - at), max, &f);

        if (end == PEER_FRAME_WHOLE) {
            take_message(l, &f);
            at += f.used;
            continue;
        }
        if (end == PEER_FRAME_BAD)
            refuse_bytes(l);
        l->need = f.need;
        break;
    }
    if (at) {
        memmove(l->in.data, l->in.data + at, l->in.len - at);
        l->in.len -= at;
    }
    if (l->in.len == 0 && l->in.cap > KEEP_MAX)
        buf_deinit(&l->in);
}

/* Room for what is known to come; of a stranger no more than one message. */
static size_t room(const struct peer_link *l, size_t budget)
{
    size_t want = READ_MIN;

    if (l->handshake)
        return LIMIT_PEER_HANDSHAKE + FRAME_HEAD - l->in.len;
    if (l->need > l->in.len + want)
        want = l->need - l->in.len;
    return want < budget ? want : budget;
}

void peer_link_read(struct peer_link *l)
{
    size_t budget = LIMIT_PEER_READ;

    while (budget > 0 && !l->closed && !l->why[0]) {
        size_t want = room(l, budget);
        int64_t n = net_recv(l->net, buf_reserve(&l->in, want), want);

        if (n == NET_AGAIN) {
            l->ready = false;
            break;
        }
        if (n == NET_GONE) {
            peer_link_fail(l, l->sent_end ? "the connection has ended" : "it does not listen");
            break;
        }
        l->in.len += (size_t)n;
        budget -= (size_t)n < budget ? (size_t)n : budget;
        if (l->peer)
            l->peer->stats.bytes_in += (uint64_t)n;
        take_frames(l);
    }
}

/* --- what goes */

void peer_link_put(struct peer_link *l, const struct message *m)
{
    peer_frame_put(&l->out, m);
    if (l->peer && !l->handshake)
        l->peer->stats.messages_out++;
}

/* What is in `out` is to be answered. */
static void note_sent(struct peer_link *l)
{
    if (l->sent == l->noted)
        return;
    l->noted = l->sent;
    l->noted_end = l->sent_end + peer_link_unsent(l);
    peer_sends_add(&l->sends, l->noted, l->noted_end);
}

void peer_link_send(struct peer_link *l, const struct message *m)
{
    peer_link_put(l, m);
    l->sent++;
    /* So that answers within a long turn make room in the queue. */
    if (l->sent_end + peer_link_unsent(l) - l->noted_end >
        l->all->options.queue_max / PEER_SENDS_MAX)
        note_sent(l);
}

static void put_ack(struct peer_link *l)
{
    struct message m = { .type = MESSAGE_ACK, .ack = l->ack };

    if (l->ack.written == l->told.written && l->ack.synced == l->told.synced)
        return;
    peer_link_put(l, &m);
    l->told = l->ack;
}

static void send_some(struct peer_link *l)
{
    while (l->out_sent < l->out.len) {
        struct slice rest = slice_of(l->out.data + l->out_sent, l->out.len - l->out_sent);
        int64_t n = net_send(l->net, &rest, 1);

        if (n == NET_AGAIN)
            return;
        if (n == NET_GONE) {
            peer_link_fail(l, l->sent_end ? "the connection has ended" : "it does not listen");
            return;
        }
        l->out_sent += (size_t)n;
        l->sent_end += (uint64_t)n;
        if (l->peer)
            l->peer->stats.bytes_out += (uint64_t)n;
        peer_sends_taken(&l->sends, l->sent_end, l->all->now);
    }
}

/* Gives back what has left. */
static void shrink(struct peer_link *l)
{
    if (l->out_sent < l->out.len / 2)
        return;
    memmove(l->out.data, l->out.data + l->out_sent, l->out.len - l->out_sent);
    l->out.len -= l->out_sent;
    l->out_sent = 0;
    if (l->out.len == 0 && l->out.cap > KEEP_MAX)
        buf_deinit(&l->out);
}

void peer_link_write(struct peer_link *l)
{
    if (l->closed || l->why[0])
        return;
    note_sent(l);
    put_ack(l);
    if (peer_link_unsent(l) == 0)
        return;
    send_some(l);
    shrink(l);
    net_want(l->net, peer_link_unsent(l) ? NET_READ | NET_WRITE : NET_READ);
}

bool peer_link_check(const struct peer_link *l)
{
    if (l->closed)
        return l->net == NULL;
    if (l->net == NULL || l->out_sent > l->out.len || l->noted > l->sent)
        return false;
    if (l->handshake)
        return handshake_check(l->handshake) && l->sent == 0 && l->received == 0;
    return l->peer && l->ack.written <= l->received && l->ack.synced <= l->ack.written &&
           l->heard.written <= l->noted && peer_sends_check(&l->sends);
}
