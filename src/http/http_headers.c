/* http_headers.c: lists, parameters, tags and credentials. */
#include "http/http_headers.h"

#include <string.h>

#include "base/num.h"
#include "http/base64.h"

static struct slice trim(struct slice s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
        s = slice_of(s.data + 1, s.len - 1);
    while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Takes what stands in front of the next `at` off `s`, trimmed. */
static struct slice next_part(struct slice *s, char at)
{
    const uint8_t *found = s->len ? memchr(s->data, at, s->len) : NULL;
    size_t n = found ? (size_t)(found - s->data) : s->len;
    struct slice front = trim(slice_of(s->data, n));

    n += found != NULL;
    *s = slice_of(s->data + n, s->len - n);
    return front;
}

/* --- Accept */

/* "0.123" as 123; what is no weight is 1000. */
static int weight_of(struct slice text)
{
    int weight = 0, digit = 100;

    if (text.len == 0 || text.data[0] != '0' || (text.len > 1 && text.data[1] != '.'))
        return 1000;
    for (size_t i = 2; i < text.len && digit > 0; i++, digit /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 1000;
        weight += digit * (text.data[i] - '0');
    }
    return weight;
}

/* The `q` among the parameters. */
static int weight_in(struct slice parameters)
{
    while (parameters.len) {
        struct slice value = next_part(&parameters, ';');
        struct slice name = next_part(&value, '=');

        if (slice_is(name, "q"))
            return weight_of(trim(value));
    }
    return 1000;
}

/* How well a range names a type: 3 itself, 2 its kind, 1 anything, 0 not. */
static int fits(struct slice range, const char *type)
{
    if (slice_is(range, type))
        return 3;
    if (slice_is(range, "application/*"))
        return 2;
    return slice_equal(range, slice_str("*/*"));
}

enum http_form http_accept(struct slice value)
{
    static const char *const types[2] = { "application/json", "application/octet-stream" };
    int weight[2] = { 0, 0 }, best[2] = { 0, 0 };

    if (trim(value).len == 0)
        return HTTP_FORM_JSON;
    while (value.len) {
        struct slice parameters = next_part(&value, ',');
        struct slice range = next_part(&parameters, ';');

        for (int i = 0; i < 2; i++) {
            int fit = fits(range, types[i]);
            if (fit <= best[i])
                continue;
            best[i] = fit;
            weight[i] = weight_in(parameters);
        }
    }
    if (weight[0] == 0 && weight[1] == 0)
        return HTTP_FORM_NONE;
    return weight[1] > weight[0] ? HTTP_FORM_RAW : HTTP_FORM_JSON;
}

/* --- words and numbers */

bool http_consistency(struct slice value, struct level *level)
{
    return level_parse(trim(value), level);
}

bool http_ttl(struct slice value, uint64_t *ms)
{
    int64_t seconds, all;

    if (!num_get_i64(trim(value), &seconds) || seconds < 1 ||
        __builtin_mul_overflow(seconds, 1000, &all))
        return false;
    *ms = (uint64_t)all;
    return true;
}

/* --- tags */

/* What is between the quotes: "1706436000000000-1". */
static bool our_tag(struct slice tag, struct call_version *out)
{
    struct slice stamp = next_part(&tag, '-');
    int64_t s, origin;

    if (!num_get_i64(stamp, &s) || !num_get_i64(tag, &origin) || s < 0 || origin < 0 ||
        origin > UINT32_MAX)
        return false;
    *out = (struct call_version){ (uint64_t)s, (uint32_t)origin };
    return true;
}

/* Takes one tag off the front of `s`. */
static bool take_tag(struct slice *s, bool weak, struct call_versions *out)
{
    bool is_weak = s->len > 2 && memcmp(s->data, "W/", 2) == 0;
    struct call_version version;
    const uint8_t *end;
    struct slice tag;

    if (is_weak)
        *s = slice_of(s->data + 2, s->len - 2);
    if (s->len < 2 || s->data[0] != '"')
        return false;
    end = memchr(s->data + 1, '"', s->len - 1);
    if (!end)
        return false;
    tag = slice_of(s->data + 1, (size_t)(end - s->data) - 1);
    *s = trim(slice_of(end + 1, s->len - tag.len - 2));
    if ((is_weak && !weak) || !our_tag(tag, &version))
        return true;
    if (out->count == OUTCOME_VERSIONS)
        return false;
    out->list[out->count++] = version;
    return true;
}

bool http_versions(struct slice value, bool weak, struct call_versions *out)
{
    struct slice s = trim(value);

    *out = (struct call_versions){ .given = true };
    if (slice_equal(s, slice_str("*"))) {
        out->any = true;
        return true;
    }
    for (;;) {
        if (!take_tag(&s, weak, out))
            return false;
        if (s.len == 0)
            return true;
        if (s.data[0] != ',')
            return false;
        s = trim(slice_of(s.data + 1, s.len - 1));
    }
}

/* --- who it is */

bool http_authorization(struct slice value, struct buf *user, struct buf *password)
{
    struct slice rest = trim(value);
    struct slice scheme = next_part(&rest, ' ');
    struct buf both = { 0 };
    const uint8_t *colon = NULL;

    rest = trim(rest);
    if (slice_is(scheme, "bearer") && rest.len) {
        buf_append(user, slice_str("default"));
        buf_append(password, rest);
        return true;
    }
    if (slice_is(scheme, "basic") && base64_decode(rest, &both) && both.len)
        colon = memchr(both.data, ':', both.len);
    if (colon) {
        size_t n = (size_t)(colon - both.data);
        buf_append(user, n ? slice_of(both.data, n) : slice_str("default"));
        buf_append(password, slice_of(colon + 1, both.len - n - 1));
    }
    buf_deinit(&both);
    return colon != NULL;
}
