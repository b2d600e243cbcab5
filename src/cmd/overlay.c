/* overlay.c: a hash of encoded cells in front of another view.
 *
 * Each cell is memory of its own, given back when it is replaced: a thousand APPENDs to
 * one key keep one cell. */
#include "cmd/overlay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

enum { INDEX_FIRST = 64, SORT_COST = 8 /* of a cell, in visits */ };

static struct overlay *overlay_of(struct view *view)
{
    return (struct overlay *)view;
}

static uint32_t hash_of(const struct cell_key *key)
{
    uint64_t h = key->position * UINT64_C(0x9e3779b97f4a7c15) + key->db +
                 ((uint64_t)key->kind << 8);

    if (key->subkey.len)
        h ^= hash_xxh3(key->subkey);
    return (uint32_t)(h ^ h >> 32);
}

/* Where in the index the key is, or would be. */
static uint32_t place_of(const struct overlay *o, const struct cell_key *key)
{
    uint32_t at = hash_of(key) & (o->index_cap - 1);

    for (; o->index[at]; at = (at + 1) & (o->index_cap - 1)) {
        struct cell c;

        cell_decode(o->cells[o->index[at] - 1], &c);
        if (cell_key_compare(&c.key, key) == 0)
            break;
    }
    return at;
}

/* The cell that was put under that key, encoded; NULL: none was. */
static const uint8_t *cell_at(const struct overlay *o, const struct cell_key *key)
{
    uint32_t at;

    if (o->count == 0)
        return NULL;
    at = place_of(o, key);
    return o->index[at] ? o->cells[o->index[at] - 1] : NULL;
}

static void make_index(struct overlay *o)
{
    memset(o->index, 0, o->index_cap * sizeof *o->index);
    for (uint32_t i = 0; i < o->count; i++) {
        struct cell c;

        cell_decode(o->cells[i], &c);
        o->index[place_of(o, &c.key)] = i + 1;
    }
}

static void grow(struct overlay *o)
{
    o->cap = o->cap ? o->cap * 2 : INDEX_FIRST / 2;
    o->cells = mem_realloc(o->cells, o->cap * sizeof *o->cells);
    o->index_cap = o->cap * 2;
    o->index = mem_realloc(o->index, o->index_cap * sizeof *o->index);
    make_index(o);
}

static void forget_order(struct overlay *o)
{
    mem_free(o->sorted);
    o->sorted = NULL;
}

static void overlay_put(struct view *view, const struct cell *cell)
{
    struct overlay *o = overlay_of(view);
    size_t size = cell_size(cell);
    uint8_t *bytes;
    uint32_t at;

    if (o->bytes + size > o->bytes_max) {
        o->full = true;
        return;
    }
    if (o->count == o->cap)
        grow(o);
    bytes = mem_alloc(size);
    cell_encode(cell, bytes);
    forget_order(o);
    o->bytes += size;
    at = place_of(o, &cell->key);
    if (o->index[at]) {
        uint8_t **old = &o->cells[o->index[at] - 1];

        o->bytes -= cell_encoded_size(*old);
        mem_free(*old);
        *old = bytes;
        return;
    }
    o->cells[o->count++] = bytes;
    o->index[at] = o->count;
}

/* What waits here is put into the base together with it. */
static bool overlay_may_put(struct view *view, size_t bytes)
{
    const struct overlay *o = overlay_of(view);

    return o->bytes + bytes <= o->bytes_max && o->base->may_put(o->base, o->bytes + bytes);
}

static bool is_flushed(const struct overlay *o, uint8_t db)
{
    return o->flushed >> db & 1;
}

static void overlay_flush(struct view *view, uint8_t db)
{
    struct overlay *o = overlay_of(view);
    uint32_t kept = 0;

    o->visits += o->count;
    o->flushed = (uint16_t)(o->flushed | (db == CELL_DB_ALL ? UINT16_MAX : 1u << db));
    for (uint32_t i = 0; i < o->count; i++) {
        struct cell c;

        cell_decode(o->cells[i], &c);
        if (db != CELL_DB_ALL && c.key.db != db) {
            o->cells[kept++] = o->cells[i];
            continue;
        }
        o->bytes -= cell_encoded_size(o->cells[i]);
        mem_free(o->cells[i]);
    }
    o->count = kept;
    forget_order(o);
    if (o->index_cap)
        make_index(o);
}

static bool is_live(const struct overlay *o, const struct cell *c)
{
    return !(c->flags & CELL_TOMBSTONE) && !cell_expired(c, o->now_ms);
}

/* A head in pieces that was put again as it is, with another expiry perhaps: the store
 * still has the same pieces under its key, and puts them together.  Those of another
 * key could not be: nothing would come of this. */
