/* sim_points.c: files by their names, jobs by their priorities. */
#include "sim/sim_points.h"

#include "lsm/file_name.h"

int sim_point_family(const char *name)
{
    enum file_kind kind;
    uint64_t id;

    return file_name_parse(name, &kind, &id) ? (int)kind : POINT_OTHER;
}

enum sim_count sim_point(int family, enum job_priority priority, enum sim_count count)
{
    if (count == COUNT_CUT_LOAD)
        return count;
    switch (family) {
    case FILE_TABLE:
        return priority == JOB_FLUSH ? COUNT_CUT_FLUSH : COUNT_CUT_COMPACT;
    case FILE_BLOB:
        return priority == JOB_LATER ? COUNT_CUT_REWRITE : COUNT_CUT_PIECES;
    case FILE_MANIFEST:
        return count == COUNT_CUT_ROLL ? COUNT_CUT_MANIFEST_ROLL : COUNT_CUT_MANIFEST;
    default:
        return count;
    }
}
