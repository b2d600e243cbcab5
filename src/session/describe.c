/* describe.c: a connection in one line, as CLIENT LIST shows it. */
#include "session/describe.h"

#include <stdio.h>

#include "session/acl.h"

enum { SECOND_US = 1000 * 1000 };

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

void session_addresses(const struct session *s, char peer[NET_ADDRESS_MAX],
                       char local[NET_ADDRESS_MAX])
{
    snprintf(peer, NET_ADDRESS_MAX, "?:0");
    snprintf(local, NET_ADDRESS_MAX, "?:0");
    if (s->net) {
        net_peer(s->net, peer);
        net_local(s->net, local);
    } else if (s->socket >= 0) {
        net_given(s->instance->env->net, s->socket, peer, local);
    }
}

void session_peer(const struct session *s, char peer[NET_ADDRESS_MAX])
{
    char local[NET_ADDRESS_MAX];

    if (s->net)
        net_peer(s->net, peer);
    else
        session_addresses(s, peer, local);
}

/* The letters of what is true of it, as Redis has them. */
static void flags_of(const struct session *s, const struct session_buffers *b, const char *peer,
                     char out[16])
{
    const struct tracker *k = s->tracker;
    const struct {
        bool is;
        char letter;
    } flags[] = {
        { s->special & SESSION_MONITOR, 'O' },
        { s->special & SESSION_SUBSCRIBED, 'P' },
        { s->multi, 'x' },
        { b->paused || b->blocked, 'b' },
        { k, 't' },
        { k && k->broken, 'R' },
        { k && k->bcast, 'B' },
        { multi_touched(s), 'd' },
        { s->closing == SESSION_CLOSE_AFTER_REPLY, 'c' },
        { s->cut, 'A' },
        { peer[0] == '/', 'U' },
        { s->no_evict, 'e' },
        { s->special & SESSION_NO_TOUCH, 'T' },
    };
    size_t n = 0;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (flags[i].is)
            out[n++] = flags[i].letter;
    }
    if (n == 0)
        out[n++] = 'N';
    out[n] = '\0';
}

static const char *events_of(unsigned events)
{
    static const char *const names[] = { "", "r", "w", "rw" };

    return names[events & (NET_READ | NET_WRITE)];
}

void session_describe(const struct session *s, struct buf *out)
{
    char peer[NET_ADDRESS_MAX], local[NET_ADDRESS_MAX];
    const struct instance *in = s->instance;
    struct session_buffers b = { 0 };
    char flags[16];

    session_addresses(s, peer, local);
    if (in->door && !s->aside) /* the door knows its own */
        in->door->look(s, &b);
    flags_of(s, &b, peer, flags);
    buf_printf(out, "id=%llu addr=%s laddr=%s fd=%d name=%s age=%llu idle=%llu flags=%s db=%u ",
               (unsigned long long)s->id, peer, local, s->net ? s->net->number : s->socket,
               text_or_empty(s->name),
               (unsigned long long)((in->turn_mono_us - s->created_us) / SECOND_US),
               (unsigned long long)((in->turn_mono_us - s->active_us) / SECOND_US), flags, s->db);
    buf_printf(
        out,
        "sub=%u psub=%u ssub=%u multi=%d qbuf=%zu qbuf-free=%zu argv-mem=0 multi-mem=%zu rbs=0 "
        "rbp=0 obl=%zu oll=%zu omem=%zu tot-mem=%zu events=%s cmd=%s user=%.*s redir=%lld "
        "resp=%u lib-name=%s lib-ver=%s\n",
        s->subscribed[PUBSUB_CHANNEL], s->subscribed[PUBSUB_PATTERN], s->subscribed[PUBSUB_SHARD],
        s->multi ? (int)s->multi->count : -1, b.query, b.query_free, s->multi ? s->multi->bytes : 0,
        b.output, b.blocks, b.output, b.memory, events_of(b.events),
        s->last ? command_full_name(s->last) : "NULL", (int)s->user->name.len,
        (const char *)s->user->name.data, s->tracker ? (long long)s->tracker->redirect : -1LL,
        s->proto, text_or_empty(s->lib_name), text_or_empty(s->lib_version));
}
