/* frame_walk.h: the frames of a segment or blob file, one after the other, each
 * proved before its cells are shown; and the next whole one behind damage.
 *
 * In memory are a few steps or the largest cell, whatever the file has. */
#ifndef HENGE_TOOL_FRAME_WALK_H
#define HENGE_TOOL_FRAME_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "cell/cell.h"
#include "lsm/load_window.h"
#include "lsm/log_format.h"

struct frame_walk {
    struct load_window window;
    uint64_t id;            /* of the file */
    struct frame_head head; /* of the frame it is in */
    uint64_t frame;         /* where that begins */
    uint64_t frame_end;
    uint64_t cells_end; /* of its cells; notes may follow */
    uint64_t cell;      /* where the cell that was shown last begins */
    uint32_t shown;     /* cells of this frame */
    const char *wrong;  /* why a cell could not be shown; NULL: the frame was at its end */
    struct err err;     /* of reading */
};

/* Takes `file`, of which `size` bytes are looked at, from byte `offset` on. */
void frame_walk_open(struct frame_walk *w, struct fs_file *file, uint64_t id, uint64_t size,
                     uint64_t offset);
void frame_walk_close(struct frame_walk *w);

/* Where it stands: behind the last frame it went into and left. */
uint64_t frame_walk_at(const struct frame_walk *w);

/* Goes into the frame that begins where it stands; false: there is no whole one, or it
 * cannot be read. */
bool frame_walk_enter(struct frame_walk *w);

/* The next cell of the frame, borrowed until the next call; false at the frame's
 * end, or with `wrong`, or `err`. */
bool frame_walk_cell(struct frame_walk *w, struct cell *out);

/* Goes behind the frame, whatever was shown of it. */
void frame_walk_leave(struct frame_walk *w);

/* Goes on to the next whole frame at an 8th byte behind where it stands; false: there
 * is none. */
bool frame_walk_resync(struct frame_walk *w);

/* Goes on to the next byte that is not zero; false: there is none. */
bool frame_walk_skip_zeros(struct frame_walk *w);

#endif
