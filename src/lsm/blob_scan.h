/* blob_scan.h: every cell of a segment's or blob file's frames, in the order of the
 * file, past every cache.  For jobs: rewrites, checks, rescues.
 *
 * A frame's checksum is proved before its first cell is shown, and each cell is
 * checked as if it came from a stranger.  Frames are read in steps; a frame that is
 * larger than a few of them is read twice, so that what is in memory is a
 * step or the largest cell, not the largest frame. */
#ifndef HENGE_LSM_BLOB_SCAN_H
#define HENGE_LSM_BLOB_SCAN_H

#include "base/buf.h"
#include "lsm/blob_file.h"
#include "lsm/cell_source.h"
#include "lsm/log_format.h"

struct blob_scan {
    struct cell_source source;    /* first; `cell` as the log has it, its value included */
    const struct blob_file *blob; /* borrowed */
    size_t step;                  /* bytes read at a time */
    uint64_t offset;              /* of the cell it stands at */
    uint64_t next;                /* of what follows it */
    uint64_t frame;               /* of the frame it is in; that is bad after ERR_CORRUPT */
    uint64_t frame_end;
    uint64_t cells_end; /* of its cells; notes may follow */
    uint32_t cells;     /* in the frame, not shown yet */
    struct buf window;
    uint64_t window_at;  /* offset of its first byte */
    uint64_t read_bytes; /* from the file so far */
};

/* Stands at the first cell.  `step` is at least 4 KiB. */
void blob_scan_init(struct blob_scan *s, const struct blob_file *blob, size_t step);
void blob_scan_deinit(struct blob_scan *s);

/* Where the value of the cell it stands at is; `cell` is that cell taken apart. */
struct blob_ref blob_scan_ref(const struct blob_scan *s, const struct cell *cell);

#endif
