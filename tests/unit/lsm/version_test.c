/* version_test.c: edits make versions, and files come and go with them. */
#include "lsm/version.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/prng.h"
#include "file_sets.h"

static void end(struct version *v)
{
    struct version_gone gone = file_sets_gone(NULL);

    version_drop(v, &gone);
}

Test(version, an_empty_one_has_nothing)
{
    struct version *v = version_new();

    version_expect(v, "number 0");
    cr_assert_eq(version_bytes(v), 0);
    cr_assert_eq(version_blob_bytes(v), 0);
    cr_assert_null(version_table(v, 1, 0));
    cr_assert_null(version_blob(v, 1));
    end(v);
}

Test(version, l0_is_newest_first_in_whatever_order_tables_come)
{
    struct version *v = version_new();
    struct edit e = { 0 };

    edit_add_table(&e, 0, 20, table_fake(1, 0, 99));
    edit_add_table(&e, 0, 40, table_fake(2, 50, 60));
    version_change(&v, &e);
    edit_add_table(&e, 0, 30, table_fake(5, 0, 99));
    edit_add_table(&e, 0, 10, table_fake(4, 0, 99));
    edit_add_table(&e, 0, 50, table_fake(3, 0, 99));
    version_change(&v, &e);
    version_expect(v, "L0 3@50 2@40 5@30 1@20 4@10 number 0");
    cr_assert_eq(version_bytes(v), 5 * 100 + 15);
    end(v);
}

Test(version, levels_are_sorted_by_position)
{
    struct version *v = version_new();
    struct edit e = { 0 };

    edit_add_table(&e, 3, 0, table_fake(1, 50, 59));
    edit_add_table(&e, 3, 0, table_fake(2, 10, 19));
    edit_add_table(&e, 1, 0, table_fake(3, 0, UINT64_MAX));
    version_change(&v, &e);
    edit_add_table(&e, 3, 0, table_fake(4, 60, 60));
    edit_add_table(&e, 3, 0, table_fake(5, 0, 9));
    edit_add_table(&e, 3, 0, table_fake(6, 20, 49));
    version_change(&v, &e);
    version_expect(v, "L1 3[0-18446744073709551615] "
                      "L3 5[0-9] 2[10-19] 6[20-49] 1[50-59] 4[60-60] number 0");
    end(v);
}

Test(version, a_compaction_swaps_its_inputs_for_its_outputs)
{
    struct version *v = version_new();
    struct edit e = { 0 };

    edit_add_table(&e, 0, 1, table_fake(1, 0, 99));
    edit_add_table(&e, 0, 2, table_fake(2, 0, 99));
    edit_add_table(&e, 1, 0, table_fake(3, 0, 49));
    edit_add_table(&e, 1, 0, table_fake(4, 200, 300));
    version_change(&v, &e);
    edit_drop_table(&e, 2);
    edit_drop_table(&e, 1);
    edit_drop_table(&e, 3);
    edit_add_table(&e, 1, 0, table_fake(5, 0, 30));
    edit_add_table(&e, 1, 0, table_fake(6, 31, 99));
    e.number = 9;
    version_change(&v, &e);
    version_expect(v, "L1 5[0-30] 6[31-99] 4[200-300] number 9");
    end(v);
}

Test(version, a_table_moves_to_another_level_by_a_drop_and_an_add)
{
    struct version *v = version_new();
    struct table *t = table_fake(1, 5, 6);
    struct edit e = { 0 };

    edit_add_table(&e, 0, 7, t);
    version_change(&v, &e);
    edit_drop_table(&e, 1);
    edit_add_table(&e, 4, 0, t);
    version_change(&v, &e);
    version_expect(v, "L4 1[5-6] number 0");
    cr_assert_eq(t->refs, 1);
    end(v);
}

