/* file_name.h: the names of a store's files, in one place.
 *
 * All files of a store draw their ids from one counter, so an id alone says which
 * file a blob_ref means. */
#ifndef HENGE_LSM_FILE_NAME_H
#define HENGE_LSM_FILE_NAME_H

#include <stdbool.h>
#include <stdint.h>

enum file_kind {
    FILE_SEGMENT,  /* log-<id>.seg    of the log; values may stay in it (log_format.h) */
    FILE_TABLE,    /* table-<id>.tbl  sorted cells (table_format.h) */
    FILE_BLOB,     /* blob-<id>.blb   large values, rewritten (blob_format.h) */
    FILE_MANIFEST, /* manifest-<id>.mft  edits (manifest_format.h) */
    FILE_KINDS,
};

/* Ids for new files; jobs take them too, hence atomic.  An id that was taken and
 * not used leaves a gap, which is harmless. */
struct file_ids {
    uint64_t next;
};

static inline uint64_t file_ids_take(struct file_ids *ids)
{
    return __atomic_fetch_add(&ids->next, 1, __ATOMIC_RELAXED);
}

/* "<dir>/<name of that file>", to end with mem_free(). */
char *file_path(const char *dir, enum file_kind kind, uint64_t id);

/* Whether a file's name is one of these, and which: 16 lower-case hex digits. */
bool file_name_parse(const char *name, enum file_kind *kind, uint64_t *id);

#endif
