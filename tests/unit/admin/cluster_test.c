/* cluster_test.c: CLUSTER of a ring of one, and of three with a map made by hand. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/mem.h"
#include "cell/position.h"
#include "unit/admin/desk.h"

static struct desk d;

static void setup(void)
{
    desk_init(&d);
    d.options.cluster_enabled = 1;
    d.instance.port = 6379;
}

static void teardown(void)
{
    desk_deinit(&d);
}

TestSuite(cluster, .init = setup, .fini = teardown);

#define ONE "0123456789012345678901234567890123456789" /* desk.c's */
#define TWO "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* This node and another, two arcs; each has copies of the other's. */
static void become_two(void)
{
    static const uint16_t first[] = { 99 }, second[] = { 16383 };
    const struct ring_member members[] = {
        { .id = 1, .weight = 1, .tokens = first, .token_count = 1 },
        { .id = 2, .weight = 3, .tokens = second, .token_count = 1 },
    };
    struct topology *t = &d.instance.topology;
    struct member *list = mem_zalloc(2, sizeof *list);

    topology_deinit(t);
    for (uint32_t i = 0; i < 2; i++)
        list[i] = (struct member){ .id = i + 1, .weight = members[i].weight, .port = 7001 };
    memcpy(list[0].name, ONE, sizeof ONE);
    memcpy(list[1].name, TWO, sizeof TWO);
    memcpy(list[1].host, "10.0.0.2", sizeof "10.0.0.2");
    list[1].peer_port = 17001;
    t->members = (struct members){ list, 2 };
    t->self = &list[0];
    cr_assert(!err_is(ring_new(&t->ring, 7, 2, members, 2)));
    cr_assert(topology_check(t));
}

Test(cluster, is_refused_as_redis_does_when_it_is_not_enabled)
{
    static const char *const lines[] = { "CLUSTER INFO",
                                         "CLUSTER NODES",
                                         "CLUSTER SLOTS",
                                         "CLUSTER SHARDS",
                                         "CLUSTER MYID",
                                         "CLUSTER KEYSLOT k",
                                         "CLUSTER LINKS",
                                         "CLUSTER RING",
                                         "CLUSTER HELP",
                                         "CLUSTER REPLICAS x",
                                         "CLUSTER MYSHARDID",
                                         "READONLY",
                                         "READWRITE",
                                         "ASKING",
                                         "CLUSTER SLAVES x",
                                         "CLUSTER COUNTKEYSINSLOT x",
                                         "CLUSTER GETKEYSINSLOT x y" };

    d.options.cluster_enabled = 0;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        desk_is(&d, lines[i], "-ERR This instance has cluster support disabled|");
    desk_has(&d, "HELLO", "|mode|$10|standalone|");
}

Test(cluster, of_one_node_owns_every_slot)
{
    desk_is(&d, "CLUSTER SLOTS", "*1|*3|:0|:16383|*4|$-1|:6379|$40|" ONE "|*0|");
    desk_has(&d, "CLUSTER NODES", ONE " :6379@0 myself,master - 0 0 1 connected 0-16383");
    desk_has(&d, "CLUSTER INFO", "|cluster_state:ok|cluster_slots_assigned:16384|");
    desk_has(&d, "CLUSTER INFO", "|cluster_known_nodes:1|cluster_size:1|");
    desk_is(&d, "CLUSTER MYID", "$40|" ONE "|");
    desk_is(&d, "CLUSTER MYSHARDID", "$40|" ONE "|");
    desk_is(&d, "CLUSTER LINKS", "*0|");
    desk_is(&d, "CLUSTER REPLICAS " ONE, "*0|");
    desk_is(&d, "CLUSTER REPLICAS " TWO, "-ERR Unknown node " TWO "|");
    desk_has(&d, "HELLO", "|mode|$7|cluster|");
    desk_has(&d, "INFO server", "|redis_mode:cluster|");
    desk_has(&d, "INFO cluster", "|cluster_enabled:1|");
}

Test(cluster, tells_the_address_that_is_to_be_announced)
{
    mem_free(d.options.cluster_announce_ip);
    d.options.cluster_announce_ip = mem_strdup("192.0.2.1");
    d.options.cluster_announce_port = 7777;
    desk_is(&d, "CLUSTER SLOTS", "*1|*3|:0|:16383|*4|$9|192.0.2.1|:7777|$40|" ONE "|*0|");
    desk_has(&d, "CLUSTER NODES", " 192.0.2.1:7777@0 myself,master");
}

