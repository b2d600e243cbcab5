/* tls_certs.c: certificates and keys for the tests of TLS. */
#include "unit/os/tls_certs.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static void add_extension(X509 *cert, int what, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, what, value);

    cr_assert_not_null(e);
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
}

void tls_identity_init(struct tls_identity *i, const char *name, const struct tls_identity *ca)
{
    X509_NAME *subject;

    i->key = EVP_EC_gen("P-256");
    i->cert = X509_new();
    cr_assert(i->key && i->cert);
    X509_set_version(i->cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(i->cert), (long)name[0] * 256 + name[1]);
    X509_gmtime_adj(X509_getm_notBefore(i->cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(i->cert), 3600);
    X509_set_pubkey(i->cert, i->key);
    subject = X509_get_subject_name(i->cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(i->cert, ca ? X509_get_subject_name(ca->cert) : subject);
    add_extension(i->cert, NID_basic_constraints, ca ? "critical,CA:FALSE" : "critical,CA:TRUE");
    cr_assert_gt(X509_sign(i->cert, ca ? ca->key : i->key, EVP_sha256()), 0);
}

void tls_identity_deinit(struct tls_identity *i)
{
    X509_free(i->cert);
    EVP_PKEY_free(i->key);
}

void tls_write_cert(const struct tls_identity *i, const char *path)
{
    FILE *f = fopen(path, "w");

    cr_assert(f && PEM_write_X509(f, i->cert));
    fclose(f);
}

void tls_write_key(const struct tls_identity *i, const char *path, const char *pass)
{
    FILE *f = fopen(path, "w");

    cr_assert(f && PEM_write_PKCS8PrivateKey(f, i->key, pass ? EVP_aes_128_cbc() : NULL, pass,
                                             pass ? (int)strlen(pass) : 0, NULL, NULL));
    fclose(f);
}

void tls_hash_name(const struct tls_identity *i, char out[16])
{
    snprintf(out, 16, "%08lx.0",
             X509_NAME_hash_ex(X509_get_subject_name(i->cert), NULL, NULL, NULL));
}
