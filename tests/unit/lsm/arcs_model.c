/* arcs_model.c: the world, the arrays, and what must be alike. */
#include "arcs_model_state.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cell/cell.h"
#include "cell/position.h"
#include "lsm/log_format.h"
#include "lsm/lsm_arc.h"

const char *arcs_model_say(struct model *m, const char *what, unsigned arc, uint64_t index)
{
    if (!m->bad)
        snprintf(m->room, m->size, "%s (arc %u, index %llu, record %u)", what, arc,
                 (unsigned long long)index, m->count);
    m->bad = true;
    return m->room;
}

uint64_t arcs_model_name(unsigned arc)
{
    return log_arc((uint16_t)(arc * 5000), arc == 0 ? 7 : arc - 1);
}

unsigned arcs_model_below(struct model *m, unsigned n)
{
    return (unsigned)prng_below(&m->prng, n);
}

static void value_of(const struct record *r, unsigned i, char *value)
{
    snprintf(value, 32, "%u.%u.", r->number, i);
    memset(value + strlen(value), 'v', r->size[i] - strlen(value));
    value[r->size[i]] = '\0';
}

/* --- the log as the records up to a position say */

static void take_record(struct arc *a, struct record *r)
{
    switch (r->kind) {
    case RECORD_PROMISED:
        if (log_ballot_below(a->promise, r->ballot))
            a->promise = r->ballot;
        break;
    case RECORD_STATED:
        a->state = r->number;
        break;
    case RECORD_BASED:
        for (uint64_t i = r->committed + 1; i <= r->index; i++)
            a->frame[i] = NULL; /* never applied */
        a->end = a->base = a->committed = r->index;
        a->point = (struct log_point){ r->ballot, r->index, r->stamp };
        break;
    case RECORD_FRAME:
        a->frame[r->index] = r;
        a->end = r->index;
        if (r->committed > a->committed)
            a->committed = r->committed;
        break;
    }
}

static void replay(struct model *m, uint64_t position)
{
    unsigned kept = 0;

    memset(m->arc, 0, ARCS * sizeof *m->arc);
    for (unsigned i = 0; i < m->count; i++) {
        struct record *r = &m->records[i];
        if (r->end > position) {
            m->did->lost += r->kind == RECORD_FRAME;
            continue;
        }
        take_record(&m->arc[r->arc], r);
        kept = i + 1;
    }
    m->count = kept;
}

static struct log_point point_of(const struct arc *a, uint64_t index)
{
    if (index == a->base)
        return a->point;
    return (struct log_point){ a->frame[index]->ballot, index, a->frame[index]->stamp };
}

/* --- what the store says */

static bool same_point(const struct log_point *a, const struct log_point *b)
{
    return a->index == b->index && a->stamp == b->stamp && log_ballot_same(a->ballot, b->ballot);
}

/* A key of an arc: what the last frame up to `applied` made of it. */
static void check_key(struct model *m, unsigned arc, unsigned key)
{
    struct arc *a = &m->arc[arc];
    char name[16], value[9000];
    const char *there, *right = NULL;

    snprintf(name, sizeof name, "a%u.%u", arc, key);
    there = lsm_world_get(&m->w, name);
    for (uint64_t index = m->applied[arc]; index > 0 && !right; index--) {
        struct record *r = a->frame[index];
        for (unsigned i = r ? r->count : 0; i-- > 0 && !right;) {
            if (r->key[i] != key)
                continue;
            value[0] = '\0';
            if (r->size[i])
                value_of(r, i, value);
            right = value;
        }
    }
    if (!there != !(right && right[0]) || (there && strcmp(there, right) != 0))
        arcs_model_say(m, there ? "a key has another value" : "a key is not there", arc, key);
}

static void check_tail(struct model *m, unsigned arc)
{
    struct arc *a = &m->arc[arc];
    struct lsm_frame f;
    uint64_t position;

    for (uint64_t index = m->applied[arc] + 1; index <= a->end; index++) {
        struct record *r = a->frame[index];
        if (!lsm_tail(m->w.lsm, arcs_model_name(arc), index, &f, &position)) {
            arcs_model_say(m, "a frame is not in the tail", arc, index);
            return;
        }
        if (!log_ballot_same(f.ballot, r->ballot) || f.count != r->count || f.tag != r->number % 7)
            arcs_model_say(m, "a frame in the tail is another", arc, index);
    }
    if (lsm_tail(m->w.lsm, arcs_model_name(arc), a->end + 1, &f, NULL) ||
        lsm_tail(m->w.lsm, arcs_model_name(arc), m->applied[arc], &f, NULL))
        arcs_model_say(m, "the tail has more than it should", arc, a->end);
}

