/* secret.h: arguments that nobody but the command may see: passwords.  Whoever shows
 * commands (MONITOR, SLOWLOG, a log) shows these as "(redacted)". */
#ifndef HENGE_SESSION_SECRET_H
#define HENGE_SESSION_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* argv[i] is one, as Redis redacts it; the command may be unknown or wrong. */
bool secret_argument(const struct slice *argv, uint32_t argc, uint32_t i);

#endif
