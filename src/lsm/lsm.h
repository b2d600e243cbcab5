/* lsm.h: one ordered store of cells on one directory.
 *
 * The loop calls everything here; disks are touched only by jobs, but for the
 * direct write of a turn's bytes into a preallocated segment (log.h).
 *
 * A turn: any number of lsm_put() and lsm_flush(), each seen at once by
 * lsm_find(), then one lsm_commit().  What was put is *acknowledged* once the
 * log has it as the policy asks: written under `everysec` and `no`, synced under
 * `always`.  Log positions are bytes since the store was made, over all
 * segments; lsm_acked() only grows, and whoever put something answers for it
 * when lsm_acked() has reached lsm_end() as it was behind the put.  If the log
 * cannot take it, everything behind lsm_acked() is undone, newest first, and
 * on_failed() is called: it may or may not be there after a restart. */
#ifndef HENGE_LSM_LSM_H
#define HENGE_LSM_LSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "cell/cell.h"
#include "cell/key_use.h"
#include "cell/want.h"
#include "env/env.h"
#include "lsm/heat.h"

enum lsm_sync {
    LSM_SYNC_NO,
    LSM_SYNC_EVERYSEC,
    LSM_SYNC_ALWAYS,
};

/* LOADING -> READY <-> NO_SPACE,  any -> BROKEN (final until restart) */
enum lsm_state {
    LSM_LOADING, /* a job replays the log; nothing can be read or put */
    LSM_READY,
    LSM_NO_SPACE, /* no room for the log: reads only, until there is; tried again */
    LSM_BROKEN,   /* the log's device failed: reads only; lsm_error() says why */
    LSM_FAILED,   /* loading failed: nothing; lsm_error() says why */
    LSM_CLOSED,   /* after lsm_stop(): everything written and synced */
};

struct lsm_options {
    const char *dir; /* borrowed during lsm_new() only */
    enum lsm_sync sync;
    size_t segment_size;       /* bytes of a log segment, preallocated */
    size_t frame_max;          /* a frame is closed at this size (LIMIT_FRAME) */
    size_t chunk_size;         /* memory a memtable takes at a time */
    size_t memtable_size;      /* bytes at which a memtable is sealed, to become a table */
    uint32_t value_separation; /* values of so many bytes stay out of tables */
    size_t table_size;         /* bytes a compaction's tables have, about */
    size_t block_size;         /* of a table's block, about */
    unsigned filter_bits;      /* of a table's filter, a key */
    bool compress;             /* LZ4 for blocks */
    size_t cache_size;         /* bytes of blocks and values read that are kept */
    uint32_t origin;           /* this node, written into its cells */
    uint64_t boot;             /* of the machine, another one after each loss of power; 0: not
                                  known (lsm_started()) */
    bool keep_log;             /* of what is in tables already too: until lsm_retain() says */
    bool force;                /* start in spite of corruption, with what is before it */
};

/* Called on the loop, never from within a call of lsm.h. */
struct lsm_hooks {
    void *owner;
    void (*on_state)(void *owner);                /* lsm_state() is another */
    void (*on_acked)(void *owner);                /* lsm_acked() has grown in a job's done() */
    void (*on_failed)(void *owner, struct err e); /* what was not acknowledged is undone */
    void (*on_saved)(void *owner); /* a checkpoint has ended, well or not; may be NULL */
};

