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
#include "base/mem.h"
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
    const char *no; /* "no": what is not done here */
    const char *no_git;
    const char *build_id;
    const char *no_failover;
    const char *no_replid;
    const char *clock_name;
    const char *loop_name;
    const char *compiler;
    const char *config_file;
    const char *allocator_name;
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
    uint64_t zero;        /* 0: what cannot happen, or does not exist, here */
    uint64_t cluster_enabled;
    int64_t minus_one; /* -1: the same, where Redis says it so */
    double zero_ratio;
    uint64_t one; /* 1: what always holds here */
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
    uint64_t startup_memory;
    uint64_t overhead; /* memory that is not data */
    struct mem_usage allocator;
    uint64_t allocator_frag_bytes;
    int64_t allocator_rss_bytes;
    int64_t rss_overhead_bytes;
    int64_t fragmentation_bytes;
    uint64_t memtable_idle; /* memory kept for memtables to come */
    uint64_t loading;
    uint64_t log_end;
    uint64_t log_acked;
    uint64_t user_us;
    uint64_t system_us;
    uint64_t loop_user_us; /* of the loop's thread alone */
    uint64_t loop_system_us;
    uint64_t expire_ms;
    uint64_t cmd_us;
    uint64_t slowlog_length;
    uint64_t hz;
    uint64_t lru_clock; /* as Redis has it: seconds, 24 bits */
    double peak_percent;
    double dataset_percent;
    double allocator_frag;
    double allocator_rss;
    double rss_overhead;
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

/* It is a constant: of what does not exist here, though clients look for it. */
bool metrics_absent(const struct metric *row);

/* Reads everything at once.  Texts borrow from the instance and its store, until
 * their state changes. */
void metrics_take(struct instance *in, struct metrics *out);

/* Appends one value as text. */
void metrics_print(const struct metrics *m, const struct metric *row, struct buf *out);

/* CONFIG RESETSTAT: counters begin at 0 again, peaks at what is now. */
void metrics_reset(struct instance *in);

#endif
