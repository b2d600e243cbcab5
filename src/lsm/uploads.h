/* uploads.h: the uploads of a store and the file they are written to; the glue's.
 *
 *     no file -> open, unknown -> known (an edit has it) -> ended: large, failed, or
 *     mostly garbage
 */
#ifndef HENGE_LSM_UPLOADS_H
#define HENGE_LSM_UPLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "env/pool.h"
#include "lsm/blob_file.h"
#include "lsm/upload.h"

struct piece;

struct uploads {
    struct lsm *lsm;
    struct list all;     /* of struct upload */
    struct piece *first; /* to be written, oldest first */
    struct piece *last;
    size_t bytes; /* of pieces, waiting or in the job's hands */
    struct job job;
    bool busy;
    bool editing;  /* an edit with the file is under way */
    bool known;    /* an edit has, or had, it */
    bool ends;     /* the next job ends it */
    uint64_t file; /* its id; 0: none is open */
    /* The job's while busy: */
    struct piece *batch;
    bool syncs;
    bool ending;
    struct err err;
    struct blob_writer *writer;
    struct blob_file *blob; /* the file, open for reading: NULL until it is synced; its edit's */
    uint64_t synced;        /* bytes of it */
};

void uploads_init(struct uploads *u, struct lsm *lsm);

/* The end of the store, or a crash: the uploads are their owners', without a store. */
void uploads_leave(struct uploads *u);

/* Closes its file; for jobs and the very end. */
void uploads_deinit(struct uploads *u);

/* A job could be begun. */
void uploads_pump(struct uploads *u);

/* It is being written to, or an upload has a piece in it. */
bool uploads_pin(const struct uploads *u, uint64_t file);

/* No job of it is under way. */
bool uploads_idle(const struct uploads *u);

#endif
