/* listener_info.c: the lines of INFO server about what is listened at, as Redis 7.2
 * writes them: addresses as they were configured. */
#include "admin/listener_info.h"

#include <string.h>

static void print_port(const struct options *o, unsigned *number, const char *name, int64_t port,
                       struct buf *out)
{
    if (port == 0 || o->bind[strspn(o->bind, " ")] == '\0')
        return;
    buf_printf(out, "listener%u:name=%s", (*number)++, name);
    for (const char *p = o->bind + strspn(o->bind, " "); *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        buf_printf(out, ",bind=%.*s", (int)n, p);
        p += n;
    }
    buf_printf(out, ",port=%lld\r\n", (long long)port);
}

void listener_info(const struct options *o, struct buf *out)
{
    unsigned number = 0;

    print_port(o, &number, "tcp", o->port, out);
    if (o->unixsocket[0])
        buf_printf(out, "listener%u:name=unix,bind=%s\r\n", number++, o->unixsocket);
    print_port(o, &number, "tls", o->tls_port, out);
}
