/* limits.h: every limit of the product, with its reason.  A size from outside is
 * held against one of these before anything is allocated for it. */
#ifndef HENGE_BASE_LIMITS_H
#define HENGE_BASE_LIMITS_H

enum {
    LIMIT_KEY = 65535,                      /* a cell's key length is 16 bits */
    LIMIT_SUBKEY = 65535,                   /* the same for fields and members */
    LIMIT_VALUE = 512 * 1024 * 1024,        /* Redis's largest string */
    LIMIT_ARGS = 1024 * 1024,               /* Redis's largest argument count */
    LIMIT_ARGS_UNAUTHENTICATED = 10,        /* Redis's, before AUTH: little memory for strangers */
    LIMIT_BULK_UNAUTHENTICATED = 16 * 1024, /* the same for one argument */
    LIMIT_INLINE = 64 * 1024,               /* Redis's longest inline command and header line */
    LIMIT_COMMAND_NAME = 64,                /* longer names cannot be in the table */
    LIMIT_BATCH = 32,                       /* calls parsed ahead, hashed and prefetched together */
    LIMIT_FRAME = 1024 * 1024,       /* a frame is closed at this size; one request may pass it */
    LIMIT_DIRECT_WRITE = 256 * 1024, /* the loop writes at most this itself, about 0.1 ms */
    LIMIT_LOG_WAITING = 8 * 1024 * 1024, /* unwritten log beyond which nothing more is put */
    LIMIT_ARC_STATE = 4096, /* what an arc's owners keep beside its log: who they are */
    LIMIT_OUTPUT_SOFT = 64 * 1024 * 1024, /* unsent replies beyond which a client is not read */
    LIMIT_OUTPUT_TIGHT = 1024 * 1024,     /* the same when all clients' are many */
    LIMIT_PIPELINE = 1024,          /* unacknowledged calls beyond which a client is not read */
    LIMIT_WAITING = 16384,          /* calls that wait for the disk beyond one per client */
    LIMIT_READ = 256 * 1024,        /* read from one client in one turn */
    LIMIT_RESTARTS = 64,            /* a command that wants more often has a bug */
    LIMIT_SCAN_VISITS = 10,         /* heads visited per COUNT in one SCAN */
    LIMIT_SCAN_CALL = 20000,        /* heads visited in one SCAN at most, 1 to 2 ms */
    LIMIT_SCAN_BYTES = 1024 * 1024, /* keys gathered by one SCAN, after which it stops */
    LIMIT_KEYS_BYTES = 64 * 1024 * 1024,  /* answered by one KEYS */
    LIMIT_SWAP_BYTES = 1024 * 1024,       /* of cells that one SWAPDB writes, a frame */
    LIMIT_DUMP = 64 * 1024 * 1024,        /* answered by one DUMP, which cannot leave in pieces */
    LIMIT_BITOP = 1024 * 1024 * 1024,     /* sources of one BITOP: two of the largest */
    LIMIT_HLL_KEYS = 1024,                /* keys of one PFCOUNT or PFMERGE, 20 to 60 ms */
    LIMIT_LCS_STRING = 1024 * 1024,       /* each of LCS's strings, which are copied */
    LIMIT_LCS_CELLS = 128 * 1024 * 1024,  /* Redis's largest table of LCS, about 0.1 s in all */
    LIMIT_LCS_SLICE = 2 * 1024 * 1024,    /* of these in one slice, 1 to 2 ms */
    LIMIT_DATABASES = 16,                 /* SELECT 0..15 */
    LIMIT_CLIENT_NAME = 1024,             /* CLIENT SETNAME, SETINFO */
    LIMIT_NAMES = 1024,                   /* asked for by one CONFIG GET, COMMAND INFO or DOCS: each
                                             is held against all, or answered with a page */
    LIMIT_CLIENT_IDS = 16384,             /* asked for by one CLIENT LIST: 0.5 KiB each */
    LIMIT_MULTI_CALLS = 65536,            /* queued for one EXEC, which runs at once: about 0.1 s */
    LIMIT_MULTI_BYTES = 64 * 1024 * 1024, /* ... with their arguments: the memory of one client */
    LIMIT_EXEC_BYTES = 576 * 1024 * 1024, /* one EXEC puts: the largest value and more, one frame */
    LIMIT_EXEC_VISITS = 8 * 1024 * 1024,  /* cells of its own that one EXEC passes, for DBSIZE,
                                            SCAN and the like behind writes: about 0.15 s */
    LIMIT_WATCHES = 16384,                /* keys one client watches, each looked at by EXEC */
    LIMIT_HTTP_HEADERS = 256 * 1024,      /* a key of LIMIT_KEY bytes, each %XX, and headers */
    LIMIT_HTTP_DISCARD = 64 * 1024,       /* of a body nobody wants, so that the answer arrives */
    LIMIT_HTTP_SLOW = 1024,               /* bytes a second a client must at least send or take */
    LIMIT_CONFIG_FILE = 1024 * 1024,      /* a configuration file */
    LIMIT_ACL_RULES = 4096,               /* patterns, passwords, ... of a user: adding is linear */
    LIMIT_ACL_USER_BYTES = 1024 * 1024,   /* of text in them */
    LIMIT_ACL_BYTES = 16 * 1024 * 1024,   /* of all users, and of an ACL file: held in memory */
    LIMIT_PASSWORD = 1024 * 1024,         /* longer ones are not hashed: 5 ms of the loop */
    LIMIT_ACL_LOG = 10000,                /* entries of ACL LOG */
    LIMIT_ACL_LOG_OBJECT = 1024,          /* bytes of a key or a name that an entry keeps */
    LIMIT_CHANNEL = 65535,                /* a channel's name, as a key's */
    LIMIT_PATTERN = 1024,                 /* of clients: each byte may be held against each of a
                                             key or a channel, 64 million times at most */
    LIMIT_OUTBOX = 16 * 1024 * 1024,      /* events and messages that wait for the log, beyond
                                            which nobody publishes */
    LIMIT_MONITOR = 1024 * 1024,          /* of a call, shown by MONITOR */
    LIMIT_PREFIXES = 128,                 /* CLIENT TRACKING PREFIX, of one client: each write
                                            is held against all of them */
    LIMIT_TLS_FILE = 4 * 1024 * 1024, /* certificates or a key; all CAs there are take 0.3 MiB */
    LIMIT_TLS_CAS = 1024,             /* files of tls-ca-cert-dir */
    LIMIT_TLS_HANDSHAKES = 256,       /* under way; about 30 KiB and a descriptor each */
    LIMIT_TLS_HANDSHAKE_S = 10,       /* one that takes longer is no client */
    LIMIT_TLS_REST = 256 * 1024,      /* enciphered and unsent, beyond which a client is cut off */
    LIMIT_MEMBERS = 1024,             /* of a ring: 16 slots each, fewer cannot be balanced */
    LIMIT_COPIES = 7,                 /* owners of a slot: a majority of 4 is slow enough */
    LIMIT_WEIGHT = 100,               /* of a member; more than that beside 1 is no ring */
    LIMIT_CLUSTER_NAME = 64,          /* printed in every complaint of a handshake */
    LIMIT_CLUSTER_SECRET = 1024,      /* hashed for each handshake of a stranger */
    LIMIT_PEER_MESSAGE = 577 * 1024 * 1024, /* a frame with the cells of one EXEC, and its head */
    LIMIT_PEER_HANDSHAKE = 1024,            /* a message of one who has not proved who he is */
    LIMIT_PEER_STRANGERS = 64,              /* connections of such, 1 KiB each */
    LIMIT_PEER_READ = 1024 * 1024,          /* read from one peer in one turn, about 0.2 ms */
    LIMIT_PEER_CONTROL = 16 * 1024 * 1024,  /* unanswered beyond the queue's bound: a peer that
                                                  does not take even what is not refused */
    LIMIT_PEER_TEXT = 256,                  /* why a peer is refused: a line of the log */
};

/* A query that is being collected (Redis's client-query-buffer-limit). */
#define LIMIT_QUERY ((size_t)1024 * 1024 * 1024)

#endif
