/* Tests of os_listener.c: where one can listen, and what happens when many come. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit/os/os_net_fixture.h"

/* A Unix socket nobody of us listens at; the caller ends it. */
static int bind_unix(struct wire *w, const char *name)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s", fixture_path(&w->f, name));
    cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static struct err try_listen(struct wire *w, const char *address, int port)
{
    struct net_listener *listener;
    struct err e = net_listen(w->net, address, port, &listener);

    if (err_is(e))
        cr_assert_null(listener);
    net_unlisten(listener);
    return e;
}

Test(os_listener, a_star_is_both_families)
{
    struct wire w;
    int clients[2];

    wire_init(&w);
    wire_listen(&w, "*");
    clients[0] = wire_connect(&w, AF_INET);
    wire_wait_accepted(&w, 1);
    if (wire_has_ipv6()) {
        clients[1] = wire_connect(&w, AF_INET6);
        wire_wait_accepted(&w, 2);
        close(clients[1]);
    }
    close(clients[0]);
    wire_deinit(&w);
}

Test(os_listener, an_ipv6_listener_leaves_ipv4_to_others)
{
    struct wire w;
    struct net_listener *other;

    wire_init(&w);
    if (!wire_has_ipv6())
        cr_skip_test("no IPv6 on this machine");
    wire_listen(&w, "::");
    cr_assert_eq(net_listen(w.net, "0.0.0.0", w.port, &other).code, ERR_NONE);
    net_unlisten(other);
    wire_deinit(&w);
}

Test(os_listener, what_cannot_be_listened_at_is_a_clear_error)
{
    struct wire w;
    char longest[200];
    struct err e;

    wire_init(&w);
    wire_listen(&w, "127.0.0.1");
    e = try_listen(&w, "127.0.0.1", w.port);
    cr_assert_eq(e.code, ERR_BUSY);
    cr_assert_eq(e.os, EADDRINUSE);
    cr_assert_eq(try_listen(&w, "*", w.port).code, ERR_BUSY);
    cr_assert_eq(try_listen(&w, "localhost", w.port).code, ERR_INVALID);
    cr_assert_eq(try_listen(&w, "1.2.3", w.port).code, ERR_INVALID);
    cr_assert_eq(try_listen(&w, "127.0.0.1", 70000).code, ERR_INVALID);
    cr_assert_eq(try_listen(&w, "192.0.2.1", w.port).os, EADDRNOTAVAIL);
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[108] = 0;
    cr_assert_eq(try_listen(&w, longest, 0).code, ERR_LIMIT);
    cr_assert_eq(try_listen(&w, "/nonexistent/folder/sock", 0).os, ENOENT);
    wire_deinit(&w);
}

Test(os_listener, a_stale_unix_socket_is_replaced_and_ours_removed_at_the_end)
{
    struct wire w;
    int client;

    wire_init(&w);
    close(bind_unix(&w, "sock"));
    wire_listen(&w, fixture_path(&w.f, "sock"));
    client = wire_connect_unix(&w, "sock");
    wire_wait_accepted(&w, 1);
    close(client);
    net_unlisten(w.listener);
    w.listener = NULL;
    cr_assert_neq(access(fixture_path(&w.f, "sock"), F_OK), 0);
    wire_deinit(&w);
}

Test(os_listener, a_living_unix_socket_is_left_alone)
{
    struct wire w;
    int fd;

    wire_init(&w);
    fd = bind_unix(&w, "sock");
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(try_listen(&w, fixture_path(&w.f, "sock"), 0).code, ERR_BUSY);
    cr_assert_eq(access(fixture_path(&w.f, "sock"), F_OK), 0);
    close(fd);
    wire_deinit(&w);
}

Test(os_listener, a_file_that_is_no_socket_is_left_alone)
{
    struct wire w;
    FILE *file;

    wire_init(&w);
    file = fopen(fixture_path(&w.f, "sock"), "w");
    fputs("precious", file);
    fclose(file);
    cr_assert_eq(try_listen(&w, fixture_path(&w.f, "sock"), 0).code, ERR_EXISTS);
    cr_assert_eq(access(fixture_path(&w.f, "sock"), F_OK), 0);
    wire_deinit(&w);
}

Test(os_listener, a_socket_somebody_put_in_the_place_of_ours_is_not_removed)
{
    struct wire w;

    wire_init(&w);
    wire_listen(&w, fixture_path(&w.f, "sock"));
    cr_assert_eq(unlink(fixture_path(&w.f, "sock")), 0);
    close(bind_unix(&w, "sock"));
    net_unlisten(w.listener);
    w.listener = NULL;
    cr_assert_eq(access(fixture_path(&w.f, "sock"), F_OK), 0);
    wire_deinit(&w);
}

Test(os_listener, a_storm_of_clients_is_taken_in_portions)
{
    enum { STORM = 300 };
    struct wire w;
    int clients[STORM];

    wire_init(&w);
    wire_listen(&w, "127.0.0.1");
    for (unsigned i = 0; i < STORM; i++)
        clients[i] = wire_connect(&w, AF_INET);
    wire_wait_accepted(&w, STORM);
    cr_assert_geq(w.f.turns, STORM / 64, "all were taken in %u turns", w.f.turns);
    for (unsigned i = 0; i < STORM; i++)
        close(clients[i]);
    wire_deinit(&w);
}

static void unlisten_at_once(struct net_listener *listener, struct net_conn *conn)
{
    struct wire *w = listener->owner;

    w->accepted++;
    net_close(conn);
    net_unlisten(listener);
    w->listener = NULL;
}

Test(os_listener, listening_can_end_while_a_client_is_accepted)
{
    struct wire w;
    int clients[3];

    wire_init(&w);
    wire_listen(&w, fixture_path(&w.f, "sock"));
    w.listener->on_accept = unlisten_at_once;
    for (unsigned i = 0; i < 3; i++)
        clients[i] = wire_connect_unix(&w, "sock");
    wire_wait_accepted(&w, 1);
    wire_pass(&w);
    cr_assert_eq(w.accepted, 1);
    for (unsigned i = 0; i < 3; i++)
        close(clients[i]);
    wire_deinit(&w);
}

struct crowd {
    struct wire w;
    int clients[3];
};

static bool all_refused(void *arg)
{
    struct crowd *c = arg;
    char byte;

    for (unsigned i = 0; i < 3; i++) {
        if (recv(c->clients[i], &byte, 1, MSG_DONTWAIT) != 0)
            return false;
    }
    return true;
}

Test(os_listener, clients_without_a_descriptor_are_refused_and_later_ones_welcome)
{
    struct crowd c;
    struct rlimit limit;
    int client;
    int next;

    wire_init(&c.w);
    wire_listen(&c.w, "127.0.0.1");
    for (unsigned i = 0; i < 3; i++)
        c.clients[i] = wire_connect(&c.w, AF_INET);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    next = dup(0); /* the lowest that is free: no number from here on can be had */
    close(next);
    limit.rlim_cur = (rlim_t)next;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    wire_poll(&c.w, all_refused, &c);
    cr_assert_eq(c.w.accepted, 0);
    cr_assert_str_eq(c.w.f.log, "3 Cannot accept clients: Too many open files\n", "said once: %s",
                     c.w.f.log);
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    client = wire_connect(&c.w, AF_INET);
    wire_wait_accepted(&c.w, 1);
    close(client);
    for (unsigned i = 0; i < 3; i++)
        close(c.clients[i]);
    wire_deinit(&c.w);
}
