/* os_pool.c: threads for slow work, and the only lock.
 *
 *     submit -> queue by priority -> a thread runs it -> finished -> done() on the loop
 *
 * One thread takes log jobs alone: clients wait for those, and a thread that is
 * in a long read cannot be called away from it. */
#include "os/os.h"

#include <assert.h>
#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "base/mem.h"

struct job_queue {
    struct job *first;
    struct job *last;
};

struct os_pool {
    struct pool base;
    struct ev_loop *ev;
    ev_async ready;       /* something is in `finished` */
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t work;  /* for the workers */
    pthread_cond_t log;   /* for the thread of log jobs */
    struct job_queue queues[JOB_PRIORITIES];
    struct job_queue finished;
    bool log_idle; /* that thread waits and was not woken yet */
    bool closing;
    unsigned count;
    pthread_t threads[]; /* the first is the one of log jobs */
};

static void queue_push(struct job_queue *q, struct job *job)
{
    job->next = NULL;
    if (q->first)
        q->last->next = job;
    else
        q->first = job;
    q->last = job;
}

static struct job *queue_pop(struct job_queue *q)
{
    struct job *job = q->first;

    if (job)
        q->first = job->next;
    return job;
}

/* The next job of a priority below `end`, the most urgent first. */
static struct job *take(struct os_pool *p, unsigned end)
{
    for (unsigned i = 0; i < end; i++) {
        struct job *job = queue_pop(&p->queues[i]);
        if (job)
            return job;
    }
    return NULL;
}

/* With the lock held, which it gives up meanwhile. */
static void run_job(struct os_pool *p, struct job *job)
{
    bool first;

    pthread_mutex_unlock(&p->lock);
    job->run(job);
    pthread_mutex_lock(&p->lock);
    first = !p->finished.first;
    queue_push(&p->finished, job);
    if (first) /* otherwise the loop has been called already, and not come yet */
        ev_async_send(p->ev, &p->ready);
}

static void *work(void *arg)
{
    struct os_pool *p = arg;

    pthread_mutex_lock(&p->lock);
    for (;;) {
        struct job *job = take(p, JOB_PRIORITIES);

        if (job)
            run_job(p, job);
        else if (p->closing)
            break;
        else
            pthread_cond_wait(&p->work, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void *work_log(void *arg)
{
    struct os_pool *p = arg;

    pthread_mutex_lock(&p->lock);
    for (;;) {
        struct job *job = take(p, JOB_LOG + 1);

        if (job) {
            run_job(p, job);
        } else if (p->closing) {
            break;
        } else {
            p->log_idle = true;
            pthread_cond_wait(&p->log, &p->lock);
            p->log_idle = false;
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void on_finished(struct ev_loop *ev, ev_async *ready, int events)
{
    struct os_pool *p = ready->data;
    struct job *job;

    (void)ev;
    (void)events;
    pthread_mutex_lock(&p->lock);
    job = p->finished.first;
    p->finished = (struct job_queue){ 0 };
    pthread_mutex_unlock(&p->lock);
    while (job) {
        struct job *next = job->next; /* done() may free it or submit it again */

        job->done(job);
        job = next;
    }
}

static void submit(struct pool *pool, struct job *job)
{
    struct os_pool *p = (struct os_pool *)pool;

    assert(job->run && job->done && job->priority < JOB_PRIORITIES);
    pthread_mutex_lock(&p->lock);
    assert(!p->closing);
    queue_push(&p->queues[job->priority], job);
    if (job->priority == JOB_LOG && p->log_idle) {
        p->log_idle = false;
        pthread_cond_signal(&p->log);
    } else {
        pthread_cond_signal(&p->work);
    }
    pthread_mutex_unlock(&p->lock);
}

static void start_thread(struct os_pool *p, unsigned i)
{
    int failed = pthread_create(&p->threads[i], NULL, i ? work : work_log, p);

    assert(!failed); /* as with memory: a process that cannot have it cannot go on */
    pthread_setname_np(p->threads[i], i ? "henge-job" : "henge-log");
}

struct pool *os_pool_new(struct os_loop *loop, unsigned threads)
{
    struct os_pool *p;
    sigset_t all;
    sigset_t before;

    assert(threads > 0);
    p = mem_zalloc(1, sizeof *p + (threads + 1) * sizeof p->threads[0]);
    p->base.submit = submit;
    p->ev = os_loop_ev(loop);
    ev_async_init(&p->ready, on_finished);
    p->ready.data = p;
    ev_async_start(p->ev, &p->ready);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->log, NULL);
    p->count = threads + 1;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < p->count; i++)
        start_thread(p, i);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return &p->base;
}

void os_pool_free(struct pool *pool)
{
    struct os_pool *p = (struct os_pool *)pool;

    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->work);
    pthread_cond_broadcast(&p->log);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->count; i++)
        pthread_join(p->threads[i], NULL);
    ev_async_stop(p->ev, &p->ready);
    pthread_cond_destroy(&p->log);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}
