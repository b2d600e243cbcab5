/* key_exists.c: what there is: EXISTS, TOUCH, TYPE. */
#include "cmd/families.h"

#include "cmd/type_name.h"

static const char *const sum_tips[] = { "request_policy:multi_shard", "response_policy:agg_sum",
                                        NULL };

/* A key named twice counts twice.  Nothing is evicted by age of use, so TOUCH has
 * nothing more to do. */
static enum call_end run_exists(struct call *c)
{
    bool lacking = false;
    int64_t n = 0;
    for (uint32_t i = 1; i < c->argc; i++) {
        bool found;
        struct cell head;
        lacking |= !want_head(c, i, &found, &head);
        n += found;
    }
    if (lacking)
        return c->end;
    reply_int(c->reply, n);
    return CALL_DONE;
}

static enum call_end run_type(struct call *c)
{
    bool found;
    struct cell head;
    if (!want_head(c, 1, &found, &head))
        return c->end;
    reply_status(c->reply, type_name(found ? head.type : CELL_NONE));
    return CALL_DONE;
}

const struct command key_exists_rows[] = {
    { .name = "exists",
      .arity = -2,
      .keys = { 1, -1, 1 },
      .flags = CMD_READONLY | CMD_FAST | CMD_KEYSPACE,
      .run = run_exists,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N) for N keys",
      .tips = sum_tips,
      .key_flags = "RO",
      .syntax = "key...",
      .summary = "Counts how many of the keys exist." },
    { .name = "touch",
      .arity = -2,
      .keys = { 1, -1, 1 },
      .flags = CMD_READONLY | CMD_FAST | CMD_KEYSPACE,
      .run = run_exists,
      .group = "generic",
      .since = "3.2.1",
      .complexity = "O(N) for N keys",
      .tips = sum_tips,
      .key_flags = "RO",
      .syntax = "key...",
      .summary = "Counts how many of the keys exist." },
    { .name = "type",
      .arity = 2,
      .keys = { 1, 1, 1 },
      .flags = CMD_READONLY | CMD_FAST | CMD_KEYSPACE | CMD_NO_TOUCH,
      .run = run_type,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(1)",
      .key_flags = "RO",
      .syntax = "key",
      .summary = "Names the type of a key's value." },
    { 0 },
};
