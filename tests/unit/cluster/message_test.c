/* message_test.c: the bytes between peers, one by one: they may not change without a new
 * version of the protocol. */
#include "cluster/message.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/wire.h"
#include "unit/cluster/message_samples.h"

/* Computed from message_format.h by another program. */
static const char *const golden[SAMPLES] = {
    /* hello */
    "0100020003000000040000000500000000000000060000000000000007000000"
    "0000000008000000000000000900000000000000000102030405060708090a0b"
    "0c0d0e0f010568656e6765",
    /* proof */
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
    /* welcome */
    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f",
    /* refused */
    "036e6f",
    /* ack */
    "08070605040302010707060504030201",
    /* heartbeat */
    "111100000000000022220000000000004d010000020000003412887766554433"
    "2211090000000000000003000000050000000000000004000000000000000100"
    "0000000000000000020000000000000001000000070000000000000006000000"
    "00000000",
    /* confirm */
    "",
    /* forward */
    "770000000000000040420f000000000000ff02030103000000626f622a310d0a"
    "24340d0a50494e470d0a",
    /* reply */
    "770000000000000001000000005555000000000000030000002b4f4b0d0a",
    /* tentative */
    "3412030000005555000000000000444400000000000066660000000000009999"
    "000000000000fe020200000063630e0000002a310d0a24340d0a50494e470d0a"
    "63656c6c73",
    /* settled */
    "3412030000005555000000000000",
    /* arc hello */
    "3412887766554433221101090000000000000003000000080000000000000002"
    "0000000700000000000000060000000000000005000000000000000900000000"
    "00000003000000040000000000000007000000000000000100000006",
    /* arc append */
    "3412887766554433221102090000000000000003000000020000000600000000"
    "0000000500000000000000090000000000000003000000080000000000000002"
    "00000007000000000000000000010203040506007061796c6f6164",
    /* arc commit */
    "3412887766554433221103090000000000000003000000060000000000000005"
    "00000000000000",
    /* arc yield */
    "3412887766554433221104090000000000000003000000",
    /* arc invite */
    "3412887766554433221105090000000000000003000000",
    /* arc refusal */
    "3412887766554433221106090000000000000003000000020000000a00000000"
    "0000000100000008000000000000000200000007000000000000000500000000"
    "0000000201",
    /* arc take */
    "3412887766554433221107090000000000000003000000080000000000000002"
    "000000150000000000000001",
    /* arc promise */
    "3412887766554433221108090000000000000003000000080000000000000002"
    "00000007000000000000000500000000000000",
    /* arc no */
    "34128877665544332211090900000000000000030000000a0000000000000001"
    "00000001",
    /* arc moved */
    "341288776655443322110a090000000000000003000000080000000000000002"
    "0000001500000000000000030201000000020000000300000002000000040000"
    "00",
    /* arc fetch */
    "341288776655443322110b090000000000000003000000080000000000000002"
    "0000000700000000000000070000000000000001000000060000000000000005"
    "00000000000000",
    /* arc frame */
    "341288776655443322110c090000000000000003000000090000000000000003"
    "0000000800000000000000020000000700000000000000000001020304050600"
    "7061796c6f6164",
    /* arc gone */
    "341288776655443322110d090000000000000003000000",
    /* arc recover */
    "341288776655443322110e9900000000000000",
    /* arc state */
    "341288776655443322110f990000000000000009000000000000000300000008"
    "00000000000000020000000700000000000000050000000000000001",
};

static const char golden_owners[] = "150000000000000003020100000002000000030000000200000004000000";

static void expect_hex(struct slice bytes, const char *hex, const char *name)
{
    struct buf text = { 0 };

    for (size_t i = 0; i < bytes.len; i++)
        buf_printf(&text, "%02x", bytes.data[i]);
    buf_append_byte(&text, 0);
    cr_assert_str_eq((const char *)text.data, hex, "%s", name);
    buf_deinit(&text);
}

static void encode(const struct message *m, struct buf *out)
{
    size_t size = message_size(m);

    message_encode(m, buf_reserve(out, size));
    out->len += size;
}

Test(message, every_one_has_these_bytes)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct buf list = { 0 }, bytes = { 0 };
        struct message m;
        char name[32];

        message_sample(i, &m, &list);
        encode(&m, &bytes);
        expect_hex(buf_slice(&bytes), golden[i], message_sample_name(&m, name));
        buf_deinit(&bytes);
        buf_deinit(&list);
    }
}

