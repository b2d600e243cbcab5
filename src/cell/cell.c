/* cell.c: the one encoding of a cell; drawn in cell.h. */
#include "cell/cell.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "cell/position.h"

struct cell_key cell_head_key(uint8_t db, struct slice key)
{
    return (
        struct cell_key){ .position = position_of(key), .db = db, .kind = CELL_HEAD, .key = key };
}

uint64_t cell_parts_length(const struct cell *c)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < cell_parts(c); i++)
        sum += wire_get32(c->value.data + i * BLOB_REF_SIZE + 16);
    return sum;
}

static size_t unpadded_size(const struct cell *c)
{
    size_t n = CELL_FIXED_SIZE + c->key.key.len + c->key.subkey.len + c->value.len;
    if (c->flags & CELL_EXPIRES)
        n += 8;
    if (c->flags & CELL_CONTEXT)
        n += 2 + c->context.len;
    return n;
}

size_t cell_size(const struct cell *c)
{
    return (unpadded_size(c) + 7) & ~(size_t)7;
}

static uint8_t *put_bytes(uint8_t *p, struct slice bytes)
{
    if (bytes.len)
        memcpy(p, bytes.data, bytes.len);
    return p + bytes.len;
}

void cell_encode(const struct cell *c, uint8_t *out)
{
    size_t size = cell_size(c);
    uint8_t *p = out + CELL_FIXED_SIZE;

    assert(c->key.key.len <= LIMIT_KEY && c->key.subkey.len <= LIMIT_SUBKEY);
    assert(c->value.len <= LIMIT_VALUE && c->context.len <= UINT16_MAX);
    assert(!(c->flags & CELL_TOMBSTONE) || c->value.len == 0);
    assert(!(c->flags & CELL_BLOB) || c->value.len == BLOB_REF_SIZE);
    assert(!(c->flags & CELL_PARTS) || c->value.len % BLOB_REF_SIZE == 0);
    wire_put64(out, c->key.position);
    wire_put64(out + 8, c->stamp);
    wire_put32(out + 16, (uint32_t)c->value.len);
    wire_put32(out + 20, c->origin);
    wire_put16(out + 24, (uint16_t)c->key.key.len);
    wire_put16(out + 26, (uint16_t)c->key.subkey.len);
    out[28] = c->key.db;
    out[29] = c->key.kind;
    out[30] = c->flags;
    out[31] = c->type;
    p = put_bytes(p, c->key.key);
    p = put_bytes(p, c->key.subkey);
    if (c->flags & CELL_EXPIRES) {
        wire_put64(p, c->expire_ms);
        p += 8;
    }
    if (c->flags & CELL_CONTEXT) {
        wire_put16(p, (uint16_t)c->context.len);
        p = put_bytes(p + 2, c->context);
    }
    p = put_bytes(p, c->value);
    memset(p, 0, size - (size_t)(p - out));
}

void cell_decode(const uint8_t *p, struct cell *out)
{
    const uint8_t *at = p + CELL_FIXED_SIZE;

    out->key.position = wire_get64(p);
    out->stamp = wire_get64(p + 8);
    out->origin = wire_get32(p + 20);
    out->key.key = slice_of(at, wire_get16(p + 24));
    at += out->key.key.len;
    out->key.subkey = slice_of(at, wire_get16(p + 26));
    at += out->key.subkey.len;
    out->key.db = p[28];
    out->key.kind = p[29];
    out->flags = p[30];
    out->type = p[31];
    out->expire_ms = 0;
    if (out->flags & CELL_EXPIRES) {
        out->expire_ms = wire_get64(at);
        at += 8;
    }
    out->context = slice_of(NULL, 0);
    if (out->flags & CELL_CONTEXT) {
        out->context = slice_of(at + 2, wire_get16(at));
        at += 2 + out->context.len;
    }
    out->value = slice_of(at, wire_get32(p + 16));
}

/* The sizes in the fixed part fit into `bytes`; *size is the whole, not padded. */
static struct err check_sizes(struct slice bytes, uint8_t flags, size_t *size)
{
    const uint8_t *p = bytes.data;
    uint64_t n;

