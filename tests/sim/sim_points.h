/* sim_points.h: the places in the store's protocols at which a process may end: which
 * one a call of the disk is, by the file it is about and the job that makes it. */
#ifndef HENGE_SIM_POINTS_H
#define HENGE_SIM_POINTS_H

#include "env/pool.h"
#include "sim/sim_counts.h"

/* Of files: enum file_kind, or POINT_OTHER. */
enum { POINT_OTHER = -1 };

/* The family of a file of that name. */
int sim_point_family(const char *name);

/* Where a call that would otherwise count as `count` (a write, a sync, or the making or
 * ending of a file) is; by a job of that priority. */
enum sim_count sim_point(int family, enum job_priority priority, enum sim_count count);

#endif
