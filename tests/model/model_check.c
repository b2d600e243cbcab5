/* model_check.c: what must hold in every history. */
#include "model/arc_model.h"

#include <assert.h>

static bool same(const struct model_entry *a, const struct model_entry *b)
{
    return ballot_equal(a->frame.ballot, b->frame.ballot) && a->value == b->value &&
           a->frame.index == b->frame.index;
}

#define BALLOT(b) (unsigned long long)(b).counter, (b).node

static bool holds(const struct model_node *n, const struct model_entry *e)
{
    if (!n->up || n->forgot || n->dropped)
        return true; /* perhaps */
    uint64_t index = e->frame.index;
    return n->arc && arc_view(n->arc).written >= index && same(&n->log[index - 1], e);
}

/* What a leader finds committed is written by a majority, which may have forgotten since. */
void model_check_held(struct model *m, const struct model_node *n, uint64_t index)
{
    const struct arc_owners *o = arc_owners(n->arc);
    unsigned old = 0;
    unsigned next = 0;
    if (m->options.room)
        return;
    for (unsigned i = 0; i < o->count; i++)
        old += holds(&m->nodes[o->node[i]], &n->log[index - 1]);
    for (unsigned i = 0; i < o->next_count; i++)
        next += holds(&m->nodes[o->next[i]], &n->log[index - 1]);
    if (old <= o->count / 2U || (o->next_count > 0 && next <= o->next_count / 2U))
        model_wrong(m, "%u: %llu is committed, and %u have it", n->id, (unsigned long long)index,
                    old);
}

/* No two frames are committed at one index; what is applied anywhere is that. */
void model_check_apply(struct model *m, const struct model_node *n, uint64_t index)
{
    assert(index <= n->end);
    const struct model_entry *e = &n->log[index - 1];
    struct model_entry *c = &m->committed[index - 1];
    if (ballot_is_none(c->frame.ballot)) {
        if (index != m->committed_to + 1)
            model_wrong(m, "%u: committed %llu before %llu", n->id, (unsigned long long)index,
                        (unsigned long long)m->committed_to + 1);
        *c = *e;
        m->committed_at[index - 1] = arc_view(n->arc).promise;
        m->committed_to = index;
        m->stats.commits++;
        model_check_held(m, n, index);
    } else if (!same(c, e)) {
        model_wrong(m, "%u applies %llu of ballot %llu/%u, committed is that of %llu/%u", n->id,
                    (unsigned long long)index, BALLOT(e->frame.ballot), BALLOT(c->frame.ballot));
    }
    struct arc_view v = arc_view(n->arc);
    if (v.role == ARC_LEADER && ballot_equal(e->frame.ballot, v.promise) && index > m->acked_to)
        m->acked_to = index;
}

/* All lost their memory: what the leader has is what there is. */
static void begin_anew(struct model *m, const struct model_node *n)
{
    m->stats.resumes++;
    while (m->committed_to > 0 &&
           (m->committed_to > n->end ||
            !same(&m->committed[m->committed_to - 1], &n->log[m->committed_to - 1]))) {
        m->committed[--m->committed_to] = (struct model_entry){ 0 };
    }
    m->acked_to = m->acked_to < m->committed_to ? m->acked_to : m->committed_to;
    m->seen_to = m->seen_to < m->committed_to ? m->seen_to : m->committed_to;
    for (unsigned i = 1; i <= m->options.nodes; i++)
        m->nodes[i].read_count = 0;
}

/* A ballot has one leader, once, and it has all that was committed under lower ones. */
void model_check_lead(struct model *m, const struct model_node *n, struct ballot ballot,
                      bool resumed)
{
    m->stats.leads++;
    for (unsigned i = 0; i < m->led_count; i++) {
        if (ballot_equal(m->led[i], ballot))
            model_wrong(m, "%u leads under %llu/%u, as somebody did", n->id, BALLOT(ballot));
    }
    if (m->led_count < MODEL_FRAMES)
        m->led[m->led_count++] = ballot;
    if (resumed && m->options.room)
        begin_anew(m, n);
    for (uint64_t i = 1; i <= m->committed_to; i++) {
        if (ballot_compare(m->committed_at[i - 1], ballot) >= 0)
            return; /* it comes too late, and will notice */
        if (i > n->end || !same(&m->committed[i - 1], &n->log[i - 1])) {
            model_wrong(m, "%u leads under %llu/%u without %llu, which is committed", n->id,
                        BALLOT(ballot), (unsigned long long)i);
            return;
        }
    }
}

/* (index, ballot) is never given twice. */
void model_check_made(struct model *m, const struct model_node *n, const struct model_entry *e)
{
    uint64_t least = m->made_count > 2000 ? m->made_count - 2000 : 0;
    for (uint64_t i = m->made_count; i > least; i--) {
        const struct model_entry *o = &m->made[i - 1];
        if (o->frame.index == e->frame.index && ballot_equal(o->frame.ballot, e->frame.ballot)) {
            if (o->value != e->value || o->frame.kind != e->frame.kind)
                model_wrong(m, "%u: frame %llu of ballot %llu/%u is two", n->id,
                            (unsigned long long)e->frame.index, BALLOT(e->frame.ballot));
            return;
        }
    }
    if (m->made_count < 4 * MODEL_FRAMES)
        m->made[m->made_count++] = *e;
}

/* A read sees every write acknowledged before it came, and what an earlier read saw. */
void model_check_read(struct model *m, const struct model_node *n, const struct model_read *r)
{
    m->stats.reads++;
    if (r->rests_on < r->must_see)
        model_wrong(m, "%u: a read saw up to %llu, it had to see %llu", n->id,
                    (unsigned long long)r->rests_on, (unsigned long long)r->must_see);
    if (r->rests_on > m->seen_to)
        m->seen_to = r->rests_on;
}

void model_check_shape(struct model *m, const struct model_node *n)
{
    struct arc_view v = arc_view(n->arc);
    if (!arc_check(n->arc))
        model_wrong(m, "%u: arc_check()", n->id);
    else if (!n->dropped && (v.end.index != n->end || v.applied != n->applied))
        model_wrong(m, "%u: its arc ends at %llu, its log at %llu", n->id,
                    (unsigned long long)v.end.index, (unsigned long long)n->end);
}
