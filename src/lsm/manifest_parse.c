/* manifest_parse.c: one manifest's bytes: records up to the first that is not whole,
 * and whether it ought to be. */
#include "lsm/manifest.h"
#include "lsm/manifest_fold.h"
#include "lsm/manifest_format.h"
#include "lsm/manifest_record.h"

/* Whether a whole record at or behind `from` proves that what should be at `from` was
 * synced. */
static bool promised(struct slice bytes, uint64_t id, uint64_t from)
{
    struct record_head head;

    for (uint64_t at = from; at + RECORD_HEAD_SIZE <= bytes.len; at += 8) {
        struct slice rest = slice_of(bytes.data + at, bytes.len - at);
        if (!record_good(rest, id))
            continue;
        record_head_get(rest.data, &head);
        if (head.synced > from)
            return true;
    }
    return false;
}

/* The record at *at, known to be whole, goes into the fold. */
static struct err take_record(struct manifest_fold *fold, struct slice record, uint64_t at,
                              uint64_t *next_file)
{
    struct record_head head;
    struct edit edit;
    uint64_t next;
    bool first = at == MANIFEST_HEAD_SIZE;
    struct err e = record_get(record, &head, &edit, &next);

    if (err_is(e))
        return e;
    if (head.synced > at || (head.kind == RECORD_SNAPSHOT) != first ||
        (!first && head.number != fold->number + 1))
        e = err_make(ERR_CORRUPT, 0, "a record that cannot be here");
    if (!err_is(e))
        e = fold_add(fold, &edit);
    edit_deinit(&edit);
    if (next > *next_file)
        *next_file = next;
    return e;
}

struct err manifest_parse(struct slice bytes, uint64_t id, struct manifest_state *out,
                          uint64_t *offset)
{
    struct manifest_fold fold = { .number = 0 };
    uint32_t version;
    enum manifest_head_state head = manifest_head_get(bytes, id, &version);
    uint64_t at = head == MANIFEST_HEAD_GOOD ? MANIFEST_HEAD_SIZE : 0;
    struct err e = err_ok();

    *out = (struct manifest_state){ .id = id };
    *offset = 0;
    if (head == MANIFEST_HEAD_VERSION)
        return err_make(ERR_INVALID, 0, "a format version this program does not know");
    while (at > 0 && !err_is(e) && at < bytes.len) {
        struct slice rest = slice_of(bytes.data + at, bytes.len - at);
        if (!record_good(rest, id))
            break;
        rest.len = record_size(rest.data);
        *offset = at;
        e = take_record(&fold, rest, at, &out->next_file);
        at += rest.len;
    }
    if (!err_is(e)) {
        *offset = at;
        if (promised(bytes, id, at))
            e = err_make(ERR_CORRUPT, 0, "what was synced there is not readable");
    }
    out->found = !err_is(e) && at > MANIFEST_HEAD_SIZE;
    if (out->found) {
        out->number = fold.number;
        out->torn = bytes.len - at;
        fold_result(&fold, &out->whole);
    }
    fold_deinit(&fold);
    return e;
}
