/* acl_file.c: the ACL file, read and written in jobs. */
#include "session/acl_file.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "session/acl.h"
#include "session/session.h"
#include "session/text_file.h"

/* Reads and parses.  False: `why` says what is wrong. */
static bool read_users(struct fs *fs, const char *path, const struct acl_rows *rows,
                       bool all_channels, struct acl_set *set, struct buf *why)
{
    struct buf text = { 0 };
    struct err e = text_file_read(fs, path, LIMIT_ACL_BYTES, &text);
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
    struct acl_file *file = list_item(job, struct acl_file, turn.job);
    const struct instance *in = file->turn.instance;
    const char *path = in->options->aclfile; /* never changes */
    struct err e;

    if (!file->saves) {
        if (!read_users(in->env->fs, path, &in->acl->rows, file->all_channels, &file->fresh,
                        &file->why))
            buf_printf(&file->why, "WARNING: ACL errors detected, no change to the previously "
                                   "active ACL rules was performed");
        return;
    }
    e = text_file_replace(in->env->fs, path, buf_slice(&file->text));
    if (err_is(e))
        buf_printf(&file->why, "Cannot save the users in '%s': %s: %s", path, e.what,
                   e.os ? strerror(e.os) : "");
}

static void done(struct job *job)
{
    struct acl_file *file = list_item(job, struct acl_file, turn.job);
    struct instance *in = file->turn.instance;

    buf_deinit(&file->text);
    if (file->why.len)
        trace_log(in->env->trace, TRACE_WARNING, "%.*s", (int)file->why.len,
                  (const char *)file->why.data);
    else if (!file->saves)
        acl_replace_all(in, &file->fresh, file->asker);
    awaited_end(&file->turn);
}

struct acl_file *acl_file_new(struct instance *in)
{
    struct acl_file *file = mem_zalloc(1, sizeof *file);

    awaited_init(&file->turn, in, run, done);
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

static void begin(struct acl_file *file, struct call *c, bool saves)
{
    file->saves = saves;
    file->asker = c->session->id;
    file->all_channels = file->turn.instance->acl->all_channels;
    file->why.len = 0;
    awaited_begin(&file->turn, c);
}

void acl_file_load(struct acl_file *file, struct call *c)
{
    begin(file, c, false);
}

void acl_file_save(struct acl_file *file, struct call *c)
{
    acl_describe(file->turn.instance->acl, &file->text);
    begin(file, c, true);
}
