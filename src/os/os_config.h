/* os_config.h: where the configuration comes from: a file and the command line. */
#ifndef HENGE_OS_OS_CONFIG_H
#define HENGE_OS_OS_CONFIG_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the file's text, at most one byte more than LIMIT_CONFIG_FILE: so that
 * who reads the text sees that it is too long. */
struct err os_config_read(const char *path, struct buf *text);

/* Makes `--name value ...` at argv[*at], up to the next name, one directive of a
 * configuration file, quoted, in `line`, and moves *at behind it.  False: there is
 * no name at argv[*at]. */
bool os_config_argument(int argc, char **argv, int *at, struct buf *line);

#endif
