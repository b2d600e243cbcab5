/* slow_readers_test.c: large values for many clients that do not read: memory has its
 * bound, and who reads gets all of it. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/server_state.h"
#include "unit/turn/server_world.h"

enum {
    READERS = 60,
    VALUE = 4 * 1024 * 1024,
    PIECE = 1024 * 1024,
    WHOLE = VALUE + 10 + 2, /* "$4194304\r\n", and a line end */
};

static struct server_world w;
static struct client *readers[READERS];

static uint64_t used(void)
{
    return w.server->instance.blocks.used_bytes;
}

static void take_all(struct client *c)
{
    c->takes = SIZE_MAX;
    c->base.on_ready(&c->base, NET_WRITE);
}

/* All ask for the value and take nothing of it. */
static void begin(void)
{
    struct client *c;

    server_world_init(&w);
    w.options.cache_size = 64 * 1024;
    w.options.value_chunk_size = PIECE;
    server_world_start(&w);
    c = server_world_client(&w);
    client_send_set(c, "big", VALUE);
    server_world_settle(&w);
    for (int i = 0; i < READERS; i++) {
        readers[i] = server_world_client(&w);
        readers[i]->takes = 0;
        client_send(readers[i], "GET big");
        server_world_settle(&w);
    }
}

static void end(void)
{
    server_world_deinit(&w);
}

TestSuite(slow_readers, .init = begin, .fini = end);

Test(slow_readers, what_they_do_not_read_is_not_read_for_them)
{
    cr_assert_leq(used(), server_blocks_max(w.server) + 2 * PIECE);
    cr_assert_eq(w.deadline == 0, false, "nothing spins");
}

Test(slow_readers, all_get_all_of_it_when_they_read)
{
    for (int i = READERS; i-- > 0;) {
        take_all(readers[i]);
        server_world_settle(&w);
    }
    for (int i = 0; i < READERS; i++) {
        cr_assert_eq(readers[i]->got.len, WHOLE, "reader %d", i);
        cr_assert(!memchr(readers[i]->got.data + 10, '$', VALUE));
    }
    cr_assert_eq(w.server->instance.blocks.promised, 0u);
}

Test(slow_readers, one_that_ends_makes_room_for_the_next)
{
    struct client *last = readers[READERS - 1];

    take_all(last);
    server_world_settle(&w);
    cr_assert_lt(last->got.len, WHOLE, "it waits for those before it");
    for (int i = 0; i < READERS - 1; i++) {
        take_all(readers[i]);
        server_world_settle(&w);
    }
    cr_assert_eq(last->got.len, WHOLE);
}

Test(slow_readers, who_holds_memory_and_is_quiet_gives_way_not_who_waits_for_it)
{
    for (int i = 0; i < 8; i++) {
        w.world.now_us += 1500 * 1000;
        server_world_settle(&w);
    }
    cr_assert_not(readers[0]->open);
    cr_assert(readers[READERS - 1]->open, "it has nothing yet");
}
