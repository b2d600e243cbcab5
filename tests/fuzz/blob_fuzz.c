/* blob_fuzz.c: any bytes as a blob file or a segment with values: its head, then
 * (without the zeros between) its frames.  Whatever they are, a scan ends, what it
 * shows is checked and lies where it says, and other steps show the same.  The
 * first byte's bits: 1 makes the head right, 2 the frames' crcs and segment, 4 their
 * cells' positions; 8 is a segment, 16 a file cut short. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz_frames.h"
#include "fuzz_fs.h"
#include "lsm/blob_file.h"
#include "lsm/blob_format.h"
#include "lsm/blob_scan.h"

enum { ID = 7, STEP = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Values are read by their refs; one that is a little off is an error, or nothing. */
static void read_value(const struct blob_file *b, struct blob_ref ref, struct slice value)
{
    uint8_t *copy = mem_alloc((size_t)ref.length + 1);
    struct err e;

    assert(ref.length == value.len && !err_is(blob_file_holds(b, &ref)));
    e = blob_file_read(b, &ref, copy);
    assert(!err_is(e) && slice_equal(slice_of(copy, ref.length), value));
    assert(blob_file_read_now(b, &ref, copy, &e));
    ref.crc ^= 1;
    assert(blob_file_read(b, &ref, copy).code == ERR_CORRUPT);
    ref.offset = b->size;
    ref.length++;
    assert(!blob_file_read_now(b, &ref, copy, &e) && e.code == ERR_CORRUPT);
    mem_free(copy);
}

/* What a scan showed, as a number. */
static uint64_t scan(const struct blob_file *b, size_t step, bool values)
{
    struct blob_scan s;
    uint64_t sum = 0, last = 0;

    for (blob_scan_init(&s, b, step); s.source.cell; cell_source_next(&s.source)) {
        struct cell c;
        cell_decode(s.source.cell, &c);
        struct blob_ref ref = blob_scan_ref(&s, &c);
        assert(s.offset > last && s.next <= b->size && ref.offset >= s.offset);
        last = s.offset;
        if (values)
            read_value(b, ref, c.value);
        sum = sum * 31 + s.offset + c.stamp + c.key.position + ref.crc;
    }
    assert(err_is(s.source.err) ? s.source.err.code == ERR_CORRUPT : s.next == b->size);
    sum = sum * 31 + s.frame + (uint64_t)s.source.err.code;
    blob_scan_deinit(&s);
    return sum;
}

static void run(struct slice bytes, enum file_kind kind)
{
    struct fuzz_fs fs;
    struct blob_file *b;
    struct err e;

    fuzz_fs_init(&fs, bytes);
    e = blob_file_open(&b, &fs.fs, "/d", kind, ID, 0);
    if (err_is(e)) {
        assert(e.code == ERR_CORRUPT || e.code == ERR_INVALID);
    } else {
        assert(b->size == bytes.len);
        assert(scan(b, STEP, true) == scan(b, (size_t)1 << 20, false));
        blob_file_close(b);
    }
    assert(blob_file_open(&b, &fs.fs, "/d", kind, ID, bytes.len + 1).code != ERR_NONE);
    fuzz_fs_deinit(&fs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 + SEGMENT_HEAD_SIZE)
        return 0;
    uint8_t mode = data[0];
    enum file_kind kind = mode & 8 ? FILE_SEGMENT : FILE_BLOB;
    size_t frames = size - 1 - SEGMENT_HEAD_SIZE, len = BLOB_FRAMES_START + frames;
    uint8_t *bytes = mem_zalloc(len, 1);

    memcpy(bytes, data + 1, SEGMENT_HEAD_SIZE);
    memcpy(bytes + BLOB_FRAMES_START, data + 1 + SEGMENT_HEAD_SIZE, frames);
    if (mode & 1) {
        struct segment_head head = { .version = LOG_FORMAT_VERSION, .id = ID };
        if (kind == FILE_SEGMENT)
            segment_head_put(bytes, &head);
        else
            blob_head_put(bytes, ID);
    }
    if (mode & 2)
        fuzz_frames_fix(bytes + BLOB_FRAMES_START, frames, ID, mode & 4);
    if (mode & 16)
        len = BLOB_HEAD_SIZE / 2 + (size_t)data[1];
    run(slice_of(bytes, len), kind);
    mem_free(bytes);
    return 0;
}
