/* cell_fuzz.c: any bytes as a cell.  What is accepted is, encoded again, the same
 * bytes.  If the first byte is odd, the position is made the key's first: no
 * fuzzer guesses a hash. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "cell/cell.h"
#include "cell/position.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fix_position(uint8_t *bytes, size_t size)
{
    if (size < CELL_FIXED_SIZE)
        return;
    size_t key_len = wire_get16(bytes + 24);
    if (key_len <= size - CELL_FIXED_SIZE)
        wire_put64(bytes, position_of(slice_of(bytes + CELL_FIXED_SIZE, key_len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cell c, again;
    size_t used = 0;

    if (size == 0)
        return 0;
    uint8_t *bytes = mem_alloc(size - 1);
    if (size > 1)
        memcpy(bytes, data + 1, size - 1);
    if (data[0] & 1)
        fix_position(bytes, size - 1);
    struct err e = cell_decode_checked(slice_of(bytes, size - 1), &c, &used);
    if (err_is(e)) {
        assert(e.code == ERR_CORRUPT && e.what[0]);
    } else {
        assert(used <= size - 1 && used % 8 == 0);
        assert(cell_size(&c) == used && cell_encoded_size(bytes) == used);
        uint8_t *copy = mem_alloc(used);
        cell_encode(&c, copy);
        assert(memcmp(copy, bytes, used) == 0);
        cell_decode(copy, &again);
        assert(cell_key_compare(&c.key, &again.key) == 0);
        assert(cell_encoded_position(bytes) == c.key.position);
        assert(cell_encoded_stamp(bytes) == c.stamp);
        mem_free(copy);
    }
    mem_free(bytes);
    return 0;
}
