/* table.c: opening reads the end of the file and believes none of it unchecked;
 * after that a block is the only thing ever read. */
#include "lsm/table.h"

#include <assert.h>
#include <lz4.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/file_name.h"
#include "lsm/table_format.h"
#include "lsm/table_index.h"
#include "lsm/table_properties.h"

/* LZ4 makes at most this many bytes of one. */
enum { LZ4_RATIO_MAX = 255 };

static struct err read_whole(struct fs_file *file, uint64_t offset, uint8_t *to, size_t len)
{
    size_t got = 0;
    struct err e = fs_read(file, offset, to, len, &got);

    if (!err_is(e) && got != len)
        e = err_make(ERR_CORRUPT, 0, "table is shorter than it says");
    return e;
}

static struct err read_footer(struct table *t, struct table_footer *footer)
{
    uint8_t bytes[FOOTER_SIZE];
    struct err e;

    if (t->meta.size < FOOTER_SIZE)
        return err_make(ERR_CORRUPT, 0, "table is shorter than its footer");
    e = read_whole(t->file, t->meta.size - FOOTER_SIZE, bytes, sizeof bytes);
    if (err_is(e))
        return e;
    switch (table_footer_get(bytes, t->meta.size, footer)) {
    case TABLE_FOOTER_VERSION:
        return err_make(ERR_CORRUPT, 0, "table is of a version this program does not know");
    case TABLE_FOOTER_DAMAGED:
        return err_make(ERR_CORRUPT, 0, "table's footer is damaged");
    case TABLE_FOOTER_GOOD:
        break;
    }
    if (footer->id != t->meta.id)
        return err_make(ERR_CORRUPT, 0, "table is another one than its name says");
    return err_ok();
}

/* A section in memory of its own.  It fits into the file, so its length is no more
 * than what is there. */
static struct err read_section(struct table *t, const struct table_section *s, uint8_t **out)
{
    uint8_t *bytes = mem_alloc((size_t)s->len);
    struct err e = read_whole(t->file, s->offset, bytes, (size_t)s->len);

    if (!err_is(e) && crc32c_extend(0, bytes, (size_t)s->len) != s->crc)
        e = err_make(ERR_CORRUPT, 0, "table's section has a wrong checksum");
    if (err_is(e))
        mem_free(bytes);
    else
        *out = bytes;
    return e;
}

static struct err read_filter(struct table *t, const struct table_section *s)
{
    struct err e;

    if (s->len == 0 || s->len % FILTER_LINE != 0 || s->len >> 38)
        return err_make(ERR_CORRUPT, 0, "table's filter has an impossible length");
    e = read_section(t, s, &t->filter);
    t->filter_size = (size_t)s->len;
    return e;
}

static struct err read_index(struct table *t, const struct table_footer *footer)
{
    uint8_t *bytes = NULL;
    struct err e = read_section(t, &footer->index, &bytes);

    if (!err_is(e))
        e = table_index_open(&t->index, bytes, (size_t)footer->index.len, footer->blocks,
                             footer->index.offset);
    t->blocks = footer->blocks;
    return e;
}

static struct err read_properties(struct table *t, const struct table_section *s)
{
    uint8_t *bytes = NULL;
    struct err e = read_section(t, s, &bytes);

    if (err_is(e))
        return e;
    e = table_properties_get(slice_of(bytes, (size_t)s->len), &t->meta);
    mem_free(bytes);
    if (err_is(e))
        return e;
    if (t->meta.cells < t->blocks || t->meta.min_position != table_index_first(t->index, 0) ||
        t->meta.max_position < table_index_first(t->index, t->blocks - 1))
        e = err_make(ERR_CORRUPT, 0, "table's properties contradict its index");
    return e;
}

static struct err open_file(struct table *t, struct fs *fs, const char *dir, uint64_t size)
{
    char *path = file_path(dir, FILE_TABLE, t->meta.id);
    struct err e = fs_open(fs, path, FS_READ, &t->file);

    mem_free(path);
    if (e.code == ERR_NOT_FOUND)
        return err_make(ERR_CORRUPT, e.os, "table is missing");
    if (!err_is(e))
        e = fs_size(t->file, &t->meta.size);
    if (!err_is(e) && size && t->meta.size != size)
        e = err_make(ERR_CORRUPT, 0, "table has another size than the manifest says");
    return e;
}

