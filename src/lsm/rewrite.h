/* rewrite.h: files that are more than half garbage give up their live values to a
 * new blob file: slices of a job, then an edit.
 *
 * Every record of a victim is looked up in the version's tables; if the newest
 * cell there still refers to it, value and a new cell (same stamp, new blob_ref)
 * move on.  The cells make a table of L0, ordered behind every table of the
 * version it read and before every flush to come, so a newer write still wins, and
 * nothing else of the tree is touched. */
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
    uint64_t order; /* of the table it makes */
    uint64_t slice_bytes;
    uint64_t now_ms;
    uint64_t flushed[LIMIT_DATABASES];
};

/* Which files to rewrite now: those at least `percent` dead and behind the log
 * (`log_first`: ids from there on are still the log's), most garbage first, at
 * most `max_bytes` live; pure.  Returns how many of `out`. */
size_t rewrite_pick(const struct version *v, uint64_t log_first, unsigned percent,
                    uint64_t max_bytes, uint64_t *out, size_t room);

struct rewrite;

/* `v` must be held until rewrite_free(). */
struct rewrite *rewrite_new(const struct rewrite_options *o, const struct version *v,
                            const uint64_t *files, size_t count);
struct job *rewrite_job(struct rewrite *r); /* as compact_job() */
void rewrite_set_owner(struct rewrite *r, void *owner);
void *rewrite_owner(struct job *job);
bool rewrite_ended(const struct rewrite *r);
struct err rewrite_error(const struct rewrite *r);
void rewrite_take_edit(struct rewrite *r, struct edit *out); /* drops the victims */
uint64_t rewrite_written(const struct rewrite *r);
void rewrite_free(struct rewrite *r);

#endif
