/* cold_reads_test.c: reads of much more than memory holds: in turns, and exact. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/server_state.h"
#include "session/memory.h"
#include "unit/turn/server_world.h"

enum { KEYS = 600 };

struct peaks {
    uint64_t reading; /* and what is pinned */
    uint64_t held;
};

/* KEYS values of `size` bytes on disk and in no cache. */
static struct client *begin(struct server_world *w, size_t size)
{
    struct client *c;
    char key[32];

    server_world_init(w);
    w->options.cache_size = 64 * 1024;
    server_world_start(w);
    c = server_world_client(w);
    for (int i = 0; i < KEYS + 400; i++) { /* the last ones push all before them to disk */
        snprintf(key, sizeof key, "key:%d", i);
        client_send_set(c, key, i < KEYS ? size : 3000);
        server_world_settle(w);
        w->world.now_us += 100000;
    }
    w->world.fs.cold = true;
    c->got.len = 0;
    return c;
}

static const struct lsm_stats *stats(const struct server_world *w)
{
    return lsm_stats(node_lsm(w->server->instance.node));
}

/* Goes on until `bytes` have come back, and notes what memory that takes. */
static struct peaks receive(struct server_world *w, struct client *c, size_t bytes)
{
    struct peaks p = { 0 };

    for (int i = 0; c->got.len < bytes; i++) {
        uint64_t reading = stats(w)->reading_bytes + stats(w)->pinned_bytes;
        uint64_t held = instance_held_memory(&w->server->instance);
        cr_assert(i < 200000 && c->open, "%zu of %zu", c->got.len, bytes);
        p.reading = reading > p.reading ? reading : p.reading;
        p.held = held > p.held ? held : p.held;
        server_world_turn(w);
        lsm_world_step(&w->world);
    }
    return p;
}

static size_t bulk_bytes(size_t size)
{
    return (size_t)snprintf(NULL, 0, "$%zu\r\n", size) + size + 2;
}

static void check_values(struct client *c, size_t head, size_t size)
{
    size_t each = bulk_bytes(size);

    cr_assert_eq(c->got.len, head + KEYS * each);
    for (size_t i = 0; i < KEYS; i++) {
        const uint8_t *at = c->got.data + head + i * each;
        cr_assert(at[0] == '$' && at[each - size - 2] == 'v' && at[each - 3] == 'v' &&
                      !memchr(at + each - size - 2, '$', size),
                  "value %zu", i);
    }
}

static void pipelined(size_t size, uint64_t most)
{
    struct server_world w;
    struct client *c = begin(&w, size);
    char line[64];
    struct peaks p;

    for (int i = 0; i < KEYS; i++) {
        snprintf(line, sizeof line, "GET key:%d", i);
        client_send(c, line);
    }
    p = receive(&w, c, KEYS * bulk_bytes(size));
    check_values(c, 0, size);
    cr_expect_leq(p.reading, memory_reads(w.server->instance.memory_max) + most);
    server_world_settle(&w);
    cr_expect_eq(stats(&w)->reading_bytes + stats(&w)->pinned_bytes, 0);
    cr_expect_eq(w.server->instance.waiting, 0);
    server_world_deinit(&w);
}

Test(cold_reads, pipelined_gets_of_small_values_take_turns)
{
    pipelined(8000, 0);
}

Test(cold_reads, pipelined_gets_of_large_values_take_turns)
{
    pipelined(100000, 2 * 100000);
}

static void send_all(struct client *c, const char *name)
{
    char line[KEYS * 12 + 16];
    size_t n = (size_t)snprintf(line, sizeof line, "%s", name);

    for (int i = 0; i < KEYS; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, " key:%d", i);
    client_send(c, line);
}

static void all_at_once(size_t size, uint64_t most)
{
    struct server_world w;
    struct client *c = begin(&w, size);
    size_t head = strlen("*600\r\n");
    struct peaks p;

    send_all(c, "MGET");
    p = receive(&w, c, head + KEYS * bulk_bytes(size));
    check_values(c, head, size);
    cr_expect_leq(p.reading, most * memory_reads(w.server->instance.memory_max));
    cr_expect_leq(p.held, w.server->instance.memory_max);
    server_world_settle(&w);
    cr_expect_eq(stats(&w)->reading_bytes + stats(&w)->pinned_bytes, 0);
    server_world_deinit(&w);
}

Test(cold_reads, an_mget_of_more_than_memory_is_answered)
{
    all_at_once(60000, 2);
}

Test(cold_reads, an_mget_of_many_small_values_goes_on_in_slices)
{
    all_at_once(3000, 3);
}

Test(cold_reads, keys_that_are_looked_for_together_are_found)
{
    struct server_world w;
    struct client *c = begin(&w, 3000);
    char text[64];

    send_all(c, "EXISTS");
    receive(&w, c, strlen(":600\r\n"));
    cr_expect_str_eq(client_got(c, text, sizeof text), ":600|");
    server_world_deinit(&w);
}

Test(cold_reads, a_call_that_needs_too_much_of_memory_at_once_is_refused)
{
    struct server_world w;
    struct client *c = begin(&w, 3000);
    char text[128];

    w.server->instance.memory_max = 4 << 20; /* a call may have a quarter */
    send_all(c, "UNLINK");
    receive(&w, c, 5);
    cr_expect_str_eq(client_got(c, text, sizeof text),
                     "-OOM command not allowed when used memory > 'maxmemory'.|");
    client_send(c, "EXISTS key:1");
    receive(&w, c, 4);
    cr_expect_str_eq(client_got(c, text, sizeof text), ":1|");
    server_world_deinit(&w);
}
