/* http_target_fuzz.c: any target of a request.  A key is what was escaped, and escaping
 * it again gives the same key. */
#include <assert.h>
#include <stdint.h>

#include "base/mem.h"
#include "http/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct http_target *t)
{
    struct buf raw = { 0 };
    struct http_target again;

    buf_append(&raw, slice_str("/api/v1/keys/"));
    for (size_t i = 0; i < t->key.len; i++)
        buf_printf(&raw, "%%%02x", t->key.data[i]);
    if (t->db >= 0)
        buf_printf(&raw, "?db=%lld", (long long)t->db);
    assert(!http_target_parse(buf_slice(&raw), &again));
    assert(again.place == HTTP_KEY && again.db == t->db);
    assert(slice_equal(buf_slice(&again.key), buf_slice(&t->key)));
    http_target_deinit(&again);
    buf_deinit(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* of its own size, so that a sanitizer sees what is read behind it */
    uint8_t *copy = mem_alloc(size);
    struct http_target t;
    const char *wrong;

    if (size)
        memcpy(copy, data, size);
    wrong = http_target_parse(slice_of(copy, size), &t);
    assert(t.key.len <= size);
    assert(t.place == HTTP_KEY || (!wrong && t.key.len == 0 && t.db == -1));
    if (!wrong && t.place == HTTP_KEY)
        check_again(&t);
    http_target_deinit(&t);
    mem_free(copy);
    return 0;
}
