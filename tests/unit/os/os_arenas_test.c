/* Tests of os_arenas.c: arenas are apart, and their memory is used again. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include "base/prng.h"
#include "os/os.h"

enum { MIB = 1024 * 1024 };

Test(os_arenas, chunks_are_aligned_and_hold_what_is_written)
{
    struct arenas *a = os_arenas_new();
    unsigned id = arenas_acquire(a);
    uint8_t *chunks[50];

    for (unsigned i = 0; i < 50; i++) {
        chunks[i] = arenas_chunk(a, id, i * 1000 + 1);
        cr_assert_eq((uintptr_t)chunks[i] % 64, 0);
        memset(chunks[i], (int)i, i * 1000 + 1);
    }
    for (unsigned i = 0; i < 50; i += 2)
        arenas_drop(a, id, chunks[i], i * 1000 + 1);
    for (unsigned i = 1; i < 50; i += 2) {
        for (unsigned j = 0; j < i * 1000 + 1; j++)
            cr_assert_eq(chunks[i][j], i);
    }
    arenas_release(a, id);
    os_arenas_free(a);
}

Test(os_arenas, every_arena_is_somebody_s_own_until_it_is_released)
{
    struct arenas *a = os_arenas_new();
    unsigned ids[OS_ARENAS_MAX];
    uint8_t *chunks[OS_ARENAS_MAX];

    for (unsigned i = 0; i < OS_ARENAS_MAX; i++) {
        ids[i] = arenas_acquire(a);
        for (unsigned j = 0; j < i; j++)
            cr_assert_neq(ids[i], ids[j]);
        chunks[i] = arenas_chunk(a, ids[i], MIB);
        memset(chunks[i], (int)i + 1, MIB);
    }
    arenas_release(a, ids[5]);
    cr_assert_eq(chunks[4][MIB - 1], 5);
    cr_assert_eq(chunks[6][0], 7);
    cr_assert_eq(arenas_acquire(a), ids[5]);
    os_arenas_free(a);
}

Test(os_arenas, one_more_than_there_are_is_a_bug, .signal = SIGABRT)
{
    struct arenas *a = os_arenas_new();

    for (unsigned i = 0; i <= OS_ARENAS_MAX; i++)
        arenas_acquire(a);
}

#ifndef HENGE_PLAIN_MEMORY
static uint64_t resident(void)
{
    struct env_usage usage;

    os_machine_usage(NULL, &usage);
    return usage.rss_bytes;
}

/* Takes and touches `count` chunks of 1 MiB. */
static void fill(struct arenas *a, unsigned id, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        memset(arenas_chunk(a, id, MIB), 0x5a, MIB);
}

static long page_faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* Takes and touches about 40 MiB, as a memtable with large values does: chunks,
 * and values of any size, of which every third replaces the one before. */
static void fill_mixed(struct arenas *a, unsigned id, struct prng *dice)
{
    void *before = NULL;
    size_t size = 0;

    for (unsigned i = 0; i < 32; i++) {
        fill(a, id, 1);
        if (i % 3 == 2)
            arenas_drop(a, id, before, size);
        size = MIB / 4 + (size_t)prng_below(dice, MIB / 2);
        before = arenas_chunk(a, id, size);
        memset(before, 0x5a, size);
    }
}

Test(os_arenas, a_released_arena_s_pages_are_used_again)
{
    struct arenas *a = os_arenas_new();
    uint64_t first = 0;

    for (unsigned round = 0; round < 20; round++) {
        unsigned id = arenas_acquire(a);
        fill(a, id, 64);
        if (round == 0)
            first = resident();
        arenas_release(a, id);
    }
    cr_assert_geq(resident(), first - 16 * MIB, "its pages were given back to be touched again");
    cr_assert_leq(resident(), first + 16 * MIB);
    os_arenas_free(a);
}

Test(os_arenas, memtables_in_turn_touch_no_fresh_pages)
{
    enum { LIVE = 5, ROUNDS = 60 };
    struct arenas *a = os_arenas_new();
    unsigned ids[LIVE] = { 0 };
    struct prng dice;
    long faults = 0;

    prng_init(&dice, 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        long before = page_faults();

        if (round >= LIVE)
            arenas_release(a, ids[round % LIVE]);
        ids[round % LIVE] = arenas_acquire(a);
        fill_mixed(a, ids[round % LIVE], &dice);
        if (round >= ROUNDS / 2)
            faults += page_faults() - before;
    }
    cr_log_info("%ld page faults in %d memtables", faults, ROUNDS / 2);
    cr_assert_lt(faults, ROUNDS / 2 * 40 * MIB / 4096 / 50, "a fiftieth of the pages");
    os_arenas_free(a);
}

Test(os_arenas, idle_memory_is_known_used_first_and_given_back_on_demand)
{
    struct arenas *a = os_arenas_new();
    unsigned ids[3];
    uint64_t before;

    for (unsigned i = 0; i < 3; i++) {
        ids[i] = arenas_acquire(a);
        fill(a, ids[i], 8u << i);
    }
    cr_assert_eq(arenas_idle(a), 0, "all of it is in chunks");
    for (unsigned i = 0; i < 3; i++)
        arenas_release(a, ids[i]);
    cr_assert_geq(arenas_idle(a), 56 * MIB);
    cr_assert_leq(arenas_idle(a), 58 * MIB);
    ids[0] = arenas_acquire(a);
    cr_assert_eq(ids[0], ids[2], "it has most");
    cr_assert_geq(arenas_idle(a), 56 * MIB, "nothing of it is used yet");
    fill(a, ids[0], 32);
    cr_assert_leq(arenas_idle(a), 26 * MIB);
    before = resident();
    arenas_trim(a, 30 * MIB);
    cr_assert_geq(arenas_idle(a), 24 * MIB, "that little may stay");
    arenas_trim(a, 20 * MIB);
    cr_assert_leq(arenas_idle(a), 18 * MIB);
    cr_assert_geq(arenas_idle(a), 16 * MIB, "only the smaller one had to go");
    arenas_trim(a, 0);
    cr_assert_leq(arenas_idle(a), 2 * MIB, "only what is between the chunks in use");
    cr_assert_leq(resident(), before - 20 * MIB);
    arenas_release(a, ids[0]);
    os_arenas_free(a);
}

Test(os_arenas, what_is_idle_has_a_bound)
{
    struct arenas *a = os_arenas_new();
    unsigned ids[6];
    uint64_t before = resident();

    for (unsigned i = 0; i < 6; i++) {
        ids[i] = arenas_acquire(a);
        fill(a, ids[i], 60);
    }
    for (unsigned i = 0; i < 6; i++)
        arenas_release(a, ids[i]);
    cr_assert_leq(arenas_idle(a), 256 * MIB);
    cr_assert_geq(arenas_idle(a), 240 * MIB);
    cr_assert_leq(resident(), before + (uint64_t)270 * MIB);
    os_arenas_free(a);
}

Test(os_arenas, a_large_arena_gives_its_pages_back)
{
    struct arenas *a = os_arenas_new();
    unsigned id = arenas_acquire(a);
    uint64_t before = resident();
    uint64_t full;

    fill(a, id, 300);
    full = resident();
    cr_assert_geq(full, before + (uint64_t)300 * MIB);
    arenas_release(a, id);
    cr_assert_leq(resident(), full - (uint64_t)280 * MIB);
    cr_assert_eq(arenas_idle(a), 0);
    os_arenas_free(a);
}
#endif
