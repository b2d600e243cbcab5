/* table_output_test.c: where tables end. */
#include "lsm/table_output.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cell/position.h"
#include "memory_fs.h"

enum { SIZE = 4000, STRIDE = 1000 /* positions from one cell to the next */ };

static struct memory_fs m;
static struct file_ids ids;
static struct level below;
static struct table_output o;

static void begin(void)
{
    memory_fs_init(&m);
    ids.next = 1;
    o = (struct table_output){ .fs = &m.fs,
                               .dir = "/d",
                               .ids = &ids,
                               .options = { .block_size = 512, .filter_bits = 10 },
                               .table_size = SIZE };
}

static void end(void)
{
    table_output_abandon(&o, true);
    cr_assert_eq(memory_fs_count(&m, "/d/"), 0);
    for (size_t i = 0; i < below.count; i++)
        mem_free(below.tables[i].table);
    mem_free(below.tables);
    memory_fs_deinit(&m);
}

TestSuite(table_output, .init = begin, .fini = end);

static void ok(struct err e)
{
    cr_assert_not(err_is(e), "%s", e.what);
}

/* The next level: `count` tables of `size`, each over `cells` cells' positions but the last. */
static void make_below(size_t count, uint64_t size, uint64_t cells)
{
    below.tables = mem_zalloc(count, sizeof *below.tables);
    below.count = count;
    for (size_t i = 0; i < count; i++) {
        struct table *t = mem_zalloc(1, sizeof *t);
        t->meta.min_position = i * cells * STRIDE;
        t->meta.max_position = (i + 1) * cells * STRIDE - STRIDE;
        t->meta.size = size;
        below.tables[i].table = t;
    }
    o.below = &below;
}

static void add_of(const char *name, uint64_t position, unsigned subkey)
{
    char sub[16];
    uint8_t bytes[128];
    struct cell c = { .key = { .position = position, .kind = CELL_FIELD } };

    c.key.key = slice_str(name);
    snprintf(sub, sizeof sub, "%08u", subkey);
    c.key.subkey = slice_str(sub);
    c.value = slice_str("a value of some bytes, so that blocks fill up");
    cell_encode(&c, bytes);
    ok(table_output_add(&o, bytes, cell_size(&c)));
}

static void add(uint64_t position)
{
    add_of("key", position, 0);
}

static void add_all(unsigned cells)
{
    for (unsigned i = 0; i < cells; i++)
        add((uint64_t)i * STRIDE);
    ok(table_output_finish(&o));
    cr_assert_gt(o.count, 2);
}

static bool at_boundary(const struct table *t)
{
    for (size_t i = 0; i < below.count; i++) {
        if (below.tables[i].table->meta.min_position == t->meta.min_position)
            return true;
    }
    return false;
}

Test(table_output, ends_tables_at_their_size_over_nothing)
{
    uint64_t cells = 0, bytes = 0;

    add_all(500);
    for (size_t i = 0; i < o.count; i++) {
        const struct table_meta *t = &o.tables[i]->meta;
        cr_expect(i + 1 == o.count || (t->size >= SIZE && t->size < SIZE + 200));
        cells += t->cells;
        bytes += t->size;
        cr_expect(i == 0 || o.tables[i - 1]->meta.max_position < t->min_position);
    }
    cr_expect_eq(cells, 500);
    cr_expect_eq(bytes, o.bytes);
    cr_expect_eq(memory_fs_count(&m, "/d/table-"), o.count);
}

Test(table_output, ends_tables_where_those_below_begin)
{
    make_below(100, 4000, 12);
    add_all(1000);
    for (size_t i = 0; i < o.count; i++) {
        cr_expect(at_boundary(o.tables[i]));
        cr_expect(i + 1 == o.count || o.tables[i]->meta.size > SIZE / 2 - 100);
        cr_expect_lt(o.tables[i]->meta.size, 2 * SIZE);
    }
}

Test(table_output, ends_tables_early_that_would_meet_too_much)
{
    make_below(200, SIZE, 1);
    add_all(150);
    for (size_t i = 0; i < o.count; i++) {
        cr_expect_leq(o.tables[i]->meta.cells, TABLE_OUTPUT_OVERLAP);
        cr_expect(i + 1 == o.count || o.tables[i]->meta.cells + 1 >= TABLE_OUTPUT_OVERLAP);
    }
}

Test(table_output, waits_for_a_boundary_up_to_twice_the_size)
{
    make_below(3, SIZE, 400);
    add_all(1000);
    for (size_t i = 0; i + 1 < o.count; i++) {
        const struct table_meta *t = &o.tables[i]->meta;
        bool last_below = t->min_position >= below.tables[2].table->meta.min_position;
        bool cut = at_boundary(o.tables[i + 1]);
        cr_expect(cut || t->size >= (last_below ? 1 : 2) * SIZE);
        cr_expect_lt(t->size, 2 * SIZE + 300);
    }
}

static int by_position(const void *a, const void *b)
{
    uint64_t x = position_of(slice_str(a)), y = position_of(slice_str(b));
    return x < y ? -1 : x > y;
}

Test(table_output, never_ends_a_table_within_a_position)
{
    char names[20][8];
    unsigned n = 0;

    for (unsigned i = 0; i < 20; i++)
        snprintf(names[i], sizeof names[i], "key%u", i);
    qsort(names, 20, sizeof names[0], by_position);
    for (unsigned i = 0; i < 20; i++) {
        unsigned elements = i % 7 == 3 ? 400 : 3;
        for (unsigned k = 0; k < elements; k++, n++)
            add_of(names[i], position_of(slice_str(names[i])), k);
    }
    ok(table_output_finish(&o));
    cr_expect_gt(o.count, 2);
    for (size_t i = 1; i < o.count; i++)
        cr_expect_lt(o.tables[i - 1]->meta.max_position, o.tables[i]->meta.min_position);
    for (size_t i = 0; i < o.count; i++)
        n -= (unsigned)o.tables[i]->meta.cells;
    cr_expect_eq(n, 0);
}

Test(table_output, without_a_size_makes_one_table)
{
    o.table_size = UINT64_MAX;
    for (unsigned i = 0; i < 1000; i++)
        add(i);
    ok(table_output_finish(&o));
    cr_expect_eq(o.count, 1);
}

Test(table_output, of_no_cells_makes_no_table)
{
    unsigned calls = m.calls;

    ok(table_output_finish(&o));
    cr_expect_eq(o.count, 0);
    cr_expect_eq(m.calls, calls);
}
