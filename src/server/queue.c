/* queue.c: a list of waiting calls, and outputs that are joined when the call
 * between them is done. */
#include "server/queue.h"

#include <assert.h>

#include "base/mem.h"
#include "cell/position.h"
#include "cmd/command.h"
#include "server/blocked.h"

struct queue *queue_new(void *owner)
{
    struct queue *q = mem_zalloc(1, sizeof *q);

    q->owner = owner;
    list_init(&q->link);
    list_init(&q->calls);
    return q;
}

static struct waiting *waiting_of(struct list *link)
{
    return list_item(link, struct waiting, link);
}

static void free_waiting(struct waiting *w, struct block_pool *pool)
{
    blocked_end(w);
    list_remove(&w->link);
    list_remove(&w->resumed);
    fetch_end(&w->fetch);
    call_forget(&w->call);
    call_drop_large(&w->call);
    reply_clear(&w->reply);
    reply_clear(&w->behind);
    held_deinit(&w->held);
    block_drop(pool, w->block);
    mem_free(w);
}

void queue_free(struct queue *q, struct block_pool *pool)
{
    if (!q)
        return;
    while (!list_empty(&q->calls))
        free_waiting(waiting_of(q->calls.next), pool);
    list_remove(&q->link);
    mem_free(q);
}

/* Of the call's keys; 0: it has none, or too many, or cannot run beside others for
 * what it is: what has no keys may change the session or see all keys, those among options are not
 * looked for, a write of several is seen whole or not at all, and what blocks, blocks. */
static uint32_t positions_of(const struct call *c, uint64_t positions[QUEUE_KEYS])
{
    uint32_t first, step, keys;

    if (!c->row || c->row->option_key || (c->row->flags & CMD_BLOCKING))
        return 0;
    keys = command_keys(c->row, c->argc, &first, &step);
    if (keys == 0 || keys > QUEUE_KEYS || (keys > 1 && (c->row->flags & CMD_WRITE)))
        return 0;
    positions[0] = c->position;
    for (uint32_t i = 1; i < keys; i++)
        positions[i] = position_of(c->argv[first + i * step]);
    return keys;
}

static uint16_t *bucket_of(struct queue *q, uint64_t position)
{
    return &q->buckets[position % QUEUE_BUCKETS];
}

static bool has_position(struct queue *q, uint64_t position)
{
    if (*bucket_of(q, position) == 0)
        return false;
    list_for_each (at, &q->calls) {
        const struct waiting *w = waiting_of(at);
        for (uint32_t i = 0; i < w->keys; i++) {
            if (w->positions[i] == position)
                return true;
        }
    }
    return false;
}

bool queue_admits(struct queue *q, const struct call *c)
{
    uint64_t positions[QUEUE_KEYS];
    uint32_t keys = positions_of(c, positions);
    bool shares = false;

    for (uint32_t i = 0; i < keys && !shares; i++)
        shares = has_position(q, positions[i]);
    if (keys && !shares && !q->barrier)
        return true;
    q->blocked = true;
    q->blocked_till_empty = keys == 0;
    return false;
}

void queue_block(struct queue *q)
{
    q->blocked = true;
    q->blocked_till_empty = true;
}

/* Arguments from the reader's own memory move into a block of their own. */
static struct block *copy_args(struct waiting *w, struct block_pool *pool)
{
    size_t bytes = 0;
    struct block *b;

    for (uint32_t i = 0; i < w->call.argc; i++)
        bytes += w->argv[i].len;
    b = block_new(pool, bytes);
    for (uint32_t i = 0; i < w->call.argc; i++) {
        struct slice *arg = &w->argv[i];
        if (arg->len)
            memcpy(b->data + b->len, arg->data, arg->len);
        arg->data = b->data + b->len;
        b->len += arg->len;
    }
    return b;
}

static bool lies_in(const struct block *b, struct slice bytes)
{
    return b && bytes.data >= b->data && bytes.data + bytes.len <= b->data + b->len;
}

struct waiting *queue_add(struct queue *q, const struct call *c, struct block *in,
                          struct block_pool *pool)
{
    struct waiting *w = mem_alloc(sizeof *w + c->argc * sizeof(struct slice));

