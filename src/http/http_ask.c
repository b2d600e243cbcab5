/* http_ask.c: from headers to what is asked, or what stands against it.  It is looked at
 * before a body is read, so that a large one is not sent for nothing. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "http/http_state.h"
#include "session/acl.h"

void http_refuse(struct http_request *r, unsigned status, const char *code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    r->error.status = status;
    r->error.code = code;
    vsnprintf(r->error.text, sizeof r->error.text, format, args);
    va_end(args);
}

/* The value of a header.  False: it is not there. */
static bool header(struct http_request *r, const char *name, struct slice *out)
{
    const char *value = NULL;
    size_t n = 0;

    if (MHD_lookup_connection_value_n(r->mhd, MHD_HEADER_KIND, name, strlen(name), &value, &n) ==
            MHD_NO ||
        !value)
        return false;
    *out = slice_of(value, n);
    return true;
}

/* The values of a header that is a list, which may be in several lines; they are put
 * together in `all`, the caller's, if so. */
struct gathered {
    const char *name;
    struct buf *all;
};

static enum MHD_Result gather(void *cls, enum MHD_ValueKind kind, const char *name,
                              const char *value)
{
    const struct gathered *g = cls;

    (void)kind;
    if (!slice_is(slice_str(name), g->name) || !value)
        return MHD_YES;
    if (g->all->len)
        buf_append_byte(g->all, ',');
    buf_append(g->all, slice_str(value));
    return MHD_YES;
}

static bool header_list(struct http_request *r, const char *name, struct buf *all,
                        struct slice *out)
{
    struct gathered g = { name, all };

    if (!header(r, name, out))
        return false;
    MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, gather, &g);
    *out = buf_slice(all);
    return true;
}

/* Headers of which two would mean two things. */
static const char *const singles[] = { "authorization",     "content-encoding",
                                       "content-length",    "content-range",
                                       "transfer-encoding", "x-consistency-level",
                                       "x-database",        "x-ttl" };

struct seen {
    unsigned once; /* bits by index of `singles` */
    const char *twice;
};

static enum MHD_Result note_single(void *cls, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct seen *seen = cls;
    struct slice text = slice_str(name);

    (void)kind;
    (void)value;
    for (unsigned i = 0; i < sizeof singles / sizeof *singles; i++) {
        if (!slice_is(text, singles[i]))
            continue;
        if (seen->once >> i & 1)
            seen->twice = singles[i];
        seen->once |= 1u << i;
    }
    return MHD_YES;
}

/* What a request is and where its body ends must be beyond doubt: who stands in front of
 * us may have read it otherwise (RFC 9112, 6.3 and 11.2). */
static bool ask_framing(struct http_request *r, const char *version)
{
    struct seen seen = { .once = 0 };
    struct slice coding, length;
    bool coded = header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING, &coding);

    MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, note_single, &seen);
    if (version != r->target_end + 1) /* libmicrohttpd's texts end at the first one */
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST", "a target has no NUL byte: write %%00");
    else if (seen.twice)
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST", "there is more than one header %s",
                    seen.twice);
    else if (coded && !slice_is(coding, "chunked"))
        http_refuse(r, MHD_HTTP_NOT_IMPLEMENTED, "NOT_IMPLEMENTED",
                    "the only Transfer-Encoding is chunked");
    else if (coded && header(r, MHD_HTTP_HEADER_CONTENT_LENGTH, &length))
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST",
                    "Transfer-Encoding and Content-Length exclude each other");
    else
        return true;
    r->endless = true;
    return false;
}

static enum http_method method_of(const char *name)
{
    static const char *const names[] = { "GET", "HEAD", "PUT", "DELETE" };

    for (int i = 0; i < HTTP_OTHER; i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum http_method)i;
    }
    return HTTP_OTHER;
}

/* As RESP's AUTH; without a password all are welcome. */
static bool ask_who(struct http_request *r)
{
    struct session *s = &r->client->session;
    struct buf user = { 0 }, password = { 0 };
    struct slice value;
    bool right = true;

    session_reset(s);
    if (header(r, MHD_HTTP_HEADER_AUTHORIZATION, &value))
        right = http_authorization(value, &user, &password) &&
                acl_let_in(s, slice_str("http"), buf_slice(&user), buf_slice(&password));
    buf_deinit(&user);
    buf_deinit(&password);
    if (right && s->authenticated)
        return true;
    http_refuse(r, MHD_HTTP_UNAUTHORIZED, right ? "NOAUTH" : "WRONGPASS", "%s",
                right ? "a password is needed: Basic or Bearer"
                      : "the user or the password is wrong");
    return false;
}

static bool ask_method(struct http_request *r, const char *name)
{
    r->method = method_of(name);
    if (r->method == HTTP_GET || r->method == HTTP_HEAD ||
        (r->method != HTTP_OTHER && r->target.place == HTTP_KEY))
        return true;
    http_refuse(r, MHD_HTTP_METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED",
                r->target.place == HTTP_KEY ? "a key takes GET, HEAD, PUT and DELETE"
                                            : "only GET and HEAD are taken here");
    return false;
}

