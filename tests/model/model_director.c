/* model_director.c: what goes wrong in a history, and when owners change. */
#include "model/arc_model.h"

static struct model_node *any_node(struct model *m)
{
    return &m->nodes[1 + model_below(m, m->options.nodes)];
}

static void stall(struct model *m, uint32_t from, uint32_t to, uint64_t us)
{
    if (from != to)
        m->pipes[from][to].stalled_us = m->now_us + us;
}

static void cut_off(struct model *m, uint32_t node, uint64_t us)
{
    for (uint32_t other = 1; other <= m->options.nodes; other++) {
        stall(m, node, other, us);
        stall(m, other, node, us);
    }
}

static void cut(struct model *m)
{
    uint64_t us = 30000 + model_below(m, m->options.hectic ? 250000 : 700000);
    uint32_t a = any_node(m)->id;
    m->stats.cuts++;
    switch (model_below(m, 4)) {
    case 0: /* one way */
        stall(m, a, any_node(m)->id, us);
        break;
    case 1: { /* a link */
        uint32_t b = any_node(m)->id;
        stall(m, a, b, us);
        stall(m, b, a, us);
        break;
    }
    case 2: /* a node */
        cut_off(m, a, us);
        break;
    default: /* two halves */
        for (uint32_t x = 1; x <= m->options.nodes; x++) {
            for (uint32_t y = 1; y <= m->options.nodes; y++) {
                if ((x <= a) != (y <= a))
                    stall(m, x, y, us);
            }
        }
        break;
    }
}

/* Whether one more may lose power: of those who count only a minority may have forgotten. */
static bool may_lose_power(const struct model *m, const struct model_node *n)
{
    unsigned forgot = 1;
    for (unsigned i = 1; i <= m->options.nodes; i++)
        forgot += m->nodes[i].forgot && m->nodes[i].id != n->id;
    return forgot <= (m->options.owners - 1) / 2;
}

static void all_lose_power(struct model *m)
{
    for (unsigned i = 1; i <= m->options.nodes; i++)
        model_stop(m, &m->nodes[i], true);
    m->stats.power_losses++;
}

static void write_fails(struct model *m, struct model_node *n)
{
    uint32_t away[MODEL_NODES];
    uint64_t count = n->written;
    struct arc_turn t = model_turn(m, n, away);
    while (count > 0 && n->records[count - 1].is_promise)
        count--;
    struct log_end end = n->base;
    if (count > 0 && n->records[count - 1].entry.frame.index > end.index)
        end = (struct log_end){ n->records[count - 1].entry.frame.ballot,
                                n->records[count - 1].entry.frame.index };
    m->stats.failed_writes++;
    arc_on_write_failed(n->arc, &t, end);
    n->end = arc_view(n->arc).end.index;
    model_carry_out(m, n);
    model_stop(m, n, false);
}

static void hand_over(struct model *m, struct model_node *n)
{
    uint32_t away[MODEL_NODES];
    struct arc_turn t = model_turn(m, n, away);
    uint32_t to = arc_preferred(n->arc, &t);
    if (to == 0 || model_one_in(m, 2))
        to = any_node(m)->id;
    arc_hand_over(n->arc, &t, to);
    model_carry_out(m, n);
}

static void strike(struct model *m)
{
    struct model_node *n = any_node(m);
    switch (model_below(m, 9)) {
    case 0:
        model_reset(m, n->id, n->id % m->options.nodes + 1, model_below(m, 100000));
        break;
    case 1:
    case 2:
        cut(m);
        break;
    case 3:
        m->stats.crashes += n->up;
        if (n->up)
            model_stop(m, n, false);
        break;
    case 4:
        if (n->up && may_lose_power(m, n)) {
            m->stats.power_losses++;
            model_stop(m, n, true);
        }
        break;
    case 5:
        m->stats.pauses++;
        n->resumes_us = m->now_us + 20000 + model_below(m, 600000);
        break;
    case 6:
        if (n->arc && n->resumes_us <= m->now_us)
            hand_over(m, n);
        break;
    case 7:
        n->slow_us = m->now_us + model_below(m, 500000);
        break;
    default:
        if (n->arc && n->up && !n->dropped && model_one_in(m, 4))
            write_fails(m, n);
        else
            model_flush(m, n);
        break;
    }
}

void model_faults(struct model *m)
{
    if (m->options.room && m->now_us > 3000000 && m->stats.resumes == 0 && model_one_in(m, 1500)) {
        all_lose_power(m);
        m->options.moves = false;
    }
    if (model_one_in(m, m->options.hectic ? 15 : 60))
        strike(m);
    for (unsigned i = 1; i <= m->options.nodes; i++) {
        struct model_node *n = &m->nodes[i];
        if (n->arc && model_one_in(m, 2000))
            model_flush(m, n);
        if (n->lonely_us && n->lonely_us <= m->now_us) {
            n->lonely_us = 0;
            cut_off(m, i, 60000 + model_below(m, 200000));
        }
    }
}

/* --- owners ----------------------------------------------------------------- */

static void choose(struct model *m)
{
    m->target_count = 0;
    while (m->target_count < m->options.owners) {
        uint32_t node = any_node(m)->id;
        bool there = false;
        for (unsigned i = 0; i < m->target_count; i++)
            there = there || m->target[i] == node;
        if (!there)
            m->target[m->target_count++] = node;
    }
    m->epoch++;
}

/* Leads the leader to other owners, from time to time. */
void model_owners(struct model *m)
{
    uint32_t away[MODEL_NODES];
    if (!m->options.moves || !model_one_in(m, 10))
        return;
    if (m->target_count == 0) {
        if (model_one_in(m, 30) && m->faults)
            choose(m);
        return;
    }
    struct model_node *n = any_node(m);
    if (!n->arc || n->resumes_us > m->now_us || arc_view(n->arc).role != ARC_LEADER)
        return;
    for (unsigned i = 0; i < m->target_count; i++) {
        struct model_node *other = &m->nodes[m->target[i]];
        if (other == n)
            continue;
        struct arc_turn t = model_turn(m, n, away);
        if (!other->owns || other->dropped)
            model_learn(m, other, arc_owners(n->arc));
        arc_teach(n->arc, &t, m->target[i]);
        model_carry_out(m, n);
    }
    if (!n->arc || arc_view(n->arc).role != ARC_LEADER)
        return;
    struct arc_turn t = model_turn(m, n, away);
    if (arc_change_owners(n->arc, &t, m->target, m->target_count, m->epoch)) {
        m->stats.moves++;
        m->target_count = 0;
    }
    model_carry_out(m, n);
}
