/* addresses.c: one address after the other. */
#include "session/addresses.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct err addresses_listen_one(struct env *env, const char *address, int port,
                                struct net_listener **out, unsigned *count, char detail[256])
{
    bool optional = address[0] == '-';
    struct err e;

    if (*count == ADDRESSES_MAX) {
        snprintf(detail, 256, "more than %d addresses to listen at", ADDRESSES_MAX);
        return err_make(ERR_LIMIT, 0, "too many addresses");
    }
    e = net_listen(env->net, address + optional, port, &out[*count]);
    if (err_is(e)) {
        snprintf(detail, 256, "cannot listen at %s port %d: %s", address + optional, port, e.what);
        if (!optional || e.os == EADDRINUSE)
            return e;
        trace_log(env->trace, TRACE_VERBOSE, "%s; going on without it", detail);
        return err_ok();
    }
    ++*count;
    return err_ok();
}

struct err addresses_listen(struct env *env, const char *list, int port, struct net_listener **out,
                            unsigned *count, char detail[256])
{
    for (const char *p = list + strspn(list, " "); *p; p += strspn(p, " ")) {
        char address[NET_ADDRESS_MAX];
        size_t n = strcspn(p, " ");
        struct err e;

        if (n >= sizeof address) {
            snprintf(detail, 256, "an address is longer than %zu bytes", sizeof address - 1);
            return err_make(ERR_INVALID, 0, "address too long");
        }
        memcpy(address, p, n);
        address[n] = '\0';
        p += n;
        e = addresses_listen_one(env, address, port, out, count, detail);
        if (err_is(e))
            return e;
    }
    return err_ok();
}
