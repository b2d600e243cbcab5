/* upload.h: values that come in pieces: each piece goes to a blob file as it comes, and
 * never into the log or a memtable.
 *
 *     upload_begin -> upload_add ... -> upload_end -> ready: upload_parts() -> lsm_put()
 *                     a job writes      a job syncs the file, an edit makes it part of
 *                     the pieces        the version
 *
 * So when the head with its references is put, what it refers to is durable already,
 * whatever the log's policy.  Pieces of all uploads go into one file until it is large
 * enough; those of an upload that never ends are its garbage.  Until the upload is
 * freed its files stay; then the memtable that has the head holds them (dataset_pins),
 * and then the table.
 *
 * In memory are the pieces that are not written yet: upload_add() may be called only
 * while upload_room() says so. */
#ifndef HENGE_LSM_UPLOAD_H
#define HENGE_LSM_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct lsm;
struct upload;

/* Of the string `key` (copied) of `db`.  news() is called on the loop, between turns,
 * when there is room again, or it is ready, or has failed.  Of a store that takes no
 * writes it has failed already, and there is no news. */
struct upload *upload_begin(struct lsm *lsm, uint8_t db, struct slice key,
                            void (*news)(void *owner), void *owner);

/* Another piece may be added. */
bool upload_room(const struct upload *u);

/* The next piece, 1 byte or more: takes `bytes`, which mem_alloc() gave. */
void upload_add(struct upload *u, uint8_t *bytes, size_t len);

/* There are no more.  Of at least one. */
void upload_end(struct upload *u);

/* Everything is durable and part of the store. */
bool upload_ready(const struct upload *u);

/* It never will be. */
struct err upload_error(const struct upload *u);

/* The encoded blob_refs, for a head with CELL_PARTS; once it is ready. */
struct slice upload_parts(const struct upload *u);

/* At any time; accepts NULL. */
void upload_free(struct upload *u);

#endif
