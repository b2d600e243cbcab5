/* monitor.h: clients that are shown every command: MONITOR. */
#ifndef HENGE_SESSION_MONITOR_H
#define HENGE_SESSION_MONITOR_H

#include "cmd/call.h"

struct instance;
struct session;

/* The session is shown commands from now on, or no more. */
void monitor_on(struct session *s);
void monitor_off(struct session *s);

/* Shows a call of `s` that ran, which is in database `db` now: all but what is about the
 * server itself; passwords are not shown, nor more of a call than LIMIT_MONITOR bytes. */
void monitor_feed(struct instance *in, const struct session *s, const struct call *c, uint8_t db);

#endif
