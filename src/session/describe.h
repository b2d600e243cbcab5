/* describe.h: a connection in one line, as CLIENT LIST and ACL LOG show it. */
#ifndef HENGE_SESSION_DESCRIBE_H
#define HENGE_SESSION_DESCRIBE_H

#include "base/buf.h"
#include "env/net.h"
#include "session/session.h"

/* Appends the line with its end, as Redis writes it; 0 or -1 in the fields that have no
 * meaning here. */
void session_describe(const struct session *s, struct buf *out);

/* "?:0" where there are none. */
void session_addresses(const struct session *s, char peer[NET_ADDRESS_MAX],
                       char local[NET_ADDRESS_MAX]);

/* The first of them alone. */
void session_peer(const struct session *s, char peer[NET_ADDRESS_MAX]);

#endif
