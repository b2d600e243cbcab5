/* os_tls.h: TLS over the sockets of an os_net: what os_net.c and os_listener.c ask of it,
 * and what its own files share.
 *
 *     os_listener.c: a socket -> SHAKING (os_tls_handshake.c) -> on_accept() -> OPEN
 *                                   |  too slow, refused, garbage      (os_tls_conn.c)
 *                                   '-> ended, nobody is told
 *
 * OpenSSL never sees a full socket.  What it enciphers goes into one buffer of the
 * os_tls, from there into the socket in one send, and what the socket does not take into
 * the connection's `rest`, which leaves before anything else is enciphered.  So it never
 * "wants to write", a read never waits for room to send, and a whole batch of records
 * costs one system call.  Reads go straight from the socket to OpenSSL (os_tls_wire.c). */
#ifndef HENGE_OS_OS_TLS_H
#define HENGE_OS_OS_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "os/os_net.h"

/* --- for os_net.c and os_listener.c */

struct os_tls *os_tls_new(struct os_net *net);

/* Every listener and connection must be closed. */
void os_tls_free(struct os_tls *tls);

/* struct net's tls_load, tls_use, tls_free. */
bool os_tls_load(struct net *net, const struct net_tls_options *options, struct net_tls **out,
                 char why[NET_TLS_WHY_MAX]);
void os_tls_use(struct net *net, struct net_tls *tls);
void os_tls_drop(struct net *net, struct net_tls *tls);

/* One more handshake may begin: not too many are under way, or one has been for a second,
 * which makes room. */
bool os_tls_has_room(struct os_tls *tls);

/* Takes a connected socket; the listener's on_accept() is called when its handshake is
 * done, later. */
void os_tls_accept(struct os_tls *tls, struct net_listener *listener, int fd);

/* Ends the handshakes of a listener that closes. */
void os_tls_forget(struct os_tls *tls, struct net_listener *listener);

/* --- for os_tls_*.c */

enum {
    OS_TLS_RECORD = 16384,         /* bytes of a record, at most */
    OS_TLS_SEND = 8 * 16384,       /* enciphered and sent together */
    OS_TLS_READ = 256 * 1024,      /* taken from one socket at a time */
    OS_TLS_CONN_BYTES = 17 * 1024, /* of an idle connection, in OpenSSL most of it; measured */
};

struct net_tls {
    SSL_CTX *context;
};

struct os_tls {
    struct os_net *net;
    struct net conns;     /* struct net of TLS connections: their recv, send, want, close */
    struct net_tls *used; /* NULL before os_tls_use() */
    BIO_METHOD *wire;
    struct buf out;           /* enciphered within the call under way; empty between calls */
    uint8_t *stage;           /* small parts are put together here, to one record */
    struct list shaking;      /* handshakes under way, the oldest first */
    struct list due;          /* ... that can go on, by os_tls_conn's `due` */
    struct list more;         /* connections with something left to read inside, likewise */
    ev_idle busy;             /* while one of the two has members: the loop does not wait */
    ev_timer late;            /* the oldest handshake's end */
    struct net_tls_stats *is; /* the net's */
    double allowed_s;         /* for a handshake */
    double patience_s;        /* ... while others wait for room */
};

struct os_tls_conn {
    struct os_conn conn;
    SSL *ssl;
    struct os_tls *tls;
    struct net_listener *listener; /* while its handshake is under way */
    double began;                  /* ev_now() of the accept */
    struct list shaking;
    struct list due;
    uint8_t *rest; /* enciphered bytes the socket did not take; NULL for none */
    size_t rest_at;
    size_t rest_len;
    size_t ahead;  /* bytes enciphered that send() has not admitted to have taken */
    size_t budget; /* bytes that may still be read in the call under way */
    int interest;  /* of libev: EV_READ | EV_WRITE */
    bool drained;  /* the socket had no more, in the call under way */
    bool ended;    /* ... and never will */
    bool more;     /* something can be read without the socket */
    bool broken;   /* nothing works any more */
};

/* os_tls_wire.c */
BIO_METHOD *os_tls_wire_new(void);
BIO *os_tls_wire_open(struct os_tls_conn *c);

/* Before a call of OpenSSL that may read. */
void os_tls_begin(struct os_tls_conn *c);

/* After each call of OpenSSL: sends what it has enciphered, behind what waits.  False: the
 * peer is gone (`broken` is set). */
bool os_tls_push(struct os_tls_conn *c);

/* os_tls_conn.c: fills in the functions of tls->conns. */
void os_tls_conn_init(struct os_tls *tls);
void os_tls_conn_ready(struct os_tls_conn *c, int events);

/* Watches the socket for what is wanted now. */
void os_tls_conn_watch(struct os_tls_conn *c);

/* Frees it and closes its socket. */
void os_tls_conn_end(struct os_tls_conn *c);

/* Tells those of tls->more that want to read. */
void os_tls_conn_tell(struct os_tls *tls);

/* os_tls_handshake.c */
void os_tls_handshake_init(struct os_tls *tls);
void os_tls_handshake_ready(struct os_tls_conn *c, int events);

/* Why the last call of OpenSSL on this thread failed, as text for people; empties its
 * list of errors.  `otherwise`, if it has none. */
void os_tls_reason(char *out, size_t max, const char *otherwise);

#endif
