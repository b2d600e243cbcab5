/* session.h: who is talking: what a connection has said about itself. */
#ifndef HENGE_SESSION_SESSION_H
#define HENGE_SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "cmd/call.h"
#include "session/instance.h"

enum session_close {
    SESSION_OPEN,
    SESSION_CLOSE_AFTER_REPLY, /* QUIT, protocol errors: what is answered leaves first */
};

struct session {
    struct list link; /* in instance->sessions */
    struct instance *instance;
    uint64_t id;
    uint64_t created_us; /* mono */
    uint64_t active_us;  /* mono: bytes came or went */
    char *name;          /* owned; NULL for none */
    char *lib_name;
    char *lib_version;
    uint8_t db;
    uint8_t proto; /* 2 or 3; whoever changes it changes c->reply->proto with it */
    bool authenticated;
    struct acl_user *user; /* "default" before anybody logs in; never NULL */
    bool cut;              /* CLIENT KILL has: it ends within this turn */
    enum session_close closing;
    uint64_t commands;
    const struct command *last; /* row of the last call; NULL before the first */
    struct net_conn *net;       /* whose addresses CLIENT LIST shows; NULL: none */
};

void session_init(struct session *s, struct instance *instance);
void session_deinit(struct session *s);

/* As after connecting: RESET. */
void session_reset(struct session *s);

/* Finds the row of c->argv, fills the call in, and holds it against everything
 * that can refuse it: unknown names, arity, AUTH, loading, a log that cannot
 * write, memory.  False: refused, the error is replied. */
bool session_admit(struct session *s, struct call *c);

/* The same for a call that has waited for cells: whether the store still takes it.
 * Who is talking cannot have changed. */
bool session_admit_again(struct session *s, struct call *c);

#endif
