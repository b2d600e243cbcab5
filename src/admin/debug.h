/* debug.h: the subcommands of DEBUG that have files of their own. */
#ifndef HENGE_ADMIN_DEBUG_H
#define HENGE_ADMIN_DEBUG_H

#include "cmd/call.h"

enum call_end debug_protocol(struct call *c); /* PROTOCOL <type> */

enum call_end debug_object(struct call *c);   /* OBJECT <key> */
enum call_end debug_sdslen(struct call *c);   /* SDSLEN <key> */
enum call_end debug_encoded(struct call *c);  /* LISTPACK, QUICKLIST, HTSTATS-KEY <key> */
enum call_end debug_populate(struct call *c); /* POPULATE <count> [<prefix>] [<size>] */

enum call_end debug_digest(struct call *c);       /* DIGEST */
enum call_end debug_digest_value(struct call *c); /* DIGEST-VALUE <key> ... */

#endif
