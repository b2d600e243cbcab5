/* pick_sim_test.c: a tree in small: flushes come, picks are carried out on arrays, and
 * what is found must be what was put.
 *
 * A position has one cell, which counts one byte: its stamp, negative for a
 * tombstone.  Compaction may read and write so many bytes for each one flushed. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/prng.h"
#include "fake_levels.h"

enum { POSITIONS = 20000, FLUSH = 400, TABLE = 200 };

struct item {
    uint32_t position;
    int32_t stamp;
};

struct sim_table {
    struct table table;
    size_t count;
    struct item items[];
};

struct sim {
    struct prng prng;
    struct pick_options options;
    struct version *version;
    uint64_t cursor[LEVELS];
    int32_t model[POSITIONS];
    int32_t stamp;
    uint64_t id;
    uint64_t order;
    uint64_t flushed;   /* bytes */
    uint64_t compacted; /* bytes written */
    int64_t budget;     /* bytes compaction may still read */
    size_t l0_most;
};

static void free_table(void *owner, struct table *t)
{
    (void)owner;
    mem_free(list_item(t, struct sim_table, table));
}

static struct table *table_of(struct sim *s, const struct item *items, size_t count)
{
    struct sim_table *t = mem_zalloc(1, sizeof *t + count * sizeof *items);

    t->count = count;
    memcpy(t->items, items, count * sizeof *items);
    t->table.meta = (struct table_meta){ .id = ++s->id,
                                         .size = count,
                                         .cells = count,
                                         .min_position = items[0].position,
                                         .max_position = items[count - 1].position,
                                         .min_expire_ms = UINT64_MAX,
                                         .max_expire_ms = UINT64_MAX,
                                         .min_stamp = 1,
                                         .max_stamp = 1,
                                         .databases = 1 };
    for (size_t i = 0; i < count; i++)
        t->table.meta.tombstones += items[i].stamp < 0;
    return &t->table;
}

static void install(struct sim *s, struct edit *e)
{
    struct version *v;

    cr_assert_not(err_is(version_apply(s->version, e, &v)));
    version_drop(s->version, &(struct version_gone){ .table = free_table });
    s->version = v;
    cr_assert(version_check(v));
    edit_deinit(e);
}

/* --- finding */

static int32_t find(const struct sim *s, uint32_t position)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < s->version->levels[level].count; i++) {
            const struct sim_table *t =
                list_item(s->version->levels[level].tables[i].table, struct sim_table, table);
            size_t low = 0, high = t->count;
            while (low < high) {
                size_t middle = (low + high) / 2;
                if (t->items[middle].position < position)
                    low = middle + 1;
                else
                    high = middle;
            }
            if (low < t->count && t->items[low].position == position)
                return t->items[low].stamp;
        }
    }
    return 0;
}

static void check_all(const struct sim *s)
{
    for (uint32_t i = 0; i < POSITIONS; i++) {
        int32_t found = find(s, i);
        if (s->model[i] > 0 || found > 0)
            cr_assert_eq(found, s->model[i], "position %u", i);
    }
}

/* --- flushing */

static int by_position(const void *a, const void *b)
{
    uint32_t x = ((const struct item *)a)->position, y = ((const struct item *)b)->position;
    return x < y ? -1 : x > y;
}

/* Some positions are written far more often than others; `deletes` in a hundred. */
static void flush(struct sim *s, uint64_t deletes)
{
    struct item items[FLUSH];
    struct edit e = { .number = 0 };
    size_t kept = 0;

    s->stamp++;
    for (size_t i = 0; i < FLUSH; i++) {
        uint32_t position = (uint32_t)prng_below(&s->prng, POSITIONS);
        if (prng_one_in(&s->prng, 3))
            position /= 16;
        items[i] = (struct item){ position, s->stamp };
        if (prng_below(&s->prng, 100) < deletes)
            items[i].stamp = -s->stamp;
    }
    qsort(items, FLUSH, sizeof *items, by_position);
    for (size_t i = 0; i < FLUSH; i++) {
        if (kept && items[kept - 1].position == items[i].position)
            continue;
        items[kept++] = items[i];
        s->model[items[i].position] = items[i].stamp;
    }
    edit_add_table(&e, 0, ++s->order, table_of(s, items, kept));
    install(s, &e);
    s->flushed += kept;
    s->l0_most = s->version->levels[0].count > s->l0_most ? s->version->levels[0].count
                                                          : s->l0_most;
}

/* --- compacting */

static bool older_below(const struct sim *s, unsigned level, uint32_t position)
{
    for (unsigned i = level + 1; i < LEVELS; i++) {
        if (version_table(s->version, i, position))
            return true;
    }
    return false;
}

/* The newest of each position: `fresh` is indexed by it, 0 is nothing. */
static void gather(int32_t *fresh, struct table *const *tables, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sim_table *t = list_item(tables[i], struct sim_table, table);
        for (size_t k = 0; k < t->count; k++) {
            if (!fresh[t->items[k].position])
                fresh[t->items[k].position] = t->items[k].stamp;
        }
    }
}

