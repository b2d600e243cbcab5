/* model_link.c: links of the model: connections that keep order, number what they carry
 * and acknowledge it; they stall, break, and begin anew with a hello. */
#include "model/arc_model.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static bool linked(const struct model *m, uint32_t a, uint32_t b)
{
    return a < b ? m->linked[a][b] : m->linked[b][a];
}

void model_packet(struct model *m, uint32_t from, uint32_t to, struct model_packet p)
{
    struct model_pipe *pipe = &m->pipes[from][to];
    if (!linked(m, from, to))
        return;
    if (pipe->count == MODEL_QUEUE || pipe->sent + 2 >= MODEL_SENT) {
        model_reset(m, from, to, 1000);
        return;
    }
    uint64_t delay = model_one_in(m, 50) ? model_below(m, 40000) : 300 + model_below(m, 3000);
    p.at_us = m->now_us + delay;
    if (p.at_us < pipe->last_us)
        p.at_us = pipe->last_us;
    pipe->last_us = p.at_us;
    if (!pipe->queue)
        pipe->queue = mem_zalloc(MODEL_QUEUE, sizeof *pipe->queue);
    pipe->queue[(pipe->head + pipe->count++) % MODEL_QUEUE] = p;
}

void model_send(struct model *m, uint32_t from, uint32_t to, const struct arc_message *message,
                const struct model_entry *entry)
{
    struct model_pipe *pipe = &m->pipes[from][to];
    if (!linked(m, from, to) || pipe->sent + 2 >= MODEL_SENT) {
        if (linked(m, from, to))
            model_reset(m, from, to, 1000);
        return;
    }
    struct model_packet p = { .kind = PACKET_ARC, .message = *message };
    if (entry)
        p.entry = *entry;
    p.number = ++pipe->sent;
    pipe->sent_feed[p.number] = message->kind == ARC_APPEND ? message->append.feed : 0;
    pipe->sent_index[p.number] = message->kind == ARC_APPEND ? message->append.frame.index : 0;
    model_packet(m, from, to, p);
}

static void forget(struct model_pipe *pipe)
{
    struct model_packet *queue = pipe->queue;
    uint64_t stalled = pipe->stalled_us;
    uint64_t connections = pipe->connections + 1;
    *pipe =
        (struct model_pipe){ .queue = queue, .stalled_us = stalled, .connections = connections };
}

void model_reset(struct model *m, uint32_t a, uint32_t b, uint64_t for_us)
{
    uint32_t low = a < b ? a : b;
    uint32_t high = a < b ? b : a;
    m->linked[low][high] = false;
    m->links_us[low][high] = m->now_us + for_us;
    forget(&m->pipes[a][b]);
    forget(&m->pipes[b][a]);
    m->nodes[a].fed[b] = false;
    m->nodes[b].fed[a] = false;
    m->nodes[a].serve[b].next = 0;
    m->nodes[b].serve[a].next = 0;
    m->stats.resets++;
}

void model_reset_all(struct model *m, uint32_t node)
{
    for (uint32_t other = 1; other <= m->options.nodes; other++) {
        if (other != node)
            model_reset(m, node, other, 0);
    }
}

static void hello(struct model *m, const struct model_node *n, uint32_t to)
{
    struct arc_message message;
    if (!n->arc)
        return;
    arc_fill_hello(n->arc, to, &message);
    model_send(m, n->id, to, &message, NULL);
}

static void connect(struct model *m, uint32_t a, uint32_t b)
{
    struct model_node *na = &m->nodes[a];
    struct model_node *nb = &m->nodes[b];
    bool stalled = m->pipes[a][b].stalled_us > m->now_us || m->pipes[b][a].stalled_us > m->now_us;
    if (m->linked[a][b] || !na->up || !nb->up || stalled || na->resumes_us > m->now_us ||
        nb->resumes_us > m->now_us || m->links_us[a][b] > m->now_us)
        return;
    m->linked[a][b] = true;
    hello(m, na, b);
    hello(m, nb, a);
}

static void on_ack(struct model *m, struct model_node *n, uint32_t peer, struct model_pipe *pipe,
                   const struct model_packet *p)
{
    uint32_t away[MODEL_NODES];
    for (; pipe->acked < p->number; pipe->acked++) {
        struct arc_turn t = model_turn(m, n, away);
        uint32_t feed = pipe->sent_feed[pipe->acked + 1];
        if (n->arc && feed)
            arc_on_written(n->arc, &t, peer, feed, pipe->sent_index[pipe->acked + 1]);
        model_carry_out(m, n);
    }
    for (; pipe->acked_synced < p->synced; pipe->acked_synced++) {
        struct arc_turn t = model_turn(m, n, away);
        uint32_t feed = pipe->sent_feed[pipe->acked_synced + 1];
        if (n->arc && feed)
            arc_on_synced(n->arc, &t, peer, feed, pipe->sent_index[pipe->acked_synced + 1]);
        model_carry_out(m, n);
    }
}

