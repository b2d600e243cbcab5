/* kill_test.c: CLIENT KILL: who sent it is answered when it is done. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "unit/turn/server_world.h"

static struct server_world w;
static char text[256];

static void setup(void)
{
    server_world_init(&w);
    server_world_start(&w);
}

static void teardown(void)
{
    server_world_deinit(&w);
}

TestSuite(kill, .init = setup, .fini = teardown);

static const char *ask(struct client *c, const char *line)
{
    client_send(c, line);
    server_world_settle(&w);
    return client_got(c, text, sizeof text);
}

/* Clients that look at their connection before they use it, php-redis and Perl's Redis among
 * them, would write into a dead one. */
Test(kill, ends_connections_before_it_is_answered)
{
    struct client *before = server_world_client(&w);
    struct client *killer = server_world_client(&w);
    struct client *after = server_world_client(&w);

    ask(before, "SUBSCRIBE a");
    ask(after, "SUBSCRIBE a");
    cr_expect_str_eq(ask(killer, "CLIENT KILL TYPE pubsub"), ":2|");
    cr_expect(!before->open && !after->open && killer->open);
    cr_expect_lt(before->closed_at, killer->sent_at);
    cr_expect_lt(after->closed_at, killer->sent_at);
}
