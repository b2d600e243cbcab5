/* settle_fuzz.c: any bytes as an arc's settled stamps.  What is accepted is, encoded again, the
 * same bytes, and can be split and emptied. */
#include <assert.h>
#include <stdint.h>

#include "base/buf.h"
#include "cluster/settle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settle *s = NULL, *upper;
    struct buf again = { 0 };
    struct err e = settle_decode(slice_of(data, size), &s);

    if (err_is(e)) {
        assert((e.code == ERR_CORRUPT || e.code == ERR_INVALID) && e.what[0] && !s);
        return 0;
    }
    assert(settle_check(s));
    settle_encode(s, &again);
    assert(slice_equal(buf_slice(&again), slice_of(data, size)));
    upper = settle_split(s, 77);
    assert(settle_check(s) && settle_check(upper));
    settle_raise_floor(s, UINT64_MAX);
    assert(settle_check(s));
    settle_free(s);
    settle_free(upper);
    buf_deinit(&again);
    return 0;
}
