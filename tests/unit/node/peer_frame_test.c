/* peer_frame_test.c: messages within RESP. */
#include "node/peer_frame.h"

#include <criterion/criterion.h>

#include "base/limits.h"
#include "base/mem.h"

static void expect(const char *text, enum peer_frame_end end)
{
    struct peer_frame f;
    size_t len = strlen(text);
    uint8_t *bytes = mem_alloc(len); /* so that a sanitizer sees a step beyond */

    memcpy(bytes, text, len);
    cr_expect_eq(peer_frame_read(slice_of(bytes, len), 100, &f), end, "%s", text);
    mem_free(bytes);
}

Test(peer_frame, a_message_is_an_array_of_two_bulk_strings)
{
    static const char golden[] = "*2\r\n$3\r\nack\r\n$16\r\n\7\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\r\n";
    struct message m = { .type = MESSAGE_ACK, .ack = { 7, 5 } };
    struct buf b = { 0 };
    struct peer_frame f;

    peer_frame_put(&b, &m);
    cr_assert_eq(b.len, sizeof golden - 1);
    cr_assert_eq(memcmp(b.data, golden, b.len), 0);
    m.type = MESSAGE_CONFIRM;
    peer_frame_put(&b, &m);
    cr_assert_eq(peer_frame_read(buf_slice(&b), 100, &f), PEER_FRAME_WHOLE);
    cr_expect_eq(f.type, MESSAGE_ACK);
    cr_expect_eq(f.body.len, 16);
    cr_expect_eq(f.used, sizeof golden - 1);
    cr_assert_eq(peer_frame_read(slice_of(b.data + f.used, b.len - f.used), 0, &f),
                 PEER_FRAME_WHOLE);
    cr_expect_eq(f.type, MESSAGE_CONFIRM);
    cr_expect_eq(f.body.len, 0);
    buf_deinit(&b);
}

Test(peer_frame, one_that_is_not_whole_says_how_long_it_is_at_least)
{
    struct message m = { .type = MESSAGE_ACK, .ack = { 7, 5 } };
    struct buf b = { 0 };

    peer_frame_put(&b, &m);
    for (size_t len = 0; len < b.len; len++) {
        struct peer_frame f;

        cr_expect_eq(peer_frame_read(slice_of(b.data, len), 100, &f), PEER_FRAME_MORE);
        cr_expect_gt(f.need, len);
        cr_expect_leq(f.need, b.len);
        if (len >= 18 && len < b.len - 2) /* the length of the body is known */
            cr_expect_eq(f.need, b.len, "%zu: %zu", len, f.need);
    }
    buf_deinit(&b);
}

Test(peer_frame, what_no_peer_writes_is_bad_at_once)
{
    expect("", PEER_FRAME_MORE);
    expect("*2\r\n$3", PEER_FRAME_MORE);
    expect("*2\r\n$3\r\na", PEER_FRAME_MORE);
    expect("P", PEER_FRAME_BAD);
    expect("*1", PEER_FRAME_BAD);
    expect("*2\n", PEER_FRAME_BAD);
    expect("*2\r\n:", PEER_FRAME_BAD);
    expect("*2\r\n$\r", PEER_FRAME_BAD);
    expect("*2\r\n$-", PEER_FRAME_BAD);
    expect("*2\r\n$03", PEER_FRAME_BAD);
    expect("*2\r\n$10", PEER_FRAME_BAD);
    expect("*2\r\n$3\r\nact\r\n", PEER_FRAME_BAD);
    expect("*2\r\n$3\r\nackx", PEER_FRAME_BAD);
    expect("*2\r\n$3\r\nack\r\n+", PEER_FRAME_BAD);
    expect("*2\r\n$3\r\nack\r\n$100", PEER_FRAME_MORE);
    expect("*2\r\n$3\r\nack\r\n$101", PEER_FRAME_BAD);
    expect("*2\r\n$3\r\nack\r\n$99999999999999999999", PEER_FRAME_BAD);
    expect("*2\r\n$3\r\nack\r\n$00", PEER_FRAME_BAD);
    expect("*2\r\n$3\r\nack\r\n$1\r\nxy", PEER_FRAME_BAD);
    expect("*2\r\n$3\r\nack\r\n$1\r\nx\r\n", PEER_FRAME_WHOLE);
}
