/* peer_sends.h: what was sent on a link and is not answered yet: for how long, how much,
 * and how long answers take.
 *
 * One entry for all messages of a turn, or for part of them.  It counts as sent when the
 * socket has taken its last byte: what waits in our own queue is not the peer's fault. */
#ifndef HENGE_NODE_PEER_SENDS_H
#define HENGE_NODE_PEER_SENDS_H

#include <stdbool.h>
#include <stdint.h>

enum { PEER_SENDS_MAX = 256 }; /* entries; beyond, turns share one */

struct peer_send {
    uint64_t number;  /* of its last message */
    uint64_t end;     /* bytes of the link up to its end */
    uint64_t sent_us; /* 0: not all of it is */
};

/* Zeros and `answered_us` are an empty one. */
struct peer_sends {
    struct peer_send ring[PEER_SENDS_MAX];
    unsigned first;
    unsigned count;
    uint64_t answered;    /* number up to which all is */
    uint64_t answered_at; /* bytes of the link up to there */
    uint64_t answered_us; /* when that rose last */
    uint64_t taken_us;    /* when the socket took something last */
};

/* Messages up to `number` end at byte `end` of the link. */
void peer_sends_add(struct peer_sends *s, uint64_t number, uint64_t end);

/* The socket has taken more: the link's bytes up to `sent`. */
void peer_sends_taken(struct peer_sends *s, uint64_t sent, uint64_t now_us);

/* Messages up to `number`, which were sent, are answered.  True: *rtt_us is how long the
 * newest of them took. */
bool peer_sends_answer(struct peer_sends *s, uint64_t number, uint64_t now_us, uint64_t *rtt_us);

/* Since when the peer owes an answer and gives none, not even to what was sent before; 0:
 * it owes none. */
uint64_t peer_sends_silent_since(const struct peer_sends *s);

bool peer_sends_check(const struct peer_sends *s);

#endif
