/* http_error.c: errors of commands as statuses of HTTP. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/http_json.h"
#include "http/http_state.h"
#include "resp/reply_reader.h"

static const struct {
    const char *code;
    unsigned status;
} statuses[] = {
    { "ERR", MHD_HTTP_BAD_REQUEST },
    { "NOAUTH", MHD_HTTP_UNAUTHORIZED },
    { "WRONGPASS", MHD_HTTP_UNAUTHORIZED },
    { "NOPERM", MHD_HTTP_FORBIDDEN },
    { "WRONGTYPE", MHD_HTTP_CONFLICT },
    { "LOADING", MHD_HTTP_SERVICE_UNAVAILABLE },
    { "UNCERTAIN", MHD_HTTP_SERVICE_UNAVAILABLE },
    { "NOQUORUM", MHD_HTTP_SERVICE_UNAVAILABLE },
    { "BUSY", MHD_HTTP_SERVICE_UNAVAILABLE },
    { "MISCONF", MHD_HTTP_SERVICE_UNAVAILABLE },
    { "OOM", MHD_HTTP_SERVICE_UNAVAILABLE },
};

/* A disk that is full, or as full as it may be. */
static bool lacks_disk(const struct http_request *r, const char *code, const char *text)
{
    if (strcmp(code, "OOM") == 0)
        return strstr(text, "maxdisk");
    return strcmp(code, "MISCONF") == 0 &&
           (lsm_state(node_lsm(r->http->instance->node)) == LSM_NO_SPACE ||
            strstr(text, strerror(ENOSPC)));
}

static void refuse(struct http_request *r, const struct reply_head *h)
{
    const char *code = "INTERNAL";
    unsigned status = MHD_HTTP_INTERNAL_SERVER_ERROR;

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (slice_equal(h->code, slice_str(statuses[i].code))) {
            code = statuses[i].code;
            status = statuses[i].status;
        }
    }
    if (slice_equal(h->code, slice_str("IOERR")))
        code = "IOERR";
    http_refuse(r, status, code, "%.*s", (int)h->text.len, (const char *)h->text.data);
    if (lacks_disk(r, code, r->error.text))
        r->error.status = MHD_HTTP_INSUFFICIENT_STORAGE;
}

void http_refuse_by_reply(struct http_request *r)
{
    struct slice bytes = { 0 };
    struct reply_head head;

    reply_parts(&r->reply, r->reply.bytes, &bytes, 1);
    if (reply_head_read(bytes, &head) && head.kind == REPLY_ERROR)
        refuse(r, &head);
    else
        http_refuse(r, MHD_HTTP_INTERNAL_SERVER_ERROR, "INTERNAL", "the reply cannot be read");
}

void http_print_error(const struct http_request *r, struct buf *out)
{
    json_t *o = json_object();

    http_json_text(o, "error", r->error.code);
    if (r->target.place == HTTP_KEY && r->error.status != MHD_HTTP_URI_TOO_LONG &&
        r->error.status != MHD_HTTP_UNAUTHORIZED && r->error.status != MHD_HTTP_BAD_REQUEST)
        http_json_key(o, buf_slice(&r->target.key));
    if (r->error.text[0])
        http_json_text(o, "message", r->error.text);
    http_json_print(o, out);
}
