/* key_delete.c: DEL and UNLINK, which are one: a tombstone costs the same for
 * every value, and what it covers is freed later. */
#include "cmd/families.h"

static const char *const sum_tips[] = { "request_policy:multi_shard", "response_policy:agg_sum",
                                        NULL };

static enum call_end run_del(struct call *c)
{
    bool lacking = false;
    bool found;
    struct cell old;
    for (uint32_t i = 1; i < c->argc; i++) {
        lacking |= !want_head(c, i, &found, &old);
        if (c->argc > 2)
            buf_append_byte(c->scratch, found);
    }
    if (lacking)
        return c->end;
    if (c->argc == 2) {
        if (found) {
            call_delete(c, 1);
            call_event(c, EVENT_GENERIC, "del", 1);
        }
        reply_int(c->reply, found);
        return CALL_DONE;
    }
    int64_t deleted = 0;
    for (uint32_t i = 1; i < c->argc; i++) {
        /* a key named twice is deleted once */
        if (!c->scratch->data[i - 1] || !call_still_there(c, i))
            continue;
        call_delete(c, i);
        call_event(c, EVENT_GENERIC, "del", i);
        deleted++;
    }
    reply_int(c->reply, deleted);
    return CALL_DONE;
}

const struct command key_delete_rows[] = {
    { .name = "del",
      .arity = -2,
      .keys = { 1, -1, 1 },
      .flags = CMD_WRITE | CMD_KEYSPACE,
      .run = run_del,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N) for N keys",
      .tips = sum_tips,
      .key_flags = "RM delete",
      .syntax = "key...",
      .summary = "Deletes keys and counts those that were there." },
    { .name = "unlink",
      .arity = -2,
      .keys = { 1, -1, 1 },
      .flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE,
      .run = run_del,
      .group = "generic",
      .since = "4.0.0",
      .complexity = "O(N) for N keys",
      .tips = sum_tips,
      .key_flags = "RM delete",
      .syntax = "key...",
      .summary = "The same as DEL, which never waits here either." },
    { 0 },
};
