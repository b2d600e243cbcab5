/* pick.c: the choice.  Tables that can go unread first, then the level furthest over
 * its size, then tables that are mostly garbage. */
#include "lsm/pick.h"

#include <string.h>

#include "base/mem.h"

enum {
    LAST = LEVELS - 1,
    FULL = 1000,     /* score of a level that has its size */
    RATIO_STEPS = 4, /* overlap ratios are told apart by quarters, or the cursor never counts */
    TOMBSTONE_WORTH = 32, /* cells below that are worth reading for one tombstone */
};

struct span {
    uint64_t min;
    uint64_t max;
};

/* Tables `first` .. `end` - 1 of a level. */
struct range {
    size_t first;
    size_t end;
    uint64_t bytes;
    uint64_t cells;
};

struct picker {
    const struct version *v;
    const struct pick_options *o;
    struct pick_levels levels;
    uint64_t *cursor;
    uint64_t now_ms;
    struct pick *out;
};

static struct table *table_at(const struct picker *p, unsigned level, size_t i)
{
    return p->v->levels[level].tables[i].table;
}

static struct span span_of(const struct picker *p, unsigned level, size_t first, size_t end)
{
    struct span s = { UINT64_MAX, 0 };

    for (size_t i = first; i < end; i++) {
        const struct table_meta *t = &table_at(p, level, i)->meta;
        s.min = t->min_position < s.min ? t->min_position : s.min;
        s.max = t->max_position > s.max ? t->max_position : s.max;
    }
    return s;
}

/* The first table of a level >= 1 that ends at or behind `position`. */
static size_t seek(const struct picker *p, unsigned level, uint64_t position)
{
    size_t low = 0, high = p->v->levels[level].count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table_at(p, level, middle)->meta.max_position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What of a level >= 1 overlaps. */
static struct range overlap(const struct picker *p, unsigned level, struct span s)
{
    struct range r = { 0 };

    r.first = r.end = seek(p, level, s.min);
    while (r.end < p->v->levels[level].count &&
           table_at(p, level, r.end)->meta.min_position <= s.max) {
        r.bytes += table_at(p, level, r.end)->meta.size;
        r.cells += table_at(p, level, r.end)->meta.cells;
        r.end++;
    }
    return r;
}

static bool deeper_overlaps(const struct picker *p, unsigned level, struct span s)
{
    for (unsigned i = level + 1; i < LEVELS; i++) {
        struct range r = overlap(p, i, s);
        if (r.first < r.end)
            return true;
    }
    return false;
}

static void take(struct table ***to, size_t *count, const struct picker *p, unsigned level,
                 size_t first, size_t end)
{
    *to = mem_realloc(*to, (*count + end - first) * sizeof **to);
    for (size_t i = first; i < end; i++) {
        (*to)[(*count)++] = table_at(p, level, i);
        p->out->bytes += table_at(p, level, i)->meta.size;
    }
}

static void choose(struct picker *p, enum pick_kind kind, unsigned from, unsigned to)
{
    p->out->kind = kind;
    p->out->from = from;
    p->out->to = to;
}

/* --- tables that go unread */

/* Every cell is of a database that was flushed since.  Older cells of those keys are
 * hidden by the same flush, so it does not matter what is below. */
static bool all_flushed(const struct picker *p, const struct table_meta *t)
{
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if ((t->databases >> db & 1) && p->v->flushed[db] < t->max_stamp)
            return false;
    }
    return true;
}

/* Every cell is expired or a tombstone, and there is nothing older for them to hide. */
static bool all_expired(const struct picker *p, unsigned level, size_t i)
{
    const struct table_meta *t = &table_at(p, level, i)->meta;
    struct span s = { t->min_position, t->max_position };

    if (t->max_expire_ms > p->now_ms || deeper_overlaps(p, level, s))
        return false;
    if (level == 0) {
        for (size_t k = i + 1; k < p->v->levels[0].count; k++) {
            const struct table_meta *older = &table_at(p, 0, k)->meta;
            if (older->min_position <= s.max && older->max_position >= s.min)
                return false;
        }
    }
    return true;
}

