/* merge_test.c: merges and the rules of keep.h, against a search of all the lists. */
#include "lsm/merge.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "list_source.h"
#include "lsm/keep.h"

enum { SOURCES = 9, KEYS = 60, NOW = 1000 };

struct inputs {
    struct cell_list lists[SOURCES]; /* newest first */
    struct list_source sources[SOURCES];
    struct cell_source *pointers[SOURCES];
    size_t count;
    struct merge merge;
};

static struct cell_key key_of(unsigned i, char room[24])
{
    struct cell_key key;

    snprintf(room, 24, "{%u}%u", i % 11, i % 20);
    key = cell_head_key((uint8_t)(i % 3), slice_str(room));
    if (i % 4 == 3) {
        key.kind = CELL_FIELD;
        key.subkey = slice_of(room + 1, 1 + i % 2);
    }
    return key;
}

/* Newer lists have larger stamps, as newer sources have. */
static void fill(struct inputs *in, struct prng *prng)
{
    in->count = 1 + prng_below(prng, SOURCES);
    for (size_t s = 0; s < in->count; s++) {
        uint64_t cells = prng_below(prng, KEYS);
        for (uint64_t i = 0; i < cells; i++) {
            char room[24];
            struct cell c = { .key = key_of((unsigned)prng_below(prng, KEYS), room),
                              .stamp = (in->count - s) * 100 + prng_below(prng, 100),
                              .origin = (uint32_t)s + 1,
                              .value = slice_of("0123456789", prng_below(prng, 10)) };
            c.type = c.key.kind == CELL_HEAD ? CELL_STRING : CELL_NONE;
            if (prng_one_in(prng, 4)) {
                c.flags = CELL_TOMBSTONE;
                c.type = CELL_NONE;
                c.value.len = 0;
            } else if (prng_one_in(prng, 2)) {
                c.flags = CELL_EXPIRES;
                c.expire_ms = NOW - 2 + prng_below(prng, 4);
            }
            if (prng_one_in(prng, 5)) {
                c.flags |= CELL_CONTEXT;
                c.context = slice_str("context");
            }
            cell_list_add(&in->lists[s], &c);
        }
        cell_list_sort(&in->lists[s]);
    }
}

static void begin(struct inputs *in, size_t fail_source, size_t fail_at)
{
    for (size_t s = 0; s < in->count; s++) {
        list_source_init(&in->sources[s], &in->lists[s], s == fail_source ? fail_at : SIZE_MAX);
        in->pointers[s] = &in->sources[s].source;
    }
    merge_init(&in->merge, in->pointers, in->count);
}

static void end(struct inputs *in)
{
    merge_deinit(&in->merge);
    for (size_t s = 0; s < in->count; s++)
        list_source_deinit(&in->sources[s]);
}

static void inputs_deinit(struct inputs *in)
{
    for (size_t s = 0; s < in->count; s++)
        cell_list_deinit(&in->lists[s]);
}

/* Every cell of every list is handed over once, by key, then by list; told apart by
 * their origins. */
static void check_merge(struct inputs *in)
{
    struct cell last = { 0 };
    size_t seen = 0, all = 0;

    begin(in, SIZE_MAX, 0);
    for (; in->merge.source.cell; cell_source_next(&in->merge.source), seen++) {
        struct cell c;
        int order;
        cell_decode(in->merge.source.cell, &c);
        order = seen ? cell_key_compare(&last.key, &c.key) : -1;
        cr_assert(order < 0 || (order == 0 && last.origin < c.origin));
        cr_assert_eq(in->merge.again, order == 0);
        cell_decode(in->lists[c.origin - 1].cells[cell_list_seek(&in->lists[c.origin - 1], &c.key)],
                    &last);
        cr_assert(cell_key_compare(&last.key, &c.key) == 0 && last.stamp == c.stamp);
    }
    cr_assert_not(err_is(in->merge.source.err));
    for (size_t s = 0; s < in->count; s++)
        all += in->lists[s].count;
    cr_assert_eq(seen, all);
    end(in);
}

Test(merge, has_every_cell_once_newest_first)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct inputs in = { .count = 0 };
        struct prng prng;
        prng_init(&prng, seed);
        fill(&in, &prng);
        check_merge(&in);
        inputs_deinit(&in);
    }
}

Test(merge, of_nothing_is_at_its_end)
{
    struct inputs in = { .count = 0 };

    begin(&in, 0, 0);
    cr_assert_null(in.merge.source.cell);
    end(&in);
    in.count = 3;
    begin(&in, SIZE_MAX, 0);
    cr_assert_null(in.merge.source.cell);
    cr_assert_not(err_is(in.merge.source.err));
    end(&in);
}

Test(merge, ends_with_the_error_of_any_source_at_any_cell)
{
    struct inputs in = { .count = 0 };
    struct prng prng;

    prng_init(&prng, 7);
    fill(&in, &prng);
    for (size_t s = 0; s < in.count; s++) {
        for (size_t at = 0; at <= in.lists[s].count; at++) {
            begin(&in, s, at);
            while (in.merge.source.cell)
                cell_source_next(&in.merge.source);
            cr_assert_eq(in.merge.source.err.os, 5);
            end(&in);
        }
    }
    inputs_deinit(&in);
}

/* --- keep */

