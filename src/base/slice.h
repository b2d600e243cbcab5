/* slice.h: bytes somebody else owns.
 *
 * A slice borrows: it is valid as long as what it points into, which the
 * function that hands it out says.  `data` may be NULL only if `len` is 0. */
#ifndef HENGE_BASE_SLICE_H
#define HENGE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const uint8_t *data;
    size_t len;
};

static inline struct slice slice_of(const void *data, size_t len)
{
    return (struct slice){ data, len };
}

/* Borrows a C string, without its NUL. */
static inline struct slice slice_str(const char *text)
{
    return (struct slice){ (const uint8_t *)text, strlen(text) };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* Bytewise, as memcmp; a prefix sorts first.  Returns <0, 0 or >0. */
static inline int slice_compare(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.data, b.data, n) : 0;
    if (c)
        return c;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* Equal to the C string, ASCII letters in either case. */
bool slice_is(struct slice a, const char *text);

/* Equal, ASCII letters in either case. */
bool slice_equal_nocase(struct slice a, struct slice b);

/* Redis's glob: * ? [a-z] [^a] and \ to quote; an empty text matches an empty
 * pattern alone; `nocase` folds ASCII letters.
 * Work is bounded by a nesting limit, as in Redis: beyond it nothing matches. */
bool slice_glob(struct slice pattern, struct slice text, bool nocase);

#endif
