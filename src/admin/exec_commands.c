/* exec_commands.c: EXEC: the queued calls in order, as one request.
 *
 * They run over one view with an overlay of their own writes (overlay.h).  If one of
 * them lacks cells, the others are run all the same to learn what they lack, nothing is
 * written, and all of it is run again from the first call.  Calls that do something else
 * than read and write cells cannot run twice: their answers are kept, and so are those of
 * calls that took several slices (KEYS, LCS).  If such a call has others behind it, a rehearsal
 * without it comes first, so that it runs when hardly anything can be lacking any more.
 * What calls have to tell goes the way of their answers: cut off where these are, kept with
 * those that are kept. */
#include <assert.h>
#include <string.h>

#include "admin/admin_rows.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/planted.h"
#include "cmd/gather.h"
#include "cmd/overlay.h"
#include "session/acl.h"
#include "session/session.h"

struct exec {
    struct call *c; /* EXEC itself */
    struct session *s;
    struct multi *m;
    struct overlay overlay;
    size_t blocks; /* bytes of the pool's blocks when it began */
    bool rehearses;
    bool lacks; /* some call did: what follows only learns what it lacks */
};

static enum call_end abort_for(struct call *c, const char *why)
{
    reply_errorf(c->reply, "EXECABORT", "Transaction discarded because of: %s", why);
    return CALL_DONE;
}

/* Whether the store takes what all the calls together are.  False: replied. */
static bool store_takes(struct call *c, const struct multi *m)
{
    unsigned flags = (m->any & (CMD_WRITE | CMD_DENYOOM)) | (m->every & CMD_LOADING);
    struct slice part = { 0 };
    struct reply refusal;
    char why[600];
    bool takes;

    reply_init(&refusal, c->reply->pool, 2);
    takes = session_takes(c->session, flags, &refusal);
    if (!takes && reply_parts(&refusal, refusal.bytes, &part, 1) == 1 && part.len > 3) {
        size_t len = part.len - 3 < sizeof why - 1 ? part.len - 3 : sizeof why - 1;

        memcpy(why, part.data + 1, len); /* without '-' and CR LF */
        why[len] = '\0';
        abort_for(c, why);
    }
    reply_clear(&refusal);
    return takes;
}

static struct call call_of(struct exec *e, struct queued *q)
{
    struct call *c = e->c;

    c->scratch->len = 0;
    /* Without want_max: what it reads, it reads at one moment, however much. */
    return (struct call){
        .row = q->row,
        .argv = q->argv,
        .argc = q->argc,
        .db = e->rehearses ? q->db : e->s->db,
        .state = CALL_RUNNING,
        .view = &e->overlay.view,
        .reply = c->reply,
        .scratch = c->scratch,
        .session = e->s,
        .now_us = c->now_us,
        .position = q->position,
        .random = q->random,
        .gather = q->gather,
        .save = q->save,
        .whole_max = c->whole_max,
        .databases = c->databases,
        .block = { .never = true },
        .no_touch = c->no_touch,
        .heard = c->heard,
        .events = c->events,
    };
}

/* Wants the keys the call names: one fetch gets them all.  True: some are lacking. */
static bool want_keys(struct exec *e, const struct call *sub)
{
    uint32_t first, step, keys = command_keys(sub->row, sub->argc, &first, &step);
    bool lacks = false;

    for (uint32_t i = first; keys > 0; keys--, i += step) {
        struct cell_key key = cell_head_key(sub->db, sub->argv[i]);
        struct cell head;

        lacks |= e->overlay.view.find(&e->overlay.view, &key, WANT_CELL, &head) == VIEW_WANT;
    }
    return lacks;
}

/* How much has been told so far. */
static size_t told(const struct exec *e)
{
    return e->c->events ? e->c->events->noted.len : 0;
}

static void untell(struct exec *e, size_t mark)
{
    if (e->c->events)
        e->c->events->noted.len = mark;
}

/* The bytes of `r`, as the answer that stays, and what was told from `mark` on. */
static void keep_answer(struct exec *e, struct queued *q, struct reply *r, size_t mark)
{
    struct queued_answer *a = mem_zalloc(1, sizeof *a);
    struct slice part;
    struct reply copied;

    reply_init(&copied, r->pool, r->proto);
    while (r->bytes && reply_parts(r, r->bytes, &part, 1) == 1) {
        buf_append(&a->bytes, part);
        reply_move(&copied, r, part.len);
    }
    copied.errors = r->errors;
    if (told(e) > mark)
        buf_append(&a->notes, slice_of(e->c->events->noted.data + mark, told(e) - mark));
    a->errors = r->errors;
    a->db = e->s->db;
    a->proto = e->s->proto;
    q->answer = a;
    reply_append(e->c->reply, &copied);
    reply_clear(r);
}

