/* version.h: which files make up the store: an immutable set of tables and blob
 * files, and how far the log is in them.
 *
 * The loop counts references, of versions and of files; a job that reads one holds
 * it from submit to done.  A version holds each of its files once; a file whose last
 * reference goes is obsolete, and the janitor's.  An edit changes a version into
 * another one, old and new side by side, so they swap at once. */
#ifndef HENGE_LSM_VERSION_H
#define HENGE_LSM_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/limits.h"
#include "lsm/file_name.h"
#include "lsm/table.h"

enum { LEVELS = 7 };

/* A sealed log segment or a blob file that tables refer to. */
struct blob_file {
    uint64_t id;
    enum file_kind kind;
    uint64_t size; /* bytes of it that count: whole frames, head included; see edit_grow_blob() */
    struct fs_file *file;
    unsigned refs;
    bool stuck;   /* the loop's: a rewrite met damage in it, and left it alone */
    bool busy;    /* the loop's: something in memory refers to it, or is about to */
    bool leaving; /* the loop's: an edit is under way that drops it */
};

/* A table in its place. */
struct placed {
    struct table *table;
    uint64_t order; /* in L0: larger is newer; 0 in others */
};

struct blob_place {
    struct blob_file *blob;
    uint64_t live; /* bytes of values that tables refer to, shadowed ones included; an int64 */
    uint64_t size; /* of the file in this version; blob->size is that of the newest */
};

struct level {
    struct placed *tables; /* L0: newest first; others: by position, disjoint */
    size_t count;
    uint64_t bytes; /* of the files */
};

/* Up to where the tables hold what the log held. */
struct log_mark {
    uint64_t position; /* of the log, where a replay begins: a frame does, or it ended there */
    uint64_t index;    /* of the last frame of arc 0 before it */
    uint64_t stamp;    /* the largest before `through` */
    /* Frames from `position` to here are read for those that were not applied then: what is
     * applied of them, all of arc 0's, is in tables. */
    uint64_t through;
};

/* A later one is no smaller in anything, and replays no frame that it says is in tables. */
static inline bool log_mark_falls(const struct log_mark *old, const struct log_mark *mark)
{
    return mark->position < old->position || mark->index < old->index || mark->stamp < old->stamp ||
           mark->through < old->through || mark->through < mark->position;
}

struct version {
    unsigned refs;
    uint64_t number; /* of the last edit in it */
    struct level levels[LEVELS];
    struct blob_place *blobs; /* by id */
    size_t blob_count;
    struct log_mark mark;
    struct buf arcs;                   /* arc_marks.h, as of the mark */
    uint64_t flushed[LIMIT_DATABASES]; /* stamps: older cells of that database are gone */
};

/* One change.  Everything a flush, compaction, rewrite or FLUSHALL does to the set
 * of files is one of these, and so all or nothing.  Drops come before adds: a table
 * that changes its level is dropped and added; a blob file that is dropped and added
 * begins with nothing live.  Live bytes come last. */
struct edit_table {
    unsigned level;
    uint64_t order;
    uint64_t id;
    uint64_t size;
    struct table *table; /* open; NULL while a manifest is read */
};

struct edit_blob {
    uint64_t id;
    enum file_kind kind;
    uint64_t size;
    struct blob_file *blob; /* as above */
};

struct edit_live {
    uint64_t file;
    int64_t bytes; /* added to blob_place.live; of a file that is not there: no effect */
};

struct edit {
    uint64_t number; /* the manifest's to fill in */
    struct edit_table *add;
    size_t add_count;
    uint64_t *drop; /* ids of tables */
    size_t drop_count;
    struct edit_blob *add_blobs;
    size_t add_blob_count;
    uint64_t *drop_blobs;
    size_t drop_blob_count;
    struct edit_live *live; /* by file, each once */
    size_t live_count;
    bool has_mark;
    struct log_mark mark;              /* never falls */
    struct buf arcs;                   /* with a mark: all arcs (arc_marks.h) */
    uint64_t flushed[LIMIT_DATABASES]; /* 0, or smaller than it was: unchanged */
};

/* `= {0}` is an edit that changes nothing. */
void edit_add_table(struct edit *e, unsigned level, uint64_t order, struct table *t);
void edit_drop_table(struct edit *e, uint64_t id);
void edit_add_blob(struct edit *e, struct blob_file *blob);
void edit_drop_blob(struct edit *e, uint64_t id);

/* A blob file that is there has more bytes that count by now (a segment the log was
 * still writing): an add of an id that is there, with the version's own `blob`, which
 * keeps handle, references and live bytes.  version_apply() sets its size, in every
 * version that has it, so readers load the size atomically.  Of several growths the
 * largest counts. */
void edit_grow_blob(struct edit *e, struct blob_file *blob, uint64_t size);
void edit_live(struct edit *e, uint64_t file, int64_t bytes); /* sums per file */

/* Not the tables and blobs in it. */
void edit_deinit(struct edit *e);

/* An empty one, refs 1. */
struct version *version_new(void);

/* The one behind `edit`, whose tables and blobs are all open: refs 1, holding its
 * files.  Its number is the edit's, or v's if that is 0.  ERR_CORRUPT if the edit
 * does not fit: a file dropped that is not there or added that is (but for a blob file
 * that grows), levels that overlap, orders that are equal, a mark that falls, less than
 * nothing live.  That is for edits a manifest was made of; whoever made one itself
 * asserts that it fits. */
struct err version_apply(const struct version *v, const struct edit *edit, struct version **out);

void version_hold(struct version *v);

/* Takes over files that nobody holds any more. */
struct version_gone {
    void *owner;
    void (*table)(void *owner, struct table *t);
    void (*blob)(void *owner, struct blob_file *b);
};

/* Gives a reference back; at the last one every file without another is handed to
 * `gone`.  If that is NULL, or the function is, somebody else knows the file.
 * Accepts no version: NULL. */
void version_drop(struct version *v, const struct version_gone *gone);

/* The blob file of that id, or NULL. */
struct blob_file *version_blob(const struct version *v, uint64_t id);

/* The table of level >= 1 that covers `position`, or NULL. */
struct table *version_table(const struct version *v, unsigned level, uint64_t position);

/* What version_may_hold() and the like will touch for a cell, if its flags are such that
 * keep.h asks them. */
void version_prefetch(const struct version *v, unsigned from, const uint8_t *cell);

/* A table of level `from` or a deeper one may hold a cell of that position in `db` with
 * a stamp behind `flushed`. */
bool version_may_hold(const struct version *v, unsigned from, uint8_t db, uint64_t position,
                      uint64_t flushed);

/* The same of the levels above `level`. */
bool version_may_hold_above(const struct version *v, unsigned level, uint8_t db, uint64_t position,
                            uint64_t flushed);

/* Sums over all tables. */
uint64_t version_bytes(const struct version *v);
uint64_t version_blob_bytes(const struct version *v);

/* Order within levels, sums, references. */
bool version_check(const struct version *v);

#endif
