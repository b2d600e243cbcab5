/* server.h: the RESP door and the turn of the loop: all that main.c and the
 * simulator call. */
#ifndef HENGE_SERVER_SERVER_H
#define HENGE_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "env/env.h"
#include "session/options.h"

struct instance;
struct server;
struct side_door;

enum server_state {
    SERVER_LOADING, /* answers, but data commands say -LOADING */
    SERVER_SERVING,
    SERVER_STOPPING,
    SERVER_STOPPED, /* everything is written and synced: free it */
    SERVER_FAILED,  /* the store could not be loaded; the log said why */
};

/* Listens and begins loading.  `options` become the server's to change (CONFIG
 * SET) and must outlive it.  On failure *out is NULL and `detail` (room for 256)
 * says what was attempted, on what. */
struct err server_new(struct env *env, struct options *options, struct server **out,
                      char detail[256]);

/* What a door beside the RESP one is built on; as long as the server lives. */
struct instance *server_instance(struct server *server);

/* Calls such a door in its turns from now on.  There is one at most; it outlives the
 * server's last turn. */
void server_attach(struct server *server, struct side_door *door);

/* One turn: everything that became ready since the last one is read, run,
 * committed and answered.  Call it after callbacks of env came.  Returns when it
 * wants to be called again at the latest, in mono_us: 0 for at once, UINT64_MAX
 * for never. */
uint64_t server_turn(struct server *server);

enum server_state server_state(const struct server *server);

/* Begins an orderly end: SIGTERM. */
void server_stop(struct server *server);

/* Reads what was replaced on disk beside it, certificates: SIGHUP. */
void server_reload(struct server *server);

/* Ends it at once, as a crash would.  Accepts NULL. */
void server_free(struct server *server);

/* Invariants of everything within; `deep` walks it all. */
bool server_check(const struct server *server, bool deep);

#endif
