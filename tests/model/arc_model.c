/* arc_model.c: a history of the model: chaos for a while, then peace, in which all has to
 * come together. */
#include "model/arc_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { CHAOS_US = 8000000, PEACE_US = 20000000 };

uint64_t model_below(struct model *m, uint64_t n)
{
    return prng_below(&m->prng, n);
}

bool model_one_in(struct model *m, uint64_t n)
{
    return prng_one_in(&m->prng, n);
}

void model_wrong(struct model *m, const char *format, ...)
{
    va_list args;
    if (m->wrong[0])
        return;
    int n = snprintf(m->wrong, sizeof m->wrong, "at %llu us: ", (unsigned long long)m->now_us);
    va_start(args, format);
    vsnprintf(m->wrong + n, sizeof m->wrong - (size_t)n, format, args);
    va_end(args);
}

void model_trace(const struct model *m, const char *format, ...)
{
    va_list args;
    if (!m->options.trace)
        return;
    printf("%8llu ", (unsigned long long)m->now_us);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

struct model *model_new(uint64_t seed, const struct model_options *options)
{
    struct model *m = mem_zalloc(1, sizeof *m);
    struct arc_owners owners = { .epoch = 1, .count = (uint8_t)options->owners };
    m->options = *options;
    m->epoch = 1;
    prng_init(&m->prng, seed);
    m->committed = mem_zalloc(MODEL_FRAMES + 1000, sizeof *m->committed);
    m->committed_at = mem_zalloc(MODEL_FRAMES + 1000, sizeof *m->committed_at);
    m->led = mem_zalloc(MODEL_FRAMES, sizeof *m->led);
    m->made = mem_zalloc(4 * (size_t)MODEL_FRAMES, sizeof *m->made);
    for (uint32_t i = 0; i < options->owners; i++)
        owners.node[i] = i + 1;
    for (uint32_t i = 1; i <= options->nodes; i++) {
        struct model_node *n = &m->nodes[i];
        n->id = i;
        n->away_us = options->hectic ? 60000 + model_below(m, 80000)
                                     : 100000 + model_below(m, MODEL_AWAY_US - 100000);
        n->log = mem_zalloc(MODEL_FRAMES + 1000, sizeof *n->log);
        n->table = mem_zalloc(MODEL_FRAMES + 1000, sizeof *n->table);
        n->owns = i <= options->owners;
        n->born_owners = owners;
        n->base_owners = owners;
        model_start(m, n);
    }
    return m;
}

void model_free(struct model *m)
{
    for (uint32_t i = 1; i <= m->options.nodes; i++) {
        struct model_node *n = &m->nodes[i];
        arc_free(n->arc);
        mem_free(n->log);
        mem_free(n->table);
        mem_free(n->records);
    }
    model_links_deinit(m);
    mem_free(m->committed);
    mem_free(m->committed_at);
    mem_free(m->led);
    mem_free(m->made);
    mem_free(m);
}

static void step(struct model *m)
{
    m->now_us += MODEL_STEP_US;
    if (m->faults)
        model_faults(m);
    model_links(m);
    for (uint32_t i = 1; i <= m->options.nodes && !m->wrong[0]; i++) {
        struct model_node *n = &m->nodes[i];
        if (!n->up && n->starts_us <= m->now_us)
            model_start(m, n);
        else if (n->up && n->resumes_us <= m->now_us)
            model_work(m, n);
    }
    model_owners(m);
}

static void heal(struct model *m)
{
    m->faults = false;
    for (uint32_t a = 1; a <= m->options.nodes; a++) {
        m->nodes[a].resumes_us = 0;
        m->nodes[a].slow_us = 0;
        for (uint32_t b = 1; b <= m->options.nodes; b++)
            m->pipes[a][b].stalled_us = 0;
    }
}

/* One leads, and all owners have applied what was committed before now, and more. */
static bool together(const struct model *m, uint64_t more_than)
{
    const struct arc_owners *owners = NULL;
    for (uint32_t i = 1; i <= m->options.nodes; i++) {
        const struct model_node *n = &m->nodes[i];
        if (n->arc && arc_view(n->arc).role == ARC_LEADER)
            owners = arc_owners(n->arc);
    }
    if (!owners || owners->next_count != 0)
        return false;
    for (unsigned i = 0; i < owners->count; i++) {
        const struct model_node *n = &m->nodes[owners->node[i]];
        if (!n->arc || n->forgot || n->applied <= more_than || arc_view(n->arc).leader == 0 ||
            arc_view(n->arc).all_synced == 0)
            return false;
    }
    return true;
}

static void show(const struct model *m)
{
    for (uint32_t i = 1; i <= m->options.nodes; i++) {
        const struct model_node *n = &m->nodes[i];
        if (!n->arc) {
            model_trace(m, "%u has no arc", i);
            continue;
        }
        struct arc_view v = arc_view(n->arc);
        const struct arc_owners *o = arc_owners(n->arc);
        model_trace(m,
                    "%u: role %d, promise %llu/%u, leader %u, end %llu/%u %llu, applied %llu%s%s",
                    i, (int)v.role, (unsigned long long)v.promise.counter, v.promise.node, v.leader,
                    (unsigned long long)v.end.ballot.counter, v.end.ballot.node,
                    (unsigned long long)v.end.index, (unsigned long long)v.applied,
                    v.learner ? ", learns" : "", n->forgot ? ", forgot" : "");
        model_trace(m, "    owners of %llu: %u %u %u and %u: %u %u %u",
                    (unsigned long long)o->epoch, o->node[0], o->node[1], o->node[2], o->next_count,
                    o->next[0], o->next[1], o->next[2]);
    }
}

const char *model_run(struct model *m)
{
    m->faults = true;
    while (m->now_us < CHAOS_US && !m->wrong[0])
        step(m);
    heal(m);
    uint64_t before = m->committed_to;
    while (m->now_us < CHAOS_US + PEACE_US && !m->wrong[0] && !together(m, before))
        step(m);
    if (!m->wrong[0] && !together(m, before))
        model_wrong(m, "healed, and they do not come together");
    show(m);
    return m->wrong[0] ? m->wrong : NULL;
}