Test(message, what_is_read_is_what_was_written)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct buf list = { 0 }, bytes = { 0 }, again = { 0 };
        struct message m, back;
        char name[32];
        struct err e;

        message_sample(i, &m, &list);
        encode(&m, &bytes);
        e = message_decode_checked(m.type, buf_slice(&bytes), &back);
        cr_assert_not(err_is(e), "%s: %s", message_sample_name(&m, name), e.what);
        encode(&back, &again);
        expect_hex(buf_slice(&again), golden[i], message_sample_name(&m, name));
        buf_deinit(&again);
        buf_deinit(&bytes);
        buf_deinit(&list);
    }
}

/* Of those that end with text any length may do, but never one within a field. */
static size_t shortest(const struct message *m)
{
    switch (m->type) {
    case MESSAGE_REFUSED:
        return 1;
    case MESSAGE_FORWARD:
        return message_size(m) - m->forward.request.len + 1;
    case MESSAGE_REPLY:
        return message_size(m) - m->reply.reply.len + 1;
    case MESSAGE_TENTATIVE:
        return message_size(m) - m->tentative.cells.len;
    case MESSAGE_ARC:
        return message_size(m) - m->arc.payload.len;
    default:
        return message_size(m);
    }
}

Test(message, one_that_is_cut_short_is_refused)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct buf list = { 0 }, bytes = { 0 };
        struct message m, back;
        char name[32];

        message_sample(i, &m, &list);
        encode(&m, &bytes);
        for (size_t len = 0; len < bytes.len; len++) {
            uint8_t *cut = mem_alloc(len); /* so that a sanitizer sees a step beyond */
            struct err e;

            memcpy(cut, bytes.data, len);
            e = message_decode_checked(m.type, slice_of(cut, len), &back);
            cr_assert_eq(err_is(e), len < shortest(&m), "%s, %zu of %zu bytes",
                         message_sample_name(&m, name), len, bytes.len);
            mem_free(cut);
        }
        buf_deinit(&bytes);
        buf_deinit(&list);
    }
}

Test(message, only_a_hello_may_say_more_than_is_known)
{
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct buf list = { 0 }, bytes = { 0 };
        struct message m, back;
        char name[32];
        bool takes;

        message_sample(i, &m, &list);
        if (shortest(&m) != message_size(&m))
            continue; /* it ends with text */
        encode(&m, &bytes);
        buf_append_byte(&bytes, 0);
        takes = !err_is(message_decode_checked(m.type, buf_slice(&bytes), &back));
        cr_expect_eq(takes, m.type == MESSAGE_HELLO, "%s", message_sample_name(&m, name));
        buf_deinit(&bytes);
        buf_deinit(&list);
    }
}

Test(message, every_name_is_found_again)
{
    for (unsigned i = 1; i < MESSAGE_TYPES; i++) {
        struct slice name = slice_str(message_name((enum message_type)i));

        cr_expect_eq((unsigned)message_type_of(name), i);
        cr_expect_leq(name.len, MESSAGE_NAME_MAX);
    }
    cr_expect_eq(message_type_of(slice_str("PING")), 0);
    cr_expect_eq(message_type_of(slice_str("")), 0);
    cr_expect(err_is(message_decode_checked(0, slice_str(""), &(struct message){ 0 })));
    cr_expect(err_is(message_decode_checked(MESSAGE_TYPES, slice_str(""), &(struct message){ 0 })));
}

Test(message, a_heartbeats_arcs_are_read_one_by_one)
{
    struct buf list = { 0 };
    struct message m;
    struct message_heartbeat_arc arc;

    message_sample(MESSAGE_HEARTBEAT - 1, &m, &list);
    cr_assert_eq(m.type, MESSAGE_HEARTBEAT);
    message_heartbeat_arc(&m.heartbeat, 0, &arc);
    cr_expect_eq(arc.arc.slot, 0x1234);
    cr_expect_eq(arc.commit.ballot.counter, 9);
    message_heartbeat_arc(&m.heartbeat, 1, &arc);
    cr_expect_eq(arc.arc.slot, 1);
    cr_expect_eq(arc.commit.commit, 7);
    cr_expect_eq(arc.commit.all_synced, 6);
    buf_deinit(&list);
}

/* The byte at `at` of sample `i` becomes `value`. */
static void expect_refused(unsigned i, size_t at, uint8_t value, const char *why)
{
    struct buf list = { 0 }, bytes = { 0 };
    struct message m, back;
    struct err e;

    message_sample(i, &m, &list);
    encode(&m, &bytes);
    bytes.data[at] = value;
    e = message_decode_checked(m.type, buf_slice(&bytes), &back);
    cr_expect_str_eq(e.what, why, "sample %u: %s", i, e.what);
    buf_deinit(&bytes);
    buf_deinit(&list);
}

