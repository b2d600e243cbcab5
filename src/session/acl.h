/* acl.h: users, and what they may do.
 *
 * A server has one `struct acl`, a connection a user (session->user), which stays valid as
 * long as the connection: when a user is deleted its connections go back to "default" and
 * are ended.  Whoever runs a command for a client asks acl_permit() (session_admit() does);
 * whoever hands a message to a client asks acl_may_use_channel().
 *
 *     acl_rule  one rule, applied to a user       acl_user  what a user is
 *     acl_check what a user may                   acl_file  users as text, in files
 *     acl_log   what was refused                  acl_keys  the keys of a command */
#ifndef HENGE_SESSION_ACL_H
#define HENGE_SESSION_ACL_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/call.h"
#include "session/acl_log.h"
#include "session/acl_set.h"

struct instance;

enum acl_verdict { /* in the order in which one outweighs another */
                   ACL_MAY,
                   ACL_MAY_NOT_RUN,
                   ACL_MAY_NOT_KEY,
                   ACL_MAY_NOT_CHANNEL,
};

struct acl {
    struct acl_rows rows;
    struct acl_set users;
    bool all_channels;      /* acl-pubsub-default: what new users may */
    struct acl_user *deflt; /* "default", one of them: whoever has not logged in */
    struct acl_log log;
};

/* Has the user "default", who may do everything without a password.  Borrows the table. */
struct acl *acl_new(const struct command_table *table);
void acl_free(struct acl *acl); /* accepts NULL */

struct acl_user *acl_find(const struct acl *acl, struct slice name); /* or NULL */

/* requirepass: the only password of "default", at most LIMIT_PASSWORD; empty: none is
 * needed. */
void acl_set_requirepass(struct acl *acl, struct slice password);

/* The user if it is enabled and that is its password, else NULL.  Time tells nothing about
 * the password, nor whether there is such a user. */
struct acl_user *acl_login(const struct acl *acl, struct slice name, struct slice password);

/* Who connects is logged in as "default" at once. */
static inline bool acl_is_open(const struct acl *acl)
{
    return acl->deflt->nopass && acl->deflt->enabled;
}

/* All users, a line each, as in an ACL file. */
void acl_describe(const struct acl *acl, struct buf *out);

/* --- acl_check.c */

/* Whether the user may run the row with these arguments, and if not, because of which:
 * *at, 0 for the command itself. */
enum acl_verdict acl_check(const struct acl_user *u, const struct command *row,
                           const struct slice *argv, uint32_t argc, uint32_t *at);

/* Whether it may publish to or hear that channel; as a pattern: hear what fits it. */
bool acl_may_use_channel(const struct acl_user *u, struct slice channel, bool pattern);

/* Whether one selector lets it run the row with these arguments and also read any key, for
 * keys that are only known at run time (SORT BY and GET). */
bool acl_may_read_all(const struct acl_user *u, const struct command *row, const struct slice *argv,
                      uint32_t argc);

/* --- acl_session.c */

/* acl_check() for a call of its session, whose row is known.  False: an error is replied
 * and the refusal logged. */
bool acl_permit(struct call *c, enum acl_context context);

/* The same for a command that was queued by MULTI, when EXEC runs it. */
bool acl_permit_queued(struct call *c);

/* "User u has no permissions to run the 'get' command", naming the key or channel `arg` or,
 * if it is NULL, saying only that there is one. */
void acl_refusal(const struct acl_user *u, enum acl_verdict verdict, const struct command *row,
                 const struct slice *arg, struct buf *out);

/* Whoever shows that name and that password is that user from now on, whatever door it
 * came by; `how` is what the log calls it.  False: nobody is, the session is as before, and
 * the log has it. */
bool acl_let_in(struct session *s, struct slice how, struct slice name, struct slice password);

/* The same for a call.  False: replied -WRONGPASS. */
bool acl_authenticate(struct call *c, struct slice name, struct slice password);

/* Makes `u` a user, in place of what one of that name was.  False: the users would be too
 * large together; `u` is freed. */
bool acl_set_user(struct acl *acl, struct acl_user *u);

/* The user's rules have changed, or all users' (NULL): ends sessions that have subscribed to what
 * theirs may not hear any more; the one numbered `last` gets its answer first. */
void acl_end_subscribers(struct instance *in, const struct acl_user *u, uint64_t last);

/* Deletes those of the names that are users', "default" not among them, and ends their sessions;
 * the one numbered `last` gets its answer first.  Returns how many they were. */
uint32_t acl_delete(struct instance *in, const struct slice *names, uint32_t count, uint64_t last);

/* All users are those of `fresh` from now on, which is empty afterwards; "default" is as
 * acl_new() makes it if it is not among them.  Sessions of others end, and those
 * that acl_end_subscribers() ends. */
void acl_replace_all(struct instance *in, struct acl_set *fresh, uint64_t last);

bool acl_is_sound(const struct acl *acl); /* invariants */

#endif
