/* message.h: what travels between peers, as structs, and to and from bytes.
 *
 * The layouts are in message_format.h; that a body is one element of a RESP array is the
 * matter of who sends it. */
#ifndef HENGE_CLUSTER_MESSAGE_H
#define HENGE_CLUSTER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "base/slice.h"
#include "cluster/arc_message.h"
#include "cluster/message_format.h"

enum message_type {
    MESSAGE_HELLO = 1, /* the handshake: handshake.h */
    MESSAGE_PROOF,
    MESSAGE_WELCOME,
    MESSAGE_REFUSED,
    MESSAGE_ACK, /* the link's own, not numbered */
    MESSAGE_HEARTBEAT,
    MESSAGE_CONFIRM, /* nothing but to be answered: a read waits for that */
    MESSAGE_ARC,
    MESSAGE_FORWARD,
    MESSAGE_REPLY,
    MESSAGE_TENTATIVE,
    MESSAGE_SETTLED,
    MESSAGE_TYPES, /* one more than the last */
};

struct message_hello {
    uint16_t version_lowest; /* of the protocol, that the sender speaks */
    uint16_t version_highest;
    uint32_t node;        /* who it is; 1.. */
    uint32_t called;      /* whom it wants to reach; 0: whoever answers */
    uint64_t incarnation; /* of its process; 1.. */
    uint64_t attempt;     /* rises with each connection its process begins; 0 from who answers */
    uint64_t boot;        /* hash of its machine's boot id; 0: not known */
    uint64_t epoch;       /* of the ring it knows */
    uint64_t members;     /* hash of the list of members it knows */
    uint8_t nonce[MESSAGE_NONCE_SIZE];
    bool has_secret;
    struct slice cluster; /* its name, at most LIMIT_CLUSTER_NAME bytes */
};

/* `proof` and `welcome`; zeros where there is no secret. */
struct message_proof {
    uint8_t hash[SHA256_BYTES];
};

enum message_refused_reason {
    REFUSED_VERSION = 1,
    REFUSED_CLUSTER,   /* of another name */
    REFUSED_SECRET,    /* wrong, or one of the two has none */
    REFUSED_ADDRESSEE, /* the caller wants another node */
    REFUSED_STRANGER,  /* its id is no member's that is known here */
    REFUSED_TWICE,     /* another process with this id is in reach */
    REFUSED_OTHER,     /* both have called: the other connection is kept */
    REFUSED_LATER,     /* it spoke nonsense a moment ago */
    REFUSED_NONSENSE,  /* what it says is not in the protocol */
    REFUSED_SLOW,      /* the handshake took too long */
    REFUSED_REASONS,   /* one more than the last */
};

struct message_refused {
    enum message_refused_reason reason;
    struct slice text; /* for people, at most LIMIT_PEER_TEXT bytes */
};

/* Every message up to these numbers is handled: `written` (what it brought is in the
 * log), `synced` (and would survive a loss of power); synced <= written. */
struct message_ack {
    uint64_t written;
    uint64_t synced;
};

struct message_heartbeat_arc {
    struct arc_name arc;
    struct arc_commit commit;
};

struct message_heartbeat {
    uint64_t wall_us;
    /* Nothing tentative and no uncommitted request below quorum is stamped below this, and
     * none will be; 0: nothing is known. */
    uint64_t tentative_before;
    uint32_t load;     /* of the loop, permille of its time */
    uint32_t arcs;     /* how many follow */
    struct slice list; /* of arcs the sender leads: message_heartbeat_add(), _arc() */
};

/* What a level asks, as one byte: an owner count of 1 to 14, or one of these. */
enum message_level {
    LEVEL_QUORUM = 0,
    LEVEL_ONE = 254,
    LEVEL_ALL = 255,
};

/* A request, to the leader of its arc. */
struct message_forward {
    uint64_t id;      /* the sender's, of no other request of this connection */
    uint64_t left_us; /* until its deadline; 0: it has none */
    uint8_t read;     /* enum message_level */
    uint8_t write;
    uint8_t db;
    uint8_t proto;        /* of the reply: 2 or 3 */
    uint8_t hops;         /* how often it has been forwarded before */
    struct slice user;    /* who asks, for the leader's log and statistics; may be empty */
    struct slice request; /* RESP, one array of bulk strings */
};

enum message_outcome {
    OUTCOME_DONE = 1,    /* `reply` is the answer, an error perhaps */
    OUTCOME_NOT_STARTED, /* nothing has happened: `leader` is better asked, 0: nobody known is */
    OUTCOME_TYPES,       /* one more than the last */
};

struct message_reply {
    uint64_t id;
    enum message_outcome outcome;
    uint32_t leader;
    uint64_t stamp; /* the version that was read or written; 0: none */
    uint32_t origin;
    struct slice reply; /* RESP */
};

/* A request that was accepted below quorum without the arc's leader, on its way there. */
struct message_tentative {
    uint16_t slot;
    uint32_t origin;   /* the node that accepted it */
    uint64_t stamp;    /* and when; never 0 */
    uint64_t previous; /* stamp of that node's request before it in this slot; 0: none */
    uint64_t now_us;   /* the time it saw */
    uint64_t random;   /* and the random number */
    uint8_t level;     /* enum message_level */
    uint8_t db;
    struct slice context; /* what its client had read: a vector clock, encoded */
    struct slice request; /* RESP */
    struct slice cells;   /* what it gave, encoded */
};

/* The sender's state of the slot has settled this origin's requests up to `stamp`, and
 * that is committed: copies of them may go. */
struct message_settled {
    uint16_t slot;
    uint32_t origin;
    uint64_t stamp;
};

/* `payload` only of ARC_APPEND and ARC_FRAME: frame.length bytes. */
struct message_arc {
    struct arc_message about;
    struct slice payload;
};

struct message {
    enum message_type type;
    union {
        struct message_hello hello;
        struct message_proof proof; /* MESSAGE_PROOF, MESSAGE_WELCOME */
        struct message_refused refused;
        struct message_ack ack;
        struct message_heartbeat heartbeat;
        struct message_arc arc;
        struct message_forward forward;
        struct message_reply reply;
        struct message_tentative tentative;
        struct message_settled settled;
    };
};

/* As it stands on the wire. */
const char *message_name(enum message_type type);

/* 0 if no message has that name. */
enum message_type message_type_of(struct slice name);

/* Bytes of the body.  Every field must be within its range (asserted). */
size_t message_size(const struct message *m);

/* Writes the body, message_size() bytes, to `out`. */
void message_encode(const struct message *m, uint8_t *out);

/* Takes a body apart, of bytes from a peer: everything is checked but what only its
 * receiver can know.  *out borrows from `body`.  ERR_CORRUPT with a reason. */
struct err message_decode_checked(enum message_type type, struct slice body, struct message *out);

/* Appends an arc to the list of a heartbeat that is being made; its `arcs` and `list` are
 * set when it is complete. */
void message_heartbeat_add(struct buf *list, const struct message_heartbeat_arc *arc);

/* Arc i < h->arcs of one that was decoded. */
void message_heartbeat_arc(const struct message_heartbeat *h, uint32_t i,
                           struct message_heartbeat_arc *out);

/* Owners as the payload of an ARC_FRAME_OWNERS has them: returns the bytes put. */
size_t message_owners_encode(const struct arc_owners *owners, uint8_t out[MESSAGE_OWNERS_MAX]);
struct err message_owners_decode_checked(struct slice bytes, struct arc_owners *out);

#endif
