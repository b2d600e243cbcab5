/* key_rename.c: RENAME, RENAMENX: the value and the expiry go to another key, in one
 * request of two cells, so both or none of it happens. */
#include "cmd/families.h"

static enum call_end rename_key(struct call *c, bool nx)
{
    bool found, taken = false;
    struct cell head, other;
    bool known = want_head(c, 1, &found, &head);

    known &= !nx || want_head(c, 2, &taken, &other);
    if (!known)
        return c->end;
    if (!found)
        return call_error(c, "no such key");
    bool same = slice_equal(c->argv[1], c->argv[2]);
    if (!same && !taken) {
        if (!want_whole(c, 1, &head))
            return c->end;
        call_put_copy(c, 2, c->db, &head);
        call_delete(c, 1);
        call_event(c, EVENT_GENERIC, "rename_from", 1);
        call_event(c, EVENT_GENERIC, "rename_to", 2);
    }
    if (nx)
        reply_int(c->reply, !same && !taken);
    else
        reply_ok(c->reply);
    return CALL_DONE;
}

static enum call_end run_rename(struct call *c)
{
    return rename_key(c, false);
}

static enum call_end run_renamenx(struct call *c)
{
    return rename_key(c, true);
}

const struct command key_rename_rows[] = {
    { .name = "rename",
      .arity = 3,
      .keys = { 1, 2, 1 },
      .flags = CMD_WRITE | CMD_KEYSPACE,
      .run = run_rename,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N) for N bytes of its value, which is written again",
      .key_flags = "RW access delete|OW update",
      .syntax = "key newkey:key",
      .summary = "Gives a value another key, whatever that held." },
    { .name = "renamenx",
      .arity = 3,
      .keys = { 1, 2, 1 },
      .flags = CMD_WRITE | CMD_FAST | CMD_KEYSPACE,
      .run = run_renamenx,
      .group = "generic",
      .since = "1.0.0",
      .complexity = "O(N) for N bytes of its value, which is written again",
      .key_flags = "RW access delete|OW insert",
      .syntax = "key newkey:key",
      .summary = "Gives a value another key unless that exists." },
    { 0 },
};
