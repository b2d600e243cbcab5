/* room.c: sums, bounds, and which table is next. */
#include "lsm/room.h"

#include "base/mem.h"
#include "lsm/lsm_state.h"

enum {
    SHARE = 8, /* of the bound: so much stays free, and so much garbage is borne */
    EVICT_PERMILLE = 200,
    BARREN_PERCENT = 1,
};

void room_init(struct room *r, struct lsm *lsm)
{
    *r = (struct room){ .lsm = lsm };
}

void room_deinit(struct room *r)
{
    heat_drop(r->heat);
    r->heat = NULL;
}

/* --- sums */

/* A segment that values are in may be the log's still: it is counted once. */
static void sum_blobs(struct room *r, const struct version *v, uint64_t log_first)
{
    for (size_t i = 0; i < v->blob_count; i++) {
        const struct blob_place *b = &v->blobs[i];
        uint64_t size = b->blob->size;

        if (b->blob->kind == FILE_SEGMENT && b->blob->id >= log_first)
            continue;
        r->used += size;
        if (!b->blob->stuck && !b->blob->busy && size > b->live)
            r->garbage += size - b->live;
    }
}

void room_update(struct room *r)
{
    const struct lsm *lsm = r->lsm;
    const struct version *v = lsm->version;

    if (r->exhausted && lsm->stats.flushes != r->flushes)
        r->exhausted = false;
    r->leaving = janitor_bytes(lsm->janitor);
    if (r->version == v->number && r->log_bytes == lsm->stats.log_bytes && r->used)
        return;
    r->version = v->number;
    r->log_bytes = lsm->stats.log_bytes;
    r->garbage = 0;
    r->used = version_bytes(v) + r->log_bytes;
    sum_blobs(r, v, log_first_id(lsm->log));
    janitor_hurry(lsm->janitor, room_short(r));
}

uint64_t room_excess(const struct room *r)
{
    uint64_t base = r->max / 24 * 19; /* so 15/16 of the bound are 7/10 of what is behind it */
    uint64_t over = r->used > base ? r->used - base : 0;
    /* Their product passes 64 bits from some hundred GiB on. */
    uint64_t left = (uint64_t)((double)r->leaving / (double)r->max * 2 * (double)(r->max - base));

    return over > left ? over : left;
}

uint64_t room_excess_most(const struct room *r)
{
    return r->max - r->max / 24 * 19;
}

bool room_short(const struct room *r)
{
    return r->max && r->used > r->max - r->max / SHARE;
}

bool room_wants_rewrite(const struct room *r)
{
    return room_short(r) && r->garbage > r->max / SHARE / 2;
}

/* More than rewriting can bring down to where it is not short. */
static bool too_much_alive(const struct room *r)
{
    uint64_t freed = r->garbage > r->max / SHARE ? r->garbage - r->max / SHARE : 0;

    return r->used - freed > r->max - r->max / SHARE;
}

bool room_full(const struct room *r)
{
    return r->max && r->used >= r->max && (!r->heat || r->exhausted);
}

/* --- which is next */

static bool may_evict(const struct room *r, const struct table_meta *t)
{
    bool expiring = false;

    for (unsigned db = 0; db < LIMIT_DATABASES; db++)
        expiring = expiring || t->expiring[db];
    return expiring || !heat_only_expiring(r->heat);
}

/* The first table of the level that ends at or behind the cursor and has something to
 * evict, going round; NULL: none has. */
static struct table *next_table(const struct room *r, const struct level *l)
{
    size_t start = 0;

    while (start < l->count && l->tables[start].table->meta.max_position < r->cursor)
        start++;
    for (size_t i = 0; i < l->count; i++) {
        struct table *t = l->tables[(start + i) % l->count].table;
        if (may_evict(r, &t->meta))
            return t;
    }
    return NULL;
}

static void take_table(struct pick *out, unsigned level, struct table *t)
{
    *out = (struct pick){ .kind = PICK_MERGE, .from = level, .to = level, .bytes = t->meta.size };
    out->upper = mem_alloc(sizeof(struct table *));
    out->upper[out->upper_count++] = t;
}

