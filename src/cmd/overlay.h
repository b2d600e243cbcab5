/* overlay.h: writes that wait on top of a view, and are seen through it.
 *
 *     commands --find, walk, count--> overlay: what was put --> base: what there is
 *              --put, flush---------> overlay  --settle------> base
 *
 * So several commands are one: each sees what the ones before it wrote, and nothing is
 * written if the last of them turns out to lack a cell.  The newest cell of a key is
 * kept, and which databases were emptied in front of them. */
#ifndef HENGE_CMD_OVERLAY_H
#define HENGE_CMD_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/view.h"

struct overlay {
    struct view view; /* first: commands get a pointer to it */
    struct view *base;
    uint64_t now_ms;
    uint8_t **cells; /* encoded, in the order their keys were first put; owned */
    uint32_t count;
    uint32_t cap;
    uint32_t *index; /* by key: place in `cells` plus one; 0: empty */
    uint32_t index_cap;
    uint8_t **sorted; /* the same cells by key, for walks; NULL: to be sorted */
    uint16_t flushed; /* databases, a bit each */
    size_t bytes;     /* of cells */
    size_t bytes_max;
    uint64_t visits; /* cells passed, by what looks at all of them: SCAN, DBSIZE, FLUSHDB */
    bool full;       /* it could not take, or find, what it should have: not to be settled */
};

/* An empty one over `base`, which must outlive it; expiries are held against
 * `now_ms`. */
void overlay_init(struct overlay *o, struct view *base, uint64_t now_ms, size_t bytes_max);
void overlay_deinit(struct overlay *o);

/* Forgets what was put. */
void overlay_clear(struct overlay *o);

/* Puts everything into the base; must not be full. */
void overlay_settle(struct overlay *o);

bool overlay_check(const struct overlay *o);

#endif
