/* call.c: what every command does alike: read a head, put one, refuse. */
#include "cmd/call.h"

#include <assert.h>

#include "base/limits.h"
#include "base/num.h"
#include "cell/position.h"
#include "cmd/command.h"
#include "cmd/gather.h"

/* The dispatcher has hashed the first key already, for prefetching. */
static inline struct cell_key key_in(const struct call *c, uint32_t arg, uint8_t db)
{
    assert(arg > 0 && arg < c->argc);
    struct slice key = c->argv[arg];
    uint64_t position = (int)arg == c->row->keys.first ? c->position : position_of(key);
    return (struct cell_key){ .position = position, .key = key, .db = db, .kind = CELL_HEAD };
}

static inline struct cell_key key_of(const struct call *c, uint32_t arg)
{
    return key_in(c, arg, c->db);
}

void call_put_cell(struct call *c, const struct cell *cell)
{
    c->cells_written++;
    c->view->put(c->view, cell);
}

static inline void put_head(struct call *c, const struct cell_key *key, uint8_t type, uint8_t parts,
                            struct slice value, uint64_t expire_ms)
{
    assert(key->key.len <= LIMIT_KEY && value.len <= LIMIT_VALUE);
    struct cell cell = {
        .key = *key,
        .value = value,
        .type = type,
        .expire_ms = expire_ms,
        .flags = (uint8_t)((expire_ms ? CELL_EXPIRES : 0) | parts),
    };
    call_put_cell(c, &cell);
}

static void note_new(struct call *c, const struct cell_key *key)
{
    if (c->heard & EVENT_NEW)
        events_note(c->events, NOTE_EVENT, key->db, slice_str("new"), key->key);
}

/* A key that is not there is about to be. */
static void note_if_new(struct call *c, const struct cell_key *key)
{
    struct cell old;

    if (c->view->find(c->view, key, WANT_CELL, &old) == VIEW_ABSENT)
        note_new(c, key);
}

/* What a client wanted to read is not there; OBJECT only looks. */
static void note_miss(struct call *c, const struct cell_key *key)
{
    if ((c->heard & EVENT_MISS) && (c->row->flags & CMD_READONLY) && !c->row->full)
        events_note(c->events, NOTE_EVENT, key->db, slice_str("keymiss"), key->key);
}

static inline bool want_cell(struct call *c, struct cell_key key, enum want_kind kind, bool *found,
                             struct cell *out)
{
    /* A command that wrote and then had to be run again would write twice. */
    assert(c->cells_written == 0);
    enum view_answer answer = c->view->find(c->view, &key, kind, out);
    *found = answer == VIEW_HERE;
    if (answer == VIEW_ABSENT)
        note_miss(c, &key);
    if (answer != VIEW_WANT)
        return true;
    c->end = CALL_WANT;
    return false;
}

bool want_head(struct call *c, uint32_t arg, bool *found, struct cell *out)
{
    return want_cell(c, key_of(c, arg), WANT_CELL, found, out);
}

bool want_head_in(struct call *c, uint32_t arg, uint8_t db, bool *found, struct cell *out)
{
    return want_cell(c, key_in(c, arg, db), WANT_CELL, found, out);
}

bool want_value(struct call *c, uint32_t arg, bool *found, struct cell *out)
{
    return want_cell(c, key_of(c, arg), WANT_VALUE, found, out);
}

bool want_text(struct call *c, uint32_t arg, bool *found, struct cell *out)
{
    if (!want_cell(c, key_of(c, arg), WANT_VALUE, found, out))
        return false;
    if (!*found || out->type == CELL_STRING)
        return true;
    c->end = call_wrong_type(c);
    return false;
}

bool want_again(struct call *c, uint32_t arg, struct cell *head)
{
    bool found = true;

    if ((head->flags & CELL_PARTS) && !c->view->firm(c->view, head)) {
        c->end = CALL_LATER;
        return false;
    }
    return !(head->flags & CELL_BLOB) || want_cell(c, key_of(c, arg), WANT_VALUE, &found, head);
}

