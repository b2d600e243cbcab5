/* os_machine.c: what the machine has and what this process uses of it. */
#include "os/os.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum {
    SMALL_FILE = 4096, /* of /proc and /sys; longer ones are cut */
    CGROUP_PATH_MAX = 1024,
    DESCRIPTORS_MOST = 1024 * 1024, /* asked for, where nothing is bounded */
};

/* Reads a small file as text; "" if it cannot be. */
static void read_text(const char *path, char out[SMALL_FILE])
{
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        n = read(fd, out, SMALL_FILE - 1);
        close(fd);
    }
    out[n > 0 ? n : 0] = 0;
}

/* The smallest number in `file` of this group and the groups it is in.  A
 * container may see paths that do not exist where it stands: those are passed
 * over on the way up. */
static uint64_t limit_upward(const char *base, const char *group, size_t group_len,
                             const char *file)
{
    uint64_t least = UINT64_MAX;
    size_t len = group_len;

    for (;;) {
        char path[CGROUP_PATH_MAX + 128];
        char text[SMALL_FILE];
        uint64_t limit;

        while (len && group[len - 1] == '/')
            len--;
        snprintf(path, sizeof path, "%s%.*s/%s", base, (int)len, group, file);
        read_text(path, text);
        if (sscanf(text, "%" SCNu64, &limit) == 1 && limit < least)
            least = limit; /* "max" is no number */
        if (!len)
            return least;
        while (len && group[len - 1] != '/')
            len--;
    }
}

/* True if the comma-separated list has "memory". */
static bool has_memory(const char *list, const char *end)
{
    while (list < end) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        size_t len = (size_t)((comma ? comma : end) - list);

        if (len == strlen("memory") && !memcmp(list, "memory", len))
            return true;
        list += len + 1;
    }
    return false;
}

uint64_t os_machine_cgroup_limit(const char *groups, const char *root)
{
    uint64_t least = UINT64_MAX;

    /* hierarchy:controllers:group, a line each; version 2 is "0::group" */
    while (*groups) {
        size_t line_len = strcspn(groups, "\n");
        const char *end = groups + line_len;
        const char *controllers = memchr(groups, ':', line_len);
        const char *group = NULL;
        char base[256];
        uint64_t limit = UINT64_MAX;

        if (controllers++)
            group = memchr(controllers, ':', (size_t)(end - controllers));
        if (group && end - group - 1 < CGROUP_PATH_MAX) {
            size_t len = (size_t)(end - group - 1);

            snprintf(base, sizeof base, "%s/memory", root);
            if (group == controllers)
                limit = limit_upward(root, group + 1, len, "memory.max");
            else if (has_memory(controllers, group))
                limit = limit_upward(base, group + 1, len, "memory.limit_in_bytes");
        }
        if (limit < least)
            least = limit;
        groups = *end ? end + 1 : end;
    }
    return least;
}

static uint64_t memory_bytes(void)
{
    char groups[SMALL_FILE];
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t limit;

    read_text("/proc/self/cgroup", groups);
    limit = os_machine_cgroup_limit(groups, "/sys/fs/cgroup");
    return limit < machine ? limit : machine;
}

/* As many as may be had: each table and each segment with a value keeps one, beside
 * clients.  First beyond the hard limit, which the superuser may, then up to it. */
static uint64_t raise_descriptors(uint64_t wanted)
{
    struct rlimit limit;
    struct rlimit higher;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return wanted;
    if (wanted < limit.rlim_max)
        wanted = limit.rlim_max < DESCRIPTORS_MOST ? limit.rlim_max : DESCRIPTORS_MOST;
    if (limit.rlim_cur >= wanted)
        return limit.rlim_cur;
    higher.rlim_cur = wanted;
    higher.rlim_max = limit.rlim_max > wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &higher) == 0)
        return wanted;
    higher.rlim_cur = higher.rlim_max = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &higher) == 0)
        return higher.rlim_cur;
    return limit.rlim_cur;
}

void os_machine_read(uint64_t connections, struct env_machine *out, char os_name[256])
{
    struct utsname name;

    if (uname(&name) == 0)
        snprintf(os_name, 256, "%.80s %.80s %.80s", name.sysname, name.release, name.machine);
    else
        snprintf(os_name, 256, "Linux");
    *out = (struct env_machine){
        .memory_bytes = memory_bytes(),
        .descriptors_max = raise_descriptors(connections + OS_DESCRIPTORS_RESERVED),
        .process_id = (uint64_t)getpid(),
        .os_name = os_name,
    };
}

void os_machine_random(struct env *env, void *to, size_t len)
{
    uint8_t *at = to;

    (void)env;
    while (len) {
        ssize_t got = getrandom(at, len, 0);

        assert(got > 0 || errno == EINTR);
        if (got > 0) {
            at += got;
            len -= (size_t)got;
        }
    }
}

uint64_t os_machine_seed(void)
{
    uint64_t seed;

    os_machine_random(NULL, &seed, sizeof seed);
    return seed;
}

static uint64_t us_of(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

void os_machine_usage(struct env *env, struct env_usage *out)
{
    char text[SMALL_FILE];
    uint64_t pages = 0;
    struct rusage usage, thread;

    (void)env;
    read_text("/proc/self/statm", text);
    if (sscanf(text, "%*u %" SCNu64, &pages) != 1)
        pages = 0;
    getrusage(RUSAGE_SELF, &usage);
    getrusage(RUSAGE_THREAD, &thread);
    *out = (struct env_usage){
        .rss_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE),
        .user_us = us_of(usage.ru_utime),
        .system_us = us_of(usage.ru_stime),
        .thread_user_us = us_of(thread.ru_utime),
        .thread_system_us = us_of(thread.ru_stime),
    };
}
