/* client_tracking.c: CLIENT TRACKING, CACHING, TRACKINGINFO, GETREDIR: clients that keep what
 * they read. */
#include "admin/client_subs.h"

#include "base/limits.h"
#include "base/num.h"
#include "session/session.h"

enum { MEMORY_SHARE = 16 }; /* of maxmemory, prefixes may take one */

/* What CLIENT TRACKING ON asks for. */
struct wish {
    uint64_t redirect;
    bool bcast;
    bool opt_in;
    bool opt_out;
    bool no_loop;
    uint32_t prefixes; /* how many; their arguments are behind PREFIX */
};

static bool refuse(struct call *c, const char *text)
{
    call_error(c, text);
    return false;
}

static bool parse_redirect(struct call *c, uint32_t arg, struct wish *w)
{
    int64_t id;

    if (w->redirect)
        return refuse(c, "A client can only redirect to a single other client");
    if (!call_get_i64(c, arg, &id))
        return false;
    if (id <= 0 || !session_find(c->session->instance, (uint64_t)id))
        return refuse(c, "The client ID you want redirect to does not exist");
    w->redirect = (uint64_t)id;
    return true;
}

static bool parse_wish(struct call *c, struct wish *w)
{
    for (uint32_t i = 3; i < c->argc; i++) {
        bool more = i + 1 < c->argc;

        if (call_arg_is(c, i, "redirect") && more) {
            if (!parse_redirect(c, ++i, w))
                return false;
        } else if (call_arg_is(c, i, "prefix") && more) {
            i++;
            w->prefixes++;
        } else if (call_arg_is(c, i, "bcast")) {
            w->bcast = true;
        } else if (call_arg_is(c, i, "optin")) {
            w->opt_in = true;
        } else if (call_arg_is(c, i, "optout")) {
            w->opt_out = true;
        } else if (call_arg_is(c, i, "noloop")) {
            w->no_loop = true;
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

/* The wishes go together, and with how the client tracks already. */
static bool wish_holds(struct call *c, const struct wish *w)
{
    const struct tracker *k = c->session->tracker;

    if (w->prefixes && !w->bcast)
        return refuse(c, "PREFIX option requires BCAST mode to be enabled");
    if (k && k->bcast != w->bcast)
        return refuse(c, "You can't switch BCAST mode on/off before disabling tracking for this "
                         "client, and then re-enabling it with a different mode.");
    if (w->bcast && (w->opt_in || w->opt_out))
        return refuse(c, "OPTIN and OPTOUT are not compatible with BCAST");
    if (w->opt_in && w->opt_out)
        return refuse(c, "You can't specify both OPTIN mode and OPTOUT mode");
    if (k && ((w->opt_in && k->opt_out) || (w->opt_out && k->opt_in)))
        return refuse(c, "You can't switch OPTIN/OPTOUT mode before disabling tracking for this "
                         "client, and then re-enabling it with a different mode.");
    return true;
}

/* One begins with the other. */
static bool overlap(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;

    return n == 0 || memcmp(a.data, b.data, n) == 0;
}

static bool refuse_overlap(struct call *c, struct slice a, struct slice b, const char *which)
{
    reply_errorf(c->reply, "ERR",
                 "Prefix '%.*s' overlaps with %s prefix '%.*s'. Prefixes for a single client must "
                 "not overlap.",
                 (int)(a.len < 128 ? a.len : 128), (const char *)a.data, which,
                 (int)(b.len < 128 ? b.len : 128), (const char *)b.data);
    return false;
}

static bool prefix_fits(struct call *c, uint32_t arg)
{
    const struct tracker *k = c->session->tracker;

    if (k) {
        list_for_each (at, &k->prefixes) {
            const struct prefix *p = list_item(at, struct prefixed, of_tracker)->prefix;
            if (overlap(c->argv[arg], slice_of(p->text, p->len)))
                return refuse_overlap(c, c->argv[arg], slice_of(p->text, p->len), "an existing");
        }
    }
    for (uint32_t i = arg + 1; i + 1 < c->argc; i++) {
        if (!call_arg_is(c, i, "prefix"))
            continue;
        if (overlap(c->argv[arg], c->argv[i + 1]))
            return refuse_overlap(c, c->argv[arg], c->argv[i + 1], "another provided");
        i++;
    }
    return true;
}

/* A longer one than any key would only take memory. */
static bool length_fits(struct call *c, uint32_t arg, size_t *bytes)
{
    *bytes += c->argv[arg].len;
    if (c->argv[arg].len <= LIMIT_KEY)
        return true;
    reply_errorf(c->reply, "ERR", "prefix is longer than %d bytes", LIMIT_KEY);
    return false;
}

/* Walks the arguments behind PREFIX; with `k` they become its prefixes. */
static bool each_prefix(struct call *c, struct tracker *k, size_t *bytes)
{
    for (uint32_t i = 3; i + 1 < c->argc; i++) {
        if (call_arg_is(c, i, "redirect")) {
            i++;
        } else if (call_arg_is(c, i, "prefix")) {
            i++;
            if (k)
                tracking_add_prefix(k, c->argv[i]);
            else if (!length_fits(c, i, bytes) || !prefix_fits(c, i))
                return false;
        }
    }
    return true;
}

static bool prefixes_fit(struct call *c, const struct wish *w)
{
    const struct tracker *k = c->session->tracker;
    const struct instance *in = c->session->instance;
    size_t bytes = 0;

    if (w->prefixes + (k ? k->prefix_count : 0) > LIMIT_PREFIXES) {
        reply_errorf(c->reply, "ERR", "a client can have %d prefixes at most", LIMIT_PREFIXES);
        return false;
    }
    if (!each_prefix(c, NULL, &bytes))
        return false;
    if (!w->bcast || in->tracking.prefix_bytes + tracking_prefix_cost(w->prefixes + 1, bytes) <=
                         in->memory_max / MEMORY_SHARE)
        return true;
    reply_error(c->reply, "OOM", "command not allowed when used memory > 'maxmemory'.");
    return false;
}

/* BCAST without a prefix is for every key, beside the prefixes there are. */
static void follow_all(struct tracker *k)
{
    list_for_each (at, &k->prefixes) {
        if (list_item(at, struct prefixed, of_tracker)->prefix->len == 0)
            return;
    }
    tracking_add_prefix(k, slice_str(""));
}

enum call_end client_run_tracking(struct call *c)
{
    struct wish w = { 0 };
    struct tracker *k;

    if (!parse_wish(c, &w))
        return CALL_DONE;
    if (call_arg_is(c, 2, "off")) {
        tracking_off(c->session);
        reply_ok(c->reply);
        return CALL_DONE;
    }
    if (!call_arg_is(c, 2, "on"))
        return call_syntax_error(c);
    if (!wish_holds(c, &w) || !prefixes_fit(c, &w))
        return CALL_DONE;
    k = tracking_on(c->session);
    k->redirect = w.redirect;
    k->bcast = w.bcast;
    k->opt_in = w.opt_in;
    k->opt_out = w.opt_out;
    k->no_loop = w.no_loop;
    k->broken = false;
    each_prefix(c, k, NULL);
    if (k->bcast && w.prefixes == 0)
        follow_all(k);
    reply_ok(c->reply);
    return CALL_DONE;
}

enum call_end client_run_caching(struct call *c)
{
    struct tracker *k = c->session->tracker;
    bool yes = call_arg_is(c, 2, "yes");

    if (!k)
        return call_error(c, "CLIENT CACHING can be called only when the client is in tracking "
                             "mode with OPTIN or OPTOUT mode enabled");
    if (yes && !k->opt_in)
        return call_error(c, "CLIENT CACHING YES is only valid when tracking is enabled in OPTIN "
                             "mode.");
    if (!yes && !call_arg_is(c, 2, "no"))
        return call_syntax_error(c);
    if (!yes && !k->opt_out)
        return call_error(c, "CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT "
                             "mode.");
    k->caching = true;
    reply_ok(c->reply);
    return CALL_DONE;
}

enum call_end client_run_getredir(struct call *c)
{
    const struct tracker *k = c->session->tracker;

    reply_int(c->reply, k ? (int64_t)k->redirect : -1);
    return CALL_DONE;
}

static void reply_flags(struct reply *r, const struct tracker *k)
{
    const char *flags[6];
    size_t n = 0;

    flags[n++] = k ? "on" : "off";
    if (k && k->bcast)
        flags[n++] = "bcast";
    if (k && k->opt_in)
        flags[n++] = "optin";
    if (k && k->opt_in && k->caching)
        flags[n++] = "caching-yes";
    if (k && k->opt_out)
        flags[n++] = "optout";
    if (k && k->opt_out && k->caching)
        flags[n++] = "caching-no";
    if (k && k->no_loop)
        flags[n++] = "noloop";
    if (k && k->broken)
        flags[n++] = "broken_redirect";
    reply_set(r, n);
    for (size_t i = 0; i < n; i++)
        reply_bulk_str(r, flags[i]);
}

enum call_end client_run_trackinginfo(struct call *c)
{
    const struct tracker *k = c->session->tracker;
    struct reply *r = c->reply;

    reply_map(r, 3);
    reply_bulk_str(r, "flags");
    reply_flags(r, k);
    reply_bulk_str(r, "redirect");
    reply_int(r, k ? (int64_t)k->redirect : -1);
    reply_bulk_str(r, "prefixes");
    reply_array(r, k ? k->prefix_count : 0);
    if (k) {
        list_for_each (at, &k->prefixes) {
            const struct prefix *p = list_item(at, struct prefixed, of_tracker)->prefix;
            reply_bulk(r, slice_of(p->text, p->len));
        }
    }
    return CALL_DONE;
}
