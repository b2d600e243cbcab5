/* handshake.c: hello, proof, welcome. */
#include "cluster/handshake.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

enum { CALLER = 'c', ANSWERER = 'a' };

static const bool allowed[HANDSHAKE_STATES][HANDSHAKE_STATES] = {
    [HANDSHAKE_CALLING] = { [HANDSHAKE_PROVING] = true, [HANDSHAKE_FAILED] = true },
    [HANDSHAKE_PROVING] = { [HANDSHAKE_UP] = true, [HANDSHAKE_FAILED] = true },
    [HANDSHAKE_WAITING] = { [HANDSHAKE_ASKING] = true, [HANDSHAKE_FAILED] = true },
    [HANDSHAKE_ASKING] = { [HANDSHAKE_JUDGING] = true, [HANDSHAKE_FAILED] = true },
    [HANDSHAKE_JUDGING] = { [HANDSHAKE_UP] = true, [HANDSHAKE_FAILED] = true },
};

static void move(struct handshake *h, enum handshake_state to)
{
    assert(allowed[h->state][to]);
    h->state = to;
}

static void send(struct handshake *h, const struct message *m)
{
    h->out = *m;
    h->has_out = true;
}

/* --- the end without one */

static void fail(struct handshake *h, enum message_refused_reason reason, bool by_peer)
{
    h->reason = reason;
    h->by_peer = by_peer;
    move(h, HANDSHAKE_FAILED);
}

void handshake_refuse(struct handshake *h, enum message_refused_reason reason, const char *format,
                      ...)
{
    struct message m = { .type = MESSAGE_REFUSED };
    va_list args;

    va_start(args, format);
    vsnprintf(h->error, sizeof h->error, format, args);
    va_end(args);
    m.refused = (struct message_refused){ reason, slice_str(h->error) };
    send(h, &m);
    fail(h, reason, false);
}

static void take_refusal(struct handshake *h, const struct message_refused *m)
{
    h->has_out = false;
    snprintf(h->error, sizeof h->error, "%.*s", (int)m->text.len, (const char *)m->text.data);
    fail(h, m->reason, true);
}

/* --- hellos */

static void make_hello(struct handshake *h, uint64_t attempt,
                       const uint8_t nonce[MESSAGE_NONCE_SIZE])
{
    const struct handshake_self *self = h->self;
    struct message m = { .type = MESSAGE_HELLO };

    assert(self->secret.len <= LIMIT_CLUSTER_SECRET);
    m.hello = (struct message_hello){ .version_lowest = self->version_lowest,
                                      .version_highest = self->version_highest,
                                      .node = self->node,
                                      .called = h->called,
                                      .incarnation = self->incarnation,
                                      .attempt = attempt,
                                      .boot = self->boot,
                                      .epoch = self->epoch,
                                      .members = self->members,
                                      .has_secret = self->secret.len > 0,
                                      .cluster = self->cluster };
    memcpy(m.hello.nonce, nonce, MESSAGE_NONCE_SIZE);
    h->mine_len = message_size(&m);
    assert(h->mine_len <= sizeof h->mine);
    message_encode(&m, h->mine);
    h->out = m; /* sent at once by who calls, later by who answers */
}

static void begin(struct handshake *h, const struct handshake_self *self, uint64_t deadline_us)
{
    *h = (struct handshake){ .self = self, .deadline = deadline_us };
}

void handshake_call(struct handshake *h, const struct handshake_self *self, uint32_t called,
                    uint64_t attempt, const uint8_t nonce[MESSAGE_NONCE_SIZE], uint64_t deadline_us)
{
    begin(h, self, deadline_us);
    h->caller = true;
    h->called = called;
    h->state = HANDSHAKE_CALLING;
    make_hello(h, attempt, nonce);
    h->has_out = true;
}

void handshake_answer(struct handshake *h, const struct handshake_self *self,
                      const uint8_t nonce[MESSAGE_NONCE_SIZE], uint64_t deadline_us)
{
    begin(h, self, deadline_us);
    h->state = HANDSHAKE_WAITING;
    make_hello(h, 0, nonce);
}

