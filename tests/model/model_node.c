/* model_node.c: one node of the model: carries out what its arc wants, on a log whose
 * records are pending, written or synced. */
#include "model/arc_model.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

struct arc_turn model_turn(struct model *m, const struct model_node *n, uint32_t *away)
{
    struct arc_turn t = {
        .now_us = m->now_us, .prng = &m->prng, .out = &m->out, .away = away, .away_count = 0
    };
    for (uint32_t other = 1; other <= m->options.nodes; other++) {
        if (other != n->id && m->now_us > n->heard_us[other] + n->away_us)
            away[t.away_count++] = other;
    }
    return t;
}

/* --- the disk --------------------------------------------------------------- */

static void push(struct model *m, struct model_node *n, const struct model_record *r)
{
    if (n->record_count == n->record_cap) {
        n->record_cap = n->record_cap ? n->record_cap * 2 : 64;
        n->records = mem_realloc(n->records, n->record_cap * sizeof *n->records);
    }
    n->records[n->record_count++] = *r;
    uint64_t slow = n->slow_us > m->now_us ? 60000 : 4000;
    if (n->write_at_us == 0)
        n->write_at_us = m->now_us + model_below(m, slow);
}

static void append(struct model *m, struct model_node *n, const struct model_entry *e)
{
    struct model_record r = { .entry = *e };
    assert(e->frame.index == n->end + 1 && n->end < MODEL_FRAMES + 1000);
    n->log[n->end++] = *e;
    model_check_made(m, n, e);
    push(m, n, &r);
}

static struct log_end end_of_records(const struct model_node *n, uint64_t count)
{
    while (count > 0 && n->records[count - 1].is_promise)
        count--;
    if (count == 0)
        return n->base;
    struct arc_frame f = n->records[count - 1].entry.frame;
    return (struct log_end){ f.ballot, f.index };
}

static void write_now(struct model *m, struct model_node *n)
{
    uint32_t away[MODEL_NODES];
    n->written = n->record_count;
    n->write_at_us = 0;
    if (n->remembers_at && n->written >= n->remembers_at) {
        n->forgot = false;
        n->remembers_at = 0;
    }
    struct arc_turn t = model_turn(m, n, away);
    arc_on_own_written(n->arc, &t, end_of_records(n, n->written));
    model_carry_out(m, n);
}

static void sync_now(struct model *m, struct model_node *n)
{
    uint32_t away[MODEL_NODES];
    n->synced = n->written;
    n->sync_at_us = m->now_us + 5000 + model_below(m, 60000);
    struct arc_turn t = model_turn(m, n, away);
    arc_on_own_synced(n->arc, &t, end_of_records(n, n->synced));
    model_carry_out(m, n);
    for (uint64_t i = n->synced; n->arc && n->sync_wanted && i > 0; i--) {
        if (!n->records[i - 1].is_promise)
            continue;
        t = model_turn(m, n, away);
        if (n->sync_wanted <= n->synced)
            n->sync_wanted = 0;
        arc_on_promise_synced(n->arc, &t, n->records[i - 1].promise);
        model_carry_out(m, n);
        break;
    }
}

void model_disk(struct model *m, struct model_node *n)
{
    if (n->arc && n->write_at_us && n->write_at_us <= m->now_us)
        write_now(m, n);
    if (n->arc && n->sync_at_us <= m->now_us)
        sync_now(m, n);
}

void model_flush(struct model *m, struct model_node *n)
{
    (void)m;
    if (!n->arc || n->applied <= n->base.index || n->dropped)
        return;
    struct arc_frame f = n->log[n->applied - 1].frame;
    memcpy(n->table, n->log, n->applied * sizeof *n->table);
    n->base = (struct log_end){ f.ballot, f.index };
    for (uint64_t i = n->applied; i > 0; i--) {
        if (n->log[i - 1].frame.kind == ARC_FRAME_OWNERS) {
            n->base_owners = n->log[i - 1].owners;
            break;
        }
    }
}

/* --- effects ---------------------------------------------------------------- */

static void promise(struct model *m, struct model_node *n, const struct arc_effect *e)
{
    struct model_record r = { .is_promise = true, .promise = e->ballot };
    push(m, n, &r);
    if (e->sync) {
        n->sync_wanted = n->record_count;
        uint64_t at = m->now_us + 1000 + model_below(m, 8000);
        n->sync_at_us = n->sync_at_us < at ? n->sync_at_us : at;
    }
}

