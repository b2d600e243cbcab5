/* history_fuzz.c: any bytes as a history.  What is read is written and read again as the same, and
 * every check ends. */
#include <assert.h>
#include <stdint.h>

#include "judge/history_format.h"
#include "judge/judge_checks.h"
#include "judge/linear.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(struct judge_history *h)
{
    struct judge_limits limits = judge_limits_default();
    struct buf say = { 0 };

    limits.steps = 10000;
    limits.bytes = 1 << 24;
    linear_check(h, &limits, &say);
    counter_check(h, &limits, &say);
    lock_check(h, &limits, &say);
    durable_check(h, &limits, &say);
    monotonic_check(h, &limits, &say);
    buf_deinit(&say);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct judge_history h, again;
    struct buf once = { 0 }, twice = { 0 };
    uint32_t line;

    judge_history_init(&h);
    judge_history_init(&again);
    if (!err_is(history_format_read(&h, slice_of(data, size), &line))) {
        history_format_write(&h, &once);
        assert(!err_is(history_format_read(&again, buf_slice(&once), &line)));
        history_format_write(&again, &twice);
        assert(slice_equal(buf_slice(&once), buf_slice(&twice)));
    }
    judge(&h);
    judge_history_deinit(&h);
    judge_history_deinit(&again);
    buf_deinit(&once);
    buf_deinit(&twice);
    return 0;
}