struct lsm_stats {
    uint64_t puts;          /* cells put since start */
    uint64_t commits;       /* turns that wrote */
    uint64_t direct_writes; /* ... of which by the loop itself */
    uint64_t written_bytes; /* into the log since start */
    uint64_t syncs;         /* successful */
    uint64_t sync_us_last;  /* duration of the last sync */
    uint64_t sync_us_max;
    uint64_t failed_writes;
    uint64_t failed_syncs;
    uint64_t segments;        /* of the log, on disk */
    uint64_t log_bytes;       /* of the log, on disk */
    uint64_t replayed_frames; /* at start */
    uint64_t replayed_bytes;
    uint64_t torn_bytes;     /* cut off at start behind the last good frame */
    uint64_t load_us;        /* duration of loading */
    uint64_t memtable_bytes; /* allocated: chunks and directory */
    uint64_t memtable_spare; /* of them, free for cells to come */
    uint64_t memtable_live;  /* bytes of cells that are the newest of their key */
    uint64_t memtable_cells;
    uint64_t buffer_bytes;  /* of the log, not written yet */
    uint64_t upload_bytes;  /* of pieces that are not written yet */
    uint64_t rewrite_bytes; /* of keys and cells a rewrite has in memory */
    uint64_t sealed;        /* memtables that wait to become tables */
    uint64_t l0_tables;
    uint64_t tables;
    uint64_t keys_exact;  /* 1: lsm_count() is, for there is nothing to guess */
    uint64_t table_bytes; /* of their files */
    uint64_t blob_files;  /* segments and blob files that values are in */
    uint64_t blob_bytes;  /* of them */
    uint64_t index_bytes; /* in memory: indexes and filters */
    uint64_t cache_bytes;
    uint64_t cache_beyond;  /* of them, beyond what they may be: pinned, or about to be freed */
    uint64_t reading_bytes; /* what is being read will take, about */
    uint64_t pinned_bytes;  /* of what was read and is needed still */
    uint64_t cache_hits;
    uint64_t cache_misses;
    uint64_t pressure_permille; /* 1000: nothing more is taken */
    uint64_t debt_bytes;        /* that compactions owe */
    uint64_t files_waiting;     /* to be removed */
    uint64_t reads_now;         /* blocks and values from the page cache, on the loop */
    uint64_t fetches;           /* reads by jobs */
    uint64_t failed_reads;
    uint64_t filter_wrong;   /* tables asked in vain */
    uint64_t flush_now;      /* 1: one is under way */
    uint64_t compaction_now; /* likewise */
    uint64_t rewrite_now;    /* likewise */
    uint64_t flushes;
    uint64_t flushed_bytes;
    uint64_t failed_flushes;
    uint64_t compactions;
    uint64_t compacted_read_bytes;
    uint64_t compacted_bytes;
    uint64_t compacted_expired; /* cells */
    uint64_t failed_compactions;
    uint64_t moved_tables;
    uint64_t dropped_tables;
    uint64_t rewrites;
    uint64_t rewritten_bytes;
    uint64_t disk_bytes;    /* of all files that count against the bound of lsm_set_room() */
    uint64_t leaving_bytes; /* beside them: of files that wait to be removed */
    uint64_t dead_bytes;    /* of them: values nothing refers to, in files that may be rewritten */
    uint64_t heat_bytes;    /* in memory: what is known of uses */
    uint64_t evicted_keys;
    uint64_t evicted_bytes; /* of cells and their values */
};

struct lsm;
struct lsm_fetch;

/* Starts loading `options->dir`, which is made if it does not exist (its parent
 * must).  The state is LSM_LOADING until on_state() says otherwise.  Borrows
 * `env`. */
struct lsm *lsm_new(struct env *env, const struct lsm_options *options,
                    const struct lsm_hooks *hooks);

/* Ends it at once, without writing anything: as a crash would.  No job of it may
 * be under way, unless the pool is gone too.  Accepts NULL. */
void lsm_free(struct lsm *lsm);

/* Begins an orderly end: writes and syncs what there is, then LSM_CLOSED (also
 * after an error, which lsm_error() keeps). */
void lsm_stop(struct lsm *lsm);

enum lsm_state lsm_state(const struct lsm *lsm);

/* Why it is NO_SPACE, BROKEN or FAILED; `detail` is a line for people, the file
 * included, valid until the state changes. */
struct err lsm_error(const struct lsm *lsm, const char **detail);

/* 0..1000 while loading. */
unsigned lsm_loaded_permille(const struct lsm *lsm);

/* A turn begins: what was borrowed before is not good any more. */
void lsm_turn(struct lsm *lsm);

/* Bytes that what was read may take, from now on; if there is more it goes turn by turn,
 * and lsm_deadline() is at once until then. */
void lsm_set_cache(struct lsm *lsm, size_t bytes);

/* Bytes of disk the store may take (0: no bound), what goes when it comes near, and how
 * much memory may be spent on knowing that. */
void lsm_set_room(struct lsm *lsm, uint64_t max, enum heat_policy policy, size_t heat_bytes);

/* It takes all of that, and nothing may go: only what frees room should be put. */
bool lsm_full(const struct lsm *lsm);

/* Whether anybody wants to know of uses. */
bool lsm_tracks(const struct lsm *lsm);

/* A use of the key there, for who evicts by use. */
void lsm_touch(struct lsm *lsm, uint64_t position);
void lsm_use(const struct lsm *lsm, uint64_t position, struct key_use *out);

/* Nothing more can be taken, for compactions fail and what waits for them is too much;
 * *detail says which file. Deletions and flushes are still taken, as far as they go. */