static void arrive(struct model *m, uint32_t from, uint32_t to, const struct model_packet *p)
{
    struct model_node *n = &m->nodes[to];
    struct model_pipe *pipe = &m->pipes[from][to];
    uint64_t connection = pipe->connections;
    n->heard_us[from] = m->now_us;
    switch (p->kind) {
    case PACKET_ARC:
        model_handle(m, n, from, p);
        if (p->number && connection == pipe->connections) {
            pipe->handled = p->number;
            pipe->needs[p->number] = n->record_count;
        }
        break;
    case PACKET_ACK:
        on_ack(m, n, from, &m->pipes[to][from], p);
        break;
    case PACKET_ROUND:
        model_packet(m, to, from,
                     (struct model_packet){ .kind = PACKET_ANSWER, .number = p->number });
        break;
    case PACKET_ANSWER:
        m->pipes[to][from].answered = p->number;
        break;
    case PACKET_BEAT:
        break;
    }
}

/* The receiver says what is written and synced of what it handled. */
static void acknowledge(struct model *m, uint32_t from, uint32_t to)
{
    const struct model_node *n = &m->nodes[to];
    struct model_pipe *pipe = &m->pipes[from][to];
    uint64_t written = pipe->told;
    uint64_t synced = pipe->told_synced;
    while (written < pipe->handled && pipe->needs[written + 1] <= n->written)
        written++;
    while (synced < written && pipe->needs[synced + 1] <= n->synced)
        synced++;
    if ((written == pipe->told && synced == pipe->told_synced) || model_one_in(m, 3))
        return;
    pipe->told = written;
    pipe->told_synced = synced;
    model_packet(m, to, from,
                 (struct model_packet){ .kind = PACKET_ACK, .number = written, .synced = synced });
}

/* Something said earlier is heard again, on no connection there is. */
static bool may_haunt(const struct model_packet *p)
{
    switch (p->message.kind) {
    case ARC_HELLO:
    case ARC_RECOVER:
        return false;
    case ARC_REFUSAL:
        return p->message.refusal.feed != 0;
    default:
        return p->kind == PACKET_ARC;
    }
}

static void remember(struct model *m, uint32_t from, uint32_t to, const struct model_packet *p)
{
    struct model_ghost *g = &m->ghosts[model_below(m, MODEL_GHOSTS)];
    if (g->packet.at_us != 0)
        return;
    *g = (struct model_ghost){ from, to, *p };
    g->packet.number = 0;
    g->packet.at_us = m->now_us + model_below(m, 300000);
}

static void haunt(struct model *m)
{
    for (unsigned i = 0; i < MODEL_GHOSTS; i++) {
        struct model_ghost *g = &m->ghosts[i];
        if (g->packet.at_us == 0 || g->packet.at_us > m->now_us)
            continue;
        if (m->faults && m->nodes[g->to].up && m->nodes[g->to].resumes_us <= m->now_us)
            arrive(m, g->from, g->to, &g->packet);
        g->packet.at_us = 0;
    }
}

static void deliver(struct model *m, uint32_t from, uint32_t to)
{
    struct model_pipe *pipe = &m->pipes[from][to];
    const struct model_node *n = &m->nodes[to];
    while (linked(m, from, to) && n->up && n->resumes_us <= m->now_us && pipe->count > 0 &&
           pipe->stalled_us <= m->now_us && pipe->queue[pipe->head].at_us <= m->now_us) {
        struct model_packet p = pipe->queue[pipe->head];
        pipe->head = (pipe->head + 1) % MODEL_QUEUE;
        pipe->count--;
        arrive(m, from, to, &p);
        if (m->faults && may_haunt(&p) && model_one_in(m, 50))
            remember(m, from, to, &p);
    }
}

void model_links(struct model *m)
{
    for (uint32_t a = 1; a <= m->options.nodes; a++) {
        for (uint32_t b = a + 1; b <= m->options.nodes; b++)
            connect(m, a, b);
    }
    haunt(m);
    for (uint32_t a = 1; a <= m->options.nodes; a++) {
        for (uint32_t b = 1; b <= m->options.nodes; b++) {
            if (a == b)
                continue;
            if (!model_one_in(m, 4))
                deliver(m, a, b);
            if (linked(m, a, b) && m->nodes[b].up && m->nodes[b].resumes_us <= m->now_us)
                acknowledge(m, a, b);
        }
    }
}

uint64_t model_answered(const void *arg, uint32_t node)
{
    const struct model_who *who = arg;
    return who->m->pipes[who->self][node].answered;
}

void model_links_deinit(struct model *m)
{
    for (unsigned a = 0; a <= MODEL_NODES; a++) {
        for (unsigned b = 0; b <= MODEL_NODES; b++)
            mem_free(m->pipes[a][b].queue);
    }
}