Test(version, the_table_of_a_position_is_the_one_that_covers_it)
{
    struct version *v = version_new();
    struct edit e = { 0 };

    edit_add_table(&e, 2, 0, table_fake(1, 10, 19));
    edit_add_table(&e, 2, 0, table_fake(2, 20, 20));
    edit_add_table(&e, 2, 0, table_fake(3, 30, UINT64_MAX));
    version_change(&v, &e);
    for (uint64_t position = 0; position < 40; position++) {
        struct table *t = version_table(v, 2, position);
        uint64_t id = position < 10 || (position > 20 && position < 30) ? 0
                      : position < 20                                   ? 1
                      : position == 20                                  ? 2
                                                                        : 3;
        cr_assert_eq(t ? t->meta.id : 0, id, "%llu", (unsigned long long)position);
    }
    cr_assert_eq(version_table(v, 2, UINT64_MAX)->meta.id, 3);
    cr_assert_null(version_table(v, 1, 15));
    end(v);
}

Test(version, live_bytes_are_added_behind_everything_else)
{
    struct version *v = version_new();
    struct edit e = { 0 };

    edit_live(&e, 4, 100);
    edit_live(&e, 7, 5);
    edit_live(&e, 4, -30);
    edit_live(&e, 9, 1);
    cr_assert_eq(e.live_count, 3, "summed per file");
    edit_add_blob(&e, blob_fake(FILE_BLOB, 7));
    edit_add_blob(&e, blob_fake(FILE_SEGMENT, 4));
    version_change(&v, &e);
    version_expect(v, "blobs 4s:70 7b:5 number 0");
    cr_assert_eq(version_blob_bytes(v), 2011);
    cr_assert_eq(version_blob(v, 7)->id, 7);
    cr_assert_null(version_blob(v, 5));
    edit_live(&e, 4, -70);
    edit_live(&e, 7, -1);
    edit_drop_blob(&e, 7);
    version_change(&v, &e);
    version_expect(v, "blobs 4s:0 number 0");
    end(v);
}

Test(version, a_blob_file_grows_in_every_version_that_has_it)
{
    struct version_gone gone = file_sets_gone(NULL);
    struct version *old = version_new(), *v;
    struct blob_file *b = blob_fake(FILE_SEGMENT, 4);
    struct edit e = { 0 };

    edit_add_blob(&e, b);
    edit_live(&e, 4, 10);
    version_change(&old, &e);
    edit_grow_blob(&e, b, 5000);
    edit_add_blob(&e, blob_fake(FILE_BLOB, 3));
    edit_live(&e, 4, 5);
    cr_assert_not(err_is(version_apply(old, &e, &v)));
    version_expect(v, "blobs 3b:0 4s:15 number 0");
    version_expect(old, "blobs 4s:10 number 0");
    cr_assert_eq(b->size, 5000);
    cr_assert_eq(b->refs, 2);
    cr_assert_eq(version_blob_bytes(old), 5000);
    version_drop(old, &gone);
    edit_deinit(&e);
    edit_grow_blob(&e, b, 4000);
    version_change(&v, &e);
    cr_assert_eq(b->size, 5000, "it does not shrink");
    version_drop(v, &gone);
}

Test(version, sums_of_live_bytes_are_sorted_whatever_the_order)
{
    struct edit e = { 0 };
    struct prng p;

    prng_init(&p, 5);
    for (unsigned i = 0; i < 3000; i++)
        edit_live(&e, prng_below(&p, 100), 1);
    cr_assert_eq(e.live_count, 100);
    int64_t sum = 0;
    for (size_t i = 0; i < e.live_count; i++) {
        cr_assert_eq(e.live[i].file, i);
        sum += e.live[i].bytes;
    }
    cr_assert_eq(sum, 3000);
    edit_deinit(&e);
}

Test(version, marks_rise_and_flush_stamps_never_fall)
{
    struct version *v = version_new();
    struct edit e = { .has_mark = true,
                      .mark = { 10, 2, 30, 10 },
                      .flushed = { [3] = 7, [15] = 1 } };

    version_change(&v, &e);
    version_expect(v, "mark 10/2/30 flushed 3=7 flushed 15=1 number 0");
    e = (struct edit){ .flushed = { [3] = 6, [0] = 9 } };
    version_change(&v, &e);
    version_expect(v, "mark 10/2/30 flushed 0=9 flushed 3=7 flushed 15=1 number 0");
    end(v);
}

static void unknown_table(struct edit *e)
{
    edit_drop_table(e, 77);
}

static void table_dropped_twice(struct edit *e)
{
    edit_drop_table(e, 1);
    edit_drop_table(e, 1);
}

static void unknown_blob(struct edit *e)
{
    edit_drop_blob(e, 77);
}