/* A store so small that all of it is in L0. */
static void take_l0(const struct room *r, struct pick *out)
{
    const struct version *v = r->lsm->version;
    const struct level *l = &v->levels[0];
    struct pick_levels levels;

    pick_levels(v, &r->lsm->pick, &levels);
    *out = (struct pick){ .kind = PICK_MERGE, .from = 0, .to = levels.base };
    out->upper = mem_alloc(l->count * sizeof(struct table *));
    for (size_t i = 0; i < l->count; i++) {
        out->upper[out->upper_count++] = l->tables[i].table;
        out->bytes += l->tables[i].table->meta.size;
    }
}

static bool pick_evict(struct room *r, struct pick *out)
{
    const struct version *v = r->lsm->version;
    unsigned level = LEVELS - 1;
    struct table *t;

    while (level > 0 && v->levels[level].count == 0)
        level--;
    if (v->levels[level].count == 0)
        return false;
    if (level == 0) {
        take_l0(r, out);
        return true;
    }
    t = next_table(r, &v->levels[level]);
    if (!t || r->barren > v->levels[level].count + 1) {
        r->exhausted = true;
        r->barren = 0;
        r->flushes = r->lsm->stats.flushes;
        return false;
    }
    r->cursor = t->meta.max_position + 1;
    take_table(out, level, t);
    return true;
}

bool room_pick(struct room *r, struct pick *out, bool *evicts)
{
    *evicts = r->heat != NULL;
    if (r->heat)
        return too_much_alive(r) && !r->exhausted && pick_evict(r, out);
    pick_hidden(r->lsm->version, &r->lsm->pick, r->cursors, lsm_applied_ms(r->lsm), out);
    return out->kind != PICK_NOTHING;
}

void room_begin(struct room *r, struct evict *e)
{
    evict_init(e, heat_hold(r->heat), &r->spread, EVICT_PERMILLE, lsm_applied_ms(r->lsm),
               ++r->rounds);
}

void room_evicted(struct room *r, struct evict *e, uint64_t read, bool failed)
{
    if (!failed) {
        r->lsm->stats.evicted_keys += e->keys;
        r->lsm->stats.evicted_bytes += e->bytes;
        r->barren = e->bytes * 100 < read * BARREN_PERCENT ? r->barren + 1 : 0;
        if (e->heat == r->heat)
            evict_learn(&r->spread, e);
    }
    heat_drop(e->heat);
    e->heat = NULL;
}

/* --- lsm.h */

void lsm_set_room(struct lsm *lsm, uint64_t max, enum heat_policy policy, size_t heat_bytes)
{
    struct room *r = &lsm->room;

    r->max = max;
    r->exhausted = false;
    if (policy != (r->heat ? heat_policy_of(r->heat) : HEAT_NOEVICTION)) {
        heat_drop(r->heat);
        r->heat = policy == HEAT_NOEVICTION ? NULL : heat_new(policy, heat_bytes);
        r->spread = (struct evict_spread){ .known = false };
        r->barren = 0;
    }
    if (lsm_open(lsm))
        pressure_update(&lsm->pressure);
}

bool lsm_full(const struct lsm *lsm)
{
    return room_full(&lsm->room);
}

bool lsm_tracks(const struct lsm *lsm)
{
    return lsm->room.heat != NULL;
}

void lsm_touch(struct lsm *lsm, uint64_t position)
{
    if (lsm->room.heat)
        heat_touch(lsm->room.heat, position);
}

void lsm_use(const struct lsm *lsm, uint64_t position, struct key_use *out)
{
    const struct heat *heat = lsm->room.heat;

    *out = (struct key_use){ .tracks_idle = true };
    if (!heat)
        return;
    out->idle_known = heat_idle(heat, position, &out->idle_s);
    out->tracks_uses = heat_uses(heat, position, &out->uses);
    out->tracks_idle = !out->tracks_uses;
}
