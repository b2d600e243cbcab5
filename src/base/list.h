/* list.h: a doubly linked ring of links that live inside their items. */
#ifndef HENGE_BASE_LIST_H
#define HENGE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* The struct of `type` whose member `member` is at `link`. */
#define list_item(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Every link of `head`, in order; the body must not remove `at`. */
#define list_for_each(at, head) for (struct list *at = (head)->next; at != (head); at = at->next)

/* As above; the body may remove `at`, and nothing else. */
#define list_for_each_safe(at, head)                                                               \
    for (struct list *at = (head)->next, *at##_next = at->next; at != (head);                      \
         at = at##_next, at##_next = at->next)

static inline void list_init(struct list *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_push(struct list *head, struct list *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* Takes the link out and leaves it a ring of its own, so removing twice is harmless. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

#endif
