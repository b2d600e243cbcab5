/* listener.c: reads messages: of "news", the number of a transaction; of a key's event
 * "set", the key. */
#include "sim/listener.h"

#include <string.h>

#include "sim/sim_resp.h"
#include "sim/workload.h"

static struct slice text_of(struct slice message, size_t *at)
{
    struct sim_reply e;

    sim_reply_element(message, at, &e);
    return e.text;
}

static uint64_t number_of(struct slice text)
{
    uint64_t n = 0;

    for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        n = n * 10 + (unsigned)(text.data[i] - '0');
    return n;
}

/* The message of a transaction of the history. */
static bool take_news(struct listener *l, struct slice payload, struct heard *out)
{
    uint64_t id = number_of(payload);

    if (id == 0 || id > l->history->op_count || l->history->ops[id - 1]->kind != OP_EXEC) {
        sim_log_fail(l->log, "protocol", "news of %.*s", (int)payload.len,
                     (const char *)payload.data);
        return false;
    }
    *out = (struct heard){ .exec = l->history->ops[id - 1] };
    sim_log_line(l->log, "listener: news of #%u", (unsigned)id);
    return true;
}

/* "__keyevent@1__:set". */
static bool take_event(struct listener *l, struct slice channel, struct slice name,
                       struct heard *out)
{
    struct slice head = slice_str("__keyevent@");
    struct slice tail = slice_str("__:set");
    char text[16];

    if (channel.len != head.len + 1 + tail.len || memcmp(channel.data, head.data, head.len) != 0 ||
        memcmp(channel.data + head.len + 1, tail.data, tail.len) != 0)
        return false;
    *out = (struct heard){ .db = (uint8_t)(channel.data[head.len] - '0') };
    for (unsigned key = 0; key < SIM_KEYS; key++) {
        key_name(key, text);
        if (!slice_equal(name, slice_str(text)))
            continue;
        out->key = (uint8_t)key;
        sim_log_line(l->log, "listener: set of db%u k%u", out->db, key);
        return true;
    }
    sim_log_fail(l->log, "protocol", "an event of %.*s", (int)name.len, (const char *)name.data);
    return false;
}

static void take(struct listener *l, struct slice bytes, const struct sim_reply *r)
{
    struct heard heard;
    struct slice channel;
    size_t at = r->head;
    bool known;

    if (r->kind == SIM_REPLY_ERROR)
        sim_log_fail(l->log, "protocol", "the listener got %.*s", (int)r->text.len,
                     (const char *)r->text.data);
    if (r->kind != SIM_REPLY_LIST || r->number != 4 ||
        !slice_equal(text_of(bytes, &at), slice_str("pmessage")))
        return;          /* HELLO's reply, or a confirmation */
    text_of(bytes, &at); /* the pattern */
    channel = text_of(bytes, &at);
    known = slice_equal(channel, slice_str(NEWS_CHANNEL))
                ? take_news(l, text_of(bytes, &at), &heard)
                : take_event(l, channel, text_of(bytes, &at), &heard);
    if (!known)
        return;
    heard.connected = l->connected;
    history_heard(l->history, &heard);
    l->heard++;
}

static void on_bytes(struct sim_peer *peer, struct slice bytes)
{
    struct listener *l = (struct listener *)peer;
    size_t at = 0;
    int end = 1;

    buf_append(&l->in, bytes);
    while (end == 1) {
        struct slice rest = slice_of(l->in.data + at, l->in.len - at);
        struct sim_reply r;

        end = sim_reply_read(rest, &r);
        if (end == 1) {
            take(l, rest, &r);
            at += r.size;
        }
    }
    if (end < 0)
        sim_log_fail(l->log, "protocol", "what the listener got is not RESP");
    memmove(l->in.data, l->in.data + at, l->in.len - at);
    l->in.len -= at;
}

static void on_gone(struct sim_peer *peer)
{
    struct listener *l = (struct listener *)peer;

    sim_log_line(l->log, "listener: disconnected");
    l->in.len = 0;
}

void listener_init(struct listener *l, struct sim_net *net, struct sim_log *log,
                   struct history *history, unsigned proto)
{
    *l = (struct listener){ .net = net, .log = log, .history = history, .proto = proto };
    l->peer.on_bytes = on_bytes;
    l->peer.on_gone = on_gone;
}

void listener_deinit(struct listener *l)
{
    sim_net_hang_up(&l->peer, true);
    buf_deinit(&l->in);
}

void listener_attend(struct listener *l)
{
    struct buf bytes = { 0 };

    if (l->peer.conn || !sim_net_connect(l->net, &l->peer))
        return;
    l->connected = ++l->history->order;
    l->in.len = 0;
    sim_command_begin(&bytes, 2);
    sim_command_text(&bytes, "HELLO");
    sim_command_int(&bytes, l->proto);
    sim_command_begin(&bytes, 2);
    sim_command_text(&bytes, "PSUBSCRIBE");
    sim_command_text(&bytes, "*");
    sim_net_push(&l->peer, buf_slice(&bytes));
    buf_deinit(&bytes);
}
