/* walk.c: keys in order over all sources, without waiting for a disk.
 *
 * Each memtable, each table of L0 and each level is a source with a place in the
 * order; the smallest is next, of equals the newest source's.  A source whose next
 * block is not at hand stands at that block's first position: the walk goes on to
 * there and wants it. */
#include <assert.h>

#include "lsm/find.h"
#include "lsm/lsm_state.h"
#include "lsm/table_index.h"

enum { SOURCES_MAX = DATASET_SEALED_MAX + 1 + LSM_L0_MOST + LEVELS };

/* One source; newest first in `struct walk`. */
struct walk_source {
    const uint8_t *cell; /* where it stands; NULL: at the end, or `absent` */
    struct cell_key key; /* of `cell`, or where the absent block begins */
    bool absent;
    struct memtable_iter it;   /* of a memtable */
    const struct level *level; /* of tables; NULL for a memtable */
    size_t table;              /* which of them */
    bool single;               /* of L0: this table alone */
    uint32_t block;
    uint32_t at;
    struct table_block open;
};

struct walk {
    struct lsm *lsm;
    struct walk_source sources[SOURCES_MAX];
    size_t count;
    struct err err;
};

static void stand(struct walk_source *s, const uint8_t *cell)
{
    struct cell c;

    s->cell = cell;
    if (!cell)
        return;
    cell_decode(cell, &c);
    s->key = c.key;
}

/* Opens the block the source is to stand in; goes on to the next table behind the
 * last one.  `from`: the first cell at or behind it. */
static void open_block(struct walk *w, struct walk_source *s, const struct cell_key *from)
{
    for (;;) {
        struct table *t = s->level->tables[s->table].table;
        const uint8_t *payload;
        size_t len;

        if (s->block == t->blocks) {
            if (s->single || s->table + 1 == s->level->count) {
                stand(s, NULL);
                return;
            }
            s->table++;
            s->block = 0;
            continue;
        }
        payload = find_block(w->lsm, t, s->block, &len, &w->err);
        if (!payload || err_is(w->err = table_block_open(slice_of(payload, len), &s->open))) {
            uint64_t first = table_index_first(t->index, s->block);
            s->absent = true;
            s->cell = NULL;
            s->key =
                (struct cell_key){ .position = first > from->position ? first : from->position };
            return;
        }
        s->at = table_block_seek(&s->open, from);
        if (s->at < s->open.count) {
            stand(s, table_block_cell(&s->open, s->at));
            return;
        }
        s->block++;
    }
}

static void next_cell(struct walk *w, struct walk_source *s)
{
    struct cell_key zero = { 0 };

    if (!s->level) {
        stand(s, memtable_next(&s->it));
    } else if (++s->at < s->open.count) {
        stand(s, table_block_cell(&s->open, s->at));
    } else {
        s->block++;
        open_block(w, s, &zero);
    }
}

static void add_memtable(struct walk *w, const struct memtable *m, const struct cell_key *from)
{
    struct walk_source *s = &w->sources[w->count++];

    stand(s, memtable_seek(m, &s->it, from));
}

static void add_tables(struct walk *w, const struct level *l, size_t table, bool single,
                       const struct cell_key *from)
{
    struct walk_source *s = &w->sources[w->count++];

    assert(w->count <= SOURCES_MAX);
    s->level = l;
    s->table = table;
    s->single = single;
    s->block = table_locate(l->tables[table].table, from);
    open_block(w, s, from);
}

/* The first table of a level that does not end before `position`. */
static size_t first_table(const struct level *l, uint64_t position)
{
    size_t low = 0, high = l->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->tables[mid].table->meta.max_position < position)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void begin(struct walk *w, const struct cell_key *from)
{
    const struct dataset *d = &w->lsm->data;
    const struct version *v = w->lsm->version;

    add_memtable(w, d->active, from);
    for (unsigned i = d->sealed_count; i-- > 0;)
        add_memtable(w, d->sealed[i].memtable, from);
    for (size_t i = 0; i < v->levels[0].count; i++)
        add_tables(w, &v->levels[0], i, true, from);
    for (unsigned i = 1; i < LEVELS; i++) {
        size_t first = first_table(&v->levels[i], from->position);
        if (first < v->levels[i].count)
            add_tables(w, &v->levels[i], first, false, from);
    }
}

/* The source that stands first; of equal keys the newest, but an absent block before
 * them all, for it may hold something smaller.  NULL at the end. */
static struct walk_source *smallest(struct walk *w)
{
    struct walk_source *best = NULL;

    for (size_t i = 0; i < w->count; i++) {
        struct walk_source *s = &w->sources[i];
        int c;
        if (!s->cell && !s->absent)
            continue;
        c = best ? cell_key_compare(&s->key, &best->key) : -1;
        if (c < 0 || (c == 0 && s->absent))
            best = s;
    }
    return best;
}

/* Every source that stands at this key goes on. */
static void pass(struct walk *w, const struct cell_key *key, struct walk_source *first)
{
    for (size_t i = 0; i < w->count; i++) {
        struct walk_source *s = &w->sources[i];
        if (s != first && s->cell && cell_key_compare(&s->key, key) == 0)
            next_cell(w, s);
    }
    next_cell(w, first); /* last: `key` may be in its block */
}

enum lsm_walk_end lsm_walk(struct lsm *lsm, uint64_t from,
                           bool (*each)(void *arg, const uint8_t *cell, bool visible), void *arg,
                           uint64_t *at)
{
    struct cell_key key = { .position = from };
    struct walk w = { .lsm = lsm, .err = err_ok() };
    struct walk_source *s;

    if (!lsm->log)
        return LSM_WALK_END;
    begin(&w, &key);
    while ((s = smallest(&w))) {
        if (s->absent) {
            *at = s->key.position;
            return LSM_WALK_WANT;
        }
        if (!each(arg, s->cell, dataset_visible(&lsm->data, s->cell)))
            return LSM_WALK_STOPPED;
        pass(&w, &s->key, s);
    }
    return LSM_WALK_END;
}
