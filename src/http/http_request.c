/* http_request.c: the life of a request, as libmicrohttpd tells of it: its target, its
 * headers, its body in pieces, its end; and again after each wait. */
#include <string.h>

#include "base/mem.h"
#include "http/http_state.h"

void *http_on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    struct http *http = cls;
    struct http_request *r = mem_zalloc(1, sizeof *r);
    struct slice raw = slice_str(target);
    const char *wrong;

    r->http = http;
    r->mhd = mhd;
    r->target_end = target + raw.len;
    r->client = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    r->client->request = r;
    list_init(&r->queued_in);
    reply_init(&r->reply, &http->instance->blocks, 2);
    http->request_count++;
    http->instance->stats.http_requests++;
    wrong = http_target_parse(raw, &r->target);
    if (raw.len > (size_t)http->instance->options->http_header_size ||
        r->target.key.len > LIMIT_KEY)
        http_refuse(r, MHD_HTTP_URI_TOO_LONG, "URI_TOO_LONG",
                    "a key has at most %d bytes, and with its target and headers http-header-size",
                    LIMIT_KEY);
    else if (wrong)
        http_refuse(r, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST", "%s", wrong);
    return r;
}

void http_suspend(struct http_request *r)
{
    MHD_suspend_connection(r->mhd);
    r->suspended = true;
    r->paused_us = r->http->instance->turn_mono_us;
}

void http_wake(struct http_request *r)
{
    if (!r->suspended)
        return;
    r->suspended = false;
    r->began_us += r->http->instance->turn_mono_us - r->paused_us;
    MHD_resume_connection(r->mhd);
    r->http->ready = true;
}

/* The body has come, and nothing of it is left to be written. */
static enum MHD_Result run(struct http_request *r)
{
    r->stage = r->error.status || r->target.place != HTTP_KEY ? HTTP_DONE : HTTP_CALL;
    if (r->stage == HTTP_CALL)
        http_call(r);
    if (r->stage == HTTP_DONE)
        return http_answer(r);
    http_suspend(r);
    return MHD_YES;
}

static enum MHD_Result on_body(struct http_request *r, const char *bytes, size_t *size)
{
    if (*size > 0) {
        *size -= http_body_take(r, (const uint8_t *)bytes, *size);
        if (r->dead)
            return MHD_NO;
        if (*size > 0)
            http_suspend(r);
        return MHD_YES;
    }
    if (http_body_end(r))
        return run(r);
    r->stage = HTTP_SETTLING;
    http_suspend(r);
    return MHD_YES;
}

/* A body too long to be read for nothing, or without an end that is beyond doubt, is left
 * unread, and the connection ends. */
static bool answers_unread(const struct http_request *r)
{
    return r->endless || (r->error.status && r->body_length > LIMIT_HTTP_DISCARD);
}

static enum MHD_Result on_headers(struct http_request *r, const char *method, const char *version)
{
    http_ask(r, method, version);
    r->began_us = r->http->instance->turn_mono_us;
    r->stage = HTTP_BODY;
    if (!answers_unread(r))
        return MHD_YES;
    r->stage = HTTP_DONE;
    return http_answer(r);
}

enum MHD_Result http_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *bytes,
                                size_t *size, void **context)
{
    struct http_request *r = *context;

    (void)cls;
    (void)mhd;
    (void)url;
    switch (r->stage) {
    case HTTP_HEADERS:
        return on_headers(r, method, version);
    case HTTP_BODY:
        return on_body(r, bytes, size);
    case HTTP_SETTLING:
        if (http_body_end(r))
            return run(r);
        break;
    case HTTP_DONE:
        return http_answer(r);
    case HTTP_CALL:
    case HTTP_WAITING:
    case HTTP_HELD:
        break;
    case HTTP_ANSWERED:
        return MHD_NO;
    }
    http_suspend(r); /* it was woken too early */
    return MHD_YES;
}

void http_on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode code)
{
    struct http_request *r = *context;

    (void)cls;
    (void)mhd;
    (void)code;
    if (!r)
        return;
    *context = NULL;
    list_remove(&r->queued_in);
    r->client->request = NULL;
    r->client->since_us = r->http->instance->turn_mono_us;
    r->http->request_count--;
    http_call_free(r);
    http_body_free(r);
    http_stream_deinit(&r->stream);
    reply_clear(&r->reply);
    http_target_deinit(&r->target);
    mem_free(r);
}