struct err table_open(struct table **out, struct fs *fs, const char *dir, uint64_t id,
                      uint64_t size)
{
    struct table *t = mem_zalloc(1, sizeof *t);
    struct table_footer footer;
    struct err e;

    t->meta.id = id;
    e = open_file(t, fs, dir, size);
    if (!err_is(e))
        e = read_footer(t, &footer);
    if (!err_is(e))
        e = read_index(t, &footer);
    if (!err_is(e))
        e = read_filter(t, &footer.filter);
    if (!err_is(e))
        e = read_properties(t, &footer.properties);
    if (err_is(e)) {
        table_close(t);
        return e;
    }
    fs_advise(t->file, 0, 0, FS_ADVISE_RANDOM);
    *out = t;
    return e;
}

void table_close(struct table *t)
{
    if (!t)
        return;
    if (t->file)
        fs_close(t->file);
    table_index_free(t->index);
    mem_free(t->filter);
    mem_free(t->meta.blobs);
    mem_free(t);
}

size_t table_memory(const struct table *t)
{
    return sizeof *t + table_index_memory(t->index) + t->filter_size +
           t->meta.blob_count * sizeof *t->meta.blobs;
}

uint32_t table_locate(const struct table *t, const struct cell_key *key)
{
    if (key->position > t->meta.max_position)
        return t->blocks;
    return table_index_locate(t->index, key);
}

bool table_only_block(const struct table *t, uint64_t position, uint32_t *block)
{
    return table_index_only(t->index, position, block);
}

void table_prefetch(const struct table *t, uint64_t position)
{
    table_index_prefetch(t->index, position);
}

void table_extent(const struct table *t, uint32_t i, uint64_t *offset, uint32_t *size)
{
    table_index_extent(t->index, i, offset, size);
}

/* The payload in memory of its own.  The trailer's crc holds, so its length is no
 * accident; it meets its limits anyway. */
static struct err decompress(const uint8_t *bytes, size_t stored, uint8_t **payload, size_t *len)
{
    const uint8_t *trailer = bytes + stored;
    size_t raw = wire_get32(trailer + 4);
    bool lz4 = trailer[0] == CODEC_LZ4;
    uint8_t *out;

    if ((!lz4 && trailer[0] != CODEC_NONE) || trailer[1] || trailer[2] || trailer[3])
        return err_make(ERR_CORRUPT, 0, "block has an unknown codec");
    if (raw > BLOCK_PAYLOAD_MAX || (lz4 ? raw / LZ4_RATIO_MAX > stored : raw != stored))
        return err_make(ERR_CORRUPT, 0, "block has an impossible length");
    out = mem_alloc(raw);
    if (!lz4)
        memcpy(out, bytes, raw);
    else if (LZ4_decompress_safe((const char *)bytes, (char *)out, (int)stored, (int)raw) !=
             (int)raw) {
        mem_free(out);
        return err_make(ERR_CORRUPT, 0, "block does not decompress");
    }
    *payload = out;
    *len = raw;
    return err_ok();
}

/* The payload is safe to read and in its place among the others. */
static struct err check_payload(const struct table *t, uint32_t i, struct slice payload)
{
    struct table_block b;
    struct err e = table_block_open(payload, &b);
    uint64_t last;

    if (!err_is(e))
        e = table_block_measure(&b);
    if (err_is(e))
        return e;
    last = wire_get64(b.positions + (size_t)(b.count - 1) * 8);
    if (!table_index_agrees(t->index, i, b.bytes, last) ||
        (i + 1 == t->blocks && last != t->meta.max_position))
        return err_make(ERR_CORRUPT, 0, "block is not what the index says");
    return err_ok();
}

struct err table_unpack(const struct table *t, uint32_t i, const uint8_t *bytes, uint8_t **payload,
                        size_t *len)
{
    uint64_t offset;
    uint32_t size;
    uint8_t *out = NULL;
    struct err e;

    table_index_extent(t->index, i, &offset, &size);
    size_t stored = size - BLOCK_TRAILER_SIZE;
    if (wire_get32(bytes + stored + 8) !=
        block_crc(t->meta.id, offset, slice_of(bytes, stored), bytes + stored))
        return err_make(ERR_CORRUPT, 0, "block has a wrong checksum");
    e = decompress(bytes, stored, &out, len);
    if (err_is(e))
        return e;
    e = check_payload(t, i, slice_of(out, *len));
    if (err_is(e))
        mem_free(out);
    else
        *payload = out;
    return e;
}

struct err table_read(struct table *t, uint32_t i, uint8_t **payload, size_t *len)
{
    uint64_t offset;
    uint32_t size;
    uint8_t *bytes;
    struct err e;

    assert(i < t->blocks);
    table_extent(t, i, &offset, &size);
    bytes = mem_alloc(size);
    e = read_whole(t->file, offset, bytes, size);
    if (!err_is(e))
        e = table_unpack(t, i, bytes, payload, len);
    mem_free(bytes);
    return e;
}
