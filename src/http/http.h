/* http.h: the HTTP door: requests become calls of the same commands, on the same node, in
 * the same turns as RESP's; libmicrohttpd reads and writes the bytes.
 *
 * libmicrohttpd has no thread of its own here.  It watches its sockets with an epoll
 * descriptor, which the loop watches, and does its work when serve() runs it.  A request
 * that waits, for the disk, the log or the client, is suspended in it. */
#ifndef HENGE_HTTP_HTTP_H
#define HENGE_HTTP_HTTP_H

#include "base/err.h"
#include "session/instance.h"
#include "session/side_door.h"

struct http;

/* Listens at http-bind and http-port, which is not 0.  Borrows the instance.  On failure
 * *out is NULL and `detail` (room for 256) says what was attempted, on what. */
struct err http_new(struct instance *instance, struct http **out, char detail[256]);

/* For server_attach(). */
struct side_door *http_door(struct http *http);

/* Cuts off whoever is left.  Before the instance ends; accepts NULL. */
void http_free(struct http *http);

#endif
