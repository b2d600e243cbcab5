/* protected.c: protected mode: without a password, strangers are not served. */
#include "session/protected.h"

#include <string.h>

bool protected_is_local(const char *peer)
{
    return peer[0] == '/' || strncmp(peer, "127.", 4) == 0 || strncmp(peer, "[::1]:", 6) == 0;
}

bool protected_refuses(const struct instance *in, struct net_conn *conn)
{
    const struct options *o = in->options;
    char peer[NET_ADDRESS_MAX];

    if (!o->protected_mode || o->requirepass[0])
        return false;
    net_peer(conn, peer);
    return !protected_is_local(peer);
}
