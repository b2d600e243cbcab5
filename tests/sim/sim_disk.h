/* sim_disk.h: a disk that forgets what was not synced.
 *
 * It outlives the processes that use it.  A process's end (kill -9) leaves
 * everything that was written; a power loss leaves what was synced and a random
 * part of the rest: sectors out of order, torn pages, holes, lost names, and an
 * empty page cache, which at other times loses pages as it likes.  A plan
 * says how often calls fail, and a countdown lets the process end within a call:
 * from then on nothing it does has an effect. */
#ifndef HENGE_SIM_DISK_H
#define HENGE_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prng.h"
#include "env/fs.h"
#include "sim/sim_counts.h"
#include "sim/sim_inode.h"
#include "sim/sim_log.h"
#include "sim/sim_place.h"

/* One call in so many fails; 0 for never. */
struct sim_plan {
    unsigned read;
    unsigned write;
    unsigned short_write;
    unsigned allocate;
    unsigned sync;
    unsigned sync_dir;
};

struct sim_handle;

struct sim_disk {
    struct fs fs;
    struct sim_log *log;
    struct sim_counts *counts;
    struct sim_place *place;
    struct prng prng;
    struct prng cache_prng; /* of the page cache alone */
    struct sim_inode *root;
    struct sim_inode *inodes; /* all, root included */
    struct sim_handle *handles;
    struct sim_plan plan;
    uint64_t quota;       /* bytes; 0 for no bound */
    uint64_t used_counts; /* times sim_disk_used() was called */
    unsigned cut_in;      /* calls until the process ends; 0 for never */
    int cut_kind;         /* only calls of that enum sim_count are counted; -1: all */
    bool cut;             /* it has ended */
    bool loading;         /* the world says so; for counting */
    uint64_t sync_errors; /* ever */
    uint64_t errors;      /* injected ever, of any kind */
};

/* Borrows all of them.  There is one folder, "/". */
struct sim_disk *sim_disk_new(struct sim_log *log, struct sim_counts *counts,
                              struct sim_place *place, uint64_t seed);
void sim_disk_free(struct sim_disk *d);

/* The process is gone: its handles and locks with it. */
void sim_disk_process_end(struct sim_disk *d);

/* To be called after the process's end. */
void sim_disk_power_loss(struct sim_disk *d);

/* Bytes of all files that have a name, each once. */
uint64_t sim_disk_used(struct sim_disk *d);

/* The kernel writes some of what is dirty on its own. */
void sim_disk_write_back(struct sim_disk *d);

/* Makes everything durable, also what a failed sync has lost. */
void sim_disk_settle(struct sim_disk *d);

/* The file of that path, or NULL. */
struct sim_inode *sim_disk_find(struct sim_disk *d, const char *path);

#endif
