/* Tests of os_arenas.c: arenas are apart, and their memory is used again. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

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
    uint64_t rss;
    uint64_t user_us;
    uint64_t system_us;

    os_machine_usage(NULL, &rss, &user_us, &system_us);
    return rss;
}

/* Takes and touches `count` chunks of 1 MiB. */
static void fill(struct arenas *a, unsigned id, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        memset(arenas_chunk(a, id, MIB), 0x5a, MIB);
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
    os_arenas_free(a);
}
#endif
