/* timeout.c: milliseconds, which must end within the clock. */
#include "admin/timeout.h"

#include "base/num.h"

static bool refuse(struct call *c, const char *text)
{
    call_error(c, text);
    return false;
}

bool timeout_parse(struct call *c, uint32_t arg, uint64_t *us)
{
    int64_t ms;

    if (!num_get_i64(c->argv[arg], &ms))
        return refuse(c, "timeout is not an integer or out of range");
    if (ms < 0)
        return refuse(c, "timeout is negative");
    if (ms > INT64_MAX / 1000 - (int64_t)(c->now_us / 1000))
        return refuse(c, "timeout is out of range");
    *us = (uint64_t)ms * 1000;
    return true;
}