static void check_state(struct model *m, unsigned arc, const struct lsm_arc *s)
{
    char text[STATE_MAX] = "";

    if (m->arc[arc].state)
        snprintf(text, sizeof text, "state %u", m->arc[arc].state);
    if (!slice_equal(s->state, slice_str(text)))
        arcs_model_say(m, "its state is another", arc, m->arc[arc].state);
}

static void check_arc(struct model *m, unsigned arc, bool keys)
{
    struct arc *a = &m->arc[arc];
    struct lsm_arc s = { .arc = 0 };
    struct log_point end = point_of(a, a->end), applied = point_of(a, m->applied[arc]);

    if (!lsm_arc(m->w.lsm, arcs_model_name(arc), &s) && a->end == 0)
        return;
    if (!same_point(&s.end, &end))
        arcs_model_say(m, "its log ends elsewhere", arc, s.end.index);
    if (!same_point(&s.applied, &applied))
        arcs_model_say(m, "another frame is applied", arc, s.applied.index);
    if (!log_ballot_same(s.promise, a->promise))
        arcs_model_say(m, "another ballot is promised", arc, s.promise.counter);
    if (s.forgot)
        arcs_model_say(m, "it forgot something", arc, s.end.index);
    check_state(m, arc, &s);
    if (!m->bad)
        check_tail(m, arc);
    for (unsigned key = 0; keys && !m->bad && key < KEYS; key++)
        check_key(m, arc, key);
}

static void check_all(struct model *m, bool keys)
{
    if (!lsm_check(m->w.lsm, keys))
        arcs_model_say(m, "the store is not in order", 0, 0);
    for (unsigned arc = 0; arc < ARCS && !m->bad; arc++)
        check_arc(m, arc, keys);
}

/* --- what is done */

static struct record *new_record(struct model *m, enum record_kind kind, unsigned arc)
{
    struct record *r = &m->records[m->count];

    memset(r, 0, sizeof *r);
    r->kind = kind;
    r->arc = arc;
    m->before = lsm_end(m->w.lsm);
    r->number = (unsigned)(++m->w.stamp % 1000000) + 1;
    return r;
}

static void take_new(struct model *m, struct record *r)
{
    r->begin = m->before;
    r->end = lsm_end(m->w.lsm);
    take_record(&m->arc[r->arc], r);
    m->count++;
}

static void fill_cells(struct model *m, struct record *r, struct buf *cells)
{
    r->count = arcs_model_below(m, FRAME_CELLS_MAX + 1);
    for (unsigned i = 0; i < r->count; i++) {
        char name[16], value[9000];
        struct cell c = { .stamp = m->w.stamp, .origin = 1, .type = CELL_STRING };
        r->key[i] = arcs_model_below(m, KEYS);
        r->size[i] = arcs_model_below(m, 8) == 0
                         ? 0
                         : 32 + arcs_model_below(m, arcs_model_below(m, 10) == 0 ? 8000 : 200);
        m->did->large += r->size[i] >= 4096;
        snprintf(name, sizeof name, "a%u.%u", r->arc, r->key[i]);
        c.key = cell_head_key(0, slice_str(name));
        value[0] = '\0';
        if (r->size[i])
            value_of(r, i, value);
        else
            c.flags = CELL_TOMBSTONE, c.type = CELL_NONE;
        c.value = slice_str(value);
        cell_encode(&c, buf_reserve(cells, cell_size(&c)));
        cells->len += cell_size(&c);
    }
}

/* The next frame, or one that cuts what is behind `index`. */
static void append(struct model *m, unsigned arc, uint64_t index, struct log_ballot ballot)
{
    struct arc *a = &m->arc[arc];
    struct record *r = new_record(m, RECORD_FRAME, arc);
    struct buf cells = { 0 };
    struct lsm_frame f;
    bool held = false;
    struct err e;

    r->index = index;
    r->ballot = ballot;
    r->previous = point_of(a, index - 1).ballot;
    r->stamp = m->w.stamp;
    r->committed = a->committed < m->applied[arc] ? m->applied[arc] : a->committed;
    fill_cells(m, r, &cells);
    f = (struct lsm_frame){ .arc = arcs_model_name(arc),
                            .ballot = r->ballot,
                            .previous = r->previous,
                            .index = index,
                            .committed = r->committed,
                            .stamp = r->stamp,
                            .count = r->count,
                            .tag = (uint8_t)(r->number % 7),
                            .cells = buf_slice(&cells),
                            .notes = slice_of("levels", arcs_model_below(m, 7)) };
    if (lsm_can_put(m->w.lsm, cells.len + 200)) {
        e = lsm_append(m->w.lsm, &f, &held);
        assert(!err_is(e) && !held);
        take_new(m, r);
        m->did->frames++;
        e = lsm_append(m->w.lsm, &f, &held);
        assert(!err_is(e) && held && lsm_end(m->w.lsm) == r->end);
    }
    buf_deinit(&cells);
}

