/* desk.h: one connection to a small server without sockets, on a store of cells in an
 * array: lines of text in, replies out. */
#ifndef HENGE_TESTS_DESK_H
#define HENGE_TESTS_DESK_H

#include "session/session.h"
#include "unit/admin/fake_node.h"
#include "unit/cmd/fake_view.h"

struct desk {
    struct env env;
    struct clock clock;      /* of it: */
    uint64_t clock_ahead_us; /* of the node's time; a reading takes clock_step_us */
    uint64_t clock_step_us;
    struct trace trace;
    struct arenas arenas;
    struct net net;
    struct options options;
    struct node node;
    struct instance instance;
    struct session session;
    struct fake_view view;
    struct view store; /* its own functions, behind those that tell watchers */
    unsigned restarts; /* of the last command */
    struct reply reply;
    struct buf scratch;
    struct buf shown;
};

/* Talks RESP2, in database 0, without a password.  It must not move afterwards. */
void desk_init(struct desk *d);
void desk_deinit(struct desk *d);

/* Runs one command, admission included, and returns its whole reply with '|' for
 * CR LF; good until the next.  "+blocked|" if it would wait. */
const char *desk_ask(struct desk *d, const char *line);

/* The same for another connection of the same server. */
const char *desk_ask_as(struct desk *d, struct session *s, const char *line);

/* Expects the reply to be exactly, or to contain, that text. */
#define desk_is(d, line, text) cr_expect_str_eq(desk_ask(d, line), text, "%s", line)
#define desk_has(d, line, text)                                                                    \
    cr_expect(strstr(desk_ask(d, line), text), "%s: no '%s' in %s", line, text,                    \
              (const char *)(d)->shown.data)

#endif
