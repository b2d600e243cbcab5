/* check_linear.c: a search for one order that explains a key's history (Wing and
 * Gong 1993; Lowe 2017, just-in-time linearisation).
 *
 * A configuration says which of the operations under way have taken effect, what
 * the key holds, and what a power loss may bring back: the states since the last
 * one that somebody was promised.  An answer keeps the configurations in which
 * its operation has taken effect, perhaps after others.  An operation nobody
 * knows the outcome of stays under way until the process ends.  A read-only store
 * cannot write down that a value has expired: if the clock is set back, the next
 * life may find it again (a ghost). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/checks.h"
#include "sim/model.h"

enum {
    OPEN_MAX = 64,
    STATES_MAX = 512,
    CONFIGS_MAX = 20000,
    BACK_WORDS = STATES_MAX / 64,
    CONFIG_BUCKETS = 65536,
};

struct config {
    uint64_t done;             /* of the open operations, by slot */
    uint64_t back[BACK_WORDS]; /* states a power loss may leave */
    uint64_t state;
    uint64_t ghost; /* a state + 1 that the next life may find again; 0 for none */
};

/* One moment of a key's history. */
struct moment {
    uint64_t at;
    const struct op *op;     /* asked or told ... */
    const struct mark *mark; /* ... or an end of the process */
    bool told;
    int i; /* which of the operation's keys */
};

struct open_op {
    const struct op *op; /* NULL: free */
    int i;
    uint64_t until_us;
    bool promised;
};

struct search {
    struct history *h;
    struct sim_log *log;
    struct moment *moments;
    size_t moment_count;
    struct open_op open[OPEN_MAX];
    struct model_state states[STATES_MAX];
    size_t state_count;
    struct config *configs;
    size_t config_count;
    uint32_t *buckets; /* of configs, index + 1 */
    bool too_hard;
};

static uint64_t state_id(struct search *s, const struct model_state *state)
{
    for (size_t i = 0; i < s->state_count; i++) {
        if (memcmp(&s->states[i], state, sizeof *state) == 0)
            return i;
    }
    if (s->state_count == STATES_MAX) {
        s->too_hard = true;
        return 0;
    }
    s->states[s->state_count] = *state;
    return s->state_count++;
}

static size_t config_bucket(const struct config *c)
{
    uint64_t h = c->done * 0x9e3779b97f4a7c15u + c->state;

    for (int i = 0; i < BACK_WORDS; i++)
        h = (h ^ c->back[i]) * 0xbf58476d1ce4e5b9u;
    return (size_t)((h ^ h >> 31) % CONFIG_BUCKETS);
}

static void forget_configs(struct search *s)
{
    for (size_t i = 0; i < s->config_count; i++) {
        size_t b = config_bucket(&s->configs[i]);

        while (s->buckets[b]) {
            s->buckets[b] = 0;
            b = (b + 1) % CONFIG_BUCKETS;
        }
    }
    s->config_count = 0;
}

static void add_config(struct search *s, const struct config *c)
{
    size_t b = config_bucket(c);

    for (; s->buckets[b]; b = (b + 1) % CONFIG_BUCKETS) {
        if (memcmp(&s->configs[s->buckets[b] - 1], c, sizeof *c) == 0)
            return;
    }
    if (s->config_count == CONFIGS_MAX) {
        s->too_hard = true;
        return;
    }
    s->configs[s->config_count++] = *c;
    s->buckets[b] = (uint32_t)s->config_count;
}

/* Takes `kept` as the configurations from now on. */
static void replace_configs(struct search *s, const struct config *kept, size_t count)
{
    forget_configs(s);
    for (size_t i = 0; i < count; i++)
        add_config(s, &kept[i]);
}

/* Within one connection operations take effect in order; one of unknown outcome
 * may have been undone. */
static bool may_come_next(const struct search *s, const struct config *c, int slot)
{
    const struct op *op = s->open[slot].op;

    for (int i = 0; i < OPEN_MAX; i++) {
        const struct op *other = s->open[i].op;

        if (other && i != slot && !(c->done >> i & 1) && other->connection == op->connection &&
            other->asked < op->asked && other->outcome == OP_OK)
            return false;
    }
    return true;
}

