/* options.h: everything that can be configured, in one table.
 *
 * The table feeds the parser of henge.conf and of the command line, --help,
 * CONFIG GET, SET and REWRITE, and a test that henge.conf lists exactly it.  Redis's
 * options that mean nothing here are accepted and say why; unknown ones are
 * errors. */
#ifndef HENGE_SESSION_OPTIONS_H
#define HENGE_SESSION_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "cell/level.h"

enum option_kind {
    OPTION_INT,
    OPTION_SIZE,  /* bytes; 64mb and the like */
    OPTION_OCTAL, /* 700 */
    OPTION_BOOL,  /* yes, no */
    OPTION_ENUM,
    OPTION_TEXT,
    OPTION_EVENTS,   /* letters of classes, as enum event_class */
    OPTION_LIMITS,   /* of output, by class; classes that are not named keep theirs */
    OPTION_PERCENTS, /* some numbers from 0 to 100 */
    OPTION_LEVEL,    /* of consistency, as options_level() takes it apart */
};

/* client-output-buffer-limit of a class of clients: how much may wait for one of them. */
enum output_class {
    OUTPUT_NORMAL,
    OUTPUT_REPLICA, /* there are none */
    OUTPUT_PUBSUB,
    OUTPUT_CLASSES,
};

/* enable-debug-command: who may. */
enum option_who {
    OPTION_NOBODY,
    OPTION_ANYBODY,
    OPTION_LOCAL, /* who is on this machine */
};

struct output_limit {
    uint64_t hard; /* bytes; 0: no limit */
    uint64_t soft; /* the same, for so many seconds on end */
    uint64_t seconds;
};

enum { PERCENTS_MAX = 16 };

struct percents {
    uint64_t count;
    double of[PERCENTS_MAX];
};

enum option_flags {
    OPTION_MUTABLE = 1, /* CONFIG SET may change it */
    OPTION_SECRET = 2,  /* never logged */
    OPTION_HIDDEN = 4,  /* not in henge.conf: for tests */
    OPTION_LIST = 8,    /* several values in a line of a file are one, apart by spaces */
    OPTION_TLS = 16,    /* what a TLS handshake is made with: tls_change.h */
};

/* Values.  Texts are owned. */
struct options {
    char *bind;       /* addresses separated by spaces; a leading '-' may fail */
    char *http_bind;  /* the same, for HTTP */
    char *unixsocket; /* "" for none */
    char *dir;
    char *requirepass;   /* "" for none */
    char *logfile;       /* "" for standard output */
    char *tls_cert_file; /* these as in struct net_tls_options */
    char *tls_key_file;
    char *tls_key_file_pass;
    char *tls_ca_cert_file;
    char *tls_ca_cert_dir;
    char *tls_protocols;
    char *tls_ciphers;
    char *tls_ciphersuites;
    char *tls_dh_params_file;
    int64_t tls_auth_clients; /* enum net_tls_auth */
    int64_t tls_prefer_server_ciphers;
    int64_t tls_session_caching;
    int64_t tls_session_cache_size;
    int64_t tls_session_cache_timeout; /* seconds */
    int64_t tls_port;                  /* 0 for none */
    int64_t port;                      /* 0 for none */
    int64_t unixsocketperm;            /* of its file; 0: what the umask leaves */
    int64_t protected_mode;            /* bool */
    int64_t cluster_enabled;           /* bool: Redis Cluster's view of the ring is told */
    char *cluster_announce_ip;         /* "": where the client found it */
    int64_t cluster_announce_port;     /* 0: `port` */
    int64_t http_port;                 /* 0 for none */
    int64_t http_maxclients;
    int64_t http_timeout; /* seconds */
    int64_t http_header_size;
    char *aclfile;     /* "" for none */
    char *config_file; /* not in the table: what was read, for messages; "" for none */
    char *users;       /* nor this: its `user` lines, each behind its number and a space */
    int64_t maxclients;
    int64_t timeout; /* seconds a client may be idle; 0 for ever */
    int64_t tcp_keepalive;
    int64_t maxdisk;          /* 0: no bound */
    int64_t maxmemory_policy; /* enum heat_policy */
    int64_t maxmemory;        /* 0: half of the machine's */
    int64_t proto_max_bulk_len;
    int64_t segment_size;
    int64_t frame_size;
    int64_t memtable_size;
    int64_t cache_size;
    int64_t value_separation;
    int64_t value_chunk_size;
    int64_t table_size;
    int64_t table_block_size;
    int64_t table_filter_bits;
    int64_t table_compression;
    int64_t memtable_chunk_size;
    int64_t pool_threads;
    int64_t databases;
    int64_t checkpoint_keep;
    int64_t appendfsync;        /* enum lsm_sync */
    int64_t loglevel;           /* enum trace_level */
    int64_t acl_pubsub_default; /* 1: new users may use all channels */
    int64_t acllog_max_len;
    int64_t enable_debug;            /* enum option_who */
    int64_t force_start;             /* bool: in spite of a damaged log */
    int64_t notify_events;           /* enum event_class */
    int64_t tracking_table_max_keys; /* 0: no bound but memory */
    int64_t slowlog_slower_than;     /* microseconds; -1: nothing is kept */
    int64_t slowlog_max_len;
    int64_t default_read; /* levels */
    int64_t default_write;
    int64_t latency_threshold;     /* milliseconds; 0: nothing is kept */
    int64_t latency_tracking;      /* bool */
    struct percents info_percents; /* that INFO latencystats shows */
    struct output_limit output_limits[OUTPUT_CLASSES];
};

