/* tls_change.c: new certificates for a server that runs. */
#include "session/tls_change.h"

#include <assert.h>
#include <string.h>

#include "base/list.h"

void tls_change_options(const struct options *o, struct net_tls_options *out)
{
    *out = (struct net_tls_options){
        .cert_file = o->tls_cert_file,
        .key_file = o->tls_key_file,
        .key_file_pass = o->tls_key_file_pass,
        .ca_cert_file = o->tls_ca_cert_file,
        .ca_cert_dir = o->tls_ca_cert_dir,
        .protocols = o->tls_protocols,
        .ciphers = o->tls_ciphers,
        .ciphersuites = o->tls_ciphersuites,
        .dh_params_file = o->tls_dh_params_file,
        .auth_clients = (enum net_tls_auth)o->tls_auth_clients,
        .prefer_server_ciphers = o->tls_prefer_server_ciphers != 0,
        .session_caching = o->tls_session_caching != 0,
        .session_cache_size = o->tls_session_cache_size,
        .session_cache_timeout_s = o->tls_session_cache_timeout,
    };
}

static void run(struct job *job)
{
    struct tls_change *t = list_item(job, struct tls_change, job);
    struct net_tls_options options;

    tls_change_options(&t->options, &options);
    net_tls_load(t->env->net, &options, &t->made, t->why);
}

static void end(struct tls_change *t)
{
    options_deinit(&t->options);
    net_tls_free(t->env->net, t->made);
    t->made = NULL;
    t->state = TLS_CHANGE_IDLE;
}

static void use(struct tls_change *t)
{
    net_tls_use(t->env->net, t->made);
    t->made = NULL;
}

static void done(struct job *job)
{
    struct tls_change *t = list_item(job, struct tls_change, job);

    t->state = TLS_CHANGE_LOADED;
    if (t->reload && t->made) {
        use(t);
        trace_log(t->env->trace, TRACE_NOTICE,
                  "TLS: read the certificates again; they hold for new connections");
    } else if (!t->made) {
        trace_log(t->env->trace, TRACE_WARNING,
                  "TLS: nothing changes, the old certificate stays: %s", t->why);
    }
    if (t->reload)
        end(t);
    t->on_end(t->owner);
}

void tls_change_init(struct tls_change *t, struct env *env, void (*on_end)(void *owner),
                     void *owner)
{
    *t = (struct tls_change){ .job = { .run = run, .done = done, .priority = JOB_SOON },
                              .env = env,
                              .on_end = on_end,
                              .owner = owner };
}

void tls_change_deinit(struct tls_change *t)
{
    if (t->state != TLS_CHANGE_IDLE)
        end(t);
}

static uint64_t begin(struct tls_change *t, const struct options *options, bool reload)
{
    assert(t->state == TLS_CHANGE_IDLE);
    options_copy(&t->options, options);
    t->state = TLS_CHANGE_LOADING;
    t->reload = reload;
    pool_submit(t->env->pool, &t->job);
    return ++t->number;
}

uint64_t tls_change_begin(struct tls_change *t, const struct options *options)
{
    return t->state == TLS_CHANGE_IDLE ? begin(t, options, false) : 0;
}

bool tls_change_waits(const struct tls_change *t, uint64_t number)
{
    return t->state == TLS_CHANGE_LOADING && t->number == number;
}

bool tls_change_lost(const struct tls_change *t, uint64_t number)
{
    return t->state == TLS_CHANGE_IDLE || t->number != number;
}

bool tls_change_take(struct tls_change *t, uint64_t number, const char **why)
{
    bool ok = t->made != NULL;

    assert(t->state == TLS_CHANGE_LOADED && t->number == number);
    *why = t->why;
    if (ok)
        use(t);
    end(t);
    return ok;
}

void tls_change_reload(struct tls_change *t, const struct options *options)
{
    if (t->state == TLS_CHANGE_IDLE)
        begin(t, options, true);
    else
        t->again = true;
}

void tls_change_settle(struct tls_change *t, const struct options *options)
{
    if (t->state == TLS_CHANGE_LOADED) {
        end(t);
        t->on_end(t->owner); /* others may be waiting for this */
    }
    if (t->state == TLS_CHANGE_IDLE && t->again) {
        t->again = false;
        begin(t, options, true);
    }
}
