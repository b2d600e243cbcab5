/* blob_file.c: opening and reading.  A ref came from a table: nothing in it is
 * believed before it is held against the file. */
#include "lsm/blob_file.h"

#include <assert.h>

#include "base/crc32c.h"
#include "base/mem.h"
#include "lsm/blob_format.h"
#include "lsm/log_format.h"

_Static_assert((int)BLOB_FRAMES_START == (int)SEGMENT_FRAMES_START &&
                   (int)BLOB_HEAD_SIZE <= (int)SEGMENT_HEAD_SIZE,
               "values are found alike in both");

static struct err check_head(const uint8_t *head, enum file_kind kind, uint64_t id)
{
    struct segment_head segment;
    uint32_t version;
    uint64_t found;
    bool good;

    if (kind == FILE_SEGMENT) {
        enum segment_head_state state = segment_head_get(head, &segment);
        version = segment.version;
        found = segment.id;
        good = state == SEGMENT_HEAD_GOOD || state == SEGMENT_HEAD_VERSION;
        if (good && version != LOG_FORMAT_VERSION)
            return err_make(ERR_INVALID, 0, "the segment is of another version");
    } else {
        good = blob_head_get(head, &version, &found);
        if (good && version != BLOB_FORMAT_VERSION)
            return err_make(ERR_INVALID, 0, "the blob file is of another version");
    }
    if (!good)
        return err_make(ERR_CORRUPT, 0, "the head of a file of values is damaged");
    if (found != id)
        return err_make(ERR_CORRUPT, 0, "a file of values has another's head");
    return err_ok();
}

static struct err check_file(struct fs_file *file, enum file_kind kind, uint64_t id, uint64_t *size)
{
    uint8_t head[SEGMENT_HEAD_SIZE];
    uint64_t real = 0;
    size_t got = 0;
    struct err e = fs_size(file, &real);

    if (!err_is(e))
        e = fs_read(file, 0, head, sizeof head, &got);
    if (err_is(e))
        return e;
    if (*size == 0)
        *size = real;
    if (got < sizeof head || *size < BLOB_FRAMES_START || *size > real)
        return err_make(ERR_CORRUPT, 0, "a file of values is too short");
    return check_head(head, kind, id);
}

struct err blob_file_open(struct blob_file **out, struct fs *fs, const char *dir,
                          enum file_kind kind, uint64_t id, uint64_t size)
{
    char *path = file_path(dir, kind, id);
    struct fs_file *file;
    struct err e = fs_open(fs, path, FS_READ, &file);

    assert(kind == FILE_SEGMENT || kind == FILE_BLOB);
    mem_free(path);
    if (e.code == ERR_NOT_FOUND)
        return err_make(ERR_CORRUPT, e.os, "a file of values is missing");
    if (err_is(e))
        return e;
    e = check_file(file, kind, id, &size);
    if (err_is(e)) {
        fs_close(file);
        return e;
    }
    fs_advise(file, 0, 0, FS_ADVISE_RANDOM);
    *out = mem_alloc(sizeof **out);
    **out = (struct blob_file){ .id = id, .kind = kind, .size = size, .file = file };
    return err_ok();
}

void blob_file_close(struct blob_file *b)
{
    if (!b)
        return;
    fs_close(b->file);
    mem_free(b);
}

struct err blob_file_holds(const struct blob_file *b, const struct blob_ref *ref)
{
    uint64_t size = __atomic_load_n(&b->size, __ATOMIC_RELAXED); /* it may grow */

    assert(ref->file == b->id);
    if (ref->offset < BLOB_FRAMES_START || ref->offset > size || ref->length > size - ref->offset)
        return err_make(ERR_CORRUPT, 0, "a value lies outside of its file");
    return err_ok();
}

static struct err check_value(const struct blob_ref *ref, const uint8_t *value)
{
    if (crc32c_extend(0, value, ref->length) != ref->crc)
        return err_make(ERR_CORRUPT, 0, "the checksum of a value is wrong");
    return err_ok();
}

struct err blob_file_read(const struct blob_file *b, const struct blob_ref *ref, uint8_t *to)
{
    struct err e = blob_file_holds(b, ref);
    size_t got = 0;

    if (!err_is(e))
        e = fs_read(b->file, ref->offset, to, ref->length, &got);
    if (err_is(e))
        return e;
    if (got < ref->length)
        return err_make(ERR_CORRUPT, 0, "a file of values is too short");
    return check_value(ref, to);
}

bool blob_file_read_now(const struct blob_file *b, const struct blob_ref *ref, uint8_t *to,
                        struct err *e)
{
    size_t got = 0;

    *e = blob_file_holds(b, ref);
    if (!err_is(*e))
        *e = fs_read_now(b->file, ref->offset, to, ref->length, &got);
    if (err_is(*e) || got < ref->length)
        return false;
    *e = check_value(ref, to);
    return !err_is(*e);
}
