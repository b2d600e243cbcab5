/* fuzz_fs.h: a file system of one file, to be read: the bytes a fuzzer made up. */
#ifndef HENGE_FUZZ_FUZZ_FS_H
#define HENGE_FUZZ_FUZZ_FS_H

#include "env/fs.h"

struct fuzz_fs {
    struct fs fs;
    struct slice bytes; /* borrowed */
    unsigned open;      /* handles */
};

/* Every path is that file. */
void fuzz_fs_init(struct fuzz_fs *f, struct slice bytes);

/* Asserts that it was closed as often as it was opened. */
void fuzz_fs_deinit(struct fuzz_fs *f);

#endif
