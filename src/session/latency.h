/* latency.h: moments when something took long, by kind, for LATENCY.
 *
 * A kind keeps its last LATENCY_SAMPLES of them, one a second: the longest.  What counts
 * as long is `latency-monitor-threshold`, which whoever measures compares with. */
#ifndef HENGE_SESSION_LATENCY_H
#define HENGE_SESSION_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { LATENCY_SAMPLES = 160 };

enum latency_event {
    LATENCY_COMMAND,
    LATENCY_FAST_COMMAND, /* of those with the flag `fast` */
    LATENCY_TURN,         /* a turn of the loop, in which others wait */
    LATENCY_EXPIRE,       /* the search for expired keys, within a turn */
    LATENCY_LOG_WRITE,    /* the log's write at a turn's end */
    LATENCY_LOG_SYNC,     /* a sync of the log, beside the loop */
    LATENCY_WRITE_STALL,  /* writes that waited for flushes and compactions */
    LATENCY_EVENTS,
};

struct latency_sample {
    uint32_t at_s; /* unix */
    uint32_t ms;
};

struct latency_series {
    struct latency_sample samples[LATENCY_SAMPLES]; /* a ring */
    uint32_t next;
    uint32_t count;
    uint32_t max_ms; /* ever */
};

/* `= {0}` is an empty one. */
struct latency {
    struct latency_series *of[LATENCY_EVENTS]; /* NULL: it never happened */
    size_t bytes;                              /* of memory */
};

void latency_deinit(struct latency *l);

void latency_add(struct latency *l, enum latency_event event, uint64_t now_us, uint64_t took_us);

/* Forgets what happened; returns how many kinds (1 or 0) that was. */
unsigned latency_forget(struct latency *l, enum latency_event event);

/* The i-th sample kept, oldest first. */
const struct latency_sample *latency_at(const struct latency_series *s, uint32_t i);

const char *latency_name(enum latency_event event);

/* LATENCY_EVENTS if there is none of that name. */
enum latency_event latency_find(struct slice name);

#endif
