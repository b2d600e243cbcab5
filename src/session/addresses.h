/* addresses.h: listening at a list of addresses, as `bind` and `http-bind` give one. */
#ifndef HENGE_SESSION_ADDRESSES_H
#define HENGE_SESSION_ADDRESSES_H

#include "base/err.h"
#include "env/env.h"

enum { ADDRESSES_MAX = 32 }; /* in one list */

/* Listens at each address of `list`, which spaces separate, at `port`.  One with a '-' in
 * front may be missing on this machine.  Adds the listeners to `out`, which has room for
 * ADDRESSES_MAX of all lists, and counts *count up.  On failure those stay, and `detail`
 * (room for 256) says what was attempted. */
struct err addresses_listen(struct env *env, const char *list, int port, struct net_listener **out,
                            unsigned *count, char detail[256]);

/* The same for one, or the path of a Unix socket. */
struct err addresses_listen_one(struct env *env, const char *address, int port,
                                struct net_listener **out, unsigned *count, char detail[256]);

#endif
