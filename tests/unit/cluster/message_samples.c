/* message_samples.c: messages for tests. */
#include "unit/cluster/message_samples.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct arc_name arc = { 0x1234, 0x1122334455667788 };
static const struct ballot nine = { 9, 3 }, eight = { 8, 2 };
static const struct log_end end = { { 8, 2 }, 7 };

static struct slice text(const char *s)
{
    return slice_str(s);
}

static void fill(uint8_t *to, size_t len, uint8_t from)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(from + i);
}

static void sample_hello(struct message *m)
{
    m->hello = (struct message_hello){ 1, 2, 3, 4, 5, 6, 7, 8, 9, { 0 }, true, text("henge") };
    fill(m->hello.nonce, sizeof m->hello.nonce, 0);
}

static void sample_heartbeat(struct message *m, struct buf *list)
{
    struct message_heartbeat_arc a = { arc, { nine, 5, 4 } };
    struct message_heartbeat_arc b = { { 1, 0 }, { { 2, 1 }, 7, 6 } };

    message_heartbeat_add(list, &a);
    message_heartbeat_add(list, &b);
    m->heartbeat = (struct message_heartbeat){ 0x1111, 0x2222, 333, 2, buf_slice(list) };
}

static void sample_of_link(struct message *m, struct buf *list)
{
    static const char request[] = "*1\r\n$4\r\nPING\r\n";

    switch (m->type) {
    case MESSAGE_HELLO:
        sample_hello(m);
        break;
    case MESSAGE_PROOF:
        fill(m->proof.hash, sizeof m->proof.hash, 0x40);
        break;
    case MESSAGE_WELCOME:
        fill(m->proof.hash, sizeof m->proof.hash, 0x60);
        break;
    case MESSAGE_REFUSED:
        m->refused = (struct message_refused){ REFUSED_SECRET, text("no") };
        break;
    case MESSAGE_ACK:
        m->ack = (struct message_ack){ 0x0102030405060708, 0x0102030405060707 };
        break;
    case MESSAGE_HEARTBEAT:
        sample_heartbeat(m, list);
        break;
    case MESSAGE_FORWARD:
        m->forward = (struct message_forward){ 0x77, 1000000, LEVEL_QUORUM, LEVEL_ALL,    2,
                                               3,    1,       text("bob"),  text(request) };
        break;
    case MESSAGE_REPLY:
        m->reply = (struct message_reply){ 0x77, OUTCOME_DONE, 0, 0x5555, 3, text("+OK\r\n") };
        break;
    case MESSAGE_TENTATIVE:
        m->tentative =
            (struct message_tentative){ 0x1234,       3,         0x5555, 0x4444,     0x6666,
                                        0x9999,       LEVEL_ONE, 2,      text("cc"), text(request),
                                        text("cells") };
        break;
    case MESSAGE_SETTLED:
        m->settled = (struct message_settled){ 0x1234, 3, 0x5555 };
        break;
    case MESSAGE_CONFIRM:
    case MESSAGE_ARC:
    case MESSAGE_TYPES:
        break;
    }
}

struct arc_owners message_sample_owners(void)
{
    return (struct arc_owners){ 21, 3, 2, { 1, 2, 3 }, { 2, 4 } };
}

static struct arc_frame sample_frame(struct message *m)
{
    m->arc.payload = text("payload");
    return (struct arc_frame){ nine, eight, 7, 0x0605040302010000, 7, ARC_FRAME_CELLS };
}

/* Positional on purpose: the compiler misses a field that is added to one of them, and then
 * it has to be in the layout too. */
static void sample_of_arc(struct message *m)
{
    struct arc_message *a = &m->arc.about;
    struct ballot ten = { 10, 1 };

    a->arc = arc;
    switch (a->kind) {
    case ARC_HELLO:
        a->hello = (struct arc_hello){ nine, end, 6, 5, nine, 4, { 7, 1 }, 6 };
        break;
    case ARC_APPEND:
        a->append = (struct arc_append){ nine, 2, 6, 5, sample_frame(m) };
        break;
    case ARC_COMMIT:
        a->commit = (struct arc_commit){ nine, 6, 5 };
        break;
    case ARC_YIELD:
        a->yield.ballot = nine;
        break;
    case ARC_INVITE:
        a->invite.ballot = nine;
        break;
    case ARC_REFUSAL:
        a->refusal = (struct arc_refusal){ nine, 2, ten, end, 5, ARC_PROMISED, 1 };
        break;
    case ARC_TAKE:
        a->take = (struct arc_take){ nine, eight, 21, ARC_TAKE_INVITED };
        break;
    case ARC_PROMISE:
        a->promise = (struct arc_promise){ nine, end, 5 };
        break;
    case ARC_NO:
        a->no = (struct arc_no){ nine, ten, ARC_NO_LEADS };
        break;
    case ARC_MOVED:
        a->moved = (struct arc_moved){ nine, eight, message_sample_owners() };
        break;
    case ARC_FETCH:
        a->fetch = (struct arc_fetch){ nine, end, { { 7, 1 }, 6 }, 5 };
        break;
    case ARC_FRAME:
        a->fetched = (struct arc_fetched){ nine, sample_frame(m) };
        break;
    case ARC_GONE:
        a->gone.ballot = nine;
        break;
    case ARC_RECOVER:
        a->recover.nonce = 0x99;
        break;
    case ARC_STATE:
        a->state = (struct arc_state_answer){ 0x99, nine, end, 5, ARC_IS_LEADING };
        break;
    case ARC_MESSAGE_KINDS:
        break;
    }
}

void message_sample(unsigned i, struct message *out, struct buf *list)
{
    assert(i < SAMPLES);
    memset(out, 0, sizeof *out);
    list->len = 0;
    if (i >= SAMPLES_OF_LINK) {
        out->type = MESSAGE_ARC;
        out->arc.about.kind = (enum arc_message_kind)(i - SAMPLES_OF_LINK + 1);
        sample_of_arc(out);
        return;
    }
    out->type = (enum message_type)(i + 1);
    if (out->type >= MESSAGE_ARC)
        out->type = (enum message_type)(i + 2);
    sample_of_link(out, list);
}

const char *message_sample_name(const struct message *m, char to[32])
{
    if (m->type == MESSAGE_ARC)
        snprintf(to, 32, "arc %d", (int)m->arc.about.kind);
    else
        snprintf(to, 32, "%s", message_name(m->type));
    return to;
}
