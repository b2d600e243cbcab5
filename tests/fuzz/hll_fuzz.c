/* hll_fuzz.c: any bytes as a HyperLogLog, after two that say which register is raised and
 * to what.  If all of it is right, it stays so, that register alone is changed, and dense
 * it has the same registers. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "cmd/hll.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_registers(const struct buf *value, const uint8_t model[HLL_REGISTERS])
{
    uint8_t registers[HLL_REGISTERS] = { 0 };

    assert(hll_is_one(buf_slice(value)) && hll_merge(registers, buf_slice(value)));
    assert(memcmp(registers, model, HLL_REGISTERS) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf value = { 0 };
    uint8_t model[HLL_REGISTERS] = { 0 };
    uint64_t count;

    if (size < 3)
        return 0;
    buf_append(&value, slice_of(data + 3, size - 3));
    if (hll_is_one(buf_slice(&value))) {
        unsigned index = (data[0] | (unsigned)data[1] << 8) % HLL_REGISTERS;
        uint8_t raised = (uint8_t)(1 + data[2] % 51);
        bool valid = hll_merge(model, buf_slice(&value));
        enum hll_end end = hll_raise(&value, index, raised);

        if (valid) {
            assert(end == (raised > model[index] ? HLL_CHANGED : HLL_SAME));
            model[index] = raised > model[index] ? raised : model[index];
            expect_registers(&value, model);
            hll_put_count(&value, hll_estimate(model));
            assert(hll_get_count(buf_slice(&value), &count));
            bool dense = hll_make_dense(&value);
            assert(dense && hll_is_dense(buf_slice(&value)));
            expect_registers(&value, model);
        } else {
            (void)hll_make_dense(&value);
        }
    }
    buf_deinit(&value);
    return 0;
}
