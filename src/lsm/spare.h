/* spare.h: the log's next segment, made before it is needed.
 *
 * A job allocates, syncs and names it, so that a roll on the loop is a swap of
 * pointers and a full disk shows while the current segment still has room. */
#ifndef HENGE_LSM_SPARE_H
#define HENGE_LSM_SPARE_H

#include <stdbool.h>
#include <stdint.h>

#include "env/env.h"
#include "lsm/file_name.h"
#include "lsm/segment.h"

struct spare {
    struct job job;
    struct env *env;
    char *dir;
    struct segment *segment; /* the job's while `busy` */
    struct err outcome;      /* the job's, while `busy` */
    struct err err;          /* of the last attempt that ended */
    struct file_ids *ids;    /* each attempt uses one up */
    uint64_t size;           /* of the attempt */
    bool busy;
    void *owner;
    void (*on_done)(void *owner); /* an attempt has ended */
};

/* Borrows `env` and `ids`. */
void spare_init(struct spare *s, struct env *env, const char *dir, struct file_ids *ids);

/* As a crash: closes what there is. */
void spare_deinit(struct spare *s);

/* Makes one of at least `size` bytes, or the one there is larger, unless that is
 * so or under way. */
void spare_want(struct spare *s, uint64_t size);

/* The same, and ends in on_done() also if the one there will do. */
void spare_try(struct spare *s, uint64_t size);

/* The segment is the caller's if it is there and has `size` bytes, else NULL. */
struct segment *spare_take(struct spare *s, uint64_t size);

static inline bool spare_ready(const struct spare *s)
{
    return !s->busy && s->segment;
}

#endif
