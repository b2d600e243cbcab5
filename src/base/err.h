/* err.h: how a failure travels: by value, checked on the next line.
 *
 * A disk, a peer or input fails: a struct err.  The programmer fails: assert().
 * "Not found" is an answer, not an error, unless a file had to be there. */
#ifndef HENGE_BASE_ERR_H
#define HENGE_BASE_ERR_H

#include <stdbool.h>

enum err_code {
    ERR_NONE = 0,
    ERR_IO,        /* the device, the network or the kernel refused; `os` says why */
    ERR_NO_SPACE,  /* the disk or the quota is full */
    ERR_NOT_FOUND, /* a file or folder that had to exist does not */
    ERR_EXISTS,    /* a file that must not exist does */
    ERR_CORRUPT,   /* bytes that were durable are not what was written */
    ERR_INVALID,   /* input that is not in its format */
    ERR_LIMIT,     /* input beyond a named limit (base/limits.h) */
    ERR_BUSY,      /* somebody else holds it */
};

struct err {
    enum err_code code;
    int os;           /* errno of the call that failed, or 0 */
    const char *what; /* static text: what was attempted, lower case, no full stop */
};

static inline struct err err_ok(void)
{
    return (struct err){ ERR_NONE, 0, "" };
}

static inline struct err err_make(enum err_code code, int os, const char *what)
{
    return (struct err){ code, os, what };
}

static inline bool err_is(struct err e)
{
    return e.code != ERR_NONE;
}

#endif