/* What it rested on may still be on its way to the log, and is not newer than all there
 * is now. */
static void answer_again(struct exec *e, const struct queued *q)
{
    uint64_t keys;

    (void)e->c->view->count(e->c->view, e->s->db, &keys);
    reply_raw(e->c->reply, buf_slice(&q->answer->bytes));
    if (q->answer->notes.len)
        buf_append(&e->c->events->noted, buf_slice(&q->answer->notes));
    e->c->reply->errors += q->answer->errors;
    if (multi_is_data(q->row))
        return;
    e->s->db = q->answer->db;
    e->s->proto = q->answer->proto;
}

/* Runs it, and notes what account.h wants to know of that. */
static enum call_end run_row(struct exec *e, struct queued *q, struct call *sub)
{
    struct account *account = &e->s->instance->account;
    struct clock *clock = e->s->instance->env->clock;
    uint64_t errors = sub->reply->errors, began;
    enum call_end end;

    q->alone = account_is_alone(account, q->row, q->argc);
    began = q->alone ? clock_mono_us(clock) : 0;
    end = q->row->run(sub);
    if (q->alone)
        q->ran_us += (uint32_t)(clock_mono_us(clock) - began);
    q->failed = sub->reply->errors != errors;
    q->error = q->failed ? (uint8_t)account_code(account, sub->reply->error_code) : 0;
    return end;
}

/* Runs a call into a reply of its own, and keeps that when it is done. */
static enum call_end run_once(struct exec *e, struct queued *q)
{
    struct call sub = call_of(e, q);
    size_t mark = told(e);
    struct reply own;
    enum call_end end;

    reply_init(&own, e->c->reply->pool, e->s->proto);
    sub.reply = &own;
    end = run_row(e, q, &sub);
    q->gather = sub.gather;
    q->save = sub.save;
    if (end == CALL_DONE)
        keep_answer(e, q, &own, mark);
    else
        reply_clear(&own);
    return end;
}

static enum call_end run_data(struct exec *e, struct queued *q)
{
    struct call sub = call_of(e, q);
    enum call_end end;

    /* It sees all keys, or goes on with what it has seen, and would not see that right. */
    if (e->lacks && (q->row->keys.first <= 0 || q->sliced))
        return CALL_DONE;
    if (q->sliced)
        return run_once(e, q);
    sub.reply->proto = e->s->proto;
    /* Who listens to new keys wants to know of each key whether it was there before. */
    if ((sub.heard & EVENT_NEW) && (q->row->flags & CMD_WRITE) && want_keys(e, &sub))
        return CALL_WANT;
    end = run_row(e, q, &sub);
    if (e->lacks && end == CALL_LATER) {
        call_forget(&sub);
        end = CALL_DONE;
    }
    q->gather = sub.gather;
    if (end == CALL_WANT)
        want_keys(e, &sub);
    if (end == CALL_LATER && q->gather)
        q->sliced = true;
    return end;
}

/* Whether the user may run it is asked once, when it is to run: those in front of it may
 * have changed the rules, or who is logged in.  True: not, which is answered. */
static bool is_refused(struct exec *e, struct queued *q)
{
    struct call sub;
    struct reply refusal;

    if (q->permitted || q->refused || e->rehearses || e->lacks)
        return false;
    sub = call_of(e, q);
    reply_init(&refusal, e->c->reply->pool, e->s->proto);
    sub.reply = &refusal;
    q->permitted = acl_permit_queued(&sub);
    q->refused = !q->permitted;
    if (q->refused) {
        multi_drop_answer(q); /* a rehearsal's */
        q->error = (uint8_t)account_code(&e->s->instance->account, refusal.error_code);
        keep_answer(e, q, &refusal, told(e));
    }
    return q->refused;
}

static enum call_end run_queued(struct exec *e, struct queued *q)
{
    bool effect = !multi_is_data(q->row);
    enum call_end end;

    if (effect && (e->rehearses || e->lacks))
        return CALL_DONE;
    if (is_refused(e, q))
        return CALL_DONE;
    if (!e->rehearses && !e->lacks)
        q->db = e->s->db;
    if (q->answer) {
        answer_again(e, q);
        return CALL_DONE;
    }
    end = effect ? run_once(e, q) : run_data(e, q);
    assert(end == CALL_DONE || end == CALL_WANT || end == CALL_LATER || end == CALL_TLS);
    if (PLANTED(exec_two_frames) && !e->rehearses && end == CALL_DONE && e->overlay.count) {
        overlay_settle(&e->overlay);
        lsm_commit(node_lsm(e->s->instance->node));
    }
    return end;
}