static void merge(struct sim *s, const struct pick *p)
{
    int32_t *fresh = mem_zalloc(POSITIONS, sizeof *fresh);
    struct item out[TABLE];
    struct edit e = { .number = 0 };
    size_t n = 0;

    gather(fresh, p->upper, p->upper_count);
    gather(fresh, p->lower, p->lower_count);
    for (uint32_t i = 0; i <= POSITIONS; i++) {
        if (n == TABLE || (i == POSITIONS && n)) {
            edit_add_table(&e, p->to, 0, table_of(s, out, n));
            s->compacted += n;
            n = 0;
        }
        if (i < POSITIONS && fresh[i] && (fresh[i] > 0 || older_below(s, p->to, i)))
            out[n++] = (struct item){ i, fresh[i] };
    }
    for (size_t i = 0; i < p->upper_count; i++)
        edit_drop_table(&e, p->upper[i]->meta.id);
    for (size_t i = 0; i < p->lower_count; i++)
        edit_drop_table(&e, p->lower[i]->meta.id);
    mem_free(fresh);
    install(s, &e);
}

/* One pick, carried out; false if there is none. */
static bool compact(struct sim *s)
{
    struct pick p;

    pick_next(s->version, &s->options, s->cursor, FAKE_NOW, &p);
    cr_assert(fake_pick_sound(s->version, &p));
    if (p.kind == PICK_NOTHING)
        return false;
    if (p.kind == PICK_MERGE) {
        s->budget -= (int64_t)p.bytes;
        merge(s, &p);
    } else {
        struct edit e = { .number = 0 };
        pick_edit(&p, &e);
        install(s, &e);
    }
    pick_deinit(&p);
    return true;
}

static void rest(struct sim *s)
{
    unsigned picks = 0;

    while (compact(s)) {
        picks++;
        cr_assert_lt(picks, 500);
    }
}

/* What is at rest has its size, and little more than what is alive. */
static void check_rest(const struct sim *s)
{
    struct pick_levels l;
    uint64_t live = 0;

    pick_levels(s->version, &s->options, &l);
    cr_assert_lt(s->version->levels[0].count, s->options.l0_tables);
    for (unsigned i = 1; i + 1 < LEVELS; i++)
        cr_assert_leq(s->version->levels[i].bytes, l.target[i]);
    for (uint32_t i = 0; i < POSITIONS; i++)
        live += s->model[i] > 0;
    cr_assert_leq(version_bytes(s->version) - s->version->levels[0].bytes, live * 13 / 10 + FLUSH);
}

static struct sim *sim_new(uint64_t seed)
{
    struct sim *s = mem_zalloc(1, sizeof *s);

    prng_init(&s->prng, seed);
    s->version = version_new();
    s->options = (struct pick_options){
        .l0_tables = 4, .ratio = 10, .base_size = 1600, .job_bytes_max = 6000
    };
    return s;
}

static void sim_free(struct sim *s)
{
    version_drop(s->version, &(struct version_gone){ .table = free_table });
    mem_free(s);
}

static void run(struct sim *s, unsigned flushes, int64_t speed, uint64_t deletes)
{
    for (unsigned i = 0; i < flushes; i++) {
        flush(s, deletes);
        s->budget = s->budget < 0 ? s->budget : 0;
        s->budget += speed * FLUSH;
        while (s->budget > 0 && compact(s))
            ;
        if (i % 16 == 0)
            check_all(s);
    }
}

Test(pick_sim, keeps_l0_short_and_writes_little)
{
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct sim *s = sim_new(seed);
        run(s, 400, 25, 10);
        cr_expect_leq(s->l0_most, 8, "%zu tables in L0", s->l0_most);
        cr_expect_leq(s->compacted, 10 * s->flushed, "%g bytes written for each flushed",
                      (double)s->compacted / (double)s->flushed);
        rest(s);
        check_all(s);
        check_rest(s);
        sim_free(s);
    }
}

Test(pick_sim, comes_to_rest_after_falling_behind)
{
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct sim *s = sim_new(seed);
        run(s, 100, 25, 0);
        for (unsigned i = 0; i < 60; i++)
            flush(s, 20);
        rest(s);
        check_all(s);
        check_rest(s);
        sim_free(s);
    }
}

Test(pick_sim, deletes_give_their_space_back)
{
    struct sim *s = sim_new(9);

    run(s, 200, 25, 0);
    run(s, 200, 25, 100);
    rest(s);
    check_all(s);
    check_rest(s);
    sim_free(s);
}

Test(pick_sim, debt_falls_to_nothing_much_step_by_step)
{
    struct sim *s = sim_new(10);
    uint64_t debt, bearable, l0;

    run(s, 200, 25, 0);
    for (unsigned i = 0; i < 12; i++)
        flush(s, 0);
    debt = pick_debt(s->version, &s->options);
    while (compact(s)) {
        uint64_t now = pick_debt(s->version, &s->options);
        /* A table that goes down may be the one too much there. */
        cr_expect_leq(now, debt + debt / 20 + 11 * TABLE, "debt grows from %u to %u",
                      (unsigned)debt, (unsigned)now);
        debt = now;
    }
    l0 = s->version->levels[0].bytes;
    bearable = pick_debt_of(s->version, &s->options, l0);
    cr_expect_leq(debt, bearable);
    sim_free(s);
}
