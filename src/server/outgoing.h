/* outgoing.h: promised bytes, asked for when they are about to leave: a few pieces ahead
 * of what the socket takes. */
#ifndef HENGE_SERVER_OUTGOING_H
#define HENGE_SERVER_OUTGOING_H

struct connection;

/* Asks for what comes next in the output that may leave. */
void outgoing_ask(struct connection *conn);

#endif