/* False: what it writes or answers is more than there is room for, or it takes too long, which
 * is replied. */
static bool has_room(struct exec *e, struct reply_mark begin, size_t told_before)
{
    size_t blocks = e->c->reply->pool->used_bytes;
    const char *why = NULL;

    if (e->overlay.full)
        why = "OOM it writes more than can be held at once";
    else if (e->overlay.visits > LIMIT_EXEC_VISITS)
        why = "ERR it looks through what it has written too often";
    else if (blocks > e->blocks && blocks - e->blocks > e->c->whole_max)
        why = "OOM it answers more than can be held at once";
    if (!why)
        return true;
    reply_cut(e->c->reply, begin);
    untell(e, told_before);
    abort_for(e->c, why);
    return false;
}

enum pass_end {
    PASS_WHOLE,
    PASS_AGAIN,   /* return what `end` says */
    PASS_REFUSED, /* replied */
};

/* All calls, once.  Of a rehearsal nothing stays. */
static enum pass_end run_pass(struct exec *e, bool rehearses, enum call_end *end)
{
    struct reply_mark begin = reply_mark(e->c->reply);
    size_t told_begin = told(e);

    e->rehearses = rehearses;
    e->lacks = false;
    if (!rehearses) {
        e->s->db = e->m->first_db;
        e->s->proto = e->m->first_proto;
        reply_array(e->c->reply, e->m->count);
    }
    for (uint32_t i = 0; i < e->m->count; i++) {
        struct reply_mark before = reply_mark(e->c->reply);
        size_t told_before = told(e);

        *end = run_queued(e, e->m->calls[i]);
        if (*end == CALL_LATER || *end == CALL_TLS)
            return PASS_AGAIN;
        e->lacks = e->lacks || *end == CALL_WANT;
        if (!has_room(e, begin, told_begin))
            return PASS_REFUSED;
        if (e->lacks || rehearses) {
            reply_cut(e->c->reply, before);
            untell(e, told_before);
        }
    }
    *end = CALL_WANT;
    return e->lacks ? PASS_AGAIN : PASS_WHOLE;
}

static enum call_end run_calls(struct exec *e)
{
    bool rehearse = e->m->mixed || PLANTED(exec_two_frames);
    enum pass_end pass = PASS_WHOLE;
    enum call_end end = CALL_DONE;

    if (rehearse) {
        pass = run_pass(e, true, &end);
        overlay_clear(&e->overlay);
    }
    if (pass == PASS_WHOLE)
        pass = run_pass(e, false, &end);
    if (pass == PASS_WHOLE)
        overlay_settle(&e->overlay);
    e->m->whole = pass == PASS_WHOLE;
    return pass == PASS_AGAIN ? end : CALL_DONE;
}

static enum call_end run_exec(struct call *c)
{
    size_t most = c->whole_max < LIMIT_EXEC_BYTES ? c->whole_max : LIMIT_EXEC_BYTES;
    struct exec e = { .c = c, .s = c->session, .m = c->session->multi };
    enum view_answer unchanged;
    enum call_end end;

    if (!e.m)
        return call_error(c, "EXEC without MULTI");
    e.m->running = true; /* until it is answered */
    if (!store_takes(c, e.m))
        return CALL_DONE;
    if (e.m->broken) {
        reply_error(c->reply, "EXECABORT", "Transaction discarded because of previous errors.");
        return CALL_DONE;
    }
    unchanged = multi_unchanged(c);
    if (unchanged == VIEW_WANT)
        return CALL_WANT;
    if (unchanged == VIEW_ABSENT && !PLANTED(watch_ignored)) {
        reply_null_array(c->reply);
        return CALL_DONE;
    }
    e.blocks = c->reply->pool->used_bytes;
    overlay_init(&e.overlay, c->view, call_now_ms(c), most);
    end = run_calls(&e);
    overlay_deinit(&e.overlay);
    return end;
}

const struct command exec_commands[] = {
    { .name = "exec",
      .arity = 1,
      .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_SKIP_SLOWLOG | CMD_IN_MULTI,
      .run = run_exec,
      .group = "transactions",
      .since = "1.2.0",
      .complexity = "As its commands",
      .summary = "Runs the transaction's commands: all of them and nothing between." },
    { 0 },
};
