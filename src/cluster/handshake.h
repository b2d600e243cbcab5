/* handshake.h: how two peers find out that they are whom they want to talk to, before
 * anything else is said on a connection.
 *
 *     caller                                  answerer
 *     CALLING   -- hello (nonce) -->          WAITING
 *               <-- hello (nonce) --          ASKING
 *     PROVING   -- proof -->                  JUDGING: the owner admits or refuses
 *     UP        <-- welcome --                UP
 *
 *     any but UP  -- what does not fit, refused, too late -->  FAILED
 *
 * A proof is HMAC-SHA256 with the cluster's secret over who proves and both hellos, whole.
 * So it is of no use on another connection (the nonces), in the other direction or to
 * another node (who proves, and both ids), and nobody can make two peers agree on an older
 * version (the hellos).  The caller proves first: who knows no secret is told nothing that
 * depends on it.  What goes on behind the handshake is neither hidden nor sealed: for that
 * there is TLS.
 *
 * A pure state machine: bodies of messages and the time go in, messages come out.  Source:
 * challenge and response as in RFC 2195 and SCRAM (RFC 5802), with nonces of both sides. */
#ifndef HENGE_CLUSTER_HANDSHAKE_H
#define HENGE_CLUSTER_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/slice.h"
#include "cluster/message.h"

enum handshake_state {
    HANDSHAKE_CALLING,
    HANDSHAKE_PROVING,
    HANDSHAKE_WAITING,
    HANDSHAKE_ASKING,
    HANDSHAKE_JUDGING, /* the answerer's owner has to call handshake_admit() or _refuse() */
    HANDSHAKE_UP,
    HANDSHAKE_FAILED,
    HANDSHAKE_STATES,
};

enum { HANDSHAKE_HELLO_MAX = 512 }; /* a hello's body, with what later versions say */

/* What a node says of itself, and is; `epoch` and `members` may change between handshakes. */
struct handshake_self {
    uint32_t node;        /* 1.. */
    uint64_t incarnation; /* 1.., another one in each start of this node */
    uint64_t boot;
    uint64_t epoch;
    uint64_t members;
    uint16_t version_lowest;
    uint16_t version_highest;
    struct slice cluster; /* at most LIMIT_CLUSTER_NAME bytes */
    struct slice secret;  /* at most LIMIT_CLUSTER_SECRET bytes; empty: there is none */
};

struct handshake {
    const struct handshake_self *self;
    enum handshake_state state;
    bool caller;
    uint32_t called;           /* caller: whom; 0: whoever answers */
    uint64_t deadline;         /* µs */
    struct message_hello peer; /* good in JUDGING and UP; its name borrows from `theirs` */
    uint16_t version;          /* agreed on, likewise */
    /* FAILED: why, for the log, and enum message_refused_reason; `by_peer`: it said so. */
    char error[LIMIT_PEER_TEXT];
    enum message_refused_reason reason;
    bool by_peer;
    struct message out; /* handshake_next() */
    bool has_out;
    uint8_t mine[HANDSHAKE_HELLO_MAX]; /* hellos as they stand on the wire */
    uint8_t theirs[HANDSHAKE_HELLO_MAX];
    size_t mine_len;
    size_t theirs_len;
};

/* Begins one with whom this node has called: `called` of 0 for whoever answers.  Borrows
 * `self` until the end.  `nonce` is random and never used again; `attempt` rises with each
 * call of this process.  It fails at `deadline_us`. */
void handshake_call(struct handshake *h, const struct handshake_self *self, uint32_t called,
                    uint64_t attempt, const uint8_t nonce[MESSAGE_NONCE_SIZE],
                    uint64_t deadline_us);

/* ... with who has called this node. */
void handshake_answer(struct handshake *h, const struct handshake_self *self,
                      const uint8_t nonce[MESSAGE_NONCE_SIZE], uint64_t deadline_us);

/* A message has come: h->state says what now.  Not after UP, JUDGING or FAILED. */
void handshake_take(struct handshake *h, enum message_type type, struct slice body);

/* JUDGING: this peer is welcome; UP. */
void handshake_admit(struct handshake *h);

/* Any but UP and FAILED: it is not, and is told so; FAILED. */
void handshake_refuse(struct handshake *h, enum message_refused_reason reason, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));

/* Fails if it is time to.  Not after UP or FAILED. */
void handshake_tick(struct handshake *h, uint64_t now_us);

/* What is to be sent now: true at most once after each of the calls above.  It borrows
 * from the handshake until the next of them. */
bool handshake_next(struct handshake *h, struct message *out);

bool handshake_check(const struct handshake *h);

/* --- which of two connections to one peer is kept */

/* A connection to the same peer that is there already. */
struct handshake_rival {
    bool up;
    bool called;          /* by this node */
    bool proving;         /* not up: its proof has been sent, so the peer may have admitted it */
    bool in_reach;        /* up, and the peer has answered there lately */
    uint64_t incarnation; /* up: of the peer's process */
    uint64_t attempt;     /* up, not called by this node: of the hello */
};

enum handshake_choice {
    HANDSHAKE_TAKE_NEW, /* and end the rival */
    HANDSHAKE_KEEP_OLD, /* REFUSED_OTHER */
    HANDSHAKE_TWICE,    /* REFUSED_TWICE: two processes with one id are running */
};

/* `peer` has called node `self` and proved who it is.  When both have called at once, the
 * call of the higher id is kept, as in BGP (RFC 4271, 6.8); a call is given up as long as
 * the other side cannot have admitted it. */
enum handshake_choice handshake_choose(uint32_t self, const struct message_hello *peer,
                                       const struct handshake_rival *rival);

#endif
