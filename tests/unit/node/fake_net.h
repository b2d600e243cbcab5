/* fake_net.h: hosts with nets of their own, in one process, with a clock that stands still
 * until it is moved.  Bytes arrive in pieces, connections can be cut without anybody being
 * told. */
#ifndef HENGE_UNIT_FAKE_NET_H
#define HENGE_UNIT_FAKE_NET_H

#include "base/buf.h"
#include "base/list.h"
#include "base/prng.h"
#include "env/env.h"

enum { FAKE_HOSTS = 6, FAKE_LOG = 64 };

struct fake_world;
struct fake_host;

struct fake_end {
    struct net_conn base; /* first */
    struct list links;
    struct fake_host *host;
    struct fake_end *other; /* NULL: it was closed */
    struct buf way;         /* bytes to this end, under way */
    struct buf inbox;       /* ... that have arrived */
    unsigned wanted;
    bool made;     /* the connection is there, for who has called */
    bool accepted; /* ... for who was called */
    bool refused;
    bool ended;     /* nothing follows `way` */
    bool closed;    /* by this end */
    unsigned from;  /* number of the host at the other end */
    unsigned sends; /* net_send() that took something */
};

struct fake_host {
    struct net net; /* first */
    struct fake_world *world;
    struct env env;
    struct clock clock;
    struct trace trace;
    struct net_listener listener;
    bool listening;
    unsigned number;          /* its address is 10.0.0.number */
    unsigned lines;           /* said in its log */
    char line[FAKE_LOG][256]; /* the last ones, by number modulo FAKE_LOG */
};

struct fake_world {
    uint64_t now_us;
    struct prng prng;
    struct fake_host hosts[FAKE_HOSTS]; /* [0] is nobody */
    struct list ends;
    bool cut[FAKE_HOSTS][FAKE_HOSTS]; /* from, to: nothing passes */
    size_t piece;                     /* bytes that arrive together, at most; 0: all */
    size_t window;                    /* bytes under way to an end, at most */
};

void fake_world_init(struct fake_world *w, uint64_t seed);
void fake_world_deinit(struct fake_world *w);

struct fake_host *fake_host(struct fake_world *w, unsigned number);

/* It can be called from now on; the listener's owner and callback are to be set. */
struct net_listener *fake_listen(struct fake_host *h);

void fake_cut(struct fake_world *w, unsigned a, unsigned b, bool cut);

/* Bytes arrive, connections are made, and this host's owners are told. */
void fake_poll(struct fake_host *h);

/* How often the log of a host has a line that contains `text`, among the last. */
unsigned fake_said(const struct fake_host *h, const char *text);

#endif
