/* instance.h: what is one per server and is not a connection: the part of it
 * that commands about the server may see. */
#ifndef HENGE_SESSION_INSTANCE_H
#define HENGE_SESSION_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/block.h"
#include "base/list.h"
#include "base/prng.h"
#include "cmd/command.h"
#include "env/env.h"
#include "node/node.h"
#include "node/topology.h"
#include "session/account.h"
#include "session/options.h"
#include "session/pubsub.h"
#include "session/tracking.h"
#include "session/tls_change.h"

#define HENGE_VERSION       "0.1.0"
#define HENGE_REDIS_VERSION "7.2.4" /* whose behaviour is ours; clients parse it */

enum {
    INSTANCE_SESSION_BYTES = 1024, /* counted for an idle connection */
    INSTANCE_WAITING_BYTES = 768,  /* ... for a call that waits for the disk */
};

struct acl;
struct acl_file;
struct config_file;
struct memory_job;
struct instance;
struct session;

/* What a connection's session cannot know, for CLIENT. */
struct session_buffers {
    size_t query;      /* bytes read and not run */
    size_t query_free; /* room behind them */
    size_t output;     /* bytes of replies not sent */
    size_t blocks;     /* that they are in */
    size_t memory;     /* of all these */
    unsigned events;   /* enum net_events it waits for */
    bool paused;       /* its next call waits for the end of CLIENT PAUSE */
    bool blocked;      /* its call waits for something that may never come (CALL_BLOCK) */
};

/* What commands may do with the connections of a server; sessions are those of the RESP
 * door, but for ran()'s. */
struct instance_door {
    void (*look)(const struct session *s, struct session_buffers *out);
    /* Ends the connection within this turn; the session stays until then. */
    void (*cut)(struct session *s);
    /* Copies a message to the end of what it is sent; cuts it off if it does not read. */
    void (*push)(struct session *s, const struct reply *message);
    /* A call of another door ran and ended so: who listens or monitors is told. */
    void (*ran)(struct instance *in, const struct session *s, const struct call *c,
                enum call_end end);
    /* Ends a blocked call's wait as if its time were over, or with an error.  False: it does
     * not wait. */
    bool (*unblock)(struct session *s, bool error);
    /* What calls that ended with CALL_SAVE wait for may have come: they run again. */
    void (*saved)(struct instance *in);
};

/* What every call has to be held against, now and then. */
enum instance_special {
    INSTANCE_MONITORED = 1 << 0, /* somebody watches all commands */
    INSTANCE_PAUSED = 1 << 1,    /* CLIENT PAUSE */
    INSTANCE_CROWDED = 1 << 2,   /* LIMIT_OUTBOX is reached */
};

enum instance_stop {
    STOP_NO,
    STOP_ASKED, /* by a signal or SHUTDOWN: refuse new connections, finish, sync */
};

/* Plain counters; INFO formats them from a table. */
struct instance_stats {
    uint64_t connections;          /* accepted, ever */
    uint64_t rejected_connections; /* beyond maxclients */
    uint64_t commands;             /* run, ever */
    uint64_t errors;               /* error replies */
    uint64_t acl_denied[4];        /* by enum acl_reason */
    uint64_t net_input_bytes;
    uint64_t net_output_bytes;
    uint64_t turns;
    uint64_t turn_us_max;        /* longest turn of the loop */
    uint64_t slow_turns;         /* of more than 10 ms */
    uint64_t turn_us;            /* all turns took */
    uint64_t expire_us;          /* ... the search for expired keys in them */
    uint64_t stalls;             /* times when some write waited for the log */
    uint64_t stall_us;           /* ... so long */
    uint64_t ops_per_sec;        /* over the last second */
    uint64_t query_buffer_bytes; /* held by unfinished commands */
    uint64_t output_bytes;       /* of replies not sent */
    uint64_t used_memory_peak;
    uint64_t query_buffer_max; /* of one client */
    uint64_t output_max;
    uint64_t timed_clients;   /* blocked, for a time at most */
    uint64_t evicted_clients; /* for what they held, when there was no memory */
    uint64_t reads;           /* that brought something, from clients' sockets */
    uint64_t writes;
    uint64_t turns_per_sec;  /* over the last second, as those below */
    uint64_t turn_us_recent; /* one took, on average */
    double input_kbps;       /* KiB a second */
    double output_kbps;
    uint64_t output_cuts;   /* clients cut off by client-output-buffer-limit */
    uint64_t http_clients;  /* connected now */
    uint64_t http_requests; /* ever */
    uint64_t http_rejected; /* connections beyond http-maxclients, and strangers */
};

