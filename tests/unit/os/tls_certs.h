/* tls_certs.h: certificates and keys for the tests of TLS, made by the test itself. */
#ifndef HENGE_TESTS_TLS_CERTS_H
#define HENGE_TESTS_TLS_CERTS_H

#include <openssl/ssl.h>
#include <openssl/x509.h>

struct tls_identity {
    X509 *cert;
    EVP_PKEY *key;
};

/* Signed by `ca`, or by itself if that is NULL: then it is a CA. */
void tls_identity_init(struct tls_identity *i, const char *name, const struct tls_identity *ca);
void tls_identity_deinit(struct tls_identity *i);

/* Writes them as PEM; `pass` NULL: the key is not enciphered. */
void tls_write_cert(const struct tls_identity *i, const char *path);
void tls_write_key(const struct tls_identity *i, const char *path, const char *pass);

/* 9d66eef0.0, as `openssl rehash` names it. */
void tls_hash_name(const struct tls_identity *i, char out[16]);

#endif
