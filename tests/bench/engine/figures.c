/* figures.c: clocks, /proc and histograms. */
#include "figures.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FINE_BITS = 6, PATH_ROOM = 4096 };

static size_t bucket_of(uint64_t ns)
{
    unsigned power;

    if (ns < 1u << FINE_BITS)
        return ns;
    power = 63 - (unsigned)__builtin_clzll(ns);
    return ((size_t)(power - FINE_BITS + 1) << FINE_BITS) +
           ((ns >> (power - FINE_BITS)) & ((1u << FINE_BITS) - 1));
}

static uint64_t bucket_end(size_t at)
{
    unsigned power = (unsigned)(at >> FINE_BITS);

    if (power == 0)
        return at;
    return (((uint64_t)(1u << FINE_BITS) + (at & ((1u << FINE_BITS) - 1)) + 1) << (power - 1)) - 1;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    h->buckets[bucket_of(ns)]++;
    h->count++;
    if (ns > h->max_ns)
        h->max_ns = ns;
}

void histogram_merge(struct histogram *to, const struct histogram *from)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        to->buckets[i] += from->buckets[i];
    to->count += from->count;
    if (from->max_ns > to->max_ns)
        to->max_ns = from->max_ns;
}

uint64_t histogram_percentile(const struct histogram *h, double share)
{
    uint64_t rank = (uint64_t)((double)h->count * share), seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen > rank)
            return bucket_end(i) < h->max_ns ? bucket_end(i) : h->max_ns;
    }
    return h->max_ns;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t figures_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t figures_cpu_ns(void)
{
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* The number behind `name` in a file of /proc; 0 if it is not there. */
static uint64_t number_in(const char *path, const char *name)
{
    FILE *f = fopen(path, "r");
    unsigned long long value = 0, found = 0;
    char word[64];

    while (f && fscanf(f, "%63s %llu%*[^\n]", word, &value) >= 1) {
        if (strcmp(word, name) == 0)
            found = value;
    }
    if (f)
        fclose(f);
    return found;
}

uint64_t figures_written_bytes(void)
{
    return number_in("/proc/self/io", "write_bytes:");
}

uint64_t figures_resident_bytes(void)
{
    return number_in("/proc/self/status", "VmRSS:") * 1024;
}

/* Calls `each` with every file in `dir`; no folders lie in those of any engine. */
static uint64_t sum_files(const char *dir, uint64_t (*each)(const char *path))
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    char path[PATH_ROOM];
    uint64_t sum = 0;

    while (d && (entry = readdir(d))) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        sum += each(path);
    }
    if (d)
        closedir(d);
    return sum;
}

static uint64_t blocks_of(const char *path)
{
    struct stat s;

    return stat(path, &s) == 0 && S_ISREG(s.st_mode) ? (uint64_t)s.st_blocks * 512 : 0;
}

static uint64_t drop_one(const char *path)
{
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return 0;
    fdatasync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
    return 0;
}

uint64_t figures_space_bytes(const char *dir)
{
    return sum_files(dir, blocks_of);
}

void figures_drop_cache(const char *dir)
{
    sum_files(dir, drop_one);
}
