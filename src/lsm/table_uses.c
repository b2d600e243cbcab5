/* table_uses.c: the properties have the sums. */
#include "lsm/table_uses.h"

void table_uses_add(struct edit *e, const struct table *t)
{
    for (uint32_t i = 0; i < t->meta.blob_count; i++)
        edit_live(e, t->meta.blobs[i].file, (int64_t)t->meta.blobs[i].bytes);
}

void table_uses_subtract(struct edit *e, const struct table *t)
{
    for (uint32_t i = 0; i < t->meta.blob_count; i++)
        edit_live(e, t->meta.blobs[i].file, -(int64_t)t->meta.blobs[i].bytes);
}
