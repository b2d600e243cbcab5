/* os_net_fixture.h: a listener with real sockets, and clients for it. */
#ifndef HENGE_TESTS_OS_NET_FIXTURE_H
#define HENGE_TESTS_OS_NET_FIXTURE_H

#include "env/net.h"
#include "unit/os/os_fixture.h"

enum { WIRE_CONNS = 512 };

struct wire {
    struct fixture f;
    struct net *net;
    struct net_listener *listener;
    int port; /* of wire_listen() */
    struct net_conn *conns[WIRE_CONNS];
    unsigned accepted;
    size_t received; /* bytes that were echoed */
    bool manual;     /* connections are not echoed, their events only noted */
    unsigned told;   /* enum net_events of on_ready() since the last look */
};

void wire_init(struct wire *w);

/* Closes what is open. */
void wire_deinit(struct wire *w);

/* Listens; a TCP address gets a free port. */
void wire_listen(struct wire *w, const char *address);

/* A blocking client's socket, the caller's. */
int wire_connect(struct wire *w, int family);
int wire_connect_unix(struct wire *w, const char *name);
int wire_port_of(int fd);
bool wire_has_ipv6(void);

/* The descriptor in this process that `client` is connected to, or -1. */
int wire_other_end(int client);

/* Run the loop until ... */
void wire_wait_accepted(struct wire *w, unsigned count);
void wire_wait_bytes(struct wire *w, size_t received);
void wire_wait_told(struct wire *w, unsigned events); /* forgets earlier ones */

/* ... everything that is ready now has been told; forgets earlier events. */
void wire_pass(struct wire *w);

/* ... `until` is true, asked again and again without waiting for events. */
void wire_poll(struct wire *w, bool (*until)(void *arg), void *arg);

#endif
