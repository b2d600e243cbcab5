/* protected_test.c: who is served without a password. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "session/acl.h"
#include "session/protected.h"

static char address[NET_ADDRESS_MAX];

static void peer(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    (void)conn;
    snprintf(out, NET_ADDRESS_MAX, "%s", address);
}

static bool serves(struct instance *in, const char *from)
{
    struct net net = { .peer = peer };
    struct net_conn conn = { .net = &net };

    snprintf(address, sizeof address, "%s", from);
    return !protected_refuses(in, &conn);
}

Test(protected, strangers_are_refused_unless_there_is_a_password_or_no_protection)
{
    static const char *const here[] = { "127.0.0.1:5", "127.9.9.9:5", "[::1]:5", "/run/s:0" };
    static const char *const elsewhere[] = { "10.0.0.1:5", "[::2]:5",     "[fe80::1]:5",
                                             "?:0",        "1.127.0.1:5", "[::1:2]:5" };
    struct options o;
    struct command none[] = { { 0 } };
    const struct command *families[] = { none };
    struct command_table *table = command_table_new(families, 1);
    struct instance in = { .options = &o, .acl = acl_new(table) };

    options_init(&o);
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        cr_expect(serves(&in, here[i]), "%s", here[i]);
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        cr_expect_not(serves(&in, elsewhere[i]), "%s", elsewhere[i]);
        o.protected_mode = 0;
        cr_expect(serves(&in, elsewhere[i]), "%s", elsewhere[i]);
        o.protected_mode = 1;
    }
    acl_set_requirepass(in.acl, slice_str("secret"));
    cr_expect(serves(&in, "10.0.0.1:5"));
    options_deinit(&o);
    acl_free(in.acl);
    command_table_free(table);
}
