/* memory_test.c: MEMORY, and the small commands MODULE and LOLWUT. */
#include <criterion/criterion.h>

#include "session/memory_job.h"
#include "unit/admin/desk.h"

static struct desk d;

static void setup(void)
{
    desk_init(&d);
}

static void teardown(void)
{
    desk_deinit(&d);
}

TestSuite(memory, .init = setup, .fini = teardown);

Test(memory, usage_is_the_cell_and_a_share_of_indexes)
{
    desk_is(&d, "SET k hello", "+OK|");
    desk_is(&d, "MEMORY USAGE k", ":40|"); /* 32 of the cell, key and value, to a multiple of 8 */
    d.node.lsm.keys[0] = 10;
    d.node.lsm.stats.index_bytes = 205;
    desk_is(&d, "MEMORY USAGE k SAMPLES 0", ":60|");
    desk_is(&d, "MEMORY USAGE nosuch", "$-1|");
    desk_is(&d, "MEMORY USAGE k SAMPLES", "-ERR syntax error|");
    desk_is(&d, "MEMORY USAGE k SAMPLES -1", "-ERR syntax error|");
    desk_is(&d, "MEMORY USAGE k FOO 1", "-ERR syntax error|");
    desk_is(&d, "MEMORY USAGE k SAMPLES x", "-ERR value is not an integer or out of range|");
}

Test(memory, stats_has_the_fields_of_redis_with_the_values_of_now)
{
    d.node.lsm.keys[0] = 3;
    d.node.lsm.keys[7] = 1;
    d.node.lsm.stats.memtable_bytes = 1000;
    d.node.lsm.stats.memtable_live = 600;
    d.node.lsm.stats.index_bytes = 40;
    desk_has(&d, "MEMORY STATS", "*58|$14|peak.allocated|:");
    desk_has(&d, "MEMORY STATS", "$4|db.0|*6|$23|overhead.hashtable.main|:30|");
    desk_has(&d, "MEMORY STATS", "$4|db.7|*6|$23|overhead.hashtable.main|:10|");
    desk_has(&d, "MEMORY STATS", "|keys.count|:4|");
    desk_has(&d, "MEMORY STATS", "|dataset.bytes|:600|");
    desk_has(&d, "MEMORY STATS", "|fragmentation.bytes|:");
    d.session.proto = 3;
    desk_has(&d, "MEMORY STATS", "%29|$14|peak.allocated|:");
}

Test(memory, the_doctor_says_what_is_out_of_order)
{
    desk_has(&d, "MEMORY DOCTOR", "There is next to nothing in memory");
    d.node.lsm.stats.memtable_bytes = 64 << 20;
    d.instance.stats.used_memory_peak = 65 << 20;
    desk_has(&d, "MEMORY DOCTOR", "Nothing about memory is out of order.");
    d.instance.stats.used_memory_peak = 128 << 20;
    desk_has(&d, "MEMORY DOCTOR", "It was half as much again at its peak");
    d.node.lsm.stats.pressure_permille = 950;
    desk_has(&d, "MEMORY DOCTOR", "Writes come faster");
}

static struct job *submitted;

static void submit(struct pool *pool, struct job *job)
{
    (void)pool;
    submitted = job;
}

static size_t trimmed_to = SIZE_MAX;

static void trim(struct arenas *arenas, size_t keep)
{
    (void)arenas;
    trimmed_to = keep;
}

static void saved(struct instance *in)
{
    (void)in;
}

Test(memory, purge_is_a_job)
{
    static const struct instance_door door = { .saved = saved };
    struct pool pool = { submit };
    struct slice argv[] = { slice_str("MEMORY"), slice_str("PURGE") };
    struct call c = { .argv = argv, .argc = 2, .reply = &d.reply, .scratch = &d.scratch };

    d.env.pool = &pool;
    d.arenas.trim = trim;
    d.instance.door = &door;
    cr_assert(session_admit(&d.session, &c));
    cr_expect_eq(c.row->run(&c), CALL_SAVE);
    cr_assert(submitted);
    cr_expect_eq(c.row->run(&c), CALL_SAVE); /* woken by somebody else's */
    submitted->run(submitted);
    submitted->done(submitted);
    cr_expect_eq(trimmed_to, 0);
    cr_expect_eq(c.row->run(&c), CALL_DONE);
    desk_is(&d, "PING", "+OK|+PONG|");
}

Test(memory, there_are_no_modules)
{
    desk_is(&d, "MODULE LIST", "*0|");
    desk_is(&d, "MODULE LOAD /x.so", "-ERR Henge does not load modules|");
    desk_is(&d, "MODULE LOADEX /x.so CONFIG a b", "-ERR Henge does not load modules|");
    desk_is(&d, "MODULE UNLOAD x", "-ERR Error unloading module: no such module with that name|");
    desk_is(&d, "MODULE foo", "-ERR unknown subcommand 'foo'. Try MODULE HELP.|");
    desk_has(&d, "MODULE HELP", "+LIST|");
}

Test(memory, lolwut_draws_within_its_columns)
{
    desk_has(&d, "LOLWUT", "Redis ver. 7.2.4, Henge ");
    desk_has(&d, "LOLWUT", "###");
    desk_has(&d, "LOLWUT VERSION 5 20", "Redis ver. ");
    desk_has(&d, "LOLWUT -5", "Redis ver. ");
    desk_has(&d, "LOLWUT 9223372036854775807", "Redis ver. ");
    desk_is(&d, "LOLWUT VERSION x", "-ERR value is not an integer or out of range|");
}
