/* table_properties.c: sums and bounds over a table's cells. */
#include "lsm/table_properties.h"

#include <string.h>

#include "base/mem.h"
#include "cell/cell.h"
#include "lsm/table_format.h"

enum { HEADS_AT = 80, EXPIRING_AT = HEADS_AT + 8 * LIMIT_DATABASES };

void table_meta_init(struct table_meta *meta, uint64_t id)
{
    *meta = (struct table_meta){ .id = id, .min_stamp = UINT64_MAX, .min_expire_ms = UINT64_MAX };
}

/* Which of the uses is of `file`, or where it would be. */
static uint32_t find_use(const struct table_meta *meta, uint64_t file)
{
    uint32_t low = 0, high = meta->blob_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (meta->blobs[middle].file < file)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void count_ref(struct table_meta *meta, const struct blob_ref *ref, size_t *room)
{
    uint32_t i = find_use(meta, ref->file);

    if (i == meta->blob_count || meta->blobs[i].file != ref->file) {
        if (meta->blob_count == *room) {
            *room = *room ? *room * 2 : 4;
            meta->blobs = mem_realloc(meta->blobs, *room * sizeof *meta->blobs);
        }
        memmove(meta->blobs + i + 1, meta->blobs + i, (meta->blob_count - i) * sizeof *meta->blobs);
        meta->blobs[i] = (struct blob_use){ .file = ref->file };
        meta->blob_count++;
    }
    meta->blobs[i].bytes += ref->length;
}

static void count_refs(struct table_meta *meta, const struct cell *c, size_t *room)
{
    struct blob_ref ref;

    for (size_t i = 0; i < cell_parts(c); i++) {
        cell_part(c, i, &ref);
        count_ref(meta, &ref, room);
    }
}

static void count_live(struct table_meta *meta, const struct cell *c)
{
    uint64_t expire_ms = c->flags & CELL_EXPIRES ? c->expire_ms : UINT64_MAX;

    if (expire_ms < meta->min_expire_ms)
        meta->min_expire_ms = expire_ms;
    if (expire_ms > meta->max_expire_ms)
        meta->max_expire_ms = expire_ms;
}

static void count_head(struct table_meta *meta, const struct cell *c)
{
    bool live = !(c->flags & CELL_TOMBSTONE);

    meta->heads[c->key.db] += live;
    meta->expiring[c->key.db] += live && (c->flags & CELL_EXPIRES);
    meta->over[c->key.db] += (c->flags & CELL_OVER_LIVE) != 0;
    meta->over_expiring[c->key.db] += (c->flags & CELL_OVER_EXPIRING) != 0;
}

void table_meta_count(struct table_meta *meta, const uint8_t *cell, size_t size, bool again,
                      size_t *room)
{
    struct cell c;

    cell_decode(cell, &c);
    if (meta->cells == 0)
        meta->min_position = c.key.position;
    meta->max_position = c.key.position;
    meta->cells++;
    meta->keys += !again;
    meta->raw_bytes += size;
    if (c.stamp < meta->min_stamp)
        meta->min_stamp = c.stamp;
    if (c.stamp > meta->max_stamp)
        meta->max_stamp = c.stamp;
    meta->databases |= (uint16_t)(1u << c.key.db);
    if (c.key.kind == CELL_HEAD)
        count_head(meta, &c);
    if (c.flags & CELL_TOMBSTONE)
        meta->tombstones++;
    else
        count_live(meta, &c);
    if (c.flags & (CELL_BLOB | CELL_PARTS))
        count_refs(meta, &c, room);
}

void table_properties_put(const struct table_meta *meta, struct buf *out)
{
    size_t size = PROPERTIES_FIXED_SIZE + (size_t)meta->blob_count * BLOB_USE_SIZE;
    uint8_t *p = buf_reserve(out, size);

    wire_put64(p, meta->min_position);
    wire_put64(p + 8, meta->max_position);
    wire_put64(p + 16, meta->cells);
    wire_put64(p + 24, meta->keys);
    wire_put64(p + 32, meta->tombstones);
    wire_put64(p + 40, meta->raw_bytes);
    wire_put64(p + 48, meta->min_stamp);
    wire_put64(p + 56, meta->max_stamp);
    wire_put64(p + 64, meta->min_expire_ms);
    wire_put64(p + 72, meta->max_expire_ms);
    for (unsigned i = 0; i < LIMIT_DATABASES; i++) {
        uint8_t *heads = p + HEADS_AT + (size_t)i * 8, *expiring = p + EXPIRING_AT + (size_t)i * 8;
        wire_put32(heads, meta->heads[i]);
        wire_put32(heads + 4, meta->over[i]);
        wire_put32(expiring, meta->expiring[i]);
        wire_put32(expiring + 4, meta->over_expiring[i]);
    }
    wire_put32(p + 336, meta->databases);
    wire_put32(p + 340, meta->blob_count);
    for (uint32_t i = 0; i < meta->blob_count; i++) {
        wire_put64(p + PROPERTIES_FIXED_SIZE + (size_t)i * BLOB_USE_SIZE, meta->blobs[i].file);
        wire_put64(p + PROPERTIES_FIXED_SIZE + (size_t)i * BLOB_USE_SIZE + 8, meta->blobs[i].bytes);
    }
    out->len += size;
}

/* The numbers can be those of one table. */
static bool possible(const struct table_meta *meta)
{
    uint64_t heads = 0, over = 0;

    for (unsigned i = 0; i < LIMIT_DATABASES; i++) {
        if (meta->expiring[i] > meta->heads[i] || meta->over_expiring[i] > meta->over[i] ||
            ((meta->heads[i] || meta->over[i]) && !(meta->databases >> i & 1)))
            return false;
        heads += meta->heads[i];
        over += meta->over[i];
    }
    return meta->keys && meta->keys <= meta->cells && meta->min_position <= meta->max_position &&
           (meta->keys == 1) == (meta->min_position == meta->max_position) &&
           meta->tombstones <= meta->cells && heads <= meta->cells - meta->tombstones &&
           over <= meta->cells && meta->cells <= UINT32_MAX &&
           meta->raw_bytes / CELL_FIXED_SIZE >= meta->cells && meta->min_stamp <= meta->max_stamp &&
           meta->databases;
}

static struct err get_blobs(struct slice bytes, struct table_meta *meta)
{
    for (uint32_t i = 0; i < meta->blob_count; i++) {
        const uint8_t *p = bytes.data + (size_t)i * BLOB_USE_SIZE;
        meta->blobs[i] = (struct blob_use){ wire_get64(p), wire_get64(p + 8) };
        if (i && meta->blobs[i].file <= meta->blobs[i - 1].file)
            return err_make(ERR_CORRUPT, 0, "properties have blob uses out of order");
    }
    return err_ok();
}

struct err table_properties_get(struct slice bytes, struct table_meta *meta)
{
    const uint8_t *p = bytes.data;
    struct err e;

    if (bytes.len < PROPERTIES_FIXED_SIZE || wire_get32(p + 336) > UINT16_MAX ||
        (bytes.len - PROPERTIES_FIXED_SIZE) / BLOB_USE_SIZE != wire_get32(p + 340) ||
        (bytes.len - PROPERTIES_FIXED_SIZE) % BLOB_USE_SIZE != 0)
        return err_make(ERR_CORRUPT, 0, "properties have an impossible length");
    meta->min_position = wire_get64(p);
    meta->max_position = wire_get64(p + 8);
    meta->cells = wire_get64(p + 16);
    meta->keys = wire_get64(p + 24);
    meta->tombstones = wire_get64(p + 32);
    meta->raw_bytes = wire_get64(p + 40);
    meta->min_stamp = wire_get64(p + 48);
    meta->max_stamp = wire_get64(p + 56);
    meta->min_expire_ms = wire_get64(p + 64);
    meta->max_expire_ms = wire_get64(p + 72);
    for (unsigned i = 0; i < LIMIT_DATABASES; i++) {
        const uint8_t *heads = p + HEADS_AT + (size_t)i * 8;
        const uint8_t *expiring = p + EXPIRING_AT + (size_t)i * 8;
        meta->heads[i] = wire_get32(heads);
        meta->over[i] = wire_get32(heads + 4);
        meta->expiring[i] = wire_get32(expiring);
        meta->over_expiring[i] = wire_get32(expiring + 4);
    }
    meta->databases = (uint16_t)wire_get32(p + 336);
    meta->blob_count = wire_get32(p + 340);
    if (!possible(meta))
        return err_make(ERR_CORRUPT, 0, "properties contradict each other");
    meta->blobs = mem_alloc(meta->blob_count * sizeof *meta->blobs);
    e = get_blobs(slice_of(p + PROPERTIES_FIXED_SIZE, bytes.len - PROPERTIES_FIXED_SIZE), meta);
    if (err_is(e)) {
        mem_free(meta->blobs);
        meta->blobs = NULL;
    }
    return e;
}
