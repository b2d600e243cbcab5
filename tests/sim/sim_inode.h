/* sim_inode.h: one file or folder of the simulated disk: what is there now, and
 * what would be there after a power loss.
 *
 * A file's bytes are kept twice, with a state for every sector: clean (the same
 * in both), dirty (a sync will carry it over), lost (a sync failed: it reads as
 * written, and no later sync carries it over).  Beside them it is known which
 * pages are in the page cache; only fs_read_now() cares.  A folder's names are
 * kept twice, with the list of what was done since they were the same. */
#ifndef HENGE_SIM_INODE_H
#define HENGE_SIM_INODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prng.h"
#include "base/slice.h"
#include "sim/sim_counts.h"

enum {
    SIM_SECTOR = 512, /* written whole or not at all */
    SIM_PAGE = 4096,
    SIM_NAME = 64,
};

struct sim_inode;

struct sim_name {
    char name[SIM_NAME];
    struct sim_inode *inode;
};

/* Created: `from` is empty; removed: `to` is; else renamed. */
struct sim_name_op {
    char from[SIM_NAME];
    char to[SIM_NAME];
    struct sim_inode *inode;
};

struct sim_names {
    struct sim_name *items;
    size_t count;
};

struct sim_inode {
    struct sim_inode *next; /* of all */
    bool is_dir;
    bool locked;
    /* a file */
    int family; /* sim_points.h: by the name it was made with */
    uint8_t *now;
    uint8_t *kept;
    uint8_t *sectors; /* states */
    uint8_t *cached;  /* for every page: it is in the page cache */
    size_t now_len;
    size_t kept_len;
    size_t cap;            /* a multiple of SIM_PAGE */
    uint64_t direct_order; /* of its last direct write */
    uint64_t sync_job;     /* that synced it last */
    uint64_t counted;      /* by the last count of what is used; see sim_disk_used() */
    /* a folder */
    struct sim_names names;
    struct sim_names kept_names;
    struct sim_name_op *ops;
    size_t op_count;
};

struct sim_inode *sim_inode_new(bool is_dir);
void sim_inode_free(struct sim_inode *f);

void sim_inode_write(struct sim_inode *f, uint64_t offset, struct slice bytes);
void sim_inode_resize(struct sim_inode *f, uint64_t len);

/* The page cache: what is written or read comes in; pages go again when they
 * like, all of them at a power loss. */
void sim_inode_cache(struct sim_inode *f, uint64_t offset, size_t len);
void sim_inode_evict(struct sim_inode *f, struct prng *prng);

/* How many bytes from `offset` on are there, at most `len`. */
size_t sim_inode_cached(const struct sim_inode *f, uint64_t offset, size_t len);

/* Makes everything that is not lost durable. */
void sim_inode_sync(struct sim_inode *f);

/* Makes a random part of it durable, as the kernel does on its own. */
void sim_inode_write_back(struct sim_inode *f, struct prng *prng);

/* A sync that fails: part of it became durable, the rest is lost. */
void sim_inode_fail_sync(struct sim_inode *f, struct prng *prng);

/* What a power loss leaves; true if bytes were lost. */
bool sim_inode_power_loss(struct sim_inode *f, struct prng *prng, struct sim_counts *counts);

struct sim_inode *sim_names_find(const struct sim_names *names, const char *name);

/* Does it to the names of now; a sync or a power loss decides about the rest. */
void sim_inode_name(struct sim_inode *dir, const char *from, const char *to,
                    struct sim_inode *inode);
void sim_inode_sync_names(struct sim_inode *dir);
void sim_inode_power_loss_names(struct sim_inode *dir, struct prng *prng,
                                struct sim_counts *counts);

#endif
