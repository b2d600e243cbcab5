/* outbox_test.c: nothing is told before the log has it, nothing out of order, and nothing that
 * was undone. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/limits.h"
#include "server/server_state.h"
#include "session/notify.h"

/* In place of the node and of who is told. */
static struct events events;
static uint64_t acked;
static struct buf told;

struct events *node_events(struct node *node)
{
    (void)node;
    return &events;
}

uint64_t node_acked(const struct node *node)
{
    (void)node;
    return acked;
}

static void tell(char kind, struct slice text)
{
    buf_append_byte(&told, (uint8_t)kind);
    buf_append(&told, text);
    buf_append_byte(&told, ' ');
}

void notify_event(struct instance *in, uint8_t db, struct slice event, struct slice key)
{
    (void)in;
    (void)db;
    (void)event;
    tell('e', key);
}

void pubsub_publish(struct instance *in, enum pubsub_kind kind, struct slice channel,
                    struct slice message)
{
    (void)in;
    (void)channel;
    tell(kind == PUBSUB_SHARD ? 's' : 'm', message);
}

void tracking_changed(struct instance *in, struct slice key, uint64_t id)
{
    (void)in;
    (void)id;
    tell('c', key);
}

void tracking_flushed(struct instance *in)
{
    (void)in;
    tell('f', slice_of(NULL, 0));
}

static struct server server;

static void setup(void)
{
    outbox_init(&server.outbox);
}

static void teardown(void)
{
    outbox_deinit(&server.outbox);
    events_deinit(&events);
    buf_deinit(&told);
}

TestSuite(outbox, .init = setup, .fini = teardown);

static void call(enum event_kind kind, const char *text, uint64_t gate)
{
    events_note(&events, kind, 0, slice_str("x"), slice_str(text));
    outbox_take(&server, 1, gate);
    cr_expect_eq(events.noted.len, 0u);
}

static void was_told(const char *text)
{
    cr_expect(slice_equal(buf_slice(&told), slice_str(text)), "%.*s", (int)told.len,
              (const char *)told.data);
    told.len = 0;
}

Test(outbox, what_rests_on_nothing_is_told_at_once)
{
    call(NOTE_MESSAGE, "1", 0);
    was_told("m1 ");
    acked = 100;
    call(NOTE_EVENT, "2", 100);
    call(NOTE_SHARD_MESSAGE, "3", 0);
    was_told("e2 s3 ");
}

Test(outbox, what_waits_for_the_log_is_not_overtaken)
{
    call(NOTE_EVENT, "1", 100);
    call(NOTE_MESSAGE, "2", 0);
    call(NOTE_CHANGED, "3", 200);
    call(NOTE_FLUSHED, "", 300);
    was_told("");
    acked = 99;
    outbox_release(&server);
    was_told("");
    acked = 250;
    outbox_release(&server);
    was_told("e1 m2 c3 ");
    acked = 300;
    outbox_release(&server);
    was_told("f ");
    cr_expect_eq(server.outbox.bytes, 0u);
}

Test(outbox, what_the_log_gave_up_is_never_told)
{
    call(NOTE_EVENT, "1", 100);
    call(NOTE_EVENT, "2", 200);
    call(NOTE_MESSAGE, "3", 0);
    acked = 100;
    outbox_fail(&server, 100);
    was_told("e1 m3 ");
    cr_expect_eq(server.outbox.bytes, 0u);
}

Test(outbox, when_it_is_full_nobody_publishes)
{
    static char text[100000];

    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i <= LIMIT_OUTBOX / sizeof text; i++) {
        cr_expect(!(server.instance.special & INSTANCE_CROWDED));
        call(NOTE_EVENT, text, 100);
    }
    cr_expect(server.instance.special & INSTANCE_CROWDED);
    acked = 100;
    outbox_release(&server);
    cr_expect(!(server.instance.special & INSTANCE_CROWDED));
}
