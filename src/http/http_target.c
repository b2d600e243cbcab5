/* http_target.c: path and query, split before they are decoded: what a %2F or %3F stands
 * for is the key's. */
#include "http/http_target.h"

#include <string.h>

#include "base/num.h"

#define KEYS "/api/v1/keys/"

static bool skip(struct slice *s, const char *prefix)
{
    size_t n = strlen(prefix);

    if (s->len < n || memcmp(s->data, prefix, n) != 0)
        return false;
    *s = slice_of(s->data + n, s->len - n);
    return true;
}

static struct slice cut_at(struct slice *s, char at)
{
    const uint8_t *found = s->len ? memchr(s->data, at, s->len) : NULL;
    size_t n = found ? (size_t)(found - s->data) : s->len;
    struct slice front = slice_of(s->data, n);

    n += found != NULL;
    *s = slice_of(s->data + n, s->len - n);
    return front;
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_unescape(struct slice text, struct buf *out)
{
    uint8_t *to = text.len ? buf_reserve(out, text.len) : NULL;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex(text.data[i + 1]) : -1;
            int low = i + 2 < text.len ? hex(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        *to++ = c;
        out->len++;
    }
    return true;
}

static const char *parse_query(struct slice query, struct http_target *out)
{
    while (query.len) {
        struct slice value = cut_at(&query, '&');
        struct slice name = cut_at(&value, '=');

        if (!slice_equal(name, slice_str("db")))
            return "the only parameter is db";
        if (!num_get_i64(value, &out->db) || out->db < 0)
            return "db must be the number of a database";
    }
    return NULL;
}

/* "http://host" in front, as a proxy is asked. */
static void skip_authority(struct slice *raw)
{
    struct slice rest = *raw;
    size_t n = 0;

    if (!skip(&rest, "http://"))
        return;
    while (n < rest.len && rest.data[n] != '/' && rest.data[n] != '?')
        n++;
    *raw = slice_of(rest.data + n, rest.len - n);
}

const char *http_target_parse(struct slice raw, struct http_target *out)
{
    struct slice path;

    *out = (struct http_target){ .db = -1 };
    skip_authority(&raw);
    path = cut_at(&raw, '?');
    if (skip(&path, KEYS)) {
        out->place = HTTP_KEY;
        if (!http_unescape(path, &out->key))
            return "a % in the path must be followed by two hex digits";
        return parse_query(raw, out);
    }
    if (slice_equal(path, slice_str("/healthz")))
        out->place = HTTP_HEALTH;
    else if (slice_equal(path, slice_str("/readyz")))
        out->place = HTTP_READY;
    else if (slice_equal(path, slice_str("/metrics")))
        out->place = HTTP_METRICS;
    return NULL;
}

void http_target_deinit(struct http_target *t)
{
    buf_deinit(&t->key);
}
