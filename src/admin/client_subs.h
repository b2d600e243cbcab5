/* client_subs.h: CLIENT's subcommands that have files of their own. */
#ifndef HENGE_ADMIN_CLIENT_SUBS_H
#define HENGE_ADMIN_CLIENT_SUBS_H

#include "cmd/call.h"

/* client_modes.c */
enum call_end client_run_reply(struct call *c);
enum call_end client_run_pause(struct call *c);
enum call_end client_run_unpause(struct call *c);
enum call_end client_run_no_evict(struct call *c);
enum call_end client_run_no_touch(struct call *c);

/* client_tracking.c */
enum call_end client_run_tracking(struct call *c);
enum call_end client_run_caching(struct call *c);
enum call_end client_run_trackinginfo(struct call *c);
enum call_end client_run_getredir(struct call *c);

#endif
