/* call.c: what every command does alike: read a head, put one, refuse. */
#include "cmd/call.h"

#include <assert.h>

#include "base/limits.h"
#include "base/num.h"
#include "cell/position.h"
#include "cmd/command.h"

/* The dispatcher has hashed the first key already, for prefetching. */
static inline struct cell_key key_of(const struct call *c, uint32_t arg)
{
    assert(arg > 0 && arg < c->argc);
    struct slice key = c->argv[arg];
    uint64_t position = (int)arg == c->row->keys.first ? c->position : position_of(key);
    return (struct cell_key){ .position = position, .key = key, .db = c->db, .kind = CELL_HEAD };
}

static void put_head(struct call *c, uint32_t arg, uint8_t type, struct slice value,
                     uint64_t expire_ms)
{
    assert(c->argv[arg].len <= LIMIT_KEY && value.len <= LIMIT_VALUE);
    struct cell cell = {
        .key = key_of(c, arg),
        .value = value,
        .type = type,
        .expire_ms = expire_ms,
        .flags = expire_ms ? CELL_EXPIRES : 0,
    };
    c->cells_written++;
    c->view->put(c->view, &cell);
}

static inline bool want_cell(struct call *c, uint32_t arg, bool value, bool *found,
                             struct cell *out)
{
    /* A command that wrote and then had to be run again would write twice. */
    assert(c->cells_written == 0);
    struct cell_key key = key_of(c, arg);
    enum view_answer answer = c->view->find(c->view, &key, value, out);
    *found = answer == VIEW_HERE;
    if (answer != VIEW_WANT)
        return true;
    c->end = CALL_WANT;
    return false;
}

bool want_head(struct call *c, uint32_t arg, bool *found, struct cell *out)
{
    return want_cell(c, arg, false, found, out);
}

bool want_value(struct call *c, uint32_t arg, bool *found, struct cell *out)
{
    return want_cell(c, arg, true, found, out);
}

bool want_string(struct call *c, uint32_t arg, bool *found, struct cell *out)
{
    if (!want_cell(c, arg, true, found, out))
        return false;
    if (!*found || out->type == CELL_STRING)
        return true;
    c->end = call_wrong_type(c);
    return false;
}

bool want_bytes(struct call *c, uint32_t arg, struct cell *head)
{
    bool found = true;

    return !(head->flags & CELL_BLOB) || want_cell(c, arg, true, &found, head);
}

void call_put_string(struct call *c, uint32_t arg, struct slice value, uint64_t expire_ms)
{
    put_head(c, arg, CELL_STRING, value, expire_ms);
}

void call_put_expiry(struct call *c, uint32_t arg, const struct cell *head, uint64_t expire_ms)
{
    /* The head borrows from the store, which may move it while it makes room for
     * the new version: hence the copy. */
    assert(c->scratch->len == 0 && !(head->flags & CELL_BLOB));
    buf_append(c->scratch, head->value);
    put_head(c, arg, head->type, buf_slice(c->scratch), expire_ms);
}

void call_delete(struct call *c, uint32_t arg)
{
    struct cell cell = { .key = key_of(c, arg), .flags = CELL_TOMBSTONE };
    c->cells_written++;
    c->view->put(c->view, &cell);
}

void call_flush(struct call *c, uint8_t db)
{
    c->cells_written++;
    c->view->flush(c->view, db);
}

bool call_still_there(struct call *c, uint32_t arg)
{
    struct cell_key key = key_of(c, arg);
    struct cell head;
    /* What this run has put is in memory.  A cell that was at hand and is not now has
     * left the cache, so nothing was put over it. */
    return c->view->find(c->view, &key, false, &head) != VIEW_ABSENT;
}

bool call_get_i64(struct call *c, uint32_t arg, int64_t *out)
{
    if (num_get_i64(c->argv[arg], out))
        return true;
    c->end = call_error(c, "value is not an integer or out of range");
    return false;
}

enum call_end call_error(struct call *c, const char *text)
{
    reply_error(c->reply, "ERR", text);
    return CALL_DONE;
}

enum call_end call_wrong_type(struct call *c)
{
    reply_error(c->reply, "WRONGTYPE", "Operation against a key holding the wrong kind of value");
    return CALL_DONE;
}

enum call_end call_syntax_error(struct call *c)
{
    return call_error(c, "syntax error");
}

enum call_end call_wrong_arguments(struct call *c)
{
    reply_errorf(c->reply, "ERR", "wrong number of arguments for '%s' command",
                 command_full_name(c->row));
    return CALL_DONE;
}
