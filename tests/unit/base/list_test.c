/* list_test.c: the ring of links. */
#include "base/list.h"

#include <criterion/criterion.h>

struct item {
    int number;
    struct list link;
};

/* The numbers in order, as digits. */
static long digits(struct list *head)
{
    long n = 0;
    list_for_each (at, head) {
        n = n * 10 + list_item(at, struct item, link)->number;
    }
    return n;
}

Test(list, items_stand_in_the_order_they_were_pushed)
{
    struct list head;
    struct item items[3] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
    list_init(&head);
    cr_assert(list_empty(&head));
    for (int i = 0; i < 3; i++)
        list_push(&head, &items[i].link);
    cr_assert_not(list_empty(&head));
    cr_assert_eq(digits(&head), 123);
    list_remove(&items[1].link);
    cr_assert_eq(digits(&head), 13);
    list_remove(&items[1].link);
    cr_assert_eq(digits(&head), 13, "removing twice is harmless");
    list_push(&head, &items[1].link);
    cr_assert_eq(digits(&head), 132);
}

Test(list, the_safe_loop_may_remove_where_it_is)
{
    struct list head;
    struct item items[5];
    list_init(&head);
    for (int i = 0; i < 5; i++) {
        items[i].number = i + 1;
        list_push(&head, &items[i].link);
    }
    list_for_each_safe (at, &head) {
        if (list_item(at, struct item, link)->number % 2)
            list_remove(at);
    }
    cr_assert_eq(digits(&head), 24);
    list_for_each_safe (at, &head) {
        list_remove(at);
    }
    cr_assert(list_empty(&head));
}
