/* table_format_test.c: the bytes of a table, one by one: they may not change without
 * a new format version.  Made by another program, from table_format.h's drawing alone;
 * bytes that are not listed are zeros. */
#include "lsm/table_format.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/table.h"
#include "lsm/table_source.h"
#include "lsm/table_writer.h"
#include "memory_fs.h"

static const uint8_t golden[] = {
    /* clang-format off */
    /* block 0: a cell */
    [0] = 0xf9, 0x1d, 0x90, 0x7d, 0xb9, 0xad, 0x5a, 0xbe,
    [8] = 0x22, 0x11, 0, 0, 0, 0, 0, 0,
    [16] = 0x03, 0, 0, 0, 0, 0, 0, 0,
    [24] = 0x03, 0, 0, 0, 0x01, 0, 0x02, 0x01,
    [32] = 0x66, 0x6f, 0x6f, 0x33, 0x44, 0x55, 0x66, 0x77,
    [40] = 0, 0, 0, 0x62, 0x61, 0x72, 0, 0,
    /* positions */
    [48] = 0xf9, 0x1d, 0x90, 0x7d, 0xb9, 0xad, 0x5a, 0xbe,
    /* offsets */
    [56] = 0, 0, 0, 0,
    /* count */
    [60] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    /* codec, raw length, crc32c */
    [68] = 0, 0, 0, 0, 0x44, 0, 0, 0,
    [76] = 0xb4, 0x1f, 0x6c, 0xff,
    /* block 1: a cell */
    [80] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    [88] = 0x33, 0x22, 0, 0, 0, 0, 0, 0,
    [96] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    [104] = 0x01, 0, 0x01, 0, 0x02, 0x01, 0, 0,
    [112] = 0x78, 0x61, 0x31, 0, 0, 0, 0, 0,
    /* block 1: a cell */
    [120] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    [128] = 0x44, 0x33, 0, 0, 0, 0, 0, 0,
    [144] = 0x01, 0, 0x01, 0, 0x02, 0x01, 0x01, 0,
    [152] = 0x78, 0x62, 0, 0, 0, 0, 0, 0,
    /* positions */
    [160] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    [168] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    /* offsets */
    [176] = 0, 0, 0, 0, 0x28, 0, 0, 0,
    /* count */
    [184] = 0x02, 0, 0, 0, 0, 0, 0, 0,
    /* codec, raw length, crc32c */
    [192] = 0, 0, 0, 0, 0x70, 0, 0, 0,
    [200] = 0x71, 0xcd, 0x94, 0xb1,
    /* block 2: a cell */
    [204] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    [212] = 0x55, 0x44, 0, 0, 0, 0, 0, 0,
    [220] = 0x18, 0, 0, 0, 0, 0, 0, 0,
    [228] = 0x01, 0, 0x01, 0, 0x02, 0x01, 0x08, 0,
    [236] = 0x78, 0x63, 0x05, 0, 0, 0, 0, 0,
    [244] = 0, 0, 0, 0x10, 0, 0, 0, 0,
    [252] = 0, 0, 0x28, 0x23, 0, 0, 0xdd, 0xcc,
    [260] = 0xbb, 0xaa, 0, 0, 0, 0, 0, 0,
    /* positions */
    [268] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    /* offsets */
    [276] = 0, 0, 0, 0,
    /* count */
    [280] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    /* codec, raw length, crc32c */
    [288] = 0, 0, 0, 0, 0x54, 0, 0, 0,
    [296] = 0x35, 0x05, 0xd5, 0x75,
    /* index: firsts */
    [300] = 0xf9, 0x1d, 0x90, 0x7d, 0xb9, 0xad, 0x5a, 0xbe,
    [308] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    [316] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    /* offsets */
    [324] = 0, 0, 0, 0, 0, 0, 0, 0,
    [332] = 0x50, 0, 0, 0, 0, 0, 0, 0,
    [340] = 0xcc, 0, 0, 0, 0, 0, 0, 0,
    /* separator: block, key */
    [348] = 0x02, 0, 0, 0, 0, 0, 0, 0,
    [356] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    [380] = 0x01, 0, 0x01, 0, 0x02, 0x01, 0, 0,
    [388] = 0x78, 0x63, 0, 0, 0, 0, 0, 0,
    /* filter */
    [396] = 0, 0, 0x02, 0, 0, 0, 0, 0,
    [404] = 0, 0x01, 0, 0, 0, 0x01, 0x80, 0,
    [420] = 0x08, 0x02, 0, 0, 0, 0, 0, 0,
    [428] = 0, 0x08, 0, 0, 0x40, 0x40, 0, 0,
    [444] = 0, 0x80, 0x04, 0, 0, 0, 0, 0,
    [452] = 0, 0, 0, 0, 0x80, 0, 0, 0,
    /* properties: positions, cells, keys, tombstones, bytes, stamps, expiries */
    [460] = 0xf9, 0x1d, 0x90, 0x7d, 0xb9, 0xad, 0x5a, 0xbe,
    [468] = 0xcb, 0x02, 0x92, 0xb1, 0xc1, 0xab, 0x7f, 0xfe,
    [476] = 0x04, 0, 0, 0, 0, 0, 0, 0,
    [484] = 0x02, 0, 0, 0, 0, 0, 0, 0,
    [492] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    [500] = 0xc0, 0, 0, 0, 0, 0, 0, 0,
    [508] = 0x22, 0x11, 0, 0, 0, 0, 0, 0,
    [516] = 0x55, 0x44, 0, 0, 0, 0, 0, 0,
    [524] = 0x33, 0x44, 0x55, 0x66, 0x77, 0, 0, 0,
    [532] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    /* heads */
    [540] = 0, 0, 0, 0, 0, 0, 0, 0,
    [548] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    /* expiring */
    [668] = 0, 0, 0, 0, 0, 0, 0, 0,
    [676] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    /* databases, blob uses */
    [796] = 0x06, 0, 0, 0, 0x01, 0, 0, 0,
    /* file, bytes */
    [804] = 0x05, 0, 0, 0, 0, 0, 0, 0,
    [812] = 0x28, 0x23, 0, 0, 0, 0, 0, 0,
    /* footer: magic, version, blocks, id, size */
    [820] = 0x48, 0x45, 0x4e, 0x47, 0x45, 0x54, 0x42, 0x4c,
    [828] = 0x01, 0, 0, 0, 0x03, 0, 0, 0,
    [836] = 0xb2, 0xa1, 0, 0, 0, 0, 0, 0,
    [844] = 0x94, 0x03, 0, 0, 0, 0, 0, 0,
    /* offset and length of index, filter, properties */
    [852] = 0x2c, 0x01, 0, 0, 0, 0, 0, 0,
    [860] = 0x60, 0, 0, 0, 0, 0, 0, 0,
    [868] = 0x8c, 0x01, 0, 0, 0, 0, 0, 0,
    [876] = 0x40, 0, 0, 0, 0, 0, 0, 0,
    [884] = 0xcc, 0x01, 0, 0, 0, 0, 0, 0,
    [892] = 0x68, 0x01, 0, 0, 0, 0, 0, 0,
    /* crcs */
    [900] = 0x1f, 0x34, 0x15, 0x13, 0x93, 0x7b, 0x91, 0x10,
    [908] = 0x9f, 0x30, 0, 0x4d, 0x1e, 0x44, 0x1b, 0xc1,
    /* clang-format on */
};