static bool ask_database(struct http_request *r)
{
    int64_t db = r->target.db, named = -1;
    int64_t count = r->http->instance->options->databases;
    struct slice value;

    if (header(r, "X-Database", &value) && (!num_get_i64(value, &named) || named < 0)) {
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST",
                    "X-Database must be the number of a database");
        return false;
    }
    if (db >= 0 && named >= 0 && db != named) {
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST", "X-Database and db differ");
        return false;
    }
    db = db >= 0 ? db : named >= 0 ? named : 0;
    if (db >= count) {
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST", "databases are 0 to %lld",
                    (long long)count - 1);
        return false;
    }
    r->client->session.db = (uint8_t)db;
    return true;
}

static bool ask_consistency(struct http_request *r)
{
    struct slice value;

    if (!header(r, "X-Consistency-Level", &value))
        return true;
    r->level_said = http_consistency(value, &r->level);
    if (!r->level_said)
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST",
                    "X-Consistency-Level must be one, quorum, all or a number");
    return r->level_said;
}

static bool ask_condition(struct http_request *r)
{
    struct buf match = { 0 }, none = { 0 };
    struct slice value;
    bool good = true;

    if (header_list(r, MHD_HTTP_HEADER_IF_MATCH, &match, &value))
        good = http_versions(value, false, &r->condition.match);
    if (good && header_list(r, MHD_HTTP_HEADER_IF_NONE_MATCH, &none, &value))
        good = http_versions(value, true, &r->condition.none_match);
    buf_deinit(&match);
    buf_deinit(&none);
    if (!good)
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST",
                    "If-Match and If-None-Match must be * or at most %d tags in quotes",
                    OUTCOME_VERSIONS);
    else if (r->condition.match.given || r->condition.none_match.given)
        r->outcome.condition = &r->condition;
    return good;
}

static bool ask_form(struct http_request *r)
{
    struct slice value = { 0 };
    struct buf all = { 0 };

    if (!header_list(r, MHD_HTTP_HEADER_ACCEPT, &all, &value))
        value = slice_of(NULL, 0);
    r->form = http_accept(value);
    buf_deinit(&all);
    if (r->form != HTTP_FORM_NONE)
        return true;
    http_refuse(r, MHD_HTTP_NOT_ACCEPTABLE, "NOT_ACCEPTABLE",
                "values are application/json or application/octet-stream");
    return false;
}

static bool ask_put(struct http_request *r)
{
    int64_t max = r->http->instance->options->proto_max_bulk_len;
    struct slice value;

    if (header(r, "X-TTL", &value) && !http_ttl(value, &r->ttl_ms)) {
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST",
                    "X-TTL must be a whole number of seconds, 1 or more");
        return false;
    }
    if (header(r, MHD_HTTP_HEADER_CONTENT_RANGE, &value)) {
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST", "a value is put as a whole");
        return false;
    }
    if (header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, &value) && !slice_is(value, "identity")) {
        http_refuse(r, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE",
                    "values are kept as they are: send them without Content-Encoding");
        return false;
    }
    if (r->body_length <= (uint64_t)max)
        return true;
    http_refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "TOO_LARGE",
                "a value has at most %lld bytes (proto-max-bulk-len)", (long long)max);
    return false;
}

/* All that can be said against it before its body is there. */
static bool ask_key(struct http_request *r)
{
    if (!ask_database(r) || !ask_consistency(r) || !ask_condition(r) || !ask_form(r))
        return false;
    if (r->method == HTTP_PUT && !ask_put(r))
        return false;
    return r->method != HTTP_PUT || http_call_admits(r);
}

static bool ask_all(struct http_request *r, const char *method)
{
    const struct options *o = r->http->instance->options;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    if (r->error.status)
        return false;
    if (info && info->header_size > (size_t)o->http_header_size) {
        http_refuse(r, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, "HEADERS_TOO_LARGE",
                    "a request line and headers have at most %lld bytes (http-header-size)",
                    (long long)o->http_header_size);
        return false;
    }
    if (r->target.place == HTTP_NOWHERE) {
        http_refuse(r, MHD_HTTP_NOT_FOUND, "NOT_FOUND",
                    "there are /api/v1/keys/{key}, /healthz, /readyz and /metrics");
        return false;
    }
    if (!ask_method(r, method))
        return false;
    if (r->target.place == HTTP_HEALTH || r->target.place == HTTP_READY)
        return true;
    return ask_who(r) && (r->target.place == HTTP_KEY ? ask_key(r) : http_metrics_admitted(r));
}

void http_ask(struct http_request *r, const char *method, const char *version)
{
    struct slice value;
    int64_t n;

    if (header(r, MHD_HTTP_HEADER_CONTENT_LENGTH, &value) && num_get_i64(value, &n) && n > 0)
        r->body_length = (uint64_t)n;
    r->body_max = LIMIT_HTTP_DISCARD;
    if (!ask_framing(r, version) || !ask_all(r, method))
        return;
    r->body_wanted = r->method == HTTP_PUT;
    if (r->body_wanted)
        r->body_max = (uint64_t)r->http->instance->options->proto_max_bulk_len;
    else if (r->body_length > LIMIT_HTTP_DISCARD)
        http_refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "TOO_LARGE", "only PUT takes a body");
}
