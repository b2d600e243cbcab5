/* os_tls_handshake_test.c: who gets through a handshake, and what becomes of the others. */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "unit/os/os_tls_fixture.h"

static struct tls_wire t;

static void setup(void)
{
    tls_wire_init(&t);
}

static void teardown(void)
{
    tls_wire_deinit(&t);
}

TestSuite(os_tls_handshake, .init = setup, .fini = teardown);

/* Whether a client that shows this certificate (NULL: none) is let in, in both versions. */
static bool lets_in(const struct tls_identity *shown)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    bool in[2];

    for (int i = 0; i < 2; i++) {
        struct tls_client c;

        tls_client_init(&t, &c, versions[i]);
        if (shown)
            tls_client_show(&c, shown);
        in[i] = tls_client_shake(&t, &c);
        tls_client_deinit(&c);
    }
    cr_assert_eq(in[0], in[1]);
    return in[0];
}

Test(os_tls_handshake, clients_must_may_or_need_not_show_a_certificate)
{
    struct tls_identity other, stranger;

    tls_identity_init(&other, "elsewhere", NULL);
    tls_identity_init(&stranger, "stranger", &other);
    tls_wire_listen(&t);
    cr_expect(lets_in(NULL));
    cr_expect(lets_in(&stranger), "nobody asks it");
    t.options.auth_clients = NET_TLS_AUTH_YES;
    cr_assert(tls_wire_load(&t));
    cr_expect(lets_in(&t.client));
    cr_expect_not(lets_in(NULL));
    cr_expect_not(lets_in(&stranger));
    cr_expect_not(lets_in(&other));
    cr_expect_eq(t.w.net->tls_stats.handshakes_failed, 6);
    cr_expect(strstr(t.w.f.log, "failed: peer did not return a certificate"), "%s", t.w.f.log);
    t.options.auth_clients = NET_TLS_AUTH_OPTIONAL;
    cr_assert(tls_wire_load(&t));
    cr_expect(lets_in(&t.client));
    cr_expect(lets_in(NULL));
    cr_expect_not(lets_in(&stranger));
    tls_identity_deinit(&other);
    tls_identity_deinit(&stranger);
}

Test(os_tls_handshake, cas_in_a_folder_count_by_their_hash_names)
{
    char dir[FIXTURE_PATH], path[2 * FIXTURE_PATH], name[16];

    snprintf(dir, sizeof dir, "%s", t.w.f.dir);
    tls_hash_name(&t.ca, name);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    tls_write_cert(&t.ca, path);
    t.options.ca_cert_file = "";
    t.options.ca_cert_dir = dir;
    t.options.auth_clients = NET_TLS_AUTH_YES;
    tls_wire_listen(&t);
    unlink(path); /* it was read: nothing is opened for a client */
    cr_expect(lets_in(&t.client));
    cr_expect_not(lets_in(NULL));
}

static bool version_gets_in(int version)
{
    struct tls_client c;
    bool in;

    tls_client_init(&t, &c, version);
    SSL_set_security_level(c.ssl, 0);
    in = tls_client_shake(&t, &c);
    tls_client_deinit(&c);
    return in;
}

Test(os_tls_handshake, versions_are_as_configured)
{
    tls_wire_listen(&t);
    cr_expect(version_gets_in(TLS1_2_VERSION));
    cr_expect(version_gets_in(TLS1_3_VERSION));
    cr_expect_not(version_gets_in(TLS1_1_VERSION));
    t.options.protocols = "tlsv1.3";
    cr_assert(tls_wire_load(&t));
    cr_expect_not(version_gets_in(TLS1_2_VERSION));
    cr_expect(version_gets_in(TLS1_3_VERSION));
    t.options.protocols = " TLSv1.2 ";
    t.options.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
    t.options.prefer_server_ciphers = true;
    cr_assert(tls_wire_load(&t));
    cr_expect(version_gets_in(TLS1_2_VERSION));
    cr_expect_not(version_gets_in(TLS1_3_VERSION));
}

/* --- what is no handshake */