static enum view_answer whole_of(struct overlay *o, const struct cell_key *key, struct cell *out)
{
    struct cell put = *out;
    enum view_answer answer = o->base->find(o->base, key, WANT_CELL, out);

    if (answer == VIEW_HERE && slice_equal(out->value, put.value))
        answer = o->base->find(o->base, key, WANT_WHOLE, out);
    else if (answer != VIEW_WANT)
        answer = VIEW_ABSENT;
    o->full = o->full || answer == VIEW_ABSENT;
    if (answer != VIEW_HERE)
        return answer;
    put.value = out->value;
    put.flags = (uint8_t)(put.flags & ~CELL_PARTS);
    *out = put;
    return VIEW_HERE;
}

static enum view_answer overlay_find(struct view *view, const struct cell_key *key,
                                     enum want_kind kind, struct cell *out)
{
    struct overlay *o = overlay_of(view);
    const uint8_t *mine = cell_at(o, key);

    if (mine) {
        cell_decode(mine, out);
        if (!is_live(o, out))
            return VIEW_ABSENT;
        if (kind == WANT_WHOLE && (out->flags & CELL_PARTS))
            return whole_of(o, key, out);
        return VIEW_HERE;
    }
    if (is_flushed(o, key->db))
        return VIEW_ABSENT;
    return o->base->find(o->base, key, kind, out);
}

static bool overlay_firm(struct view *view, const struct cell *head)
{
    struct view *base = overlay_of(view)->base;

    return base->firm(base, head);
}

static bool overlay_promise(struct view *view, const struct cell *head, size_t first, size_t len,
                            struct reply *reply)
{
    struct view *base = overlay_of(view)->base;

    return base->promise(base, head, first, len, reply);
}

static void overlay_use(struct view *view, uint64_t position, struct key_use *out)
{
    struct view *base = overlay_of(view)->base;

    base->use(base, position, out);
}

/* Each key put here counts as it is now; the base may count it as it was. */
static bool overlay_count(struct view *view, uint8_t db, uint64_t *out)
{
    struct overlay *o = overlay_of(view);
    bool flushed = is_flushed(o, db), all = true;
    int64_t more = 0;

    *out = 0;
    if (!flushed && !o->base->count(o->base, db, out))
        return false;
    o->visits += o->count;
    for (uint32_t i = 0; i < o->count; i++) {
        enum view_answer was = VIEW_ABSENT;
        struct cell c, old;

        cell_decode(o->cells[i], &c);
        if (c.key.db != db || c.key.kind != CELL_HEAD)
            continue;
        if (!flushed)
            was = o->base->find(o->base, &c.key, WANT_CELL, &old);
        all = all && was != VIEW_WANT; /* those that lack are all noted */
        more += is_live(o, &c);
        more -= was == VIEW_HERE;
    }
    *out = more < 0 && *out < (uint64_t)-more ? 0 : *out + (uint64_t)more;
    return all;
}

static int by_key(const void *a, const void *b)
{
    struct cell x, y;

    cell_decode(*(uint8_t *const *)a, &x);
    cell_decode(*(uint8_t *const *)b, &y);
    return cell_key_compare(&x.key, &y.key);
}

static void sort(struct overlay *o)
{
    if (o->sorted || o->count == 0)
        return;
    o->visits += (uint64_t)o->count * SORT_COST;
    o->sorted = mem_alloc(o->count * sizeof *o->sorted);
    memcpy(o->sorted, o->cells, o->count * sizeof *o->sorted);
    qsort(o->sorted, o->count, sizeof *o->sorted, by_key);
}

/* A walk through both. */
struct overlay_walk {
    struct overlay *o;
    bool (*each)(void *arg, const struct cell *cell);
    void *arg;
    uint32_t at; /* next of the sorted cells */
    uint8_t db;
    bool stopped; /* by `each`, at ... */
    uint64_t stopped_at;
};

/* The next of our cells in the walk; false: there is none. */
static bool next_mine(struct overlay_walk *w, struct cell *out)
{
    for (; w->at < w->o->count; w->at++) {
        w->o->visits++;
        cell_decode(w->o->sorted[w->at], out);
        if (out->key.db == w->db && out->key.kind == CELL_HEAD)
            return true;
    }
    return false;
}

static bool hand_over(struct overlay_walk *w, const struct cell *c)
{
    if (w->each(w->arg, c))
        return true;
    w->stopped = true;
    w->stopped_at = c->key.position;
    return false;
}

/* Hands over ours up to `end`, which is not handed over.  False: `each` stopped it. */
static bool hand_over_to(struct overlay_walk *w, const struct cell_key *end)
{
    struct cell mine;

    for (; next_mine(w, &mine) && cell_key_compare(&mine.key, end) < 0; w->at++) {
        if (is_live(w->o, &mine) && !hand_over(w, &mine))
            return false;
    }
    return true;
}

