/* call.h: one request while it runs, and what a command may do with it.
 *
 * run() reads cells, then writes cells and a reply.  A read that answers "not at
 * hand" makes it return c->end (CALL_WANT) at once; its reply is cut off, the
 * cells are fetched and it is run again from its first line.  So a command reads
 * everything it needs before its first write (asserted).  It is pure: time comes
 * in the call. */
#ifndef HENGE_CMD_CALL_H
#define HENGE_CMD_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "cell/cell.h"
#include "cell/level.h"
#include "cmd/events.h"
#include "cmd/view.h"
#include "resp/reply.h"

struct call_outcome;
struct command;
struct gather;
struct session; /* only admin/, session/ and server/ see inside */

enum call_end {
    CALL_DONE,  /* answered, with a result or an error */
    CALL_WANT,  /* to be run again when the view has what it lacked */
    CALL_LATER, /* to be run again in a later turn: a slice of it is done (gather.h) */
    CALL_SAVE,  /* to be run again when a checkpoint or a job for an ACL file has ended */
    CALL_ROOM,  /* to be run again when the log takes what the answer rests on (node.h) */
    CALL_TLS,   /* to be run again when the change of certificates under way has ended */
    CALL_BLOCK, /* to be run again when what call->block says has come about */
};

/* Why a call that was blocked runs again. */
enum call_woken {
    CALL_NOT_WOKEN, /* it has not been blocked */
    CALL_EVENT,     /* what it waits for has come, or might have */
    CALL_TIMED_OUT, /* its time is over, or CLIENT UNBLOCK has ended it: it must answer */
};

/* What a call that returns CALL_BLOCK waits for: the first of these. */
struct call_block {
    uint64_t timeout_us; /* from the first time on; 0: there is none */
    uint64_t synced;     /* a log position, until it is synced; 0: no matter */
    uint8_t woken;       /* enum call_woken */
    bool never;          /* within EXEC: it must not wait */
};

/* Where a request is: node/request.c draws and guards the moves. */
enum call_state {
    CALL_NEW,
    CALL_RUNNING,
    CALL_FETCHING,   /* on the heap; what it wants is being read */
    CALL_COMMITTING, /* answered; the reply waits for the log */
    CALL_FINISHED,
    CALL_FAILED,
};

/* An argument that came in pieces and is durable already; in `argv` it is empty. */
struct call_large {
    struct call_large *next;
    uint32_t arg;
    struct slice parts; /* encoded blob_refs */
    void (*drop)(struct call_large *l);
};

struct call {
    const struct command *row;
    const struct slice *argv; /* argv[0] is the name; borrowed from the connection */
    uint32_t argc;
    uint8_t db;
    uint8_t state;     /* enum call_state */
    enum call_end end; /* what run() returns when a want_ function says false */
    struct view *view;
    struct reply *reply;
    struct buf *scratch; /* empty when run() begins; for values being built */
    struct session *session;
    uint64_t now_us;   /* unix microseconds; the same through restarts */
    uint64_t position; /* of argv[row->keys.first], if there is one */
    uint64_t gate;     /* log position the reply rests on; 0 for none */
    uint64_t cells_written;
    uint64_t random;              /* the same through restarts; only for rows with CMD_RANDOM */
    struct call_large *large;     /* the call's own; NULL for none */
    struct call_outcome *outcome; /* NULL: nobody asks beyond the reply */
    struct gather *gather;        /* what its slices have found so far; NULL for none */
    uint64_t whole_max;           /* bytes a value in pieces may have to be put together */
    uint64_t want_max;            /* bytes it should want at a time; 0: no bound */
    uint64_t save;     /* number of the checkpoint, job or change it waits for; 0: none */
    uint8_t databases; /* how many there are */
    uint32_t ran_us;   /* of a call that waits: its runs so far */
    struct levels levels;
    bool levels_said;        /* for this call alone ... */
    uint8_t levels_in_front; /* ... by so many arguments in front of argv[0] */
    struct call_block block;
    bool no_touch;         /* what it finds is not used by that, for evictions */
    bool quiet;            /* its reply is not sent */
    bool tracks;           /* what it reads, its client keeps */
    unsigned heard;        /* enum event_class: what somebody listens to */
    struct events *events; /* what it has to tell, if there is any such */
};

static inline uint64_t call_now_ms(const struct call *c)
{
    return c->now_us / 1000;
}

/* The head cell of argv[arg].  True: at hand, *found says if it exists and *out
 * is it, but for the bytes of a large value (CELL_BLOB; its length is
 * cell_value_length()).  False: return c->end. */
bool want_head(struct call *c, uint32_t arg, bool *found, struct cell *out);

/* The same with the bytes of its value, however large. */
bool want_value(struct call *c, uint32_t arg, bool *found, struct cell *out);

