/* acl_log.h: what was refused, newest first, like things within a minute in one entry. */
#ifndef HENGE_SESSION_ACL_LOG_H
#define HENGE_SESSION_ACL_LOG_H

#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"

struct session;

enum acl_reason { ACL_BY_COMMAND, ACL_BY_KEY, ACL_BY_CHANNEL, ACL_BY_AUTH };

enum acl_context { ACL_TOPLEVEL, ACL_MULTI, ACL_LUA };

struct acl_entry {
    struct list link;
    enum acl_reason reason;
    enum acl_context context;
    uint64_t count;
    uint64_t id;
    uint64_t created_ms; /* unix */
    uint64_t updated_ms;
    struct slice object; /* command, key or channel, its first LIMIT_ACL_LOG_OBJECT bytes */
    struct slice user;
    struct slice client; /* as CLIENT INFO says, of the last */
};

struct acl_log {
    struct list entries;
    uint64_t count; /* of entries */
    uint64_t next_id;
};

void acl_log_init(struct acl_log *log);
void acl_log_deinit(struct acl_log *log);

/* Notes a refusal; at most acllog-max-len entries are kept. */
void acl_log_add(const struct session *s, enum acl_reason reason, enum acl_context context,
                 struct slice object, struct slice user);

/* Drops the oldest ones until there are `max`. */
void acl_log_trim(struct acl_log *log, uint64_t max);

#endif
