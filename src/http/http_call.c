/* http_call.c: a request as a call of a command: run in its turn, again when what it
 * lacked has come, and held until the log has what it rests on. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "http/http_state.h"
#include "node/request.h"

static struct lsm *lsm_of(const struct http_request *r)
{
    return node_lsm(r->http->instance->node);
}

/* The words of the command.  A value that came in pieces is empty here.  HEAD is admitted
 * as what it stands for, GET. */
static void make_call(struct http_request *r)
{
    static const char *const names[] = { "get", "get", "set", "del" };
    struct call_large *large = r->call.large;
    uint32_t n = 0;

    r->argv[n++] = slice_str(names[r->method]);
    r->argv[n++] = buf_slice(&r->target.key);
    if (r->method == HTTP_PUT)
        r->argv[n++] = buf_slice(&r->body);
    if (r->method == HTTP_PUT && r->ttl_ms) {
        snprintf(r->ttl_text, sizeof r->ttl_text, "%llu", (unsigned long long)r->ttl_ms);
        r->argv[n++] = slice_str("px");
        r->argv[n++] = slice_str(r->ttl_text);
    }
    r->call = (struct call){
        .argv = r->argv, .argc = n, .reply = &r->reply, .outcome = &r->outcome, .large = large
    };
    r->call.levels = (struct levels){ r->level, r->level };
    r->call.levels_said = r->level_said;
    r->call.row = command_find(r->http->instance->commands, r->argv[0]);
    node_prepare(r->http->instance->node, &r->call, 1);
}

/* HEAD was admitted, and answers without the value: nothing of it is read. */
static void ask_for_length(struct http_request *r)
{
    r->argv[0] = slice_str("strlen");
    r->call.row = command_find(r->http->instance->commands, r->argv[0]);
}

/* Refused with the error of RESP's reply. */
static bool admits(struct http_request *r, struct call *c)
{
    bool admitted = session_admit(&r->client->session, c);

    if (!admitted)
        http_refuse_by_reply(r);
    reply_clear(&r->reply);
    return admitted;
}

bool http_call_admits(struct http_request *r)
{
    make_call(r);
    return admits(r, &r->call);
}

bool http_metrics_admitted(struct http_request *r)
{
    struct slice info = slice_str("info");
    struct call c = { .argv = &info, .argc = 1, .reply = &r->reply };

    return admits(r, &c);
}

static bool is_write(const struct http_request *r)
{
    return r->method == HTTP_PUT || r->method == HTTP_DELETE;
}

/* The log is well but cannot take this write yet. */
static bool log_is_full(const struct http_request *r)
{
    size_t bytes = r->body.len + r->target.key.len + sizeof r->argv / sizeof *r->argv * 64;

    return is_write(r) && lsm_state(lsm_of(r)) == LSM_READY && !lsm_can_put(lsm_of(r), bytes);
}

/* CLIENT PAUSE keeps it, or too much waits to be told of what is written. */
static bool is_held_up(struct http_request *r)
{
    const struct session *s = &r->client->session;

    if (!r->call.row)
        make_call(r);
    return session_paused(s, r->call.row) ||
           (is_write(r) && (s->instance->special & INSTANCE_CROWDED));
}

/* Answers take memory until they have left; if they had all of it that replies may have,
 * clients of the RESP door would be cut off for it. */
static bool memory_left(struct http_request *r)
{
    const struct instance *in = r->http->instance;

    if (is_write(r) || (instance_held_memory(in) <= in->memory_max &&
                        in->blocks.used_bytes <= instance_blocks_max(in) / 2))
        return true;
    reply_error(&r->reply, "OOM", "command not allowed when used memory > 'maxmemory'.");
    return false;
}

static void on_fetched(struct fetch *f)
{
    struct http_request *r = list_item(f, struct http_request, fetch);

    list_push(&r->http->resumed, &r->queued_in);
}

static enum call_end run_first(struct http_request *r)
{
    struct instance *in = r->http->instance;
    enum call_end end;

    make_call(r);
    fetch_init(&r->fetch, on_fetched);
    r->client->session.commands++;
    if (!memory_left(r) || !session_admit(&r->client->session, &r->call) ||
        !intake_is_whole(&r->call)) {
        account_rejected(&in->account, &r->call, r->reply.errors);
        return CALL_DONE;
    }
    if (r->method == HTTP_HEAD)
        ask_for_length(r);
    account_batch(&in->account);
    end = account_run(&in->account, in->node, &r->call, &r->reply, r->reply.errors);
    account_settle(&in->account);
    account_stale(&in->account);
    return end;
}

static enum call_end run_again(struct http_request *r)
{
    struct instance *in = r->http->instance;

    if (session_admit_again(&r->client->session, &r->call))
        return account_run_again(&in->account, in->node, &r->call, &r->fetch);
    request_move(&r->call, CALL_FAILED);
    account_rejected(&in->account, &r->call, r->reply.errors);
    return CALL_DONE;
}

static void wait_on(struct http_request *r, enum call_end end)
{
    struct http *http = r->http;

    assert(end == CALL_WANT || end == CALL_LATER || end == CALL_ROOM);
    reply_clear(&r->reply);
    r->stage = HTTP_WAITING;
    if (end == CALL_WANT) {
        node_fetch(http->instance->node, &r->call, &r->fetch);
        return;
    }
    node_pause(http->instance->node, &r->call, &r->fetch);
    list_push(end == CALL_ROOM ? &http->parked : &http->slices, &r->queued_in);
}

static void finish(struct http_request *r)
{
    struct http *http = r->http;

    fetch_end(&r->fetch);
    call_drop_large(&r->call);
    buf_deinit(&r->body);
    r->stage = HTTP_DONE;
    if (r->call.gate <= node_acked(http->instance->node))
        return;
    r->stage = HTTP_HELD;
    list_push(&http->holding, &r->queued_in);
}

void http_call(struct http_request *r)
{
    enum call_end end;

    assert(r->stage == HTTP_CALL || r->stage == HTTP_WAITING);
    if (log_is_full(r) || is_held_up(r)) { /* a write that has waited is one, too */
        list_push(&r->http->parked, &r->queued_in);
        return;
    }
    end = r->stage == HTTP_CALL ? run_first(r) : run_again(r);
    r->http->instance->door->ran(r->http->instance, &r->client->session, &r->call, end);
    if (end == CALL_DONE)
        finish(r);
    else
        wait_on(r, end);
}

void http_call_free(struct http_request *r)
{
    if (r->stage == HTTP_WAITING)
        fetch_end(&r->fetch);
    call_drop_large(&r->call);
}
