/* http_answer.c: from a reply and its outcome to a status, headers and a body. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "http/base64.h"
#include "http/http_json.h"
#include "http/http_state.h"
#include "resp/reply_reader.h"

enum {
    WHOLE_MAX = 64 * 1024, /* answers up to this size are made at once */
    BLOCK = 64 * 1024,     /* of others, so much at a time */
    AHEAD = 2,             /* promised pieces asked for, or one if memory is short */
    TAG_MAX = 48,
};

static void print_tag(const struct call_version *v, char out[TAG_MAX])
{
    snprintf(out, TAG_MAX, "\"%" PRIu64 "-%" PRIu32 "\"", v->stamp, v->origin);
}

/* --- what the call came to */

/* Whole seconds that are left, the last one begun too. */
static uint64_t ttl_s(const struct http_request *r)
{
    uint64_t now_ms = call_now_ms(&r->call), at_ms = r->outcome.expire_ms;

    return at_ms > now_ms ? (at_ms - now_ms + 999) / 1000 : 0;
}

/* {"key":...,"value":" and the value and ","version":...,"ttl":...} */
static void wrap_value(struct http_request *r)
{
    struct http_stream *s = &r->stream;
    json_t *o = json_object();

    http_json_key(o, buf_slice(&r->target.key));
    http_json_print(o, &s->before);
    s->before.len--; /* its brace */
    buf_append(&s->before, slice_str(",\"value\":\""));
    buf_printf(&s->after, "\",\"version\":%" PRIu64 ",\"ttl\":", r->outcome.version.stamp);
    if (r->outcome.expire_ms)
        buf_printf(&s->after, "%" PRIu64 "}", ttl_s(r));
    else
        buf_append(&s->after, slice_str("null}"));
    s->base64 = true;
}

static unsigned answer_value(struct http_request *r, const struct reply_head *h)
{
    if (!r->outcome.found || h->number < 0) {
        http_refuse(r, MHD_HTTP_NOT_FOUND, "KEY_NOT_FOUND", "%s", "");
        return r->error.status;
    }
    reply_take(&r->reply, h->used);
    r->stream.value = &r->reply;
    r->stream.left = (uint64_t)h->number;
    if (r->form == HTTP_FORM_JSON)
        wrap_value(r);
    return MHD_HTTP_OK;
}

static unsigned answer_put(struct http_request *r)
{
    json_t *o = json_object(), *replicas = json_array();
    char node[32];

    snprintf(node, sizeof node, "node-%" PRIu32, r->outcome.version.origin);
    json_array_append_new(replicas, json_string(node));
    http_json_key(o, buf_slice(&r->target.key));
    json_object_set_new(o, "version", json_integer((json_int_t)r->outcome.version.stamp));
    json_object_set_new(o, "replicas", replicas);
    http_json_print(o, &r->stream.before);
    return MHD_HTTP_OK;
}

static unsigned answer_delete(struct http_request *r, const struct reply_head *h)
{
    json_t *o;

    if (h->number == 0) {
        http_refuse(r, MHD_HTTP_NOT_FOUND, "KEY_NOT_FOUND", "%s", "");
        return r->error.status;
    }
    o = json_object();
    http_json_key(o, buf_slice(&r->target.key));
    json_object_set_new(o, "deleted", json_true());
    json_object_set_new(o, "tombstone_version", json_integer((json_int_t)r->outcome.version.stamp));
    http_json_print(o, &r->stream.before);
    return MHD_HTTP_OK;
}

/* RFC 9110, 13.1: a copy that is still good is no failure. */
static unsigned answer_refused(struct http_request *r)
{
    if (r->outcome.matched && (r->method == HTTP_GET || r->method == HTTP_HEAD))
        return MHD_HTTP_NOT_MODIFIED;
    http_refuse(r, MHD_HTTP_PRECONDITION_FAILED, "PRECONDITION_FAILED",
                r->outcome.found ? "the key has another version" : "the key is not there");
    return r->error.status;
}

static unsigned answer_call(struct http_request *r)
{
    struct slice bytes = { 0 };
    struct reply_head head;

    reply_parts(&r->reply, r->reply.bytes, &bytes, 1);
    if (!reply_head_read(bytes, &head) || head.kind == REPLY_ERROR) {
        http_refuse_by_reply(r);
        return r->error.status;
    }
    if (r->outcome.refused)
        return answer_refused(r);
    switch (r->method) {
    case HTTP_GET:
    case HTTP_HEAD:
        return answer_value(r, &head);
    case HTTP_PUT:
        return answer_put(r);
    case HTTP_DELETE:
        return answer_delete(r, &head);
    case HTTP_OTHER:
        break;
    }
    assert(false);
    return 0;
}

/* --- other places */

static const char *unready(const struct instance *in)
{
    if (in->stop != STOP_NO)
        return "stopping";
    switch (lsm_state(node_lsm(in->node))) {
    case LSM_READY:
        return NULL;
    case LSM_LOADING:
        return "loading";
    case LSM_NO_SPACE:
    case LSM_BROKEN:
        return "read-only";
    case LSM_FAILED:
    case LSM_CLOSED:
        break;
    }
    return "closed";
}

