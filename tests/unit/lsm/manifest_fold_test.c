/* manifest_fold_test.c: edits folded by ids make what they make applied to versions. */
#include "lsm/manifest_fold.h"

#include <criterion/criterion.h>

#include "base/mem.h"
#include "base/prng.h"
#include "file_sets.h"

static struct table *fake(uint64_t id)
{
    return table_fake(id, id * 10, id * 10 + 9);
}

static const struct placed *any_table(const struct version *v, struct prng *p, unsigned *level)
{
    *level = (unsigned)prng_below(p, LEVELS);
    if (v->levels[*level].count == 0)
        return NULL;
    return &v->levels[*level].tables[prng_below(p, v->levels[*level].count)];
}

/* Tables come in an order that is not that of their ids, and each leaves or moves. */
static void random_tables(const struct version *v, struct prng *p, struct edit *e, uint64_t i)
{
    unsigned level;
    const struct placed *t = any_table(v, p, &level);

    for (uint64_t n = prng_below(p, 4); n > 0; n--) {
        unsigned to = (unsigned)prng_below(p, LEVELS);
        uint64_t id = 10 * (i ^ 7) + n;
        edit_add_table(e, to, to ? 0 : id, fake(id));
    }
    if (!t)
        return;
    edit_drop_table(e, t->table->meta.id);
    if (prng_one_in(p, 2))
        edit_add_table(e, LEVELS - 1 - level, level == LEVELS - 1 ? 5 + 10 * i : 0, t->table);
}

static void random_blobs(const struct version *v, struct prng *p, struct edit *e, uint64_t i)
{
    const struct blob_place *b = v->blob_count ? &v->blobs[prng_below(p, v->blob_count)] : NULL;
    uint64_t id = 10 * (i ^ 7) + 9;

    if (prng_one_in(p, 2)) {
        edit_add_blob(e, blob_fake(prng_one_in(p, 2) ? FILE_BLOB : FILE_SEGMENT, id));
        edit_live(e, id, (int64_t)prng_below(p, 1000));
    }
    edit_live(e, 10 * i + 3, -7); /* of nobody */
    if (!b)
        return;
    if (prng_one_in(p, 3))
        edit_drop_blob(e, b->blob->id);
    else if (prng_one_in(p, 2))
        edit_grow_blob(e, b->blob, b->blob->size + prng_below(p, 100));
    if (b->live)
        edit_live(e, b->blob->id, -(int64_t)prng_below(p, b->live));
}

static void expect_same(const struct manifest_fold *f, const struct version *v)
{
    struct version *empty = version_new(), *folded;
    struct version_gone gone = file_sets_gone(NULL);
    struct edit whole;
    char *text = version_text(v);

    fold_result(f, &whole);
    edit_open_fakes(&whole);
    cr_assert_not(err_is(version_apply(empty, &whole, &folded)));
    version_expect(folded, text);
    cr_assert_eq(version_bytes(folded), version_bytes(v));
    cr_assert_eq(version_blob_bytes(folded), version_blob_bytes(v));
    version_drop(folded, &gone);
    version_drop(empty, &gone);
    edit_deinit(&whole);
    mem_free(text);
}

Test(manifest_fold, random_edits_folded_are_as_if_applied)
{
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct manifest_fold fold = { .number = 0 };
        struct version_gone gone = file_sets_gone(NULL);
        struct version *v = version_new();
        struct prng p;
        prng_init(&p, seed);
        for (uint64_t i = 1; i <= 1000; i++) {
            struct edit e = { .number = i, .flushed = { [3] = prng_below(&p, i) } };
            e.has_mark = prng_one_in(&p, 2);
            e.mark = (struct log_mark){ i, i, i, i };
            random_tables(v, &p, &e, i);
            random_blobs(v, &p, &e, i);
            struct err err = fold_add(&fold, &e);
            cr_assert_not(err_is(err), "edit %llu: %s", (unsigned long long)i, err.what);
            version_change(&v, &e);
            if (i % 10 == 0)
                expect_same(&fold, v);
        }
        cr_assert_gt(v->blob_count, 10);
        fold_deinit(&fold);
        version_drop(v, &gone);
    }
}

Test(manifest_fold, what_is_dropped_does_not_pile_up)
{
    struct manifest_fold fold = { .number = 0 };

    for (uint64_t i = 1; i <= 100000; i++) {
        struct edit_table add = { .level = 1, .id = i, .size = 1 };
        uint64_t drop = i - 1;
        struct edit e = {
            .number = i, .add = &add, .add_count = 1, .drop = &drop, .drop_count = i > 1
        };
        cr_assert_not(err_is(fold_add(&fold, &e)));
        cr_assert_lt(fold.tables.count, 200);
    }
    fold_deinit(&fold);
}

static enum err_code after_sample(const struct edit *e)
{
    struct edit_table table = { .level = 1, .id = 1, .size = 1 };
    struct edit_blob blob = { .id = 2, .kind = FILE_BLOB, .size = 1 };
    struct edit sample = { .add = &table,
                           .add_count = 1,
                           .add_blobs = &blob,
                           .add_blob_count = 1,
                           .has_mark = true,
                           .mark = { 5, 5, 5, 5 } };
    struct manifest_fold fold = { .number = 0 };
    enum err_code code;

    cr_assert_not(err_is(fold_add(&fold, &sample)));
    code = fold_add(&fold, e).code;
    fold_deinit(&fold);
    return code;
}

Test(manifest_fold, an_edit_that_does_not_fit_is_damage)
{
    struct edit_table there[] = { { .id = 1, .size = 1 } };
    struct edit_table twins[] = { { .id = 3, .size = 1 }, { .id = 3, .size = 1 } };
    struct edit_blob segment[] = { { .id = 2, .kind = FILE_SEGMENT, .size = 1 } };
    struct edit_live less[] = { { 2, -1 } };
    uint64_t none[] = { 3 }, twice[] = { 1, 1 };
    const struct edit misfits[] = {
        { .add = there, .add_count = 1 },
        { .add = twins, .add_count = 2 },
        { .add_blobs = segment, .add_blob_count = 1 },
        { .live = less, .live_count = 1 },
        { .drop = none, .drop_count = 1 },
        { .drop = twice, .drop_count = 2 },
        { .drop_blobs = none, .drop_blob_count = 1 },
        { .has_mark = true, .mark = { 4, 5, 5, 5 } },
        { .has_mark = true, .mark = { 5, 4, 5, 5 } },
        { .has_mark = true, .mark = { 5, 5, 4, 5 } },
        { .has_mark = true, .mark = { 5, 5, 5, 4 } },
        { .has_mark = true, .mark = { 7, 5, 5, 6 } },
    };
    struct edit again = { .add = there, .add_count = 1, .drop = twice, .drop_count = 1 };

    for (size_t i = 0; i < sizeof misfits / sizeof *misfits; i++)
        cr_assert_eq(after_sample(&misfits[i]), ERR_CORRUPT, "misfit %zu", i);
    cr_assert_eq(after_sample(&again), ERR_NONE, "dropped and added");
}
