/* sim_counts.h: what a run did to the server.  A simulator that is not known to
 * have hurt anybody proves nothing, so a suite fails that falls short. */
#ifndef HENGE_SIM_COUNTS_H
#define HENGE_SIM_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

enum sim_count {
    COUNT_KILL,              /* processes ended between two events */
    COUNT_POWER,             /* power losses */
    COUNT_STOP,              /* orderly ends */
    COUNT_CUT_WRITE,         /* processes ended within: a write of the log */
    COUNT_CUT_SYNC,          /* ... its sync */
    COUNT_CUT_ROLL,          /* ... the making of a segment */
    COUNT_CUT_LOAD,          /* ... loading */
    COUNT_CUT_FLUSH,         /* ... a table of a memtable */
    COUNT_CUT_COMPACT,       /* ... one of a compaction or a rewrite */
    COUNT_CUT_REWRITE,       /* ... a rewrite's blob file */
    COUNT_CUT_PIECES,        /* ... one of pieces that come, or of a rescue */
    COUNT_CUT_MANIFEST,      /* ... an edit */
    COUNT_CUT_MANIFEST_ROLL, /* ... a new manifest, or the end of an old one */
    COUNT_CUT_DROP,          /* ... the removal of another file */
    COUNT_READ_ERROR,
    COUNT_WRITE_ERROR,
    COUNT_SHORT_WRITE,
    COUNT_ALLOCATE_ERROR,
    COUNT_SYNC_ERROR,
    COUNT_SYNC_DIR_ERROR,
    COUNT_NO_SPACE,
    COUNT_FLIP_LOST,   /* garbage in sectors that were being written at a power loss */
    COUNT_FLIP_SYNCED, /* bits flipped in durable bytes */
    COUNT_NAME_LOST,   /* names that did not survive a power loss */
    COUNT_SLOW_JOB,
    COUNT_RESET,
    COUNT_HALF_SENT,
    COUNT_SLOW_READER,
    COUNT_CLOCK_BACK,
    COUNT_CLOCK_FORWARD,
    COUNT_LOST_BYTES, /* power losses that lost unsynced bytes */
    COUNT_SAVE,       /* checkpoints that were opened and read */
    COUNT_TORN_TAIL,  /* loads that ended at a torn tail */
    COUNT_NOW_WHOLE,  /* reads by the loop that found everything in the page cache */
    COUNT_NOW_PART,   /* ... a part of it */
    COUNT_NOW_COLD,   /* ... nothing */
    COUNT_EXEC,       /* transactions that ran */
    COUNT_EXEC_NULL,  /* ... did not, for what they watched had changed */
    COUNT_EXEC_CUT,   /* ... may have, for the process ended */
    COUNT_EVENT,      /* keys' events that a listener was told */
    COUNT_NEWS,       /* ... messages of transactions */
    COUNT_KINDS,
};

struct sim_counts {
    uint64_t n[COUNT_KINDS];     /* how often */
    uint64_t seeds[COUNT_KINDS]; /* in how many seeds; only in a sum */
    uint64_t total_seeds;        /* only in a sum */
};

/* Adds one seed's counts to a sum. */
void sim_counts_add(struct sim_counts *sum, const struct sim_counts *one);

/* Prints the sum; false if it falls short of what 200 seeds must have done. */
bool sim_counts_report(const struct sim_counts *sum);

#endif
