/* check.c: the order of the checks, and their lines. */
#include "tool/check.h"

#include <string.h>

#include "base/mem.h"

enum { LINES_A_FILE = 20 };

const char check_restore[] = "restore the folder from a backup or checkpoint";
const char check_report[] = "reads are not affected; please report it";

static void show(struct check *c, const struct store_file *f, uint64_t offset, const char *what,
                 const char *advice)
{
    char *path = f ? file_path(c->store.dir, f->kind, f->id) : NULL;
    const char *name = path ? path : c->store.dir;

    if (offset == CHECK_NOWHERE)
        tool_line(c->store.tool, "%s: %s; %s", name, what, advice);
    else
        tool_line(c->store.tool, "%s: offset %llu: %s; %s", name, (unsigned long long)offset, what,
                  advice);
    mem_free(path);
}

void check_found(struct check *c, const struct store_file *f, uint64_t offset, const char *what,
                 const char *advice)
{
    c->found++;
    if (c->told != f)
        c->told_lines = 0;
    c->told = f;
    c->told_lines++;
    if (c->told_lines <= LINES_A_FILE)
        show(c, f, offset, what, advice);
    else if (c->told_lines == LINES_A_FILE + 1)
        show(c, f, CHECK_NOWHERE, "and more", "only counted from here on");
}

void check_note(struct check *c, const struct store_file *f, const char *what)
{
    show(c, f, CHECK_NOWHERE, what, "no damage");
}

void check_spare(struct check *c, const struct store_file *f)
{
    c->spare++;
    check_progress(c, f->size);
}

void check_progress(struct check *c, uint64_t bytes)
{
    c->done += bytes;
    if (c->done > c->total)
        c->total = c->done;
    c->store.tool->progress(c->store.tool->owner, c->done, c->total);
}

static void check_folder(struct check *c)
{
    for (size_t i = 0; i < c->store.count; i++)
        c->total += c->store.files[i].size;
    check_manifests(c);
    check_tree(c);
    check_log(c);
    c->total += c->v ? check_refs_bytes(c) : 0;
    if (c->v)
        check_refs(c);
    else
        tool_line(c->store.tool,
                  "%s: whether cells refer to their values was not checked: that needs "
                  "the files above",
                  c->store.dir);
    check_tree_end(c);
}

static void check_single(struct check *c)
{
    const struct store_file *f = &c->store.files[0];
    struct frames_rules rules = { .counts = 0 };
    struct frames_sum sum;
    struct table *t = NULL;

    c->total = f->size;
    switch (f->kind) {
    case FILE_MANIFEST:
        check_manifests(c);
        edit_deinit(&c->state.whole);
        break;
    case FILE_TABLE:
        check_table(c, f, &t);
        table_close(t);
        break;
    case FILE_BLOB:
        check_blob(c, f, f->size);
        break;
    case FILE_SEGMENT:
        check_segment_head(c, f, &sum);
        check_segment(c, f, &rules, &sum);
        break;
    case FILE_KINDS:
        break;
    }
}

enum tool_status check_run(const struct tool *tool, const char *path)
{
    struct check c = { .found = 0 };
    uint64_t bytes = 0;

    if (!tool_store_open(&c.store, tool, path)) {
        tool_store_close(&c.store);
        return TOOL_FAILED;
    }
    if (c.store.single)
        check_single(&c);
    else
        check_folder(&c);
    for (size_t i = 0; i < c.store.count; i++)
        bytes += c.store.files[i].size;
    if (c.spare)
        tool_line(tool,
                  "%s: %llu files that nothing needs any more were not read; a start removes them",
                  path, (unsigned long long)c.spare);
    if (c.found)
        tool_line(tool, "%s: %llu found to be wrong", path, (unsigned long long)c.found);
    else
        tool_line(tool, "%s: %zu files, %llu bytes: all is right", path, c.store.count,
                  (unsigned long long)bytes);
    tool_store_close(&c.store);
    return c.found ? TOOL_FOUND : TOOL_GOOD;
}
