/* load_window.h: a file read from front to back, a piece of it in memory: however
 * large it is, a load takes little more memory than its largest frame. */
#ifndef HENGE_LSM_LOAD_WINDOW_H
#define HENGE_LSM_LOAD_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "env/fs.h"

enum { LOAD_STEP = 1024 * 1024 /* read at a time */ };

struct load_window {
    struct fs_file *file;
    uint64_t size;    /* of the file */
    uint64_t offset;  /* in the file, of what load_window_bytes() returns */
    struct buf bytes; /* from `offset` - `skipped` on */
    size_t skipped;
};

/* Takes `file`, of `size` bytes, from `offset` on. */
void load_window_open(struct load_window *w, struct fs_file *file, uint64_t size, uint64_t offset);

/* Closes the file. */
void load_window_close(struct load_window *w);

/* What is in memory; valid until the next call of anything here. */
static inline struct slice load_window_bytes(const struct load_window *w)
{
    if (w->bytes.len == 0)
        return slice_of(NULL, 0);
    return slice_of(w->bytes.data + w->skipped, w->bytes.len - w->skipped);
}

/* Bytes from `offset` to the file's end. */
static inline uint64_t load_window_rest(const struct load_window *w)
{
    return w->offset < w->size ? w->size - w->offset : 0;
}

/* Reads on until `want` bytes are there, or all. */
struct err load_window_want(struct load_window *w, uint64_t want);

/* The first `len` bytes that are there are done with. */
void load_window_skip(struct load_window *w, size_t len);

/* The crc32c of `len` bytes from `at` bytes behind the window's first on, which need
 * not be in memory; they must be in the file. */
struct err load_window_crc(struct load_window *w, uint64_t at, uint64_t len, uint32_t *crc);

#endif
