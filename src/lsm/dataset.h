/* dataset.h: what the log holds beyond the tables: the memtables, what flushes
 * hide, and how many live keys there are altogether.
 *
 * One memtable is active; sealed ones wait to become tables, oldest first.  Replay
 * builds a dataset in a job, the loop goes on with it.  A flush costs no walk:
 * cells up to its stamp are invisible at once.
 *
 * Counting: a put looks at what it hides.  Is that a live head, the new cell says so by
 * CELL_OVER, and keeps saying so wherever it goes.  The keys there are, then, are the
 * live heads less the cells that are over one, summed over everything stored; so each
 * memtable and each table has its own count, and none needs another to be right.  What
 * a put hides is known if it is in memory.  In a table, it is guessed to be live if the
 * filters may hold it; when the two cells are merged the guess goes, for the newer one
 * takes over what the older one said, and at the bottom there is nothing to be over. */
#ifndef HENGE_LSM_DATASET_H
#define HENGE_LSM_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "lsm/memtable.h"
#include "lsm/pins.h"
#include "lsm/timers.h"
#include "lsm/version.h"

enum { DATASET_SEALED_MAX = 3 };

struct dataset_options {
    size_t chunk_size;  /* memory a memtable takes at a time */
    size_t limit;       /* allocated bytes for cells at which a memtable is full */
    uint32_t large_min; /* values of so many bytes keep their place in the log */
};

/* Of cells that no flush hides. */
struct dataset_counts {
    int64_t heads[LIMIT_DATABASES];    /* live, less those that are over a live one */
    int64_t expiring[LIMIT_DATABASES]; /* ... with an expiry */
    int64_t cells[LIMIT_DATABASES];    /* of all kinds; memtables only */
};

struct sealed {
    struct memtable *memtable;
    uint64_t number;
    struct dataset_counts counts;
    struct pins pins;
    bool guessed;                      /* some of its cells are over one of a table, perhaps */
    struct log_mark mark;              /* its cells lie before it */
    uint64_t flushed[LIMIT_DATABASES]; /* stamps of the last flushes before the mark */
    bool busy;                         /* a flush reads it: it must not be changed */
};

struct dataset {
    struct arenas *arenas;
    struct dataset_options options;
    struct memtable *active;
    uint64_t number;              /* of the active memtable: each has another */
    struct dataset_counts counts; /* of the active memtable */
    struct pins pins;             /* likewise */
    bool guessed;                 /* ... likewise */
    size_t empty_bytes; /* that a memtable without a cell takes: not counted against the limit */
    struct sealed sealed[DATASET_SEALED_MAX]; /* oldest first */
    unsigned sealed_count;
    uint64_t flushed[LIMIT_DATABASES]; /* stamp of the last flush */
    struct timers timers;              /* of heads that were put with an expiry */
    void (*elsewhere)(void *arg, uint8_t db, uint64_t position); /* NULL: nobody listens */
    void *elsewhere_arg;
    /* Tables may hold an older cell of the position, which is then taken to be there
     * and live; NULL: there are none. */
    bool (*below)(void *arg, uint8_t db, uint64_t position);
    void *below_arg;
};

/* One put, as undoing it needs it. */
struct dataset_put {
    const uint8_t *now;
    const uint8_t *was; /* what it replaced in the same memtable, or NULL */
    int8_t heads;       /* what it changed in the counts */
    int8_t expiring;
    int8_t cells;
};

/* What a flush changed, to undo it. */
struct dataset_flush {
    uint64_t flushed[LIMIT_DATABASES]; /* as it was */
    uint64_t stamp;
    unsigned count; /* memtables there were, with their counts */
    struct {
        uint64_t number; /* a memtable's; one made later may be at its address */
        struct dataset_counts counts;
    } was[DATASET_SEALED_MAX + 1];
};

void dataset_init(struct dataset *d, struct arenas *arenas, const struct dataset_options *options);
void dataset_deinit(struct dataset *d);

/* Not hidden by a flush. */
static inline bool dataset_visible(const struct dataset *d, const uint8_t *cell)
{
    return cell_encoded_stamp(cell) > d->flushed[cell[28]];
}

/* The newest cell of that key in memory, flushed ones included, or NULL. */
const uint8_t *dataset_find(const struct dataset *d, const struct cell_key *key);

/* Copies a cell into the active memtable.  `place` is the log position of its first
 * byte. */
struct dataset_put dataset_put(struct dataset *d, const uint8_t *cell, size_t size, uint64_t place);

/* Undoes a put whose cell ends at log position `end`; later ones must have been. */
void dataset_unput(struct dataset *d, const struct dataset_put *put, uint64_t end);

/* Gives the memory of a replaced cell back, when the put that replaced it stands. */
void dataset_give(struct dataset *d, const struct dataset_put *put, uint64_t end);

/* Empties a database or, with CELL_DB_ALL, all. */
struct dataset_flush dataset_flush(struct dataset *d, uint8_t db, uint64_t stamp);

/* Everything put since must have been undone. */
void dataset_unflush(struct dataset *d, const struct dataset_flush *flush);

/* Takes a cell of the active memtable out that is not needed any more. */
void dataset_drop(struct dataset *d, const uint8_t *cell);

/* Hands every head in memory that is the newest of its key and has expired by `now_ms`, as
 * far as its timer is due, to `expired`, which must not change the dataset; looks at most at
 * so many timers, and returns at how many. */
size_t dataset_expire(struct dataset *d, size_t most, uint64_t now_ms,
                      void (*expired)(void *arg, const uint8_t *cell), void *arg);

/* From now on dataset_expire() hands on where a timer is due and nothing is in memory; NULL:
 * not any more. */
void dataset_watch(struct dataset *d, void (*elsewhere)(void *arg, uint8_t db, uint64_t position),
                   void *arg);

/* The active memtable has its size. */
bool dataset_full(const struct dataset *d);

/* Keys of a database: what all memtables count. */
struct dataset_count {
    int64_t heads;
    int64_t expiring;
};
struct dataset_count dataset_count(const struct dataset *d, uint8_t db);

/* A cell in a memtable has a piece of its value in that file, or had. */
bool dataset_pins(const struct dataset *d, uint64_t file);

/* No memtable guessed. */
bool dataset_exact(const struct dataset *d);

/* A sweep of the active memtable may find something: expiring or hidden cells, or
 * tombstones, if these are wanted. */
bool dataset_sweepable(const struct dataset *d, bool tombstones);

/* Bytes that count against the limit, of all memtables. */
size_t dataset_used(const struct dataset *d);

/* There is room for another sealed memtable. */
bool dataset_can_seal(const struct dataset *d);

/* The active memtable, whose cells all lie before `mark`, is sealed; a new one
 * takes over. */
void dataset_seal(struct dataset *d, const struct log_mark *mark);

/* The oldest sealed memtable, which has become a table, is the caller's, to end in
 * a job. */
struct memtable *dataset_unseal(struct dataset *d);

size_t dataset_bytes(const struct dataset *d); /* of all memtables, allocated */
size_t dataset_spare(const struct dataset *d); /* of them, free for cells to come */

/* `deep` walks everything and counts again. */
bool dataset_check(const struct dataset *d, bool deep);

#endif
