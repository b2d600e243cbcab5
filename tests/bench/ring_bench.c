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

/* What a change moved, over the share of the member that came or went, which is in `with`. */
static double moved(const struct ring *from, const struct ring *to, const struct ring *with,
                    uint32_t id)
{
    static struct share share[LIMIT_MEMBERS];

    allocate_shares(with, share);
    return (double)ring_moved(from, to) * SHARE_SLOT /
           share[ring_find(with, id) - ring_member(with, 0)].owned;
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
           moved(r, more, more, members[n].id), joined - made, m2.owned, m2.led,
           moved(r, less, r, gone));
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

/* Rings that are not even, and why: of `count` members of these weights, by turns, in zones
 * of these parts of every `every` members. */
struct end {
    const char *title;
    unsigned count;
    unsigned tokens;
    unsigned every;
    unsigned zones[2]; /* the places of one turn up to which zone 1, and zone 2, go; 0: none */
    unsigned heavy;    /* the weight of the first of each turn; the others have 1 */
};

static void end_row(const struct end *end)
{
    static struct ring_member members[LIMIT_MEMBERS];
    double start = cpu_ms();
    struct ring *r;

    for (unsigned i = 0; i < end->count; i++) {
        unsigned turn = i % end->every;
        members[i] = (struct ring_member){ .id = i + 1, .weight = turn ? 1 : end->heavy };
        if (end->zones[0])
            members[i].zone = 1U + (turn >= end->zones[0]) + (turn >= end->zones[1]);
    }
    struct err e = allocate_ring(&r, 1, COPIES, end->tokens, members, end->count);
    double ms = cpu_ms() - start;
    assert(!err_is(e));
    struct most m = most_of(r);
    printf("| %s | %u | %.3f | %.3f | %.0f |\n", end->title, end->count, m.owned, m.led, ms);
    ring_free(r);
}

static void ends(void)
{
    static const struct end rows[] = {
        { "32 tokens", 12, 32, 1, { 0, 0 }, 1 },
        { "16 tokens", 12, 16, 1, { 0, 0 }, 1 },
        { "4 tokens", 12, 4, 1, { 0, 0 }, 1 },
        { "two zones", 12, 128, 2, { 1, 2 }, 1 },
        { "zones of 10, 10 and 2", 22, 128, 22, { 10, 20 }, 1 },
        { "zones of 100, 99 and 1", 200, 128, 200, { 100, 199 }, 1 },
        { "every second weighs 16", 12, 128, 2, { 0, 0 }, 16 },
        { "every tenth weighs 100", 50, 128, 10, { 0, 0 }, 100 },
        { "equal", 400, 128, 1, { 0, 0 }, 1 },
        { "equal", 1024, 128, 1, { 0, 0 }, 1 },
        { "three zones", 1024, 128, 3, { 1, 2 }, 1 },
    };

    printf("\n**Where balance ends:**\n\n"
           "| ring | members | owned | led | ms |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        end_row(&rows[i]);
}

int main(void)
{
    table("**Equal members:**", 1, 0);
    table("**Weights 1, 2, 4, 1, 2, 4 ...:**", 3, 0);
    table("**Three zones:**", 1, 3);
    ends();
    return 0;
}
