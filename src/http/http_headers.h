/* http_headers.h: values of request headers, taken apart. */
#ifndef HENGE_HTTP_HTTP_HEADERS_H
#define HENGE_HTTP_HTTP_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "cmd/outcome.h"

/* What a client takes a value as. */
enum http_form {
    HTTP_FORM_NONE, /* neither */
    HTTP_FORM_JSON,
    HTTP_FORM_RAW,
};

/* Accept (RFC 9110, 12.5.1): raw bytes if application/octet-stream is liked better than
 * application/json, else JSON.  An empty one takes all. */
enum http_form http_accept(struct slice value);

/* X-Consistency-Level: one, quorum, all or a number of owners (cell/level.h). */
bool http_consistency(struct slice value, struct level *level);

/* X-TTL: whole seconds, 1 or more, as milliseconds. */
bool http_ttl(struct slice value, uint64_t *ms);

/* If-Match and If-None-Match (RFC 9110, 13.1): "*" or tags "stamp-origin", at most
 * OUTCOME_VERSIONS of ours; others match nothing.  `weak`: W/ tags count.  False: it is
 * no list of tags, or a longer one. */
bool http_versions(struct slice value, bool weak, struct call_versions *out);

/* Authorization: Basic, a name and a password, or Bearer, the password of the user
 * "default"; appended.  False: anything else. */
bool http_authorization(struct slice value, struct buf *user, struct buf *password);

#endif
