/* Tests of os_loop.c: deadlines and signals. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "unit/os/os_fixture.h"

struct timed {
    struct fixture f;
    struct clock *clock;
    uint64_t delay_us; /* what each turn asks for */
    uint64_t began_us;
    unsigned turns;
    unsigned end_after;
    bool stopped;
    bool reopened;
};

static uint64_t take_turn(void *arg)
{
    struct timed *t = arg;

    if (++t->turns >= t->end_after || t->stopped)
        os_loop_end(t->f.loop);
    return t->delay_us ? clock_mono_us(t->clock) + t->delay_us : 0;
}

static void timed_run(struct timed *t)
{
    t->began_us = clock_mono_us(t->clock);
    t->turns = 0;
    os_loop_run(t->f.loop, take_turn, t);
}

static void timed_init(struct timed *t)
{
    *t = (struct timed){ 0 };
    fixture_init(&t->f);
    t->clock = os_clock_new();
}

static void timed_deinit(struct timed *t)
{
    os_clock_free(t->clock);
    fixture_deinit(&t->f);
}

Test(os_loop, a_turn_comes_when_it_is_due_and_not_before)
{
    struct timed t;
    uint64_t took_us;

    timed_init(&t);
    t.delay_us = 30 * 1000;
    t.end_after = 4; /* at the start and three times after 30 ms */
    timed_run(&t);
    took_us = clock_mono_us(t.clock) - t.began_us;
    cr_assert_geq(took_us, 80 * 1000, "%llu us", (unsigned long long)took_us);
    cr_assert_lt(took_us, 10 * 1000 * 1000, "%llu us", (unsigned long long)took_us);
    timed_deinit(&t);
}

static uint64_t earlier_and_earlier(void *arg)
{
    struct timed *t = arg;

    if (++t->turns == 3)
        os_loop_end(t->f.loop);
    if (t->turns == 1)
        return clock_mono_us(t->clock) + 3600ull * 1000 * 1000;
    return clock_mono_us(t->clock) + 1000;
}

static void wake(struct job *job)
{
    (void)job;
}

Test(os_loop, a_deadline_that_moves_nearer_is_kept)
{
    struct timed t;
    struct job job = { .run = wake, .done = wake };
    struct pool *pool;

    timed_init(&t);
    pool = os_pool_new(t.f.loop, 1);
    pool_submit(pool, &job); /* ends the first wait, of an hour */
    os_loop_run(t.f.loop, earlier_and_earlier, &t);
    cr_assert_eq(t.turns, 3);
    os_pool_free(pool);
    timed_deinit(&t);
}

Test(os_loop, zero_means_another_turn_at_once)
{
    struct timed t;

    timed_init(&t);
    t.end_after = 1000;
    timed_run(&t);
    cr_assert_eq(t.turns, 1000);
    timed_deinit(&t);
}

static void *ask_inside(void *arg)
{
    const struct os_loop *loop = arg;

    return os_loop_inside(loop) ? arg : NULL;
}

static uint64_t ask_both(void *arg)
{
    struct timed *t = arg;
    void *other = t;
    pthread_t thread;

    cr_assert(os_loop_inside(t->f.loop));
    cr_assert_eq(pthread_create(&thread, NULL, ask_inside, t->f.loop), 0);
    pthread_join(thread, &other);
    cr_assert_null(other);
    os_loop_end(t->f.loop);
    return 0;
}

Test(os_loop, only_its_own_thread_is_inside_and_only_while_it_runs)
{
    struct timed t;

    timed_init(&t);
    cr_assert_not(os_loop_inside(t.f.loop));
    os_loop_run(t.f.loop, ask_both, &t);
    cr_assert_not(os_loop_inside(t.f.loop));
    timed_deinit(&t);
}

static void on_stop(void *arg)
{
    ((struct timed *)arg)->stopped = true;
}

static void on_reopen(void *arg)
{
    ((struct timed *)arg)->reopened = true;
}

static uint64_t hang_up_then_terminate(void *arg)
{
    struct timed *t = arg;

    if (t->turns++ == 0)
        raise(SIGHUP);
    else if (t->turns == 2)
        raise(SIGTERM);
    if (t->stopped)
        os_loop_end(t->f.loop);
    return UINT64_MAX;
}

Test(os_loop, signals_come_between_turns_and_a_broken_pipe_is_none)
{
    struct timed t;

    timed_init(&t);
    os_loop_signals(t.f.loop, (struct os_signals){ on_stop, on_reopen, &t });
    raise(SIGPIPE);
    os_loop_run(t.f.loop, hang_up_then_terminate, &t);
    cr_assert(t.reopened);
    cr_assert(t.stopped);
    cr_assert_str_eq(t.f.log, "2 Received SIGTERM, stopping\n");
    timed_deinit(&t);
}

static uint64_t interrupt_always(void *arg)
{
    (void)arg;
    raise(SIGINT);
    return UINT64_MAX;
}

Test(os_loop, a_second_interrupt_exits_at_once_with_1, .exit_code = 1)
{
    struct timed t;

    timed_init(&t);
    rmdir(t.f.dir);
    os_loop_signals(t.f.loop, (struct os_signals){ on_stop, on_reopen, &t });
    os_loop_run(t.f.loop, interrupt_always, &t);
}
