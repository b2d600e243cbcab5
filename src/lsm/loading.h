/* loading.h: what the steps of a load share; on the job's stack. */
#ifndef HENGE_LSM_LOADING_H
#define HENGE_LSM_LOADING_H

#include "lsm/load_files.h"
#include "lsm/lsm_load.h"
#include "lsm/replay.h"

struct loading {
    struct load *load;
    struct load_files files;
    struct replay replay;
    struct log_mark mark; /* where the replay begins */
    bool found;           /* there is a manifest */
    uint64_t total;       /* of the work, in bytes to be read, about */
    uint64_t done;
    size_t first;      /* the segment the replay began in, or `files.count` */
    size_t last;       /* the one the log ends in, or `files.count` */
    struct err damage; /* found in a frame whose crc holds */
};

/* Keeps a line for people and returns `e`. */
struct err loading_failed(struct loading *g, struct err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same about one file, or segment `i`. */
struct err loading_failed_file(struct loading *g, struct err e, enum file_kind kind, uint64_t id);
struct err loading_failed_segment(struct loading *g, struct err e, size_t i);

/* So much of the work is done. */
void loading_step(struct loading *g, uint64_t done);

/* Reads the manifest and opens what it names: load->version, the dataset's sums, the
 * mark. */
struct err load_tree(struct loading *g);

/* Begins a manifest: what was read of the old one becomes durable, if it was not. */
struct err load_tree_begin(struct loading *g);

/* Removes the files that are no part of the version. */
void load_tree_clean(struct loading *g);

/* The heads of all segments, and whether they and the manifest can be one store's. */
struct err load_log_heads(struct loading *g);

/* Replays the log from the mark on, decides whether it ends in a torn tail or is
 * damaged, makes what it believed durable, and cuts the tail. */
struct err load_log(struct loading *g);

/* Begins the segment the log goes on in. */
struct err load_log_begin(struct loading *g);

/* Removes segments that are not needed, and lists the others: load->start.parts. */
void load_log_clean(struct loading *g);

#endif
