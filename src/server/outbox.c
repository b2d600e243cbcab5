/* outbox.c: a list of what was told, each with the log position it waits for. */
#include "server/outbox.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/planted.h"
#include "server/server_state.h"
#include "session/notify.h"

struct told {
    struct list link;
    uint64_t gate;
    uint64_t id; /* of the session whose call it was */
    size_t len;
    uint8_t notes[];
};

void outbox_init(struct outbox *o)
{
    list_init(&o->waiting);
    o->bytes = 0;
}

static void drop(struct outbox *o, struct told *t)
{
    list_remove(&t->link);
    o->bytes -= sizeof *t + t->len;
    mem_free(t);
}

void outbox_deinit(struct outbox *o)
{
    while (!list_empty(&o->waiting))
        drop(o, list_item(o->waiting.next, struct told, link));
}

static void hand_out(struct instance *in, struct slice notes, uint64_t id)
{
    struct event_note n;

    while (events_take(&notes, &n)) {
        switch (n.kind) {
        case NOTE_EVENT:
            notify_event(in, n.db, n.first, n.second);
            break;
        case NOTE_MESSAGE:
            pubsub_publish(in, PUBSUB_CHANNEL, n.first, n.second);
            break;
        case NOTE_SHARD_MESSAGE:
            pubsub_publish(in, PUBSUB_SHARD, n.first, n.second);
            break;
        case NOTE_CHANGED:
            tracking_changed(in, n.second, id);
            break;
        case NOTE_FLUSHED:
            tracking_flushed(in);
            break;
        }
    }
}

static void set_crowded(struct server *s)
{
    if (s->outbox.bytes > LIMIT_OUTBOX) {
        s->instance.special |= INSTANCE_CROWDED;
        return;
    }
    s->thinned |= (s->instance.special & INSTANCE_CROWDED) != 0;
    s->instance.special &= ~(unsigned)INSTANCE_CROWDED;
}

static void keep(struct outbox *o, struct slice notes, uint64_t id, uint64_t gate)
{
    struct told *t = mem_alloc(sizeof *t + notes.len);

    *t = (struct told){ .gate = gate, .id = id, .len = notes.len };
    memcpy(t->notes, notes.data, notes.len);
    list_push(&o->waiting, &t->link);
    o->bytes += sizeof *t + notes.len;
}

void outbox_take(struct server *s, uint64_t id, uint64_t gate)
{
    struct node *node = s->instance.node;
    struct events *e = node_events(node);
    struct outbox *o = &s->outbox;

    if (e->noted.len == 0)
        return;
    if ((gate <= node_acked(node) || PLANTED(told_too_early)) && list_empty(&o->waiting)) {
        hand_out(&s->instance, buf_slice(&e->noted), id);
    } else {
        keep(o, buf_slice(&e->noted), id, gate);
        set_crowded(s);
    }
    e->noted.len = 0;
    if (e->noted.cap > LIMIT_FRAME)
        buf_deinit(&e->noted);
}

void outbox_release(struct server *s)
{
    uint64_t acked = node_acked(s->instance.node);
    struct outbox *o = &s->outbox;

    while (!list_empty(&o->waiting)) {
        struct told *t = list_item(o->waiting.next, struct told, link);
        if (t->gate > acked)
            break;
        hand_out(&s->instance, slice_of(t->notes, t->len), t->id);
        drop(o, t);
    }
    set_crowded(s);
}

void outbox_fail(struct server *s, uint64_t acked)
{
    list_for_each_safe (at, &s->outbox.waiting) {
        struct told *t = list_item(at, struct told, link);
        if (PLANTED(told_undone))
            t->gate = acked;
        if (t->gate > acked)
            drop(&s->outbox, t);
    }
    outbox_release(s);
}
