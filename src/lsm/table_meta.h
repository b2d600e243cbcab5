/* table_meta.h: what is known of a table without reading its cells. */
#ifndef HENGE_LSM_TABLE_META_H
#define HENGE_LSM_TABLE_META_H

#include <stdint.h>

#include "base/limits.h"

/* Values of one file that a table's cells refer to. */
struct blob_use {
    uint64_t file;
    uint64_t bytes; /* sum of their lengths */
};

struct table_meta {
    uint64_t id;
    uint64_t size; /* of the file */
    uint64_t min_position;
    uint64_t max_position; /* inclusive; a position is never split over tables of one level */
    uint64_t cells;
    uint64_t keys; /* different positions: entries of the filter */
    uint64_t tombstones;
    uint64_t raw_bytes; /* of encoded cells */
    uint64_t min_stamp;
    uint64_t max_stamp;
    /* Of cells that are no tombstones: UINT64_MAX and 0 if there are none. */
    uint64_t min_expire_ms;                  /* UINT64_MAX if none expires */
    uint64_t max_expire_ms;                  /* UINT64_MAX if one does not */
    uint32_t heads[LIMIT_DATABASES];         /* head cells that are no tombstones */
    uint32_t expiring[LIMIT_DATABASES];      /* ... with an expiry */
    uint32_t over[LIMIT_DATABASES];          /* head cells with CELL_OVER_LIVE */
    uint32_t over_expiring[LIMIT_DATABASES]; /* ... with CELL_OVER_EXPIRING */
    uint16_t databases;                      /* bit i: some cell of database i */
    struct blob_use *blobs;                  /* by file; owned by who owns the meta */
    uint32_t blob_count;
};

#endif
