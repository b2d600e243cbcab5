/* null_env.c: the cheapest world a server can live in, so that what is counted
 * is the server.  Everything is deterministic. */
#include "count/null_env.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { START_US = 1000000 };

struct null_file {
    struct fs_file file;
    uint64_t size;
};

struct null_env {
    struct env env;
    struct clock clock;
    uint64_t now_us;
    struct fs fs;
    struct net net;
    struct net_listener listener;
    struct net_conn conn;
    struct slice in;
    size_t took;
    struct pool pool;
    struct job *first;
    struct job **last;
    struct trace trace;
    struct arenas arenas;
    unsigned arenas_used;
};

#define WORLD(pointer, member)                                                                     \
    ((struct null_env *)(void *)((char *)(pointer)-offsetof(struct null_env, member)))

static uint64_t wall_us(struct clock *clock)
{
    return WORLD(clock, clock)->now_us + 1700000000ull * START_US;
}

static uint64_t mono_us(struct clock *clock)
{
    return WORLD(clock, clock)->now_us;
}

static struct err fs_null_open(struct fs *fs, const char *path, unsigned flags,
                               struct fs_file **out)
{
    struct null_file *f = calloc(1, sizeof *f);

    (void)path;
    (void)flags;
    assert(f);
    f->file.fs = fs;
    *out = &f->file;
    return err_ok();
}

static struct err fs_null_lock(struct fs *fs, const char *path, struct fs_file **out)
{
    return fs_null_open(fs, path, 0, out);
}

static struct err fs_null_close(struct fs_file *file)
{
    free(file);
    return err_ok();
}

static struct err fs_null_read(struct fs_file *file, uint64_t offset, void *to, size_t len,
                               size_t *got)
{
    uint64_t size = ((struct null_file *)file)->size;
    uint64_t left = offset < size ? size - offset : 0;

    *got = left < len ? (size_t)left : len;
    memset(to, 0, *got);
    return err_ok();
}

static struct err fs_null_write(struct fs_file *file, uint64_t offset, struct slice bytes)
{
    struct null_file *f = (struct null_file *)file;

    if (offset + bytes.len > f->size)
        f->size = offset + bytes.len;
    return err_ok();
}

static struct err fs_null_sync(struct fs_file *file)
{
    (void)file;
    return err_ok();
}

static struct err fs_null_set_size(struct fs_file *file, uint64_t len)
{
    ((struct null_file *)file)->size = len;
    return err_ok();
}

static struct err fs_null_size(struct fs_file *file, uint64_t *len)
{
    *len = ((struct null_file *)file)->size;
    return err_ok();
}

static void fs_null_advise(struct fs_file *file, uint64_t offset, uint64_t len,
                           enum fs_advice advice)
{
    (void)file;
    (void)offset;
    (void)len;
    (void)advice;
}

static struct err fs_null_space(struct fs *fs, const char *dir, uint64_t *free_bytes,
                                uint64_t *all_bytes)
{
    (void)fs;
    (void)dir;
    *free_bytes = *all_bytes = 1ull << 40;
    return err_ok();
}

static struct err fs_null_rename(struct fs *fs, const char *from, const char *to)
{
    (void)fs;
    (void)from;
    (void)to;
    return err_ok();
}

static struct err fs_null_path(struct fs *fs, const char *path)
{
    (void)fs;
    (void)path;
    return err_ok();
}

static struct err fs_null_list(struct fs *fs, const char *dir,
                               void (*each)(void *arg, const char *name), void *arg)
{
    (void)fs;
    (void)dir;
    (void)each;
    (void)arg;
    return err_ok();
}

static struct err net_null_listen(struct net *net, const char *address, int port,
                                  struct net_listener **out)
{
    struct null_env *world = WORLD(net, net);

    (void)address;
    (void)port;
    world->listener.net = net;
    *out = &world->listener;
    return err_ok();
}

static void net_null_unlisten(struct net_listener *listener)
{
    (void)listener;
}

static int64_t net_null_recv(struct net_conn *conn, void *to, size_t len)
{
    struct null_env *world = WORLD(conn, conn);
    size_t n = world->in.len < len ? world->in.len : len;

    if (n == 0)
        return NET_AGAIN;
    memcpy(to, world->in.data, n);
    world->in = slice_of(world->in.data + n, world->in.len - n);
    return (int64_t)n;
}

static int64_t net_null_send(struct net_conn *conn, const struct slice *parts, unsigned count)
{
    size_t n = 0;

    for (unsigned i = 0; i < count; i++)
        n += parts[i].len;
    WORLD(conn, conn)->took += n;
    return (int64_t)n;
}

