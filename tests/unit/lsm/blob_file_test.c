/* blob_file_test.c: large values in files of their own: bytes, reading, scanning. */
#include "lsm/blob_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "lsm/blob_format.h"
#include "lsm/blob_scan.h"
#include "lsm/frames.h"
#include "memory_fs.h"

enum { CELLS = 40, BLOB = 0x12, SEGMENT = 0x13, STEP = 4096 };

static struct memory_fs m;

static void begin(void)
{
    memory_fs_init(&m);
}

static void end(void)
{
    memory_fs_deinit(&m);
}

TestSuite(blob_file, .init = begin, .fini = end);

static void ok(struct err e)
{
    cr_assert_not(err_is(e), "%s", e.what);
}

/* The i-th cell of a file: every shape there is; the value is the caller's to free. */
static struct cell cell_of(unsigned i, char name[24])
{
    size_t len = i % 7 == 6 ? 0 : 100 + i * 700;
    uint8_t *value = mem_alloc(len);

    snprintf(name, 24, "key-%u", i);
    memset(value, (int)i, len);
    return (struct cell){ .key = cell_head_key((uint8_t)(i % 16), slice_str(name)),
                          .stamp = 1000 - i,
                          .origin = 3,
                          .flags = (uint8_t)((i % 3 == 1 ? CELL_EXPIRES : 0) |
                                             (i % 5 == 1 ? CELL_CONTEXT : 0) |
                                             (i % 7 == 6 ? CELL_TOMBSTONE : 0)),
                          .type = CELL_STRING,
                          .expire_ms = i % 3 == 1 ? 77 : 0,
                          .context = i % 5 == 1 ? slice_str("context") : slice_of(NULL, 0),
                          .value = slice_of(value, len) };
}

/* A blob file of CELLS cells; their refs. */
static struct blob_file *make(struct blob_ref refs[CELLS])
{
    struct blob_writer *w;
    struct blob_file *b;

    ok(blob_writer_open(&w, &m.fs, "/d", BLOB));
    for (unsigned i = 0; i < CELLS; i++) {
        char name[24];
        struct cell c = cell_of(i, name);
        ok(blob_writer_add(w, &c, &refs[i]));
        mem_free((void *)(uintptr_t)c.value.data);
    }
    ok(blob_writer_finish(w, &b));
    return b;
}

/* The same cells as a segment of the log, `per` to a frame, with zeros behind. */
static struct blob_file *make_segment(unsigned per)
{
    uint8_t page[SEGMENT_FRAMES_START] = { 0 };
    struct segment_head head = { .version = LOG_FORMAT_VERSION, .id = SEGMENT, .index = 1 };
    struct frames_place place = { .segment = SEGMENT, .index = 1 };
    struct frames frames = { .sent = 0 };
    struct buf file = { 0 };
    struct blob_file *b;
    size_t len;

    segment_head_put(page, &head);
    for (unsigned i = 0; i < CELLS; i++) {
        char name[24];
        struct cell c = cell_of(i, name);
        cell_encode(&c, frames_add(&frames, cell_size(&c), i + 1));
        if (i % per == per - 1)
            frames_close(&frames);
        mem_free((void *)(uintptr_t)c.value.data);
    }
    frames_close(&frames);
    len = frames.bytes.len;
    frames_seal(frames.bytes.data, len, &place);
    buf_append(&file, slice_of(page, sizeof page));
    buf_append(&file, slice_of(frames.bytes.data, len));
    memset(buf_reserve(&file, 9000), 0, 9000);
    file.len += 9000;
    memory_fs_add(&m, "/d/log-0000000000000013.seg", buf_slice(&file));
    ok(blob_file_open(&b, &m.fs, "/d", FILE_SEGMENT, SEGMENT, SEGMENT_FRAMES_START + len));
    frames_deinit(&frames);
    buf_deinit(&file);
    return b;
}

static struct memory_file *blob_bytes(void)
{
    struct memory_file *f = memory_fs_find(&m, "/d/blob-0000000000000012.blb");

    cr_assert_not_null(f);
    return f;
}

/* --- writing and reading single values */