static void drop(struct model *m, struct model_node *n, const struct arc_effect *e)
{
    n->dropped = true;
    n->dropped_ballot = e->ballot;
    n->base_owners = e->owners;
    n->record_count = n->written = n->synced = 0;
    n->write_at_us = 0;
    n->sync_wanted = 0;
    n->end = n->applied = 0;
    n->base = (struct log_end){ 0 };
    n->forgot = false;
    n->remembers_at = 0;
    memset(n->fed, 0, sizeof n->fed);
    m->stats.drops++;
}

/* Feeds, and roles. */
static void carry_out_rest(struct model *m, struct model_node *n, const struct arc_effect *e,
                           bool *resumed)
{
    switch (e->kind) {
    case ARC_DO_FEED:
        n->fed[e->node] = true;
        n->feed_next[e->node] = e->from;
        break;
    case ARC_DO_STARVE:
        n->fed[e->node] = false;
        break;
    case ARC_DO_SERVE:
        n->serve[e->node] = (struct model_serve){ e->ballot, e->from, e->to };
        break;
    case ARC_DO_RESUMED:
        *resumed = true;
        break;
    case ARC_DO_LEAD:
        model_check_lead(m, n, e->ballot, *resumed);
        if (m->options.hectic && model_one_in(m, 2))
            n->lonely_us = m->now_us + 1 + model_below(m, 25000);
        memset(n->fed, 0, sizeof n->fed);
        n->read_count = 0;
        n->remembers_at = n->forgot ? n->record_count + 1 : 0;
        break;
    case ARC_DO_FOLLOW:
        memset(n->fed, 0, sizeof n->fed);
        n->read_count = 0;
        break;
    case ARC_DO_RECOVERED:
        m->stats.recoveries++;
        n->remembers_at = n->record_count;
        if (n->written >= n->remembers_at)
            n->forgot = false;
        break;
    case ARC_DO_ACT:
        model_trace(m, "%u acts on owners of %llu: %u %u %u and %u: %u %u %u, end %llu", n->id,
                    (unsigned long long)e->owners.epoch, e->owners.node[0], e->owners.node[1],
                    e->owners.node[2], e->owners.next_count, e->owners.next[0], e->owners.next[1],
                    e->owners.next[2], (unsigned long long)n->end);
        break;
    case ARC_DO_DROP:
        drop(m, n, e);
        break;
    default:
        break;
    }
}

static void carry_out(struct model *m, struct model_node *n, const struct arc_effect *e,
                      bool *resumed)
{
    struct model_entry own = { .frame = e->frame };
    switch (e->kind) {
    case ARC_DO_SEND:
        if (e->message.kind == ARC_INVITE)
            m->stats.hand_overs++;
        model_send(m, n->id, e->node, &e->message, NULL);
        break;
    case ARC_DO_PROMISE:
        promise(m, n, e);
        break;
    case ARC_DO_CUT:
        assert(e->from > n->applied && e->from <= n->end);
        n->end = e->from - 1;
        m->stats.tails_cut++;
        break;
    case ARC_DO_APPEND:
        append(m, n, &m->handling->entry);
        break;
    case ARC_DO_WRITE:
        own.owners = e->owners;
        append(m, n, &own);
        break;
    case ARC_DO_APPLY:
        for (; n->applied < e->to; n->applied++)
            model_check_apply(m, n, n->applied + 1);
        break;
    default:
        carry_out_rest(m, n, e, resumed);
        break;
    }
}

void model_carry_out(struct model *m, struct model_node *n)
{
    bool resumed = false;
    struct arc_effects *out = &m->out;
    for (unsigned i = 0; i < out->count && !m->wrong[0]; i++) {
        if (m->options.trace)
            model_trace(m, "%u does %d to %u: ballot %llu/%u, %llu..%llu, message %d", n->id,
                        (int)out->list[i].kind, out->list[i].node,
                        (unsigned long long)out->list[i].ballot.counter, out->list[i].ballot.node,
                        (unsigned long long)out->list[i].from, (unsigned long long)out->list[i].to,
                        out->list[i].kind == ARC_DO_SEND ? (int)out->list[i].message.kind : 0);
        carry_out(m, n, &out->list[i], &resumed);
    }
    out->count = 0;
    if (n->arc && !m->wrong[0])
        model_check_shape(m, n);
}

/* --- life ------------------------------------------------------------------- */

