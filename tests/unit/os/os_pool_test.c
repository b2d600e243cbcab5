/* Tests of os_pool.c: every job once, urgent ones first, log jobs at once. */
#include <criterion/criterion.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "unit/os/os_fixture.h"

enum { MANY = 10000 };

struct bench {
    struct fixture f;
    struct pool *pool;
    unsigned done;
    unsigned wanted;
    atomic_uint ran;
    sem_t gate;
    sem_t arrived;
};

struct task {
    struct job job;
    struct bench *bench;
    unsigned runs;
    unsigned dones;
    unsigned place;    /* in the order of running */
    bool inside_ran;   /* run() was called on the loop's thread */
    bool outside_done; /* done() was not */
    unsigned again;    /* times done() submits it once more */
};

static void task_run(struct job *job)
{
    struct task *t = (struct task *)job;

    t->runs++;
    t->inside_ran |= os_loop_inside(t->bench->f.loop);
    t->place = atomic_fetch_add(&t->bench->ran, 1);
}

static void task_block(struct job *job)
{
    struct task *t = (struct task *)job;

    sem_post(&t->bench->arrived);
    sem_wait(&t->bench->gate);
    task_run(job);
}

static void task_done(struct job *job)
{
    struct task *t = (struct task *)job;

    t->dones++;
    t->bench->done++;
    t->outside_done |= !os_loop_inside(t->bench->f.loop);
    if (t->again) {
        t->again--;
        pool_submit(t->bench->pool, job);
    }
}

static bool all_done(void *arg)
{
    struct bench *b = arg;

    return b->done == b->wanted;
}

static void bench_init(struct bench *b, unsigned threads)
{
    memset(b, 0, sizeof *b);
    fixture_init(&b->f);
    b->pool = os_pool_new(b->f.loop, threads);
    sem_init(&b->gate, 0, 0);
    sem_init(&b->arrived, 0, 0);
}

static void bench_deinit(struct bench *b)
{
    os_pool_free(b->pool);
    fixture_deinit(&b->f);
    sem_destroy(&b->gate);
    sem_destroy(&b->arrived);
}

static struct task task_of(struct bench *b, enum job_priority priority)
{
    return (struct task){
        .job = { .run = task_run, .done = task_done, .priority = priority },
        .bench = b,
    };
}

static void bench_wait(struct bench *b, unsigned wanted)
{
    b->wanted = wanted;
    fixture_run(&b->f, all_done, b);
}

Test(os_pool, ten_thousand_jobs_are_run_elsewhere_and_done_on_the_loop_once_each)
{
    static struct task tasks[MANY];
    struct bench b;

    bench_init(&b, 3);
    for (unsigned i = 0; i < MANY; i++) {
        tasks[i] = task_of(&b, (enum job_priority)(i % JOB_PRIORITIES));
        pool_submit(b.pool, &tasks[i].job);
    }
    cr_assert_eq(b.done, 0, "done() came from within pool_submit()");
    bench_wait(&b, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        cr_assert_eq(tasks[i].runs, 1);
        cr_assert_eq(tasks[i].dones, 1);
        cr_assert_not(tasks[i].inside_ran);
        cr_assert_not(tasks[i].outside_done);
    }
    bench_deinit(&b);
}

Test(os_pool, a_job_may_be_submitted_again_from_its_done)
{
    struct bench b;
    struct task t;

    bench_init(&b, 1);
    t = task_of(&b, JOB_SOON);
    t.again = 999;
    pool_submit(b.pool, &t.job);
    bench_wait(&b, 1000);
    cr_assert_eq(t.runs, 1000);
    bench_deinit(&b);
}

Test(os_pool, a_log_job_is_done_while_every_worker_is_blocked)
{
    struct bench b;
    struct task blocked[4];
    struct task logs[3];

    bench_init(&b, 2);
    for (unsigned i = 0; i < 4; i++) {
        blocked[i] = task_of(&b, i % 2 ? JOB_LATER : JOB_SOON);
        blocked[i].job.run = task_block;
        pool_submit(b.pool, &blocked[i].job);
    }
    sem_wait(&b.arrived);
    sem_wait(&b.arrived);
    for (unsigned i = 0; i < 3; i++) {
        logs[i] = task_of(&b, JOB_LOG);
        pool_submit(b.pool, &logs[i].job);
    }
    bench_wait(&b, 3);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(logs[i].dones, 1);
    for (unsigned i = 0; i < 4; i++)
        sem_post(&b.gate);
    bench_wait(&b, 7);
    bench_deinit(&b);
}

Test(os_pool, a_worker_takes_log_jobs_when_their_own_thread_is_busy)
{
    struct bench b;
    struct task blocked;
    struct task second;

    bench_init(&b, 1);
    blocked = task_of(&b, JOB_LOG);
    blocked.job.run = task_block;
    pool_submit(b.pool, &blocked.job);
    sem_wait(&b.arrived);
    second = task_of(&b, JOB_LOG);
    pool_submit(b.pool, &second.job);
    bench_wait(&b, 1);
    cr_assert_eq(second.dones, 1);
    sem_post(&b.gate);
    bench_wait(&b, 2);
    bench_deinit(&b);
}

Test(os_pool, urgent_jobs_overtake_those_nobody_waits_for)
{
    struct bench b;
    struct task blocked;
    struct task later[3];
    struct task soon;

    bench_init(&b, 1);
    blocked = task_of(&b, JOB_LATER);
    blocked.job.run = task_block;
    pool_submit(b.pool, &blocked.job);
    sem_wait(&b.arrived);
    for (unsigned i = 0; i < 3; i++) {
        later[i] = task_of(&b, JOB_LATER);
        pool_submit(b.pool, &later[i].job);
    }
    soon = task_of(&b, JOB_SOON);
    pool_submit(b.pool, &soon.job);
    sem_post(&b.gate);
    bench_wait(&b, 5);
    cr_assert_eq(blocked.place, 0);
    cr_assert_eq(soon.place, 1);
    cr_assert_eq(later[0].place, 2);
    cr_assert_eq(later[2].place, 4, "jobs of one priority begin in order");
    bench_deinit(&b);
}

Test(os_pool, the_end_of_the_pool_waits_for_what_was_submitted)
{
    static struct task tasks[1000];
    struct bench b;

    bench_init(&b, 2);
    for (unsigned i = 0; i < 1000; i++) {
        tasks[i] = task_of(&b, (enum job_priority)(i % JOB_PRIORITIES));
        pool_submit(b.pool, &tasks[i].job);
    }
    os_pool_free(b.pool);
    b.pool = NULL;
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert_eq(tasks[i].runs, 1);
        cr_assert_eq(tasks[i].dones, 0, "nobody is told after the end");
    }
    bench_deinit(&b);
}
