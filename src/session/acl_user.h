/* acl_user.h: a user: passwords, and selectors, each of which may allow a command.
 *
 *     user -- passwords (as hashes)
 *          -- selector 0, "root": what rules outside of parentheses change
 *          -- selector 1 ...: those in parentheses
 *
 * A command may run if one selector allows it, all its keys and all its channels. */
#ifndef HENGE_SESSION_ACL_USER_H
#define HENGE_SESSION_ACL_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "session/acl_items.h"
#include "session/acl_rows.h"
#include "base/sha256.h"

enum acl_access { ACL_READ = 1, ACL_WRITE = 2 }; /* a key pattern's tag */

enum acl_selector_flags {
    ACL_ALL_KEYS = 1,
    ACL_ALL_CHANNELS = 2,
    ACL_ALL_COMMANDS = 4, /* nothing was taken away since +@all */
    ACL_FROM_ALL = 8,     /* the rules begin with +@all, not with -@all */
};

struct acl_selector {
    unsigned flags;
    uint64_t *commands;          /* a set of rows (acl_rows.h), owned */
    struct acl_items keys;       /* patterns; tag: enum acl_access */
    struct acl_items channels;   /* patterns */
    struct acl_items first_args; /* allowed although the command is not; tag: its number */
    struct acl_items rules;      /* "get", "@read", in order, for people; tag: 1 for + */
};

struct acl_user {
    bool everything; /* root allows all there is: nothing has to be looked at */
    bool enabled;
    bool nopass;        /* any password is right */
    bool skip_sanitize; /* kept for Redis's files; RESTORE checks every payload anyway */
    struct slice name;  /* owned */
    const struct acl_rows *rows;
    struct acl_items passwords;      /* of SHA256_BYTES each */
    struct acl_selector **selectors; /* the first is root */
    uint32_t selector_count;
};

/* May do nothing, off.  Borrows `rows`; `all_channels` as acl-pubsub-default says. */
struct acl_user *acl_user_new(struct slice name, const struct acl_rows *rows, bool all_channels);
void acl_user_free(struct acl_user *u); /* accepts NULL */

/* Another of the same name and rules. */
struct acl_user *acl_user_copy(const struct acl_user *u);

/* `u` gets what `from` has, but for the name; `from` is freed.  Pointers to `u` stay. */
void acl_user_become(struct acl_user *u, struct acl_user *from);

struct acl_selector *acl_user_add_selector(struct acl_user *u, bool all_channels);
void acl_user_drop_selectors(struct acl_user *u); /* but for root */

/* How many rules, patterns and so on it has, and bytes of text in them, for limits. */
void acl_user_size(const struct acl_user *u, size_t *count, size_t *bytes);

/* Appends its flags' names apart by spaces: "on nopass sanitize-payload". */
unsigned acl_user_flags(const struct acl_user *u, const char *names[3]);

/* "+@all -flushall", "~a %R~b" and "&c", as GETUSER shows them. */
void acl_selector_commands(const struct acl_selector *s, struct buf *out);
void acl_selector_keys(const struct acl_selector *s, struct buf *out);
void acl_selector_channels(const struct acl_selector *s, struct buf *out);

/* "user NAME on ...", as in files: a line without its end. */
void acl_user_describe(const struct acl_user *u, struct buf *out);

void acl_hex(struct slice bytes, struct buf *out);

bool acl_user_check(const struct acl_user *u);

#endif
