/* tombstone_test.c: what a member reports, what holds the mark, and that nothing older than any
 * node's mark is ever left to be settled. */
#include "cluster/tombstone.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/prng.h"
#include "cluster/stamp.h"

Test(tombstone_report, is_the_oldest_of_what_a_node_holds_and_may_still_give)
{
    cr_assert_eq(tombstone_report(&(struct tombstone_facts){ .promise = 100 }), 100);
    cr_assert_eq(tombstone_report(&(struct tombstone_facts){ 100, 50, 70, false }), 50);
    cr_assert_eq(tombstone_report(&(struct tombstone_facts){ 100, 80, 70, false }), 70);
    cr_assert_eq(tombstone_report(&(struct tombstone_facts){ 100, 200, 300, false }), 100);
    cr_assert_eq(tombstone_report(&(struct tombstone_facts){ 100, 0, 0, true }), 0,
                 "who may have forgotten says nothing");
}

static struct tombstone_watch *watch_of(uint32_t members)
{
    static const uint32_t ids[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    struct tombstone_watch *w = tombstone_new();

    tombstone_change(w, 1, ids, members);
    return w;
}

Test(tombstone, the_mark_is_the_smallest_report_and_never_falls)
{
    struct tombstone_watch *w = watch_of(3);

    tombstone_heard(w, 1, 1, 30, 0);
    tombstone_heard(w, 2, 1, 20, 0);
    cr_assert_eq(tombstone_mark(w), 0, "one has not said anything");
    tombstone_heard(w, 3, 1, 40, 0);
    cr_assert_eq(tombstone_mark(w), 20);
    tombstone_heard(w, 2, 1, 35, 0);
    cr_assert_eq(tombstone_mark(w), 30);
    tombstone_heard(w, 3, 1, 10, 0);
    cr_assert_eq(tombstone_mark(w), 30, "it holds another one's old request");
    tombstone_heard(w, 1, 1, 50, 0);
    cr_assert_eq(tombstone_mark(w), 30);
    tombstone_heard(w, 3, 1, 60, 0);
    cr_assert_eq(tombstone_mark(w), 35);
    tombstone_free(w);
}

Test(tombstone, a_member_that_is_away_holds_the_mark_until_it_is_forgotten)
{
    struct tombstone_watch *w = watch_of(3);
    struct tombstone_member holder;

    for (uint32_t id = 1; id <= 3; id++)
        tombstone_heard(w, id, 1, 10, 1000);
    tombstone_heard(w, 1, 1, 500, 9000);
    tombstone_heard(w, 3, 1, 600, 9000);
    cr_assert_eq(tombstone_mark(w), 10);
    cr_assert(tombstone_holder(w, &holder) && holder.id == 2 && holder.heard_ms == 1000);
    tombstone_change(w, 2, (uint32_t[]){ 1, 3 }, 2);
    cr_assert_eq(tombstone_mark(w), 10, "who holds requests of it has to say so first");
    tombstone_heard(w, 1, 1, 700, 9100);
    tombstone_heard(w, 2, 2, 1, 9100);
    tombstone_heard(w, 3, 2, 600, 9100);
    cr_assert_eq(tombstone_mark(w), 10);
    tombstone_heard(w, 1, 2, 700, 9200);
    cr_assert_eq(tombstone_mark(w), 600);
    tombstone_free(w);
}

Test(tombstone, an_old_epoch_and_strangers_change_nothing)
{
    struct tombstone_watch *w = watch_of(2);
    struct tombstone_member holder;

    tombstone_heard(w, 1, 1, 10, 0);
    tombstone_heard(w, 9, 1, 10, 0);
    tombstone_heard(w, 2, 2, 10, 0);
    tombstone_heard(w, 2, 1, 0, 0);
    cr_assert_eq(tombstone_mark(w), 0);
    tombstone_change(w, 1, (uint32_t[]){ 1 }, 1);
    cr_assert_eq(tombstone_mark(w), 0);
    tombstone_heard(w, 2, 1, 20, 0);
    cr_assert_eq(tombstone_mark(w), 10);
    cr_assert_eq(tombstone_welcome(w, 5), 10);
    cr_assert_eq(tombstone_welcome(w, 15), 15);
    tombstone_free(w);
    w = tombstone_new();
    cr_assert(tombstone_mark(w) == 0 && !tombstone_holder(w, &holder));
    tombstone_free(w);
}

Test(tombstone, members_out_of_order_are_a_mistake, .signal = SIGABRT)
{
    struct tombstone_watch *w = tombstone_new();

    tombstone_change(w, 1, (uint32_t[]){ 2, 1 }, 2);
}

/* --- a ring whose members come, go, lose power and are forgotten ------------------ */

enum { NODES = 10, FIRST = 4, REQUESTS = 400, EPOCHS = 32, WALL = 1000000000, SKEW = 2000000 };

struct request {
    uint64_t stamp;
    int origin;
    bool settled;
    bool held[NODES];
};

struct node {
    struct tombstone_watch *watch;
    struct stamp_clock clock;
    uint64_t epoch;    /* that it knows of; 0: it has not begun */
    uint64_t reported; /* by itself, last */
    int64_t skew;
    bool recovering;
};

struct mail { /* the last report on its way */
    uint64_t t, epoch;
};

struct ring {
    struct prng p;
    uint64_t seed;
    uint64_t wall;
    struct node nodes[NODES];
    struct request requests[REQUESTS];
    int made;
    struct mail mail[NODES][NODES];
    bool member[EPOCHS][NODES];
    uint64_t epoch;
    uint64_t marks; /* how often one rose */
};

static uint64_t wall_of(const struct ring *r, int n)
{
    return (uint64_t)((int64_t)r->wall + r->nodes[n].skew);
}

/* Whether `n` is a member as far as it knows; a forgotten node that does not know is. */
static bool active(const struct ring *r, int n)
{
    return r->nodes[n].epoch && r->member[r->nodes[n].epoch][n];
}

static int any_node(struct ring *r)
{
    return (int)prng_below(&r->p, NODES);
}

static void write_one(struct ring *r, int n)
{
    struct node *node = &r->nodes[n];
    uint64_t mark = stamp_wish(&node->clock, wall_of(r, n)), stamp;

    if (mark)
        stamp_synced(&node->clock, mark);
    if (node->recovering || r->made == REQUESTS)
        return;
    stamp = stamp_give(&node->clock, wall_of(r, n));
    if (!stamp)
        return;
    r->requests[r->made] = (struct request){ .stamp = stamp, .origin = n };
    r->requests[r->made++].held[n] = true;
}

/* The newest requests of a holder go to another node, unless that knows the holder is forgotten. */
static void feed(struct ring *r, int from, int to)
{
    if (!r->member[r->nodes[to].epoch][from])
        return;
    for (int i = r->made; i-- > 0 && i > r->made - 20;) {
        if (r->requests[i].held[from] && prng_one_in(&r->p, 2))
            r->requests[i].held[to] = true;
    }
}

static void report(struct ring *r, int from, int to)
{
    struct node *node = &r->nodes[from];
    struct tombstone_facts f = { .recovering = node->recovering };

    f.promise = stamp_promise(&node->clock, wall_of(r, from));
    for (int i = 0; i < r->made; i++) {
        uint64_t stamp = r->requests[i].stamp;
        if (r->requests[i].held[from] && (!f.oldest_tentative || stamp < f.oldest_tentative))
            f.oldest_tentative = stamp;
    }
    uint64_t t = tombstone_report(&f);
    if (!t)
        return;
    node->reported = t > node->reported ? t : node->reported;
    r->mail[from][to] = (struct mail){ t, node->epoch };
}

static void deliver(struct ring *r, int from, int to)
{
    const struct mail *m = &r->mail[from][to];

    tombstone_heard(r->nodes[to].watch, (uint32_t)from, m->epoch, m->t, 0);
}

/* Its newest requests were not synced. */
static void lose_power(struct ring *r, int n)
{
    struct node *node = &r->nodes[n];
    struct tombstone_watch *old = node->watch;
    uint32_t ids[NODES];
    size_t count = 0;

    for (int i = r->made; i-- > 0 && !prng_one_in(&r->p, 20);)
        r->requests[i].held[n] = false;
    stamp_init(&node->clock, node->clock.mark, 0);
    node->recovering = true;
    for (uint32_t i = 0; i < NODES; i++) {
        if (r->member[node->epoch][i])
            ids[count++] = i;
    }
    node->watch = tombstone_new();
    tombstone_change(node->watch, node->epoch, ids, count);
    tombstone_free(old);
}

/* It gets its own requests back from everybody who has some. */
static void recover(struct ring *r, int n)
{
    for (int i = 0; i < r->made; i++) {
        for (int h = 0; h < NODES && r->requests[i].origin == n; h++) {
            if (r->requests[i].held[h] && !r->requests[i].settled)
                r->requests[i].held[n] = true;
        }
    }
    r->nodes[n].recovering = false;
}

static void learn(struct ring *r, int n, uint64_t epoch)
{
    uint32_t ids[NODES];
    size_t count = 0;

    for (uint32_t i = 0; i < NODES; i++) {
        if (r->member[epoch][i])
            ids[count++] = i;
    }
    r->nodes[n].epoch = epoch;
    tombstone_change(r->nodes[n].watch, epoch, ids, count);
}

/* `n` hears from `from` of a newer epoch; for a new member that is the welcome. */
static void tell(struct ring *r, int from, int n)
{
    struct node *node = &r->nodes[n];
    uint64_t epoch = r->nodes[from].epoch;

    if (epoch <= node->epoch || !r->member[epoch][n] || !r->member[epoch][from])
        return;
    if (!node->epoch)
        stamp_follow(&node->clock, wall_of(r, n),
                     tombstone_welcome(r->nodes[from].watch, r->nodes[from].reported));
    learn(r, n, epoch);
}

/* One node joins or one is forgotten; a member that knows the last epoch brings it about. */
static void change_ring(struct ring *r, int n)
{
    int by = any_node(r);
    uint64_t next = r->epoch + 1;

    if (next == EPOCHS || by == n || !active(r, by) || r->nodes[by].epoch != r->epoch)
        return;
    if (!r->member[r->epoch][n] && r->nodes[n].epoch)
        return; /* who was forgotten does not come back */
    memcpy(r->member[next], r->member[r->epoch], sizeof r->member[next]);
    r->member[next][n] = !r->member[r->epoch][n];
    r->epoch = next;
    learn(r, by, next);
}

static void settle_some(struct ring *r)
{
    for (int i = 0; i < r->made; i++) {
        struct request *q = &r->requests[i];

        q->settled = q->settled || prng_one_in(&r->p, 5);
        for (int h = 0; h < NODES && q->settled; h++)
            q->held[h] = q->held[h] && prng_one_in(&r->p, 2);
    }
}

/* What a member holds and is not settled is not below anybody's mark. */
static void expect_nothing_below_marks(struct ring *r, const uint64_t before[NODES])
{
    for (int n = 0; n < NODES; n++) {
        uint64_t mark = tombstone_mark(r->nodes[n].watch);

        r->marks += mark > before[n];
        for (int i = 0; i < r->made; i++) {
            for (int h = 0; h < NODES; h++) {
                if (r->requests[i].held[h] && !r->requests[i].settled && r->member[r->epoch][h])
                    cr_assert_geq(r->requests[i].stamp, mark, "seed %lu: node %d, request %d of %d",
                                  r->seed, n, i, r->requests[i].origin);
            }
        }
    }
}

static void step(struct ring *r)
{
    int a = any_node(r), b = any_node(r);
    uint64_t before[NODES];

    for (int n = 0; n < NODES; n++)
        before[n] = tombstone_mark(r->nodes[n].watch);
    r->wall += prng_below(&r->p, 20000);
    if (prng_one_in(&r->p, 60))
        change_ring(r, a);
    if (prng_one_in(&r->p, 15))
        settle_some(r);
    tell(r, b, a);
    if (active(r, a)) {
        if (prng_one_in(&r->p, 3))
            write_one(r, a);
        if (prng_one_in(&r->p, 100))
            lose_power(r, a);
        if (r->nodes[a].recovering && prng_one_in(&r->p, 4))
            recover(r, a);
        for (int to = 0; to < NODES; to++) {
            if (prng_one_in(&r->p, 2))
                report(r, a, to);
            if (prng_one_in(&r->p, 2) && active(r, to))
                deliver(r, a, to);
        }
    }
    if (active(r, a) && active(r, b))
        feed(r, a, b);
    expect_nothing_below_marks(r, before);
}

static uint64_t run_ring(uint64_t seed)
{
    struct ring *r = mem_zalloc(1, sizeof *r);
    uint64_t marks;

    prng_init(&r->p, seed);
    r->seed = seed;
    r->wall = WALL;
    r->epoch = 1;
    for (int n = 0; n < FIRST; n++)
        r->member[1][n] = true;
    for (int n = 0; n < NODES; n++) {
        r->nodes[n].watch = tombstone_new();
        r->nodes[n].skew = (int64_t)prng_below(&r->p, 2 * SKEW) - SKEW;
        stamp_init(&r->nodes[n].clock, 0, 0);
        if (n < FIRST)
            learn(r, n, 1);
    }
    for (int i = 0; i < 1500; i++)
        step(r);
    for (int n = 0; n < NODES; n++)
        tombstone_free(r->nodes[n].watch);
    marks = r->marks;
    mem_free(r);
    return marks;
}

Test(tombstone, nothing_older_than_any_nodes_mark_is_left_whatever_happens_to_the_ring)
{
    uint64_t marks = 0;

    for (uint64_t seed = 0; seed < 60; seed++)
        marks += run_ring(seed);
    cr_assert_gt(marks, 1500, "marks rose %lu times", marks);
}
