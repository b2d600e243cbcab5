/* manifest_fuzz.c: any bytes as a manifest.  Whatever they are, reading ends, and what
 * it makes of them is written and read again alike.  The first byte's bits: 1 makes
 * the head's crc right, 2 the records' crcs and manifest, 4 their next file and
 * numbers; no fuzzer guesses. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/manifest.h"
#include "lsm/manifest_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ID = 9 };

static void fix(uint8_t *bytes, size_t len, uint8_t mode)
{
    uint64_t number = 5;

    if (mode & 1 && len >= MANIFEST_HEAD_SIZE)
        wire_put32(bytes + 28, crc32c_extend(0, bytes, 28));
    for (size_t at = MANIFEST_HEAD_SIZE;
         mode & 2 && at + RECORD_HEAD_SIZE <= len && record_size(bytes + at) <= len - at;
         at += record_size(bytes + at)) {
        wire_put64(bytes + at + 8, ID);
        if (mode & 4)
            wire_put64(bytes + at + 24, number++);
        if (mode & 4 && record_size(bytes + at) >= RECORD_HEAD_SIZE + 8)
            wire_put64(bytes + at + RECORD_HEAD_SIZE, UINT64_MAX);
        record_seal(bytes + at);
    }
}

/* What a record says is written as the bytes that were read. */
static void check_record(struct slice record)
{
    struct record_head head;
    struct edit e;
    uint64_t next_file;
    struct buf again = { 0 };

    if (err_is(record_get(record, &head, &e, &next_file)))
        return;
    record_put_edit(&again, &head, &e, next_file);
    assert(slice_equal(buf_slice(&again), record));
    buf_deinit(&again);
    edit_deinit(&e);
}

/* The whole, written as a manifest of its own, says the same. */
static void check_state(struct manifest_state *s)
{
    struct record_head head = { .kind = RECORD_SNAPSHOT, .manifest = ID, .number = s->number };
    struct buf bytes = { 0 }, once = { 0 }, twice = { 0 };
    struct manifest_state again;
    uint64_t offset;

    manifest_head_put(buf_reserve(&bytes, MANIFEST_HEAD_SIZE), ID);
    bytes.len += MANIFEST_HEAD_SIZE;
    record_put_edit(&bytes, &head, &s->whole, s->next_file);
    struct err e = manifest_parse(buf_slice(&bytes), ID, &again, &offset);
    assert(!err_is(e) && again.found && again.torn == 0);
    assert(again.number == s->number && again.next_file == s->next_file);
    record_put_edit(&once, &head, &s->whole, s->next_file);
    record_put_edit(&twice, &head, &again.whole, again.next_file);
    assert(slice_equal(buf_slice(&once), buf_slice(&twice)));
    edit_deinit(&again.whole);
    buf_deinit(&bytes);
    buf_deinit(&once);
    buf_deinit(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct manifest_state s;
    uint64_t offset;
    size_t len = size - 1;

    if (size < 1)
        return 0;
    uint8_t *bytes = mem_alloc(len);
    memcpy(bytes, data + 1, len);
    fix(bytes, len, data[0]);
    struct err e = manifest_parse(slice_of(bytes, len), ID, &s, &offset);
    assert(!err_is(e) || e.code == ERR_CORRUPT || e.code == ERR_INVALID);
    assert(offset <= len && !(err_is(e) && s.found));
    if (s.found) {
        assert(s.torn <= len);
        check_state(&s);
        edit_deinit(&s.whole);
    }
    for (size_t at = 0; at < len; at += 8) {
        struct slice rest = slice_of(bytes + at, len - at);
        if (record_good(rest, ID))
            check_record(slice_of(rest.data, record_size(rest.data)));
    }
    mem_free(bytes);
    return 0;
}
