/* lsm_state.h: the store's struct, for the files it is glued from.
 *
 *     life.c      load, going on, stop
 *     lsm.c       the calls of lsm.h in a turn: put, flush, commit, sweep
 *     lsm_arc.c   the same of lsm_arc.h: append, apply, promise
 *     lsm_log.c   frames read back from the log
 *     key_count.c how many keys there are
 *     find.c      one key, newest source first, without waiting
 *     ahead.c     ... and what a batch of them will touch, before
 *     walk.c      keys in order, likewise
 *     lsm_fetch.c what find and walk did not have: read by a job
 *     uploads.c   values that come in pieces
 *     part.c      pieces that leave
 *     seal.c      memtables: sealed, flushed, ended
 *     upkeep.c    compactions, rewrites, files without a use
 *     install.c   edits become versions
 *     lasting.c   flushes that a power loss cannot take back
 *     checkpoint.c  copies of the whole
 *     pressure.c  how much may be put
 *     room.c      how much of the disk it takes, and what goes for that
 *
 * All of it belongs to the loop.  Whoever's job ends calls lsm_after_job() last. */
#ifndef HENGE_LSM_LSM_STATE_H
#define HENGE_LSM_LSM_STATE_H

#include "base/list.h"
#include "lsm/ahead.h"
#include "lsm/cache.h"
#include "lsm/checkpoint.h"
#include "lsm/dataset.h"
#include "lsm/install.h"
#include "lsm/janitor.h"
#include "lsm/lasting.h"
#include "lsm/log.h"
#include "lsm/lsm.h"
#include "lsm/lsm_arc.h"
#include "lsm/lsm_load.h"
#include "lsm/pressure.h"
#include "lsm/room.h"
#include "lsm/seal.h"
#include "lsm/sweep.h"
#include "lsm/tails.h"
#include "lsm/undo.h"
#include "lsm/upkeep.h"
#include "lsm/uploads.h"

enum { LSM_L0_MOST = 32 }; /* tables; pressure stops writers long before */

struct lsm {
    struct env *env;
    struct lsm_options options;
    struct lsm_hooks hooks;
    char *dir;
    enum lsm_state state;
    struct err err;
    char detail[LOAD_DETAIL];
    struct load *load; /* while LOADING */
    struct fs_file *lock;
    struct file_ids ids;
    struct dataset data;
    struct tails tails;
    struct lsm_start started;
    uint64_t retained;       /* the log is kept from there on, whatever tables have */
    struct version *version; /* with everything below, from the end of the load on */
    struct log *log;         /* NULL while LOADING and after FAILED */
    struct undo undo;
    struct lasting lasting; /* of flushes */
    struct sweep sweep;
    struct cache *cache;
    struct ahead ahead;
    struct janitor *janitor;
    struct install install;
    struct seal seal;
    struct upkeep upkeep;
    struct pressure pressure;
    struct room room;
    struct pick_options pick;
    struct list fetches;   /* under way, or pinned by their owners */
    struct list parts;     /* of struct part */
    struct list log_reads; /* of struct lsm_log_read, under way or not */
    struct uploads uploads;
    struct checkpoint checkpoint;
    struct job ending; /* closes files at the end */
    uint64_t last_stamp;
    uint64_t loaded_us; /* when loading began */
    bool stopping;
    bool broken;  /* for another reason than the log */
    bool closing; /* `ending` is under way */
    bool put;     /* something was, in this turn */
    bool seal_soon;
    struct dataset_counts counts;     /* of what tables hold and no flush hides */
    int64_t expired[LIMIT_DATABASES]; /* of these, about, at: */
    uint64_t expired_ms;              /* unix; 0: to be counted anew */
    uint64_t index_bytes;             /* indexes and filters of the version's tables */
    struct lsm_stats stats;
};

/* The last thing a done() does: goes on with whatever can go on. */
void lsm_after_job(struct lsm *lsm);

/* What the log has acknowledged cannot be undone any more. */
void lsm_settle(struct lsm *lsm);

/* What tables will have, and what the log is needed for, once all that is in memory now is
 * flushed; appends what goes with it to `arcs`. */
struct log_mark lsm_mark(struct lsm *lsm, struct buf *arcs);

/* The same of a sealed memtable whose mark is behind where the log ends now. */
void lsm_mark_again(struct lsm *lsm, struct sealed *s);

/* The log begins anew: tails are logged once more. */
void lsm_log_again(struct lsm *lsm);

/* A job of one of them is under way; ends what nobody lets go of. */
bool log_reads_busy(const struct lsm *lsm);
void log_reads_drop(struct lsm *lsm);

/* Final: reads only from here on. */
void lsm_break(struct lsm *lsm, struct err e, const char *what);

/* Gives a reference of a version back; files without another go to the janitor,
 * who removes them. */
void lsm_drop_version(struct lsm *lsm, struct version *v);

/* The same for one file. */
void lsm_drop_blob(struct lsm *lsm, struct blob_file *b);

/* Something in memory refers to that file of values, or is about to. */
bool lsm_pins(const struct lsm *lsm, uint64_t file);

/* Adds up what the version's tables count; a flush changes what of it counts. */
void lsm_count_tables(struct lsm *lsm);

/* There is another one. */
void lsm_version_changed(struct lsm *lsm);

/* The log is done with what tables hold; its files that no value needs go. */
void lsm_forget_log(struct lsm *lsm);

static inline struct table_options lsm_table_options(const struct lsm *lsm)
{
    return (struct table_options){ .block_size = lsm->options.block_size,
                                   .filter_bits = lsm->options.filter_bits,
                                   .compress = lsm->options.compress };
}

/* There is something to read; false before it is loaded, and when it is closed. */
static inline bool lsm_open(const struct lsm *lsm)
{
    return lsm->log && !lsm->closing;
}

/* Edits may be made, jobs begun. */
static inline bool lsm_running(const struct lsm *lsm)
{
    return lsm->log && !lsm->stopping && lsm->state != LSM_BROKEN;
}

enum { EXPIRY_GRACE_MS = 60 * 1000 };

/* Milliseconds of the newest stamp that is acknowledged: what expired by then
 * stays expired for every reader to come. */
static inline uint64_t lsm_applied_ms(const struct lsm *lsm)
{
    uint64_t ms = lsm_acked_stamp(lsm) / 1000;
    uint64_t grace = lsm->data.elsewhere ? EXPIRY_GRACE_MS : 0; /* its timer comes first */
    uint64_t arcs = tails_applied_stamp(&lsm->tails) / 1000;

    ms = arcs < ms ? arcs : ms;
    return ms > grace ? ms - grace : 0;
}

#endif
