/* acl_rule.h: one rule of ACL SETUSER and of ACL files, applied to a user.
 *
 *     on off nopass resetpass reset >pw <pw #hash !hash (skip-)sanitize-payload
 *     ~p %R~p %W~p %RW~p allkeys resetkeys        &p allchannels resetchannels
 *     +cmd -cmd +cmd|sub -cmd|sub +cmd|arg +@cat -@cat allcommands nocommands
 *     (rules of a further selector) clearselectors */
#ifndef HENGE_SESSION_ACL_RULE_H
#define HENGE_SESSION_ACL_RULE_H

#include <stdbool.h>

#include "session/acl_user.h"

enum acl_rule_end {
    ACL_RULE_OK,
    ACL_RULE_SYNTAX,
    ACL_RULE_UNKNOWN, /* command or category */
    ACL_RULE_KEYS,    /* a pattern beside ~* */
    ACL_RULE_CHANNELS,
    ACL_RULE_NO_PASSWORD,
    ACL_RULE_HASH,
    ACL_RULE_FIRST_ARG, /* of a subcommand */
    ACL_RULE_LARGE,     /* beyond LIMIT_ACL_RULES, LIMIT_ACL_USER_BYTES or LIMIT_PASSWORD */
};

/* A user being changed. */
struct acl_edit {
    struct acl_user *user;
    bool all_channels; /* acl-pubsub-default: what new selectors and reset give */
    size_t count;      /* of rules and bytes it has had, at most */
    size_t bytes;
};

/* `u` stays the caller's. */
void acl_edit_init(struct acl_edit *e, struct acl_user *u, bool all_channels);

/* Applies one.  Otherwise than ACL_RULE_OK: the user may be changed in part. */
enum acl_rule_end acl_rule_apply(struct acl_edit *e, struct slice rule);

/* As Redis says it. */
const char *acl_rule_text(enum acl_rule_end end);

/* Takes the next rule off argv[*at] up to argv[argc - 1]: a selector may stand in several
 * arguments and is put together in `joined`, which the rule may borrow from.  False: none
 * is left, or, if *at < argc, the parenthesis that argv[*at] begins with is not closed. */
bool acl_rule_next(const struct slice *argv, uint32_t argc, uint32_t *at, struct buf *joined,
                   struct slice *rule);

/* A name or pattern that can stand in a line of rules: neither spaces nor NUL. */
bool acl_is_word(struct slice text);

#endif
