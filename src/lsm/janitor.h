/* janitor.h: removes files nothing refers to any more, one at a time with pauses
 * between, for removing a large file takes the file system a while; the more wait, the
 * faster.  Loop side; the
 * work is jobs of JOB_LATER.  A file that cannot be removed is reported once and left
 * to the next start, as is one whose removal a power loss undid. */
#ifndef HENGE_LSM_JANITOR_H
#define HENGE_LSM_JANITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "env/env.h"
#include "lsm/file_name.h"

struct fs_file;
struct table;
struct janitor;

/* Borrows `env` and `dir`.  `pause_us` between one removal and the next. */
struct janitor *janitor_new(struct env *env, const char *dir, uint64_t pause_us);

/* At once: closes what it has; files not removed yet stay for the next start.  No job
 * of it may be under way, unless the pool is gone too.  Accepts NULL. */
void janitor_free(struct janitor *j);

/* Takes an open table or file, to be closed, and removes its file if `remove`.  `file`
 * may be NULL: it is not open; `size` is that of the file. */
void janitor_take_table(struct janitor *j, struct table *t, bool remove);
void janitor_take_file(struct janitor *j, enum file_kind kind, uint64_t id, struct fs_file *file,
                       uint64_t size, bool remove);

/* on_idle() is called on the loop whenever a job of it has ended. */
void janitor_tell(struct janitor *j, void (*on_idle)(void *owner), void *owner);

/* No job of it is under way. */
bool janitor_idle(const struct janitor *j);

/* Bytes of the files that will be removed. */
uint64_t janitor_bytes(const struct janitor *j);

/* Room is short: no pauses. */
void janitor_hurry(struct janitor *j, bool hurry);

/* Files it has; none is being worked on if 0. */
uint64_t janitor_waiting(const struct janitor *j);

/* While it rests it removes nothing; a job that is under way ends. */
void janitor_rest(struct janitor *j, bool rest);

/* When janitor_tick() wants to be called, in mono_us; UINT64_MAX for never. */
uint64_t janitor_deadline(const struct janitor *j);
void janitor_tick(struct janitor *j, uint64_t mono_us);

#endif
