/* os_address.c: addresses of sockets, from text and as text. */
#include "os/os_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
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

struct err os_address_parse(const char *text, int port, struct os_address *out)
{
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *found;
    char service[16];

    *out = (struct os_address){ 0 };
    if (text[0] == '/')
        return parse_unix(text, out);
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(text, service, &hints, &found))
        return err_make(ERR_INVALID, 0, "read a numeric IPv4 or IPv6 address");
    memcpy(&out->storage, found->ai_addr, found->ai_addrlen);
    out->len = found->ai_addrlen;
    freeaddrinfo(found);
    return err_ok();
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