Test(blob_file, values_are_read_back_by_their_refs)
{
    struct blob_ref refs[CELLS];
    struct blob_file *made = make(refs), *b;

    cr_assert_eq(made->size, blob_bytes()->len);
    cr_assert_eq(made->kind, FILE_BLOB);
    ok(blob_file_open(&b, &m.fs, "/d", FILE_BLOB, BLOB, made->size));
    for (unsigned i = 0; i < CELLS; i++) {
        char name[24];
        struct cell c = cell_of(i, name);
        uint8_t *value = mem_alloc(refs[i].length);
        struct err e;
        cr_assert_eq(refs[i].length, c.value.len);
        ok(blob_file_holds(b, &refs[i]));
        ok(blob_file_read(i % 2 ? made : b, &refs[i], value));
        cr_assert(slice_equal(c.value, slice_of(value, refs[i].length)));
        cr_assert(blob_file_read_now(b, &refs[i], value, &e));
        ok(e);
        mem_free(value);
        mem_free((void *)(uintptr_t)c.value.data);
    }
    blob_file_close(made);
    blob_file_close(b);
}

Test(blob_file, what_is_not_in_the_page_cache_is_left_to_a_job)
{
    struct blob_ref refs[CELLS];
    struct blob_file *b = make(refs);
    struct prng prng;
    uint8_t value[1 << 16];
    unsigned now = 0;
    struct err e;

    m.cold = true;
    cr_assert_not(blob_file_read_now(b, &refs[22], value, &e));
    ok(e);
    m.cold = false;
    prng_init(&prng, 1);
    m.tepid = &prng;
    for (unsigned i = 0; i < 100; i++) {
        now += blob_file_read_now(b, &refs[22], value, &e);
        ok(e);
    }
    cr_assert_lt(now, 100);
    ok(blob_file_read(b, &refs[22], value));
    blob_file_close(b);
}

Test(blob_file, a_ref_that_does_not_fit_is_an_error)
{
    struct blob_ref refs[CELLS], r;
    struct blob_file *b = make(refs);
    static const uint64_t bad[][2] = { { 0, 10 },
                                       { BLOB_FRAMES_START - 1, 10 },
                                       { UINT64_MAX, 10 },
                                       { UINT64_MAX - 4, UINT32_MAX },
                                       { BLOB_FRAMES_START, UINT32_MAX } };
    uint8_t value[1 << 16];
    struct err e;

    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        r = (struct blob_ref){ .file = BLOB, .offset = bad[i][0], .length = (uint32_t)bad[i][1] };
        cr_assert_eq(blob_file_holds(b, &r).code, ERR_CORRUPT);
        cr_assert_eq(blob_file_read(b, &r, value).code, ERR_CORRUPT);
        cr_assert_not(blob_file_read_now(b, &r, value, &e));
        cr_assert_eq(e.code, ERR_CORRUPT);
    }
    r = (struct blob_ref){ .file = BLOB, .offset = b->size - 8, .length = 9 };
    cr_assert_eq(blob_file_holds(b, &r).code, ERR_CORRUPT);
    r = (struct blob_ref){ .file = BLOB, .offset = b->size, .length = 0 };
    ok(blob_file_read(b, &r, value));
    r = refs[5];
    r.offset++;
    cr_assert_eq(blob_file_read(b, &r, value).code, ERR_CORRUPT, "one byte of it is another");
    r = refs[5];
    r.crc ^= 1;
    cr_assert_eq(blob_file_read(b, &r, value).code, ERR_CORRUPT);
    blob_file_close(b);
}

Test(blob_file, a_flipped_bit_of_a_value_is_an_error)
{
    struct blob_ref refs[CELLS];
    struct blob_file *b = make(refs);
    uint8_t value[1 << 16];
    struct err e;

    blob_bytes()->data[refs[9].offset + 17] ^= 4;
    cr_assert_eq(blob_file_read(b, &refs[9], value).code, ERR_CORRUPT);
    cr_assert_not(blob_file_read_now(b, &refs[9], value, &e));
    cr_assert_eq(e.code, ERR_CORRUPT);
    ok(blob_file_read(b, &refs[8], value));
    blob_file_close(b);
}