bool want_whole_of(struct call *c, const struct cell_key *key, struct cell *head)
{
    bool found = true;

    if (head->flags & CELL_BLOB)
        return want_cell(c, *key, WANT_VALUE, &found, head);
    if (!(head->flags & CELL_PARTS))
        return true;
    if (cell_parts_length(head) > c->whole_max) {
        reply_error(c->reply, "OOM", "command not allowed when used memory > 'maxmemory'.");
        c->end = CALL_DONE;
        return false;
    }
    return want_cell(c, *key, WANT_WHOLE, &found, head);
}

bool want_whole(struct call *c, uint32_t arg, struct cell *head)
{
    struct cell_key key = key_of(c, arg);

    return want_whole_of(c, &key, head);
}

void call_put_string(struct call *c, uint32_t arg, struct slice value, uint64_t expire_ms)
{
    struct cell_key key = key_of(c, arg);

    if (c->heard & EVENT_NEW)
        note_if_new(c, &key);
    put_head(c, &key, CELL_STRING, 0, value, expire_ms);
}

void call_put_argument(struct call *c, uint32_t arg, uint32_t value_arg, uint64_t expire_ms)
{
    const struct call_large *l = c->large;

    while (l && l->arg != value_arg)
        l = l->next;
    if (l) {
        struct cell_key key = key_of(c, arg);
        if (c->heard & EVENT_NEW)
            note_if_new(c, &key);
        put_head(c, &key, CELL_STRING, CELL_PARTS, l->parts, expire_ms);
    } else {
        call_put_string(c, arg, c->argv[value_arg], expire_ms);
    }
}

bool call_reply_range(struct call *c, const struct cell *head, size_t first, size_t len)
{
    assert(first + len <= cell_value_length(head));
    if (!(head->flags & (CELL_PARTS | CELL_BLOB)) || len == 0) {
        reply_bulk(c->reply, slice_of(len ? head->value.data + first : NULL, len));
        return true;
    }
    if (c->view->promise(c->view, head, first, len, c->reply))
        return true;
    reply_error(c->reply, "IOERR", "the data on disk is damaged: a piece of a value is missing");
    return false;
}

static void put_again(struct call *c, struct cell_key key, const struct cell *head,
                      uint64_t expire_ms)
{
    /* The head borrows from the store, which may move it while it makes room for
     * the new version: hence the copy. */
    assert(c->scratch->len == 0 && !(head->flags & CELL_BLOB));
    buf_append(c->scratch, head->value);
    put_head(c, &key, head->type, head->flags & CELL_PARTS, buf_slice(c->scratch), expire_ms);
}

void call_put_expiry(struct call *c, uint32_t arg, const struct cell *head, uint64_t expire_ms)
{
    put_again(c, key_of(c, arg), head, expire_ms);
}

void call_put_copy(struct call *c, uint32_t arg, uint8_t db, const struct cell *head)
{
    struct cell_key key = key_in(c, arg, db);

    note_new(c, &key); /* also over one that was there: that is deleted first */
    put_again(c, key, head, head->flags & CELL_EXPIRES ? head->expire_ms : 0);
}

void call_delete(struct call *c, uint32_t arg)
{
    call_put_cell(c, &(struct cell){ .key = key_of(c, arg), .flags = CELL_TOMBSTONE });
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

bool call_get_int(struct call *c, uint32_t arg, int *out)
{
    int64_t v;

    if (!call_get_i64(c, arg, &v))
        return false;
    *out = (int)v;
    if (v >= INT32_MIN && v <= INT32_MAX)
        return true;
    c->end = call_error(c, "value is out of range, value must between -2147483648 and 2147483647");
    return false;
}

void call_forget(struct call *c)
{
    gather_free(c->gather);
    c->gather = NULL;
}

void call_drop_large(struct call *c)
{
    while (c->large) {
        struct call_large *l = c->large;
        c->large = l->next;
        l->drop(l);
    }
}

bool call_pattern_fits(struct call *c, struct slice pattern)
{
    if (pattern.len <= LIMIT_PATTERN)
        return true;
    reply_errorf(c->reply, "ERR", "pattern is longer than %d bytes", LIMIT_PATTERN);
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