static void do_append(struct model *m, unsigned arc)
{
    struct arc *a = &m->arc[arc];
    struct log_ballot ballot = point_of(a, a->end).ballot;

    if (ballot.counter == 0 || arcs_model_below(m, 20) == 0)
        ballot = (struct log_ballot){ ++m->counter, 1 + arcs_model_below(m, 3) };
    append(m, arc, a->end + 1, ballot);
}

static uint64_t firm(const struct model *m, unsigned arc)
{
    uint64_t committed = m->arc[arc].committed;
    return committed > m->applied[arc] ? committed : m->applied[arc];
}

static void do_cut(struct model *m, unsigned arc)
{
    struct arc *a = &m->arc[arc];
    uint64_t from = firm(m, arc) + 1;

    if (from > a->end)
        return;
    from += arcs_model_below(m, (unsigned)(a->end - from + 1));
    if (arcs_model_below(m, 3) == 0 && lsm_can_put(m->w.lsm, 16384))
        lsm_cut(m->w.lsm, arcs_model_name(arc), from);
    else if (!lsm_can_put(m->w.lsm, 16384))
        return;
    m->did->cuts++;
    append(m, arc, from, (struct log_ballot){ ++m->counter, 1 + arcs_model_below(m, 3) });
}

/* Up to some frame that is written. */
static void do_apply(struct model *m, unsigned arc)
{
    struct arc *a = &m->arc[arc];
    uint64_t to = m->applied[arc];
    unsigned most = 1 + arcs_model_below(m, 4);

    while (to < a->end && most-- > 0 && a->frame[to + 1]->end <= lsm_written(m->w.lsm))
        to++;
    if (to == m->applied[arc] || !lsm_can_put(m->w.lsm, 64 * 1024))
        return;
    lsm_apply(m->w.lsm, arcs_model_name(arc), to);
    m->did->applied += (unsigned)(to - m->applied[arc]);
    m->applied[arc] = to;
}

static void do_record(struct model *m, unsigned arc)
{
    char text[STATE_MAX];
    struct record *r;

    if (!lsm_can_put(m->w.lsm, 1000))
        return;
    if (arcs_model_below(m, 2)) {
        r = new_record(m, RECORD_PROMISED, arc);
        r->ballot = (struct log_ballot){ ++m->counter, 1 + arcs_model_below(m, 3) };
        lsm_promise(m->w.lsm, arcs_model_name(arc), r->ballot);
    } else {
        r = new_record(m, RECORD_STATED, arc);
        snprintf(text, sizeof text, "state %u", r->number);
        lsm_arc_state(m->w.lsm, arcs_model_name(arc), slice_str(text));
    }
    take_new(m, r);
}

/* The arc's log begins anew somewhere. */
static void do_base(struct model *m, unsigned arc)
{
    struct arc *a = &m->arc[arc];
    struct record *r;
    struct log_point base;

    if (!lsm_can_put(m->w.lsm, 1000) || a->end + 4 >= RECORDS)
        return;
    r = new_record(m, RECORD_BASED, arc);
    r->index = a->end + arcs_model_below(m, 4); /* what is skipped nobody ever had */
    r->ballot = (struct log_ballot){ ++m->counter, 2 };
    r->stamp = m->w.stamp;
    base = (struct log_point){ r->ballot, r->index, r->stamp };
    lsm_arc_base(m->w.lsm, arcs_model_name(arc), &base, false);
    r->committed = m->applied[arc];
    m->applied[arc] = r->index;
    take_new(m, r);
}

/* --- lives */

static void begin(struct model *m, bool first)
{
    uint64_t boot = m->boot;
    enum lsm_state state;

    m->boot = 1 + prng_next(&m->prng) % 1000;
    m->w.options.boot = m->boot;
    m->w.options.sync = (enum lsm_sync)arcs_model_below(m, 3);
    state = lsm_world_open(&m->w);
    if (state != LSM_READY) {
        const char *detail;
        lsm_error(m->w.lsm, &detail);
        arcs_model_say(m, detail, 0, 0);
        return;
    }
    if (lsm_started(m->w.lsm)->boot != (first ? 0 : boot))
        arcs_model_say(m, "it was another boot", 0, lsm_started(m->w.lsm)->boot);
    if (lsm_started(m->w.lsm)->clean != m->clean)
        arcs_model_say(m, "it was not clean, or was", 0, m->clean);
    m->clean = false;
}