static void net_null_want(struct net_conn *conn, unsigned events)
{
    (void)conn;
    (void)events;
}

static void net_null_close(struct net_conn *conn)
{
    (void)conn;
}

static void net_null_name(struct net_conn *conn, char out[NET_ADDRESS_MAX])
{
    (void)conn;
    snprintf(out, NET_ADDRESS_MAX, "127.0.0.1:1");
}

static void pool_submit_later(struct pool *pool, struct job *job)
{
    struct null_env *world = WORLD(pool, pool);

    job->next = NULL;
    *world->last = job;
    world->last = &job->next;
}

static void trace_line(struct trace *trace, enum trace_level level, const char *text)
{
    (void)trace;
    if (level >= TRACE_WARNING)
        fprintf(stderr, "%s\n", text);
}

static unsigned arenas_next(struct arenas *arenas)
{
    return WORLD(arenas, arenas)->arenas_used++;
}

static void *arenas_memory(struct arenas *arenas, unsigned id, size_t size)
{
    void *chunk = aligned_alloc(64, (size + 63) / 64 * 64);

    (void)arenas;
    (void)id;
    assert(chunk);
    return chunk;
}

static void arenas_give_back(struct arenas *arenas, unsigned id, void *chunk, size_t size)
{
    (void)arenas;
    (void)id;
    (void)size;
    free(chunk);
}

static void arenas_end(struct arenas *arenas, unsigned id)
{
    (void)arenas;
    (void)id;
}

static size_t arenas_none(struct arenas *arenas)
{
    (void)arenas;
    return 0;
}

static void arenas_keep(struct arenas *arenas, size_t keep)
{
    (void)arenas;
    (void)keep;
}

static void no_usage(struct env *env, struct env_usage *out)
{
    (void)env;
    *out = (struct env_usage){ 0 };
}

struct null_env *null_env_new(void)
{
    struct null_env *world = calloc(1, sizeof *world);

    assert(world);
    world->now_us = START_US;
    world->last = &world->first;
    world->clock = (struct clock){ wall_us, mono_us };
    world->fs = (struct fs){ .open = fs_null_open,
                             .close = fs_null_close,
                             .read = fs_null_read,
                             .read_now = fs_null_read,
                             .write = fs_null_write,
                             .write_now = fs_null_write,
                             .sync = fs_null_sync,
                             .allocate = fs_null_set_size,
                             .truncate = fs_null_set_size,
                             .size = fs_null_size,
                             .advise = fs_null_advise,
                             .rename = fs_null_rename,
                             .link = fs_null_rename,
                             .remove = fs_null_path,
                             .list = fs_null_list,
                             .make_dir = fs_null_path,
                             .sync_dir = fs_null_path,
                             .lock = fs_null_lock,
                             .space = fs_null_space };
    world->net = (struct net){ .listen = net_null_listen,
                               .unlisten = net_null_unlisten,
                               .recv = net_null_recv,
                               .send = net_null_send,
                               .want = net_null_want,
                               .close = net_null_close,
                               .peer = net_null_name,
                               .local = net_null_name };
    world->pool = (struct pool){ pool_submit_later };
    world->trace = (struct trace){ TRACE_WARNING, trace_line };
    world->arenas = (struct arenas){ arenas_next, arenas_memory, arenas_give_back,
                                     arenas_end,  arenas_none,   arenas_keep };
    world->env = (struct env){ .clock = &world->clock,
                               .fs = &world->fs,
                               .net = &world->net,
                               .pool = &world->pool,
                               .trace = &world->trace,
                               .arenas = &world->arenas,
                               .seed = 1,
                               .machine = { 8ull << 30, 1024, 1, "null" },
                               .usage = no_usage };
    return world;
}

void null_env_free(struct null_env *world)
{
    free(world);
}

struct env *null_env_env(struct null_env *world)
{
    return &world->env;
}

void null_env_run_jobs(struct null_env *world)
{
    while (world->first) {
        struct job *job = world->first;

        world->first = job->next;
        if (!world->first)
            world->last = &world->first;
        job->run(job);
        job->done(job);
    }
}

void null_env_connect(struct null_env *world)
{
    world->conn.net = &world->net;
    world->listener.on_accept(&world->listener, &world->conn);
}

void null_env_give(struct null_env *world, struct slice in)
{
    assert(world->in.len == 0);
    world->in = in;
    world->conn.on_ready(&world->conn, NET_READ);
}

size_t null_env_left(const struct null_env *world)
{
    return world->in.len;
}

size_t null_env_took(struct null_env *world)
{
    size_t took = world->took;

    world->took = 0;
    return took;
}

void null_env_advance(struct null_env *world, uint64_t us)
{
    world->now_us += us;
}
