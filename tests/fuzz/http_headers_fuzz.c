/* http_headers_fuzz.c: any bytes as the value of each header that is taken apart. */
#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "http/base64.h"
#include "http/http_headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Tags that were found are found again in a list of them. */
static void check_tags(struct slice value)
{
    struct call_versions strong, weak, again;
    bool good = http_versions(value, false, &strong);
    struct buf list = { 0 };

    if (good && http_versions(value, true, &weak))
        assert(strong.any == weak.any && strong.count <= weak.count);
    for (uint32_t i = 0; good && i < strong.count; i++)
        buf_printf(&list, "%s\"%" PRIu64 "-%" PRIu32 "\"", i ? ", " : "", strong.list[i].stamp,
                   strong.list[i].origin);
    if (list.len) {
        assert(http_versions(buf_slice(&list), false, &again) && again.count == strong.count);
        for (uint32_t i = 0; i < again.count; i++)
            assert(again.list[i].stamp == strong.list[i].stamp &&
                   again.list[i].origin == strong.list[i].origin);
    }
    buf_deinit(&list);
}

static void check_base64(struct slice value)
{
    struct buf bytes = { 0 }, again = { 0 }, letters = { 0 };

    if (base64_decode(value, &bytes)) {
        size_t n = (size_t)base64_length(bytes.len);
        base64_encode(bytes.data, bytes.len, buf_reserve(&letters, n + 1));
        letters.len = n;
        assert(base64_decode(buf_slice(&letters), &again));
        assert(slice_equal(buf_slice(&again), buf_slice(&bytes)));
    } else {
        assert(bytes.len == 0);
    }
    buf_deinit(&bytes);
    buf_deinit(&again);
    buf_deinit(&letters);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = mem_alloc(size);
    struct slice value = slice_of(copy, size);
    struct buf user = { 0 }, password = { 0 };
    struct level level;
    uint64_t ms = 0;

    if (size)
        memcpy(copy, data, size);
    assert(http_accept(value) <= HTTP_FORM_RAW);
    assert(!http_ttl(value, &ms) || (ms >= 1000 && ms % 1000 == 0));
    http_consistency(value, &level);
    if (!http_authorization(value, &user, &password))
        assert(user.len == 0 && password.len == 0);
    else
        assert(user.len > 0);
    check_tags(value);
    check_base64(value);
    buf_deinit(&user);
    buf_deinit(&password);
    mem_free(copy);
    return 0;
}
