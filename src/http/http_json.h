/* http_json.h: objects of JSON as bytes. */
#ifndef HENGE_HTTP_HTTP_JSON_H
#define HENGE_HTTP_HTTP_JSON_H

#include <jansson.h>

#include "base/buf.h"
#include "base/slice.h"

/* Adds "key", or "key_base64" if the key is no UTF-8, which JSON cannot carry. */
void http_json_key(json_t *object, struct slice key);

/* Adds a text, of which what is no UTF-8 becomes '?'. */
void http_json_text(json_t *object, const char *name, const char *text);

/* Appends it without white space, members in the order they were added, and ends it. */
void http_json_print(json_t *object, struct buf *out);

#endif
