/* memory_fs.h: files in memory that know what is synced, and calls that fail when
 * they are told to. */
#ifndef HENGE_UNIT_MEMORY_FS_H
#define HENGE_UNIT_MEMORY_FS_H

#include <stdbool.h>

#include "base/prng.h"
#include "env/fs.h"

struct memory_file {
    struct memory_file *next;
    struct memory_file *same; /* a second name of that one, which has the bytes; or NULL */
    char name[96];
    bool named;   /* there now */
    bool durable; /* there after a power loss */
    bool locked;
    bool is_dir;
    uint8_t *data;
    size_t len;
    uint8_t *synced;
    size_t synced_len;
};

struct memory_fs {
    struct fs fs;
    struct memory_file *files;
    unsigned calls;                                                 /* made so far, but closing */
    void (*on_call)(void *arg, const char *call, const char *name); /* of each, or NULL */
    void *on_call_arg;
    unsigned fail_at;    /* the call that fails, from 1; 0 for none */
    unsigned fail_count; /* how many from there on; 0 is one */
    enum err_code fail_as;
    unsigned cut_at;    /* from this call on nothing has an effect; 0 for never */
    bool cut_torn;      /* the call that is cut writes half of what it was to */
    uint64_t quota;     /* bytes of all files; 0 for no bound */
    bool cold;          /* nothing is in the page cache */
    struct prng *tepid; /* a random part is; NULL: all of it */
    unsigned syncs;     /* of files */
    unsigned reads;     /* fs_read() */
    unsigned reads_now; /* fs_read_now() */
    unsigned direct;    /* fs_write_now() */
    unsigned writes;    /* fs_write() */
    bool fail_sync;     /* every fs_sync() fails */
    bool fail_write;    /* every write fails, with part of it done */
    bool forbid_direct; /* asserts that the loop does not write */
};

void memory_fs_init(struct memory_fs *m);
void memory_fs_deinit(struct memory_fs *m);

/* The process is gone. */
void memory_fs_kill(struct memory_fs *m);

/* The power is gone: what was not synced is lost, but for what `prng` keeps of it
 * (NULL: nothing). */
void memory_fs_power_loss(struct memory_fs *m, struct prng *prng);

/* The file of that name, by whatever name it was made; or NULL. */
struct memory_file *memory_fs_find(struct memory_fs *m, const char *name);

/* A file that is there and durable. */
struct memory_file *memory_fs_add(struct memory_fs *m, const char *name, struct slice bytes);

/* The newest (largest name) of the files that match and are not `size` 0. */
struct memory_file *memory_fs_last(struct memory_fs *m, const char *prefix);
unsigned memory_fs_count(struct memory_fs *m, const char *prefix);

/* An independent copy. */
void memory_fs_copy(struct memory_fs *to, const struct memory_fs *from);

#endif
