/* os_address.c: addresses of sockets, from text and as text. */
#include "os/os_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static struct err parse_unix(const char *path, struct os_address *out)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&out->storage;
    size_t len = strlen(path);

    if (len >= sizeof un->sun_path)
        return err_make(ERR_LIMIT, 0, "use a path of a Unix socket of more than 107 bytes");
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, len + 1);
    out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return err_ok();
}

/* Only four numbers: getaddrinfo() would take "1.2.3" for 1.2.0.3. */
static bool parse_v4(const char *text, int port, struct os_address *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&out->storage;

    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    out->len = sizeof *v4;
    return inet_pton(AF_INET, text, &v4->sin_addr) == 1;
}

/* By getaddrinfo(), which knows the scopes of link-local addresses (fe80::1%eth0). */
static bool parse_v6(const char *text, int port, struct os_address *out)
{
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST,
        .ai_family = AF_INET6,
        .ai_socktype = SOCK_STREAM,
    };
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&out->storage;
    struct addrinfo *found;

    if (getaddrinfo(text, NULL, &hints, &found))
        return false;
    memcpy(v6, found->ai_addr, sizeof *v6);
    freeaddrinfo(found);
    v6->sin6_port = htons((uint16_t)port);
    out->len = sizeof *v6;
    return true;
}

struct err os_address_parse(const char *text, int port, struct os_address *out)
{
    *out = (struct os_address){ 0 };
    if (text[0] == '/')
        return parse_unix(text, out);
    if (port < 0 || port > UINT16_MAX)
        return err_make(ERR_INVALID, 0, "use a port that is not between 0 and 65535");
    if (strchr(text, ':') ? parse_v6(text, port, out) : parse_v4(text, port, out))
        return err_ok();
    return err_make(ERR_INVALID, 0, "read a numeric IPv4 or IPv6 address");
}

void os_address_print(const struct os_address *address, char out[NET_ADDRESS_MAX])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->storage;
    char text[INET6_ADDRSTRLEN];

    if (address->len && v4->sin_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
        snprintf(out, NET_ADDRESS_MAX, "%s:%u", text, ntohs(v4->sin_port));
    } else if (address->len && v6->sin6_family == AF_INET6) {
        inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
        snprintf(out, NET_ADDRESS_MAX, "[%s]:%u", text, ntohs(v6->sin6_port));
    } else if (address->len > offsetof(struct sockaddr_un, sun_path) && un->sun_family == AF_UNIX) {
        snprintf(out, NET_ADDRESS_MAX, "%.*s:0", (int)sizeof un->sun_path, un->sun_path);
    } else {
        snprintf(out, NET_ADDRESS_MAX, "?:0");
    }
}
