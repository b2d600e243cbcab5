/* net_tls.h: what clients of a TLS port are shown and asked for.
 *
 * The files are read and checked by net_tls_load(), whole, into one immutable
 * struct net_tls; net_tls_use() makes it count for connections to come.  Who is
 * connected keeps what his handshake was made with. */
#ifndef HENGE_ENV_NET_TLS_H
#define HENGE_ENV_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

enum net_tls_auth {
    NET_TLS_AUTH_NO,       /* clients show no certificate */
    NET_TLS_AUTH_YES,      /* they must, and a CA of ours must have signed it */
    NET_TLS_AUTH_OPTIONAL, /* they may; what is shown must be right */
};

/* "" for what is not set; texts are borrowed during the call only. */
struct net_tls_options {
    const char *cert_file; /* PEM: the server's certificate, and those between it and the CA */
    const char *key_file;  /* PEM: its private key */
    const char *key_file_pass;
    const char *ca_cert_file; /* PEM: who may sign certificates of clients */
    const char *ca_cert_dir;  /* ... files named by hash, as `openssl rehash` does */
    const char *protocols;    /* "TLSv1.2 TLSv1.3"; "" for these two */
    const char *ciphers;      /* up to TLSv1.2, as `openssl ciphers` has them */
    const char *ciphersuites; /* of TLSv1.3 */
    const char *dh_params_file;
    enum net_tls_auth auth_clients;
    bool prefer_server_ciphers;
    bool session_caching; /* who comes again needs no whole handshake */
    int64_t session_cache_size;
    int64_t session_cache_timeout_s;
};

struct net_tls;

/* Plain counters; those without a word are since the start. */
struct net_tls_stats {
    uint64_t handshakes;          /* that succeeded */
    uint64_t handshakes_resumed;  /* of them, by a session that was there */
    uint64_t handshakes_failed;   /* refused, broken or too slow */
    uint64_t handshakes_underway; /* now */
    uint64_t connections;         /* now */
    uint64_t bytes;               /* now: memory of connections that their owners do not see */
};

enum { NET_TLS_WHY_MAX = 512 }; /* room for why something failed, NUL included */

#endif
