/* tool_world.c: a store of a few files of a few kilobytes. */
#include "tool_world.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/file_name.h"

void tool_world_init(struct tool_world *w)
{
    memset(w, 0, sizeof *w);
    lsm_world_init(&w->store);
    w->store.options.segment_size = 12288;
    w->store.options.chunk_size = 1024;
    w->store.options.memtable_size = 6144;
    w->store.options.value_separation = 400;
    w->store.options.table_size = 4096;
    w->store.options.block_size = 256;
    w->store.options.filter_bits = 10;
    w->store.options.cache_size = 16384;
}

void tool_world_deinit(struct tool_world *w)
{
    lsm_world_deinit(&w->store);
    buf_deinit(&w->lines);
    buf_deinit(&w->complaints);
}

static size_t size_of(unsigned key, unsigned generation)
{
    return (key * 7 + generation) % 3 == 0 ? 400 + key * 10 : 10 + key;
}

static bool is_tombstone(unsigned generation)
{
    return generation % 5 == 4;
}

void tool_world_put(struct tool_world *w, unsigned key)
{
    struct lsm_world *s = &w->store;
    char name[16];

    snprintf(name, sizeof name, "k%u", key);
    for (unsigned i = 0; i < 10000 && !lsm_can_put(s->lsm, 2048); i++) {
        lsm_turn(s->lsm);
        if (!lsm_world_step(s))
            lsm_world_tick(s);
    }
    assert(lsm_can_put(s->lsm, 2048));
    w->generation[key]++;
    if (is_tombstone(w->generation[key]))
        lsm_world_put(s, name, NULL);
    else
        lsm_world_put_size(s, name, size_of(key, w->generation[key]),
                           'a' + (int)(w->generation[key] % 26));
    lsm_request(s->lsm);
    lsm_commit(s->lsm);
}

void tool_world_rest(struct tool_world *w)
{
    struct lsm_world *s = &w->store;

    for (unsigned i = 0; i < 10000; i++) {
        uint64_t before = s->now_us;
        lsm_world_settle(s);
        lsm_world_tick(s);
        if (!s->jobs && s->now_us - before > 500000)
            return;
    }
}

void tool_world_fill(struct tool_world *w, bool blobs)
{
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned key = 0; key < TOOL_KEYS; key++) {
            if ((key + round) % 3)
                tool_world_put(w, key);
        }
        tool_world_rest(w);
        if (memory_fs_count(&w->store.fs, "/data/table-") >= 2 &&
            memory_fs_count(&w->store.fs, "/data/log-") >= 2 &&
            (!blobs || memory_fs_count(&w->store.fs, "/data/blob-") >= 1))
            return;
    }
    assert(!"there is no such store");
}

bool tool_world_right(struct tool_world *w, struct lsm_world *in, unsigned key, bool *error)
{
    unsigned generation = w->generation[key];
    const char *value;
    char name[16];

    snprintf(name, sizeof name, "k%u", key);
    value = lsm_world_get(in, name);
    *error = err_is(in->fetch_err);
    if (*error)
        return false;
    if (generation == 0 || is_tombstone(generation))
        return value == NULL;
    return value && strlen(value) == size_of(key, generation) &&
           value[0] == 'a' + (char)(generation % 26);
}

static void line(void *owner, struct slice text)
{
    struct tool_world *w = owner;

    buf_append(&w->lines, text);
    buf_append_byte(&w->lines, '\n');
}

static void complain(void *owner, struct slice text)
{
    struct tool_world *w = owner;

    buf_append(&w->complaints, text);
    buf_append_byte(&w->complaints, '\n');
}

static void progress(void *owner, uint64_t done, uint64_t total)
{
    struct tool_world *w = owner;

    assert(done >= w->done && done <= total);
    w->done = done;
    w->total = total;
}

enum tool_status tool_world_run(struct tool_world *w, const char *option, const char *path)
{
    struct tool tool = { .fs = &w->store.fs.fs,
                         .arenas = &w->store.arenas.base,
                         .owner = w,
                         .line = line,
                         .complain = complain,
                         .progress = progress };
    char name[] = "henge-server", what[16], where[96];
    char *argv[] = { name, what, where, NULL };
    struct tool_args args;
    struct buf why = { 0 };
    bool good;

    snprintf(what, sizeof what, "%s", option);
    snprintf(where, sizeof where, "%s", path);
    good = tool_args_read(3, argv, &args, &why);
    assert(good);
    (void)good;
    buf_deinit(&why);
    w->lines.len = w->complaints.len = 0;
    w->done = w->total = 0;
    return tool_run(&tool, &args);
}

bool tool_world_said(const struct tool_world *w, const char *text)
{
    return w->lines.len && memmem(w->lines.data, w->lines.len, text, strlen(text));
}

struct memory_file *tool_world_file(struct tool_world *w, unsigned i)
{
    for (struct memory_file *f = w->store.fs.files; f; f = f->next) {
        const char *name = strrchr(f->name, '/');
        enum file_kind kind;
        uint64_t id;
        if (f->named && name && f->len && file_name_parse(name + 1, &kind, &id) && i-- == 0)
            return f;
    }
    return NULL;
}