static bool walk_base(void *arg, const struct cell *cell)
{
    struct overlay_walk *w = arg;
    struct cell mine;

    if (!hand_over_to(w, &cell->key))
        return false;
    if (!next_mine(w, &mine) || cell_key_compare(&mine.key, &cell->key) != 0)
        return hand_over(w, cell);
    w->at++;
    return !is_live(w->o, &mine) || hand_over(w, &mine);
}

/* What is left of ours behind the end of the base. */
static enum view_walk_end walk_rest(struct overlay_walk *w, uint64_t from, size_t *visits,
                                    uint64_t *next)
{
    uint64_t prefix = from >> 12;
    struct cell mine;

    for (; next_mine(w, &mine); w->at++) {
        if (*visits == 0 && mine.key.position >> 12 != prefix) {
            *next = mine.key.position;
            return VIEW_WALK_STOPPED;
        }
        prefix = mine.key.position >> 12;
        *visits -= *visits > 0;
        if (is_live(w->o, &mine) && !hand_over(w, &mine)) {
            *next = w->stopped_at;
            return VIEW_WALK_STOPPED;
        }
    }
    return VIEW_WALK_END;
}

static enum view_walk_end overlay_walk(struct view *view, uint8_t db, uint64_t from, size_t *visits,
                                       bool (*each)(void *arg, const struct cell *cell), void *arg,
                                       uint64_t *next)
{
    struct overlay *o = overlay_of(view);
    struct overlay_walk w = { .o = o, .each = each, .arg = arg, .db = db };
    enum view_walk_end end = VIEW_WALK_END;
    struct cell mine;

    sort(o);
    while (next_mine(&w, &mine) && mine.key.position < from)
        w.at++;
    if (!is_flushed(o, db))
        end = o->base->walk(o->base, db, from, visits, walk_base, &w, next);
    if (w.stopped) {
        *next = w.stopped_at;
        return VIEW_WALK_STOPPED;
    }
    if (end == VIEW_WALK_END)
        return walk_rest(&w, from, visits, next);
    /* The base goes on at *next: ours in front of it are handed over, but for those of its
     * group, which cannot be parted. */
    if (!hand_over_to(&w, &(struct cell_key){
                              .position = end == VIEW_WALK_WANT ? *next : *next >> 12 << 12 })) {
        *next = w.stopped_at;
        return VIEW_WALK_STOPPED;
    }
    if (end == VIEW_WALK_STOPPED && next_mine(&w, &mine) && mine.key.position < *next)
        *next = mine.key.position;
    return end;
}

void overlay_init(struct overlay *o, struct view *base, uint64_t now_ms, size_t bytes_max)
{
    *o = (struct overlay){
        .view = { .find = overlay_find,
                  .firm = overlay_firm,
                  .promise = overlay_promise,
                  .may_put = overlay_may_put,
                  .put = overlay_put,
                  .flush = overlay_flush,
                  .count = overlay_count,
                  .walk = overlay_walk,
                  .use = overlay_use },
        .base = base,
        .now_ms = now_ms,
        .bytes_max = bytes_max,
    };
}

void overlay_clear(struct overlay *o)
{
    for (uint32_t i = 0; i < o->count; i++)
        mem_free(o->cells[i]);
    forget_order(o);
    if (o->count)
        memset(o->index, 0, o->index_cap * sizeof *o->index);
    o->count = 0;
    o->flushed = 0;
    o->bytes = 0;
    o->visits = 0;
    o->full = false;
}

void overlay_deinit(struct overlay *o)
{
    overlay_clear(o);
    mem_free(o->cells);
    mem_free(o->index);
}

void overlay_settle(struct overlay *o)
{
    assert(!o->full);
    if (o->flushed == UINT16_MAX)
        o->base->flush(o->base, CELL_DB_ALL);
    for (uint8_t db = 0; o->flushed != UINT16_MAX && db < LIMIT_DATABASES; db++) {
        if (is_flushed(o, db))
            o->base->flush(o->base, db);
    }
    for (uint32_t i = 0; i < o->count; i++) {
        struct cell c;

        cell_decode(o->cells[i], &c);
        o->base->put(o->base, &c);
    }
    overlay_clear(o);
}

bool overlay_check(const struct overlay *o)
{
    size_t bytes = 0;

    for (uint32_t i = 0; i < o->count; i++) {
        struct cell c;

        cell_decode(o->cells[i], &c);
        if (o->index[place_of(o, &c.key)] != i + 1)
            return false;
        bytes += cell_encoded_size(o->cells[i]);
    }
    return bytes == o->bytes && bytes <= o->bytes_max && o->count <= o->cap;
}
