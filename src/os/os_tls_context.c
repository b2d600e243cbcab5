/* os_tls_context.c: from files and options to an SSL_CTX.
 *
 * All files are read here, also those of tls-ca-cert-dir, which OpenSSL would open only
 * while it checks a client: on the loop. */
#include "os/os_tls.h"

#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/mem.h"

/* What is being loaded, and where to say what is wrong with it. */
struct loading {
    const struct net_tls_options *options;
    SSL_CTX *context;
    struct trace *trace;
    char *why;
};

static const struct {
    const char *name;
    uint64_t off;
} protocols[] = {
    { "TLSv1", SSL_OP_NO_TLSv1 },
    { "TLSv1.1", SSL_OP_NO_TLSv1_1 },
    { "TLSv1.2", SSL_OP_NO_TLSv1_2 },
    { "TLSv1.3", SSL_OP_NO_TLSv1_3 },
};

enum { PROTOCOLS = sizeof protocols / sizeof protocols[0] };

void os_tls_reason(char *out, size_t max, const char *otherwise)
{
    unsigned long first = ERR_get_error();
    const char *text = first ? ERR_reason_error_string(first) : otherwise;

    if (first && ERR_SYSTEM_ERROR(first))
        text = strerror(ERR_GET_REASON(first));
    snprintf(out, max, "%s", text ? text : otherwise);
    ERR_clear_error();
}