Test(cluster, map_names_the_leader_of_each_run_first)
{
    become_two();
    desk_is(&d, "CLUSTER SLOTS",
            "*2|*4|:0|:99|*4|$-1|:6379|$40|" ONE "|*0|*4|$8|10.0.0.2|:7001|$40|" TWO "|*0|"
            "*4|:100|:16383|*4|$8|10.0.0.2|:7001|$40|" TWO "|*0|*4|$-1|:6379|$40|" ONE "|*0|");
    desk_has(&d, "CLUSTER NODES", ONE " :6379@0 myself,master - 0 0 7 connected 0-99");
    desk_has(&d, "CLUSTER NODES", TWO " 10.0.0.2:7001@17001 master - 0 0 7 connected 100-16383");
    desk_has(&d, "CLUSTER SHARDS", "*2|*4|$5|slots|*2|:0|:99|$5|nodes|*2|*14|$2|id|$40|" ONE);
    desk_has(&d, "CLUSTER SHARDS", "|role|$6|master|");
    desk_has(&d, "CLUSTER SHARDS", "|role|$7|replica|");
    desk_has(&d, "CLUSTER INFO", "|cluster_known_nodes:2|cluster_size:2|cluster_current_epoch:7|");
    d.session.proto = d.reply.proto = 3;
    desk_has(&d, "CLUSTER SLOTS", "|$40|" ONE "|%0|");
}

Test(cluster, ring_tells_tokens_and_where_a_key_is)
{
    become_two();
    desk_has(&d, "CLUSTER RING", "*6|$5|epoch|:7|$6|copies|:2|$7|members|*2|");
    desk_has(&d, "CLUSTER RING",
             "|weight|:3|$4|zone|$0||$11|slots-owned|:16384|"
             "$15|slots-preferred|:16284|$6|tokens|*1|:16383|");
    desk_is(&d, "CLUSTER RING foo",
            "*8|$4|slot|:12182|$3|arc|*2|:100|:16383|$6|leader|$40|" TWO "|$6|owners|*2|$40|" TWO
            "|$40|" ONE "|");
}

Test(cluster, slots_have_their_keys)
{
    desk_is(&d, "MSET {t}a 1 {t}b 2 {t}c 3 other 4", "+OK|");
    desk_is(&d, "CLUSTER KEYSLOT t", ":15891|");
    desk_is(&d, "CLUSTER KEYSLOT {t}a", ":15891|");
    desk_is(&d, "CLUSTER COUNTKEYSINSLOT 15891", ":3|");
    desk_is(&d, "CLUSTER COUNTKEYSINSLOT 0", ":0|");
    desk_has(&d, "CLUSTER GETKEYSINSLOT 15891 2", "*2|$4|{t}");
    desk_has(&d, "CLUSTER GETKEYSINSLOT 15891 100", "*3|$4|{t}");
    desk_is(&d, "CLUSTER GETKEYSINSLOT 15891 0", "*0|");
    desk_is(&d, "CLUSTER GETKEYSINSLOT 16383 10", "*0|");
    desk_is(&d, "SELECT 1", "+OK|");
    desk_is(&d, "CLUSTER COUNTKEYSINSLOT 15891", ":0|");
}

Test(cluster, slots_that_are_none_are_refused)
{
    desk_is(&d, "CLUSTER COUNTKEYSINSLOT 16384", "-ERR Invalid slot|");
    desk_is(&d, "CLUSTER COUNTKEYSINSLOT -1", "-ERR Invalid slot|");
    desk_is(&d, "CLUSTER COUNTKEYSINSLOT x", "-ERR value is not an integer or out of range|");
    desk_is(&d, "CLUSTER GETKEYSINSLOT 99999 1", "-ERR Invalid slot or number of keys|");
    desk_is(&d, "CLUSTER GETKEYSINSLOT 1 -1", "-ERR Invalid slot or number of keys|");
    desk_has(&d, "CLUSTER NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP.|");
    desk_has(&d, "CLUSTER", "-ERR wrong number of arguments for 'cluster' command|");
}

Test(cluster, clients_may_say_what_redis_cluster_wants_to_hear)
{
    desk_is(&d, "READONLY", "+OK|");
    desk_is(&d, "READWRITE", "+OK|");
    desk_is(&d, "ASKING", "+OK|");
}
