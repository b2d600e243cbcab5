/* figures.h: how long operations took, and what the process used meanwhile. */
#ifndef HENGE_BENCH_FIGURES_H
#define HENGE_BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 64 * 64 };

/* Buckets of 1/64 of a power of two: a percentile is right within 1.6 %. */
struct histogram {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t max_ns;
};

void histogram_add(struct histogram *h, uint64_t ns);
void histogram_merge(struct histogram *to, const struct histogram *from);
uint64_t histogram_percentile(const struct histogram *h, double share);

uint64_t figures_now_ns(void);

/* Of all threads, user and system. */
uint64_t figures_cpu_ns(void);

/* That this process caused to be written to disks. */
uint64_t figures_written_bytes(void);

/* That the files below `dir` take. */
uint64_t figures_space_bytes(const char *dir);

/* Takes the files below `dir` out of the page cache. */
void figures_drop_cache(const char *dir);

uint64_t figures_resident_bytes(void);

#endif
