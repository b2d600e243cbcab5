/* outgoing.h: promised bytes, asked for when they are about to leave: a few pieces ahead
 * of what the socket takes. */
#ifndef HENGE_SERVER_OUTGOING_H
#define HENGE_SERVER_OUTGOING_H

#include <stdbool.h>

struct connection;
struct server;

/* Asks for what comes next in the output that may leave, or waits for memory. */
void outgoing_ask(struct connection *conn);

/* Those who waited for memory are tried again, as far as there is some. */
void outgoing_serve(struct server *s);

/* There are some to be tried now. */
bool outgoing_due(const struct server *s);

#endif
