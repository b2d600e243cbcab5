/* http_target.h: what a request is about: its target, as it stood in the request's line.
 *
 *     /api/v1/keys/{key}?db=3    a key may have any bytes, %XX for those a target cannot
 *                                have; '/' and '+' stand for themselves
 *     /healthz /readyz /metrics */
#ifndef HENGE_HTTP_HTTP_TARGET_H
#define HENGE_HTTP_HTTP_TARGET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

enum http_place {
    HTTP_NOWHERE,
    HTTP_KEY,
    HTTP_HEALTH,
    HTTP_READY,
    HTTP_METRICS,
};

struct http_target {
    enum http_place place;
    struct buf key; /* HTTP_KEY: decoded; owned */
    int64_t db;     /* HTTP_KEY: as asked for, perhaps there is none; -1: not said */
};

/* Takes the target apart: origin form or absolute form.  NULL, or what is wrong with it,
 * static text; *out is to be ended with http_target_deinit() either way. */
const char *http_target_parse(struct slice raw, struct http_target *out);
void http_target_deinit(struct http_target *t);

/* Appends `text` with each %XX as its byte.  False: a '%' without two hex digits. */
bool http_unescape(struct slice text, struct buf *out);

#endif
