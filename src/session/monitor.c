/* monitor.c: a call as a line of text. */
#include "session/monitor.h"

#include <stdio.h>

#include "base/limits.h"
#include "session/describe.h"
#include "session/secret.h"
#include "session/session.h"

enum { MONITOR_ADDRESS = NET_ADDRESS_MAX + 8 };

void monitor_on(struct session *s)
{
    if (s->special & SESSION_MONITOR)
        return;
    s->special |= SESSION_MONITOR;
    list_push(&s->instance->monitors, &s->monitor);
    s->instance->special |= INSTANCE_MONITORED;
}

void monitor_off(struct session *s)
{
    list_remove(&s->monitor);
    s->special &= ~(unsigned)SESSION_MONITOR;
    if (list_empty(&s->instance->monitors))
        s->instance->special &= ~(unsigned)INSTANCE_MONITORED;
}

static void quote(struct slice text, struct buf *out)
{
    buf_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (out->len >= LIMIT_MONITOR) {
            buf_printf(out, "... (%zu more bytes)", text.len - i);
            break;
        }
        buf_append_quoted(out, text.data[i]);
    }
    buf_append_byte(out, '"');
}

static void where_from(const struct session *s, char out[MONITOR_ADDRESS])
{
    char peer[NET_ADDRESS_MAX];

    session_peer(s, peer);
    if (peer[0] == '/') { /* shown as unix:/path, without the port that LIST gives it */
        peer[strcspn(peer, ":")] = '\0';
        snprintf(out, MONITOR_ADDRESS, "unix:%s", peer);
    } else {
        snprintf(out, MONITOR_ADDRESS, "%s", peer);
    }
}

static void write_line(const struct session *s, const struct call *c, uint8_t db, struct buf *out)
{
    char from[MONITOR_ADDRESS];

    where_from(s, from);
    buf_printf(out, "%llu.%06llu [%u %s]", (unsigned long long)(c->now_us / 1000000),
               (unsigned long long)(c->now_us % 1000000), db, from);
    for (uint32_t i = 0; i < c->argc; i++) {
        if (out->len >= LIMIT_MONITOR) {
            buf_printf(out, " ... (%u more arguments)", c->argc - i);
            break;
        }
        buf_append_byte(out, ' ');
        if (secret_argument(c->argv, c->argc, i))
            buf_printf(out, "\"(redacted)\"");
        else
            quote(c->argv[i], out);
    }
    buf_append_byte(out, 0);
}

void monitor_feed(struct instance *in, const struct session *s, const struct call *c, uint8_t db)
{
    struct buf line = { 0 };
    struct reply r;

    if (c->row->flags & (CMD_ADMIN | CMD_SKIP_MONITOR))
        return;
    write_line(s, c, db, &line);
    reply_init(&r, &in->blocks, 2);
    reply_status(&r, (const char *)line.data);
    list_for_each (at, &in->monitors)
        in->door->push(list_item(at, struct session, monitor), &r);
    reply_clear(&r);
    buf_deinit(&line);
}
