/* crash_points.h: a protocol ended within each of its calls, and what that leaves
 * judged.
 *
 * A plan's protocol runs once whole, which counts its calls to the file system and
 * says what they were; then, for every one of them and for the end, again from the
 * same files, with the process gone in that call: by a kill (before the call, and
 * in the middle of it if it writes), by a power loss that takes all that was not
 * synced, and by power losses that take some of it.  Each time the plan says
 * whether what is left is right; and once more after another power loss, for what
 * it found it may rely on only if it made it durable. */
#ifndef HENGE_UNIT_CRASH_POINTS_H
#define HENGE_UNIT_CRASH_POINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "memory_fs.h"

struct crash_plan {
    struct memory_fs *fs; /* initialised; emptied and filled anew for every run */
    void *arg;
    /* Makes the files everything begins with; NULL for none.  Called once. */
    void (*setup)(void *arg);
    /* Does the same calls each time until one fails, and returns with every file
     * closed.  May note in `arg` how far it came. */
    void (*protocol)(void *arg);
    /* What a start would find: NULL if it is right, or else what is wrong, in
     * words that stay.  `whole`: the protocol had come to its end.  May make calls,
     * as a start does; none of them fails. */
    const char *(*check)(void *arg, bool whole);
    unsigned dice;   /* random power losses in each call; 0 for six */
    unsigned stride; /* only every so manieth call is ended in; 0 for each */
    unsigned offset; /* the first of them, from 0 */
};

enum { CRASH_WORD = 16, CRASH_KINDS = 48 };

/* What a call was: of the file system, on a kind of file ("manifest" for
 * manifest-0001.mft, "dir" for a folder). */
struct crash_point {
    char call[CRASH_WORD];
    char file[CRASH_WORD];
    unsigned times; /* in one run */
};

struct crash_report {
    unsigned calls; /* of the whole protocol */
    unsigned runs;
    struct crash_point points[CRASH_KINDS]; /* in order of their first time */
    unsigned count;
    char failure[256]; /* which run was judged wrong first, and why */
};

/* False with report->failure at the first wrong run; the files stay as they are
 * then.  Fails also if the protocol made other calls than in its first run. */
bool crash_points_run(const struct crash_plan *plan, struct crash_report *report);

/* How often the protocol makes that call on that kind of file. */
unsigned crash_points_times(const struct crash_report *report, const char *call, const char *file);

/* All of them as a line for people; `out` is returned. */
const char *crash_points_text(const struct crash_report *report, char *out, size_t size);

#endif
