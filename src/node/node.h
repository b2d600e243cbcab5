/* node.h: one member: runs calls on its store and says when their replies may
 * leave.
 *
 * A turn: node_turn_begin(), any number of node_prepare() and node_run(), one
 * node_commit().  A call that is done has its whole reply, which may leave once
 * node_acked() has reached call->gate.  A call that lacks cells is left as it was
 * before: its owner moves it to where it can stay, node_fetch() reads what it
 * lacks, and node_run_again() runs it from its first line. */
#ifndef HENGE_NODE_NODE_H
#define HENGE_NODE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/call.h"
#include "cmd/command.h"
#include "env/env.h"
#include "lsm/lsm.h"
#include "lsm/upload.h"
#include "node/fetch.h"
#include "node/watches.h"

struct node_stats {
    uint64_t expired; /* tombstones written for expired keys */
    uint64_t hits;    /* reads of keys that were there */
    uint64_t misses;
    uint64_t fetched;      /* calls that had to wait for cells */
    uint64_t fetches;      /* ... how often */
    uint64_t fetch_errors; /* calls that failed for a file that could not be read */
};

struct node;

/* Opens the store in `options->dir`; the hooks are lsm.h's.  Borrows `env`. */
struct node *node_new(struct env *env, const struct lsm_options *options,
                      const struct lsm_hooks *hooks);

/* Ends at once, as a crash would; see lsm_free().  Accepts NULL. */
void node_free(struct node *node);

/* Reads the wall clock for this turn. */
void node_turn_begin(struct node *node);

/* What lsm_prefetch() is told of a key of such a call. */
static inline struct lsm_coming node_coming(const struct command *row, uint64_t position)
{
    return (struct lsm_coming){ position, (row->flags & CMD_READONLY) != 0 };
}

/* Hashes the first keys of calls whose rows are known, LIMIT_BATCH at most, and brings
 * their cells nearer. */
void node_prepare(struct node *node, struct call *calls, size_t count);

/* Runs an admitted call: CALL_DONE with reply, cells and gate.  Or CALL_WANT: then
 * its owner takes away what it has replied, and node_fetch() must follow before
 * anything else is run.  The same with the other ends, and node_pause(). */
enum call_end node_run(struct node *node, struct call *c);

/* Reads what the call lacked that was run last; `f` is its own from the first time
 * on, until fetch_end().  f->ready() says when node_run_again() may be called. */
void node_fetch(struct node *node, struct call *c, struct fetch *f);

/* Bytes of memory that what the call lacked takes, which was run last, about. */
uint64_t node_wants(const struct node *node);

/* Instead of node_fetch(): it is to be run again later, and keeps what it has read. */
void node_wait(struct node *node, struct call *c);

/* A slice of the call is done: node_run_again() may be called from the next turn on,
 * or after CALL_SAVE when lsm.h's on_saved() was, or after CALL_ROOM when node_buries().
 * What was read for it so far is let go. */
void node_pause(struct node *node, struct call *c, struct fetch *f);

/* The same as node_run(), for a call that has waited.  It answers an error if its
 * cells cannot be read. */
enum call_end node_run_again(struct node *node, struct call *c, struct fetch *f);

/* Calls that saw something expired can be answered: it can be written down, or has been
 * waited for long enough. */
bool node_buries(const struct node *node);

/* Ends the turn: the log gets what was put. */
void node_commit(struct node *node);

uint64_t node_acked(const struct node *node);

/* When node_tick() wants to be called, in mono_us; UINT64_MAX for never. */
uint64_t node_deadline(const struct node *node);

/* Housekeeping of log and memtable; within a turn. */
void node_tick(struct node *node, uint64_t mono_us);

/* Unix microseconds of this turn; never behind a stamp given out. */
uint64_t node_now_us(const struct node *node);

/* Keys that are watched: puts and flushes of calls touch them, an expiry does not. */
struct watches *node_watches(struct node *node);

/* What somebody listens to (enum event_class), from now on. */
void node_listen(struct node *node, unsigned wanted);

/* A key that has just been read is to expire in time, on disk too, as long as somebody hears
 * of changes. */
void node_await_expiry(struct node *node, uint8_t db, struct slice key);

/* Whether nothing expires but what is asked for: while clients are paused. */
void node_keep_still(struct node *node, bool still);

/* What the last call, or the housekeeping since, has to tell: its reader's to empty. */
struct events *node_events(struct node *node);

struct lsm *node_lsm(struct node *node);
const struct node_stats *node_stats(const struct node *node);
bool node_check(const struct node *node, bool deep);

#endif
