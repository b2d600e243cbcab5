/* protected.c: protected mode: without a password, strangers are not served. */
#include "server/protected.h"

#include <string.h>

/* Redis's own words, which people look up. */
#define DENIED                                                                                     \
    "-DENIED Redis is running in protected mode because protected mode is enabled and no "         \
    "password is set for the default user. In this mode connections are only accepted from the "   \
    "loopback interface. If you want to connect from external computers to Redis you may adopt "   \
    "one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG "  \
    "SET protected-mode no' from the loopback interface by connecting to Redis from the same "     \
    "host the server is running, however MAKE SURE Redis is not publicly accessible from "         \
    "internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively "   \
    "you can just disable the protected mode by editing the Redis configuration file, and "        \
    "setting the protected mode option to 'no', and then restarting the server. 3) If you "        \
    "started the server manually just for testing, restart it with the '--protected-mode no' "     \
    "option. 4) Set up an authentication password for the default user. NOTE: You only need to "   \
    "do one of the above things in order for the server to start accepting connections from the "  \
    "outside.\r\n"

bool protected_is_local(const char *peer)
{
    return peer[0] == '/' || strncmp(peer, "127.", 4) == 0 || strncmp(peer, "[::1]:", 6) == 0;
}

const char *protected_refusal(const struct instance *in, struct net_conn *conn)
{
    const struct options *o = in->options;
    char peer[NET_ADDRESS_MAX];

    if (!o->protected_mode || o->requirepass[0])
        return NULL;
    net_peer(conn, peer);
    return protected_is_local(peer) ? NULL : DENIED;
}
