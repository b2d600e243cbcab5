/* message.c: the layouts of message_format.h, each written down once. */
#include "cluster/message.h"

#include "base/limits.h"
#include "base/wire.h"
#include "cell/position.h"
#include "cluster/message_codec.h"

static const char *const names[MESSAGE_TYPES] = {
    [MESSAGE_HELLO] = "hello",
    [MESSAGE_PROOF] = "proof",
    [MESSAGE_WELCOME] = "welcome",
    [MESSAGE_REFUSED] = "refused",
    [MESSAGE_ACK] = "ack",
    [MESSAGE_HEARTBEAT] = "heartbeat",
    [MESSAGE_CONFIRM] = "confirm",
    [MESSAGE_ARC] = "arc",
    [MESSAGE_FORWARD] = "forward",
    [MESSAGE_REPLY] = "reply",
    [MESSAGE_TENTATIVE] = "tentative",
    [MESSAGE_SETTLED] = "settled",
};

const char *message_name(enum message_type type)
{
    assert(type > 0 && type < MESSAGE_TYPES);
    return names[type];
}

enum message_type message_type_of(struct slice name)
{
    for (unsigned i = 1; i < MESSAGE_TYPES; i++) {
        if (slice_equal(name, slice_str(names[i])))
            return (enum message_type)i;
    }
    return 0;
}

/* --- the layouts */

static void codec_hello(struct codec *c, struct message_hello *m)
{
    uint8_t flags = m->has_secret, len = (uint8_t)m->cluster.len;

    codec_u16(c, &m->version_lowest);
    codec_u16(c, &m->version_highest);
    codec_u32(c, &m->node);
    codec_u32(c, &m->called);
    codec_u64(c, &m->incarnation);
    codec_u64(c, &m->attempt);
    codec_u64(c, &m->boot);
    codec_u64(c, &m->epoch);
    codec_u64(c, &m->members);
    codec_field(c, m->nonce, sizeof m->nonce);
    codec_u8(c, &flags);
    codec_u8(c, &len);
    codec_must(c, len <= LIMIT_CLUSTER_NAME, "a cluster's name is too long");
    codec_must(c, m->version_lowest <= m->version_highest, "a range of versions is empty");
    codec_must(c, m->node > 0 && m->incarnation > 0, "a hello names no node");
    codec_bytes(c, &m->cluster, len);
    m->has_secret = flags & 1;
    c->from = slice_of(NULL, 0); /* what a later version says besides */
}

static void codec_refused(struct codec *c, struct message_refused *m)
{
    uint8_t reason = (uint8_t)m->reason;

    codec_u8(c, &reason);
    codec_rest(c, &m->text);
    codec_must(c, reason > 0 && reason < REFUSED_REASONS, "a refusal has no reason");
    codec_must(c, m->text.len <= LIMIT_PEER_TEXT, "a refusal's text is too long");
    m->reason = (enum message_refused_reason)reason;
}

static void codec_ack(struct codec *c, struct message_ack *m)
{
    codec_u64(c, &m->written);
    codec_u64(c, &m->synced);
    codec_must(c, m->synced <= m->written, "an ack has synced more than it has written");
}

static void codec_heartbeat_arc(struct codec *c, struct message_heartbeat_arc *m)
{
    codec_arc(c, &m->arc);
    codec_commit(c, &m->commit);
}

static void codec_heartbeat(struct codec *c, struct message_heartbeat *m)
{
    struct codec each;

    codec_u64(c, &m->wall_us);
    codec_u64(c, &m->tentative_before);
    codec_u32(c, &m->load);
    codec_u32(c, &m->arcs);
    codec_rest(c, &m->list);
    codec_must(c, m->arcs <= POSITION_SLOTS, "a heartbeat has more arcs than there are slots");
    codec_must(c, m->list.len == (size_t)m->arcs * MESSAGE_HEARTBEAT_ARC_SIZE,
               "a heartbeat's list has another length");
    each = (struct codec){ .way = CODEC_GET, .from = m->list };
    for (uint32_t i = 0; c->way == CODEC_GET && !c->wrong && i < m->arcs; i++) {
        struct message_heartbeat_arc arc;
        codec_heartbeat_arc(&each, &arc);
        c->wrong = each.wrong;
    }
}

static void codec_level(struct codec *c, uint8_t *level)
{
    codec_u8(c, level);
    codec_must(c, *level <= 2 * ARC_OWNERS_MAX || *level >= LEVEL_ONE, "there is no such level");
}

static void codec_forward(struct codec *c, struct message_forward *m)
{
    codec_u64(c, &m->id);
    codec_u64(c, &m->left_us);
    codec_level(c, &m->read);
    codec_level(c, &m->write);
    codec_u8(c, &m->db);
    codec_u8(c, &m->proto);
    codec_u8(c, &m->hops);
    codec_text(c, &m->user);
    codec_rest(c, &m->request);
    codec_must(c, m->db < LIMIT_DATABASES, "a request is of no database");
    codec_must(c, m->proto == 2 || m->proto == 3, "a request is of no protocol");
    codec_must(c, m->request.len > 0, "a request is empty");
}

