/* context_fuzz.c: any bytes as a cell's context and as a client's.  What is accepted is, written
 * again, the same. */
#include <assert.h>
#include <stdint.h>

#include "base/buf.h"
#include "cell/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_text(struct slice text)
{
    struct context c;
    struct cell_version v;
    struct buf again = { 0 };
    struct err e = context_parse(text, &c);

    if (err_is(e)) {
        assert(e.code == ERR_INVALID && e.what[0]);
    } else {
        assert(context_check(&c));
        context_print(&c, &again);
        assert(slice_equal(buf_slice(&again), text));
    }
    if (cell_version_parse(text, &v)) {
        char out[CELL_VERSION_TEXT];

        assert(slice_equal(slice_of(out, cell_version_print(v, out)), text));
    }
    buf_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = slice_of(data, size);
    struct context c, back;
    struct cell_version own;
    struct buf again = { 0 };
    struct err e = context_decode_checked(bytes, &c, &own);

    read_text(bytes);
    if (err_is(e)) {
        assert(e.code == ERR_CORRUPT && e.what[0]);
        return 0;
    }
    assert(context_check(&c));
    context_encode(&c, own, &again);
    assert(size == 0 || slice_equal(buf_slice(&again), bytes));
    again.len = 0;
    context_print(&c, &again);
    assert(!err_is(context_parse(buf_slice(&again), &back)) && back.count == c.count);
    buf_deinit(&again);
    return 0;
}