    if (bytes.len < CELL_FIXED_SIZE)
        return err_make(ERR_CORRUPT, 0, "cell is shorter than its fixed part");
    if (p[30] & ~flags)
        return err_make(ERR_CORRUPT, 0, "cell has unknown flags");
    if (p[29] > CELL_CHUNK && p[29] != CELL_FLUSH)
        return err_make(ERR_CORRUPT, 0, "cell has an unknown kind");
    if (wire_get32(p + 16) > LIMIT_VALUE)
        return err_make(ERR_CORRUPT, 0, "cell has a value beyond the limit");
    if ((p[30] & CELL_TOMBSTONE) && wire_get32(p + 16) != 0)
        return err_make(ERR_CORRUPT, 0, "tombstone has a value");
    if ((p[30] & CELL_BLOB) && wire_get32(p + 16) != BLOB_REF_SIZE)
        return err_make(ERR_CORRUPT, 0, "reference to a value has another size");
    if ((p[30] & CELL_PARTS) &&
        ((p[30] & (CELL_BLOB | CELL_TOMBSTONE)) || wire_get32(p + 16) == 0 ||
         wire_get32(p + 16) % BLOB_REF_SIZE != 0 || p[29] != CELL_HEAD))
        return err_make(ERR_CORRUPT, 0, "a value in pieces is none");
    n = (uint64_t)CELL_FIXED_SIZE + wire_get16(p + 24) + wire_get16(p + 26);
    if (p[30] & CELL_EXPIRES)
        n += 8;
    if (p[30] & CELL_CONTEXT) {
        if (n + 2 > bytes.len)
            return err_make(ERR_CORRUPT, 0, "cell ends within its context");
        n += 2 + (uint64_t)wire_get16(p + n);
    }
    n += wire_get32(p + 16);
    if (((n + 7) & ~(uint64_t)7) > bytes.len)
        return err_make(ERR_CORRUPT, 0, "cell ends within its value");
    *size = (size_t)n;
    return err_ok();
}

/* What is inside agrees with itself. */
static struct err check_meaning(const struct cell *c)
{
    if (c->key.kind == CELL_FLUSH) {
        if (c->key.key.len || c->key.subkey.len || c->value.len || c->key.position || c->flags ||
            c->type)
            return err_make(ERR_CORRUPT, 0, "flush has a key or a value");
        if (c->key.db >= LIMIT_DATABASES && c->key.db != CELL_DB_ALL)
            return err_make(ERR_CORRUPT, 0, "flush of an unknown database");
        return err_ok();
    }
    if (c->key.db >= LIMIT_DATABASES)
        return err_make(ERR_CORRUPT, 0, "cell of an unknown database");
    if (c->key.kind != CELL_HEAD && c->type != CELL_NONE)
        return err_make(ERR_CORRUPT, 0, "cell has a type and is no head");
    if (c->key.position != position_of(c->key.key))
        return err_make(ERR_CORRUPT, 0, "cell is not at its key's position");
    if ((c->flags & CELL_PARTS) && cell_parts_length(c) > LIMIT_VALUE)
        return err_make(ERR_CORRUPT, 0, "cell has a value beyond the limit");
    return err_ok();
}

static struct err decode_checked(struct slice bytes, uint8_t flags, struct cell *out, size_t *used)
{
    size_t size = 0;
    struct err e = check_sizes(bytes, flags, &size);

    if (err_is(e))
        return e;
    cell_decode(bytes.data, out);
    e = check_meaning(out);
    if (err_is(e))
        return e;
    *used = (size + 7) & ~(size_t)7;
    for (size_t i = size; i < *used; i++) {
        if (bytes.data[i])
            return err_make(ERR_CORRUPT, 0, "cell's padding is not zero");
    }
    return err_ok();
}

struct err cell_decode_checked(struct slice bytes, struct cell *out, size_t *used)
{
    return decode_checked(bytes, CELL_FLAGS_ALL, out, used);
}

struct err cell_decode_stored(struct slice bytes, struct cell *out, size_t *used)
{
    struct err e = decode_checked(bytes, CELL_FLAGS_STORED, out, used);

    if (err_is(e))
        return e;
    if (out->key.kind == CELL_FLUSH)
        return err_make(ERR_CORRUPT, 0, "a flush is no cell of a table");
    if (out->flags & CELL_BLOB && cell_value_length(out) > LIMIT_VALUE)
        return err_make(ERR_CORRUPT, 0, "cell refers to a value beyond the limit");
    return err_ok();
}

struct err cell_measure(struct slice bytes, size_t *size)
{
    struct err e = check_sizes(bytes, CELL_FLAGS_STORED, size);

    if (err_is(e))
        return e;
    if (bytes.data[29] == CELL_FLUSH || bytes.data[28] >= LIMIT_DATABASES)
        return err_make(ERR_CORRUPT, 0, "cell of no database");
    *size = (*size + 7) & ~(size_t)7;
    return err_ok();
}

int cell_key_compare(const struct cell_key *a, const struct cell_key *b)
{
    int c;

    if (a->position != b->position)
        return a->position < b->position ? -1 : 1;
    if (a->db != b->db)
        return a->db < b->db ? -1 : 1;
    c = slice_compare(a->key, b->key);
    if (c)
        return c;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return slice_compare(a->subkey, b->subkey);
}
