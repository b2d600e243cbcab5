/* watches.c: buckets of watches, as many as there are watches. */
#include "node/watches.h"

#include <assert.h>

#include "base/mem.h"

enum { BUCKETS_LEAST = 64 };

static struct watch *watch_of(struct list *link)
{
    return list_item(link, struct watch, link);
}

static struct list *bucket_of(const struct watches *all, uint64_t position)
{
    return &all->buckets[position & (all->bucket_count - 1)];
}

void watches_deinit(struct watches *all)
{
    assert(all->count == 0);
    mem_free(all->buckets);
}

static void set_buckets(struct watches *all, size_t count)
{
    struct list *old = all->buckets;
    size_t old_count = old ? all->bucket_count : 0;

    all->buckets = mem_alloc(count * sizeof *all->buckets);
    all->bucket_count = count;
    for (size_t i = 0; i < count; i++)
        list_init(&all->buckets[i]);
    for (size_t i = 0; i < old_count; i++) {
        while (!list_empty(&old[i])) {
            struct watch *w = watch_of(old[i].next);
            list_remove(&w->link);
            list_push(bucket_of(all, w->key.position), &w->link);
        }
    }
    mem_free(old);
}

void watches_add(struct watches *all, struct watch *w)
{
    if (!all->buckets)
        set_buckets(all, BUCKETS_LEAST);
    else if (all->count == all->bucket_count)
        set_buckets(all, all->bucket_count * 2);
    w->touched = false;
    list_push(bucket_of(all, w->key.position), &w->link);
    all->count++;
}

void watches_remove(struct watches *all, struct watch *w)
{
    list_remove(&w->link);
    if (--all->count > 0)
        return;
    mem_free(all->buckets);
    all->buckets = NULL;
}

static bool is_of(const struct watch *w, const struct cell_key *key)
{
    return w->key.position == key->position && w->key.db == key->db &&
           slice_equal(w->key.key, key->key);
}

bool watches_find(const struct watches *all, const struct cell_key *key, const void *owner)
{
    if (all->count == 0)
        return false;
    list_for_each (at, bucket_of(all, key->position)) {
        if (watch_of(at)->owner == owner && is_of(watch_of(at), key))
            return true;
    }
    return false;
}

void watches_touch(struct watches *all, const struct cell_key *key)
{
    if (all->count == 0)
        return;
    list_for_each (at, bucket_of(all, key->position)) {
        if (is_of(watch_of(at), key))
            watch_of(at)->touched = true;
    }
}

void watches_flush(struct watches *all, uint8_t db)
{
    for (size_t i = 0; all->count && i < all->bucket_count; i++) {
        list_for_each (at, &all->buckets[i]) {
            struct watch *w = watch_of(at);
            if (w->existed && (db == CELL_DB_ALL || w->key.db == db))
                w->touched = true;
        }
    }
}

void watches_touch_all(struct watches *all)
{
    for (size_t i = 0; all->count && i < all->bucket_count; i++) {
        list_for_each (at, &all->buckets[i])
            watch_of(at)->touched = true;
    }
}

bool watches_check(const struct watches *all)
{
    size_t count = 0;

    for (size_t i = 0; all->buckets && i < all->bucket_count; i++) {
        list_for_each (at, &all->buckets[i]) {
            if (bucket_of(all, watch_of(at)->key.position) != &all->buckets[i])
                return false;
            count++;
        }
    }
    return count == all->count && (count > 0) == (all->buckets != NULL);
}