static void expect_ended(int fd)
{
    char bytes[512];
    ssize_t n;

    do
        n = recv(fd, bytes, sizeof bytes, 0);
    while (n > 0);
    cr_expect_leq(n, 0);
    close(fd);
}

Test(os_tls_handshake, garbage_and_plain_commands_end_at_once)
{
    static const char *const texts[] = { "PING\r\n", "GET / HTTP/1.0\r\n\r\n",
                                         "\x16\x03\x01\x02\x00\x01 nothing of a hello",
                                         "\x80\x2e\x01\x00\x02", "\x15\x03\x01\x00\x02\x02\x28" };
    unsigned count = sizeof texts / sizeof texts[0];

    tls_wire_listen(&t);
    for (unsigned i = 0; i < count; i++) {
        int fd = wire_connect(&t.w, AF_INET);

        cr_assert_gt(send(fd, texts[i], strlen(texts[i]) + 1, 0), 0);
        shutdown(fd, SHUT_WR);
        tls_wire_wait(&t, &t.w.net->tls_stats.handshakes_failed, i + 1);
        expect_ended(fd);
    }
    cr_expect_eq(t.w.accepted, 0);
    cr_expect_eq(t.w.net->tls_stats.bytes, 0);
    cr_expect(strstr(t.w.f.log, "failed: wrong version number"), "%s", t.w.f.log);
    cr_expect(strstr(t.w.f.log, "failed: http request"), "%s", t.w.f.log);
}

Test(os_tls_handshake, slow_ones_end)
{
    int silent, slow;

    tls_wire_listen(&t);
    cr_assert_eq(((struct os_net *)t.w.net)->tls->allowed_s, LIMIT_TLS_HANDSHAKE_S);
    ((struct os_net *)t.w.net)->tls->allowed_s = 0.2;
    silent = wire_connect(&t.w, AF_INET);
    slow = wire_connect(&t.w, AF_INET);
    cr_assert_eq(send(slow, "\x16\x03\x01", 3, 0), 3);
    tls_wire_wait(&t, &t.w.net->tls_stats.handshakes_failed, 2);
    expect_ended(silent);
    expect_ended(slow);
    cr_expect(strstr(t.w.f.log, "failed: it took too long"), "%s", t.w.f.log);
    cr_expect_eq(t.w.net->tls_stats.handshakes_underway, 0);
}

Test(os_tls_handshake, silent_ones_make_room_for_who_speaks)
{
    int silent[LIMIT_TLS_HANDSHAKES];
    struct tls_client c;

    tls_wire_listen(&t);
    ((struct os_net *)t.w.net)->tls->patience_s = 0.2;
    for (int i = 0; i < LIMIT_TLS_HANDSHAKES; i++)
        silent[i] = wire_connect(&t.w, AF_INET);
    tls_wire_wait(&t, &t.w.net->tls_stats.handshakes_underway, LIMIT_TLS_HANDSHAKES);
    tls_client_init(&t, &c, 0);
    cr_assert(tls_client_shake(&t, &c));
    cr_expect_eq(t.w.net->tls_stats.handshakes_failed, 1);
    cr_expect_eq(t.w.net->tls_stats.handshakes_underway, LIMIT_TLS_HANDSHAKES - 1);
    expect_ended(silent[0]);
    for (int i = 1; i < LIMIT_TLS_HANDSHAKES; i++)
        close(silent[i]);
    tls_wire_wait(&t, &t.w.net->tls_stats.handshakes_underway, 0);
    tls_client_deinit(&c);
}

Test(os_tls_handshake, byte_by_byte_is_well)
{
    struct tls_client c;
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    char bytes[4096];
    int n;

    tls_wire_listen(&t);
    tls_client_init(&t, &c, TLS1_2_VERSION);
    SSL_set_bio(c.ssl, in, out);
    while (SSL_do_handshake(c.ssl) != 1 || BIO_ctrl_pending(out)) {
        while (BIO_read(out, bytes, 1) == 1) {
            cr_assert_eq(send(c.fd, bytes, 1, 0), 1);
            wire_pass(&t.w);
        }
        wire_pass(&t.w);
        n = (int)recv(c.fd, bytes, sizeof bytes, 0);
        if (n > 0)
            BIO_write(in, bytes, n);
    }
    cr_expect_eq(t.w.accepted, 1);
    tls_client_deinit(&c);
}

