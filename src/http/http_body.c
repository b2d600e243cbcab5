/* http_body.c: a body in memory, or in pieces on its way to the disk once it is larger
 * than a piece.  What nobody wants is read so far that the answer can be. */
#include <string.h>

#include "base/mem.h"
#include "http/http_state.h"

static void on_news(void *owner)
{
    http_wake(owner);
}

static size_t piece_of(const struct http_request *r)
{
    return (size_t)r->http->instance->options->value_chunk_size;
}

void http_count(struct http_request *r, uint64_t bytes)
{
    r->http->instance->http_bytes += bytes - r->counted;
    r->counted = bytes;
}

static void forget(struct http_request *r)
{
    intake_free(r->intake);
    r->intake = NULL;
    buf_deinit(&r->body);
    http_count(r, 0);
}

static bool memory_left(struct http_request *r, size_t more)
{
    const struct instance *in = r->http->instance;

    if (instance_held_memory(in) + more <= in->memory_max)
        return true;
    http_refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE, "OOM",
                "there is no memory for it now (maxmemory)");
    r->body_wanted = false;
    forget(r);
    return false;
}

static size_t feed(struct http_request *r, const uint8_t *bytes, size_t n)
{
    size_t done = 0, room;
    uint8_t *to;

    while (done < n && (to = intake_room(r->intake, &room)) != NULL) {
        room = room < n - done ? room : n - done;
        memcpy(to, bytes + done, room);
        intake_took(r->intake, room);
        done += room;
    }
    return done;
}

/* It outgrew a piece: what there is of it goes ahead. */
static void begin_intake(struct http_request *r)
{
    struct instance *in = r->http->instance;

    r->intake = intake_new(node_lsm(in->node), r->client->session.db, buf_slice(&r->target.key),
                           piece_of(r), on_news, r);
    feed(r, r->body.data, r->body.len); /* a piece at most, for which there is room */
    buf_deinit(&r->body);
    http_count(r, piece_of(r));
}

/* Grows as bytes come, never on the word of a header. */
static size_t keep(struct http_request *r, const uint8_t *bytes, size_t n)
{
    size_t max = piece_of(r);

    if (!r->intake && r->body.len + n > max) {
        if (!memory_left(r, max))
            return n;
        begin_intake(r);
    }
    if (r->intake)
        return feed(r, bytes, n);
    if (r->body.len + n > r->body.cap && !memory_left(r, r->body.cap + n))
        return n;
    buf_append(&r->body, slice_of(bytes, n));
    http_count(r, r->body.cap);
    return n;
}

size_t http_body_take(struct http_request *r, const uint8_t *bytes, size_t n)
{
    size_t took = n;

    if (r->body_wanted && r->body_bytes + n > r->body_max) {
        http_refuse(r, MHD_HTTP_CONTENT_TOO_LARGE, "TOO_LARGE",
                    "a value has at most %llu bytes (proto-max-bulk-len)",
                    (unsigned long long)r->body_max);
        r->body_wanted = false;
        r->body_max += LIMIT_HTTP_DISCARD;
        forget(r);
    }
    if (r->body_wanted)
        took = keep(r, bytes, n);
    r->body_bytes += took;
    r->moved += took;
    /* Behind an error that came late as much as was announced, which is bounded. */
    if (!r->body_wanted && r->body_bytes > r->body_max && r->body_bytes > r->body_length)
        r->dead = true;
    return took;
}

bool http_body_end(struct http_request *r)
{
    if (!r->intake)
        return true;
    intake_end(r->intake);
    if (!intake_settled(r->intake))
        return false;
    r->call.large = intake_finish(r->intake, 2);
    r->intake = NULL;
    http_count(r, 0);
    return true;
}

void http_body_free(struct http_request *r)
{
    forget(r);
}
