/* text_file.h: small files as a whole: users and configuration.  For jobs, and before the
 * loop runs. */
#ifndef HENGE_SESSION_TEXT_FILE_H
#define HENGE_SESSION_TEXT_FILE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "env/fs.h"

/* Appends the file's text; the error has code ERR_LIMIT if it is longer than `max`. */
struct err text_file_read(struct fs *fs, const char *path, size_t max, struct buf *text);

/* Replaces the file as a whole, or makes it, and durably: after a crash there is the old
 * text or the new one. */
struct err text_file_replace(struct fs *fs, const char *path, struct slice text);

#endif
