/* protected.c: protected mode: without a password, strangers are not served. */
#include "session/protected.h"

#include <string.h>

#include "session/acl.h"

bool protected_is_local(const char *peer)
{
    return peer[0] == '/' || strncmp(peer, "127.", 4) == 0 || strncmp(peer, "[::1]:", 6) == 0;
}

bool protected_refuses(const struct instance *in, struct net_conn *conn)
{
    char peer[NET_ADDRESS_MAX];

    if (!in->options->protected_mode || !acl_is_open(in->acl))
        return false;
    net_peer(conn, peer);
    return !protected_is_local(peer);
}
