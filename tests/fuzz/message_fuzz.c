/* message_fuzz.c: any bytes as the body of a message between peers; the first byte says of
 * which.  What is accepted is, encoded again, the same bytes, but for a hello, which may
 * say more than is known; and a heartbeat's arcs can be read. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_arcs(const struct message_heartbeat *h)
{
    struct buf list = { 0 };

    for (uint32_t i = 0; i < h->arcs; i++) {
        struct message_heartbeat_arc arc;
        message_heartbeat_arc(h, i, &arc);
        message_heartbeat_add(&list, &arc);
    }
    assert(slice_equal(buf_slice(&list), h->list));
    buf_deinit(&list);
}

static void read_owners(struct slice body)
{
    struct arc_owners owners;
    uint8_t again[MESSAGE_OWNERS_MAX];

    if (err_is(message_owners_decode_checked(body, &owners)))
        return;
    assert(message_owners_encode(&owners, again) == body.len);
    assert(memcmp(again, body.data, body.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message m, back;

    if (size == 0)
        return 0;
    uint8_t *bytes = mem_alloc(size - 1);
    if (size > 1)
        memcpy(bytes, data + 1, size - 1);
    struct slice body = slice_of(bytes, size - 1);
    struct err e = message_decode_checked((enum message_type)(data[0] & 15), body, &m);
    if (err_is(e)) {
        assert(e.code == ERR_CORRUPT && e.what[0]);
    } else {
        size_t len = message_size(&m);
        uint8_t *copy = mem_alloc(len);
        message_encode(&m, copy);
        assert(len <= body.len);
        if (m.type != MESSAGE_HELLO)
            assert(len == body.len && (len == 0 || memcmp(copy, bytes, len) == 0));
        assert(!err_is(message_decode_checked(m.type, slice_of(copy, len), &back)));
        if (m.type == MESSAGE_HEARTBEAT)
            read_arcs(&m.heartbeat);
        mem_free(copy);
    }
    read_owners(body);
    mem_free(bytes);
    return 0;
}
