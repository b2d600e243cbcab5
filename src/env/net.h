/* net.h: sockets, as an interface: real ones or a simulated network.
 *
 * Nothing here blocks.  A connection calls its owner's on_ready() when something
 * it is wanted for can be done; until the owner has read to NET_AGAIN it is told
 * again in the next round (level-triggered).  All callbacks come on the loop's
 * thread, between turns, never from within a call made here. */
#ifndef HENGE_ENV_NET_H
#define HENGE_ENV_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "env/net_tls.h"

enum net_events {
    NET_READ = 1,  /* bytes, the end or an error can be read */
    NET_WRITE = 2, /* there is room to send */
};

enum {
    NET_AGAIN = -1,       /* nothing now; wait for on_ready() */
    NET_GONE = -2,        /* the peer ended or broke the connection */
    NET_ADDRESS_MAX = 128 /* room for a printed address, NUL included */
};

struct net;

/* One connection; the implementation's own struct begins with it.  `owner` and
 * `on_ready` are set by who accepts, before it wants anything. */
struct net_conn {
    struct net *net;
    void *owner;
    void (*on_ready)(struct net_conn *conn, unsigned events);
    int number; /* the descriptor, as CLIENT LIST shows it */
};

struct net_listener {
    struct net *net;
    void *owner;
    void (*on_accept)(struct net_listener *listener, struct net_conn *conn);
    bool tls; /* connections come when their TLS handshake is done; set with `owner` */
};

/* A descriptor that a library reads, as libmicrohttpd's set of sockets is. */
struct net_watch {
    struct net *net;
    void *owner;
    void (*on_ready)(struct net_watch *watch); /* it can be read; level-triggered */
};

struct net {
    struct err (*listen)(struct net *net, const char *address, int port, struct net_listener **out);
    void (*unlisten)(struct net_listener *listener);
    /* NULL where nobody calls. */
    struct err (*connect)(struct net *net, const char *address, int port, struct net_conn **out);
    int64_t (*recv)(struct net_conn *conn, void *to, size_t len);
    int64_t (*send)(struct net_conn *conn, const struct slice *parts, unsigned count);
    void (*want)(struct net_conn *conn, unsigned events);
    void (*close)(struct net_conn *conn);
    void (*peer)(struct net_conn *conn, char out[NET_ADDRESS_MAX]);
    void (*local)(struct net_conn *conn, char out[NET_ADDRESS_MAX]);
    /* NULL where there is no TLS: nobody may ask for it then. */
    bool (*tls_load)(struct net *net, const struct net_tls_options *options, struct net_tls **out,
                     char why[NET_TLS_WHY_MAX]);
    void (*tls_use)(struct net *net, struct net_tls *tls);
    void (*tls_free)(struct net *net, struct net_tls *tls);
    struct net_tls_stats tls_stats;
    /* NULL in the simulator: libraries read real sockets. */
    int (*give)(struct net_conn *conn);
    void (*sever)(struct net *net, int descriptor);
    void (*given)(struct net *net, int descriptor, char peer[NET_ADDRESS_MAX],
                  char local[NET_ADDRESS_MAX]);
    struct net_watch *(*watch)(struct net *net, int descriptor);
    void (*unwatch)(struct net_watch *watch);
    unsigned socket_mode; /* permissions of Unix sockets to come; 0: what the umask leaves */
    int keepalive_s;      /* a silent peer is probed so often; 0: never; for connections to come */
};

/* Listens at a numeric IPv4 or IPv6 address, "*" (both, any), or, if it begins
 * with '/', at a Unix socket of that path (a stale one is replaced).  Set
 * `owner` and `on_accept` of *out before returning to the loop.  An accepted
 * connection is its receiver's, who ends it with net_close(). */
static inline struct err net_listen(struct net *net, const char *address, int port,
                                    struct net_listener **out)
{
    return net->listen(net, address, port, out);
}