static bool pick_drop(struct picker *p)
{
    for (unsigned level = LEVELS; level-- > 0;) {
        for (size_t i = 0; i < p->v->levels[level].count; i++) {
            if (all_flushed(p, &table_at(p, level, i)->meta) || all_expired(p, level, i))
                take(&p->out->upper, &p->out->upper_count, p, level, i, i + 1);
        }
        if (p->out->upper_count) {
            choose(p, PICK_DROP, level, level);
            return true;
        }
    }
    return false;
}

/* --- what a table is good for */

/* Heads of databases that were flushed since the table's newest cell. */
static uint64_t flushed_heads(const struct picker *p, const struct table_meta *t)
{
    uint64_t heads = 0;

    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        heads += p->v->flushed[db] >= t->max_stamp ? t->heads[db] : 0;
    return heads;
}

/* Cells that are expired, were the times spread evenly; unknown if some never expire. */
static uint64_t expired_about(const struct picker *p, const struct table_meta *t)
{
    uint64_t live = t->cells - t->tombstones;
    double part;

    if (t->min_expire_ms > p->now_ms || t->max_expire_ms == UINT64_MAX)
        return 0;
    if (t->max_expire_ms <= p->now_ms)
        return live;
    part = (double)(p->now_ms - t->min_expire_ms) / (double)(t->max_expire_ms - t->min_expire_ms);
    return (uint64_t)((double)live * part);
}

/* Nothing in it could be dropped by reading it, where nothing older is below. */
static bool is_clean(const struct picker *p, const struct table_meta *t)
{
    for (unsigned db = 0; db < LIMIT_DATABASES; db++) {
        if ((t->databases >> db & 1) && p->v->flushed[db] >= t->min_stamp)
            return false;
    }
    return t->tombstones == 0 && t->min_expire_ms > p->now_ms;
}

/* Half of it or more is deletes, and they are many for what they would have to meet. */
static bool is_deletes(uint64_t deletes, uint64_t cells, uint64_t cells_below)
{
    return deletes > 0 && deletes >= cells - deletes && deletes >= cells_below / TOMBSTONE_WORTH;
}

/* --- one level into the next */

/* A table may only change its level: it drops nothing, and the job that takes it further
 * will not be too large. */
static bool can_move(const struct picker *p, const struct table *t, unsigned to)
{
    struct span s = { t->meta.min_position, t->meta.max_position };

    if (to < LAST && overlap(p, to + 1, s).bytes + t->meta.size > p->o->job_bytes_max)
        return false;
    return is_clean(p, &t->meta) || deeper_overlaps(p, to, s);
}

static unsigned level_behind(const struct picker *p, unsigned from)
{
    unsigned to = from + 1;

    while (to < LAST && p->levels.target[to] == 0 && p->v->levels[to].count == 0)
        to++;
    return to;
}

/* Whether tables `first` .. `end` - 1 meet no more below than `below`, fit into a job,
 * and move if they shall. */
static bool fits(const struct picker *p, unsigned from, unsigned to, struct range below, bool move,
                 size_t first, size_t end)
{
    struct range wider = overlap(p, to, span_of(p, from, first, end));
    uint64_t bytes = wider.bytes;

    for (size_t i = first; i < end; i++) {
        if (move && !can_move(p, table_at(p, from, i), to))
            return false;
        bytes += table_at(p, from, i)->meta.size;
    }
    return wider.end - wider.first == below.end - below.first && bytes <= p->o->job_bytes_max;
}

/* Table `i`, and neighbours that come along because they add nothing to what is below. */
static void pick_tables(struct picker *p, unsigned from, unsigned to, size_t i)
{
    struct range below = overlap(p, to, span_of(p, from, i, i + 1));
    bool alone = below.first == below.end, move = alone && can_move(p, table_at(p, from, i), to);
    size_t first = i, end = i + 1;

    if (move || !alone) {
        while (end < p->v->levels[from].count && fits(p, from, to, below, move, first, end + 1))
            end++;
        while (first > 0 && fits(p, from, to, below, move, first - 1, end))
            first--;
    }
    take(&p->out->upper, &p->out->upper_count, p, from, first, end);
    take(&p->out->lower, &p->out->lower_count, p, to, below.first, below.end);
    choose(p, move ? PICK_MOVE : PICK_MERGE, from, to);
    p->cursor[from] = table_at(p, from, end - 1)->meta.max_position + 1;
}