static bool judge_versions(struct handshake *h, const struct message_hello *peer)
{
    const struct handshake_self *self = h->self;
    uint16_t low = self->version_lowest, high = self->version_highest;

    if (peer->version_highest < low || peer->version_lowest > high) {
        handshake_refuse(h, REFUSED_VERSION,
                         "node %u speaks versions %u to %u of the protocol between peers, node %u "
                         "%u to %u: node %u's program is too old",
                         (unsigned)self->node, low, high, (unsigned)peer->node,
                         peer->version_lowest, peer->version_highest,
                         (unsigned)(peer->version_highest < low ? peer->node : self->node));
        return false;
    }
    h->version = peer->version_highest < high ? peer->version_highest : high;
    return true;
}

static bool judge_who(struct handshake *h, const struct message_hello *peer)
{
    const struct handshake_self *self = h->self;

    if (peer->node == self->node && peer->incarnation == self->incarnation) {
        handshake_refuse(h, REFUSED_ADDRESSEE, "node %u has called itself", (unsigned)self->node);
        return false;
    }
    if (peer->node == self->node) {
        handshake_refuse(h, REFUSED_TWICE, "two processes have the id of node %u",
                         (unsigned)self->node);
        return false;
    }
    if (h->caller && h->called && h->called != peer->node) {
        handshake_refuse(h, REFUSED_ADDRESSEE, "node %u was called and node %u has answered",
                         (unsigned)h->called, (unsigned)peer->node);
        return false;
    }
    if (!h->caller && peer->called && peer->called != self->node) {
        handshake_refuse(h, REFUSED_ADDRESSEE, "node %u was called and this is node %u",
                         (unsigned)peer->called, (unsigned)self->node);
        return false;
    }
    return true;
}

/* False: it is refused. */
static bool judge_hello(struct handshake *h, const struct message_hello *peer)
{
    const struct handshake_self *self = h->self;

    if (!judge_versions(h, peer))
        return false;
    if (!slice_equal(peer->cluster, self->cluster)) {
        handshake_refuse(h, REFUSED_CLUSTER, "node %u is of cluster '%.*s', node %u of '%.*s'",
                         (unsigned)self->node, (int)self->cluster.len,
                         (const char *)self->cluster.data, (unsigned)peer->node,
                         (int)peer->cluster.len, (const char *)peer->cluster.data);
        return false;
    }
    if (!judge_who(h, peer))
        return false;
    if (peer->has_secret != (self->secret.len > 0)) {
        handshake_refuse(h, REFUSED_SECRET, "node %u has a cluster's secret and node %u has none",
                         (unsigned)(peer->has_secret ? peer->node : self->node),
                         (unsigned)(peer->has_secret ? self->node : peer->node));
        return false;
    }
    return true;
}

/* --- proofs */

static void make_proof(const struct handshake *h, uint8_t who, uint8_t out[SHA256_BYTES])
{
    struct buf b = { 0 };
    struct slice mine = slice_of(h->mine, h->mine_len);
    struct slice theirs = slice_of(h->theirs, h->theirs_len);

    if (h->self->secret.len == 0) {
        memset(out, 0, SHA256_BYTES);
        return;
    }
    buf_append_byte(&b, who);
    buf_append(&b, h->caller ? mine : theirs);
    buf_append(&b, h->caller ? theirs : mine);
    sha256_hmac(h->self->secret, buf_slice(&b), out);
    buf_deinit(&b);
}

static void send_proof(struct handshake *h, enum message_type type, uint8_t who)
{
    struct message m = { .type = type };

    make_proof(h, who, m.proof.hash);
    send(h, &m);
}

static bool judge_proof(struct handshake *h, const struct message_proof *m, uint8_t who)
{
    uint8_t expected[SHA256_BYTES];

    make_proof(h, who, expected);
    if (sha256_equal(m->hash, expected))
        return true;
    handshake_refuse(h, REFUSED_SECRET, "nodes %u and %u have different secrets",
                     (unsigned)h->self->node, (unsigned)h->peer.node);
    return false;
}

/* --- what comes */

