/* slowlog.c: what is kept of a slow call: one allocation. */
#include "session/slowlog.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "session/describe.h"
#include "session/secret.h"
#include "session/session.h"

enum { SECOND_US = 1000 * 1000 };

void slowlog_init(struct slowlog *log)
{
    *log = (struct slowlog){ 0 };
    list_init(&log->calls);
}

void slowlog_deinit(struct slowlog *log)
{
    slowlog_trim(log, 0);
}

/* Argument `i`, as it is shown. */
static void shorten(const struct call *c, uint32_t i, struct buf *out)
{
    struct slice arg = c->argv[i];

    if (i == SLOWLOG_ARGS - 1 && c->argc > SLOWLOG_ARGS) {
        buf_printf(out, "... (%u more arguments)", c->argc - i);
    } else if (secret_argument(c->argv, c->argc, i)) {
        buf_append(out, slice_str("(redacted)"));
    } else if (arg.len > SLOWLOG_TEXT) {
        buf_append(out, slice_of(arg.data, SLOWLOG_TEXT));
        buf_printf(out, "... (%zu more bytes)", arg.len - SLOWLOG_TEXT);
    } else {
        buf_append(out, arg);
    }
}

/* The texts behind each other in `texts`: the name, the arguments. */
static struct slow_call *make_entry(uint32_t argc, const size_t *ends, const struct buf *texts)
{
    size_t head = sizeof(struct slow_call) + argc * sizeof(struct slice);
    struct slow_call *e = mem_alloc(head + texts->len);
    uint8_t *bytes = (uint8_t *)e + head;

    *e = (struct slow_call){ .bytes = head + texts->len, .argc = argc };
    if (texts->len)
        memcpy(bytes, texts->data, texts->len);
    e->client_name = slice_of(bytes, ends[0]);
    for (uint32_t i = 0; i < argc; i++)
        e->argv[i] = slice_of(bytes + ends[i], ends[i + 1] - ends[i]);
    return e;
}

void slowlog_add(struct slowlog *log, const struct call *c, uint64_t now_us, uint64_t us,
                 uint64_t max)
{
    uint32_t argc = c->argc < SLOWLOG_ARGS ? c->argc : SLOWLOG_ARGS;
    size_t ends[SLOWLOG_ARGS + 1];
    struct buf texts = { 0 };
    struct slow_call *e;

    if (c->session->name)
        buf_append(&texts, slice_str(c->session->name));
    ends[0] = texts.len;
    for (uint32_t i = 0; i < argc; i++) {
        shorten(c, i, &texts);
        ends[i + 1] = texts.len;
    }
    e = make_entry(argc, ends, &texts);
    buf_deinit(&texts);
    session_peer(c->session, e->peer);
    e->id = log->next_id++;
    e->at_s = now_us / SECOND_US;
    e->us = us;
    list_push(log->calls.next, &e->link); /* as the newest */
    log->count++;
    log->bytes += e->bytes;
    slowlog_trim(log, max);
}

void slowlog_trim(struct slowlog *log, uint64_t max)
{
    while (log->count > max) {
        struct slow_call *e = list_item(log->calls.prev, struct slow_call, link);

        list_remove(&e->link);
        log->bytes -= e->bytes;
        log->count--;
        mem_free(e);
    }
}