static const uint8_t golden_lz4[] = {
    /* clang-format off */
    /* block 0: literals of LZ4 */
    [0] = 0xf0, 0x3d, 0x3a, 0xa2, 0x77, 0x67, 0x9f, 0x52,
    [8] = 0x75, 0x7f, 0x01, 0, 0, 0, 0, 0,
    [16] = 0, 0, 0x14, 0, 0, 0, 0, 0,
    [24] = 0, 0, 0x01, 0, 0, 0, 0, 0,
    [32] = 0, 0x01, 0x7a, 0x76, 0x76, 0x76, 0x76, 0x76,
    [40] = 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76,
    [48] = 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0,
    [56] = 0, 0, 0x3a, 0xa2, 0x77, 0x67, 0x9f, 0x52,
    [64] = 0x75, 0x7f, 0, 0, 0, 0, 0x01, 0,
    /* codec, raw length, crc32c */
    [78] = 0x01, 0, 0, 0, 0x4c, 0, 0, 0,
    [86] = 0xb2, 0xe9, 0x68, 0x9a,
    /* index: firsts */
    [90] = 0x3a, 0xa2, 0x77, 0x67, 0x9f, 0x52, 0x75, 0x7f,
    /* offsets */
    [98] = 0, 0, 0, 0, 0, 0, 0, 0,
    /* filter */
    [106] = 0, 0, 0, 0, 0, 0, 0, 0,
    [114] = 0, 0, 0, 0, 0, 0, 0x02, 0,
    [122] = 0, 0, 0x10, 0x04, 0x01, 0, 0, 0,
    [138] = 0x08, 0, 0, 0, 0, 0, 0x04, 0,
    [162] = 0, 0, 0, 0, 0, 0, 0, 0,
    /* properties: positions, cells, keys, tombstones, bytes, stamps, expiries */
    [170] = 0x3a, 0xa2, 0x77, 0x67, 0x9f, 0x52, 0x75, 0x7f,
    [178] = 0x3a, 0xa2, 0x77, 0x67, 0x9f, 0x52, 0x75, 0x7f,
    [186] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    [194] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    [210] = 0x38, 0, 0, 0, 0, 0, 0, 0,
    [218] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    [226] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    [234] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    [242] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    /* heads */
    [250] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    /* expiring */
    [378] = 0, 0, 0, 0, 0, 0, 0, 0,
    /* databases, blob uses */
    [506] = 0x01, 0, 0, 0, 0, 0, 0, 0,
    /* footer: magic, version, blocks, id, size */
    [514] = 0x48, 0x45, 0x4e, 0x47, 0x45, 0x54, 0x42, 0x4c,
    [522] = 0x01, 0, 0, 0, 0x01, 0, 0, 0,
    [530] = 0x03, 0, 0, 0, 0, 0, 0, 0,
    [538] = 0x62, 0x02, 0, 0, 0, 0, 0, 0,
    /* offset and length of index, filter, properties */
    [546] = 0x5a, 0, 0, 0, 0, 0, 0, 0,
    [554] = 0x10, 0, 0, 0, 0, 0, 0, 0,
    [562] = 0x6a, 0, 0, 0, 0, 0, 0, 0,
    [570] = 0x40, 0, 0, 0, 0, 0, 0, 0,
    [578] = 0xaa, 0, 0, 0, 0, 0, 0, 0,
    [586] = 0x58, 0x01, 0, 0, 0, 0, 0, 0,
    /* crcs */
    [594] = 0x25, 0xdd, 0x30, 0x0c, 0xbf, 0x94, 0xf7, 0x52,
    [602] = 0x83, 0xc5, 0x48, 0xaa, 0x04, 0xc8, 0x43, 0x9d,
    /* clang-format on */
};

