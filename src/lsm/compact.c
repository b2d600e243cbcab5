/* compact.c: inputs through a merge and the rules of keep.h into tables; everything
 * between two slices is in the struct. */
#include "lsm/compact.h"

#include <assert.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/planted.h"
#include "lsm/keep.h"
#include "lsm/level_source.h"
#include "lsm/merge.h"
#include "lsm/table_output.h"
#include "lsm/table_uses.h"

enum { READ_STEP = 256 * 1024 /* of each input */ };

struct compact {
    struct job job;
    void *owner;
    struct compact_options options;
    const struct version *version;
    struct pick pick;
    struct level_source *inputs; /* newest first */
    struct cell_source **sources;
    size_t input_count;
    struct merge merge;
    struct keep keep;
    struct buf held; /* the newest cell of a key, until its older ones have been seen */
    struct table_output output;
    struct edit edit;
    struct compact_sums sums;
    struct err err;
    uint64_t unreadable; /* a table's id; 0: none */
    bool begun;
    bool ended;
};

static bool below(void *arg, const uint8_t *cell)
{
    const struct compact *c = arg;
    uint64_t position = cell_encoded_position(cell);

    /* Tables of L0 that stay behind are newer, those of the other levels it comes through
     * do not overlap it (pick.h). */
    return version_may_hold(c->version, c->pick.to + 1, cell[28], position,
                            c->keep.flushed[cell[28]]);
}

/* In tables that are not among the inputs, when it is a level by itself. */
static bool above(void *arg, const uint8_t *cell)
{
    const struct compact *c = arg;

    return c->pick.from == c->pick.to &&
           version_may_hold_above(c->version, c->pick.to, cell[28], cell_encoded_position(cell),
                                  c->keep.flushed[cell[28]]);
}

/* All older tables of L0 are among the inputs. */
static bool takes_oldest(const struct version *v, const struct pick *p)
{
    const struct level *l = &v->levels[0];

    if (p->upper_count > l->count)
        return false;
    for (size_t i = 0; i < p->upper_count; i++) {
        if (p->upper[i] != l->tables[l->count - p->upper_count + i].table)
            return false;
    }
    return true;
}

static void begin(struct compact *c)
{
    struct pick *p = &c->pick;
    size_t n = 0;

    c->inputs = mem_zalloc(p->upper_count + 1, sizeof *c->inputs);
    c->sources = mem_alloc((p->upper_count + 1) * sizeof(struct cell_source *));
    if (p->from == 0) {
        for (; n < p->upper_count; n++)
            level_source_init(&c->inputs[n], &p->upper[n], 1, READ_STEP);
    } else {
        level_source_init(&c->inputs[n++], p->upper, p->upper_count, READ_STEP);
    }
    if (p->lower_count)
        level_source_init(&c->inputs[n++], p->lower, p->lower_count, READ_STEP);
    for (size_t i = 0; i < n; i++)
        c->sources[i] = &c->inputs[i].source;
    c->input_count = n;
    merge_init(&c->merge, c->sources, n);
    c->begun = true;
}

static void end_inputs(struct compact *c)
{
    if (!c->begun)
        return;
    merge_deinit(&c->merge);
    for (size_t i = 0; i < c->input_count; i++)
        level_source_deinit(&c->inputs[i]);
    mem_free(c->inputs);
    mem_free(c->sources);
    c->begun = false;
}

/* An older cell of the held one's key goes, and with it what it hides. */
static void shadow(struct compact *c, const uint8_t *cell)
{
    uint8_t *over = &c->held.data[30];

    assert(c->held.len);
    c->sums.dropped_cells++;
    *over &= (uint8_t)~CELL_OVER;
    if (cell_encoded_stamp(cell) > c->keep.flushed[cell[28]])
        *over |= cell[30] & CELL_OVER;
}

static struct err put_held(struct compact *c)
{
    uint8_t *cell = c->held.data;
    struct err e = err_ok();

    if (c->held.len == 0)
        return e;
    switch (keep_judge(&c->keep, cell)) {
    case KEEP_CELL:
        cell[30] = (uint8_t)((cell[30] & ~CELL_OVER) | keep_over(&c->keep, cell));
        e = table_output_add(&c->output, cell, c->held.len);
        break;
    case KEEP_TOMBSTONE:
        c->sums.expired++;
        e = table_output_add(&c->output, c->keep.made.data, c->keep.made.len);
        break;
    case KEEP_NOTHING:
        c->sums.dropped_cells++;
        if (!(cell[30] & CELL_TOMBSTONE) && cell_encoded_stamp(cell) > c->keep.flushed[cell[28]])
            c->sums.expired++;
        break;
    case KEEP_EVICTED:
        c->sums.dropped_cells++;
        break;
    }
    c->held.len = 0;
    return e;
}

static struct err step(struct compact *c, uint64_t *went)
{
    const uint8_t *cell = c->merge.source.cell;
    size_t size = cell_encoded_size(cell);
    struct err e = err_ok();

