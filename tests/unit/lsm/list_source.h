/* list_source.h: a list of cells as a source, which can fail. */
#ifndef HENGE_UNIT_LIST_SOURCE_H
#define HENGE_UNIT_LIST_SOURCE_H

#include "cell_list.h"
#include "lsm/cell_source.h"

struct list_source {
    struct cell_source source; /* first */
    const struct cell_list *list;
    size_t at;
    size_t fail_at; /* the cell it fails to reach; SIZE_MAX for none */
    uint8_t *shown; /* a copy: the one before is freed, as a real source may */
};

void list_source_init(struct list_source *s, const struct cell_list *list, size_t fail_at);
void list_source_deinit(struct list_source *s);

#endif
