/* view.h: what a command sees of the store.
 *
 * Expired cells read as absent.  A cell that is not at hand answers VIEW_WANT
 * and is fetched before the command runs again.  What was put is seen at once by
 * the same command.  Whoever makes a view (node/) fills the functions in. */
#ifndef HENGE_CMD_VIEW_H
#define HENGE_CMD_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "cell/cell.h"
#include "cell/key_use.h"
#include "cell/want.h"

enum view_answer {
    VIEW_ABSENT,
    VIEW_HERE,
    VIEW_WANT, /* not at hand; noted down */
};

enum view_walk_end {
    VIEW_WALK_END,     /* went through to the end of the store */
    VIEW_WALK_STOPPED, /* `each` or `visits` stopped it: *next is where to go on */
    VIEW_WALK_WANT,    /* the cells at *next are not at hand; noted down */
};

struct reply;

struct view {
    uint64_t wanted; /* bytes that what this run lacked takes, about */
    /* With WANT_CELL, a large value may come with CELL_BLOB or CELL_PARTS, which tell the
     * length alone; with WANT_VALUE with CELL_PARTS.  *out borrows until the next put or
     * flush. */
    enum view_answer (*find)(struct view *view, const struct cell_key *key, enum want_kind kind,
                             struct cell *out);
    /* Whether a head with CELL_PARTS may be put again as it is; else later. */
    bool (*firm)(struct view *view, const struct cell *head);
    /* Replies `len` bytes, not none, of a value with CELL_PARTS or CELL_BLOB from `first` on as
     * a bulk string, whose bytes are promised.  False: they are not there. */
    bool (*promise)(struct view *view, const struct cell *head, size_t first, size_t len,
                    struct reply *reply);
    /* A put of about `bytes` would be taken now: for what a read may write, but need not;
     * writes are not begun before. */
    bool (*may_put)(struct view *view, size_t bytes);
    /* Puts one cell; stamp and origin are the view's to fill in.  The bytes are
     * copied and must not be borrowed from the view itself. */
    void (*put)(struct view *view, const struct cell *cell);
    /* Empties a database, or all of them (CELL_DB_ALL). */
    void (*flush)(struct view *view, uint8_t db);
    /* Live keys of a database.  False: cells it takes to know that are noted down. */
    bool (*count)(struct view *view, uint8_t db, uint64_t *out);
    /* Every live head cell of `db` in order from position `from` on, large values
     * without their bytes, until `each` returns false or *visits heads of any kind
     * (dead, other databases) were passed and the position changed in its top 52 bits.
     * Takes those that were passed off *visits, which is not 0 before.
     * Before VIEW_WALK_WANT every head in front of *next was handed over, and perhaps
     * some of *next. */
    enum view_walk_end (*walk)(struct view *view, uint8_t db, uint64_t from, size_t *visits,
                               bool (*each)(void *arg, const struct cell *cell), void *arg,
                               uint64_t *next);
    /* What is known of the use of the key at `position`. */
    void (*use)(struct view *view, uint64_t position, struct key_use *out);
};

#endif