static bool below_odd(void *arg, const uint8_t *cell)
{
    (void)arg;
    return (cell_encoded_position(cell) & 1) != 0;
}

static struct keep keep_of(void)
{
    struct keep k = { .now_ms = NOW, .below = below_odd };

    k.flushed[1] = 250;
    k.flushed[2] = 1;
    return k;
}

/* What should be left, by looking for the first list that has the key. */
static void model(const struct inputs *in, struct cell_list *out)
{
    for (unsigned i = 0; i < KEYS; i++) {
        char room[24];
        struct cell_key key = key_of(i, room);
        struct cell c = { 0 };
        bool found = false, older;
        for (size_t s = 0; s < in->count && !found; s++) {
            size_t at = cell_list_seek(&in->lists[s], &key);
            if (at == in->lists[s].count)
                continue;
            cell_decode(in->lists[s].cells[at], &c);
            found = cell_key_compare(&c.key, &key) == 0;
        }
        older = key.position & 1;
        if (!found || (key.db == 1 && c.stamp <= 250))
            continue;
        if ((c.flags & CELL_EXPIRES) && c.expire_ms <= NOW) {
            c.flags = (uint8_t)((c.flags & CELL_CONTEXT) | CELL_TOMBSTONE);
            c.type = CELL_NONE;
            c.value.len = 0;
        }
        if (!(c.flags & CELL_TOMBSTONE) || older)
            cell_list_add(out, &c);
    }
    cell_list_sort(out);
}

static void expect(const struct cell_list *want, size_t at, const uint8_t *cell)
{
    size_t size = cell_encoded_size(cell);

    cr_assert_lt(at, want->count);
    cr_assert_eq(size, cell_encoded_size(want->cells[at]));
    cr_assert_eq(memcmp(cell, want->cells[at], size), 0);
}

static void check_keep(struct inputs *in, const struct cell_list *want)
{
    struct keep k = keep_of();
    size_t kept = 0;

    begin(in, SIZE_MAX, 0);
    for (; in->merge.source.cell; cell_source_next(&in->merge.source)) {
        if (in->merge.again)
            continue;
        switch (keep_judge(&k, in->merge.source.cell)) {
        case KEEP_CELL:
            expect(want, kept++, in->merge.source.cell);
            break;
        case KEEP_TOMBSTONE:
            cr_assert_eq(k.made.len, cell_encoded_size(k.made.data));
            expect(want, kept++, k.made.data);
            break;
        case KEEP_EVICTED:
        case KEEP_NOTHING:
            break;
        }
    }
    cr_assert_eq(kept, want->count);
    end(in);
    keep_deinit(&k);
}

Test(keep, of_random_merges_leaves_what_a_search_finds)
{
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct inputs in = { .count = 0 };
        struct cell_list want = { 0 };
        struct prng prng;
        prng_init(&prng, seed);
        fill(&in, &prng);
        model(&in, &want);
        check_keep(&in, &want);
        cell_list_deinit(&want);
        inputs_deinit(&in);
    }
}

/* --- rule by rule */

static bool yes(void *arg, const uint8_t *cell)
{
    (void)arg;
    (void)cell;
    return true;
}

static bool no(void *arg, const uint8_t *cell)
{
    (void)arg;
    (void)cell;
    return false;
}

static enum keep_verdict judge(struct cell c, bool (*below)(void *, const uint8_t *))
{
    struct keep k = { .now_ms = NOW, .below = below };
    uint8_t bytes[256];
    enum keep_verdict verdict;

    k.flushed[4] = 50;
    c.key = cell_head_key(4, slice_str("key"));
    cell_encode(&c, bytes);
    verdict = keep_judge(&k, bytes);
    if (verdict == KEEP_TOMBSTONE) {
        struct cell made;
        size_t used;
        cr_assert_not(err_is(cell_decode_stored(buf_slice(&k.made), &made, &used)));
        cr_assert_eq(used, k.made.len);
        cr_assert_eq(cell_key_compare(&made.key, &c.key), 0);
        cr_assert(made.stamp == c.stamp && made.origin == c.origin);
        cr_assert_eq(made.flags, CELL_TOMBSTONE);
    }
    keep_deinit(&k);
    return verdict;
}

Test(keep, follows_each_rule)
{
    const struct cell plain = { .stamp = 51, .origin = 9, .type = CELL_STRING };
    struct cell flushed = plain, tombstone = plain, expired = plain, expires = plain;

    flushed.stamp = 50;
    tombstone.flags = CELL_TOMBSTONE;
    tombstone.type = CELL_NONE;
    expired.flags = expires.flags = CELL_EXPIRES;
    expired.value = slice_str("large");
    expired.expire_ms = NOW;
    expires.expire_ms = NOW + 1;
    cr_expect_eq(judge(plain, no), KEEP_CELL);
    cr_expect_eq(judge(flushed, yes), KEEP_NOTHING);
    cr_expect_eq(judge(tombstone, yes), KEEP_CELL);
    cr_expect_eq(judge(tombstone, no), KEEP_NOTHING);
    cr_expect_eq(judge(expired, yes), KEEP_TOMBSTONE);
    cr_expect_eq(judge(expired, no), KEEP_NOTHING);
    cr_expect_eq(judge(expires, no), KEEP_CELL);
}
