/* acl_file.h: users as text: in the configuration, and in a file of their own (`aclfile`),
 * which ACL LOAD reads and ACL SAVE writes, each in a job. */
#ifndef HENGE_SESSION_ACL_FILE_H
#define HENGE_SESSION_ACL_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "session/acl_set.h"
#include "session/awaited.h"

struct instance;

/* The text of an ACL file: "user NAME rule rule ..." a line, apart by single spaces, or an
 * empty line.  False: `why` says what is wrong, with "path:line", and `set` is empty. */
bool acl_parse_file(struct slice text, const char *path, const struct acl_rows *rows,
                    bool all_channels, struct acl_set *set, struct buf *why);

/* The `user` lines of a configuration as options.h keeps them, whose file was `path`. */
bool acl_parse_config(struct slice lines, const char *path, const struct acl_rows *rows,
                      bool all_channels, struct acl_set *set, struct buf *why);

/* The users a server begins with, from its options: requirepass, and either those of the
 * configuration or those of `aclfile`.  Before the loop runs.  False: `why` says what is
 * wrong. */
bool acl_start(struct instance *in, struct buf *why);

/* LOAD and SAVE: one at a time. */
struct acl_file {
    struct awaited turn;
    bool saves;     /* else it loads */
    uint64_t asker; /* the session */
    bool all_channels;
    struct buf text;      /* to write; or what was read */
    struct acl_set fresh; /* what was read */
    struct buf why;       /* what went wrong; empty: nothing */
};

struct acl_file *acl_file_new(struct instance *in);
void acl_file_free(struct acl_file *file); /* no job runs any more; accepts NULL */

/* It is the call's turn (awaited.h).  When the job is over, file->why says how it went. */
void acl_file_load(struct acl_file *file, struct call *c);
void acl_file_save(struct acl_file *file, struct call *c);

#endif
