/* checkpoint.h: a copy of the store as it is now, by second names for its files; loop side.
 *
 *     IDLE -> SYNCING -> WORKING -> IDLE
 *
 * It is what a power loss at this moment would leave, were it durable: the version there
 * is, and the log from its mark to where it is synced.  So nothing stops for it, and
 * whatever a restart survives a checkpoint does.  The janitor rests meanwhile. */
#ifndef HENGE_LSM_CHECKPOINT_H
#define HENGE_LSM_CHECKPOINT_H

#include "lsm/checkpoint_job.h"
#include "lsm/lsm.h"

enum checkpoint_state {
    CHECKPOINT_IDLE,
    CHECKPOINT_SYNCING, /* until the log is synced to `position` */
    CHECKPOINT_WORKING, /* a slice is with the pool */
};

struct checkpoint {
    struct lsm *lsm;
    enum checkpoint_state state;
    uint64_t position; /* of the log, behind what it must have */
    unsigned keep;
    struct version *version;
    struct checkpoint_job work;
    struct lsm_save save;
    uint64_t begun_wall_s;
    uint64_t begun_puts;
};

void checkpoint_init(struct checkpoint *c, struct lsm *lsm);

/* As a crash. */
void checkpoint_deinit(struct checkpoint *c);

/* Goes on if it can.  Called by lsm_after_job(). */
void checkpoint_pump(struct checkpoint *c);

/* No job of it is under way. */
bool checkpoint_idle(const struct checkpoint *c);

#endif
