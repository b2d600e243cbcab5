/* install.h: edits become versions: made durable by one manifest job at a time, in
 * order, then applied at once.
 *
 * Files that the new version has no use for go to the janitor when the last reader
 * of an older one is done.  A full disk is waited for; any other failure of the
 * manifest leaves it unknown what the store is made of, so the store turns
 * read-only. */
#ifndef HENGE_LSM_INSTALL_H
#define HENGE_LSM_INSTALL_H

#include <stdbool.h>
#include <stdint.h>

#include "env/pool.h"
#include "lsm/manifest.h"
#include "lsm/version.h"

struct lsm;
struct install_item;

struct install {
    struct job job;
    struct lsm *lsm;
    struct manifest *manifest;  /* the job's while busy */
    struct version *before;     /* held while busy */
    struct edit **edits;        /* of the items under way, for the job */
    struct install_item *first; /* waiting, oldest first; those under way included */
    struct install_item *last;
    struct install_item *dead; /* that never will be installed */
    size_t under_way;          /* so many of the first are in the job's hands */
    struct err err;            /* of the job */
    uint64_t retry_us;         /* mono: not before; 0: at once */
    bool busy;
    bool broken;
};

/* Takes `manifest`. */
void install_init(struct install *in, struct lsm *lsm, struct manifest *manifest);

/* As a crash. */
void install_deinit(struct install *in);

/* Takes what is in `edit`.  done() is called on the loop when it is part of the
 * version, or will never be; it may submit others. */
void install_submit(struct install *in, struct edit *edit, void (*done)(void *owner, struct err e),
                    void *owner);

/* Ends an edit that will not be installed, with the files it opened.  For jobs and
 * the very end. */
void install_discard(struct edit *edit);

/* No job of it is under way. */
bool install_idle(const struct install *in);
uint64_t install_deadline(const struct install *in);
void install_tick(struct install *in, uint64_t mono_us);

#endif