    if (c->merge.again) {
        shadow(c, cell);
    } else {
        e = put_held(c);
        buf_append(&c->held, slice_of(cell, size));
    }
    *went += size;
    c->sums.read_cells++;
    if (!err_is(e))
        cell_source_next(&c->merge.source);
    if (c->merge.came) /* its turn comes in a few steps */
        version_prefetch(c->version, c->pick.to + 1, c->merge.came);
    return e;
}

static void drop_inputs(struct compact *c, struct table **tables, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        edit_drop_table(&c->edit, tables[i]->meta.id);
        table_uses_subtract(&c->edit, tables[i]);
    }
}

static struct err finish(struct compact *c)
{
    struct err e = PLANTED(lose_last_cell) ? err_ok() : put_held(c);

    if (!err_is(e))
        e = table_output_finish(&c->output);
    if (err_is(e))
        return e;
    drop_inputs(c, c->pick.upper, c->pick.upper_count);
    drop_inputs(c, c->pick.lower, c->pick.lower_count);
    for (size_t i = 0; i < c->output.count; i++) {
        edit_add_table(&c->edit, c->pick.to, 0, c->output.tables[i]);
        table_uses_add(&c->edit, c->output.tables[i]);
    }
    c->ended = true;
    return e;
}

static struct err slice(struct compact *c)
{
    size_t made = c->output.count;
    uint64_t went = 0;
    struct err e = err_ok();

    if (!c->begun)
        begin(c);
    /* A table that ends is synced, which takes its time: enough for one slice. */
    while (c->merge.source.cell && went < c->options.slice_bytes && c->output.count == made &&
           !err_is(e))
        e = step(c, &went);
    if (!err_is(e))
        e = c->merge.source.err;
    if (!err_is(e) && !c->merge.source.cell)
        e = finish(c);
    return e;
}

static void note_unreadable(struct compact *c)
{
    for (size_t i = 0; i < c->input_count; i++) {
        const struct level_source *s = &c->inputs[i];
        if (err_is(s->source.err) && s->at < s->count)
            c->unreadable = s->tables[s->at]->meta.id;
    }
}

static void run(struct job *job)
{
    struct compact *c = list_item(job, struct compact, job);

    assert(!c->ended);
    c->err = slice(c);
    c->sums.read_bytes = 0;
    for (size_t i = 0; i < c->input_count; i++)
        c->sums.read_bytes += c->inputs[i].read_bytes + c->inputs[i].table.read_bytes;
    c->sums.written_bytes = c->output.bytes;
    if (err_is(c->err)) {
        note_unreadable(c);
        table_output_abandon(&c->output, true);
        c->ended = true;
    }
    if (c->ended)
        end_inputs(c);
}

struct compact *compact_new(const struct compact_options *o, const struct version *v,
                            struct pick *pick)
{
    struct compact *c = mem_zalloc(1, sizeof *c);

    assert(pick->kind == PICK_MERGE && pick->upper_count > 0);
    assert(pick->from > 0 || takes_oldest(v, pick));
    c->job = (struct job){ .run = run, .priority = JOB_LATER };
    c->options = *o;
    c->version = v;
    c->pick = *pick;
    *pick = (struct pick){ .kind = PICK_NOTHING };
    c->keep = (struct keep){
        .now_ms = o->now_ms, .below = below, .above = above, .arg = c, .evict = o->evict
    };
    memcpy(c->keep.flushed, v->flushed, sizeof c->keep.flushed);
    c->output = (struct table_output){ .fs = o->env->fs,
                                       .dir = o->dir,
                                       .ids = o->ids,
                                       .options = o->table,
                                       .table_size = o->table_size };
    if (c->pick.to + 1 < LEVELS && v->levels[c->pick.to + 1].count)
        c->output.below = &v->levels[c->pick.to + 1];
    return c;
}

struct job *compact_job(struct compact *c)
{
    return &c->job;
}

void *compact_owner(struct job *job)
{
    return list_item(job, struct compact, job)->owner;
}

void compact_set_owner(struct compact *c, void *owner)
{
    c->owner = owner;
}

bool compact_ended(const struct compact *c)
{
    return c->ended;
}

struct err compact_error(const struct compact *c)
{
    return c->err;
}

uint64_t compact_unreadable(const struct compact *c)
{
    return c->unreadable;
}

void compact_take_edit(struct compact *c, struct edit *out)
{
    assert(c->ended && !err_is(c->err));
    *out = c->edit;
    c->edit = (struct edit){ 0 };
    table_output_deinit(&c->output);
}

const struct compact_sums *compact_sums(const struct compact *c)
{
    return &c->sums;
}

void compact_free(struct compact *c, bool remove)
{
    if (!c)
        return;
    end_inputs(c);
    table_output_abandon(&c->output, remove); /* nothing is left in it if the edit was taken */
    edit_deinit(&c->edit);
    keep_deinit(&c->keep);
    buf_deinit(&c->held);
    pick_deinit(&c->pick);
    mem_free(c);
}
