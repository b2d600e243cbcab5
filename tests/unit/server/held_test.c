/* held_test.c: replies leave in order, when their log position is acknowledged,
 * or become errors, one for each call. */
#include "server/held.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/buf.h"
#include "base/prng.h"

struct fixture {
    struct block_pool pool;
    struct reply out;
    struct held held;
};

static void begin(struct fixture *f)
{
    block_pool_init(&f->pool, 8);
    reply_init(&f->out, &f->pool, 2);
    f->held = (struct held){ 0 };
}

static void end(struct fixture *f)
{
    reply_clear(&f->out);
    held_deinit(&f->held);
    block_pool_deinit(&f->pool);
}

static void answer(struct fixture *f, const char *text, uint64_t gate, uint64_t turn)
{
    size_t before = f->out.bytes;
    reply_status(&f->out, text);
    if (gate || f->held.count)
        held_add(&f->held, gate, turn, f->out.bytes - before);
    cr_assert(held_check(&f->held, &f->out));
}

static void expect(struct fixture *f, const char *text)
{
    struct slice parts[64];
    struct buf all = { 0 };
    unsigned n = reply_parts(&f->out, f->out.bytes - f->held.bytes, parts, 64);

    for (unsigned i = 0; i < n; i++)
        buf_append(&all, parts[i]);
    cr_expect(slice_equal(buf_slice(&all), slice_str(text)), "got %.*s", (int)all.len,
              (const char *)all.data);
    buf_deinit(&all);
}

Test(held, a_reply_behind_one_that_waits_waits_too)
{
    struct fixture f;

    begin(&f);
    answer(&f, "a", 0, 1);
    answer(&f, "b", 100, 1);
    answer(&f, "c", 0, 1);
    expect(&f, "+a\r\n");
    cr_expect(!held_release(&f.held, 99));
    cr_expect(held_release(&f.held, 100));
    expect(&f, "+a\r\n+b\r\n+c\r\n");
    end(&f);
}

Test(held, calls_of_one_turn_share_a_run_and_leave_at_the_last_gate)
{
    struct fixture f;

    begin(&f);
    answer(&f, "a", 100, 1);
    answer(&f, "b", 200, 1);
    answer(&f, "c", 300, 2);
    cr_expect_eq(f.held.count, 2);
    cr_expect(!held_release(&f.held, 199));
    cr_expect(held_release(&f.held, 200));
    expect(&f, "+a\r\n+b\r\n");
    end(&f);
}

Test(held, a_failed_log_turns_each_waiting_call_into_one_error)
{
    struct fixture f;

    begin(&f);
    answer(&f, "a", 100, 1);
    answer(&f, "b", 150, 1);
    answer(&f, "c", 0, 1);
    answer(&f, "d", 300, 2);
    cr_expect_eq(held_fail(&f.held, 50, &f.out, "lost"), 3);
    expect(&f, "-UNCERTAIN lost\r\n-UNCERTAIN lost\r\n+c\r\n-UNCERTAIN lost\r\n");
    cr_expect_eq(f.held.count, 0);
    end(&f);
}

Test(held, what_was_pushed_waits_with_what_is_in_front_and_is_no_call)
{
    struct fixture f;

    begin(&f);
    reply_status(&f.out, "free");
    held_push(&f.held, 1, 7);
    cr_expect_eq(f.held.count, 0);
    answer(&f, "a", 100, 1);
    reply_status(&f.out, "push");
    held_push(&f.held, 1, 7);
    answer(&f, "b", 200, 1);
    cr_expect_eq(f.held.calls, 2);
    expect(&f, "+free\r\n");
    cr_expect_eq(held_fail(&f.held, 100, &f.out, "lost"), 1);
    expect(&f, "+free\r\n+a\r\n+push\r\n-UNCERTAIN lost\r\n");
    end(&f);
}

Test(held, what_was_acknowledged_survives_a_failure_behind_it)
{
    struct fixture f;

    begin(&f);
    answer(&f, "a", 100, 1);
    answer(&f, "b", 200, 2);
    cr_expect_eq(held_fail(&f.held, 100, &f.out, "lost"), 1);
    expect(&f, "+a\r\n-UNCERTAIN lost\r\n");
    end(&f);
}

Test(held, a_thousand_runs_in_a_ring_keep_their_order)
{
    struct fixture f;
    struct prng prng;
    uint64_t gate = 0, acked = 0;

    begin(&f);
    prng_init(&prng, 7);
    for (uint64_t turn = 1; turn < 1000; turn++) {
        answer(&f, "x", ++gate, turn);
        if (prng_one_in(&prng, 3)) {
            acked += prng_below(&prng, gate - acked + 1);
            held_release(&f.held, acked);
            cr_assert_eq(f.out.bytes - f.held.bytes, acked * 4);
        }
    }
    end(&f);
}
