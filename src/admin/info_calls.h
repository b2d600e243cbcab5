/* info_calls.h: the sections of INFO that have a line for each command or code. */
#ifndef HENGE_ADMIN_INFO_CALLS_H
#define HENGE_ADMIN_INFO_CALLS_H

#include "base/buf.h"
#include "session/instance.h"

void info_commandstats(const struct instance *in, struct buf *out);
void info_errorstats(const struct instance *in, struct buf *out);
void info_latencystats(const struct instance *in, struct buf *out);

#endif