/* The better to compact, the smaller. */
static uint64_t badness(const struct picker *p, unsigned from, unsigned to, size_t i)
{
    const struct table_meta *t = &table_at(p, from, i)->meta;
    struct range below = overlap(p, to, (struct span){ t->min_position, t->max_position });

    if (is_deletes(t->tombstones + expired_about(p, t), t->cells, below.cells))
        return 0;
    return 1 + below.bytes * RATIO_STEPS / (t->size ? t->size : 1);
}

static void pick_level(struct picker *p, unsigned from)
{
    unsigned to = level_behind(p, from);
    size_t count = p->v->levels[from].count, start = seek(p, from, p->cursor[from]), best = 0;
    uint64_t least = UINT64_MAX;

    for (size_t k = 0; k < count; k++) {
        size_t i = (start + k) % count;
        uint64_t bad = badness(p, from, to, i);
        if (bad < least) {
            least = bad;
            best = i;
        }
    }
    pick_tables(p, from, to, best);
}

/* --- L0 */

/* The oldest table alone, into a level where nothing is in its way. */
static bool pick_l0_move(struct picker *p)
{
    size_t oldest = p->v->levels[0].count - 1;
    struct range below = overlap(p, p->levels.base, span_of(p, 0, oldest, oldest + 1));

    if (below.first < below.end || !can_move(p, table_at(p, 0, oldest), p->levels.base))
        return false;
    take(&p->out->upper, &p->out->upper_count, p, 0, oldest, oldest + 1);
    choose(p, PICK_MOVE, 0, p->levels.base);
    return true;
}

/* As many of the oldest as the job may have, `least` anyway: newer ones may stay,
 * older ones never. */
static void pick_l0(struct picker *p, size_t least)
{
    size_t count = p->v->levels[0].count, take_count = count;
    unsigned base = p->levels.base;
    struct range below;

    for (;; take_count--) {
        uint64_t bytes = 0;
        below = overlap(p, base, span_of(p, 0, count - take_count, count));
        for (size_t i = count - take_count; i < count; i++)
            bytes += table_at(p, 0, i)->meta.size;
        if (take_count <= least || bytes + below.bytes <= p->o->job_bytes_max)
            break;
    }
    take(&p->out->upper, &p->out->upper_count, p, 0, count - take_count, count);
    take(&p->out->lower, &p->out->lower_count, p, base, below.first, below.end);
    choose(p, PICK_MERGE, 0, base);
}

/* --- which level */

static uint64_t score(const struct picker *p, unsigned level)
{
    const struct level *l = &p->v->levels[level];
    uint64_t target = p->levels.target[level];

    if (level == 0) {
        uint64_t tables = (uint64_t)l->count * FULL / p->o->l0_tables;
        uint64_t bytes =
            p->o->l0_bytes ? (uint64_t)((double)l->bytes * FULL / (double)p->o->l0_bytes) : 0;
        return bytes > tables ? bytes : tables;
    }
    if (level == LAST || l->count == 0)
        return 0;
    if (target == 0)
        return FULL + 1 + (uint64_t)((double)l->bytes * FULL / (double)(p->o->base_size + 1));
    return (uint64_t)((double)l->bytes * FULL / (double)target);
}

static bool pick_size(struct picker *p)
{
    unsigned worst = 0;
    uint64_t most = score(p, 0);

    for (unsigned i = 1; i < LAST; i++) {
        if (score(p, i) > most) {
            most = score(p, i);
            worst = i;
        }
    }
    /* A level of just its size is at rest; L0 with that many tables is not. */
    if (most < FULL || (worst > 0 && most == FULL))
        return false;
    if (worst > 0)
        pick_level(p, worst);
    else if (!pick_l0_move(p))
        pick_l0(p, p->o->l0_tables);
    return true;
}

/* --- garbage, when every level has its size */

static bool pick_l0_deletes(struct picker *p)
{
    size_t count = p->v->levels[0].count;
    uint64_t deletes = 0, cells = 0;

    for (size_t i = 0; i < count; i++) {
        deletes += table_at(p, 0, i)->meta.tombstones;
        cells += table_at(p, 0, i)->meta.cells;
    }
    if (count == 0 ||
        !is_deletes(deletes, cells, overlap(p, p->levels.base, span_of(p, 0, 0, count)).cells))
        return false;
    pick_l0(p, count);
    return true;
}

