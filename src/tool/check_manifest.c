/* check_manifest.c: the manifest that counts, and those that do not. */
#include <stdio.h>
#include <string.h>

#include "lsm/manifest_format.h"
#include "tool/check.h"

static const char torn[] = "what a crash in mid-write leaves, and harmless then: a start passes "
                           "over it; after an orderly stop, restore the folder from a backup";

/* Looks at one; true if it is whole, and then *out is what it says. */
static bool check_one(struct check *c, const struct store_file *f, struct manifest_state *out)
{
    struct buf bytes = { 0 };
    uint64_t offset = CHECK_NOWHERE;
    struct err e = tool_store_read(&c->store, f, MANIFEST_SIZE_MAX, &bytes);

    *out = (struct manifest_state){ .found = false };
    if (!err_is(e))
        e = manifest_parse(buf_slice(&bytes), f->id, out, &offset);
    if (err_is(e))
        check_found(c, f, offset, e.os ? strerror(e.os) : e.what, check_restore);
    else if (!out->found)
        check_found(c, f, 0, "it has no whole snapshot", torn);
    else if (out->torn)
        check_found(c, f, f->size - out->torn, "bytes that are no whole edit", torn);
    buf_deinit(&bytes);
    check_progress(c, f->size);
    return !err_is(e) && out->found;
}

void check_manifests(struct check *c)
{
    size_t count;
    const struct store_file *first = tool_store_kind(&c->store, FILE_MANIFEST, &count);

    for (size_t i = count; i-- > 0;) {
        uint64_t before = c->found;
        struct manifest_state state;
        if (first[i].size == 0)
            continue;
        if (c->has_state) {
            check_spare(c, &first[i]);
        } else if (check_one(c, &first[i], &state)) {
            c->has_state = true;
            c->state = state;
        } else if (c->found > before && i > 0) {
            check_note(c, &first[i - 1], "the manifest before it is looked at instead");
        }
    }
    if (count == 0 && !c->store.single) {
        size_t tables, blobs;
        tool_store_kind(&c->store, FILE_TABLE, &tables);
        tool_store_kind(&c->store, FILE_BLOB, &blobs);
        if (tables + blobs)
            check_found(c, NULL, CHECK_NOWHERE, "the manifest is missing", check_restore);
    }
}