struct option {
    const char *name;
    enum option_kind kind;
    unsigned flags;
    size_t offset;        /* of an int64_t or char * in struct options */
    const char *fallback; /* the default, as text */
    int64_t min;
    int64_t max;
    const char *const *names; /* OPTION_ENUM: NULL-terminated, by value */
    const char *help;
};

/* All defaults. */
void options_init(struct options *o);

/* Takes what is in *to as uninitialised. */
void options_copy(struct options *to, const struct options *from);
void options_deinit(struct options *o);

/* The table, ended by a row without a name. */
const struct option *options_table(void);
const struct option *options_find(struct slice name);

/* A value of maxmemory_policy by name. */
const char *options_policy_name(int64_t policy);

/* Redis's options without a meaning here: the reason, or NULL if it is not one. */
const char *options_ignored(struct slice name);
/* ... all of them: name and reason, ended by a name of NULL. */
struct option_ignored {
    const char *name;
    const char *value; /* what CONFIG GET answers */
    const char *reason;
};
const struct option_ignored *options_ignored_table(void);

/* options_forms.c: the kinds with a form of their own. */
bool options_parse_events(struct slice text, int64_t *events, struct buf *why);
void options_print_events(int64_t events, struct buf *out);
bool options_parse_limits(struct slice text, struct output_limit limits[OUTPUT_CLASSES],
                          struct buf *why);
/* One of enum output_class; -1: there is no such class. */
int options_limit_class(struct slice word);
void options_print_limits(const struct output_limit limits[OUTPUT_CLASSES], struct buf *out);

bool options_parse_level(struct slice text, int64_t *value, struct buf *why);
void options_print_level(int64_t value, struct buf *out);
struct level options_level(int64_t value);

bool options_parse_percents(struct slice text, struct percents *percents, struct buf *why);
void options_print_percents(const struct percents *percents, struct buf *out);

/* Sets one from text.  False: `why` has a line for people, as CONFIG SET shows. */
bool options_set(struct options *o, const struct option *row, struct slice value, struct buf *why);

/* The file the options come from, for messages. */
void options_set_file(struct options *o, const char *path);

/* Notes a `user` line of the configuration: "user NAME RULE ...", whose rules are for the
 * server to read, which knows the commands.  False: `why` says that there are too many. */
bool options_add_user(struct options *o, unsigned line, struct slice text, struct buf *why);

/* Appends the value as text. */
void options_get(const struct options *o, const struct option *row, struct buf *out);

/* The value of one that is a number. */
int64_t options_number(const struct options *o, const struct option *row);

/* Takes the first line off `text`, without its end. */
struct slice options_take_raw(struct slice *text);

/* A line without the space around it. */
struct slice options_trim(struct slice line);

/* A configuration file's text: a directive a line, # comments, Redis's quoting.
 * False: `why` says the line, the reason and what to do.  True: `why` has a line,
 * ended by a newline, for every option of Redis's that was set to something else
 * than what happens here; for the log. */
bool options_parse(struct options *o, struct slice text, struct buf *why);

/* The table for --help. */
void options_help(struct buf *out);

#endif
