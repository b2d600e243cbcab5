/* index.h: a hash table of links that live inside their items.
 *
 * It grows and shrinks by one bucket at a time (linear hashing: Litwin, "Linear Hashing:
 * A New Tool for File and Table Addressing", VLDB 1980), so that no insertion takes long,
 * however many items there are. */
#ifndef HENGE_SESSION_INDEX_H
#define HENGE_SESSION_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index_link {
    struct index_link *next; /* in its bucket */
    uint64_t hash;
};

/* `= {0}` is an empty one. */
struct index {
    struct index_link ***segments; /* of INDEX_SEGMENT buckets each */
    size_t segment_count;
    size_t buckets;
    size_t count; /* of items */
};

/* Frees its own memory; the items are their owners'. */
void index_deinit(struct index *x);

void index_add(struct index *x, struct index_link *link, uint64_t hash);

/* Takes a link out that is in it. */
void index_remove(struct index *x, struct index_link *link);

/* The first link of that hash, NULL if there is none; and those behind it. */
struct index_link *index_first(const struct index *x, uint64_t hash);
struct index_link *index_again(const struct index_link *link);

/* The chain of one of x->buckets buckets: to walk all, which must not change it. */
struct index_link *index_bucket(const struct index *x, size_t bucket);

bool index_check(const struct index *x);

#endif
