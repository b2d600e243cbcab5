/* pick_edit.c: picks that need no job. */
#include <assert.h>

#include "lsm/pick.h"
#include "lsm/table_uses.h"

void pick_edit(const struct pick *p, struct edit *e)
{
    assert(p->kind == PICK_MOVE || p->kind == PICK_DROP);
    for (size_t i = 0; i < p->upper_count; i++) {
        struct table *t = p->upper[i];
        edit_drop_table(e, t->meta.id);
        if (p->kind == PICK_MOVE)
            edit_add_table(e, p->to, 0, t);
        else
            table_uses_subtract(e, t);
    }
}
