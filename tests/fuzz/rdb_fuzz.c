/* rdb_fuzz.c: any bytes as a payload of RESTORE.  If the first byte is odd, the rest gets
 * a foot that is right: no fuzzer guesses a checksum.  What is read is, written again and
 * read again, the same. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/crc64.h"
#include "base/limits.h"
#include "base/wire.h"
#include "cmd/rdb_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seal(struct buf *payload)
{
    wire_put16(buf_reserve(payload, 2), RDB_NEWEST);
    payload->len += 2;
    wire_put64(buf_reserve(payload, 8), crc64_extend(0, payload->data, payload->len));
    payload->len += 8;
}

static void write_and_read(struct slice value)
{
    struct buf payload = { 0 }, scratch = { 0 };
    struct slice again = { 0 };

    rdb_value_write(&payload, value);
    assert(payload.len <= value.len + RDB_ROOM && rdb_value_foot_ok(buf_slice(&payload)));
    enum rdb_end end = rdb_value_read(buf_slice(&payload), &scratch, &again);
    assert(end == RDB_OK && slice_equal(again, value));
    buf_deinit(&payload);
    buf_deinit(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf payload = { 0 }, scratch = { 0 };
    struct slice value = { 0 };

    if (size == 0)
        return 0;
    buf_append(&payload, slice_of(data + 1, size - 1));
    if (data[0] & 1)
        seal(&payload);
    if (rdb_value_foot_ok(buf_slice(&payload)) &&
        rdb_value_read(buf_slice(&payload), &scratch, &value) == RDB_OK) {
        assert(value.len <= LIMIT_VALUE && value.len <= payload.len * 88);
        write_and_read(value);
    }
    write_and_read(slice_of(data, size));
    buf_deinit(&payload);
    buf_deinit(&scratch);
    return 0;
}
