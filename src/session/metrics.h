/* metrics.h: every number and fact the server tells about itself, in one table.
 *
 * A snapshot is a plain struct; a row of the table names one field of it.  INFO
 * walks the table; whatever else will show metrics walks the same one, so a field
 * exists once. */
#ifndef HENGE_SESSION_METRICS_H
#define HENGE_SESSION_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "session/instance.h"

enum metric_kind {
    METRIC_COUNTER, /* uint64_t, grows until CONFIG RESETSTAT */
    METRIC_GAUGE,   /* uint64_t */
    METRIC_SIGNED,  /* int64_t, a gauge that may be -1 for none */
    METRIC_TEXT,    /* const char *, one line */
    METRIC_RATIO,   /* double, two decimals */
    METRIC_HUMAN,   /* uint64_t bytes as people write them, 1.50M; repeats another row */
    METRIC_CPU,     /* uint64_t microseconds, shown as seconds with six decimals */
};

struct metrics {
    struct instance_stats instance;
    struct node_stats node;
    struct lsm_stats lsm;
    struct net_tls_stats tls;
    const char *redis_version;
    const char *henge_version;
    const char *mode;
    const char *os;
    const char *run_id;
    const char *maxmemory_policy;
    const char *ok; /* "ok": of what cannot fail here */
    const char *write_status;
    const char *log_state;
    const char *log_error; /* "" for none */
    const char *role;
    const char *save_status;
    uint64_t maxdisk;
    uint64_t disk_full; /* 1: writes are answered -OOM */
    uint64_t changes_since_save;
    uint64_t saving;
    uint64_t last_save_s;
    uint64_t saves;       /* checkpoints that ended well */
    int64_t save_took_s;  /* the last one; -1: none */
    int64_t save_takes_s; /* the one under way; -1: none */
    uint64_t zero;        /* 0: what cannot happen here */
    uint64_t one;         /* 1: what always holds here */
    uint64_t arch_bits;
    uint64_t process_id;
    uint64_t port;
    uint64_t server_time_us;
    uint64_t uptime_s;
    uint64_t uptime_days;
    uint64_t blocked;
    uint64_t watching;
    uint64_t watched_keys;
    uint64_t calls_waiting;
    uint64_t clients;
    uint64_t maxclients;
    uint64_t pubsub_topics[PUBSUB_KINDS];
    uint64_t pubsub_clients;
    uint64_t tracking_clients;
    uint64_t tracking_keys;
    uint64_t tracking_items;
    uint64_t tracking_prefixes;
    uint64_t used_memory;
    uint64_t rss;
    uint64_t memory_total;
    uint64_t memory_max;
    uint64_t client_memory;
    uint64_t memtable_idle; /* memory kept for memtables to come */
    uint64_t loading;
    uint64_t log_end;
    uint64_t log_acked;
    uint64_t user_us;
    uint64_t system_us;
    double peak_percent;
    double fragmentation;
    double loaded_percent;
};

struct metric {
    const char *section; /* as INFO heads it; rows of a section stand together */
    const char *name;
    const char *unit; /* "bytes", "seconds", "us", "percent" or "" */
    enum metric_kind kind;
    size_t offset; /* in struct metrics */
};

/* The table, ended by a row without a name. */
const struct metric *metrics_table(void);

/* Reads everything at once.  Texts borrow from the instance and its store, until
 * their state changes. */
void metrics_take(struct instance *in, struct metrics *out);

/* Appends one value as text. */
void metrics_print(const struct metrics *m, const struct metric *row, struct buf *out);

/* CONFIG RESETSTAT: counters begin at 0 again, peaks at what is now. */
void metrics_reset(struct instance *in);

#endif
