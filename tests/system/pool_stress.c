/* pool_stress.c: the pool and the loop under pressure, for the thread sanitizer.
 *
 * Jobs of every priority write into memory of their own, and done() reads it,
 * submits more and hands arenas over; what the background's jobs share has no lock.
 * Exits with 1 if a job was lost, doubled, done on the wrong thread or saw
 * another's bytes. */
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"
#include "os/os_env.h"

enum {
    ROUNDS = 8,
    JOBS = 64,          /* at a time */
    SUBMISSIONS = 6000, /* a round */
    BYTES = 512,
    CHUNK = 64 * 1024,
    TOO_LONG_S = 120,
};

struct stress;

struct task {
    struct job job;
    struct stress *stress;
    uint64_t number; /* of the submission: input */
    uint64_t answer; /* output */
    uint8_t bytes[BYTES];
    unsigned arena; /* taken by the loop, filled and given back by the job */
    bool has_arena;
    bool under_way;
};

struct stress {
    struct os_env *world;
    struct env *env;
    struct task tasks[JOBS];
    uint64_t submitted;
    uint64_t done;
    uint64_t sum; /* of the answers */
    atomic_ullong ran;
    atomic_uint on_loop; /* runs that came on the loop's thread */
    uint64_t background; /* runs of JOB_FLUSH and JOB_LATER, which are one at a time */
    unsigned wrong;
};

static uint64_t answer_to(uint64_t number)
{
    return number * 0x9e3779b97f4a7c15u ^ number >> 7;
}

static void fill_arena(struct task *t)
{
    struct arenas *arenas = t->stress->env->arenas;
    uint8_t *chunk = arenas_chunk(arenas, t->arena, CHUNK);

    memset(chunk, (int)(t->number & 0xff), CHUNK);
    if (chunk[CHUNK - 1] != (t->number & 0xff))
        t->answer++;
    arenas_release(arenas, t->arena);
}

static void run(struct job *job)
{
    struct task *t = (struct task *)job;

    if (os_loop_inside(os_env_loop(t->stress->world)))
        atomic_fetch_add(&t->stress->on_loop, 1);
    atomic_fetch_add(&t->stress->ran, 1);
    if (job->priority >= JOB_FLUSH)
        t->stress->background++;
    memset(t->bytes, (int)(t->number & 0xff), BYTES);
    t->answer = answer_to(t->number);
    if (t->has_arena)
        fill_arena(t);
    if (t->number % 1000 == 0)
        trace_log(t->stress->env->trace, TRACE_DEBUG, "job %llu", (unsigned long long)t->number);
}

static void submit(struct stress *s, struct task *t);

static void done(struct job *job)
{
    struct task *t = (struct task *)job;
    struct stress *s = t->stress;

    if (!t->under_way || !os_loop_inside(os_env_loop(s->world)) ||
        t->answer != answer_to(t->number) || t->bytes[BYTES - 1] != (t->number & 0xff))
        s->wrong++;
    t->under_way = false;
    s->done++;
    s->sum += t->answer;
    if (s->submitted < SUBMISSIONS)
        submit(s, t);
}

static void submit(struct stress *s, struct task *t)
{
    t->job = (struct job){ run, done, (enum job_priority)(s->submitted % JOB_PRIORITIES), NULL };
    t->stress = s;
    t->number = s->submitted++;
    t->under_way = true;
    t->has_arena = t >= s->tasks && t < s->tasks + OS_ARENAS_MAX;
    if (t->has_arena)
        t->arena = arenas_acquire(s->env->arenas);
    pool_submit(s->env->pool, &t->job);
}

static uint64_t turn(void *arg)
{
    struct stress *s = arg;

    if (s->done == SUBMISSIONS)
        os_loop_end(os_env_loop(s->world));
    return s->done % 3 ? UINT64_MAX : 0; /* waits and polls by turns */
}

static void expect(struct stress *s, bool holds, const char *what)
{
    if (holds)
        return;
    s->wrong++;
    fprintf(stderr, "pool_stress: %s\n", what);
}

/* How many of the first `submissions` are for the background. */
static uint64_t background(uint64_t submissions)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < submissions; i++)
        count += i % JOB_PRIORITIES >= JOB_FLUSH;
    return count;
}

static unsigned stress_once(unsigned threads)
{
    struct os_env_options options = {
        .logfile = "/dev/null",
        .level = TRACE_DEBUG,
        .pool_threads = threads,
        .connections = 10,
    };
    struct stress *s = calloc(1, sizeof *s);
    uint64_t sum = 0;
    unsigned wrong;

    if (!s || err_is(os_env_new(&options, &s->world)))
        return 1;
    s->env = os_env_get(s->world);
    for (unsigned i = 0; i < JOBS; i++)
        submit(s, &s->tasks[i]);
    os_loop_run(os_env_loop(s->world), turn, s);
    for (uint64_t i = 0; i < SUBMISSIONS; i++)
        sum += answer_to(i);
    expect(s, s->sum == sum && atomic_load(&s->ran) == SUBMISSIONS, "jobs were lost or doubled");
    expect(s, atomic_load(&s->on_loop) == 0, "jobs ran on the loop");

    /* The end with work under way: everything runs, nobody is told. */
    s->submitted = 0;
    for (unsigned i = 0; i < JOBS; i++)
        submit(s, &s->tasks[i]);
    os_env_end_jobs(s->world);
    expect(s, atomic_load(&s->ran) == SUBMISSIONS + JOBS, "the end did not wait for jobs");
    expect(s, s->done == SUBMISSIONS, "done() came after the end");
    expect(s, s->background == background(SUBMISSIONS) + background(JOBS),
           "the background ran two jobs at a time");
    wrong = s->wrong;
    os_env_free(s->world);
    free(s);
    return wrong;
}

int main(void)
{
    unsigned wrong = 0;

    alarm(TOO_LONG_S); /* a lost wake-up must not hang the suite: SIGALRM ends it */
    for (unsigned round = 0; round < ROUNDS; round++)
        wrong += stress_once(1 + round % 4);
    printf("%s\n", wrong ? "0 passed, 1 failed" : "1 passed, 0 failed");
    return wrong ? 1 : 0;
}
