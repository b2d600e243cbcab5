/* position_test.c: Redis Cluster's slots, and what stands below them. */
#include "cell/position.h"

#include <criterion/criterion.h>

#include "base/hash.h"

static unsigned slot(const char *key)
{
    return position_slot_of(slice_str(key));
}

/* As CLUSTER KEYSLOT answers. */
Test(position, slots_are_those_of_redis_cluster)
{
    cr_assert_eq(slot(""), 0);
    cr_assert_eq(slot("foo"), 12182);
    cr_assert_eq(slot("bar"), 5061);
    cr_assert_eq(slot("123456789"), 12739);
    cr_assert_eq(slot("somekey"), 11058);
}

Test(position, a_hash_tag_decides_the_slot)
{
    cr_assert_eq(slot("{foo}bar"), slot("foo"));
    cr_assert_eq(slot("x{foo}"), slot("foo"));
    cr_assert_eq(slot("x{foo}{bar}"), slot("foo"));
    cr_assert_eq(slot("{user1000}.following"), 3443);
    cr_assert_eq(slot("{user1000}.followers"), 3443);
    cr_assert_eq(slot("foo{{bar}}zap"), slot("{bar"));
}

Test(position, what_is_no_hash_tag_does_not)
{
    static const char *const keys[] = { "{}", "foo{}{bar}", "{foo", "foo}", "}{", "foo{", "a}b{c" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        cr_assert_eq(slot(keys[i]), hash_crc16(slice_str(keys[i])) % POSITION_SLOTS, "%s", keys[i]);
}

Test(position, a_key_may_hold_any_byte_and_none)
{
    cr_assert_eq(position_slot_of(slice_of("a\0{b\0c}", 7)), position_slot_of(slice_of("b\0c", 3)));
    cr_assert_eq(position_of(slice_of(NULL, 0)), position_of(slice_str("")));
}

Test(position, is_the_slot_then_the_hash)
{
    static const char *const keys[] = { "", "foo", "{foo}1", "{foo}2", "x" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        uint64_t position = position_of(slice_str(keys[i]));
        cr_assert_eq(position_slot(position), slot(keys[i]));
        cr_assert_eq(position & ((UINT64_C(1) << 50) - 1), hash_xxh3(slice_str(keys[i])) >> 14);
    }
}

/* It stands in files: it must never change. */
Test(position, never_changes)
{
    cr_assert_eq(position_of(slice_str("")), UINT64_C(0x0000b41a0014e34e));
    cr_assert_eq(position_of(slice_str("a")), UINT64_C(0xf21f9b18cad87a59));
    cr_assert_eq(position_of(slice_str("{foo}bar")), UINT64_C(0xbe5bfc9580f9774f));
}
