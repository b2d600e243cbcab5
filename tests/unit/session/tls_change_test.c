/* tls_change_test.c: new certificates: who waits, who takes them, who is too late. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "session/tls_change.h"

struct net_tls {
    char cert_file[64];
};

/* A net that takes any certificate but "bad", a pool that works when it is told. */
struct world {
    struct env env;
    struct net net;
    struct pool pool;
    struct trace trace;
    struct job *job;
    struct net_tls *used;
    struct options options;
    struct tls_change change;
    char log[1024];
    unsigned told;
};

static struct world w;

static bool load(struct net *net, const struct net_tls_options *o, struct net_tls **out,
                 char why[NET_TLS_WHY_MAX])
{
    (void)net;
    *out = NULL;
    if (strcmp(o->cert_file, "bad") == 0) {
        snprintf(why, NET_TLS_WHY_MAX, "it is bad");
        return false;
    }
    *out = mem_zalloc(1, sizeof **out);
    snprintf((*out)->cert_file, sizeof(*out)->cert_file, "%s", o->cert_file);
    return true;
}

static void use(struct net *net, struct net_tls *tls)
{
    (void)net;
    mem_free(w.used);
    w.used = tls;
}

static void drop(struct net *net, struct net_tls *tls)
{
    (void)net;
    mem_free(tls);
}

static void submit(struct pool *pool, struct job *job)
{
    (void)pool;
    cr_assert_null(w.job, "one at a time");
    w.job = job;
}

static void line(struct trace *trace, enum trace_level level, const char *text)
{
    (void)trace;
    (void)level;
    snprintf(w.log, sizeof w.log, "%s", text);
}

static void on_end(void *owner)
{
    cr_assert_eq(owner, &w);
    w.told++;
}

static void set(const char *cert_file)
{
    mem_free(w.options.tls_cert_file);
    w.options.tls_cert_file = mem_strdup(cert_file);
}

static void work(void)
{
    struct job *job = w.job;

    cr_assert_not_null(job);
    job->run(job);
    w.job = NULL;
    job->done(job);
}

static void setup(void)
{
    w = (struct world){ .net = { .tls_load = load, .tls_use = use, .tls_free = drop },
                        .pool = { .submit = submit },
                        .trace = { .line = line } };
    w.env = (struct env){ .net = &w.net, .pool = &w.pool, .trace = &w.trace };
    options_init(&w.options);
    tls_change_init(&w.change, &w.env, on_end, &w);
}

static void teardown(void)
{
    tls_change_deinit(&w.change);
    options_deinit(&w.options);
    mem_free(w.used);
}

TestSuite(tls_change, .init = setup, .fini = teardown);

Test(tls_change, who_began_it_takes_it_when_it_is_loaded)
{
    const char *why;
    uint64_t number;

    set("first");
    number = tls_change_begin(&w.change, &w.options);
    set("second"); /* options may change meanwhile */
    cr_assert(number && tls_change_waits(&w.change, number));
    cr_assert_eq(tls_change_begin(&w.change, &w.options), 0, "another has to wait");
    work();
    cr_assert_eq(w.told, 1);
    cr_assert_not(tls_change_waits(&w.change, number));
    cr_assert_null(w.used, "nothing changes before it is taken");
    cr_assert(tls_change_take(&w.change, number, &why));
    cr_assert_str_eq(w.used->cert_file, "first");
    cr_assert_gt(tls_change_begin(&w.change, &w.options), number);
}

Test(tls_change, a_bad_one_changes_nothing_and_says_why)
{
    const char *why;
    uint64_t number;

    set("good");
    tls_change_reload(&w.change, &w.options);
    work();
    set("bad");
    number = tls_change_begin(&w.change, &w.options);
    work();
    cr_assert_not(tls_change_take(&w.change, number, &why));
    cr_assert_str_eq(why, "it is bad");
    cr_assert(strstr(w.log, "the old certificate stays: it is bad"), "%s", w.log);
    cr_assert_str_eq(w.used->cert_file, "good");
    tls_change_reload(&w.change, &w.options);
    w.log[0] = '\0';
    work();
    cr_assert(strstr(w.log, "the old certificate stays: it is bad"), "%s", w.log);
    cr_assert_str_eq(w.used->cert_file, "good");
}

Test(tls_change, what_nobody_takes_is_dropped_and_others_go_on)
{
    set("left");
    tls_change_begin(&w.change, &w.options);
    tls_change_settle(&w.change, &w.options);
    cr_assert_eq(w.told, 0, "it is under way");
    work();
    cr_assert_eq(tls_change_begin(&w.change, &w.options), 0);
    tls_change_settle(&w.change, &w.options);
    cr_assert_eq(w.told, 2);
    cr_assert_null(w.used);
    cr_assert_gt(tls_change_begin(&w.change, &w.options), 1);
}

/* Its client may have been paused, and comes too late. */
Test(tls_change, what_was_dropped_is_lost_to_who_began_it)
{
    uint64_t number;

    set("first");
    number = tls_change_begin(&w.change, &w.options);
    cr_assert_not(tls_change_lost(&w.change, number));
    work();
    cr_assert_not(tls_change_lost(&w.change, number));
    tls_change_settle(&w.change, &w.options);
    cr_assert(tls_change_lost(&w.change, number));
    tls_change_reload(&w.change, &w.options);
    cr_assert(tls_change_lost(&w.change, number));
    cr_assert_not(tls_change_waits(&w.change, number));
    work();
    cr_assert(tls_change_lost(&w.change, number));
}

Test(tls_change, a_reload_waits_for_what_is_under_way_and_has_the_options_of_then)
{
    const char *why;
    uint64_t number;

    set("first");
    number = tls_change_begin(&w.change, &w.options);
    tls_change_reload(&w.change, &w.options);
    tls_change_reload(&w.change, &w.options);
    work();
    cr_assert(tls_change_take(&w.change, number, &why));
    set("second");
    tls_change_settle(&w.change, &w.options);
    work();
    cr_assert_str_eq(w.used->cert_file, "second");
    tls_change_settle(&w.change, &w.options);
    cr_assert_null(w.job, "two wishes for a reload are one");
}

Test(tls_change, it_can_end_at_any_time)
{
    set("loading");
    tls_change_begin(&w.change, &w.options);
    w.job->run(w.job); /* and its end is never told */
}