static void blob_dropped_twice(struct edit *e)
{
    edit_drop_blob(e, 8);
    edit_drop_blob(e, 8);
}

static void too_little_live(struct edit *e)
{
    edit_live(e, 8, -51);
}

static void too_much_live(struct edit *e)
{
    edit_live(e, 8, INT64_MAX);
}

static void mark_falls(struct edit *e)
{
    e->has_mark = true;
    e->mark = (struct log_mark){ 9, 20, 20, 20 };
}

static void mark_index_falls(struct edit *e)
{
    e->has_mark = true;
    e->mark = (struct log_mark){ 10, 9, 10, 10 };
}

static void mark_stamp_falls(struct edit *e)
{
    e->has_mark = true;
    e->mark = (struct log_mark){ 10, 10, 9, 10 };
}

static void mark_through_falls(struct edit *e)
{
    e->has_mark = true;
    e->mark = (struct log_mark){ 10, 10, 10, 9 };
}

static void number_stays(struct edit *e)
{
    e->number = 6;
}

/* One that adds a table or a blob file and fits, or does not. */
struct addition {
    unsigned level;
    uint64_t order;
    uint64_t id;
    uint64_t min;
    uint64_t max;
    bool fits;
};

static struct version *sample(void)
{
    struct version *v = version_new();
    struct edit e = { .number = 6, .has_mark = true, .mark = { 10, 10, 10, 10 } };

    edit_add_table(&e, 0, 5, table_fake(1, 0, 99));
    edit_add_table(&e, 2, 0, table_fake(2, 10, 19));
    edit_add_table(&e, 2, 0, table_fake(3, 30, 39));
    edit_add_blob(&e, blob_fake(FILE_SEGMENT, 8));
    edit_live(&e, 8, 50);
    version_change(&v, &e);
    return v;
}

Test(version, an_edit_that_does_not_fit_changes_nothing)
{
    void (*const misfits[])(struct edit *) = {
        unknown_table,   table_dropped_twice, unknown_blob,     blob_dropped_twice,
        mark_falls,      mark_index_falls,    mark_stamp_falls, mark_through_falls,
        too_little_live, too_much_live,       number_stays,
    };
    struct version *v = sample(), *next = NULL;
    struct edit e = { 0 };

    for (size_t i = 0; i < sizeof misfits / sizeof *misfits; i++) {
        misfits[i](&e);
        cr_assert_eq(version_apply(v, &e, &next).code, ERR_CORRUPT, "misfit %zu", i);
        cr_assert_null(next);
        edit_deinit(&e);
    }
    version_expect(v, "L0 1@5 L2 2[10-19] 3[30-39] blobs 8s:50 mark 10/10/10 number 6");
    cr_assert_eq(version_table(v, 2, 10)->refs, 1);
    cr_assert_eq(version_blob(v, 8)->refs, 1);
    end(v);
}

Test(version, what_is_added_may_not_overlap_nor_be_there)
{
    const struct addition cases[] = {
        { 0, 5, 9, 0, 9, false },   { 0, 4, 9, 0, 9, true },    { 0, 6, 9, 0, 9, true },
        { 2, 0, 9, 20, 29, true },  { 2, 0, 9, 19, 29, false }, { 2, 0, 9, 20, 30, false },
        { 2, 0, 9, 12, 13, false }, { 2, 0, 9, 0, 50, false },  { 2, 0, 9, 0, 9, true },
        { 2, 0, 9, 0, 10, false },  { 2, 0, 9, 40, 40, true },  { 2, 0, 9, 39, 39, false },
        { 3, 0, 9, 12, 13, true },  { 3, 0, 2, 12, 13, false }, { 0, 9, 3, 12, 13, false },
        { 1, 0, 9, 14, 13, false },
    };
    struct version *v = sample();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct addition *c = &cases[i];
        struct version_gone gone = file_sets_gone(NULL);
        struct version *next = NULL;
        struct table *t = table_fake(c->id, c->min, c->max);
        struct edit e = { 0 };
        edit_add_table(&e, c->level, c->order, t);
        cr_assert_eq(err_is(version_apply(v, &e, &next)), !c->fits, "case %zu", i);
        if (next)
            version_drop(next, &gone);
        else
            mem_free(t);
        edit_deinit(&e);
    }
    end(v);
}

