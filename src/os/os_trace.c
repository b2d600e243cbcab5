/* os_trace.c: log lines in Redis's form, to standard output or a file.
 *
 * A line is one write(2) to a descriptor opened for appending, so lines of
 * several threads do not mix, and reopening replaces what the descriptor means
 * instead of the descriptor. */
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    LINE_MAX_BYTES = 1024 + 96, /* text of trace_log(), and what stands before it */
    LOG_MODE = 0640,
};

struct os_trace {
    struct trace base;
    char *path; /* NULL for standard output */
    int fd;
    long process_id;
};

static void put_line(struct trace *trace, enum trace_level level, const char *text)
{
    static const char marks[] = ".-*#";
    struct os_trace *t = (struct os_trace *)trace;
    char line[LINE_MAX_BYTES];
    char when[40];
    struct timespec now;
    struct tm parts;
    int len;
    ssize_t put;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &parts);
    strftime(when, sizeof when, "%d %b %Y %H:%M:%S", &parts);
    len = snprintf(line, sizeof line, "%ld:M %s.%03ld %c %s\n", t->process_id, when,
                   now.tv_nsec / 1000000, marks[level], text);
    if (len >= (int)sizeof line) {
        len = (int)sizeof line - 1;
        line[len - 1] = '\n';
    }
    do
        put = write(t->fd, line, (size_t)len);
    while (put < 0 && errno == EINTR); /* otherwise: nowhere left to say that it failed */
}

static struct err open_log(const char *path, int *fd)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, LOG_MODE);
    if (*fd < 0)
        return err_make(ERR_IO, errno, "open the log file");
    return err_ok();
}

struct err os_trace_new(const char *path, enum trace_level level, struct trace **out)
{
    struct os_trace *t;
    int fd = STDOUT_FILENO;

    *out = NULL;
    if (*path) {
        struct err e = open_log(path, &fd);
        if (err_is(e))
            return e;
    }
    t = mem_alloc(sizeof *t);
    *t = (struct os_trace){
        .base = { .level = level, .line = put_line },
        .path = *path ? mem_strdup(path) : NULL,
        .fd = fd,
        .process_id = (long)getpid(),
    };
    *out = &t->base;
    return err_ok();
}

void os_trace_free(struct trace *trace)
{
    struct os_trace *t = (struct os_trace *)trace;

    if (!t)
        return;
    if (t->path)
        close(t->fd);
    mem_free(t->path);
    mem_free(t);
}

struct err os_trace_reopen(struct trace *trace)
{
    struct os_trace *t = (struct os_trace *)trace;
    struct err e;
    int fd;

    if (!t->path)
        return err_ok();
    e = open_log(t->path, &fd);
    if (err_is(e))
        return e;
    if (dup3(fd, t->fd, O_CLOEXEC) < 0)
        e = err_make(ERR_IO, errno, "replace the log file");
    close(fd);
    return e;
}
