/* os_address.h: addresses of sockets, from text and as text. */
#ifndef HENGE_OS_OS_ADDRESS_H
#define HENGE_OS_OS_ADDRESS_H

#include <sys/socket.h>

#include "base/err.h"
#include "env/net.h"

struct os_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* A numeric IPv4 or IPv6 address, or the path of a Unix socket if `text` begins
 * with '/'.  ERR_INVALID if it is neither, ERR_LIMIT for a path the kernel has no
 * room for. */
struct err os_address_parse(const char *text, int port, struct os_address *out);

/* As net_peer() shows it; "?:0" for what it does not know. */
void os_address_print(const struct os_address *address, char out[NET_ADDRESS_MAX]);

#endif
