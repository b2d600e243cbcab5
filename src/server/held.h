/* held.h: replies that wait for the log.
 *
 * A connection's output is  [free bytes][held bytes of call a][of call b]... in
 * the order of the calls.  A held run may leave when the log's acknowledged
 * position has reached its gate and everything before it has left.  Runs of one
 * commit are joined; if the log takes but a part of it, all of them fail alike. */
#ifndef HENGE_SERVER_HELD_H
#define HENGE_SERVER_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resp/reply.h"

struct held_run {
    uint64_t gate;  /* log position */
    uint64_t turn;  /* number of the commit */
    size_t bytes;   /* of replies */
    uint32_t calls; /* that replied them */
};

/* A ring of runs, oldest first; no memory while empty. */
struct held {
    struct held_run *runs;
    uint32_t first;
    uint32_t count;
    uint32_t cap; /* a power of two, or 0 */
    size_t bytes; /* of all runs */
    uint32_t calls;
};

void held_deinit(struct held *h);

/* The last `bytes` of the output are a call's reply that rests on `gate`; 0 for a
 * reply that rests on nothing but has others to wait for. */
void held_add(struct held *h, uint64_t gate, uint64_t turn, size_t bytes);

/* The last `bytes` of the output are no call's reply: they wait for what is in front. */
void held_push(struct held *h, uint64_t turn, size_t bytes);

/* Another output, `free_bytes` of `free_calls` calls that wait for nothing and then
 * what `from` holds, was put behind ours.  `from` is empty afterwards. */
void held_append(struct held *h, struct held *from, size_t free_bytes, uint32_t free_calls);

/* Frees what may leave now that `acked` is.  Returns true if something did. */
bool held_release(struct held *h, uint64_t acked);

/* The log gave up what lies behind `acked`: every held reply that rests on it
 * becomes an error, the others stay, in order; nothing is held afterwards.
 * Returns how many calls failed. */
uint32_t held_fail(struct held *h, uint64_t acked, struct reply *out, const char *text);

bool held_check(const struct held *h, const struct reply *out);

#endif
