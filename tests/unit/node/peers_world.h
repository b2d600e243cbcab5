/* peers_world.h: nodes that have links to each other over a fake net, and note what they
 * are told. */
#ifndef HENGE_UNIT_PEERS_WORLD_H
#define HENGE_UNIT_PEERS_WORLD_H

#include "node/peers.h"
#include "unit/node/fake_net.h"

/* A node, and what it was told of one peer: arrays by the peer's number. */
struct member {
    struct fake_host *host;
    struct peers *peers; /* NULL: it is not running */
    struct peers_options options;
    uint64_t deadline; /* of its last turn */
    bool mute;         /* acknowledges nothing */
    bool picky;        /* takes every numbered message for nonsense */
    unsigned ups[FAKE_HOSTS];
    unsigned downs[FAKE_HOSTS];
    unsigned in_reach[FAKE_HOSTS]; /* times it came into reach */
    unsigned out_of_reach[FAKE_HOSTS];
    unsigned behind[FAKE_HOSTS];
    unsigned relieved[FAKE_HOSTS];
    unsigned heartbeats[FAKE_HOSTS];
    unsigned acks[FAKE_HOSTS];
    unsigned confirms[FAKE_HOSTS];
    uint64_t last[FAKE_HOSTS];          /* number of its last message on this link */
    uint64_t settled[FAKE_HOSTS];       /* stamp of its last MESSAGE_SETTLED */
    unsigned settleds[FAKE_HOSTS];      /* ... how many */
    size_t payload[FAKE_HOSTS];         /* bytes of appends */
    struct message_heartbeat heartbeat; /* the last */
    uint64_t out_since[FAKE_HOSTS];     /* when it went out of reach last */
    struct peer *removes;               /* by the next hook that is called */
};

struct peers_world {
    struct fake_world fake;
    struct member members[FAKE_HOSTS];
};

/* `count` nodes, 1 and so on, which know nothing of each other and are not running. */
void peers_world_init(struct peers_world *w, uint64_t seed, unsigned count);
void peers_world_deinit(struct peers_world *w);

struct member *peers_world_member(struct peers_world *w, unsigned number);

/* Starts it with its options, another process than before. */
void member_start(struct peers_world *w, unsigned number);
void member_kill(struct peers_world *w, unsigned number);

/* `number` learns of a peer, and calls it if `calls`. */
struct peer *member_add(struct peers_world *w, unsigned number, unsigned peer, bool calls);
struct peer *member_peer(struct peers_world *w, unsigned number, unsigned peer);

/* All start and know each other. */
void peers_world_start(struct peers_world *w, unsigned count);

/* What has come is read and acknowledged, and a turn follows. */
void member_turn(struct peers_world *w, unsigned number);

/* One turn of each that runs, in a random order, and then `us` pass. */
void peers_world_step(struct peers_world *w, uint64_t us);

/* Steps of 5 ms. */
void peers_world_run(struct peers_world *w, unsigned ms);

bool both_up(struct peers_world *w, unsigned a, unsigned b);

/* Sends MESSAGE_SETTLED with that stamp, or an append with a payload. */
bool send_settled(struct peer *p, uint64_t stamp);
bool send_append(struct peer *p, size_t payload);

#endif