/* Stops accepting and removes a Unix socket's file.  Accepts NULL. */
static inline void net_unlisten(struct net_listener *listener)
{
    if (listener)
        listener->net->unlisten(listener);
}

/* Begins a connection to a numeric IPv4 or IPv6 address, or to a Unix socket's path.  On
 * success *out is the caller's, who sets `owner` and `on_ready`; until it is made
 * net_send() and net_recv() say NET_AGAIN, then NET_WRITE is told; if it cannot be made,
 * NET_WRITE too, and net_send() says NET_GONE.  ERR_INVALID for another address; ERR_IO
 * for what the kernel refuses at once.  Never over TLS. */
static inline struct err net_connect(struct net *net, const char *address, int port,
                                     struct net_conn **out)
{
    return net->connect(net, address, port, out);
}

/* Up to `len` bytes into `to`: how many (> 0), NET_AGAIN or NET_GONE. */
static inline int64_t net_recv(struct net_conn *conn, void *to, size_t len)
{
    return conn->net->recv(conn, to, len);
}

/* Sends the parts in order: how many bytes the kernel took (> 0, perhaps fewer
 * than given), NET_AGAIN or NET_GONE.  At most 64 parts are looked at.  The next
 * call must begin with the bytes that were not taken: TLS may have enciphered them
 * already. */
static inline int64_t net_send(struct net_conn *conn, const struct slice *parts, unsigned count)
{
    return conn->net->send(conn, parts, count);
}

/* What on_ready() is wanted for, from now on; 0 for nothing. */
static inline void net_want(struct net_conn *conn, unsigned events)
{
    conn->net->want(conn, events);
}

/* Ends the connection; no callback comes after it. */
static inline void net_close(struct net_conn *conn)
{
    conn->net->close(conn);
}

/* The peer's address as CLIENT LIST shows it: 127.0.0.1:5000, [::1]:5000 or
 * /path:0. */
static inline void net_peer(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    conn->net->peer(conn, out);
}

/* Reads and checks what TLS needs; blocks on the disk, so it is called at the start or
 * by a job (any thread).  True: *out is the caller's, to end with one of the two below.
 * False: `why` says what is wrong with which file or option. */
static inline bool net_tls_load(struct net *net, const struct net_tls_options *options,
                                struct net_tls **out, char why[NET_TLS_WHY_MAX])
{
    return net->tls_load(net, options, out, why);
}

/* Takes it, for all connections to come.  To be called before a listener has `tls`. */
static inline void net_tls_use(struct net *net, struct net_tls *tls)
{
    net->tls_use(net, tls);
}

/* Accepts NULL. */
static inline void net_tls_free(struct net *net, struct net_tls *tls)
{
    if (tls)
        net->tls_free(net, tls);
}

/* Our end's address, in the same form. */
static inline void net_local(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    conn->net->local(conn, out);
}

/* Ends the connection but not its socket, whose descriptor is the caller's to give to a
 * library.  Not of one over TLS: its bytes are of use to nobody else. */
static inline int net_give(struct net_conn *conn)
{
    return conn->net->give(conn);
}

/* Lets no more bytes through a socket that was given away: whoever has it finds that its
 * peer is gone. */
static inline void net_sever(struct net *net, int descriptor)
{
    net->sever(net, descriptor);
}

/* Both addresses of a socket that was given away, as net_peer() and net_local() show them;
 * "?:0" once its peer is gone. */
static inline void net_given(struct net *net, int descriptor, char peer[NET_ADDRESS_MAX],
                             char local[NET_ADDRESS_MAX])
{
    net->given(net, descriptor, peer, local);
}

/* Watches a descriptor, which stays its owner's, until net_unwatch().  Set `owner` and
 * `on_ready` before returning to the loop. */
static inline struct net_watch *net_watch(struct net *net, int descriptor)
{
    return net->watch(net, descriptor);
}

/* Accepts NULL. */
static inline void net_unwatch(struct net_watch *watch)
{
    if (watch)
        watch->net->unwatch(watch);
}

#endif