bool lsm_blocked(const struct lsm *lsm, const char **detail);

/* True if a put of about `bytes` can be begun now (READY, and the segment or
 * the next one has room). */
bool lsm_can_put(const struct lsm *lsm, size_t bytes);

/* A key that is about to be looked up, or put. */
struct lsm_coming {
    uint64_t position;
    bool reads; /* what is there; a put does not */
};

/* Brings what lsm_find() and lsm_put() of these will touch nearer; LIMIT_BATCH keys at
 * most.  See ahead.h. */
void lsm_prefetch(struct lsm *lsm, const struct lsm_coming *keys, size_t count);

enum lsm_answer {
    LSM_ABSENT,
    LSM_HERE,
    LSM_WANT, /* it is on disk and not in memory: lsm_fetch() */
};

/* The newest cell of that key, tombstones and expired ones included.  With WANT_CELL one
 * of a large value may come as CELL_BLOB or CELL_PARTS, its value a blob_ref or some;
 * with WANT_VALUE as CELL_PARTS.  After LSM_WANT too, if all that lacks is its value; else
 * *out is empty.  It borrows until the next put, flush, sweep or turn. */
enum lsm_answer lsm_find(struct lsm *lsm, const struct cell_key *key, enum want_kind kind,
                         struct cell *out);

/* Whether a head in pieces (CELL_PARTS) may be put again as it is: false while the
 * files of some are being dropped, for they have moved; its newest cell says so soon. */
bool lsm_firm(const struct lsm *lsm, const struct cell *head);

/* Reads what is wanted by a job (borrows `wants` and their keys during this call
 * only), then calls done() on the loop, between turns.  What was read stays in
 * memory until lsm_fetch_end(), so asking again finds it, unless the store's files
 * changed meanwhile: then some of it may be wanted once more.  An error is final
 * for the call that wanted it: a file that cannot be read, or is damaged. */
struct lsm_fetch *lsm_fetch(struct lsm *lsm, const struct want *wants, size_t count,
                            void (*done)(void *owner, struct err e), void *owner);

/* Bytes that stay in memory for it. */
uint64_t lsm_fetch_bytes(const struct lsm_fetch *fetch);

/* Lets go of it; before done() was called: it never will be. */
void lsm_fetch_end(struct lsm_fetch *fetch);

/* Appends one cell to the turn's frame and the memtable.  The bytes are copied.
 * All cells put between two lsm_request() are one request and one frame.
 * Stamps must not fall (asserted).  Only after lsm_can_put(). */
void lsm_put(struct lsm *lsm, const struct cell *cell);

/* The cells put so far and those to come belong to different requests. */
void lsm_request(struct lsm *lsm);

/* Empties a database (CELL_DB_ALL: all) at `stamp`: every cell there with a
 * stamp <= it is gone, at once. */
void lsm_flush(struct lsm *lsm, uint8_t db, uint64_t stamp);

/* The stamp of the last flush that touched `db`. */
uint64_t lsm_flushed(const struct lsm *lsm, uint8_t db);

/* Ends the turn: what was put is written, now or by a job. */
void lsm_commit(struct lsm *lsm);

uint64_t lsm_end(const struct lsm *lsm);
uint64_t lsm_acked(const struct lsm *lsm);

/* The position up to which everything is durable, whatever the policy; and asking for
 * that of everything before `position`, at most lsm_end(), as soon as may be. */
uint64_t lsm_synced(const struct lsm *lsm);
void lsm_want_sync(struct lsm *lsm, uint64_t position);

/* Bytes put that are not written yet. */
size_t lsm_unwritten(const struct lsm *lsm);

/* Every cell of lsm_put() with a stamp up to this one is acknowledged. */
uint64_t lsm_acked_stamp(const struct lsm *lsm);

/* The largest stamp ever put, appended or replayed. */
uint64_t lsm_last_stamp(const struct lsm *lsm);

/* Live head cells of a database: not deleted, not flushed; expired ones count until
 * their tombstone is written.  Exact as long as all is in memory; else a put that may hide
 * a cell of a table is taken to, until tables are merged and it is known, and of a table's
 * expiring ones as many are taken to be expired as its first and last time let expect. */
uint64_t lsm_count(const struct lsm *lsm, uint8_t db);
/* ... of which with an expiry. */
uint64_t lsm_count_expiring(const struct lsm *lsm, uint8_t db);

/* How long those have still to live on average, about, by database, into `out`: from a sample
 * of the timers in memory, and from the first and last time of tables; 0 if nothing is known,
 * as of tables in which others never expire.  Looks at every table, so not for every call. */