Test(blob_file, a_file_that_is_not_what_it_should_be_is_not_opened)
{
    struct blob_ref refs[CELLS];
    struct blob_file *b = make(refs), *other;
    struct memory_file *f = blob_bytes();
    uint64_t size = b->size;

    blob_file_close(b);
    cr_assert_eq(blob_file_open(&other, &m.fs, "/d", FILE_BLOB, 99, 0).code, ERR_CORRUPT);
    cr_assert_eq(blob_file_open(&other, &m.fs, "/d", FILE_SEGMENT, BLOB, 0).code, ERR_CORRUPT);
    cr_assert_eq(blob_file_open(&other, &m.fs, "/d", FILE_BLOB, BLOB, size + 1).code, ERR_CORRUPT);
    for (unsigned bit = 0; bit < BLOB_HEAD_SIZE * 8; bit++) {
        f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(blob_file_open(&other, &m.fs, "/d", FILE_BLOB, BLOB, size).code, ERR_CORRUPT);
        f->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    f->data[8] = 1;
    wire_put32(f->data + 60, crc32c_extend(0, f->data, 60));
    cr_assert_eq(blob_file_open(&other, &m.fs, "/d", FILE_BLOB, BLOB, size).code, ERR_INVALID);
    blob_head_put(f->data, BLOB + 1);
    cr_assert_eq(blob_file_open(&other, &m.fs, "/d", FILE_BLOB, BLOB, size).code, ERR_CORRUPT);
    blob_head_put(f->data, BLOB);
    f->len = 63;
    cr_assert_eq(blob_file_open(&other, &m.fs, "/d", FILE_BLOB, BLOB, 0).code, ERR_CORRUPT);
}

Test(blob_file, a_failing_disk_leaves_no_file_behind)
{
    for (unsigned n = 1; n < 100; n++) {
        struct blob_writer *w = NULL;
        struct blob_file *b = NULL;
        struct blob_ref ref;
        struct cell c;
        char name[24];
        struct err e;

        m.fail_at = m.calls + n;
        e = blob_writer_open(&w, &m.fs, "/d", n);
        for (unsigned i = 0; i < 3 && !err_is(e); i++) {
            uint8_t *value = mem_zalloc(LIMIT_FRAME, 1);
            c = cell_of(i, name);
            mem_free((void *)(uintptr_t)c.value.data);
            c.value = slice_of(value, LIMIT_FRAME);
            e = blob_writer_add(w, &c, &ref);
            mem_free(value);
            if (err_is(e))
                blob_writer_abandon(w, true);
        }
        if (!err_is(e))
            e = blob_writer_finish(w, &b);
        else
            cr_assert(n > 2 || !w, "a writer that was not opened is not there");
        m.fail_at = 0;
        if (!err_is(e)) {
            cr_assert_geq(n, 6, "open, head, three frames, sync");
            blob_file_close(b);
            return;
        }
        cr_assert_null(b);
        cr_assert_eq(memory_fs_count(&m, "/d/blob-"), 0, "call %u", n);
    }
    cr_assert_fail("it fails for ever");
}

/* --- scanning */

/* Shows every cell of `b` in order, its ref the value's place; how many. */
static unsigned scan_all(const struct blob_file *b, size_t step, const struct blob_ref *refs)
{
    struct blob_scan s;
    unsigned i = 0;

    for (blob_scan_init(&s, b, step); s.source.cell; cell_source_next(&s.source)) {
        char name[24];
        struct cell want = cell_of(i, name), c;
        struct blob_ref ref;
        uint8_t *value;
        cell_decode(s.source.cell, &c);
        cr_assert(slice_equal(c.key.key, slice_str(name)) && c.stamp == want.stamp);
        cr_assert(c.expire_ms == want.expire_ms && slice_equal(c.value, want.value));
        ref = blob_scan_ref(&s, &c);
        if (refs)
            cr_assert(ref.offset == refs[i].offset && ref.crc == refs[i].crc);
        value = mem_alloc(ref.length);
        ok(blob_file_read(b, &ref, value));
        mem_free(value);
        mem_free((void *)(uintptr_t)want.value.data);
        i++;
    }
    ok(s.source.err);
    cr_assert_null(s.source.cell);
    cell_source_next(&s.source);
    cr_assert_null(s.source.cell, "the end stays the end");
    blob_scan_deinit(&s);
    return i;
}

Test(blob_file, a_scan_shows_every_cell_and_where_its_value_is)
{
    struct blob_ref refs[CELLS];
    struct blob_file *b = make(refs);

    cr_assert_eq(scan_all(b, STEP, refs), CELLS);
    cr_assert_eq(scan_all(b, 1 << 20, refs), CELLS);
    blob_file_close(b);
}

Test(blob_file, a_scan_of_a_segment_stops_where_its_frames_end)
{
    static const unsigned per[] = { 1, 3, CELLS };

    for (unsigned i = 0; i < 3; i++) {
        struct blob_file *b = make_segment(per[i]);
        cr_assert_eq(scan_all(b, STEP, NULL), CELLS);
        cr_assert_eq(scan_all(b, 100000, NULL), CELLS);
        blob_file_close(b);
        ok(fs_remove(&m.fs, "/d/log-0000000000000013.seg"));
    }
}

Test(blob_file, a_scan_holds_a_few_steps_or_the_largest_cell_in_memory)
{
    struct blob_file *b = make_segment(CELLS); /* one frame of half a megabyte */
    struct blob_scan s;

    for (blob_scan_init(&s, b, STEP); s.source.cell; cell_source_next(&s.source))
        cr_assert_leq(s.window.cap, 256 * 1024);
    ok(s.source.err);
    cr_assert_lt(s.read_bytes, 4 * b->size, "a large frame is read twice, a large cell again");
    blob_scan_deinit(&s);
    blob_scan_init(&s, b, 1 << 20);
    while (s.source.cell)
        cell_source_next(&s.source);
    cr_assert_eq(s.read_bytes, b->size - SEGMENT_FRAMES_START, "a small file is read once");
    blob_scan_deinit(&s);
    blob_file_close(b);
}

/* Every flipped bit of the frames is an error at the frame it is in, and whatever
 * was shown before is right. */
Test(blob_file, a_scan_notices_every_flipped_bit)
{
    struct blob_file *b = make_segment(4);
    struct memory_file *f = memory_fs_find(&m, "/d/log-0000000000000013.seg");
    uint64_t frame = SEGMENT_FRAMES_START;

    for (uint64_t at = SEGMENT_FRAMES_START; at < b->size; at += at % 8 == 3 ? 149 : 1) {
        struct blob_scan s;
        while (at >= frame + frame_size(f->data + frame))
            frame += frame_size(f->data + frame);
        f->data[at] ^= (uint8_t)(1 << at % 7);
        blob_scan_init(&s, b, STEP);
        while (s.source.cell)
            cell_source_next(&s.source);
        cr_assert_eq(s.source.err.code, ERR_CORRUPT, "byte %llu", (unsigned long long)at);
        cr_assert_eq(s.frame, frame);
        blob_scan_deinit(&s);
        f->data[at] ^= (uint8_t)(1 << at % 7);
    }
    blob_file_close(b);
}

/* What a frame whose checksum holds says may be wrong all the same. */
static struct err scan_changed(uint64_t offset, uint32_t value, uint64_t size)
{
    struct blob_file *b;
    struct memory_file *f;
    struct blob_scan s;
    struct err e;

    b = make_segment(CELLS);
    f = memory_fs_find(&m, "/d/log-0000000000000013.seg");
    wire_put32(f->data + SEGMENT_FRAMES_START + offset, value);
    if (offset != 4)
        frame_seal(f->data + SEGMENT_FRAMES_START);
    if (size)
        b->size = size;
    blob_scan_init(&s, b, STEP);
    while (s.source.cell)
        cell_source_next(&s.source);
    e = s.source.err;
    blob_scan_deinit(&s);
    blob_file_close(b);
    ok(fs_remove(&m.fs, "/d/log-0000000000000013.seg"));
    return e;
}

Test(blob_file, a_scan_believes_no_number)
{
    cr_assert_eq(scan_changed(4, UINT32_MAX & ~7u, 0).code, ERR_CORRUPT);
    cr_assert_eq(scan_changed(4, 13, 0).code, ERR_CORRUPT);
    cr_assert_eq(scan_changed(8, 99, 0).code, ERR_CORRUPT, "another file's frame");
    cr_assert_eq(scan_changed(80, CELLS - 1, 0).code, ERR_CORRUPT);
    cr_assert_eq(scan_changed(80, CELLS + 1, 0).code, ERR_CORRUPT);
    cr_assert_eq(scan_changed(80, 0, 0).code, ERR_CORRUPT);
    cr_assert_eq(scan_changed(FRAME_HEAD_SIZE + 16, UINT32_MAX, 0).code, ERR_CORRUPT,
                 "a value too large");
    cr_assert_eq(scan_changed(FRAME_HEAD_SIZE + 24, 0xffff, 0).code, ERR_CORRUPT, "a longer key");
    cr_assert_eq(scan_changed(FRAME_HEAD_SIZE + 28, 0xff00, 0).code, ERR_CORRUPT,
                 "an unknown kind");
    cr_assert_eq(scan_changed(84, UINT32_MAX, 0).code, ERR_CORRUPT, "more notes");
    cr_assert_eq(scan_changed(88, FRAME_KINDS, 0).code, ERR_CORRUPT, "no kind");
    cr_assert_eq(scan_changed(0, 0, SEGMENT_FRAMES_START + 40).code, ERR_CORRUPT);
    cr_assert_eq(scan_changed(0, 0, SEGMENT_FRAMES_START).code, ERR_NONE);
    cr_assert_eq(scan_changed(32, 0, 0).code, ERR_NONE, "unchanged");
}

Test(blob_file, a_scan_hands_on_what_the_disk_says)
{
    struct blob_file *b = make_segment(4);

    for (unsigned n = 1; n < 1000; n++) {
        struct blob_scan s;
        m.fail_at = m.calls + n;
        blob_scan_init(&s, b, STEP);
        while (s.source.cell)
            cell_source_next(&s.source);
        m.fail_at = 0;
        cr_assert(!err_is(s.source.err) || s.source.err.code == ERR_IO);
        blob_scan_deinit(&s);
        if (!err_is(s.source.err)) {
            cr_assert_gt(n, 10);
            blob_file_close(b);
            return;
        }
    }
    cr_assert_fail("it fails for ever");
}

/* --- bytes */

static const uint8_t golden_head[BLOB_HEAD_SIZE] = {
    'H', 'E', 'N', 'G', 'E', 'B', 'L', 'B', /* magic */
    2,   0,   0,   0,   0,   0,   0,   0,   /* version */
    8,   7,   6,   5,   4,   3,   2,   1,   /* id */
};

static const uint8_t golden_frame[] = {
    0,   0,   0, 0, 40, 0, 0, 0, /* crc, below; payload length */
    8,   7,   6, 5, 4,  3, 2, 1, /* the file's id */
    0,   0,   0, 0, 0,  0, 0, 0, /* synced */
    0,   0,   0, 0, 0,  0, 0, 0, /* arc */
    0,   0,   0, 0, 0,  0, 0, 0, /* ballot counter */
    0,   0,   0, 0, 0,  0, 0, 0, /* counter of the ballot before it */
    0,   0,   0, 0, 0,  0, 0, 0, /* ballot node, node of the one before it */
    1,   0,   0, 0, 0,  0, 0, 0, /* index */
    1,   0,   0, 0, 0,  0, 0, 0, /* committed */
    5,   0,   0, 0, 0,  0, 0, 0, /* stamp */
    1,   0,   0, 0, 0,  0, 0, 0, /* cells, notes */
    0,   0,   0, 0, 0,  0, 0, 0, /* kind, tag */
    1,   2,   3, 4, 5,  6, 7, 8, /* payload: the cell */
    5,   0,   0, 0, 0,  0, 0, 0, /* its stamp */
    1,   0,   0, 0, 9,  0, 0, 0, /* value length, origin */
    1,   0,   0, 0, 2,  0, 0, 1, /* key, subkey, db, kind, flags, type */
    'k', 'v', 0, 0, 0,  0, 0, 0,
};

/* Computed from the bytes above by another program, bit by bit. */
static const uint32_t golden_head_crc = 0xdb04b299;
static const uint32_t golden_frame_crc = 0x3df42e51;
static const uint32_t golden_value_crc = 0x544e0b4;

Test(blob_file, a_blob_file_has_these_bytes)
{
    struct cell cell = { .key = { .position = 0x0807060504030201,
                                  .key = slice_str("k"),
                                  .db = 2,
                                  .kind = CELL_HEAD },
                         .stamp = 5,
                         .origin = 9,
                         .type = CELL_STRING,
                         .value = slice_str("v") };
    struct blob_writer *w;
    struct blob_file *b;
    struct blob_ref ref;
    const struct memory_file *f;

    ok(blob_writer_open(&w, &m.fs, "/d", 0x0102030405060708));
    ok(blob_writer_add(w, &cell, &ref));
    cr_assert_eq(blob_writer_size(w), BLOB_FRAMES_START + sizeof golden_frame);
    ok(blob_writer_finish(w, &b));
    f = memory_fs_find(&m, "/d/blob-0102030405060708.blb");
    cr_assert_not_null(f);
    cr_assert_eq(f->len, BLOB_FRAMES_START + sizeof golden_frame);
    cr_assert_eq(memcmp(f->data, golden_head, 60), 0);
    cr_assert_eq(wire_get32(f->data + 60), golden_head_crc, "%#x", wire_get32(f->data + 60));
    for (unsigned i = BLOB_HEAD_SIZE; i < BLOB_FRAMES_START; i++)
        cr_assert_eq(f->data[i], 0);
    cr_assert_eq(memcmp(f->data + BLOB_FRAMES_START + 4, golden_frame + 4, sizeof golden_frame - 4),
                 0);
    cr_assert_eq(wire_get32(f->data + BLOB_FRAMES_START), golden_frame_crc);
    cr_assert_eq(ref.file, 0x0102030405060708);
    cr_assert_eq(ref.offset, BLOB_FRAMES_START + FRAME_HEAD_SIZE + 33);
    cr_assert_eq(ref.length, 1);
    cr_assert_eq(ref.crc, golden_value_crc);
    cr_assert_eq(f->synced_len, f->len);
    blob_file_close(b);
}

Test(blob_file, frames_end_at_a_mebibyte_unless_they_are_one_cell)
{
    static const uint32_t sizes[] = { 400000, 400000, 400000, 3000000, 10, 20, 1048500 };
    static const uint32_t cells[] = { 2, 1, 1, 2, 1 };
    struct blob_writer *w;
    struct blob_file *b;
    struct memory_file *f;
    uint64_t at = BLOB_FRAMES_START;

    ok(blob_writer_open(&w, &m.fs, "/d", BLOB));
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *value = mem_zalloc(sizes[i], 1);
        struct blob_ref ref;
        struct cell c = { .key = cell_head_key(0, slice_str("k")),
                          .stamp = 100 - i,
                          .value = slice_of(value, sizes[i]) };
        ok(blob_writer_add(w, &c, &ref));
        mem_free(value);
    }
    ok(blob_writer_finish(w, &b));
    f = blob_bytes();
    for (unsigned i = 0; i < sizeof cells / sizeof *cells; i++) {
        struct frame_head head;
        cr_assert(frame_good(slice_of(f->data + at, f->len - at), BLOB, false));
        frame_head_get(f->data + at, &head);
        cr_assert_eq(head.cells, cells[i]);
        cr_assert_eq(head.index, i + 1);
        cr_assert_eq(head.stamp, cell_encoded_stamp(f->data + at + FRAME_HEAD_SIZE),
                     "the largest, not the last");
        at += frame_size(f->data + at);
    }
    cr_assert_eq(at, f->len);
    blob_file_close(b);
}