    *w = (struct waiting){ .call = *c };
    memcpy(w->argv, c->argv, c->argc * sizeof(struct slice));
    w->call.argv = w->argv;
    w->block = lies_in(in, c->argv[0]) ? block_hold(in) : copy_args(w, pool);
    list_init(&w->resumed);
    reply_init(&w->reply, pool, c->reply->proto);
    reply_init(&w->behind, pool, c->reply->proto);
    w->call.reply = &w->reply;
    w->keys = positions_of(c, w->positions);
    for (uint32_t i = 0; i < w->keys; i++)
        ++*bucket_of(q, w->positions[i]);
    assert(!q->barrier && (w->keys || q->count == 0));
    q->barrier = w->keys == 0;
    list_push(&q->calls, &w->link);
    q->count++;
    q->unsent++;
    return w;
}

void queue_ran(struct queue *q, uint64_t gate, uint64_t turn, size_t bytes)
{
    struct waiting *w = waiting_of(q->calls.prev);

    w->behind_calls++;
    q->unsent++;
    q->bytes += bytes;
    if (gate || w->held.count)
        held_add(&w->held, gate, turn, bytes);
}

void queue_push(struct queue *q, uint64_t turn, size_t bytes)
{
    q->bytes += bytes;
    held_push(&waiting_of(q->calls.prev)->held, turn, bytes);
}

void queue_overtake(struct queue *q, struct reply *out, struct held *out_held)
{
    struct waiting *w = waiting_of(q->calls.next);

    assert(q->count == 1 && w->behind_calls == 0);
    q->bytes -= w->behind.bytes;
    held_append(out_held, &w->held, w->behind.bytes - w->held.bytes, 0);
    reply_append(out, &w->behind);
}

static void join(struct waiting *w, uint64_t gate, uint64_t turn, struct reply *out,
                 struct held *held)
{
    uint32_t free_calls = w->behind_calls - w->held.calls;
    size_t free_bytes = w->behind.bytes - w->held.bytes;

    if (gate || held->count)
        held_add(held, gate, turn, w->reply.bytes);
    held_append(held, &w->held, free_bytes, free_calls);
    reply_append(out, &w->reply);
    reply_append(out, &w->behind);
}

bool queue_finish(struct queue *q, struct waiting *w, uint64_t gate, uint64_t turn,
                  struct reply *out, struct held *out_held)
{
    bool first = w->link.prev == &q->calls;
    bool again;

    q->bytes += w->reply.bytes;
    q->count--;
    if (first) {
        q->bytes -= w->reply.bytes + w->behind.bytes;
        q->unsent -= 1 + w->behind_calls;
        join(w, gate, turn, out, out_held);
    } else {
        struct waiting *before = waiting_of(w->link.prev);
        before->behind_calls += 1 + w->behind_calls;
        join(w, gate, turn, &before->behind, &before->held);
    }
    for (uint32_t i = 0; i < w->keys; i++)
        --*bucket_of(q, w->positions[i]);
    free_waiting(w, out->pool);
    q->barrier = false;
    again = q->blocked && (!q->blocked_till_empty || q->count == 0);
    if (again)
        q->blocked = false;
    return again;
}

uint32_t queue_fail(struct queue *q, uint64_t acked, const char *text)
{
    uint32_t failed = 0;

    q->bytes = 0;
    list_for_each (at, &q->calls) {
        struct waiting *w = waiting_of(at);
        call_forget(&w->call); /* it may have found what is undone */
        failed += held_fail(&w->held, acked, &w->behind, text);
        q->bytes += w->behind.bytes;
    }
    return failed;
}

bool queue_check(const struct queue *q)
{
    uint32_t count = 0, unsent = 0, keys = 0, in_buckets = 0;
    size_t bytes = 0;

    list_for_each (at, &q->calls) {
        const struct waiting *w = waiting_of(at);
        if (!held_check(&w->held, &w->behind) || !reply_check(&w->behind) || w->reply.bytes ||
            w->held.calls > w->behind_calls)
            return false;
        count++;
        unsent += 1 + w->behind_calls;
        bytes += w->behind.bytes;
        keys += w->keys;
    }
    for (size_t i = 0; i < QUEUE_BUCKETS; i++)
        in_buckets += q->buckets[i];
    return count == q->count && unsent == q->unsent && bytes == q->bytes && keys == in_buckets &&
           (!q->barrier || count == 1);
}
