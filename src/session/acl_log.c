/* acl_log.c: what was refused. */
#include "session/acl_log.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "session/acl.h"
#include "session/describe.h"
#include "session/session.h"

enum {
    JOINED_MS = 60 * 1000, /* later ones get an entry of their own */
    LOOKED_AT = 10,        /* newest entries that may be the same */
};

void acl_log_init(struct acl_log *log)
{
    *log = (struct acl_log){ 0 };
    list_init(&log->entries);
}

void acl_log_deinit(struct acl_log *log)
{
    acl_log_trim(log, 0);
}

static struct slice own(struct slice text)
{
    uint8_t *copy = mem_alloc(text.len);

    if (text.len)
        memcpy(copy, text.data, text.len);
    return slice_of(copy, text.len);
}

static void disown(struct slice text)
{
    mem_free((void *)(uintptr_t)text.data);
}

void acl_log_trim(struct acl_log *log, uint64_t max)
{
    while (log->count > max) {
        struct acl_entry *e = list_item(log->entries.prev, struct acl_entry, link);

        list_remove(&e->link);
        disown(e->object);
        disown(e->user);
        disown(e->client);
        mem_free(e);
        log->count--;
    }
}

static struct acl_entry *find_like(const struct acl_log *log, const struct acl_entry *e)
{
    unsigned looked = 0;

    list_for_each (at, &log->entries) {
        struct acl_entry *old = list_item(at, struct acl_entry, link);
        uint64_t apart = old->updated_ms > e->updated_ms ? old->updated_ms - e->updated_ms
                                                         : e->updated_ms - old->updated_ms;

        if (looked++ == LOOKED_AT)
            break;
        if (old->reason == e->reason && old->context == e->context && apart <= JOINED_MS &&
            slice_equal(old->object, e->object) && slice_equal(old->user, e->user))
            return old;
    }
    return NULL;
}

/* As the newest. */
static void push_front(struct acl_log *log, struct acl_entry *e)
{
    list_push(log->entries.next, &e->link);
}

void acl_log_add(const struct session *s, enum acl_reason reason, enum acl_context context,
                 struct slice object, struct slice user)
{
    struct acl_log *log = &s->instance->acl->log;
    uint64_t max = (uint64_t)s->instance->options->acllog_max_len;
    uint64_t now_ms = node_now_us(s->instance->node) / 1000;
    struct acl_entry look = { .reason = reason, .context = context, .updated_ms = now_ms };
    struct acl_entry *e;
    struct buf client = { 0 };

    s->instance->stats.acl_denied[reason]++;
    if (max == 0) {
        acl_log_trim(log, 0);
        return;
    }
    look.object = slice_of(object.data,
                           object.len < LIMIT_ACL_LOG_OBJECT ? object.len : LIMIT_ACL_LOG_OBJECT);
    look.user =
        slice_of(user.data, user.len < LIMIT_ACL_LOG_OBJECT ? user.len : LIMIT_ACL_LOG_OBJECT);
    e = find_like(log, &look);
    if (e) {
        list_remove(&e->link);
        disown(e->client);
    } else {
        e = mem_alloc(sizeof *e);
        *e = look;
        e->created_ms = now_ms;
        e->id = log->next_id++;
        e->object = own(look.object);
        e->user = own(look.user);
        log->count++;
    }
    session_describe(s, &client);
    e->client = own(buf_slice(&client));
    buf_deinit(&client);
    e->count++;
    e->updated_ms = now_ms;
    push_front(log, e);
    acl_log_trim(log, max);
}
