/* fake_view.h: a store for unit tests: cells in a sorted array.
 *
 * It is stricter than the real one: what find() lent is overwritten by the next
 * put; large values come without their bytes unless those are asked for; and in
 * wanting mode nothing is at hand the first time a command asks for it. */
#ifndef HENGE_TESTS_FAKE_VIEW_H
#define HENGE_TESTS_FAKE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "cmd/view.h"

enum {
    FAKE_CELLS = 4096,
    FAKE_LARGE = 32, /* bytes of a large value */
    FAKE_WALK = 5,   /* heads that a walk brings to hand at a time */
};

struct fake_view {
    struct view view;           /* first: the functions below cast back */
    struct key_use use;         /* what is known of every key */
    uint8_t *cells[FAKE_CELLS]; /* encoded, in order, owned */
    size_t count;
    uint64_t now_ms;
    bool wanting;
    bool refuses;     /* writes, if it is asked */
    struct buf asked; /* keys this command asked for: u8 db, u32 length, bytes */
    uint64_t horizon; /* heads before this position are at hand for walks; 0: none */
    struct {
        uint8_t *cell;
        size_t size;
    } lent[FAKE_CELLS];
    size_t lent_count;
    uint64_t puts;
    uint64_t finds;
    uint64_t visited; /* heads the last walk passed */
};

void fake_view_init(struct fake_view *f);
void fake_view_deinit(struct fake_view *f);

/* To be called before a command's first run; not before its restarts. */
void fake_view_begin(struct fake_view *f);

/* Puts a head of any type, as a command cannot. */
void fake_view_put(struct fake_view *f, uint8_t db, const char *key, uint8_t type,
                   const char *value);

/* The live head of `key`; false if there is none.  *out borrows until the next put. */
bool fake_view_get(struct fake_view *f, uint8_t db, const char *key, struct cell *out);

/* True if what is stored under `key` is a tombstone, not a value that expired. */
bool fake_view_deleted(struct fake_view *f, uint8_t db, const char *key);

#endif
