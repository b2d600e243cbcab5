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

enum view_answer {
    VIEW_ABSENT,
    VIEW_HERE,
    VIEW_WANT, /* not at hand; noted down */
};

struct view {
    /* *out borrows until the next put or flush. */
    enum view_answer (*find)(struct view *view, const struct cell_key *key, struct cell *out);
    /* Puts one cell; stamp and origin are the view's to fill in.  The bytes are
     * copied and must not be borrowed from the view itself. */
    void (*put)(struct view *view, const struct cell *cell);
    /* Empties a database, or all of them (CELL_DB_ALL). */
    void (*flush)(struct view *view, uint8_t db);
    /* Live keys of a database. */
    uint64_t (*count)(struct view *view, uint8_t db);
    /* Every live head cell of `db` in order from position `from` on, until `each`
     * returns false or `visits` heads of any kind (dead, other databases) were
     * passed and the position changed in its top 52 bits.  False if it stopped
     * before the end of the store: *next is where to go on. */
    bool (*walk)(struct view *view, uint8_t db, uint64_t from, size_t visits,
                 bool (*each)(void *arg, const struct cell *cell), void *arg, uint64_t *next);
};

#endif
