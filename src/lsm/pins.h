/* pins.h: files that must stay because something in memory refers to them: a few ids,
 * each once.  They are forgotten together. */
#ifndef HENGE_LSM_PINS_H
#define HENGE_LSM_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cell/cell.h"

/* `= {0}` pins nothing. */
struct pins {
    uint64_t *files;
    size_t count;
    size_t room;
};

void pins_add(struct pins *p, uint64_t file);

/* The files that the pieces of an encoded cell's value are in; none if it has none. */
void pins_add_cell(struct pins *p, const uint8_t *cell);
bool pins_has(const struct pins *p, uint64_t file);
void pins_deinit(struct pins *p);

#endif