Test(version, two_that_are_added_may_not_overlap_nor_be_one)
{
    struct version *v = sample(), *next;
    struct table *t = table_fake(9, 100, 110), *u = table_fake(10, 110, 120);
    struct edit e = { 0 };

    edit_add_table(&e, 2, 0, t);
    edit_add_table(&e, 2, 0, u);
    cr_assert_eq(version_apply(v, &e, &next).code, ERR_CORRUPT);
    edit_deinit(&e);
    edit_add_table(&e, 2, 0, t);
    edit_add_table(&e, 3, 0, t);
    cr_assert_eq(version_apply(v, &e, &next).code, ERR_CORRUPT);
    cr_assert_eq(t->refs, 0);
    edit_deinit(&e);
    mem_free(t);
    mem_free(u);
    end(v);
}

Test(version, a_blob_file_may_not_be_added_twice)
{
    struct version *v = sample(), *next;
    struct blob_file *again = blob_fake(FILE_BLOB, 8), *fresh = blob_fake(FILE_BLOB, 9);
    struct edit e = { 0 };

    edit_add_blob(&e, again);
    cr_assert_eq(version_apply(v, &e, &next).code, ERR_CORRUPT);
    edit_deinit(&e);
    edit_add_blob(&e, fresh);
    edit_add_blob(&e, fresh);
    cr_assert_eq(version_apply(v, &e, &next).code, ERR_CORRUPT);
    edit_deinit(&e);
    edit_drop_blob(&e, 8);
    edit_add_blob(&e, again);
    version_change(&v, &e);
    version_expect(v, "L0 1@5 L2 2[10-19] 3[30-39] blobs 8b:0 mark 10/10/10 number 6");
    mem_free(fresh);
    end(v);
}

Test(version, files_go_with_the_last_version_that_holds_them)
{
    struct buf note = { 0 };
    struct version_gone gone = file_sets_gone(&note);
    struct version *first = sample(), *second, *third;
    struct edit e = { 0 };

    edit_drop_table(&e, 1);
    edit_add_table(&e, 1, 0, table_fake(20, 0, 99));
    cr_assert_not(err_is(version_apply(first, &e, &second)));
    edit_deinit(&e);
    edit_drop_table(&e, 2);
    edit_drop_blob(&e, 8);
    cr_assert_not(err_is(version_apply(second, &e, &third)));
    edit_deinit(&e);
    cr_assert_eq(version_table(third, 2, 30)->refs, 3);

    version_hold(first); /* a job */
    version_drop(first, &gone);
    cr_assert_eq(note.len, 0);
    version_drop(second, &gone);
    cr_assert_eq(note.len, 0, "the first still has them");
    version_drop(first, &gone);
    cr_assert(slice_equal(buf_slice(&note), slice_str("t1 t2 b8 ")), "%.*s", (int)note.len,
              (char *)note.data);
    note.len = 0;
    version_drop(third, &gone);
    cr_assert(slice_equal(buf_slice(&note), slice_str("t20 t3 ")), "%.*s", (int)note.len,
              (char *)note.data);
    version_drop(NULL, &gone);
    buf_deinit(&note);
}

Test(version, without_a_taker_files_are_somebody_elses)
{
    struct version *v = version_new();
    struct table *t = table_fake(1, 0, 1);
    struct blob_file *b = blob_fake(FILE_BLOB, 2);
    struct version_gone nobody = { NULL, NULL, NULL };
    struct edit e = { 0 };

    edit_add_table(&e, 0, 1, t);
    edit_add_blob(&e, b);
    version_change(&v, &e);
    version_hold(v);
    version_drop(v, NULL);
    version_drop(v, &nobody);
    cr_assert_eq(t->refs + b->refs, 0);
    mem_free(t);
    mem_free(b);
}

Test(version, check_sees_what_is_wrong)
{
    struct version *v = sample();

    cr_assert(version_check(v));
    v->levels[2].bytes++;
    cr_assert_not(version_check(v));
    v->levels[2].bytes--;
    v->levels[2].tables[0].table->meta.max_position = 30;
    cr_assert_not(version_check(v));
    v->levels[2].tables[0].table->meta.max_position = 19;
    v->levels[2].tables[0].order = 1;
    cr_assert_not(version_check(v));
    v->levels[2].tables[0].order = 0;
    v->levels[0].tables[0].table->refs = 0;
    cr_assert_not(version_check(v));
    v->levels[0].tables[0].table->refs = 1;
    v->blobs[0].live = UINT64_MAX;
    cr_assert_not(version_check(v));
    v->blobs[0].live = 50;
    cr_assert(version_check(v));
    end(v);
}

