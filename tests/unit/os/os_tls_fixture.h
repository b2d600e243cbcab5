/* os_tls_fixture.h: a TLS listener with a certificate of its own, and clients for it that
 * run on the same thread, in turns with the loop. */
#ifndef HENGE_TESTS_OS_TLS_FIXTURE_H
#define HENGE_TESTS_OS_TLS_FIXTURE_H

#include "os/os_tls.h"
#include "unit/os/os_net_fixture.h"
#include "unit/os/tls_certs.h"

struct tls_client {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
    bool failed; /* the server refused it, before or behind the handshake */
};

struct tls_wire {
    struct wire w;
    struct tls_identity ca, server, client;
    char cert[FIXTURE_PATH], key[FIXTURE_PATH], ca_cert[FIXTURE_PATH];
    struct net_tls_options options; /* changed before tls_wire_load() */
    char why[NET_TLS_WHY_MAX];
};

/* Files and options are there; nothing is loaded. */
void tls_wire_init(struct tls_wire *t);
void tls_wire_deinit(struct tls_wire *t);

/* Loads the options and uses them; false: `why` says why not. */
bool tls_wire_load(struct tls_wire *t);

/* The same, which must work, and listens. */
void tls_wire_listen(struct tls_wire *t);

/* A client that trusts the CA; it is connected, no byte is sent. */
void tls_client_init(struct tls_wire *t, struct tls_client *c, int version);
void tls_client_deinit(struct tls_client *c);

/* Its certificate, if the server asks. */
void tls_client_show(struct tls_client *c, const struct tls_identity *i);

/* Ends the handshake, with the loop's help; whether both sides call it well. */
bool tls_client_shake(struct tls_wire *t, struct tls_client *c);

/* Both at once: version 0 is the newest. */
void tls_client_connect(struct tls_wire *t, struct tls_client *c, int version);

void tls_client_send(struct tls_client *c, const void *bytes, size_t len);

/* Runs the loop until so many bytes have come. */
void tls_client_read(struct tls_wire *t, struct tls_client *c, void *to, size_t len);

/* ... until the server has ended the connection; whether it said so (close_notify). */
bool tls_client_ended(struct tls_wire *t, struct tls_client *c);

/* Runs the loop until the statistic has that value. */
void tls_wire_wait(struct tls_wire *t, const uint64_t *statistic, uint64_t value);

#endif
