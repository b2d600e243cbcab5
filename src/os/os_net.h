/* os_net.h: what connections (os_net.c) and listeners (os_listener.c) share. */
#ifndef HENGE_OS_OS_NET_H
#define HENGE_OS_OS_NET_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "env/net.h"
#include "env/trace.h"
#include "os/os_loop.h"

struct os_tls;

struct os_net {
    struct net base;
    struct os_loop *loop;
    struct ev_loop *ev;
    struct trace *trace;
    struct os_tls *tls;
    int reserve;      /* a descriptor kept for os_listener.c; -1 while there is none */
    double warned_at; /* ev_now() of the last complaint about descriptors */
    uint64_t conns;
    uint64_t listeners;
    uint64_t watches;
};

struct os_conn {
    struct net_conn base;
    ev_io io;
    unsigned wanted; /* enum net_events */
};

/* Makes a connection of a connected socket, which it takes. */
struct net_conn *os_net_adopt(struct os_net *net, int fd, bool tcp);

/* What os_net_adopt() does to a socket of TCP. */
void os_net_tune(struct os_net *net, int fd);

/* Lets libev watch for `interest` (EV_READ | EV_WRITE; 0: for nothing). */
void os_conn_watch(struct os_net *net, struct os_conn *c, int interest);

/* struct net's listen and unlisten. */
struct err os_listener_open(struct net *net, const char *address, int port,
                            struct net_listener **out);
void os_listener_close(struct net_listener *listener);

/* A descriptor of nothing, to be closed when there is no other; or -1. */
int os_net_reserve(void);

#endif
