/* mem_test.c: never NULL, zeroed where it says so; numbers as bytes. */
#include "base/mem.h"

#include <criterion/criterion.h>
#include <signal.h>

#include "base/err.h"
#include "base/wire.h"

Test(mem, nothing_is_memory_too)
{
    void *a = mem_alloc(0);
    void *b = mem_zalloc(0, 8);
    void *c = mem_realloc(mem_alloc(10), 0);
    cr_assert(a && b && c);
    mem_free(a);
    mem_free(b);
    mem_free(c);
    mem_free(NULL);
}

Test(mem, growing_keeps_the_bytes)
{
    uint8_t *p = mem_realloc(NULL, 4);
    memcpy(p, "abcd", 4);
    p = mem_realloc(p, 1 << 20);
    cr_assert_eq(memcmp(p, "abcd", 4), 0);
    mem_free(p);
}

Test(mem, zalloc_gives_zeros)
{
    enum { SIZE = 1000 };
    for (int round = 0; round < 10; round++) {
        uint8_t *p = mem_zalloc(SIZE, 3);
        for (int i = 0; i < 3 * SIZE; i++)
            cr_assert_eq(p[i], 0);
        memset(p, 0xff, 3 * SIZE);
        mem_free(p);
    }
}

Test(mem, strdup_copies)
{
    char text[] = "henge";
    char *copy = mem_strdup(text);
    text[0] = 'H';
    cr_assert_str_eq(copy, "henge");
    mem_free(copy);
}

#ifndef HENGE_PLAIN_MEMORY /* a sanitizer's allocator has its own end */
Test(mem, exhaustion_aborts, .signal = SIGABRT)
{
    volatile size_t size = SIZE_MAX / 2;
    mem_free(mem_alloc(size));
}
#endif

Test(wire, numbers_are_little_endian_at_any_address)
{
    uint8_t bytes[16] = { 0 };
    wire_put16(bytes + 1, 0x0102);
    wire_put32(bytes + 3, 0x03040506);
    wire_put64(bytes + 7, UINT64_C(0x0708090a0b0c0d0e));
    cr_assert_eq(memcmp(bytes, "\0\2\1\6\5\4\3\x0e\x0d\x0c\x0b\x0a\x09\x08\x07\0", 16), 0);
    cr_assert_eq(wire_get16(bytes + 1), 0x0102);
    cr_assert_eq(wire_get32(bytes + 3), 0x03040506);
    cr_assert_eq(wire_get64(bytes + 7), UINT64_C(0x0708090a0b0c0d0e));
}

Test(err, only_none_is_none)
{
    cr_assert_not(err_is(err_ok()));
    struct err e = err_make(ERR_IO, 5, "reading");
    cr_assert(err_is(e));
    cr_assert_eq(e.os, 5);
    cr_assert_str_eq(e.what, "reading");
}