/* --- many random edits, against arrays that are searched from end to end */

enum { MODEL_MAX = 400 };

struct model_table {
    unsigned level;
    uint64_t order;
    struct table *table;
};

struct model {
    struct model_table tables[MODEL_MAX];
    size_t count;
    uint64_t next_id;
    uint64_t next_order;
};

static const struct model *sorting; /* of a test's process, not of the product */

static int by_place(const void *a, const void *b)
{
    const struct model_table *x = &sorting->tables[*(const size_t *)a];
    const struct model_table *y = &sorting->tables[*(const size_t *)b];

    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (x->level == 0)
        return x->order > y->order ? -1 : 1;
    return x->table->meta.min_position < y->table->meta.min_position ? -1 : 1;
}

static void expect_model(const struct version *v, const struct model *m)
{
    size_t places[MODEL_MAX], at = 0;

    for (size_t i = 0; i < m->count; i++)
        places[i] = i;
    sorting = m;
    if (m->count)
        qsort(places, m->count, sizeof *places, by_place);
    for (unsigned level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < v->levels[level].count; i++, at++) {
            cr_assert_lt(at, m->count);
            cr_assert_eq(m->tables[places[at]].level, level);
            cr_assert_eq(m->tables[places[at]].table, v->levels[level].tables[i].table);
            cr_assert_eq(v->levels[level].tables[i].table->refs, 1);
        }
    }
    cr_assert_eq(at, m->count);
    cr_assert(version_check(v));
}

/* Positions of a table follow its id, so that no two overlap, in a scattered order. */
static void random_edit(struct model *m, struct prng *p, struct edit *e)
{
    for (uint64_t n = prng_below(p, 6); n > 0 && m->count > 0; n--) {
        size_t i = (size_t)prng_below(p, m->count);
        edit_drop_table(e, m->tables[i].table->meta.id);
        m->tables[i] = m->tables[--m->count];
    }
    for (uint64_t n = prng_below(p, 8); n > 0 && m->count < MODEL_MAX; n--) {
        unsigned level = (unsigned)prng_below(p, LEVELS);
        uint64_t id = m->next_id++, low = (id * 2654435761u) << 32;
        struct table *t = table_fake(id, low, low + 10);
        uint64_t order = level == 0 ? m->next_order++ ^ 3 : 0;
        edit_add_table(e, level, order, t);
        m->tables[m->count++] = (struct model_table){ level, order, t };
    }
}

Test(version, many_random_edits_agree_with_arrays)
{
    struct model m = { .next_id = 1 };
    struct version *v = version_new();
    struct prng p;

    prng_init(&p, 42);
    for (unsigned i = 0; i < 3000; i++) {
        struct edit e = { 0 };
        random_edit(&m, &p, &e);
        version_change(&v, &e);
        expect_model(v, &m);
    }
    cr_assert_gt(m.count, 50, "the edits leave some");
    end(v);
}

Test(version, an_edit_of_a_version_of_many_tables_is_one_pass)
{
    enum { TABLES = 20000, EDITS = 200 };
    struct version *v = version_new();
    struct edit e = { 0 };

    for (uint64_t id = TABLES; id > 0; id--)
        edit_add_table(&e, 6, 0, table_fake(id, id * 10, id * 10 + 9));
    version_change(&v, &e);
    for (uint64_t i = 0; i < EDITS; i++) { /* the square would take minutes */
        uint64_t id = TABLES + 1 + i;
        edit_drop_table(&e, 1 + i);
        edit_add_table(&e, 6, 0, table_fake(id, id * 10, id * 10 + 9));
        version_change(&v, &e);
    }
    cr_assert_eq(v->levels[6].count, TABLES);
    cr_assert_eq(v->levels[6].tables[0].table->meta.id, EDITS + 1);
    cr_assert(version_check(v));
    end(v);
}