static void take_hello(struct handshake *h, struct slice body)
{
    struct message m;

    if (body.len > sizeof h->theirs) {
        handshake_refuse(h, REFUSED_NONSENSE, "a hello is too long");
        return;
    }
    memcpy(h->theirs, body.data, body.len);
    h->theirs_len = body.len;
    (void)message_decode_checked(MESSAGE_HELLO, slice_of(h->theirs, body.len), &m);
    if (!judge_hello(h, &m.hello))
        return;
    h->peer = m.hello;
    if (h->caller) {
        send_proof(h, MESSAGE_PROOF, CALLER);
        move(h, HANDSHAKE_PROVING);
    } else {
        h->has_out = true; /* our hello, made at the beginning */
        move(h, HANDSHAKE_ASKING);
    }
}

void handshake_take(struct handshake *h, enum message_type type, struct slice body)
{
    static const enum message_type expected[HANDSHAKE_STATES] = {
        [HANDSHAKE_CALLING] = MESSAGE_HELLO,
        [HANDSHAKE_PROVING] = MESSAGE_WELCOME,
        [HANDSHAKE_WAITING] = MESSAGE_HELLO,
        [HANDSHAKE_ASKING] = MESSAGE_PROOF,
    };
    struct message m;
    struct err e = message_decode_checked(type, body, &m);

    assert(expected[h->state]);
    if (err_is(e)) {
        handshake_refuse(h, REFUSED_NONSENSE, "%s", e.what);
    } else if (type == MESSAGE_REFUSED) {
        take_refusal(h, &m.refused);
    } else if (type != expected[h->state]) {
        handshake_refuse(h, REFUSED_NONSENSE, "a %s came where a %s was expected",
                         message_name(type), message_name(expected[h->state]));
    } else if (type == MESSAGE_HELLO) {
        take_hello(h, body);
    } else if (judge_proof(h, &m.proof, h->caller ? ANSWERER : CALLER)) {
        move(h, h->caller ? HANDSHAKE_UP : HANDSHAKE_JUDGING);
    }
}

void handshake_admit(struct handshake *h)
{
    send_proof(h, MESSAGE_WELCOME, ANSWERER);
    move(h, HANDSHAKE_UP);
}

void handshake_tick(struct handshake *h, uint64_t now_us)
{
    if (now_us >= h->deadline)
        handshake_refuse(h, REFUSED_SLOW, "the handshake took too long");
}

bool handshake_next(struct handshake *h, struct message *out)
{
    if (!h->has_out)
        return false;
    h->has_out = false;
    *out = h->out;
    return true;
}

bool handshake_check(const struct handshake *h)
{
    bool caller = h->state == HANDSHAKE_CALLING || h->state == HANDSHAKE_PROVING;
    bool knows = h->state == HANDSHAKE_PROVING || h->state == HANDSHAKE_ASKING ||
                 h->state == HANDSHAKE_JUDGING || h->state == HANDSHAKE_UP;

    if (h->state >= HANDSHAKE_STATES || h->mine_len > sizeof h->mine ||
        h->theirs_len > sizeof h->theirs)
        return false;
    if (knows && (h->peer.node == 0 || h->theirs_len == 0 || h->version == 0))
        return false;
    if ((h->state == HANDSHAKE_FAILED) != (h->reason != 0))
        return false;
    return h->state >= HANDSHAKE_UP || h->caller == caller;
}

/* --- two connections */

static enum handshake_choice choose_beside_up(uint32_t self, const struct message_hello *peer,
                                              const struct handshake_rival *rival)
{
    if (rival->incarnation != peer->incarnation)
        return rival->in_reach ? HANDSHAKE_TWICE : HANDSHAKE_TAKE_NEW;
    /* Of its own calls the later one: it has ended the earlier. */
    if (!rival->called)
        return peer->attempt > rival->attempt ? HANDSHAKE_TAKE_NEW : HANDSHAKE_KEEP_OLD;
    /* It may have called before it admitted ours.  The lower id would have ended ours by
     * then, the higher one would have refused it. */
    return self > peer->node && rival->in_reach ? HANDSHAKE_KEEP_OLD : HANDSHAKE_TAKE_NEW;
}

enum handshake_choice handshake_choose(uint32_t self, const struct message_hello *peer,
                                       const struct handshake_rival *rival)
{
    if (rival->up)
        return choose_beside_up(self, peer, rival);
    assert(rival->called); /* of its calls that are not up nothing is known yet */
    return rival->proving && self > peer->node ? HANDSHAKE_KEEP_OLD : HANDSHAKE_TAKE_NEW;
}
