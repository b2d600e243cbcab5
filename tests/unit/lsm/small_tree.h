/* small_tree.h: a store without a loop: a memtable and its log, tables in memory_fs,
 * and a model of what a reader must find; flushes and compactions are run by hand.
 *
 * Every put goes into the segment of the log that is being written and into the
 * memtable; values are made of the stamp, so that they need not be kept. */
#ifndef HENGE_UNIT_SMALL_TREE_H
#define HENGE_UNIT_SMALL_TREE_H

#include <stdbool.h>

#include "base/prng.h"
#include "env/env.h"
#include "lsm/compact.h"
#include "lsm/flush.h"
#include "lsm/memtable.h"
#include "lsm_world.h"
#include "memory_fs.h"

enum {
    TREE_KEYS = 240,
    TREE_LARGE = 600, /* bytes of a value from which on it is large */
    TREE_STRETCHES = 64,
    TREE_SEGMENT = 64 * 1024,
};

struct tree_fact {
    uint64_t stamp; /* 0: never put */
    uint64_t expire_ms;
    uint32_t len;
    bool deleted;
};

struct small_tree {
    struct memory_fs fs;
    struct plain_arenas arenas;
    struct clock clock;
    struct env env;
    struct file_ids ids;
    struct version *version;
    struct memtable *memtable;
    struct log_stretch stretches[TREE_STRETCHES];
    size_t stretch_count;
    size_t flushed_stretches; /* the first one the memtable may refer to */
    struct fs_file *segment;  /* the last stretch's */
    uint64_t log_end;
    uint64_t stamp;
    uint64_t order;
    uint64_t now_ms;
    uint64_t flushed[LIMIT_DATABASES];
    struct tree_fact facts[TREE_KEYS];
    uint64_t cursor[LEVELS];
    struct pick_options pick;
    struct compact_options compact;
};

void small_tree_init(struct small_tree *t);
void small_tree_deinit(struct small_tree *t);

/* The i-th key, of database i % 3: many share a slot, and each fourth is an element. */
struct cell_key small_tree_key(unsigned i, char room[24]);

void small_tree_put(struct small_tree *t, unsigned i, uint32_t len, uint64_t expire_ms);
void small_tree_delete(struct small_tree *t, unsigned i);
void small_tree_flushdb(struct small_tree *t, uint8_t db);
/* Any of these, `n` times. */
void small_tree_random(struct small_tree *t, struct prng *prng, unsigned n);
void small_tree_roll(struct small_tree *t); /* another segment */

/* A flush of the memtable, to be run. */
void small_tree_flush_init(struct small_tree *t, struct flush *f);
/* Seals, flushes and installs. */
void small_tree_flush(struct small_tree *t, bool rescue);

/* Installs an edit: the version behind it is checked; files without references go. */
void small_tree_install(struct small_tree *t, struct edit *e);

/* Gives a reference back. */
void small_tree_drop(struct small_tree *t, struct version *v);

/* Does what pick_next() says; false if that is nothing. */
bool small_tree_compact(struct small_tree *t);

/* Asserts that every key reads as the model has it, by a walk over the memtable and all
 * tables, newest first; that values can be read; and that live bytes are right. */
void small_tree_check(struct small_tree *t);

/* Names of the files there are, in any order, by one number. */
uint64_t small_tree_files(struct small_tree *t);

#endif
