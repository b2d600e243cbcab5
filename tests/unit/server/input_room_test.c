/* input_room_test.c: how often a command is copied as it comes, and how much more than
 * it has is taken for it. */
#include "server/input_room.h"

#include <criterion/criterion.h>

enum { FIRST = 16 * 1024, KIB = 1024, MIB = 1024 * 1024 };

struct growth {
    size_t copied; /* bytes, all together */
    size_t blocks;
    size_t room; /* of the last one */
};

/* A command of `size` bytes of arguments of `argument` bytes each comes and fills block
 * after block. */
static struct growth grow(size_t size, size_t argument)
{
    struct growth g = { .room = FIRST };

    while (g.room < size) {
        size_t kept = g.room;
        size_t need = (kept / argument + 1) * argument;

        g.room = input_room(kept, need < size ? need : size);
        cr_assert(g.room > kept);
        g.copied += kept;
        g.blocks++;
    }
    return g;
}

Test(input_room, a_command_of_many_arguments_is_copied_a_few_times_whatever_their_size)
{
    for (size_t argument = 5; argument <= 8 * (size_t)MIB; argument += argument / 3 + 1) {
        for (size_t size = 20 * (size_t)KIB; size <= 64 * (size_t)MIB; size += size / 2) {
            struct growth g = grow(size, argument);
            cr_assert(g.copied <= 5 * size && g.blocks <= 40,
                      "%zu bytes, arguments of %zu: %zu copied, %zu blocks", size, argument,
                      g.copied, g.blocks);
        }
    }
}

Test(input_room, one_large_argument_gets_no_more_than_it_has)
{
    for (size_t size = 20 * (size_t)KIB; size <= 512 * (size_t)MIB; size += size / 5) {
        struct growth g = grow(size, size);
        cr_assert(g.room == size || g.room <= FIRST + FIRST / 2, "%zu of %zu", g.room, size);
        cr_assert(g.copied <= 2 * size);
    }
}

Test(input_room, a_header_is_not_taken_at_its_word)
{
    cr_expect_leq(input_room(100, 512 * (size_t)MIB), MIB);
    for (size_t kept = MIB; kept < 100 * (size_t)MIB; kept *= 3)
        cr_expect_leq(input_room(kept, 512 * (size_t)MIB), 2 * kept + kept / 2);
}