static unsigned of_arc(enum arc_message_kind kind)
{
    return SAMPLES_OF_LINK + (unsigned)kind - 1;
}

Test(message, what_cannot_be_is_refused_with_a_reason)
{
    enum { HELLO = 0, REFUSED = 3, ACK = 4, HEARTBEAT = 5, FORWARD = 7, REPLY, TENTATIVE, SETTLED };

    expect_refused(HELLO, 0, 3, "a range of versions is empty");
    expect_refused(HELLO, 4, 0, "a hello names no node");
    expect_refused(HELLO, 69, LIMIT_CLUSTER_NAME + 1, "a cluster's name is too long");
    expect_refused(REFUSED, 0, 0, "a refusal has no reason");
    expect_refused(REFUSED, 0, REFUSED_REASONS, "a refusal has no reason");
    expect_refused(ACK, 8, 9, "an ack has synced more than it has written");
    expect_refused(HEARTBEAT, 20, 3, "a heartbeat's list has another length");
    expect_refused(HEARTBEAT, 23, 1, "a heartbeat has more arcs than there are slots");
    expect_refused(HEARTBEAT, 25, 0x40, "there is no such slot");
    expect_refused(FORWARD, 16, 2 * ARC_OWNERS_MAX + 1, "there is no such level");
    expect_refused(FORWARD, 17, LEVEL_ONE - 1, "there is no such level");
    expect_refused(TENTATIVE, 38, 100, "there is no such level");
    expect_refused(FORWARD, 18, LIMIT_DATABASES, "a request is of no database");
    expect_refused(FORWARD, 19, 4, "a request is of no protocol");
    expect_refused(FORWARD, 24, 1, "a message ends within a text");
    expect_refused(REPLY, 8, 0, "a reply has no outcome");
    expect_refused(REPLY, 8, OUTCOME_NOT_STARTED, "a reply does not fit its outcome");
    expect_refused(TENTATIVE, 15, 0x66, "a tentative request is not behind the one before it");
    expect_refused(SETTLED, 1, 0x40, "there is no such slot");
    expect_refused(of_arc(ARC_YIELD), 10, ARC_MESSAGE_KINDS, "there is no such message of an arc");
    expect_refused(of_arc(ARC_YIELD), 11, 0, "a ballot is nobody's");
    expect_refused(of_arc(ARC_APPEND), 55, 10, "a frame's ballot falls");
    expect_refused(of_arc(ARC_REFUSAL), 67, ARC_RECOVERING + 1, "there is no such reason");
    expect_refused(of_arc(ARC_REFUSAL), 68, 2, "a leader is heard or not");
    expect_refused(of_arc(ARC_TAKE), 43, 4, "there is no such flag");
    expect_refused(of_arc(ARC_MOVED), 43, 0, "an arc has no owners, or too many");
    expect_refused(of_arc(ARC_MOVED), 43, ARC_OWNERS_MAX + 1, "an arc has no owners, or too many");
    expect_refused(of_arc(ARC_MOVED), 44, ARC_OWNERS_MAX + 1, "an arc has too many next owners");
    expect_refused(of_arc(ARC_MOVED), 45, 0, "an owner is nobody");
    expect_refused(of_arc(ARC_RECOVER), 11, 0, "a recovery has no nonce");
}

Test(message, owners_have_these_bytes_also_by_themselves)
{
    struct arc_owners owners = message_sample_owners(), back;
    uint8_t bytes[MESSAGE_OWNERS_MAX];
    size_t len = message_owners_encode(&owners, bytes);

    expect_hex(slice_of(bytes, len), golden_owners, "owners");
    cr_assert_not(err_is(message_owners_decode_checked(slice_of(bytes, len), &back)));
    cr_expect_eq(memcmp(&back, &owners, sizeof back), 0);
    for (size_t i = 0; i < len; i++)
        cr_expect(err_is(message_owners_decode_checked(slice_of(bytes, i), &back)));
    owners.count = owners.next_count = ARC_OWNERS_MAX;
    for (unsigned i = 0; i < ARC_OWNERS_MAX; i++)
        owners.node[i] = owners.next[i] = i + 1;
    cr_expect_eq(message_owners_encode(&owners, bytes), MESSAGE_OWNERS_MAX);
}
