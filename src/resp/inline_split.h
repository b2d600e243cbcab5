/* inline_split.h: a line of text -> arguments, with Redis's quoting.
 *
 * Inline commands and the lines of a configuration file share it.  Arguments
 * stand apart by spaces and tabs.  In "double quotes" \xHH, \n, \r, \t, \b and \a
 * mean their byte and a backslash quotes any other; in 'single quotes' only \'
 * is special.  A closing quote must be followed by white space or the end. */
#ifndef HENGE_RESP_INLINE_SPLIT_H
#define HENGE_RESP_INLINE_SPLIT_H

#include "base/buf.h"
#include "base/slice.h"

enum inline_end {
    INLINE_ARG,        /* one more argument, which may be empty */
    INLINE_DONE,       /* nothing but white space was left */
    INLINE_UNBALANCED, /* a quote without its partner, or text right behind one */
};

/* Takes the next argument off `line` and appends it, unquoted, to `out`: never
 * more bytes than it took.  A NUL is a byte like any other. */
enum inline_end inline_next(struct slice *line, struct buf *out);

#endif