void model_start(struct model *m, struct model_node *n)
{
    uint32_t away[MODEL_NODES];
    n->up = true;
    for (unsigned i = 0; i <= MODEL_NODES; i++)
        n->heard_us[i] = m->now_us;
    if (!n->owns)
        return;
    if (n->dropped) {
        n->arc = arc_new_dropped(n->id, (struct arc_name){ 0 }, n->dropped_ballot, &n->base_owners);
        return;
    }
    struct arc_options o = { .self = n->id,
                             .owners = n->base.index ? n->base_owners : n->born_owners,
                             .applied = n->base,
                             .promise = n->born_promise,
                             .learns_since = n->learns_since,
                             .commit_synced = m->options.always };
    n->arc = arc_new(&o);
    memcpy(n->log, n->table, n->base.index * sizeof *n->log);
    n->applied = n->end = n->base.index;
    for (uint64_t i = 0; i < n->record_count; i++) {
        const struct model_record *r = &n->records[i];
        const struct arc_frame *f = &r->entry.frame;
        if (r->is_promise)
            arc_replay_promise(n->arc, r->promise);
        else if (!arc_replay_frame(n->arc, f,
                                   f->kind == ARC_FRAME_OWNERS ? &r->entry.owners : NULL))
            model_wrong(m, "%u: record %llu does not follow", n->id, (unsigned long long)i);
        n->end = arc_view(n->arc).end.index;
        bool in = n->end == f->index && arc_holds(n->arc, (struct log_end){ f->ballot, f->index });
        if (!r->is_promise && f->index > n->base.index && in)
            n->log[n->end - 1] = r->entry;
    }
    n->sync_at_us = m->now_us + 5000;
    struct arc_turn t = model_turn(m, n, away);
    arc_begin(n->arc, &t, end_of_records(n, n->synced).index, n->forgot);
    model_carry_out(m, n);
}

/* Power lost: of what was not synced a part may be there all the same. */
void model_stop(struct model *m, struct model_node *n, bool power)
{
    n->up = false;
    arc_free(n->arc);
    n->arc = NULL;
    n->starts_us = m->now_us + 5000 + model_below(m, m->options.hectic ? 80000 : 400000);
    n->resumes_us = 0;
    n->record_count = n->written;
    if (power) {
        n->record_count = n->synced + model_below(m, n->written - n->synced + 1);
        n->written = n->synced = n->record_count;
        n->forgot = n->owns && !n->dropped;
        n->remembers_at = 0;
    }
    if (n->remembers_at > n->record_count)
        n->remembers_at = 0;
    n->write_at_us = 0;
    n->sync_wanted = 0;
    n->read_count = 0;
    memset(n->fed, 0, sizeof n->fed);
    memset(n->serve, 0, sizeof n->serve);
    model_reset_all(m, n->id);
}

void model_learn(struct model *m, struct model_node *n, const struct arc_owners *owners)
{
    uint32_t away[MODEL_NODES];
    if (!n->up || (n->owns && !n->dropped))
        return;
    arc_free(n->arc);
    n->born_promise = n->dropped ? n->dropped_ballot : (struct ballot){ 0 };
    uint64_t dropped = n->dropped ? n->base_owners.epoch : 0;
    n->born_owners = *owners;
    n->owns = true;
    n->learns_since = owners->epoch > dropped ? owners->epoch : dropped;
    n->dropped = false;
    model_trace(m, "%u learns since %llu", n->id, (unsigned long long)n->learns_since);
    struct arc_options o = { .self = n->id,
                             .owners = *owners,
                             .promise = n->born_promise,
                             .learns_since = n->learns_since,
                             .commit_synced = m->options.always };
    n->arc = arc_new(&o);
    struct arc_turn t = model_turn(m, n, away);
    arc_begin(n->arc, &t, 0, false);
    model_carry_out(m, n);
    for (uint32_t other = 1; other <= m->options.nodes; other++) {
        struct arc_message message;
        arc_fill_hello(n->arc, other, &message);
        if (other != n->id)
            model_send(m, n->id, other, &message, NULL);
    }
}

/* --- messages --------------------------------------------------------------- */

void model_handle(struct model *m, struct model_node *n, uint32_t from,
                  const struct model_packet *p)
{
    uint32_t away[MODEL_NODES];
    const struct arc_message *message = &p->message;
    if (!n->arc) {
        struct arc_message no = { .kind = ARC_REFUSAL };
        no.refusal = (struct arc_refusal){ .ballot = message->append.ballot,
                                           .feed = message->append.feed,
                                           .reason = ARC_RECOVERING };
        if (message->kind == ARC_APPEND)
            model_send(m, n->id, from, &no, NULL);
        return;
    }
    if (m->options.trace)
        model_trace(m, "%u hears %d from %u: ballot %llu/%u", n->id, (int)message->kind, from,
                    (unsigned long long)message->append.ballot.counter,
                    message->append.ballot.node);
    struct arc_turn t = model_turn(m, n, away);
    bool owners = (message->kind == ARC_APPEND || message->kind == ARC_FRAME) &&
                  p->entry.frame.kind == ARC_FRAME_OWNERS;
    m->handling = p;
    arc_on_message(n->arc, &t, from, message, owners ? &p->entry.owners : NULL);
    model_carry_out(m, n);
}

