/* reply_reader_fuzz.c: any bytes as a reply.  What is read lies within them. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "resp/reply_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct slice part, struct slice all)
{
    assert(part.len == 0 || (part.data >= all.data && part.data + part.len <= all.data + all.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = mem_alloc(size);
    struct slice bytes = slice_of(copy, size);
    struct reply_head h, again;

    if (size)
        memcpy(copy, data, size);
    if (reply_head_read(bytes, &h)) {
        assert(h.used >= 3 && h.used <= size && h.number >= (h.kind == REPLY_INT ? INT64_MIN : -1));
        check_within(h.text, bytes);
        check_within(h.code, bytes);
        /* a head is a head whatever follows it */
        assert(reply_head_read(slice_of(copy, h.used), &again) && again.kind == h.kind &&
               again.number == h.number && again.used == h.used);
    }
    mem_free(copy);
    return 0;
}
