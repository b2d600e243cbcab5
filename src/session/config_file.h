/* config_file.h: CONFIG REWRITE: the file the server was started with, in a job. */
#ifndef HENGE_SESSION_CONFIG_FILE_H
#define HENGE_SESSION_CONFIG_FILE_H

#include "base/buf.h"
#include "session/awaited.h"
#include "session/options.h"

struct config_file {
    struct awaited turn;
    struct options options; /* as they were when it began; while it runs */
    struct buf users;       /* their lines, the same; none with an aclfile */
    struct buf why;         /* what went wrong; empty: nothing */
};

struct config_file *config_file_new(struct instance *in);
void config_file_free(struct config_file *file); /* no job runs any more; accepts NULL */

/* It is the call's turn, and options->config_file is not empty.  When the job is over,
 * file->why says how it went. */
void config_file_rewrite(struct config_file *file, struct call *c);

#endif