void lsm_average_ttl(const struct lsm *lsm, uint64_t now_ms, uint64_t out[LIMIT_DATABASES]);

enum lsm_walk_end {
    LSM_WALK_END,     /* went through to the end */
    LSM_WALK_STOPPED, /* each() returned false */
    LSM_WALK_WANT,    /* the cells at *at are to be fetched first (WANT_WALK) */
};

/* The newest cell of every key in order from position `from` on, tombstones and expired
 * ones included, flushed ones as not `visible`, large values as they are kept, until
 * `each` returns false.  `each` must not change the store.  Before LSM_WALK_WANT
 * every cell in front of position *at was handed to it, and perhaps some of *at. */
enum lsm_walk_end lsm_walk(struct lsm *lsm, uint64_t from,
                           bool (*each)(void *arg, const uint8_t *cell, bool visible), void *arg,
                           uint64_t *at);

/* Housekeeping: goes on through the memtable for at most `visits` cells, frees
 * those a flush or an acknowledged tombstone made useless, and hands every cell
 * that expired by `now_ms` to `expired` (which must not change the store; the
 * caller puts the tombstones afterwards).  Returns what it visited. */
size_t lsm_sweep(struct lsm *lsm, size_t visits, uint64_t now_ms,
                 void (*expired)(void *arg, const uint8_t *cell), void *arg);

/* The same for what a timer is due for, wherever in memory it is: at most `most` of them;
 * true if there are more. */
bool lsm_expire(struct lsm *lsm, size_t most, uint64_t now_ms,
                void (*expired)(void *arg, const uint8_t *cell), void *arg);

/* When the next timer is due, unix milliseconds; UINT64_MAX: there is none. */
uint64_t lsm_next_expiry(const struct lsm *lsm);

/* Somebody wants to hear of every expiry in time, keys on disk included: from now on
 * lsm_expire() hands on where a timer is due and nothing is in memory, and no job drops what
 * expired before that had its time.  NULL: not any more. */
void lsm_watch_expiry(struct lsm *lsm, void (*elsewhere)(void *arg, uint8_t db, uint64_t position),
                      void *arg);

/* Gives an expiring head a timer, unless the key is in memory, where it has one, if so asked. */
void lsm_add_expiry(struct lsm *lsm, const struct cell *head, bool unless_in_memory);

/* When the soonest of the timers there was no room for would be due; UINT64_MAX: there was
 * room for all, as far as is known. */
uint64_t lsm_lost_expiry(const struct lsm *lsm);

/* Drops the timers that are due at `from_ms` or later: they are to be given anew. */
void lsm_cut_expiry(struct lsm *lsm, uint64_t from_ms);

/* There may be something for it: cells deleted, flushed or with an expiry. */
bool lsm_sweep_pays(const struct lsm *lsm);

/* Takes effect at once, for what is not acknowledged yet too. */
void lsm_set_sync(struct lsm *lsm, enum lsm_sync sync);

/* Checkpoints: a folder <dir>/checkpoints/checkpoint-<id> with all that was put before
 * lsm_save_begin(), and perhaps some of what came later, in order; a store's folder to be
 * copied away, or begun from.  It shares its files with the store until they are dropped
 * there, so it costs room little by little, and is made while everything goes on. */
struct lsm_save {
    bool busy;
    uint64_t begun;       /* so many */
    uint64_t good;        /* of them ended well */
    struct err err;       /* of the last one that ended */
    uint64_t begun_us;    /* mono: the last one */
    uint64_t took_us;     /* the last one that ended */
    uint64_t good_wall_s; /* when the last good one was begun, unix seconds; 0: none */
    uint64_t good_puts;   /* stats.puts then */
};

/* Begins one, and lets go of all but the `keep` (at least 1) newest when it has ended.
 * False: one is under way, or the store is not READY or NO_SPACE. */
bool lsm_save_begin(struct lsm *lsm, unsigned keep);
const struct lsm_save *lsm_save(const struct lsm *lsm);

/* When lsm_tick() wants to be called, in mono_us; UINT64_MAX for never. */
uint64_t lsm_deadline(const struct lsm *lsm);

/* The second of `everysec`, trying again after NO_SPACE. */
void lsm_tick(struct lsm *lsm, uint64_t mono_us);

const struct lsm_stats *lsm_stats(const struct lsm *lsm);

/* Invariants; `deep` walks everything. */
bool lsm_check(const struct lsm *lsm, bool deep);

#endif
