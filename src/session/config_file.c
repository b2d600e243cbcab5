/* config_file.c: read, rewritten and replaced off the loop, with a copy of the options. */
#include "session/config_file.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "session/acl.h"
#include "session/config_rewrite.h"
#include "session/text_file.h"

static void say(struct config_file *file, struct err e)
{
    buf_printf(&file->why, "%s", e.os ? strerror(e.os) : e.what);
}

static void run(struct job *job)
{
    struct config_file *file = list_item(job, struct config_file, turn.job);
    struct instance *in = file->turn.instance;
    const char *path = in->options->config_file; /* never changes */
    struct buf old = { 0 }, fresh = { 0 };
    struct err e = text_file_read(in->env->fs, path, LIMIT_CONFIG_FILE, &old);

    if (err_is(e) && e.code != ERR_NOT_FOUND) { /* one that is gone is made again */
        say(file, e);
    } else if (config_rewrite_checked(buf_slice(&old), &file->options, buf_slice(&file->users),
                                      &fresh, &file->why)) {
        e = text_file_replace(in->env->fs, path, buf_slice(&fresh));
        if (err_is(e))
            say(file, e);
    }
    buf_deinit(&old);
    buf_deinit(&fresh);
}

static void forget(struct config_file *file)
{
    options_deinit(&file->options);
    buf_deinit(&file->users);
}

static void done(struct job *job)
{
    struct config_file *file = list_item(job, struct config_file, turn.job);
    struct trace *trace = file->turn.instance->env->trace;

    forget(file);
    if (file->why.len)
        trace_log(trace, TRACE_WARNING, "CONFIG REWRITE failed: %.*s", (int)file->why.len,
                  (const char *)file->why.data);
    else
        trace_log(trace, TRACE_NOTICE, "CONFIG REWRITE executed with success.");
    awaited_end(&file->turn);
}

struct config_file *config_file_new(struct instance *in)
{
    struct config_file *file = mem_zalloc(1, sizeof *file);

    awaited_init(&file->turn, in, run, done);
    return file;
}

void config_file_free(struct config_file *file)
{
    if (!file)
        return;
    if (file->turn.busy)
        forget(file);
    buf_deinit(&file->why);
    mem_free(file);
}

void config_file_rewrite(struct config_file *file, struct call *c)
{
    const struct instance *in = file->turn.instance;

    assert(*in->options->config_file);
    options_copy(&file->options, in->options);
    if (!*in->options->aclfile)
        acl_describe(in->acl, &file->users);
    file->why.len = 0;
    awaited_begin(&file->turn, c);
}