struct instance {
    struct env *env;
    struct options *options;
    struct node *node;
    struct topology topology;
    struct levels levels;        /* of who has not chosen any */
    const struct events *events; /* the node's */
    struct command_table *commands;
    struct acl *acl;
    struct acl_file *acl_file;
    struct config_file *config_file;
    struct memory_job *memory_job;
    const struct instance_door *door;
    struct list sessions; /* of struct session, by id */
    struct list aside;    /* those of other doors, which CLIENT does not see */
    struct index by_id;   /* sessions */
    struct pubsub pubsub;
    struct tracking tracking;
    struct list monitors;     /* of struct session */
    unsigned special;         /* enum instance_special */
    bool paused_all;          /* CLIENT PAUSE ALL, else WRITE; while INSTANCE_PAUSED */
    bool pausing;             /* ... or what it held up has yet to go on */
    uint64_t paused_until_us; /* mono */
    bool keeps_expired;       /* DEBUG SET-ACTIVE-EXPIRE 0 */
    uint64_t session_count;
    uint64_t waiting;        /* calls that wait, for the disk or ... */
    uint64_t blocked;        /* ... for something else that may never come */
    uint64_t watching;       /* clients that watch keys */
    uint64_t queued_bytes;   /* of calls queued by MULTI, and of watched keys */
    uint64_t incoming_bytes; /* of pieces of values that are coming */
    uint64_t http_bytes;     /* of HTTP's connections and of small values that are coming */
    uint64_t next_id;        /* of clients */
    struct block_pool blocks;
    struct instance_stats stats;
    struct instance_stats stats_base; /* as CONFIG RESETSTAT found them: INFO shows what */
    struct node_stats node_base;      /* has come since */
    struct prng prng;
    uint64_t started_mono_us;
    uint64_t started_wall_us;
    uint64_t turn_mono_us; /* the clock, read once a turn */
    uint64_t memory_max;   /* maxmemory, or its default */
    uint64_t whole_max;    /* of that, what a value may take that has to be put together ... */
    uint64_t want_max;     /* ... and what a call reads at a time that is answered bit by bit */
    struct tls_change tls;
    struct account account;
    uint64_t cmd_us_base;    /* as RESETSTAT found account.cmd_us */
    uint64_t startup_memory; /* used when it began */
    enum instance_stop stop;
    char run_id[41];
    int port; /* really listening at, that of TLS if it is alone; 0 for none */
};

/* What its calls begin as jobs (awaited.h).  At the end no job runs any more. */
void instance_jobs_new(struct instance *in);
void instance_jobs_free(struct instance *in);

/* Bytes counted against maxmemory: memtables and those kept for the next, indexes
 * and filters, cache, log buffers, blocks, connections, calls that wait and what is being
 * read for them. */
uint64_t instance_used_memory(const struct instance *in);

/* ... of them those that do not give way: all but the cache. */
uint64_t instance_held_memory(const struct instance *in);

/* When the last good checkpoint was begun, or the server, if there is none since. */
uint64_t instance_last_save_s(const struct instance *in);

/* CLIENT PAUSE: writes, or everything, wait for so long; a pause that is in effect already
 * gets neither shorter nor milder. */
void instance_pause(struct instance *in, uint64_t us, bool all);
void instance_unpause(struct instance *in);

/* As HELLO and INFO call it. */
static inline const char *instance_mode(const struct instance *in)
{
    return in->options->cluster_enabled ? "cluster" : "standalone";
}

/* Whether what expires goes by itself, or only when somebody asks for it. */
void instance_active_expire(struct instance *in, bool active);

/* Tells the node which events somebody listens to; after that has changed. */
void instance_listen(struct instance *in);

/* Replies and unfinished commands of all clients may take so much ... */
static inline uint64_t instance_blocks_max(const struct instance *in)
{
    return in->memory_max / 2;
}

/* ... and beyond this they are short. */
static inline uint64_t instance_blocks_easy(const struct instance *in)
{
    return in->memory_max / 64;
}

/* Whether a large value that is to be sent may be read a piece further; one at a time always. */
static inline bool instance_may_promise(const struct instance *in)
{
    return in->blocks.used_bytes <= instance_blocks_max(in) || in->blocks.promised == 0;
}

/* Sets memory_max and what follows from it. */
void instance_bound_memory(struct instance *in, uint64_t bytes);

/* After options changed: memory_max, keepalive, the log's policy, the trace's level. */
void instance_apply_options(struct instance *in);

#endif
