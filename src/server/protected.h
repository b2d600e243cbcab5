/* protected.h: protected mode: without a password, strangers are not served. */
#ifndef HENGE_SERVER_PROTECTED_H
#define HENGE_SERVER_PROTECTED_H

#include <stdbool.h>

#include "env/net.h"
#include "session/instance.h"

/* What this client is told before its connection ends, or NULL: it may stay. */
const char *protected_refusal(const struct instance *in, struct net_conn *conn);

/* Whether an address, as net_peer() prints it, is of this machine's own. */
bool protected_is_local(const char *peer);

#endif
