/* lookup.c: table after table, block after block. */
#include "lsm/lookup.h"

#include "base/mem.h"
#include "lsm/table_block.h"

enum {
    LOOKUP_FIRST = 4,
    LOOKUP_BACK = 32, /* blocks: more than one key is looked for in */
};

static void add_block(struct lookup *l, struct table *t, uint32_t block, uint8_t *payload,
                      size_t len)
{
    if (l->count == l->room) {
        l->room = l->room ? l->room * 2 : LOOKUP_FIRST;
        l->blocks = mem_realloc(l->blocks, l->room * sizeof *l->blocks);
    }
    l->blocks[l->count++] = (struct lookup_block){ t, block, payload, len };
}

/* The payload of a block, read if it was not a short while before. */
static struct slice block_of(struct lookup *l, struct table *t, uint32_t block, struct err *e)
{
    uint8_t *payload;
    size_t len;

    for (size_t i = l->count; i-- > 0 && i + LOOKUP_BACK >= l->count;) {
        if (l->blocks[i].table == t && l->blocks[i].block == block)
            return slice_of(l->blocks[i].payload, l->blocks[i].len);
    }
    *e = table_read(t, block, &payload, &len);
    if (err_is(*e))
        return slice_of(NULL, 0);
    add_block(l, t, block, payload, len);
    return slice_of(payload, len);
}

void lookup_read(struct lookup *l, struct table *t, uint32_t block, struct err *e)
{
    *e = err_ok();
    block_of(l, t, block, e);
}

/* The key's cell in this table, or NULL.  Tables in front of `skip` are passed over. */
static const uint8_t *find_in(struct lookup *l, struct table *t, const struct cell_key *key,
                              size_t *skip, struct err *e)
{
    struct table_block b;
    struct slice payload;
    uint32_t block;

    if (!table_may_hold(t, key->position))
        return NULL;
    block = table_locate(t, key);
    if (block == t->blocks)
        return NULL;
    if (*skip > 0) {
        (*skip)--;
        return NULL;
    }
    payload = block_of(l, t, block, e);
    if (!err_is(*e))
        *e = table_block_open(payload, &b);
    return err_is(*e) ? NULL : table_block_find(&b, key);
}

const uint8_t *lookup_find(struct lookup *l, const struct cell_key *key, struct err *e)
{
    const struct version *v = l->version;
    const uint8_t *cell = NULL;
    size_t skip = l->skip;

    *e = err_ok();
    for (size_t i = 0; i < v->levels[0].count && !cell && !err_is(*e); i++)
        cell = find_in(l, v->levels[0].tables[i].table, key, &skip, e);
    for (unsigned level = 1; level < LEVELS && !cell && !err_is(*e); level++) {
        struct table *t = v->levels[level].count ? version_table(v, level, key->position) : NULL;
        if (t)
            cell = find_in(l, t, key, &skip, e);
    }
    return cell;
}

void lookup_deinit(struct lookup *l)
{
    for (size_t i = 0; i < l->count; i++)
        mem_free(l->blocks[i].payload);
    mem_free(l->blocks);
    *l = (struct lookup){ .version = l->version };
}