static struct cell field(const char *name, uint64_t stamp)
{
    return (struct cell){ .key = { .position = 0xfe7fabc1b19202cb,
                                   .key = slice_str("x"),
                                   .subkey = slice_str(name),
                                   .db = 2,
                                   .kind = CELL_FIELD },
                          .stamp = stamp };
}

static void add(struct table_writer *w, const struct cell *c)
{
    uint8_t bytes[128];

    cell_encode(c, bytes);
    cr_assert_not(err_is(table_writer_add(w, bytes, cell_size(c))));
}

static void write_golden(struct fs *fs, struct table_meta *meta)
{
    struct table_options options = { .block_size = 119, .filter_bits = 10 };
    struct blob_ref ref = { .file = 5, .offset = 0x1000, .length = 9000, .crc = 0xaabbccdd };
    uint8_t ref_bytes[BLOB_REF_SIZE];
    struct table_writer *w;
    struct cell head = {
        .key = { .position = 0xbe5aadb97d901df9, .key = slice_str("foo"), .db = 1 },
        .stamp = 0x1122,
        .expire_ms = 0x7766554433,
        .value = slice_str("bar"),
        .flags = CELL_EXPIRES,
        .type = CELL_STRING
    };
    struct cell a = field("a", 0x2233), b = field("b", 0x3344), c = field("c", 0x4455);

    a.value = slice_str("1");
    b.flags = CELL_TOMBSTONE;
    c.flags = CELL_BLOB;
    blob_ref_put(ref_bytes, &ref);
    c.value = slice_of(ref_bytes, sizeof ref_bytes);
    cr_assert_not(err_is(table_writer_open(&w, fs, "d", 0xa1b2, &options)));
    add(w, &head);
    add(w, &a);
    add(w, &b);
    add(w, &c);
    /* Of the block that is not finished the index knows nothing yet. */
    cr_assert(table_writer_size(w) <= sizeof golden && table_writer_size(w) + 64 >= sizeof golden);
    cr_assert_not(err_is(table_writer_finish(w, meta)));
}

