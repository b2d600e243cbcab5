/* rewrite_world.h: a store of segments and tables, made by hand of random cells, and
 * a model of what it should read as. */
#ifndef HENGE_UNIT_REWRITE_WORLD_H
#define HENGE_UNIT_REWRITE_WORLD_H

#include "base/prng.h"
#include "env/env.h"
#include "lsm/rewrite.h"
#include "memory_fs.h"

enum {
    REWRITE_KEYS = 60,
    REWRITE_SEGMENTS = 5,
    REWRITE_FILES = 16, /* at most, ever */
};

/* The newest cell of a key. */
struct fact {
    uint64_t stamp; /* 0: never put */
    uint64_t expire_ms;
    uint32_t len;
    uint8_t fill;
    bool deleted;
};

struct rewrite_world {
    struct memory_fs fs;
    struct trace trace;
    struct env env;
    struct file_ids ids;
    struct fact facts[REWRITE_KEYS];
    struct version *version;
    struct version *held; /* that a rewrite reads, if it is another; NULL for none */
    uint64_t stamp;
    unsigned warnings;
    struct rewrite_options options;
};

/* Of the test's process. */
extern struct rewrite_world rw;

void rewrite_world_begin(uint64_t seed);
void rewrite_world_end(void);

/* One more segment of random cells, and its flush into the version. */
void rewrite_world_segment(struct prng *prng, unsigned level, uint64_t order);

/* Ids of every file of values in the version but those that are stuck. */
size_t rewrite_world_files(uint64_t out[REWRITE_FILES]);

/* Runs a rewrite of `files` to its end; the slices it took. */
unsigned rewrite_world_run(struct rewrite **out, const uint64_t *files, size_t count);

/* Installs what a rewrite made, and ends it; its victims' files are gone. */
void rewrite_world_take(struct rewrite *r);

/* Every key reads as the model has it: what is visible with its value, what has
 * expired perhaps as a tombstone. */
void rewrite_world_expect_facts(void);

/* Blob files have the values of visible cells, in order, and nothing else; their bytes. */
uint64_t rewrite_world_expect_no_garbage(void);

/* Bytes of all visible values that are large. */
uint64_t rewrite_world_visible(void);

#endif