Test(os_tls_handshake, a_listener_that_closes_ends_its_handshakes)
{
    int fd;

    tls_wire_listen(&t);
    fd = wire_connect(&t.w, AF_INET);
    tls_wire_wait(&t, &t.w.net->tls_stats.handshakes_underway, 1);
    net_unlisten(t.w.listener);
    t.w.listener = NULL;
    expect_ended(fd);
    cr_expect_eq(t.w.net->tls_stats.handshakes_underway, 0);
    cr_expect_eq(t.w.net->tls_stats.bytes, 0);
}

/* --- what cannot be loaded */

static void refuses(const char *expected)
{
    cr_expect_not(tls_wire_load(&t));
    cr_expect(strstr(t.why, expected), "'%s' is not '%s'", t.why, expected);
}

Test(os_tls_handshake, bad_certificates_and_keys_are_refused_and_it_says_why)
{
    char other[FIXTURE_PATH];

    snprintf(other, sizeof other, "%s", fixture_path(&t.w.f, "other"));
    t.options.cert_file = "";
    refuses("tls-cert-file is not set");
    t.options.cert_file = "/nonexistent";
    refuses("tls-cert-file '/nonexistent': No such file or directory");
    t.options.cert_file = t.w.f.dir;
    refuses("it is no file");
    t.options.cert_file = t.key;
    refuses("no start line");
    t.options.cert_file = t.cert;
    t.options.key_file = "";
    refuses("tls-key-file is not set");
    t.options.key_file = t.cert;
    refuses("tls-key-file '");
    tls_write_key(&t.client, other, NULL);
    t.options.key_file = other;
    refuses("tls-key-file '");
    tls_write_key(&t.server, other, "secret");
    refuses("tls-key-file '");
    t.options.key_file_pass = "wrong";
    refuses("tls-key-file '");
    t.options.key_file_pass = "secret";
    cr_expect(tls_wire_load(&t), "%s", t.why);
    cr_assert_eq(truncate(other, LIMIT_TLS_FILE + 1), 0);
    refuses("larger than");
}

Test(os_tls_handshake, bad_options_are_refused_and_it_says_why)
{
    t.options.protocols = "TLSv1.4";
    refuses("tls-protocols: 'TLSv1.4' is none");
    t.options.protocols = " ";
    refuses("tls-protocols: a protocol is needed");
    t.options.protocols = "";
    t.options.ciphers = "none-such";
    refuses("tls-ciphers 'none-such': no cipher match");
    t.options.ciphers = "";
    t.options.ciphersuites = "none-such";
    refuses("tls-ciphersuites 'none-such'");
    t.options.ciphersuites = "";
    t.options.dh_params_file = t.cert;
    refuses("tls-dh-params-file");
    t.options.dh_params_file = "";
    t.options.ca_cert_file = t.key;
    refuses("tls-ca-cert-file '");
    t.options.ca_cert_file = "";
    cr_expect(tls_wire_load(&t), "nobody is asked for a certificate");
    t.options.auth_clients = NET_TLS_AUTH_OPTIONAL;
    refuses("tls-ca-cert-file or tls-ca-cert-dir must say");
    t.options.ca_cert_dir = "/nonexistent";
    refuses("tls-ca-cert-dir '/nonexistent': No such file or directory");
    t.options.ca_cert_dir = t.w.f.dir;
    refuses("it has no files named by hash");
}

Test(os_tls_handshake, a_folder_of_too_many_cas_is_refused)
{
    char dir[FIXTURE_PATH], path[2 * FIXTURE_PATH];

    snprintf(dir, sizeof dir, "%s", t.w.f.dir);
    for (int i = 0; i <= LIMIT_TLS_CAS; i++) {
        snprintf(path, sizeof path, "%s/%08x.0", dir, (unsigned)i);
        cr_assert_eq(symlink(t.ca_cert, path), 0);
    }
    t.options.ca_cert_dir = dir;
    refuses("more than 1024 certificates");
}