/* The same for a string, whose value may come with CELL_PARTS.  False also after a
 * WRONGTYPE error was replied. */
bool want_text(struct call *c, uint32_t arg, bool *found, struct cell *out);

/* want_head() in another database. */
bool want_head_in(struct call *c, uint32_t arg, uint8_t db, bool *found, struct cell *out);

/* *head, which want_head() found, may be put again under its key: its bytes have come,
 * or they are in pieces that stay where they are.  False: return c->end. */
bool want_again(struct call *c, uint32_t arg, struct cell *head);

/* The same, whatever it is to be used for: all of its bytes have come, in one piece.
 * False also after an error was replied: there is no memory for them. */
bool want_whole(struct call *c, uint32_t arg, struct cell *head);

/* The same under any key. */
bool want_whole_of(struct call *c, const struct cell_key *key, struct cell *head);

/* Puts a string under argv[arg]; `expire_ms` 0 for none.  The value must not be
 * borrowed from the view (copy it into c->scratch). */
void call_put_string(struct call *c, uint32_t arg, struct slice value, uint64_t expire_ms);

/* Puts `head`, which is what argv[arg] holds, with its bytes, again with another
 * expiry.  Works for every type and copies the value through c->scratch, which must
 * be empty. */
void call_put_expiry(struct call *c, uint32_t arg, const struct cell *head, uint64_t expire_ms);

/* Puts `head`, which any key holds, with its bytes and its expiry, under argv[arg] of
 * database `db`; otherwise the same. */
void call_put_copy(struct call *c, uint32_t arg, uint8_t db, const struct cell *head);

/* Puts a cell whose key and value are not borrowed from the view. */
void call_put_cell(struct call *c, const struct cell *cell);

/* Puts a tombstone over argv[arg]. */
void call_delete(struct call *c, uint32_t arg);

/* Notes that `name` has happened to argv[arg] of database `db`, for who listens to events of
 * that class (one of enum event_class): after what was put. */
static inline void call_event_in(struct call *c, enum event_class class, const char *name,
                                 uint32_t arg, uint8_t db)
{
    if (c->heard & class)
        events_note(c->events, NOTE_EVENT, db, slice_str(name), c->argv[arg]);
}

/* The same in the call's database. */
static inline void call_event(struct call *c, enum event_class class, const char *name,
                              uint32_t arg)
{
    call_event_in(c, class, name, arg, c->db);
}

/* argv[arg], which a command that writes wanted to read, is not there; of those that only
 * read, want_head() and its kin tell. */
static inline void call_miss(struct call *c, uint32_t arg)
{
    call_event(c, EVENT_MISS, "keymiss", arg);
}

/* Empties a database, or all of them (CELL_DB_ALL). */
void call_flush(struct call *c, uint8_t db);

/* argv[arg], which this run has found, is there still: for commands that delete
 * and may name a key twice. */
bool call_still_there(struct call *c, uint32_t arg);

/* argv[arg] as an integer; false after replying "value is not an integer or out
 * of range", with c->end set. */
bool call_get_i64(struct call *c, uint32_t arg, int64_t *out);

/* argv[arg] as an int; false after replying that it is none, with c->end set. */
bool call_get_int(struct call *c, uint32_t arg, int *out);

/* Puts a string, argv[value_arg], under argv[arg], however it came. */
void call_put_argument(struct call *c, uint32_t arg, uint32_t value_arg, uint64_t expire_ms);

/* Replies `len` bytes, from `first` on, which are there, of a value that was found; false:
 * an error is replied. */
bool call_reply_range(struct call *c, const struct cell *head, size_t first, size_t len);

/* The same for all of them. */
static inline bool call_reply_value(struct call *c, const struct cell *head)
{
    if (head->flags & (CELL_PARTS | CELL_BLOB))
        return call_reply_range(c, head, 0, cell_value_length(head));
    reply_bulk(c->reply, head->value);
    return true;
}

/* Its large arguments are not needed any more. */
void call_drop_large(struct call *c);

/* Forgets what slices of it have found: it begins anew, or has come to its end. */
void call_forget(struct call *c);

/* True if argv[arg] is that word, in either case. */
static inline bool call_arg_is(const struct call *c, uint32_t arg, const char *word)
{
    return slice_is(c->argv[arg], word);
}

/* The pattern is not so long that looking for it would take seconds.  False: replied. */
bool call_pattern_fits(struct call *c, struct slice pattern);

/* "-ERR text"; returns CALL_DONE. */
enum call_end call_error(struct call *c, const char *text);

/* Common errors, to the letter. */
enum call_end call_wrong_type(struct call *c);
enum call_end call_syntax_error(struct call *c);
enum call_end call_wrong_arguments(struct call *c);

#endif
