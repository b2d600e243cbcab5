/* load_files.h: the files of a store as a load finds them: segments in the order of
 * ids, and the names of the others. */
#ifndef HENGE_LSM_LOAD_FILES_H
#define HENGE_LSM_LOAD_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "env/fs.h"
#include "lsm/file_name.h"
#include "lsm/log_format.h"

struct load_file {
    uint64_t id;
    uint64_t size;
    enum segment_head_state state;
    struct segment_head head;
    uint64_t used; /* bytes of frames up to the last one that was replayed */
    bool removed;
};

struct load_name {
    enum file_kind kind;
    uint64_t id;
};

struct load_files {
    struct fs *fs;
    const char *dir; /* borrowed */
    struct load_file *file;
    size_t count;
    size_t room;
    struct load_name *other; /* tables, blob files, manifests */
    size_t other_count;
    size_t other_room;
    uint64_t last_id; /* the largest of all */
};

/* Lists the directory.  Names that are not a store's are left out. */
struct err load_files_list(struct load_files *f, struct fs *fs, const char *dir);

/* Reads every segment's head, and forgets empty files.  *failed is the file an error
 * is about. */
struct err load_files_heads(struct load_files *f, size_t *failed);
void load_files_deinit(struct load_files *f);

struct err load_file_open(const struct load_files *f, size_t i, struct fs_file **out);

/* Makes the head and the replayed frames from byte `from` of them on durable: written once
 * more, then synced.  A sync alone proves nothing: if one failed in an earlier life, the
 * kernel takes the pages it lost for clean.  The head too, though frames behind it need not
 * be kept: what they said may be in a table that was written because that sync failed. */
struct err load_file_keep(const struct load_files *f, size_t i, uint64_t from);

struct err load_file_remove(struct load_files *f, size_t i);

/* Cuts the file behind its last replayed frame, durably, if it is longer. */
struct err load_file_cut(struct load_files *f, size_t i);

#endif
