/* protected.h: protected mode: without a password, strangers are not served, at no door. */
#ifndef HENGE_SESSION_PROTECTED_H
#define HENGE_SESSION_PROTECTED_H

#include <stdbool.h>

#include "env/net.h"
#include "session/instance.h"

/* Whether this client, who has just connected, is to be told so and sent away. */
bool protected_refuses(const struct instance *in, struct net_conn *conn);

/* Whether an address, as net_peer() prints it, is of this machine's own. */
bool protected_is_local(const char *peer);

#endif
