/* table_writer.c: blocks go out as they fill up; what finds them is gathered in
 * memory and written behind them. */
#include "lsm/table_writer.h"

#include <assert.h>
#include <lz4.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "lsm/file_name.h"
#include "lsm/filter.h"
#include "lsm/table_block.h"
#include "lsm/table_format.h"
#include "lsm/table_index.h"
#include "lsm/table_properties.h"

enum { PIECE = 512 * 1024 /* written at a time */ };

struct table_writer {
    struct fs *fs;
    struct fs_file *file;
    char *path;
    struct table_options options;
    struct table_meta meta;
    size_t blob_room;
    struct block_builder block;
    bool split;        /* the block's first position is that of the cell before */
    size_t last;       /* where the last cell is in the block */
    struct buf packed; /* for a block that is compressed */
    struct buf payload;
    struct buf out; /* not written yet */
    uint64_t written;
    struct index_builder index;
    struct buf positions; /* u64, different ones */
    struct err failed;    /* the first error */
};

struct err table_writer_open(struct table_writer **out, struct fs *fs, const char *dir, uint64_t id,
                             const struct table_options *options)
{
    char *path = file_path(dir, FILE_TABLE, id);
    struct fs_file *file = NULL;
    struct err e = fs_open(fs, path, FS_READ | FS_WRITE | FS_CREATE, &file);

    if (err_is(e)) {
        mem_free(path);
        return e;
    }
    struct table_writer *w = mem_zalloc(1, sizeof *w);
    w->fs = fs;
    w->file = file;
    w->path = path;
    w->options = *options;
    table_meta_init(&w->meta, id);
    *out = w;
    return e;
}

static void write_out(struct table_writer *w)
{
    if (!err_is(w->failed))
        w->failed = fs_write(w->file, w->written, buf_slice(&w->out));
    /* Or the whole table would be waited for at its end. */
    fs_advise(w->file, w->written, w->out.len, FS_ADVISE_SYNC);
    w->written += w->out.len;
    w->out.len = 0;
}

/* The payload's bytes as they are stored. */
static struct slice pack(struct table_writer *w, enum table_codec *codec)
{
    struct slice raw = buf_slice(&w->payload);
    int room = LZ4_compressBound((int)raw.len), len;

    *codec = CODEC_NONE;
    if (!w->options.compress)
        return raw;
    w->packed.len = 0;
    len = LZ4_compress_default((const char *)raw.data,
                               (char *)buf_reserve(&w->packed, (size_t)room), (int)raw.len, room);
    if (len <= 0 || (size_t)len > raw.len - raw.len / 8)
        return raw;
    *codec = CODEC_LZ4;
    return slice_of(w->packed.data, (size_t)len);
}

static void end_block(struct table_writer *w)
{
    uint64_t offset = w->written + w->out.len;
    enum table_codec codec;
    uint8_t trailer[BLOCK_TRAILER_SIZE] = { 0 };
    struct slice stored;

    index_builder_add(&w->index, w->block.cells.data, offset, w->split);
    w->payload.len = 0;
    block_builder_finish(&w->block, &w->payload);
    assert(w->payload.len <= BLOCK_PAYLOAD_MAX);
    stored = pack(w, &codec);
    trailer[0] = (uint8_t)codec;
    wire_put32(trailer + 4, (uint32_t)w->payload.len);
    wire_put32(trailer + 8, block_crc(w->meta.id, offset, stored, trailer));
    buf_append(&w->out, stored);
    buf_append(&w->out, slice_of(trailer, sizeof trailer));
    if (w->out.len >= PIECE)
        write_out(w);
}

static bool in_order(const uint8_t *before, const uint8_t *cell)
{
    struct cell a, b;

    if (cell_encoded_position(before) != cell_encoded_position(cell))
        return cell_encoded_position(before) < cell_encoded_position(cell);
    cell_decode(before, &a);
    cell_decode(cell, &b);
    return cell_key_compare(&a.key, &b.key) < 0;
}

