/* database.c: whole databases: DBSIZE, FLUSHDB, FLUSHALL. */
#include "cmd/families.h"

static const char *const sum_tips[] = { "request_policy:all_shards", "response_policy:agg_sum",
                                        NULL };
static const char *const all_tips[] = { "request_policy:all_shards",
                                        "response_policy:all_succeeded", NULL };

static enum call_end run_dbsize(struct call *c)
{
    uint64_t count;

    if (!c->view->count(c->view, c->db, &count))
        return CALL_WANT;
    reply_int(c->reply, (int64_t)count);
    return CALL_DONE;
}

/* ASYNC and SYNC are the same: a flush is one cell, what it covers is freed later. */
static enum call_end flush(struct call *c, uint8_t db)
{
    if (c->argc > 2 || (c->argc == 2 && !call_arg_is(c, 1, "async") && !call_arg_is(c, 1, "sync")))
        return call_syntax_error(c);
    call_flush(c, db);
    reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_flushdb(struct call *c)
{
    return flush(c, c->db);
}

static enum call_end run_flushall(struct call *c)
{
    return flush(c, CELL_DB_ALL);
}

const struct command database_rows[] = {
    { .name = "dbsize",
      .arity = 1,
      .flags = CMD_READONLY | CMD_FAST | CMD_KEYSPACE,
      .run = run_dbsize,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .tips = sum_tips,
      .summary = "Counts the keys of the database." },
    { .name = "flushdb",
      .arity = -1,
      .flags = CMD_WRITE | CMD_KEYSPACE | CMD_DANGEROUS,
      .run = run_flushdb,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .tips = all_tips,
      .syntax = "flush-type[ASYNC | SYNC]",
      .summary = "Deletes every key of the database." },
    { .name = "flushall",
      .arity = -1,
      .flags = CMD_WRITE | CMD_KEYSPACE | CMD_DANGEROUS,
      .run = run_flushall,
      .group = "server",
      .since = "1.0.0",
      .complexity = "O(1)",
      .tips = all_tips,
      .syntax = "flush-type[ASYNC | SYNC]",
      .summary = "Deletes every key of every database." },
    { 0 },
};
