/* string_options.h: the words SET and GETEX take behind their fixed arguments. */
#ifndef HENGE_CMD_STRING_OPTIONS_H
#define HENGE_CMD_STRING_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/call.h"

enum string_option {
    OPTION_NX = 1 << 0,
    OPTION_XX = 1 << 1,
    OPTION_GET = 1 << 2,
    OPTION_KEEPTTL = 1 << 3,
    OPTION_PERSIST = 1 << 4,
    OPTION_EX = 1 << 5,
    OPTION_PX = 1 << 6,
    OPTION_EXAT = 1 << 7,
    OPTION_PXAT = 1 << 8,
    OPTION_TIMES = OPTION_EX | OPTION_PX | OPTION_EXAT | OPTION_PXAT,
    OPTION_OF_SET = OPTION_NX | OPTION_XX | OPTION_GET | OPTION_KEEPTTL | OPTION_TIMES,
    OPTION_OF_GETEX = OPTION_PERSIST | OPTION_TIMES,
};

struct string_options {
    unsigned set;      /* enum string_option */
    uint32_t time_arg; /* index of the number behind EX, PX, EXAT, PXAT */
};

/* Reads argv[first] to the end, of which only `allowed` may stand.  False after
 * replying a syntax error. */
bool string_options_parse(struct call *c, uint32_t first, unsigned allowed,
                          struct string_options *out);

/* When the key is to expire, as unix milliseconds; 0 if no time was given.  False
 * after replying an error. */
bool string_options_expiry(struct call *c, const struct string_options *o, uint64_t *expire_ms);

#endif
