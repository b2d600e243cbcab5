/* incoming.h: an argument that is larger than a piece, on its way to a blob file: its
 * bytes are read from the socket into pieces and never stand in the connection's block.
 *
 *     the reader meets it -> RECEIVING -> ENDING -> its bytes are cut out of the block,
 *     where an empty argument stays -> the command is parsed again, and is small
 *
 * Meanwhile the connection does nothing else. */
#ifndef HENGE_SERVER_INCOMING_H
#define HENGE_SERVER_INCOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/call.h"

struct connection;
struct incoming;

enum incoming_begin {
    INCOMING_BEGUN,
    INCOMING_WHOLE, /* it is to be read whole */
    INCOMING_LATER, /* calls of the connection have to end first; it is woken then */
    INCOMING_REFUSED,
};

/* The connection's reader is at READER_BULK, in the command that begins at conn->at. */
enum incoming_begin incoming_begin(struct connection *conn);

/* Goes on as far as it can.  True: the argument has come, or failed, and conn->in has
 * a small command. */
bool incoming_go_on(struct connection *conn);

/* Reads from the socket into the piece, *max bytes at most; what net_recv() returned,
 * or 0: there is no room now. */
int64_t incoming_recv(struct connection *conn, size_t *max);

/* Bytes come from the socket now, and not from the connection's block. */
bool incoming_reads(const struct connection *conn);

/* It waits for the store. */
bool incoming_waits(const struct connection *conn);

/* The connection ends. */
void incoming_free(struct connection *conn);

#endif