/* A table whose garbage needs nothing below to be known for it is read alone. */
static bool is_better_alone(const struct picker *p, unsigned level, const struct table_meta *t)
{
    struct span s = { t->min_position, t->max_position };
    uint64_t garbage = flushed_heads(p, t);

    if (!deeper_overlaps(p, level, s)) {
        uint64_t expired = expired_about(p, t);
        garbage = garbage > expired ? garbage : expired;
        garbage += t->tombstones;
    }
    return garbage > 0 && garbage >= t->cells / 2;
}

static bool pick_garbage(struct picker *p)
{
    for (unsigned level = 1; level < LEVELS; level++) {
        for (size_t i = 0; i < p->v->levels[level].count; i++) {
            const struct table_meta *t = &table_at(p, level, i)->meta;
            if (is_better_alone(p, level, t)) {
                take(&p->out->upper, &p->out->upper_count, p, level, i, i + 1);
                choose(p, PICK_MERGE, level, level);
                return true;
            }
            if (level < LAST && badness(p, level, level_behind(p, level), i) == 0) {
                pick_tables(p, level, level_behind(p, level), i);
                return true;
            }
        }
    }
    return pick_l0_deletes(p);
}

void pick_next(const struct version *v, const struct pick_options *o, uint64_t cursor[LEVELS],
               uint64_t now_ms, struct pick *out)
{
    struct picker p = { .v = v, .o = o, .cursor = cursor, .now_ms = now_ms, .out = out };

    *out = (struct pick){ .kind = PICK_NOTHING };
    pick_levels(v, o, &p.levels);
    if (pick_drop(&p) || pick_size(&p))
        return;
    pick_garbage(&p);
}

/* --- garbage, when room is short */

/* Some cell of it hides an older one, as far as is known. */
static bool hides(const struct table_meta *t)
{
    bool over = false;

    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        over = over || t->over[db];
    return over || t->tombstones;
}

static bool hidden_by_l0(struct picker *p)
{
    const struct level *l = &p->v->levels[0];

    for (size_t i = 0; i < l->count; i++) {
        if (hides(&l->tables[i].table->meta)) {
            pick_l0(p, l->count);
            return true;
        }
    }
    return false;
}

/* An eighth of it would go if it were read. */
static bool is_worn(const struct picker *p, const struct table_meta *t)
{
    uint64_t dead = flushed_heads(p, t), expired = expired_about(p, t);

    dead = (dead > expired ? dead : expired) + t->tombstones;
    return dead > 0 && dead >= t->cells / 8;
}

static bool hidden_by_level(struct picker *p, unsigned level, unsigned deepest)
{
    for (size_t i = 0; i < p->v->levels[level].count; i++) {
        const struct table_meta *t = &table_at(p, level, i)->meta;
        if (level < deepest ? hides(t) : is_worn(p, t)) {
            if (level < deepest) {
                pick_tables(p, level, level_behind(p, level), i);
            } else {
                take(&p->out->upper, &p->out->upper_count, p, level, i, i + 1);
                choose(p, PICK_MERGE, level, level);
            }
            return true;
        }
    }
    return false;
}

void pick_hidden(const struct version *v, const struct pick_options *o, uint64_t cursor[LEVELS],
                 uint64_t now_ms, struct pick *out)
{
    struct picker p = { .v = v, .o = o, .cursor = cursor, .now_ms = now_ms, .out = out };
    unsigned deepest = LAST;
    bool found;

    *out = (struct pick){ .kind = PICK_NOTHING };
    pick_levels(v, o, &p.levels);
    while (deepest > 0 && v->levels[deepest].count == 0)
        deepest--;
    found = hidden_by_l0(&p);
    for (unsigned level = 1; level <= deepest && !found; level++)
        found = hidden_by_level(&p, level, deepest);
}

void pick_deinit(struct pick *p)
{
    mem_free(p->upper);
    mem_free(p->lower);
    *p = (struct pick){ .kind = PICK_NOTHING };
}