static void take_effect(struct search *s, const struct config *from, int slot, bool expired)
{
    const struct open_op *o = &s->open[slot];
    struct model_state state = s->states[from->state];
    struct config c = *from;

    if (expired)
        state = (struct model_state){ 0, 0, 0 };
    if (!model_apply(s->h, o->op, o->i, o->until_us, &state))
        return;
    c.done |= (uint64_t)1 << slot;
    c.state = state_id(s, &state);
    if (o->promised)
        memset(c.back, 0, sizeof c.back);
    if (c.state != from->state)
        c.ghost = expired && !state.value && history_troubled(s->h, o->op->told) ? from->state + 1
                                                                                 : 0;
    if (o->promised || c.state != from->state)
        c.back[c.state / 64] |= (uint64_t)1 << c.state % 64;
    add_config(s, &c);
}

/* Lets every operation under way take effect in every possible order, up to `goal`
 * (-1: without end). */
static void expand(struct search *s, int goal)
{
    for (size_t n = 0; n < s->config_count && !s->too_hard; n++) {
        struct config c = s->configs[n];
        const struct model_state *state = &s->states[c.state];

        if (goal >= 0 && (c.done >> goal & 1))
            continue;
        for (int i = 0; i < OPEN_MAX; i++) {
            const struct open_op *o = &s->open[i];

            if (!o->op || (c.done >> i & 1) || !may_come_next(s, &c, i))
                continue;
            if (model_may_live(s->h, state, o->op, o->until_us))
                take_effect(s, &c, i, false);
            if (model_may_be_expired(s->h, state, o->op, o->until_us))
                take_effect(s, &c, i, true);
        }
    }
}

static void on_asked(struct search *s, const struct moment *m)
{
    const struct history *h = s->h;
    size_t end = history_next_end(h, m->op->asked);
    int slot = 0;

    while (slot < OPEN_MAX && s->open[slot].op)
        slot++;
    if (slot == OPEN_MAX) {
        s->too_hard = true;
        return;
    }
    s->open[slot] = (struct open_op){ .op = m->op, .i = m->i, .until_us = m->op->told_us };
    if (m->op->outcome == OP_OK)
        s->open[slot].promised = history_promised(h, m->op, history_next_power(h, m->op->told));
    else
        s->open[slot].until_us = end < h->mark_count ? h->marks[end].us : h->queue->now;
}

/* False if nothing explains the answer. */
static bool on_told(struct search *s, const struct moment *m)
{
    struct config *kept;
    size_t count = 0;
    int slot = 0;

    while (s->open[slot].op != m->op)
        slot++;
    expand(s, slot);
    kept = mem_alloc(s->config_count * sizeof *kept);
    for (size_t i = 0; i < s->config_count; i++) {
        if (s->configs[i].done >> slot & 1) {
            kept[count] = s->configs[i];
            kept[count++].done &= ~((uint64_t)1 << slot);
        }
    }
    replace_configs(s, kept, count);
    mem_free(kept);
    s->open[slot].op = NULL;
    return count > 0;
}

static void add_with_ghost(struct search *s, struct config *c)
{
    uint64_t ghost = c->ghost;

    c->ghost = 0;
    add_config(s, c);
    if (!ghost)
        return;
    c->state = ghost - 1;
    c->back[c->state / 64] |= (uint64_t)1 << c->state % 64;
    add_config(s, c);
}

/* What was undone and is found again was written before the expiry that somebody saw:
 * it may have taken effect on the ghost. */
static void expand_ghosts(struct search *s)
{
    size_t count = s->config_count;

    for (size_t i = 0; i < count; i++) {
        struct config c = s->configs[i];

        if (!c.ghost)
            continue;
        c.state = c.ghost - 1;
        c.ghost = 0;
        add_config(s, &c);
    }
    if (s->config_count > count)
        expand(s, -1);
}

static void on_end(struct search *s, const struct mark *mark)
{
    struct config *kept;
    uint64_t back[BACK_WORDS] = { 0 };
    size_t count;

    expand(s, -1);
    expand_ghosts(s);
    memset(s->open, 0, sizeof s->open);
    count = s->config_count;
    kept = mem_alloc(count * sizeof *kept);
    memcpy(kept, s->configs, count * sizeof *kept);
    forget_configs(s);
    for (size_t i = 0; i < count; i++) {
        kept[i].done = 0;
        for (int w = 0; w < BACK_WORDS; w++)
            back[w] |= kept[i].back[w];
        if (kept[i].ghost)
            back[(kept[i].ghost - 1) / 64] |= (uint64_t)1 << (kept[i].ghost - 1) % 64;
        if (mark->kind == MARK_KILL)
            add_with_ghost(s, &kept[i]);
    }
    mem_free(kept);
    for (uint64_t id = 0; mark->kind == MARK_POWER && id < STATES_MAX; id++) {
        struct config c = { .state = id };

        c.back[id / 64] = (uint64_t)1 << id % 64;
        if (back[id / 64] >> id % 64 & 1)
            add_config(s, &c);
    }
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const struct moment *)a)->at, y = ((const struct moment *)b)->at;

    return x < y ? -1 : x > y;
}

