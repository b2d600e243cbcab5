/* load_window.c: one buffer; what is skipped leaves it when more is read. */
#include "lsm/load_window.h"

#include <assert.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/mem.h"

void load_window_open(struct load_window *w, struct fs_file *file, uint64_t size, uint64_t offset)
{
    *w = (struct load_window){ .file = file, .size = size, .offset = offset };
}

void load_window_close(struct load_window *w)
{
    fs_close(w->file);
    buf_deinit(&w->bytes);
    *w = (struct load_window){ 0 };
}

/* A file that became shorter than it said is at its end. */
static struct err read_on(struct load_window *w, size_t len)
{
    size_t got = 0;
    uint64_t at = w->offset + (w->bytes.len - w->skipped);
    struct err e = fs_read(w->file, at, buf_reserve(&w->bytes, len), len, &got);

    if (err_is(e))
        return e;
    w->bytes.len += got;
    if (got == 0)
        w->size = at;
    return err_ok();
}

struct err load_window_want(struct load_window *w, uint64_t want)
{
    if (w->skipped && w->bytes.len - w->skipped < want) {
        w->bytes.len -= w->skipped;
        memmove(w->bytes.data, w->bytes.data + w->skipped, w->bytes.len);
        w->skipped = 0;
    }
    for (;;) {
        size_t have = w->bytes.len - w->skipped;
        uint64_t rest = load_window_rest(w);
        struct err e;
        if (have >= want || have >= rest)
            return err_ok();
        e = read_on(w, rest - have < LOAD_STEP ? (size_t)(rest - have) : LOAD_STEP);
        if (err_is(e))
            return e;
    }
}

void load_window_skip(struct load_window *w, size_t len)
{
    assert(len <= w->bytes.len - w->skipped);
    w->skipped += len;
    w->offset += len;
}

struct err load_window_crc(struct load_window *w, uint64_t at, uint64_t len, uint32_t *crc)
{
    uint8_t *step = mem_alloc(LOAD_STEP);
    struct err e = err_ok();

    *crc = 0;
    while (len > 0 && !err_is(e)) {
        size_t got = 0;
        e = fs_read(w->file, w->offset + at, step, len < LOAD_STEP ? (size_t)len : LOAD_STEP, &got);
        if (!err_is(e) && got == 0)
            e = err_make(ERR_IO, 0, "a file became shorter while it was read");
        if (!err_is(e))
            *crc = crc32c_extend(*crc, step, got);
        at += got;
        len -= got;
    }
    mem_free(step);
    return e;
}
