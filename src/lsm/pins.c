/* pins.c: a list without order: whoever adds mostly adds what it added last. */
#include "lsm/pins.h"

#include "base/mem.h"

bool pins_has(const struct pins *p, uint64_t file)
{
    for (size_t i = p->count; i-- > 0;) {
        if (p->files[i] == file)
            return true;
    }
    return false;
}

void pins_add(struct pins *p, uint64_t file)
{
    if (pins_has(p, file))
        return;
    if (p->count == p->room) {
        p->room = p->room ? p->room * 2 : 4;
        p->files = mem_realloc(p->files, p->room * sizeof *p->files);
    }
    p->files[p->count++] = file;
}

void pins_add_cell(struct pins *p, const uint8_t *cell)
{
    struct blob_ref ref;
    struct cell c;

    if (!(cell[30] & CELL_PARTS))
        return;
    cell_decode(cell, &c);
    for (size_t i = 0; i < cell_parts(&c); i++) {
        cell_part(&c, i, &ref);
        pins_add(p, ref.file);
    }
}

void pins_deinit(struct pins *p)
{
    mem_free(p->files);
    *p = (struct pins){ 0 };
}