static void add_moment(struct search *s, struct moment m)
{
    s->moments[s->moment_count++] = m;
}

static void collect(struct search *s, unsigned db, unsigned key)
{
    const struct history *h = s->h;

    s->moment_count = 0;
    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *op = h->ops[n];
        int i = op_touches(op, db, key);

        if (op->within) /* a part of what takes effect at once */
            continue;
        if (op->kind == OP_EXEC && !op->reply_null && exec_touches(op, db, key))
            i = (int)(db * SIM_KEYS + key);
        if (i < 0 || op->outcome == OP_REFUSED || op->asked == UINT64_MAX ||
            (op->outcome != OP_OK && !op_writes(op)))
            continue;
        add_moment(s, (struct moment){ op->asked, op, NULL, false, i });
        if (op->outcome == OP_OK)
            add_moment(s, (struct moment){ op->told, op, NULL, true, i });
    }
    for (size_t n = 0; n < h->mark_count; n++) {
        const struct mark *m = &h->marks[n];

        if (m->kind == MARK_KILL || m->kind == MARK_POWER)
            add_moment(s, (struct moment){ .at = m->at, .mark = m });
    }
    qsort(s->moments, s->moment_count, sizeof *s->moments, by_time);
}

static void report(struct search *s, unsigned db, unsigned key, size_t at)
{
    char text[160];
    size_t from = at > 24 ? at - 24 : 0;

    for (size_t n = from; n <= at; n++) {
        const struct moment *m = &s->moments[n];

        if (m->mark)
            sim_log_line(s->log, "  . %.3f %s", (double)m->mark->us / 1000.0,
                         m->mark->kind == MARK_POWER ? "power loss" : "process end");
        else
            sim_log_line(s->log, "  . %.3f %s %s",
                         (double)(m->told ? m->op->told_us : m->op->asked_us) / 1000.0,
                         m->told ? "told" : "asked", op_describe(s->h, m->op, text));
    }
    sim_log_fail(s->log, "linear", "db%u k%u: no order explains %s", db, key,
                 op_describe(s->h, s->moments[at].op, text));
}

static void search_key(struct search *s, unsigned db, unsigned key)
{
    struct config first = { .back = { 1 } };

    collect(s, db, key);
    forget_configs(s);
    memset(s->open, 0, sizeof s->open);
    s->state_count = 0;
    s->too_hard = false;
    first.state = state_id(s, &(struct model_state){ 0, 0, 0 });
    add_config(s, &first);
    for (size_t n = 0; n < s->moment_count && !s->too_hard; n++) {
        struct moment *m = &s->moments[n];

        if (m->mark) {
            on_end(s, m->mark);
        } else if (!m->told) {
            on_asked(s, m);
        } else if (!on_told(s, m) && !s->too_hard) {
            report(s, db, key, n);
            return;
        }
    }
}

unsigned check_linear(struct history *h, struct sim_log *log)
{
    struct search *s = mem_zalloc(1, sizeof *s);
    unsigned too_hard = 0;

    s->h = h;
    s->log = log;
    s->moments = mem_alloc((h->op_count * 2 + h->mark_count) * sizeof *s->moments);
    s->configs = mem_alloc(CONFIGS_MAX * sizeof *s->configs);
    s->buckets = mem_zalloc(CONFIG_BUCKETS, sizeof *s->buckets);
    for (unsigned db = 0; db < SIM_DBS; db++) {
        for (unsigned key = 0; key < SIM_KEYS && !log->failed; key++) {
            search_key(s, db, key);
            too_hard += s->too_hard;
        }
    }
    mem_free(s->moments);
    mem_free(s->configs);
    mem_free(s->buckets);
    mem_free(s);
    return too_hard;
}
