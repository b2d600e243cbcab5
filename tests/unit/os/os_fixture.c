/* os_fixture.c: what the tests of os/ share. */
#include "unit/os/os_fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TOO_LONG_US = 20 * 1000 * 1000 };

struct wait {
    struct fixture *fixture;
    bool (*until)(void *arg);
    void *arg;
    uint64_t limit_us;
    bool reached;
};

static void remember(struct trace *trace, enum trace_level level, const char *text)
{
    struct fixture *f = (struct fixture *)trace;
    size_t len = strlen(f->log);

    snprintf(f->log + len, sizeof f->log - len, "%d %s\n", (int)level, text);
}

static uint64_t mono_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t turn(void *arg)
{
    struct wait *w = arg;

    w->fixture->turns++;
    w->reached = w->until(w->arg);
    if (w->reached || mono_us() > w->limit_us)
        os_loop_end(w->fixture->loop);
    return w->limit_us;
}

void fixture_init(struct fixture *f)
{
    *f = (struct fixture){ .trace = { .level = TRACE_DEBUG, .line = remember } };
    snprintf(f->dir, sizeof f->dir, "/tmp/henge_os_test.XXXXXX");
    cr_assert(mkdtemp(f->dir));
    f->loop = os_loop_new(&f->trace);
}

void fixture_deinit(struct fixture *f)
{
    DIR *dir = opendir(f->dir);

    os_loop_free(f->loop);
    cr_assert_not_null(dir);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] != '.')
            remove(fixture_path(f, e->d_name));
    }
    closedir(dir);
    cr_assert_eq(rmdir(f->dir), 0);
}

const char *fixture_path(struct fixture *f, const char *name)
{
    static char path[FIXTURE_PATH + 300];

    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    return path;
}

void fixture_run(struct fixture *f, bool (*until)(void *arg), void *arg)
{
    struct wait w = { f, until, arg, mono_us() + TOO_LONG_US, false };

    f->turns = 0;
    os_loop_run(f->loop, turn, &w);
    cr_assert(w.reached, "what was waited for did not come within 20 s");
}
