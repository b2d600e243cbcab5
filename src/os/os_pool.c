/* os_pool.c: threads for slow work, and the only lock.
 *
 *     submit -> queue by priority -> a thread runs it -> finished -> done() on the loop
 *
 * Who takes what, for a thread that is in a long call cannot be called away:
 *
 *     one thread        JOB_LOG                      clients wait for it
 *     pool-threads      JOB_LOG, JOB_READ, JOB_SOON  clients wait, or may soon
 *     one thread, nice  JOB_FLUSH, JOB_LATER         memory waits, or nobody
 *
 * Each takes the most urgent it may, and of one priority the oldest. */
#include "os/os.h"

#include <assert.h>
#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"

/* How much processor time the background leaves to clients when there is not
 * enough for both: by Linux's weights it gets about a tenth of theirs. */
enum { BACKGROUND_NICE = 10 };

enum crew_kind {
    CREW_LOG,
    CREW_QUICK,
    CREW_BACKGROUND,
    CREWS,
};

struct crew_row {
    const char *name;
    enum job_priority first; /* the priorities its threads take */
    enum job_priority last;
};

static const struct crew_row rows[CREWS] = {
    [CREW_LOG] = { "henge-log", JOB_LOG, JOB_LOG },
    [CREW_QUICK] = { "henge-job", JOB_LOG, JOB_SOON },
    [CREW_BACKGROUND] = { "henge-later", JOB_FLUSH, JOB_LATER },
};

struct job_queue {
    struct job *first;
    struct job *last;
};

/* Threads that take the same jobs. */
struct crew {
    pthread_cond_t work;
    bool idle; /* of the log's: its thread waits and was not woken yet */
};

struct worker {
    struct os_pool *pool;
    enum crew_kind kind;
    pthread_t thread;
};

struct os_pool {
    struct pool base;
    struct ev_loop *ev;
    ev_async ready;       /* something is in `finished` */
    pthread_mutex_t lock; /* of everything below */
    struct crew crews[CREWS];
    struct job_queue queues[JOB_PRIORITIES];
    struct job_queue finished;
    bool closing;
    unsigned count;
    struct worker workers[];
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

/* The next job for a thread of that crew. */
static struct job *take(struct os_pool *p, enum crew_kind kind)
{
    for (unsigned i = rows[kind].first; i <= rows[kind].last; i++) {
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

/* On Linux it is the thread's own.  If the system will not have it, the work is
 * done all the same. */
static void be_nice(void)
{
    id_t me = (id_t)gettid();

    (void)setpriority(PRIO_PROCESS, me, getpriority(PRIO_PROCESS, me) + BACKGROUND_NICE);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct os_pool *p = w->pool;
    struct crew *crew = &p->crews[w->kind];

    if (w->kind == CREW_BACKGROUND)
        be_nice();
    pthread_mutex_lock(&p->lock);
    for (;;) {
        struct job *job = take(p, w->kind);

        if (job) {
            run_job(p, job);
        } else if (p->closing) {
            break;
        } else {
            crew->idle = true;
            pthread_cond_wait(&crew->work, &p->lock);
            crew->idle = false;
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

/* A log job goes to a worker if the log's own thread is busy. */
static enum crew_kind crew_for(const struct os_pool *p, enum job_priority priority)
{
    if (priority == JOB_LOG && p->crews[CREW_LOG].idle)
        return CREW_LOG;
    return priority <= rows[CREW_QUICK].last ? CREW_QUICK : CREW_BACKGROUND;
}

static void submit(struct pool *pool, struct job *job)
{
    struct os_pool *p = (struct os_pool *)pool;
    struct crew *crew;

    assert(job->run && job->done && job->priority < JOB_PRIORITIES);
    pthread_mutex_lock(&p->lock);
    assert(!p->closing);
    queue_push(&p->queues[job->priority], job);
    crew = &p->crews[crew_for(p, job->priority)];
    crew->idle = false;
    pthread_cond_signal(&crew->work);
    pthread_mutex_unlock(&p->lock);
}

static void start_thread(struct os_pool *p, struct worker *w, enum crew_kind kind)
{
    int failed;

    w->pool = p;
    w->kind = kind;
    failed = pthread_create(&w->thread, NULL, work, w);
    assert(!failed); /* as with memory: a process that cannot have it cannot go on */
    pthread_setname_np(w->thread, rows[kind].name);
}

struct pool *os_pool_new(struct os_loop *loop, unsigned threads)
{
    struct os_pool *p;
    sigset_t all;
    sigset_t before;

    assert(threads > 0);
    p = mem_zalloc(1, sizeof *p + (threads + 2) * sizeof p->workers[0]);
    p->base.submit = submit;
    p->ev = os_loop_ev(loop);
    ev_async_init(&p->ready, on_finished);
    p->ready.data = p;
    ev_async_start(p->ev, &p->ready);
    pthread_mutex_init(&p->lock, NULL);
    for (unsigned i = 0; i < CREWS; i++)
        pthread_cond_init(&p->crews[i].work, NULL);
    p->count = threads + 2;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    start_thread(p, &p->workers[0], CREW_LOG);
    start_thread(p, &p->workers[1], CREW_BACKGROUND);
    for (unsigned i = 2; i < p->count; i++)
        start_thread(p, &p->workers[i], CREW_QUICK);
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
    for (unsigned i = 0; i < CREWS; i++)
        pthread_cond_broadcast(&p->crews[i].work);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->count; i++)
        pthread_join(p->workers[i].thread, NULL);
    ev_async_stop(p->ev, &p->ready);
    for (unsigned i = 0; i < CREWS; i++)
        pthread_cond_destroy(&p->crews[i].work);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}
