/* sim_counts.c: the table of what has to happen, and how often. */
#include "sim/sim_counts.h"

#include <inttypes.h>
#include <stdio.h>

/* Strikes of what is rare: so few over 200 seeds that only many more seeds tell. */
enum { RARE = 2, RARE_SEEDS = 2000 };

struct count_row {
    const char *name;
    unsigned strikes; /* needed over 200 seeds */
    unsigned percent; /* of the seeds in which it must happen */
};

static const struct count_row rows[COUNT_KINDS] = {
    [COUNT_KILL] = { "killed", 20, 0 },
    [COUNT_POWER] = { "power lost", 20, 0 },
    [COUNT_STOP] = { "stopped in order", 20, 0 },
    [COUNT_CUT_WRITE] = { "log write interrupted", 20, 0 },
    [COUNT_CUT_SYNC] = { "sync interrupted", 20, 0 },
    [COUNT_CUT_ROLL] = { "roll interrupted", 20, 0 },
    [COUNT_CUT_LOAD] = { "load interrupted", 20, 0 },
    [COUNT_CUT_FLUSH] = { "flush interrupted", RARE, 0 },
    [COUNT_CUT_COMPACT] = { "compaction interrupted", RARE, 0 },
    [COUNT_CUT_REWRITE] = { "rewrite interrupted", 1, 0 },
    [COUNT_CUT_PIECES] = { "pieces interrupted", RARE, 0 },
    [COUNT_CUT_MANIFEST] = { "edit interrupted", RARE, 0 },
    [COUNT_CUT_MANIFEST_ROLL] = { "manifest's roll interrupted", RARE, 0 },
    [COUNT_CUT_DROP] = { "removal interrupted", RARE, 0 },
    [COUNT_READ_ERROR] = { "read error", 20, 0 },
    [COUNT_WRITE_ERROR] = { "write error", 20, 0 },
    [COUNT_SHORT_WRITE] = { "short write", 20, 0 },
    [COUNT_ALLOCATE_ERROR] = { "allocation error", 20, 0 },
    [COUNT_SYNC_ERROR] = { "failed fsync", 20, 0 },
    [COUNT_SYNC_DIR_ERROR] = { "failed fsync of a folder", 20, 0 },
    [COUNT_NO_SPACE] = { "no space", 20, 0 },
    [COUNT_FLIP_LOST] = { "garbage in torn sectors", 20, 0 },
    [COUNT_FLIP_SYNCED] = { "bits flipped in synced data", 20, 0 },
    [COUNT_NAME_LOST] = { "name lost", 20, 0 },
    [COUNT_SLOW_JOB] = { "slow job", 20, 0 },
    [COUNT_RESET] = { "connection reset", 20, 0 },
    [COUNT_HALF_SENT] = { "command half sent", 20, 0 },
    [COUNT_SLOW_READER] = { "slow reader", 20, 0 },
    [COUNT_CLOCK_BACK] = { "clock jumped back", 20, 0 },
    [COUNT_CLOCK_FORWARD] = { "clock jumped forward", 20, 0 },
    [COUNT_LOST_BYTES] = { "unsynced bytes lost", 20, 50 },
    [COUNT_SAVE] = { "checkpoint read", 20, 0 },
    [COUNT_TORN_TAIL] = { "torn tail at loading", 20, 30 },
    [COUNT_NOW_WHOLE] = { "page cache had all", 0, 0 },
    [COUNT_NOW_PART] = { "page cache had a part", 0, 0 },
    [COUNT_NOW_COLD] = { "page cache had nothing", 0, 0 },
    [COUNT_EXEC] = { "transaction ran", 400, 60 },
    [COUNT_EXEC_NULL] = { "watched key had changed", 20, 0 },
    [COUNT_EXEC_CUT] = { "transaction without an answer", 20, 0 },
    [COUNT_EVENT] = { "event told", 400, 30 },
    [COUNT_NEWS] = { "message told", 200, 25 },
};

void sim_counts_add(struct sim_counts *sum, const struct sim_counts *one)
{
    sum->total_seeds++;
    for (unsigned i = 0; i < COUNT_KINDS; i++) {
        sum->n[i] += one->n[i];
        sum->seeds[i] += one->n[i] > 0;
    }
}

bool sim_counts_report(const struct sim_counts *sum)
{
    bool good = true;

    printf("in %" PRIu64 " seeds:\n", sum->total_seeds);
    for (unsigned i = 0; i < COUNT_KINDS; i++) {
        bool told = rows[i].strikes > RARE || sum->total_seeds >= RARE_SEEDS;
        bool enough = !told || (sum->n[i] * 200 >= rows[i].strikes * sum->total_seeds &&
                                sum->seeds[i] * 100 >= rows[i].percent * sum->total_seeds);

        printf("  %-28s %8" PRIu64 " times in %6" PRIu64 " seeds%s\n", rows[i].name, sum->n[i],
               sum->seeds[i], enough ? "" : "  TOO FEW");
        good = good && enough;
    }
    return good;
}
