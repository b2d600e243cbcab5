/* Tests of os_pool.c: every job once, urgent ones first, log jobs at once. */
#include <criterion/criterion.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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
    int nice;          /* of the thread it ran on */
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
        blocked[i] = task_of(&b, (enum job_priority)(JOB_READ + i));
        blocked[i].job.run = task_block;
        pool_submit(b.pool, &blocked[i].job);
    }
    for (unsigned i = 0; i < 3; i++)
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

/* One job of that priority that a thread is in until the gate opens. */
static void block(struct bench *b, struct task *t, enum job_priority priority)
{
    *t = task_of(b, priority);
    t->job.run = task_block;
    pool_submit(b->pool, &t->job);
    sem_wait(&b->arrived);
}

static void submit_three(struct bench *b, struct task t[3], enum job_priority priority)
{
    for (unsigned i = 0; i < 3; i++) {
        t[i] = task_of(b, priority);
        pool_submit(b->pool, &t[i].job);
    }
}

/* With one thread for both, `early` runs before `late`, each in order. */
static void expect_overtaking(enum job_priority late, enum job_priority early)
{
    struct bench b;
    struct task blocked;
    struct task behind[3];
    struct task ahead[3];

    bench_init(&b, 1);
    block(&b, &blocked, late);
    submit_three(&b, behind, late);
    submit_three(&b, ahead, early);
    sem_post(&b.gate);
    bench_wait(&b, 7);
    cr_assert_eq(blocked.place, 0, "the two share a thread");
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(ahead[i].place, 1 + i);
        cr_assert_eq(behind[i].place, 4 + i, "jobs of one priority begin in order");
    }
    bench_deinit(&b);
}

Test(os_pool, reads_overtake_what_clients_do_not_wait_for_yet)
{
    expect_overtaking(JOB_SOON, JOB_READ);
}

Test(os_pool, flushes_overtake_what_nobody_waits_for)
{
    expect_overtaking(JOB_LATER, JOB_FLUSH);
}

Test(os_pool, a_long_background_job_delays_no_log_no_read_and_nothing_soon)
{
    for (enum job_priority long_one = JOB_FLUSH; long_one <= JOB_LATER; long_one++) {
        struct bench b;
        struct task blocked;
        struct task quick[3][3];
        struct task flush;

        bench_init(&b, 1);
        block(&b, &blocked, long_one);
        submit_three(&b, quick[0], JOB_LOG);
        submit_three(&b, quick[1], JOB_READ);
        submit_three(&b, quick[2], JOB_SOON);
        flush = task_of(&b, JOB_FLUSH);
        pool_submit(b.pool, &flush.job);
        bench_wait(&b, 9);
        cr_assert_eq(flush.dones, 0, "the background runs one at a time");
        sem_post(&b.gate);
        bench_wait(&b, 11);
        cr_assert_eq(blocked.place, 9);
        bench_deinit(&b);
    }
}

static void task_priority(struct job *job)
{
    struct task *t = (struct task *)job;

    t->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    task_run(job);
}

Test(os_pool, only_the_background_leaves_the_processor_to_others)
{
    struct bench b;
    struct task tasks[JOB_PRIORITIES];
    int usual = getpriority(PRIO_PROCESS, 0);
    int lower = usual + 10 < 19 ? usual + 10 : 19;

    bench_init(&b, 1);
    for (unsigned i = 0; i < JOB_PRIORITIES; i++) {
        tasks[i] = task_of(&b, (enum job_priority)i);
        tasks[i].job.run = task_priority;
        pool_submit(b.pool, &tasks[i].job);
    }
    bench_wait(&b, JOB_PRIORITIES);
    cr_assert_eq(tasks[JOB_LOG].nice, usual);
    cr_assert_eq(tasks[JOB_READ].nice, usual);
    cr_assert_eq(tasks[JOB_SOON].nice, usual);
    cr_assert_eq(tasks[JOB_FLUSH].nice, lower);
    cr_assert_eq(tasks[JOB_LATER].nice, lower);
    cr_assert_eq(getpriority(PRIO_PROCESS, 0), usual);
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
