/* acl_file.c: the ACL file, read and written in jobs. */
#include "session/acl_file.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "session/acl.h"
#include "session/session.h"

struct err acl_read_file(struct fs *fs, const char *path, struct buf *text)
{
    struct fs_file *file;
    struct err e = fs_open(fs, path, FS_READ, &file), closed;
    uint64_t len = 0;
    size_t got = 0;

    if (err_is(e))
        return e;
    e = fs_size(file, &len);
    if (!err_is(e) && len > LIMIT_ACL_BYTES)
        e = err_make(ERR_LIMIT, 0, "it is too large");
    if (!err_is(e))
        e = fs_read(file, 0, buf_reserve(text, (size_t)len), (size_t)len, &got);
    text->len += got;
    closed = fs_close(file);
    return err_is(e) ? e : closed;
}

static struct err write_new(struct fs *fs, const char *path, struct slice text)
{
    struct fs_file *file;
    struct err e, closed;

    e = fs_remove(fs, path); /* what an end within this left behind */
    if (err_is(e) && e.code != ERR_NOT_FOUND)
        return e;
    e = fs_open(fs, path, FS_WRITE | FS_CREATE, &file);
    if (err_is(e))
        return e;
    e = fs_write(file, 0, text);
    if (!err_is(e))
        e = fs_sync(file);
    closed = fs_close(file);
    return err_is(e) ? e : closed;
}

/* The folder a path is in; the caller's. */
static char *folder_of(const char *path)
{
    char *folder = mem_strdup(path);
    char *slash = strrchr(folder, '/');

    if (!slash) {
        mem_free(folder);
        return mem_strdup(".");
    }
    slash[slash == folder] = '\0';
    return folder;
}

struct err acl_write_file(struct fs *fs, const char *path, struct slice text)
{
    struct buf name = { 0 };
    char *folder = folder_of(path);
    struct err e;

    buf_printf(&name, "%s.new", path);
    buf_append_byte(&name, 0);
    e = write_new(fs, (const char *)name.data, text);
    if (!err_is(e))
        e = fs_rename(fs, (const char *)name.data, path);
    if (err_is(e))
        fs_remove(fs, (const char *)name.data);
    else
        e = fs_sync_dir(fs, folder);
    mem_free(folder);
    buf_deinit(&name);
    return e;
}

/* Reads and parses.  False: `why` says what is wrong. */
static bool read_users(struct fs *fs, const char *path, const struct acl_rows *rows,
                       bool all_channels, struct acl_set *set, struct buf *why)
{
    struct buf text = { 0 };
    struct err e = acl_read_file(fs, path, &text);
    bool ok = false;

    if (err_is(e))
        buf_printf(why, "Error loading ACLs, opening file '%s': %s. ", path,
                   e.os ? strerror(e.os) : e.what);
    else
        ok = acl_parse_file(buf_slice(&text), path, rows, all_channels, set, why);
    buf_deinit(&text);
    return ok;
}

bool acl_start(struct instance *in, struct buf *why)
{
    const struct options *o = in->options;
    struct acl *acl = in->acl;
    struct acl_set fresh = { 0 };
    const char *from = *o->config_file ? o->config_file : "the command line";

    acl->all_channels = o->acl_pubsub_default != 0;
    acl_set_requirepass(acl, slice_str(o->requirepass));
    if (*o->aclfile && *o->users) {
        buf_printf(why, "users are in %s and in aclfile '%s'; keep them in one place", from,
                   o->aclfile);
        return false;
    }
    if (*o->aclfile) {
        if (!read_users(in->env->fs, o->aclfile, &acl->rows, acl->all_channels, &fresh, why))
            return false;
        if (*o->requirepass)
            trace_log(in->env->trace, TRACE_WARNING,
                      "requirepass is not used: the users are those of aclfile '%s'", o->aclfile);
        acl_replace_all(in, &fresh, 0);
        return true;
    }
    if (!acl_parse_config(slice_str(o->users), from, &acl->rows, acl->all_channels, &fresh, why))
        return false;
    for (uint32_t i = 0; i < fresh.count; i++) {
        struct acl_user *u = fresh.users[i];

        if (!u->enabled)
            trace_log(in->env->trace, TRACE_NOTICE,
                      "user '%.*s' is off: there is no 'on' among its rules",
                      u->name.len < 128 ? (int)u->name.len : 128, (const char *)u->name.data);
        fresh.users[i] = NULL;
        if (!acl_set_put(&acl->users, u, LIMIT_ACL_BYTES))
            buf_printf(why, "the users are larger than %d bytes together", LIMIT_ACL_BYTES);
    }
    acl_set_deinit(&fresh);
    return why->len == 0;
}

/* --- jobs */

static void run(struct job *job)
{
    struct acl_file *file = list_item(job, struct acl_file, job);
    const struct instance *in = file->instance;
    const char *path = in->options->aclfile; /* never changes */
    struct err e;

    if (!file->saves) {
        if (!read_users(in->env->fs, path, &in->acl->rows, file->all_channels, &file->fresh,
                        &file->why))
            buf_printf(&file->why, "WARNING: ACL errors detected, no change to the previously "
                                   "active ACL rules was performed");
        return;
    }
    e = acl_write_file(in->env->fs, path, buf_slice(&file->text));
    if (err_is(e))
        buf_printf(&file->why, "Cannot save the users in '%s': %s: %s", path, e.what,
                   e.os ? strerror(e.os) : "");
}

static void done(struct job *job)
{
    struct acl_file *file = list_item(job, struct acl_file, job);
    struct instance *in = file->instance;

    file->busy = false;
    buf_deinit(&file->text);
    if (file->why.len)
        trace_log(in->env->trace, TRACE_WARNING, "%.*s", (int)file->why.len,
                  (const char *)file->why.data);
    else if (!file->saves)
        acl_replace_all(in, &file->fresh, file->asker);
    in->door->saved(in);
}

struct acl_file *acl_file_new(struct instance *in)
{
    struct acl_file *file = mem_zalloc(1, sizeof *file);

    file->instance = in;
    file->job = (struct job){ .run = run, .done = done, .priority = JOB_SOON };
    return file;
}

void acl_file_free(struct acl_file *file)
{
    if (!file)
        return;
    buf_deinit(&file->text);
    buf_deinit(&file->why);
    acl_set_deinit(&file->fresh);
    mem_free(file);
}

static void begin(struct acl_file *file, uint64_t asker, bool saves)
{
    assert(!file->busy);
    file->busy = true;
    file->saves = saves;
    file->begun++;
    file->asker = asker;
    file->all_channels = file->instance->acl->all_channels;
    file->why.len = 0;
    pool_submit(file->instance->env->pool, &file->job);
}

void acl_file_load(struct acl_file *file, uint64_t asker)
{
    begin(file, asker, false);
}

void acl_file_save(struct acl_file *file, uint64_t asker)
{
    acl_describe(file->instance->acl, &file->text);
    begin(file, asker, true);
}
