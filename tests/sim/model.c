/* model.c: each operation's effect on a key, and the answer it must have had. */
#include "sim/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* The server counts milliseconds, and stamps may run a little ahead. */
enum { CLOCK_SLACK_US = 5000 };

static const struct model_state absent = { 0, 0, 0 };

static uint64_t now_least(const struct history *h, const struct op *op, uint64_t until_us)
{
    return sim_clock_least(h->clock, op->asked_us, until_us);
}

/* It never goes behind a stamp it has given out. */
static uint64_t now_most(const struct history *h, uint64_t until_us)
{
    return sim_clock_greatest(h->clock, 0, until_us) + CLOCK_SLACK_US;
}

bool model_may_live(const struct history *h, const struct model_state *s, const struct op *op,
                    uint64_t until_us)
{
    return !s->expires_most || now_least(h, op, until_us) < s->expires_most + CLOCK_SLACK_US;
}

bool model_may_be_expired(const struct history *h, const struct model_state *s, const struct op *op,
                          uint64_t until_us)
{
    (void)op;
    return s->value && s->expires_most && now_most(h, until_us) >= s->expires_least;
}

static void set_expiry(const struct history *h, const struct op *op, uint64_t until_us,
                       struct model_state *s)
{
    uint64_t ms = (uint64_t)op->ms;

    if (op->flags & OP_PXAT) {
        s->expires_least = s->expires_most = ms * 1000;
    } else {
        s->expires_least = now_least(h, op, until_us) + ms * 1000 - CLOCK_SLACK_US;
        s->expires_most = now_most(h, until_us) + ms * 1000;
    }
}

static bool text_answer(const struct op *op, uint32_t expected)
{
    return op->outcome != OP_OK || op->reply_texts[0] == expected;
}

static bool int_answer(const struct op *op, int64_t expected)
{
    return op->outcome != OP_OK || op->reply_int == expected;
}

static bool apply_set(const struct history *h, const struct op *op, uint64_t until_us,
                      struct model_state *s)
{
    bool does = !(op->flags & (OP_NX | OP_XX)) || ((op->flags & OP_XX) != 0) == (s->value != 0);
    struct model_state old = *s;

    if (op->outcome == OP_OK && (op->flags & OP_WITH_GET)) {
        if (op->reply_texts[0] != old.value)
            return false;
    } else if (op->outcome == OP_OK && op->reply_null == does) {
        return false;
    }
    if (!does)
        return true;
    *s = absent;
    s->value = op->values[0];
    if (op->flags & (OP_PX | OP_PXAT)) {
        set_expiry(h, op, until_us, s);
    } else if ((op->flags & OP_KEEPTTL) && old.value) {
        s->expires_least = old.expires_least;
        s->expires_most = old.expires_most;
    }
    return true;
}

static bool apply_incr(struct history *h, const struct op *op, struct model_state *s)
{
    struct slice t = history_text_of(h, s->value);
    char text[32] = "0";
    long long v;

    if (t.len && t.len < sizeof text) {
        memcpy(text, t.data, t.len);
        text[t.len] = '\0';
    }
    v = strtoll(text, NULL, 10) + (long long)op->number;
    snprintf(text, sizeof text, "%lld", v);
    s->value = history_text(h, slice_str(text));
    return int_answer(op, v);
}

static bool apply_append(struct history *h, const struct op *op, struct model_state *s)
{
    struct buf text = { 0 };

    buf_append(&text, history_text_of(h, s->value));
    buf_append(&text, history_text_of(h, op->values[0]));
    s->value = history_text(h, buf_slice(&text));
    buf_deinit(&text);
    return int_answer(op, (int64_t)history_text_of(h, s->value).len);
}

/* Of several keys only the number of those that were there is known. */
static bool apply_del(const struct op *op, struct model_state *s)
{
    bool was = s->value != 0;

    *s = absent;
    if (op->outcome != OP_OK)
        return true;
    if (op->key_count == 1)
        return op->reply_int == was;
    return was ? op->reply_int >= 1 : op->reply_int < op->key_count;
}

static bool apply_expiry(const struct history *h, const struct op *op, uint64_t until_us,
                         struct model_state *s)
{
    if (op->kind == OP_PEXPIRE) {
        bool was = s->value != 0;

        if (was)
            set_expiry(h, op, until_us, s);
        return int_answer(op, was);
    }
    if (op->kind == OP_PERSIST) {
        bool had = s->value && s->expires_most;

        s->expires_least = s->expires_most = 0;
        return int_answer(op, had);
    }
    if (op->outcome != OP_OK)
        return true;
    if (!s->value || !s->expires_most)
        return op->reply_int == (s->value ? -1 : -2);
    return op->reply_int >= 0;
}

static bool set_to(struct model_state *s, uint32_t value)
{
    *s = absent;
    s->value = value;
    return true;
}

/* All its operations on one key, `i` of all keys of all databases. */
static bool apply_exec(struct history *h, const struct op *exec, int i, uint64_t until_us,
                       struct model_state *s)
{
    for (unsigned n = 0; n < exec->sub_count; n++) {
        const struct op *op = exec->subs[n];
        int at = op_touches(op, (unsigned)i / SIM_KEYS, (unsigned)i % SIM_KEYS);

        if (at >= 0 && !model_apply(h, op, at, until_us, s))
            return false;
    }
    return true;
}

bool model_apply(struct history *h, const struct op *op, int i, uint64_t until_us,
                 struct model_state *s)
{
    uint32_t old = s->value;

    switch (op->kind) {
    case OP_GET:
        return text_answer(op, old);
    case OP_MGET:
        return op->outcome != OP_OK || op->reply_texts[i] == old;
    case OP_EXISTS:
        return int_answer(op, old != 0);
    case OP_SET:
        return apply_set(h, op, until_us, s);
    case OP_MSET:
        return set_to(s, op->values[i]);
    case OP_SETNX:
        return int_answer(op, !old) && (old || set_to(s, op->values[0]));
    case OP_GETSET:
        return text_answer(op, old) && set_to(s, op->values[0]);
    case OP_GETDEL:
        return text_answer(op, old) && set_to(s, 0);
    case OP_DEL:
        return apply_del(op, s);
    case OP_INCR:
        return apply_incr(h, op, s);
    case OP_APPEND:
        return apply_append(h, op, s);
    case OP_PEXPIRE:
    case OP_PERSIST:
    case OP_PTTL:
        return apply_expiry(h, op, until_us, s);
    case OP_FLUSHDB:
    case OP_FLUSHALL:
        return set_to(s, 0);
    case OP_EXEC:
        return apply_exec(h, op, i, until_us, s);
    default:
        return true;
    }
}
