/* listener_info.h: the lines of INFO server about what is listened at. */
#ifndef HENGE_ADMIN_LISTENER_INFO_H
#define HENGE_ADMIN_LISTENER_INFO_H

#include "base/buf.h"
#include "session/options.h"

/* Appends `listener0:name=tcp,bind=127.0.0.1,bind=-::1,port=6379` and the like. */
void listener_info(const struct options *o, struct buf *out);

#endif