static void codec_reply(struct codec *c, struct message_reply *m)
{
    uint8_t outcome = (uint8_t)m->outcome;

    codec_u64(c, &m->id);
    codec_u8(c, &outcome);
    codec_u32(c, &m->leader);
    codec_u64(c, &m->stamp);
    codec_u32(c, &m->origin);
    codec_rest(c, &m->reply);
    codec_must(c, outcome > 0 && outcome < OUTCOME_TYPES, "a reply has no outcome");
    codec_must(c, (outcome == OUTCOME_DONE) == (m->reply.len > 0),
               "a reply does not fit its outcome");
    m->outcome = (enum message_outcome)outcome;
}

static void codec_tentative(struct codec *c, struct message_tentative *m)
{
    codec_u16(c, &m->slot);
    codec_u32(c, &m->origin);
    codec_u64(c, &m->stamp);
    codec_u64(c, &m->previous);
    codec_u64(c, &m->now_us);
    codec_u64(c, &m->random);
    codec_level(c, &m->level);
    codec_u8(c, &m->db);
    codec_text(c, &m->context);
    codec_text(c, &m->request);
    codec_rest(c, &m->cells);
    codec_must(c, m->slot < POSITION_SLOTS, "there is no such slot");
    codec_must(c, m->db < LIMIT_DATABASES, "a request is of no database");
    codec_must(c, m->origin > 0 && m->stamp > m->previous,
               "a tentative request is not behind the one before it");
    codec_must(c, m->request.len > 0, "a request is empty");
}

static void codec_settled(struct codec *c, struct message_settled *m)
{
    codec_u16(c, &m->slot);
    codec_u32(c, &m->origin);
    codec_u64(c, &m->stamp);
    codec_must(c, m->slot < POSITION_SLOTS, "there is no such slot");
    codec_must(c, m->origin > 0 && m->stamp > 0, "nothing is settled");
}

static void codec_message_arc(struct codec *c, struct message_arc *m)
{
    codec_arc_message(c, &m->about, (uint32_t)m->payload.len);
    if (m->about.kind == ARC_APPEND || m->about.kind == ARC_FRAME)
        codec_rest(c, &m->payload);
    else
        codec_must(c, m->payload.len == 0, "a message has a payload");
}

static void codec_message(struct codec *c, struct message *m)
{
    switch (m->type) {
    case MESSAGE_HELLO:
        codec_hello(c, &m->hello);
        break;
    case MESSAGE_PROOF:
    case MESSAGE_WELCOME:
        codec_field(c, m->proof.hash, sizeof m->proof.hash);
        break;
    case MESSAGE_REFUSED:
        codec_refused(c, &m->refused);
        break;
    case MESSAGE_ACK:
        codec_ack(c, &m->ack);
        break;
    case MESSAGE_HEARTBEAT:
        codec_heartbeat(c, &m->heartbeat);
        break;
    case MESSAGE_CONFIRM:
        break;
    case MESSAGE_ARC:
        codec_message_arc(c, &m->arc);
        break;
    case MESSAGE_FORWARD:
        codec_forward(c, &m->forward);
        break;
    case MESSAGE_REPLY:
        codec_reply(c, &m->reply);
        break;
    case MESSAGE_TENTATIVE:
        codec_tentative(c, &m->tentative);
        break;
    case MESSAGE_SETTLED:
        codec_settled(c, &m->settled);
        break;
    case MESSAGE_TYPES:
        assert(false);
    }
    codec_must(c, c->from.len == 0, "a message is longer than its fields");
}

/* --- the three ways */

size_t message_size(const struct message *m)
{
    struct codec c = { .way = CODEC_MEASURE };
    struct message copy = *m; /* which the codec may write to, and does not */

    codec_message(&c, &copy);
    return c.size;
}

void message_encode(const struct message *m, uint8_t *out)
{
    struct codec c = { .way = CODEC_PUT, .to = out };
    struct message copy = *m;

    codec_message(&c, &copy);
}

struct err message_decode_checked(enum message_type type, struct slice body, struct message *out)
{
    struct codec c = { .way = CODEC_GET, .from = body };

    *out = (struct message){ .type = type };
    if (type <= 0 || type >= MESSAGE_TYPES)
        return err_make(ERR_CORRUPT, 0, "there is no such message");
    if (body.len > LIMIT_PEER_MESSAGE)
        return err_make(ERR_CORRUPT, 0, "a message is too long");
    codec_message(&c, out);
    return c.wrong ? err_make(ERR_CORRUPT, 0, c.wrong) : err_ok();
}

void message_heartbeat_add(struct buf *list, const struct message_heartbeat_arc *arc)
{
    struct message_heartbeat_arc copy = *arc;
    struct codec c = { .way = CODEC_PUT, .to = buf_reserve(list, MESSAGE_HEARTBEAT_ARC_SIZE) };

    codec_heartbeat_arc(&c, &copy);
    assert(c.size == MESSAGE_HEARTBEAT_ARC_SIZE);
    list->len += c.size;
}

void message_heartbeat_arc(const struct message_heartbeat *h, uint32_t i,
                           struct message_heartbeat_arc *out)
{
    size_t at = (size_t)i * MESSAGE_HEARTBEAT_ARC_SIZE;
    struct codec c = { .way = CODEC_GET };

    assert(i < h->arcs);
    c.from = slice_of(h->list.data + at, MESSAGE_HEARTBEAT_ARC_SIZE);
    *out = (struct message_heartbeat_arc){ 0 };
    codec_heartbeat_arc(&c, out);
    assert(!c.wrong);
}