static void feed(struct model *m, struct model_node *n)
{
    for (uint32_t to = 1; to <= m->options.nodes; to++) {
        unsigned some = m->options.hectic ? model_one_in(m, 6) : 1 + (unsigned)model_below(m, 8);
        while (n->fed[to] && some-- > 0 && n->feed_next[to] <= n->end &&
               n->feed_next[to] <= arc_view(n->arc).written) {
            struct arc_message message;
            const struct model_entry *e = &n->log[n->feed_next[to] - 1];
            arc_fill_append(n->arc, to, &e->frame, &message);
            n->feed_next[to]++;
            model_send(m, n->id, to, &message, e);
        }
    }
}

/* Frames that were fetched; a part at a time. */
static void serve(struct model *m, struct model_node *n)
{
    for (uint32_t to = 1; to <= m->options.nodes; to++) {
        struct model_serve *s = &n->serve[to];
        for (unsigned i = 0; i < 40 && s->next > 0 && s->next <= s->to && s->next <= n->end; i++) {
            struct arc_message message = { .kind = ARC_FRAME };
            message.fetched = (struct arc_fetched){ s->ballot, n->log[s->next - 1].frame };
            model_send(m, n->id, to, &message, &n->log[s->next - 1]);
            s->next++;
        }
    }
}

static void beat(struct model *m, struct model_node *n)
{
    n->beat_us = m->now_us + MODEL_BEAT_US;
    for (uint32_t to = 1; to <= m->options.nodes; to++) {
        struct arc_message message;
        if (to == n->id)
            continue;
        model_packet(m, n->id, to, (struct model_packet){ .kind = PACKET_BEAT });
        if (n->arc && arc_view(n->arc).role == ARC_LEADER && n->fed[to] &&
            (!m->options.quiet || model_one_in(m, 10))) {
            arc_fill_commit(n->arc, &message);
            model_send(m, n->id, to, &message, NULL);
        }
    }
}

/* Clients of the leader, or of who takes itself for it. */
static void clients(struct model *m, struct model_node *n)
{
    if (!arc_may_append(n->arc))
        return;
    if (model_one_in(m, m->options.quiet ? 150 : 8) && n->end < MODEL_FRAMES) {
        enum arc_frame_kind kind = model_one_in(m, 10) ? ARC_FRAME_EMPTY : ARC_FRAME_CELLS;
        struct model_entry e = { .frame = arc_append(n->arc, kind, m->now_us, 8) };
        e.value = kind == ARC_FRAME_CELLS ? ++m->next_value : 0;
        append(m, n, &e);
        model_carry_out(m, n);
    }
    if (model_one_in(m, 8) && n->read_count < MODEL_READS) {
        uint64_t must = m->acked_to > m->seen_to ? m->acked_to : m->seen_to;
        n->reads[n->read_count++] = (struct model_read){ .rests_on = n->end, .must_see = must };
    }
}

static void reads(struct model *m, struct model_node *n)
{
    struct model_who who = { m, n->id };
    uint64_t confirmed = arc_confirmed(n->arc, model_answered, &who);
    bool ask = false;
    unsigned kept = 0;
    for (unsigned i = 0; i < n->read_count; i++) {
        struct model_read *r = &n->reads[i];
        if (r->round == 0) {
            r->round = n->round + 1;
            ask = true;
        } else if (r->round <= confirmed && r->rests_on <= n->applied) {
            model_check_read(m, n, r);
            continue;
        }
        n->reads[kept++] = *r;
    }
    n->read_count = kept;
    if (!ask)
        return;
    n->round++;
    for (uint32_t to = 1; to <= m->options.nodes; to++) {
        if (to != n->id)
            model_packet(m, n->id, to,
                         (struct model_packet){ .kind = PACKET_ROUND, .number = n->round });
    }
}

void model_work(struct model *m, struct model_node *n)
{
    uint32_t away[MODEL_NODES];
    if (n->beat_us <= m->now_us)
        beat(m, n);
    if (!n->arc)
        return;
    if (model_one_in(m, 4)) {
        struct arc_turn t = model_turn(m, n, away);
        arc_on_time(n->arc, &t);
        model_carry_out(m, n);
    }
    if (!m->wrong[0] && arc_view(n->arc).role == ARC_LEADER) {
        clients(m, n);
        reads(m, n);
        if (!model_one_in(m, 3))
            feed(m, n);
    }
    serve(m, n);
    model_disk(m, n);
}