static bool fail(const struct loading *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(const struct loading *l, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(l->why, NET_TLS_WHY_MAX, format, args);
    va_end(args);
    ERR_clear_error();
    return false;
}

/* ... for OpenSSL's own reason. */
static bool fail_at(const struct loading *l, const char *option, const char *value)
{
    char reason[256];

    os_tls_reason(reason, sizeof reason, "it cannot be used");
    return fail(l, "%s '%s': %s", option, value, reason);
}

/* OpenSSL would wait for a pipe and take gigabytes. */
static bool check_file(const struct loading *l, const char *option, const char *path)
{
    struct stat st;

    if (stat(path, &st))
        return fail(l, "%s '%s': %s", option, path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fail(l, "%s '%s': it is no file", option, path);
    if (st.st_size > LIMIT_TLS_FILE)
        return fail(l, "%s '%s': it is larger than %d bytes", option, path, LIMIT_TLS_FILE);
    return true;
}

/* Without a password OpenSSL would ask for one at the terminal. */
static int give_password(char *to, int max, int writing, void *owner)
{
    const char *pass = owner;
    size_t len = pass ? strlen(pass) : 0;

    (void)writing;
    if (len == 0 || len > (size_t)max)
        return -1;
    memcpy(to, pass, len);
    return (int)len;
}

static bool load_certificate(const struct loading *l)
{
    const struct net_tls_options *o = l->options;
    const char *pass = *o->key_file_pass ? o->key_file_pass : NULL;

    if (!*o->cert_file)
        return fail(l, "tls-cert-file is not set");
    if (!*o->key_file)
        return fail(l, "tls-key-file is not set");
    if (!check_file(l, "tls-cert-file", o->cert_file) ||
        !check_file(l, "tls-key-file", o->key_file))
        return false;
    SSL_CTX_set_default_passwd_cb(l->context, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(l->context, (void *)(uintptr_t)pass);
    if (SSL_CTX_use_certificate_chain_file(l->context, o->cert_file) != 1)
        return fail_at(l, "tls-cert-file", o->cert_file);
    if (SSL_CTX_use_PrivateKey_file(l->context, o->key_file, SSL_FILETYPE_PEM) != 1)
        return fail_at(l, "tls-key-file", o->key_file);
    SSL_CTX_set_default_passwd_cb_userdata(l->context, NULL);
    if (SSL_CTX_check_private_key(l->context) != 1)
        return fail(l, "tls-key-file '%s': it is not the key of tls-cert-file '%s'", o->key_file,
                    o->cert_file);
    return true;
}

/* 9d66eef0.0 and the like. */
static bool is_hash_name(const char *name)
{
    size_t n = strspn(name, "0123456789abcdef");

    return n == 8 && name[8] == '.' && name[9] &&
           strspn(name + 9, "0123456789") == strlen(name + 9);
}

static bool load_ca_dir(const struct loading *l, const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *entry;
    unsigned found = 0;
    bool ok = true;

    if (!d)
        return fail(l, "tls-ca-cert-dir '%s': %s", dir, strerror(errno));
    while (ok && (entry = readdir(d)) != NULL) {
        char path[4096];

        if (!is_hash_name(entry->d_name))
            continue;
        if (found++ == LIMIT_TLS_CAS) {
            ok = fail(l, "tls-ca-cert-dir '%s': it has more than %d certificates", dir,
                      LIMIT_TLS_CAS);
            break;
        }
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        ok = check_file(l, "tls-ca-cert-dir", path);
        if (ok && SSL_CTX_load_verify_file(l->context, path) != 1)
            ok = fail_at(l, "tls-ca-cert-dir", path);
    }
    closedir(d);
    if (ok && found == 0)
        return fail(l,
                    "tls-ca-cert-dir '%s': it has no files named by hash; `openssl rehash` makes "
                    "the names",
                    dir);
    return ok;
}

static bool load_cas(const struct loading *l)
{
    const struct net_tls_options *o = l->options;
    int verify = SSL_VERIFY_NONE;

    if (*o->ca_cert_file) {
        if (!check_file(l, "tls-ca-cert-file", o->ca_cert_file))
            return false;
        if (SSL_CTX_load_verify_file(l->context, o->ca_cert_file) != 1)
            return fail_at(l, "tls-ca-cert-file", o->ca_cert_file);
    }
    if (*o->ca_cert_dir && !load_ca_dir(l, o->ca_cert_dir))
        return false;
    if (o->auth_clients != NET_TLS_AUTH_NO && !*o->ca_cert_file && !*o->ca_cert_dir)
        return fail(l, "tls-ca-cert-file or tls-ca-cert-dir must say who may sign the "
                       "certificates of clients; or set tls-auth-clients to no");
    if (o->auth_clients == NET_TLS_AUTH_YES)
        verify = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    else if (o->auth_clients == NET_TLS_AUTH_OPTIONAL)
        verify = SSL_VERIFY_PEER;
    SSL_CTX_set_verify(l->context, verify, NULL);
    return true;
}

/* Which SSL_OP_NO_TLS... to set. */
static bool read_protocols(const struct loading *l, uint64_t *off)
{
    const char *p = *l->options->protocols ? l->options->protocols : "TLSv1.2 TLSv1.3";

    *off = 0;
    if (p[strspn(p, " ")] == '\0')
        return fail(l, "tls-protocols: a protocol is needed, or nothing at all for the default");
    for (int i = 0; i < PROTOCOLS; i++)
        *off |= protocols[i].off;
    for (p += strspn(p, " "); *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        int i = 0;

        while (i < PROTOCOLS &&
               !(strlen(protocols[i].name) == n && strncasecmp(protocols[i].name, p, n) == 0))
            i++;
        if (i == PROTOCOLS)
            return fail(l, "tls-protocols: '%.*s' is none; TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3 are",
                        (int)(n < 32 ? n : 32), p);
        *off &= ~protocols[i].off;
        p += n;
    }
    return true;
}

static bool load_dh(const struct loading *l)
{
    const char *path = l->options->dh_params_file;
    EVP_PKEY *params = NULL;
    BIO *file;

    if (!*path)
        return true;
    if (!check_file(l, "tls-dh-params-file", path))
        return false;
    file = BIO_new_file(path, "r");
    if (file)
        params = PEM_read_bio_Parameters(file, NULL);
    BIO_free(file);
    if (!params)
        return fail_at(l, "tls-dh-params-file", path);
    if (SSL_CTX_set0_tmp_dh_pkey(l->context, params) == 1)
        return true;
    EVP_PKEY_free(params);
    return fail_at(l, "tls-dh-params-file", path);
}

static bool load_ciphers(const struct loading *l)
{
    const struct net_tls_options *o = l->options;

    if (*o->ciphers && SSL_CTX_set_cipher_list(l->context, o->ciphers) != 1)
        return fail_at(l, "tls-ciphers", o->ciphers);
    if (*o->ciphersuites && SSL_CTX_set_ciphersuites(l->context, o->ciphersuites) != 1)
        return fail_at(l, "tls-ciphersuites", o->ciphersuites);
    return load_dh(l);
}

/* Renegotiation is a way to make a server work for nothing; an end without a goodbye is
 * what many clients do, and harmless: a RESP command says how long it is. */
static void set_rules(const struct loading *l, uint64_t off)
{
    const struct net_tls_options *o = l->options;
    uint64_t options = SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                       SSL_OP_IGNORE_UNEXPECTED_EOF | off;

    if (o->prefer_server_ciphers)
        options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
    SSL_CTX_set_mode(l->context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(l->context, 1);
    SSL_CTX_set_session_id_context(l->context, (const unsigned char *)"henge", 5);
    if (o->session_caching) {
        SSL_CTX_set_session_cache_mode(l->context, SSL_SESS_CACHE_SERVER);
        SSL_CTX_sess_set_cache_size(l->context, (long)o->session_cache_size);
        SSL_CTX_set_timeout(l->context, (long)o->session_cache_timeout_s);
    } else { /* neither here nor in tickets at the clients */
        SSL_CTX_set_session_cache_mode(l->context, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(l->context, 0);
        options |= SSL_OP_NO_TICKET;
    }
    SSL_CTX_set_options(l->context, options);
}

/* Which certificate is shown, and until when: what people look for in the log. */
static void tell(const struct loading *l)
{
    const X509 *cert = SSL_CTX_get0_certificate(l->context);
    char name[256], end[64];
    BIO *text = BIO_new(BIO_s_mem());
    int n;

    assert(text);
    X509_NAME_oneline(X509_get_subject_name(cert), name, sizeof name);
    ASN1_TIME_print(text, X509_get0_notAfter(cert));
    n = BIO_read(text, end, sizeof end - 1);
    end[n > 0 ? n : 0] = '\0';
    BIO_free(text);
    if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
        trace_log(l->trace, TRACE_WARNING, "TLS: the certificate of %s has expired, on %s", name,
                  end);
    else
        trace_log(l->trace, TRACE_NOTICE, "TLS: the certificate of %s is valid until %s", name,
                  end);
}

bool os_tls_load(struct net *net, const struct net_tls_options *options, struct net_tls **out,
                 char why[NET_TLS_WHY_MAX])
{
    const struct os_net *n = (const struct os_net *)net;
    struct loading l = { options, NULL, n->trace, why };
    uint64_t off;

    assert(!os_loop_inside(n->loop));
    *out = NULL;
    ERR_clear_error();
    l.context = SSL_CTX_new(TLS_server_method());
    if (!l.context)
        return fail_at(&l, "TLS", "OpenSSL");
    if (!read_protocols(&l, &off) || !load_certificate(&l) || !load_cas(&l) || !load_ciphers(&l)) {
        SSL_CTX_free(l.context);
        return false;
    }
    set_rules(&l, off);
    tell(&l);
    *out = mem_alloc(sizeof **out);
    (*out)->context = l.context;
    return true;
}

void os_tls_drop(struct net *net, struct net_tls *tls)
{
    (void)net;
    SSL_CTX_free(tls->context); /* connections have references of their own */
    mem_free(tls);
}

void os_tls_use(struct net *net, struct net_tls *tls)
{
    struct os_tls *t = ((struct os_net *)net)->tls;

    net_tls_free(net, t->used);
    t->used = tls;
}