static unsigned answer_place(struct http_request *r)
{
    struct instance *in = r->http->instance;
    const char *lacks = unready(in);
    bool health = r->target.place == HTTP_HEALTH;

    if (r->target.place == HTTP_METRICS) {
        http_print_metrics(in, &r->stream.before);
        return MHD_HTTP_OK;
    }
    buf_printf(&r->stream.before, "{\"status\":\"%s\"}", health ? "ok" : lacks ? lacks : "ready");
    return health || !lacks ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

/* --- bytes */

static void on_kept(void *owner, struct promise *p, struct err e)
{
    struct http_request *r = owner;

    (void)p;
    if (err_is(e))
        r->cut_off = e.os ? strerror(e.os) : e.what;
    http_wake(r);
}

/* A length was sent whose bytes cannot follow: there is no way to say so but to end. */
static ssize_t cut_off(struct http_request *r)
{
    trace_log(r->http->instance->env->trace, TRACE_WARNING,
              "client of HTTP is cut off in a large answer: %s", r->cut_off);
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void ask_ahead(struct http_request *r)
{
    const struct instance *in = r->http->instance;
    struct promise *next[AHEAD];
    unsigned n = reply_promises(&r->reply, r->reply.bytes, next, AHEAD);

    for (unsigned i = 0; i < n; i++) {
        if (next[i]->asked)
            continue;
        if (i > 0 && in->blocks.used_bytes > instance_blocks_easy(in))
            break;
        if (i == 0 && !instance_may_promise(in)) {
            if (list_empty(&r->queued_in))
                list_push(&r->http->scarce, &r->queued_in);
            break;
        }
        if (!promise_ask(next[i], on_kept, r))
            r->cut_off = "the store is closed";
    }
}

static ssize_t on_read(void *cls, uint64_t at, char *out, size_t max)
{
    struct http_request *r = cls;
    size_t n = http_stream_read(&r->stream, (uint8_t *)out, max);

    r->moved = at + n;
    ask_ahead(r);
    if (n > 0)
        return (ssize_t)n;
    if (r->cut_off || http_stream_ended(&r->stream))
        return r->cut_off ? cut_off(r) : MHD_CONTENT_READER_END_WITH_ERROR;
    http_suspend(r);
    return 0;
}

static struct MHD_Response *make_response(struct http_request *r)
{
    uint64_t length = http_stream_length(&r->stream);
    struct promise *promise;
    uint8_t *whole;
    size_t n;

    if (r->method == HTTP_HEAD || length > WHOLE_MAX ||
        reply_promises(&r->reply, r->reply.bytes, &promise, 1) > 0) {
        http_count(r, BLOCK);
        return MHD_create_response_from_callback(length, BLOCK, on_read, r, NULL);
    }
    http_count(r, length);
    whole = mem_alloc((size_t)length);
    n = http_stream_read(&r->stream, whole, (size_t)length);
    assert(n == length);
    reply_clear(&r->reply);
    return MHD_create_response_from_buffer_with_free_callback(n, whole, mem_free);
}

/* --- headers */

static void put(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

/* Of a key that was found or written. */
static void put_version(const struct http_request *r, struct MHD_Response *response)
{
    char text[TAG_MAX];

    if (r->target.place != HTTP_KEY || r->error.code || !r->outcome.version.stamp)
        return;
    if (r->method != HTTP_DELETE) {
        print_tag(&r->outcome.version, text);
        put(response, MHD_HTTP_HEADER_ETAG, text);
    }
    snprintf(text, sizeof text, "%" PRIu64, r->outcome.version.stamp);
    put(response, "X-Version", text);
    if (r->outcome.expire_ms) {
        snprintf(text, sizeof text, "%" PRIu64, ttl_s(r));
        put(response, "X-TTL", text);
    }
    if (r->method == HTTP_GET || r->method == HTTP_HEAD) {
        put(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
        put(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
    }
}

static void put_headers(const struct http_request *r, unsigned status,
                        struct MHD_Response *response)
{
    bool raw = r->stream.value && !r->stream.base64;

    if (status != MHD_HTTP_NOT_MODIFIED)
        put(response, MHD_HTTP_HEADER_CONTENT_TYPE,
            raw ? "application/octet-stream"
            : r->target.place == HTTP_METRICS && !r->error.code
                ? "text/plain; version=0.0.4; charset=utf-8"
                : "application/json");
    put_version(r, response);
    if (status == MHD_HTTP_UNAUTHORIZED)
        put(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic realm=\"henge\", charset=\"UTF-8\"");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        put(response, MHD_HTTP_HEADER_ALLOW,
            r->target.place == HTTP_KEY ? "GET, HEAD, PUT, DELETE" : "GET, HEAD");
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        put(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    if (r->http->closed || r->endless)
        put(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

enum MHD_Result http_answer(struct http_request *r)
{
    struct MHD_Response *response;
    enum MHD_Result queued;
    unsigned status = r->error.status;

    if (!status)
        status = r->target.place == HTTP_KEY ? answer_call(r) : answer_place(r);
    if (r->error.code) {
        reply_clear(&r->reply);
        http_print_error(r, &r->stream.before);
    }
    r->stage = HTTP_ANSWERED;
    r->began_us = r->http->instance->turn_mono_us;
    r->moved = 0;
    response = make_response(r);
    if (!response)
        return MHD_NO;
    put_headers(r, status, response);
    queued = MHD_queue_response(r->mhd, status, response);
    MHD_destroy_response(response);
    return queued;
}