Test(table_format, a_table_has_these_bytes)
{
    struct table_meta meta;
    struct memory_fs fs;

    memory_fs_init(&fs);
    write_golden(&fs.fs, &meta);
    struct memory_file *file = memory_fs_find(&fs, "d/table-000000000000a1b2.tbl");
    cr_assert_eq(file->len, sizeof golden);
    for (size_t i = 0; i < sizeof golden; i++)
        cr_assert_eq(file->data[i], golden[i], "byte %zu is %#x", i, file->data[i]);
    mem_free(meta.blobs);
    memory_fs_deinit(&fs);
}

Test(table_format, those_bytes_are_read)
{
    struct table_source s;
    struct memory_fs fs;
    struct table *t;
    struct cell c;

    memory_fs_init(&fs);
    memory_fs_add(&fs, "d/table-000000000000a1b2.tbl", slice_of(golden, sizeof golden));
    memory_fs_add(&fs, "d/table-0000000000000003.tbl", slice_of(golden_lz4, sizeof golden_lz4));
    struct err e = table_open(&t, &fs.fs, "d", 0xa1b2, sizeof golden);
    cr_assert_not(err_is(e), "%s", e.what);
    cr_assert(t->blocks == 3 && t->meta.cells == 4 && t->meta.keys == 2);
    cr_assert(t->meta.blob_count == 1 && t->meta.blobs[0].file == 5);
    cr_assert_eq(t->meta.blobs[0].bytes, 9000);
    table_close(t);
    cr_assert_not(err_is(table_open(&t, &fs.fs, "d", 3, sizeof golden_lz4)));
    table_source_init(&s, t, 0, 4096, false);
    cr_assert(s.source.cell);
    cell_decode(s.source.cell, &c);
    cr_assert(slice_equal(c.value, slice_str("vvvvvvvvvvvvvvvvvvvv")));
    table_source_deinit(&s);
    table_close(t);
    memory_fs_deinit(&fs);
}

Test(table_format, another_version_is_refused_and_said_to_be_one)
{
    struct table_footer footer;
    uint8_t bytes[FOOTER_SIZE];

    memcpy(bytes, golden + sizeof golden - FOOTER_SIZE, FOOTER_SIZE);
    cr_assert_eq(table_footer_get(bytes, sizeof golden, &footer), TABLE_FOOTER_GOOD);
    cr_assert_eq(table_footer_get(bytes, sizeof golden + 1, &footer), TABLE_FOOTER_DAMAGED);
    bytes[8] = 2;
    cr_assert_eq(table_footer_get(bytes, sizeof golden, &footer), TABLE_FOOTER_DAMAGED);
    wire_put32(bytes + 92, crc32c_extend(0, bytes, 92));
    cr_assert_eq(table_footer_get(bytes, sizeof golden, &footer), TABLE_FOOTER_VERSION);
}
