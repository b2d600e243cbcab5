/* watches_test.c: who is told of which writes. */
#include "node/watches.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { MANY = 1000 };

static struct watch watch_of(const char *name, uint8_t db, bool existed)
{
    return (struct watch){ .key = cell_head_key(db, slice_str(name)), .existed = existed };
}

static void touch(struct watches *all, const char *name, uint8_t db)
{
    struct cell_key key = cell_head_key(db, slice_str(name));

    watches_touch(all, &key);
}

Test(watches, a_put_touches_that_key_of_that_database_alone)
{
    struct watches all = { 0 };
    struct watch a = watch_of("a", 0, true), a1 = watch_of("a", 1, true),
                 b = watch_of("b", 0, true);

    watches_add(&all, &a);
    watches_add(&all, &a1);
    watches_add(&all, &b);
    touch(&all, "a", 0);
    cr_expect(a.touched);
    cr_expect_not(a1.touched);
    cr_expect_not(b.touched);
    watches_remove(&all, &a);
    watches_remove(&all, &a1);
    watches_remove(&all, &b);
    touch(&all, "a", 0); /* nobody watches */
    watches_deinit(&all);
}

Test(watches, a_flush_touches_what_was_there)
{
    struct watches all = { 0 };
    struct watch here = watch_of("a", 0, true), other = watch_of("a", 1, true),
                 absent = watch_of("b", 0, false);

    watches_add(&all, &here);
    watches_add(&all, &other);
    watches_add(&all, &absent);
    watches_flush(&all, 0);
    cr_expect(here.touched);
    cr_expect_not(other.touched);
    cr_expect_not(absent.touched);
    watches_flush(&all, CELL_DB_ALL);
    cr_expect(other.touched);
    cr_expect_not(absent.touched);
    watches_touch_all(&all);
    cr_expect(absent.touched);
    watches_remove(&all, &here);
    watches_remove(&all, &other);
    watches_remove(&all, &absent);
    watches_deinit(&all);
}

Test(watches, each_owner_has_his_own)
{
    struct watches all = { 0 };
    struct watch w = watch_of("a", 0, true);
    int me, you;

    w.owner = &me;
    cr_expect_not(watches_find(&all, &w.key, &me));
    watches_add(&all, &w);
    cr_expect(watches_find(&all, &w.key, &me));
    cr_expect_not(watches_find(&all, &w.key, &you));
    watches_remove(&all, &w);
    watches_deinit(&all);
}

Test(watches, many_are_found_however_many_there_are)
{
    static struct watch w[MANY];
    static char names[MANY][16];
    struct watches all = { 0 };

    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "key:%d", i);
        w[i] = watch_of(names[i], 0, true);
        watches_add(&all, &w[i]);
    }
    cr_assert(watches_check(&all));
    for (int i = 0; i < MANY; i += 2)
        touch(&all, names[i], 0);
    for (int i = 0; i < MANY; i++) {
        cr_expect_eq(w[i].touched, i % 2 == 0);
        watches_remove(&all, &w[i]);
    }
    cr_expect(watches_check(&all));
    watches_deinit(&all);
}
