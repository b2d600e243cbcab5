/* ring_bench.c: what the allocator makes of rings of 3 to 200 members: prints the tables of
 * docs/ring.md.  All but the milliseconds (of CPU) are alike on every machine. */
#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "cluster/allocate.h"

enum { COPIES = 3 };

/* The most of all members, over its share; the best is 1. */
struct most {
    double owned;
    double led;
};

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct most most_of(const struct ring *r)
{
    static struct share share[LIMIT_MEMBERS];
    struct most m = { 0, 0 };

    allocate_shares(r, share);
    for (size_t i = 0; i < ring_member_count(r); i++) {
        struct ring_load l = ring_load(r, ring_member(r, i)->id);
        double owned = (double)l.owned * SHARE_SLOT / share[i].owned;
        double led = (double)l.led * SHARE_SLOT / share[i].led;
        m.owned = owned > m.owned ? owned : m.owned;
        m.led = led > m.led ? led : m.led;
    }
    return m;
}

/* What a change moved, over what the member that came or went owns or owned. */
static double moved(const struct ring *from, const struct ring *to, struct ring_load load)
{
    return (double)ring_moved(from, to) / load.owned;
}

/* A row: the ring of `n`, with one more, and without one in the middle. */
static void row(const struct ring_member *members, unsigned n)
{
    struct ring *r, *more, *less;
    uint32_t gone = members[n / 2].id;
    double start = cpu_ms(), made, joined;
    struct err e = allocate_ring(&r, 1, COPIES, ALLOCATE_TOKENS, members, n);

    made = cpu_ms();
    assert(!err_is(e));
    e = allocate_join(&more, r, ALLOCATE_TOKENS, &members[n]);
    joined = cpu_ms();
    assert(!err_is(e));
    e = allocate_leave(&less, r, gone);
    assert(!err_is(e));
    struct most m = most_of(r), m1 = most_of(more), m2 = most_of(less);
    printf("| %u | %.3f | %.3f | %zu | %.0f | %.3f | %.3f | %.3f | %.0f | %.3f | %.3f | %.3f |\n",
           n, m.owned, m.led, ring_arc_count(r), made - start, m1.owned, m1.led,
           moved(r, more, ring_load(more, members[n].id)), joined - made, m2.owned, m2.led,
           moved(r, less, ring_load(r, gone)));
    ring_free(r);
    ring_free(more);
    ring_free(less);
}

static void table(const char *title, unsigned weights, unsigned zones)
{
    static const unsigned sizes[] = { 3, 4, 5, 6, 8, 12, 24, 48, 100, 200 };
    static struct ring_member members[LIMIT_MEMBERS];

    for (unsigned i = 0; i < LIMIT_MEMBERS; i++) {
        members[i] = (struct ring_member){ .id = i + 1, .weight = 1U << i % weights };
        members[i].zone = zones ? 1 + i % zones : 0;
    }
    printf("\n%s\n\n"
           "| members | owned | led | arcs | ms | +1: owned | led | moved | ms "
           "| -1: owned | led | moved |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|\n",
           title);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        row(members, sizes[i]);
}

int main(void)
{
    table("**Equal members:**", 1, 0);
    table("**Weights 1, 2, 4, 1, 2, 4 ...:**", 3, 0);
    table("**Three zones:**", 1, 3);
    return 0;
}
