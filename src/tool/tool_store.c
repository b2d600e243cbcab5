/* tool_store.c: a folder is listed, a file's folder too: they are locked alike. */
#include "tool/tool_store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void tell(const struct tool *tool, void (*to)(void *owner, struct slice text),
                 const char *format, va_list args)
{
    char small[512];
    struct buf large = { 0 };
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(small, sizeof small, format, args);
    if (len >= (int)sizeof small) {
        vsnprintf((char *)buf_reserve(&large, (size_t)len + 1), (size_t)len + 1, format, again);
        large.len = (size_t)len;
    }
    to(tool->owner, large.len ? buf_slice(&large) : slice_of(small, len > 0 ? (size_t)len : 0));
    va_end(again);
    buf_deinit(&large);
}

void tool_line(const struct tool *tool, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(tool, tool->line, format, args);
    va_end(args);
}

void tool_complain(const struct tool *tool, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(tool, tool->complain, format, args);
    va_end(args);
}

static void add(struct tool_store *s, enum file_kind kind, uint64_t id)
{
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 16;
        s->files = mem_realloc(s->files, s->room * sizeof *s->files);
    }
    s->files[s->count++] = (struct store_file){ .kind = kind, .id = id };
}

static void add_name(void *arg, const char *name)
{
    enum file_kind kind;
    uint64_t id;

    if (file_name_parse(name, &kind, &id))
        add(arg, kind, id);
}

static int by_kind(const void *a, const void *b)
{
    const struct store_file *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Splits `path` if it ends in the name of a store's file. */
static void take_path(struct tool_store *s, const char *path)
{
    const char *name = strrchr(path, '/');
    enum file_kind kind;
    uint64_t id;
    size_t len = strlen(path);

    name = name ? name + 1 : path;
    s->single = file_name_parse(name, &kind, &id);
    if (s->single) {
        add(s, kind, id);
        len = name == path ? 0 : (size_t)(name - path) - 1;
    }
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len == 0) {
        s->dir = mem_strdup(name == path ? "." : "/");
        return;
    }
    s->dir = mem_alloc(len + 1);
    memcpy(s->dir, path, len);
    s->dir[len] = '\0';
}

static const char *why(struct err e)
{
    return e.os ? strerror(e.os) : e.what;
}

/* A folder that cannot be written to cannot be changed by a server of ours either. */
static bool take_lock(struct tool_store *s)
{
    size_t room = strlen(s->dir) + sizeof "/lock";
    char *path = mem_alloc(room);
    struct err e;

    snprintf(path, room, "%s/lock", s->dir);
    e = fs_lock(s->tool->fs, path, &s->lock);
    mem_free(path);
    if (err_is(e))
        s->lock = NULL;
    if (e.code == ERR_BUSY)
        tool_complain(s->tool, "%s is in use: stop its server first, or look at a checkpoint",
                      s->dir);
    else if (err_is(e) && e.os != EACCES && e.os != EROFS)
        tool_complain(s->tool, "%s/lock: %s", s->dir, why(e));
    else
        return true;
    return false;
}

struct err tool_store_file(const struct tool_store *s, const struct store_file *f,
                           struct fs_file **out)
{
    char *path = file_path(s->dir, f->kind, f->id);
    struct err e = fs_open(s->tool->fs, path, FS_READ, out);

    mem_free(path);
    return e;
}

static bool read_sizes(struct tool_store *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct fs_file *file;
        struct err e = tool_store_file(s, &s->files[i], &file);
        if (!err_is(e)) {
            e = fs_size(file, &s->files[i].size);
            fs_close(file);
        }
        if (err_is(e)) {
            char *path = file_path(s->dir, s->files[i].kind, s->files[i].id);
            tool_complain(s->tool, "%s: %s", path, why(e));
            mem_free(path);
            return false;
        }
    }
    return true;
}

bool tool_store_open(struct tool_store *s, const struct tool *tool, const char *path)
{
    struct err e = err_ok();

    *s = (struct tool_store){ .tool = tool };
    take_path(s, path);
    if (!s->single)
        e = fs_list(tool->fs, s->dir, add_name, s);
    if (err_is(e)) {
        tool_complain(tool, "%s: %s", path, why(e));
        return false;
    }
    if (s->count == 0) {
        tool_complain(tool, "%s has no file of a store", path);
        return false;
    }
    qsort(s->files, s->count, sizeof *s->files, by_kind);
    return take_lock(s) && read_sizes(s);
}

void tool_store_close(struct tool_store *s)
{
    if (s->lock)
        fs_close(s->lock);
    mem_free(s->files);
    mem_free(s->dir);
    *s = (struct tool_store){ 0 };
}

struct err tool_store_read(const struct tool_store *s, const struct store_file *f, uint64_t most,
                           struct buf *out)
{
    struct fs_file *file;
    size_t got = 1;
    struct err e;

    out->len = 0;
    if (f->size > most)
        return err_make(ERR_LIMIT, 0, "larger than any of its kind can be");
    e = tool_store_file(s, f, &file);
    if (err_is(e))
        return e;
    buf_reserve(out, (size_t)f->size + 1);
    while (!err_is(e) && got > 0 && out->len < f->size) {
        e = fs_read(file, out->len, out->data + out->len, (size_t)f->size - out->len, &got);
        out->len += err_is(e) ? 0 : got;
    }
    fs_close(file);
    return e;
}

const struct store_file *tool_store_find(const struct tool_store *s, enum file_kind kind,
                                         uint64_t id)
{
    struct store_file key = { .kind = kind, .id = id };

    return s->count ? bsearch(&key, s->files, s->count, sizeof *s->files, by_kind) : NULL;
}

const struct store_file *tool_store_kind(const struct tool_store *s, enum file_kind kind,
                                         size_t *count)
{
    size_t first = 0;

    while (first < s->count && s->files[first].kind < kind)
        first++;
    *count = 0;
    while (first + *count < s->count && s->files[first + *count].kind == kind)
        ++*count;
    return s->files + first;
}
