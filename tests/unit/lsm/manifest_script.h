/* manifest_script.h: a run of edits with the versions between them, and a disk to
 * write them to, for tests of manifests. */
#ifndef HENGE_UNIT_MANIFEST_SCRIPT_H
#define HENGE_UNIT_MANIFEST_SCRIPT_H

#include "file_sets.h"
#include "lsm/manifest.h"
#include "memory_fs.h"

enum { SCRIPT_EDITS = 60 };

struct script {
    struct edit edits[SCRIPT_EDITS];
    struct version *versions[SCRIPT_EDITS + 1]; /* [i] is in front of edits[i] */
    char *texts[SCRIPT_EDITS + 1];
    struct file_ids ids;
};

/* Edits of every kind: tables come, move and go, blob files live and die. */
void script_init(struct script *s);
void script_deinit(struct script *s);

/* Begins a manifest in /data with the first version and appends all edits, one to
 * three at a time, until one fails.  *begun, *acked: how far it was told that it
 * succeeded; *tried: how many edits it asked for. */
struct err script_run(struct script *s, struct memory_fs *fs, uint64_t roll_size, bool *begun,
                      size_t *acked, size_t *tried);

/* What /data says; "none" if there is no manifest.  To end with mem_free(). */
char *script_read(struct memory_fs *fs, struct manifest_state *state, struct err *e);

/* The version that a state which was read makes, as text; ends the state's edit. */
char *script_text(struct manifest_state *state);

#endif
