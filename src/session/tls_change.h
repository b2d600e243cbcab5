/* tls_change.h: new certificates for a server that runs, by CONFIG SET or SIGHUP.
 *
 *     IDLE --begin--> LOADING --the job has ended--> LOADED --take, settle--> IDLE
 *
 * A job reads and checks the files; what is wrong with them leaves everything as it was.
 * One at a time.  CONFIG SET waits for its own, and takes it; what nobody takes in the
 * turn that follows is dropped: its client is gone, or paused, and begins again later.  A
 * reload takes itself. */
#ifndef HENGE_SESSION_TLS_CHANGE_H
#define HENGE_SESSION_TLS_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "env/env.h"
#include "env/pool.h"
#include "session/options.h"

enum tls_change_state {
    TLS_CHANGE_IDLE,
    TLS_CHANGE_LOADING,
    TLS_CHANGE_LOADED,
};

struct tls_change {
    struct job job;
    struct env *env;
    enum tls_change_state state;
    uint64_t number;        /* of the last one begun */
    bool reload;            /* nobody waits for it: it is a reload */
    bool again;             /* a reload is wanted when this one is over */
    struct options options; /* a copy, that it is made with */
    struct net_tls *made;   /* NULL: it failed */
    char why[NET_TLS_WHY_MAX];
    void (*on_end)(void *owner); /* somebody who waits may go on */
    void *owner;
};

/* What the options say about TLS; texts are borrowed. */
void tls_change_options(const struct options *o, struct net_tls_options *out);

void tls_change_init(struct tls_change *t, struct env *env, void (*on_end)(void *owner),
                     void *owner);

/* No job may be under way, or the pool has ended. */
void tls_change_deinit(struct tls_change *t);

/* Begins to load what `options` say.  Returns its number; 0: another is under way,
 * whose end is told. */
uint64_t tls_change_begin(struct tls_change *t, const struct options *options);

/* That one is still being loaded; whoever began it asks again when told, in the turn
 * that follows. */
bool tls_change_waits(const struct tls_change *t, uint64_t number);

/* It was dropped. */
bool tls_change_lost(const struct tls_change *t, uint64_t number);

/* Makes it count for connections to come: one that was loaded and is not lost.  False:
 * `why` says why it cannot. */
bool tls_change_take(struct tls_change *t, uint64_t number, const char **why);

/* Reads the same files again; says in the log how that went. */
void tls_change_reload(struct tls_change *t, const struct options *options);

/* Once a turn, when calls that waited have run. */
void tls_change_settle(struct tls_change *t, const struct options *options);

#endif
