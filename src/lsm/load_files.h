/* load_files.h: the files of a log as a load finds them, in the order of ids. */
#ifndef HENGE_LSM_LOAD_FILES_H
#define HENGE_LSM_LOAD_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "env/fs.h"
#include "lsm/log_format.h"

struct load_file {
    uint64_t id;
    uint64_t size;
    enum segment_head_state state;
    struct segment_head head;
    uint64_t used; /* bytes of frames that were replayed */
    bool removed;
};

struct load_files {
    struct fs *fs;
    const char *dir; /* borrowed */
    struct load_file *file;
    size_t count;
    size_t room;
};

/* Lists the directory and reads every segment's head.  Names that are not a
 * segment's and empty files are left out.  *failed is the file an error is
 * about, or the count. */
struct err load_files_read(struct load_files *f, struct fs *fs, const char *dir, size_t *failed);
void load_files_deinit(struct load_files *f);

/* The whole of a file.  `step` is called with the bytes read so far of it. */
struct err load_file_get(const struct load_files *f, size_t i, struct buf *out,
                         void (*step)(void *arg, uint64_t bytes), void *arg);

/* Makes the replayed frames from byte `from` of them on durable, and the head if
 * that is 0: written once more, then synced.  A sync alone proves nothing: if one
 * failed in an earlier life, the kernel takes the pages it lost for clean. */
struct err load_file_keep(const struct load_files *f, size_t i, uint64_t from);

struct err load_file_remove(struct load_files *f, size_t i);

/* Cuts the file behind its last replayed frame, durably. */
struct err load_file_cut(const struct load_files *f, size_t i);

#endif
