/* blocked.c: lists of blocked calls, by what they wait for. */
#include "server/blocked.h"

#include <assert.h>

#include "server/server_state.h"

static struct waiting *waiting_of(struct list *resumed_link)
{
    return list_item(resumed_link, struct waiting, resumed);
}

void blocked_add(struct server *s, struct waiting *w)
{
    const struct call_block *b = &w->call.block;

    assert(!w->blocked && !b->never);
    if (!w->until_us)
        w->until_us = b->timeout_us ? s->instance.turn_mono_us + b->timeout_us : UINT64_MAX;
    if (w->until_us != UINT64_MAX)
        deadline_set(&s->deadlines, &w->deadline, w->until_us);
    w->blocked = true;
    s->instance.blocked++;
    list_push(b->synced ? &s->syncing : &s->blocked, &w->resumed);
}

void blocked_end(struct waiting *w)
{
    struct connection *conn = w->owner;

    if (!w->blocked)
        return;
    w->blocked = false;
    conn->server->instance.blocked--;
    deadline_cancel(&w->deadline);
    list_remove(&w->resumed);
}

static void release(struct server *s, struct waiting *w, enum call_woken why)
{
    blocked_end(w);
    w->call.block.woken = (uint8_t)why;
    list_push(&s->slices, &w->resumed); /* which the loop does not sleep over */
}

void blocked_serve(struct server *s)
{
    uint64_t synced = lsm_synced(node_lsm(s->instance.node));
    struct deadline *d;

    while ((d = deadlines_take_due(&s->deadlines, s->instance.turn_mono_us)) != NULL)
        release(s, list_item(d, struct waiting, deadline), CALL_TIMED_OUT);
    if (synced == s->synced)
        return;
    s->synced = synced;
    list_for_each_safe (at, &s->syncing) {
        if (waiting_of(at)->call.block.synced <= synced)
            release(s, waiting_of(at), CALL_EVENT);
    }
}

/* It lets nothing run beside it, so it is the only one. */
static struct waiting *blocked_of(const struct connection *conn)
{
    struct waiting *w;

    if (!conn->queue || !conn->queue->barrier)
        return NULL;
    w = list_item(conn->queue->calls.next, struct waiting, link);
    return w->blocked ? w : NULL;
}

bool blocked_is(const struct connection *conn)
{
    return blocked_of(conn) != NULL;
}

bool blocked_release(struct connection *conn, bool error)
{
    struct waiting *w = blocked_of(conn);

    if (!w)
        return false;
    w->unblocked = error;
    release(conn->server, w, CALL_TIMED_OUT);
    return true;
}
