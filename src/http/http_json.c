/* http_json.c: keys are bytes, and JSON's texts are not. */
#include "http/http_json.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "http/base64.h"

static void add(json_t *object, const char *name, json_t *value)
{
    int failed = json_object_set_new(object, name, value);

    assert(!failed); /* they run out of memory alone */
}

void http_json_key(json_t *object, struct slice key)
{
    json_t *text = json_stringn(key.len ? (const char *)key.data : "", key.len);

    if (!text) {
        size_t n = (size_t)base64_length(key.len);
        uint8_t *letters = mem_alloc(n);

        base64_encode(key.data, key.len, letters);
        add(object, "key_base64", json_stringn((const char *)letters, n));
        mem_free(letters);
        return;
    }
    add(object, "key", text);
}

void http_json_text(json_t *object, const char *name, const char *text)
{
    json_t *value = json_string(text);

    if (!value) {
        char *plain = mem_strdup(text);
        for (char *p = plain; *p; p++)
            *p = (unsigned char)*p < 128 ? *p : '?';
        value = json_string(plain);
        mem_free(plain);
    }
    add(object, name, value);
}

static int append(const char *bytes, size_t n, void *out)
{
    buf_append(out, slice_of(bytes, n));
    return 0;
}

void http_json_print(json_t *object, struct buf *out)
{
    int failed = json_dump_callback(object, append, out, JSON_COMPACT);

    assert(!failed);
    json_decref(object);
}
