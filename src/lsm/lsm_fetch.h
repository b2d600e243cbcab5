/* lsm_fetch.h: the fetches of a store, at its end. */
#ifndef HENGE_LSM_LSM_FETCH_H
#define HENGE_LSM_LSM_FETCH_H

#include <stdbool.h>

struct lsm;

/* Frees every fetch, pinned or under way: the pool is gone, or nothing runs. */
void fetch_drop_all(struct lsm *lsm);

/* Some are being read. */
bool fetch_busy(const struct lsm *lsm);

#endif
