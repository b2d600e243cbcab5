/* notify.c: the channels' names. */
#include "session/notify.h"

#include "base/buf.h"
#include "session/instance.h"

static void publish(struct instance *in, const char *what, uint8_t db, struct slice about,
                    struct slice message)
{
    struct buf channel = { 0 };

    buf_printf(&channel, "__%s@%u__:", what, db);
    buf_append(&channel, about);
    pubsub_publish(in, PUBSUB_CHANNEL, buf_slice(&channel), message);
    buf_deinit(&channel);
}

void notify_event(struct instance *in, uint8_t db, struct slice event, struct slice key)
{
    int64_t wanted = in->options->notify_events;

    if (wanted & EVENT_KEYSPACE)
        publish(in, "keyspace", db, key, event);
    if (wanted & EVENT_KEYEVENT)
        publish(in, "keyevent", db, event, key);
}
