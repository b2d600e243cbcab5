/* authenticate.c: names and passwords.
 *
 * There is one user, "default", whose password is requirepass. */
#include "session/session.h"

/* Takes as long for any guess of one length, right or wrong, so that time tells
 * nothing about the password. */
static bool same_secret(struct slice given, const char *secret)
{
    size_t n = strlen(secret);
    unsigned different = given.len != n;

    for (size_t i = 0; i < given.len; i++)
        different |= given.data[i] ^ (uint8_t)secret[n ? i % n : 0];
    return different == 0;
}

bool session_authenticate(struct session *s, struct slice user, struct slice password)
{
    const char *secret = s->instance->options->requirepass;
    /* Without a password everything is right, as for Redis's user "default". */
    bool right = *secret == '\0' || same_secret(password, secret);

    if (!right || !slice_equal(user, slice_str("default")))
        return false;
    s->authenticated = true;
    return true;
}
