/* sim_resp.h: an independent reader of RESP2 and RESP3 replies, for clients in
 * the world. */
#ifndef HENGE_SIM_RESP_H
#define HENGE_SIM_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum sim_reply_kind {
    SIM_REPLY_NULL,
    SIM_REPLY_STATUS,
    SIM_REPLY_ERROR,
    SIM_REPLY_INT,
    SIM_REPLY_BULK,
    SIM_REPLY_LIST, /* arrays, sets, maps (both halves), pushes */
};

/* One value; borrows from the bytes.  Of a list: how many follow within it. */
struct sim_reply {
    enum sim_reply_kind kind;
    struct slice text; /* status, error, bulk */
    int64_t number;    /* int; elements of a list */
    size_t size;       /* of all its bytes, elements included */
    size_t head;       /* where the first element begins */
};

/* 1: a whole reply; 0: more bytes are needed; -1: this is not RESP. */
int sim_reply_read(struct slice bytes, struct sim_reply *out);

/* The first element behind `*at` in a list read from `bytes`; moves *at. */
void sim_reply_element(struct slice bytes, size_t *at, struct sim_reply *out);

/* Appends an array of bulk strings: a command. */
void sim_command_begin(struct buf *out, size_t args);
void sim_command_arg(struct buf *out, struct slice arg);
void sim_command_text(struct buf *out, const char *arg);
void sim_command_int(struct buf *out, int64_t arg);

#endif
