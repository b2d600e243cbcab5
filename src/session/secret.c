/* secret.c: arguments that nobody but the command may see. */
#include "session/secret.h"

#include "session/options.h"

/* HELLO ... AUTH user password ... */
static bool secret_of_hello(const struct slice *argv, uint32_t argc, uint32_t i)
{
    for (uint32_t at = 2; at < i; at++) {
        if (slice_is(argv[at], "auth") && at + 2 < argc) {
            if (i <= at + 2)
                return true;
            at += 2;
        } else if (slice_is(argv[at], "setname")) {
            at++;
        }
    }
    return false;
}

/* ACL SETUSER name rules..., and the names of those that are looked at or deleted. */
static bool secret_of_acl(struct slice sub)
{
    return slice_is(sub, "setuser") || slice_is(sub, "getuser") || slice_is(sub, "deluser");
}

/* CONFIG SET name value ... */
static bool secret_of_config(const struct slice *argv, uint32_t i)
{
    const struct option *row = i % 2 ? options_find(argv[i - 1]) : NULL;

    return slice_is(argv[1], "set") && row && (row->flags & OPTION_SECRET);
}

bool secret_argument(const struct slice *argv, uint32_t argc, uint32_t i)
{
    if (i == 0 || i >= argc)
        return false;
    if (slice_is(argv[0], "auth"))
        return true;
    if (slice_is(argv[0], "hello"))
        return secret_of_hello(argv, argc, i);
    if (slice_is(argv[0], "acl"))
        return i >= 2 && secret_of_acl(argv[1]);
    return slice_is(argv[0], "config") && i >= 3 && secret_of_config(argv, i);
}
