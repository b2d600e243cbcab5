/* notify.h: key events as messages on two channels. */
#ifndef HENGE_SESSION_NOTIFY_H
#define HENGE_SESSION_NOTIFY_H

#include <stdint.h>

#include "base/slice.h"

struct instance;

/* `event` has happened to `key`: published on __keyspace@<db>__:<key> and
 * __keyevent@<db>__:<event>, as notify-keyspace-events says. */
void notify_event(struct instance *in, uint8_t db, struct slice event, struct slice key);

#endif
