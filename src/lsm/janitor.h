/* janitor.h: removes files nothing refers to any more, a few at a time, for
 * removing a large file takes the file system a while.  Loop side; the work is jobs of
 * JOB_LATER. */
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

/* At once; files not removed yet stay for the next start.  Accepts NULL. */
void janitor_free(struct janitor *j);

/* Takes an open table or file (or neither: NULL), to be closed, and removes its
 * file if `remove`. */
void janitor_take_table(struct janitor *j, struct table *t, bool remove);
void janitor_take_file(struct janitor *j, enum file_kind kind, uint64_t id, struct fs_file *file,
                       bool remove);

/* Files that wait; none is being worked on if 0. */
uint64_t janitor_waiting(const struct janitor *j);

uint64_t janitor_deadline(const struct janitor *j); /* mono_us; UINT64_MAX */
void janitor_tick(struct janitor *j, uint64_t mono_us);

#endif
