/* rewrite.h: files that are mostly garbage give up their live values to new blob
 * files: slices of a job, then an edit.
 *
 *     for each victim:  scan a part -> sort its keys -> look each up in the version, ...
 *     then:             sort what is alive -> copy values, in the order of keys -> end
 *
 * A value is alive if the newest cell of its key in the version's tables refers to
 * it, here; a piece of one, if its key's head does.  It moves on with a new cell: the
 * same stamp, expiry and all, and a new blob_ref; of a value in pieces the references
 * to other files stay.  The cells make one table of L0, ordered behind every table of the
 * version that was read and before every flush that is not in it, so a newer write
 * still wins, and nothing else of the tree is touched: older cells that refer to a
 * victim stay where they are, shadowed for good.
 *
 * That holds only if no table with a larger order leaves L0 between the version
 * and the edit, so there is no compaction meanwhile.
 *
 * In memory are the keys of a part of a victim and the cells (not the values) of what
 * is alive.  A victim that cannot be read, or whose keys cannot be looked up, keeps its
 * values: the edit leaves it alone, and rewrite_pick() does from then on. */
#ifndef HENGE_LSM_REWRITE_H
#define HENGE_LSM_REWRITE_H

#include "env/env.h"
#include "lsm/table_writer.h"
#include "lsm/version.h"

struct rewrite_options {
    struct env *env;
    const char *dir;
    struct file_ids *ids;
    struct table_options table;
    uint64_t order;                    /* of the table it makes */
    uint64_t slice_bytes;              /* read and written in one slice, about */
    uint64_t blob_size;                /* of a new file, about; 0: 256 MiB */
    uint64_t keys_bytes;               /* of memory for the keys of a part; 0: 8 MiB */
    uint64_t now_ms;                   /* as in keep.h: what expired by then becomes a tombstone */
    uint64_t flushed[LIMIT_DATABASES]; /* stamps; none that a crash could undo */
};

enum { REWRITE_VICTIMS = 64 /* at a time */ };

/* Which files to rewrite now: those at least `percent` dead, not busy, and not the log's
 * any more (segments from `log_first` on are), the least alive for their size first, with
 * at most `max_bytes` alive together, but for the first.  Files that nothing refers to are
 * left out, for they go unread.  Pure.  Returns how many of `out`,
 * which has `room` for at most REWRITE_VICTIMS. */
size_t rewrite_pick(const struct version *v, uint64_t log_first, unsigned percent,
                    uint64_t max_bytes, uint64_t *out, size_t room);

struct rewrite;

/* `v` has the files, and must be held until rewrite_free(). */
struct rewrite *rewrite_new(const struct rewrite_options *o, const struct version *v,
                            const uint64_t *files, size_t count);
struct job *rewrite_job(struct rewrite *r); /* as compact_job() */
void rewrite_set_owner(struct rewrite *r, void *owner);
void *rewrite_owner(struct job *job);
bool rewrite_ended(const struct rewrite *r);

/* Of writing, and of what is made: damage in what is read is no error. */
struct err rewrite_error(const struct rewrite *r);

/* After the end without error, on the loop: the edit is the caller's.  It adds the
 * table and the blob files and drops the victims, which are `leaving` from then on;
 * but for those that are damaged, which are marked and traced, and those that heads
 * were put for meanwhile, of which more is live in `now` than there was, or that are
 * busy.  If there are no others, it changes nothing. */
void rewrite_take_edit(struct rewrite *r, const struct version *now, struct edit *out);
uint64_t rewrite_written(const struct rewrite *r);

/* Of memory for keys and cells; between slices. */
uint64_t rewrite_bytes(const struct rewrite *r);

/* Ends it.  Unless the edit was taken, it removes what it made: for jobs; without
 * `remove` that is left to the next start. */
void rewrite_free(struct rewrite *r, bool remove);

#endif