struct err table_writer_add(struct table_writer *w, const uint8_t *cell, size_t size)
{
    uint64_t position = cell_encoded_position(cell);
    bool again = false; /* the position of the cell before */

    if (err_is(w->failed))
        return w->failed;
    if (w->meta.cells) {
        assert(in_order(w->block.cells.data + w->last, cell));
        again = position == w->meta.max_position;
    }
    if (w->block.cells.len && block_builder_size(&w->block) + size + 12 > w->options.block_size) {
        end_block(w);
        w->split = again;
    }
    w->last = w->block.cells.len;
    block_builder_add(&w->block, cell, size);
    if (!again) {
        wire_put64(buf_reserve(&w->positions, 8), position);
        w->positions.len += 8;
    }
    table_meta_count(&w->meta, cell, size, again, &w->blob_room);
    return w->failed;
}

uint64_t table_writer_size(const struct table_writer *w)
{
    return w->written + w->out.len + block_builder_size(&w->block) + BLOCK_TRAILER_SIZE +
           index_builder_size(&w->index) + filter_size(w->meta.keys, w->options.filter_bits) +
           PROPERTIES_FIXED_SIZE + w->meta.blob_count * (uint64_t)BLOB_USE_SIZE + FOOTER_SIZE;
}

uint64_t table_writer_position(const struct table_writer *w)
{
    assert(w->meta.cells);
    return w->meta.max_position;
}

/* What was appended to `out` since `from` is a section. */
static struct table_section section(const struct table_writer *w, size_t from)
{
    size_t len = w->out.len - from;

    return (struct table_section){ w->written + from, len,
                                   crc32c_extend(0, w->out.data + from, len) };
}

static void append_filter(struct table_writer *w)
{
    size_t size = filter_size(w->meta.keys, w->options.filter_bits);
    uint8_t *filter = buf_reserve(&w->out, size);

    memset(filter, 0, size);
    for (size_t at = 0; at < w->positions.len; at += 8)
        filter_add(filter, size, wire_get64(w->positions.data + at));
    w->out.len += size;
}

static void append_rest(struct table_writer *w)
{
    struct table_footer footer = { .version = TABLE_FORMAT_VERSION, .id = w->meta.id };
    size_t at = w->out.len;

    footer.blocks = index_builder_blocks(&w->index);
    index_builder_finish(&w->index, &w->out);
    footer.index = section(w, at);
    at = w->out.len;
    append_filter(w);
    footer.filter = section(w, at);
    at = w->out.len;
    table_properties_put(&w->meta, &w->out);
    footer.properties = section(w, at);
    w->meta.size = footer.size = w->written + w->out.len + FOOTER_SIZE;
    table_footer_put(buf_reserve(&w->out, FOOTER_SIZE), &footer);
    w->out.len += FOOTER_SIZE;
}

static void writer_free(struct table_writer *w)
{
    block_builder_deinit(&w->block);
    index_builder_deinit(&w->index);
    buf_deinit(&w->packed);
    buf_deinit(&w->payload);
    buf_deinit(&w->out);
    buf_deinit(&w->positions);
    mem_free(w->meta.blobs);
    mem_free(w->path);
    mem_free(w);
}

struct err table_writer_finish(struct table_writer *w, struct table_meta *meta)
{
    struct err e;

    assert(w->meta.cells);
    end_block(w);
    append_rest(w);
    write_out(w);
    if (!err_is(w->failed))
        w->failed = fs_sync(w->file);
    e = w->failed;
    if (err_is(e)) {
        table_writer_abandon(w, true);
        return e;
    }
    *meta = w->meta;
    w->meta.blobs = NULL;
    fs_close(w->file); /* it is synced: nothing of it can be lost any more */
    writer_free(w);
    return e;
}

void table_writer_abandon(struct table_writer *w, bool remove)
{
    if (!w)
        return;
    fs_close(w->file);
    if (remove)
        fs_remove(w->fs, w->path);
    writer_free(w);
}
