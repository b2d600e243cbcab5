/* key_copy.c: COPY, MOVE: a value under another key, or in another database. */
#include "cmd/families.h"

#define SAME_TEXT "source and destination objects are the same"

/* What argv[1] holds, to be put under argv[to] of database `db`, whose head is asked
 * for too.  False: return c->end. */
static bool want_both(struct call *c, uint32_t to, uint8_t db, bool *found, struct cell *head,
                      bool *taken)
{
    struct cell other;
    bool known = want_head(c, 1, found, head);

    known &= want_head_in(c, to, db, taken, &other);
    return known;
}

static bool parse_copy(struct call *c, int *db, bool *replace)
{
    *db = c->db;
    *replace = false;
    for (uint32_t i = 3; i < c->argc; i++) {
        if (call_arg_is(c, i, "replace")) {
            *replace = true;
        } else if (call_arg_is(c, i, "db") && i + 1 < c->argc) {
            if (!call_get_int(c, ++i, db))
                return false;
            if (*db < 0 || *db >= c->databases) {
                call_error(c, "DB index is out of range");
                return false;
            }
        } else {
            call_syntax_error(c);
            return false;
        }
    }
    return true;
}

static enum call_end run_copy(struct call *c)
{
    int db;
    bool replace, found, taken;
    struct cell head;

    if (!parse_copy(c, &db, &replace))
        return CALL_DONE;
    if (db == c->db && slice_equal(c->argv[1], c->argv[2]))
        return call_error(c, SAME_TEXT);
    if (!want_both(c, 2, (uint8_t)db, &found, &head, &taken))
        return c->end;
    bool copies = found && (!taken || replace);
    if (copies && !want_whole(c, 1, &head))
        return c->end;
    if (!found)
        call_miss(c, 1);
    if (copies) {
        call_put_copy(c, 2, (uint8_t)db, &head);
        call_event_in(c, EVENT_GENERIC, "copy_to", 2, (uint8_t)db);
    }
    reply_int(c->reply, copies);
    return CALL_DONE;
}

static enum call_end run_move(struct call *c)
{
    int db;
    bool found, taken;
    struct cell head;

    if (!call_get_int(c, 2, &db))
        return c->end;
    if (db < 0 || db >= c->databases)
        return call_error(c, "DB index is out of range");
    if (db == c->db)
        return call_error(c, SAME_TEXT);
    if (!want_both(c, 1, (uint8_t)db, &found, &head, &taken))
        return c->end;
    bool moves = found && !taken;
    if (moves && !want_whole(c, 1, &head))
        return c->end;
    if (moves) {
        call_put_copy(c, 1, (uint8_t)db, &head);
        call_delete(c, 1);
        call_event(c, EVENT_GENERIC, "move_from", 1);
        call_event_in(c, EVENT_GENERIC, "move_to", 1, (uint8_t)db);
    }
    reply_int(c->reply, moves);
    return CALL_DONE;
}

const struct command key_copy_rows[] = {
    { .name = "copy",
      .arity = -3,
      .keys = { 1, 2, 1 },
      .flags = CMD_WRITE | CMD_DENYOOM | CMD_KEYSPACE,
      .run = run_copy,
      .group = "generic",
      .since = "6.2.0",
      .complexity = "O(N) for N bytes of the value",
      .key_flags = "RO access|OW update",
      .syntax = "source:key destination:key [DB destination-db:integer] [REPLACE]",
      .summary = "Copies a value to another key, in another database if asked to." },
    { .name = "move",
      .arity = 3,
      .keys = { 1, 1, 1 },
      .flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE,
      .run = run_move,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N) for N bytes of its value, which is written again",
      .key_flags = "RW access update",
      .syntax = "key db:integer",
      .summary = "Moves a key to another database unless it exists there." },
    { 0 },
};
