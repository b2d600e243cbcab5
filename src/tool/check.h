/* check.h: every byte of a store is what was written, and its files fit together.
 *
 *     check_manifest.c  which files count          check_frames.c  a segment, a blob file
 *     check_table.c     one table                  check_log.c     segments as one log
 *     check_tree.c      tables as one tree         check_refs.c    values cells refer to
 *
 * Nothing is changed.  In memory are what a server has of the tables (indexes and
 * filters), the manifest, and a few steps of the file that is read. */
#ifndef HENGE_TOOL_CHECK_H
#define HENGE_TOOL_CHECK_H

#include "lsm/manifest.h"
#include "lsm/tails.h"
#include "tool/tool_store.h"

enum { CHECK_STEP = 1024 * 1024 /* read at a time */ };

#define CHECK_NOWHERE UINT64_MAX /* an offset of what is about a whole file */

struct check {
    struct tool_store store;
    uint64_t found;
    uint64_t spare; /* files */
    uint64_t done;  /* bytes */
    uint64_t total;
    const struct store_file *told; /* the file of the last line, and how many it has had */
    unsigned told_lines;
    struct manifest_state state;
    bool has_state;    /* the manifest is readable */
    bool tables_whole; /* so are all the tables it names */
    struct version *v; /* if they and the blob files fit together; or NULL */
};

/* What checks tell people to do. */
extern const char check_restore[];
extern const char check_report[];

enum tool_status check_run(const struct tool *tool, const char *path);

/* One line: the file, the place, what is wrong there, what to do. */
void check_found(struct check *c, const struct store_file *f, uint64_t offset, const char *what,
                 const char *advice);
/* The file is no part of the store any more, and not looked at. */
void check_spare(struct check *c, const struct store_file *f);
/* A line about what is no damage. */
void check_note(struct check *c, const struct store_file *f, const char *what);
void check_progress(struct check *c, uint64_t bytes);

/* The manifests: sets c->state if one counts. */
void check_manifests(struct check *c);

/* One table, block by block.  *out is the table if it could be opened, the caller's;
 * true if all of it is right. */
bool check_table(struct check *c, const struct store_file *f, struct table **out);

/* What a file of frames is held against. */
struct frames_rules {
    uint64_t counts;      /* bytes that are known to be whole frames; at least */
    bool has_next;        /* a segment follows ... */
    uint64_t next_base;   /* ... whose first frame is there in the log */
    struct log_mark mark; /* of the tables; position 0: none */
    struct tails *tails;  /* arcs' logs up to the file; NULL: it is not known what follows what */
};

/* What a segment turned out to hold. */
struct frames_sum {
    bool head;     /* its head is good */
    bool blank;    /* it was never used */
    uint64_t base; /* log positions of its frames */
    uint64_t end;
    uint64_t previous; /* id of the segment before it, that the head says */
    uint64_t first;    /* index of the first frame, that the head says */
    uint64_t next;     /* ... that a frame behind the last would have */
    bool whole;        /* every frame that counts was read */
};

/* Only the head. */
void check_segment_head(struct check *c, const struct store_file *f, struct frames_sum *out);

/* All of it, the head's page too; *sum as check_segment_head() left it. */
void check_segment(struct check *c, const struct store_file *f, const struct frames_rules *rules,
                   struct frames_sum *sum);
void check_blob(struct check *c, const struct store_file *f, uint64_t counts);

/* All segments. */
void check_log(struct check *c);

/* All tables and blob files: sets c->v. */
void check_tree(struct check *c);
void check_tree_end(struct check *c);

/* The values that cells of c->v refer to. */
void check_refs(struct check *c);

/* Bytes check_refs() will read. */
uint64_t check_refs_bytes(const struct check *c);

#endif