/* The arcs as the log up to its end says; what is applied is known to be committed, or was
 * applied before. */
static void after(struct model *m, uint64_t least)
{
    uint64_t before[ARCS], end = lsm_end(m->w.lsm);
    struct lsm_arc s;

    memcpy(before, m->applied, sizeof before);
    if (end < least)
        arcs_model_say(m, "the log has lost what it must not", 0, end);
    replay(m, end);
    for (unsigned arc = 0; arc < ARCS && !m->bad; arc++) {
        struct arc *a = &m->arc[arc];
        s = (struct lsm_arc){ .arc = 0 };
        lsm_arc(m->w.lsm, arcs_model_name(arc), &s);
        m->applied[arc] = s.applied.index;
        if (s.applied.index < a->committed)
            arcs_model_say(m, "what is known to be committed is not applied", arc, s.applied.index);
        if (s.applied.index > before[arc] && s.applied.index > a->committed)
            arcs_model_say(m, "what nobody applied is", arc, s.applied.index);
        if (s.applied.index > a->end) {
            arcs_model_say(m, "what is applied is not in the log", arc, s.applied.index);
            return;
        }
        m->did->waiting += (unsigned)(a->end - s.applied.index);
    }
    check_all(m, true);
}

static void restart(struct model *m)
{
    unsigned how = arcs_model_below(m, 3);
    uint64_t least = how == 1 ? lsm_synced(m->w.lsm) : lsm_written(m->w.lsm);

    m->did->flushes += (unsigned)lsm_stats(m->w.lsm)->flushes;
    if (how == 0) {
        lsm_world_kill(&m->w);
        m->did->kills++;
    } else if (how == 1) {
        lsm_world_power_loss(&m->w, &m->prng);
        m->did->powers++;
    } else {
        lsm_commit(m->w.lsm);
        least = lsm_end(m->w.lsm);
        lsm_world_close(&m->w);
        m->did->closes++;
        m->clean = true;
    }
    begin(m, false);
    if (!m->bad)
        after(m, least);
}

static void step(struct model *m)
{
    unsigned arc = arcs_model_below(m, ARCS), what = arcs_model_below(m, 100);

    if (what < 45)
        do_append(m, arc);
    else if (what < 50)
        do_cut(m, arc);
    else if (what < 70)
        do_apply(m, arc);
    else if (what < 74)
        do_record(m, arc);
    else if (what < 75 && arcs_model_below(m, 4) == 0)
        do_base(m, arc);
    else if (what < 76 && arcs_model_below(m, 2) == 0)
        restart(m);
    else if (what < 77)
        arcs_model_read(m);
    else if (what < 78)
        lsm_retain(m->w.lsm, prng_below(&m->prng, lsm_written(m->w.lsm) + 1));
    else if (what < 80)
        lsm_world_tick(&m->w);
    else if (what < 90)
        lsm_world_step(&m->w);
    else
        check_all(m, what == 99);
    if (m->bad)
        return;
    if (arcs_model_below(m, 3))
        lsm_commit(m->w.lsm);
    for (unsigned n = arcs_model_below(m, 3); n > 0; n--)
        lsm_world_step(&m->w);
}

static void set_up(struct model *m, uint64_t seed)
{
    prng_init(&m->prng, seed);
    lsm_world_init(&m->w);
    m->w.options.segment_size = 8192u << arcs_model_below(m, 3);
    m->w.options.frame_max = 1024;
    m->w.options.keep_log = arcs_model_below(m, 2);
    m->w.options.chunk_size = 2048;
    m->w.options.memtable_size = 8192u << arcs_model_below(m, 3);
    m->w.options.table_size = 32768;
    m->w.options.block_size = 1024;
    m->w.options.filter_bits = 10;
    m->w.options.cache_size = 65536;
    m->records = mem_zalloc(RECORDS + 1, sizeof *m->records);
    m->arc = mem_zalloc(ARCS, sizeof *m->arc);
}

const char *arcs_model_run(uint64_t seed, unsigned steps, struct arcs_model_did *did, char *room,
                           size_t size)
{
    struct model *m = mem_zalloc(1, sizeof *m);
    bool bad;

    m->did = did;
    m->room = room;
    m->size = size;
    set_up(m, seed);
    begin(m, true);
    for (unsigned i = 0; i < steps && !m->bad && m->count < RECORDS; i++)
        step(m);
    if (!m->bad)
        restart(m);
    bad = m->bad;
    if (m->w.lsm)
        lsm_world_kill(&m->w);
    lsm_world_deinit(&m->w);
    mem_free(m->records);
    mem_free(m->arc);
    mem_free(m);
    return bad ? room : NULL;
}
