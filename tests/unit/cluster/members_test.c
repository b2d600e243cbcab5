/* members_test.c: lists as people write them, right and wrong. */
#include "cluster/members.h"

#include <criterion/criterion.h>

static struct members parse(const char *text)
{
    struct buf why = { 0 };
    struct members m;

    cr_assert(members_parse(&m, slice_str("henge"), slice_str(text), &why), "%s: %.*s", text,
              (int)why.len, (const char *)why.data);
    cr_assert(members_check(&m));
    buf_deinit(&why);
    return m;
}

static void expect_refused(const char *text, const char *words)
{
    struct buf why = { 0 };
    struct members m;

    cr_expect_not(members_parse(&m, slice_str("henge"), slice_str(text), &why), "%s", text);
    cr_expect_eq(m.count, 0);
    buf_append_byte(&why, 0);
    cr_expect(strstr((const char *)why.data, words), "%s: %s", text, (const char *)why.data);
    buf_deinit(&why);
}

static const struct member *at_port(const struct members *m, uint16_t port)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->list[i].port == port)
            return &m->list[i];
    }
    cr_assert_fail("no member with port %u", port);
    return NULL;
}

Test(members, are_read_with_their_ports_weights_and_zones)
{
    struct members m = parse("10.0.0.1:6379@16379, 10.0.0.2:6380@16380/weight=4/zone=rack b,"
                             "[fe80::1]:6381@16381/zone=c");
    const struct member *a = at_port(&m, 6379), *b = at_port(&m, 6380), *c = at_port(&m, 6381);

    cr_assert_eq(m.count, 3);
    cr_expect_str_eq(a->host, "10.0.0.1");
    cr_expect_eq(a->peer_port, 16379);
    cr_expect_eq(a->weight, 1);
    cr_expect_str_eq(a->zone, "");
    cr_expect_eq(b->weight, 4);
    cr_expect_str_eq(b->zone, "rack b");
    cr_expect_str_eq(c->host, "fe80::1");
    cr_expect_str_eq(c->zone, "c");
    members_deinit(&m);
}

Test(members, have_the_same_names_whatever_the_order_of_the_list)
{
    struct members one = parse("10.0.0.1:1@2,10.0.0.2:1@2,10.0.0.3:1@2");
    struct members other = parse("10.0.0.3:1@2 , 10.0.0.1:1@2,10.0.0.2:1@2");
    struct members less = parse("10.0.0.3:1@2,10.0.0.1:1@2");

    for (size_t i = 0; i < one.count; i++)
        cr_expect_str_eq(one.list[i].name, other.list[i].name);
    cr_expect_eq(members_hash(&one), members_hash(&other));
    cr_expect_neq(members_hash(&one), members_hash(&less));
    members_deinit(&one);
    members_deinit(&other);
    members_deinit(&less);
}

Test(members, of_differently_named_rings_are_others)
{
    struct members one = parse("10.0.0.1:1@2"), other;
    struct buf why = { 0 };

    cr_assert(members_parse(&other, slice_str("other"), slice_str("10.0.0.1:1@2"), &why));
    cr_expect_str_neq(one.list[0].name, other.list[0].name);
    members_deinit(&one);
    members_deinit(&other);
}

/* What they are called is in clients' hands and on disks. */
Test(members, keep_their_names)
{
    struct members m = parse("127.0.0.1:6379@16379");

    cr_expect_str_eq(m.list[0].name, "7ba778ef5dd7b3abfe8f784445dc71e90c980c6a");
    cr_expect_eq(m.list[0].id, 0x7ba778efU);
    members_deinit(&m);
}

Test(members, that_are_written_wrongly_are_refused_with_the_reason)
{
    expect_refused(",", "numeric address");
    expect_refused("a.example:6379@16379", "numeric address");
    expect_refused("10.0.0.1", "HOST:PORT@CLUSTER-PORT");
    expect_refused("10.0.0.1:6379", "HOST:PORT@CLUSTER-PORT");
    expect_refused("10.0.0.1:0@1", "HOST:PORT@CLUSTER-PORT");
    expect_refused("10.0.0.1:6379@65536", "HOST:PORT@CLUSTER-PORT");
    expect_refused("10.0.0.1:6379@16379x", "HOST:PORT@CLUSTER-PORT");
    expect_refused("[::1:6379@16379", "in [ ]");
    expect_refused("[::1]6379@16379", "in [ ]");
    expect_refused("10.0.0.1:1@2/weight=0", "from 1 to 100");
    expect_refused("10.0.0.1:1@2/weight=101", "from 1 to 100");
    expect_refused("10.0.0.1:1@2/zone=", "1 to 32 bytes");
    expect_refused("10.0.0.1:1@2/zone=a23456789012345678901234567890123", "1 to 32 bytes");
    expect_refused("10.0.0.1:1@2/rack=a", "/weight=N or /zone=NAME");
    expect_refused("10.0.0.1:1@2,10.0.0.1:1@3", "one address");
    expect_refused("10.0.0.1:1@2,10.0.0.1:3@2", "one address");
}

Test(members, that_are_too_many_are_refused)
{
    struct buf text = { 0 };

    for (unsigned i = 0; i < 1025; i++)
        buf_printf(&text, "%s10.0.%u.%u:1@2", i ? "," : "", i / 256, i % 256);
    buf_append_byte(&text, 0);
    expect_refused((const char *)text.data, "at most 1024 nodes");
    buf_deinit(&text);
}

Test(members, find_themselves_by_their_ports_or_else_by_their_address)
{
    struct members m = parse("10.0.0.1:1@2,10.0.0.2:1@2,10.0.0.3:3@4");
    struct buf why = { 0 };

    cr_expect_str_eq(members_self(&m, 3, 4, NULL, &why)->host, "10.0.0.3");
    cr_expect_str_eq(members_self(&m, 1, 2, "10.0.0.2", &why)->host, "10.0.0.2");
    cr_expect_eq(why.len, 0);
    cr_expect_null(members_self(&m, 1, 2, NULL, &why));
    cr_expect_null(members_self(&m, 5, 6, NULL, &why));
    cr_expect_null(members_self(&m, 1, 2, "10.0.0.9", &why));
    buf_append_byte(&why, 0);
    cr_expect(strstr((const char *)why.data, "cluster-announce-ip says which"));
    cr_expect(strstr((const char *)why.data, "none of the nodes is *:5@6"));
    buf_deinit(&why);
    members_deinit(&m);
}

Test(members, are_found_by_id_and_by_name)
{
    struct members m = parse("10.0.0.1:1@2,10.0.0.2:1@2,10.0.0.3:3@4");

    for (size_t i = 0; i < m.count; i++) {
        cr_expect_eq(members_find(&m, m.list[i].id), &m.list[i]);
        cr_expect_eq(members_named(&m, slice_str(m.list[i].name)), &m.list[i]);
    }
    cr_expect_null(members_find(&m, 0));
    cr_expect_null(members_named(&m, slice_str("x")));
    members_deinit(&m);
}
