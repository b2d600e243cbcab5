/* options_ignored.c: Redis's options without a meaning here, and why.
 *
 * A redis.conf that has them is accepted, CONFIG GET answers what holds here, and
 * CONFIG SET takes no other value.  Options somebody's safety rests on (TLS,
 * renamed commands, permissions) are not among them: those must not be
 * passed over in silence. */
#include "session/options.h"

#define WHY_LOG "every write is in the log before it is answered; SAVE and BGSAVE save it all"
#define WHY_EVICT                                                                                  \
    "maxmemory bounds the process alone; keys are evicted by maxdisk, in the background"
#define WHY_ENCODING "values have one encoding, which needs no thresholds"
#define WHY_LAZY     "memory is always given back in small steps"
#define WHY_REPLICA  "there are no masters and replicas"
#define WHY_TIMER    "expiry and housekeeping pace themselves"
#define WHY_THREADS  "commands run on one thread; pool-threads do the slow work"
#define WHY_SERVICE  "it runs in the foreground; a service manager does the rest"
#define WHY_DEFRAG   "memtables are dropped whole, which leaves no holes"
#define WHY_BUFFERS  "a client that does not read its replies is not read from"
#define WHY_SCRIPTS  "there are no scripts"
#define WHY_OUTGOING "the server connects to nobody"
#define WHY_ONE_NODE "there is one node"
#define WHY_MODULES  "there are no modules"
#define WHY_NOTHING  "nothing is protected by it"
#define WHY_KERNEL   "the kernel's own setting is left alone"

static const struct option_ignored table[] = {
    { "save", "", WHY_LOG },
    { "appendonly", "yes", WHY_LOG },
    { "appendfilename", "appendonly.aof", "the log's files have names of their own" },
    { "appenddirname", "appendonlydir", "the log stands in `dir`" },
    { "no-appendfsync-on-rewrite", "no", "syncing never stops for anything" },
    { "auto-aof-rewrite-percentage", "0", "the log is never rewritten as a whole" },
    { "auto-aof-rewrite-min-size", "0", "the log is never rewritten as a whole" },
    { "aof-load-truncated", "yes", "a torn end is cut off, damage before it needs force-start" },
    { "aof-use-rdb-preamble", "no", WHY_LOG },
    { "aof-timestamp-enabled", "no", "every write has its time" },
    { "aof-rewrite-incremental-fsync", "yes", WHY_LOG },
    { "stop-writes-on-bgsave-error", "yes", WHY_LOG },
    { "rdbcompression", "no", WHY_LOG },
    { "rdbchecksum", "yes", "every frame has a checksum" },
    { "rdb-save-incremental-fsync", "yes", WHY_LOG },
    { "rdb-del-sync-files", "no", WHY_LOG },
    { "dbfilename", "dump.rdb", WHY_LOG },
    { "sanitize-dump-payload", "no", WHY_LOG },
    { "maxmemory-samples", "5", WHY_EVICT },
    { "maxmemory-eviction-tenacity", "10", WHY_EVICT },
    { "maxmemory-clients", "0", WHY_BUFFERS },
    { "lfu-log-factor", "10", WHY_EVICT },
    { "lfu-decay-time", "1", WHY_EVICT },
    { "lazyfree-lazy-eviction", "yes", WHY_LAZY },
    { "lazyfree-lazy-expire", "yes", WHY_LAZY },
    { "lazyfree-lazy-server-del", "yes", WHY_LAZY },
    { "lazyfree-lazy-user-del", "yes", WHY_LAZY },
    { "lazyfree-lazy-user-flush", "yes", WHY_LAZY },
    { "replica-lazy-flush", "yes", WHY_LAZY },
    { "activedefrag", "no", WHY_DEFRAG },
    { "active-defrag-ignore-bytes", "104857600", WHY_DEFRAG },
    { "active-defrag-threshold-lower", "10", WHY_DEFRAG },
    { "active-defrag-threshold-upper", "100", WHY_DEFRAG },
    { "active-defrag-cycle-min", "1", WHY_DEFRAG },
    { "active-defrag-cycle-max", "25", WHY_DEFRAG },
    { "active-defrag-max-scan-fields", "1000", WHY_DEFRAG },
    { "jemalloc-bg-thread", "yes", WHY_DEFRAG },
    { "activerehashing", "yes", "there is no hash table that would have to grow" },
    { "hz", "10", WHY_TIMER },
    { "dynamic-hz", "yes", WHY_TIMER },
    { "active-expire-effort", "1", WHY_TIMER },
    { "io-threads", "1", WHY_THREADS },
    { "io-threads-do-reads", "no", WHY_THREADS },
    { "hash-max-listpack-entries", "512", WHY_ENCODING },
    { "hash-max-listpack-value", "64", WHY_ENCODING },
    { "hash-max-ziplist-entries", "512", WHY_ENCODING },
    { "hash-max-ziplist-value", "64", WHY_ENCODING },
    { "list-max-listpack-size", "-2", WHY_ENCODING },
    { "list-max-ziplist-size", "-2", WHY_ENCODING },
    { "list-compress-depth", "0", WHY_ENCODING },
    { "set-max-intset-entries", "512", WHY_ENCODING },
    { "set-max-listpack-entries", "128", WHY_ENCODING },
    { "set-max-listpack-value", "64", WHY_ENCODING },
    { "zset-max-listpack-entries", "128", WHY_ENCODING },
    { "zset-max-listpack-value", "64", WHY_ENCODING },
    { "zset-max-ziplist-entries", "128", WHY_ENCODING },
    { "zset-max-ziplist-value", "64", WHY_ENCODING },
    { "hll-sparse-max-bytes", "3000", WHY_ENCODING },
    { "stream-node-max-bytes", "4096", WHY_ENCODING },
    { "stream-node-max-entries", "100", WHY_ENCODING },
    { "replica-read-only", "yes", WHY_REPLICA },
    { "replica-serve-stale-data", "yes", WHY_REPLICA },
    { "replica-priority", "100", WHY_REPLICA },
    { "replica-ignore-maxmemory", "yes", WHY_REPLICA },
    { "replica-announced", "yes", WHY_REPLICA },
    { "repl-diskless-sync", "yes", WHY_REPLICA },
    { "repl-diskless-sync-delay", "5", WHY_REPLICA },
    { "repl-diskless-sync-max-replicas", "0", WHY_REPLICA },
    { "repl-diskless-load", "disabled", WHY_REPLICA },
    { "repl-disable-tcp-nodelay", "no", WHY_REPLICA },
    { "repl-timeout", "60", WHY_REPLICA },
    { "repl-ping-replica-period", "10", WHY_REPLICA },
    { "repl-backlog-size", "1048576", WHY_REPLICA },
    { "repl-backlog-ttl", "3600", WHY_REPLICA },
    { "min-replicas-to-write", "0", WHY_REPLICA },
    { "min-replicas-max-lag", "10", WHY_REPLICA },
    { "client-query-buffer-limit", "1073741824", "it is fixed" },
    { "lua-time-limit", "5000", WHY_SCRIPTS },
    { "busy-reply-threshold", "5000", WHY_SCRIPTS },
    { "tls-replication", "no", WHY_REPLICA },
    { "tls-cluster", "no", WHY_ONE_NODE },
    { "tls-client-cert-file", "", WHY_OUTGOING },
    { "tls-client-key-file", "", WHY_OUTGOING },
    { "tls-client-key-file-pass", "", WHY_OUTGOING },
    { "tcp-backlog", "511", WHY_KERNEL },
    { "socket-mark-id", "0", WHY_KERNEL },
    { "oom-score-adj", "no", WHY_KERNEL },
    { "oom-score-adj-values", "0 200 800", WHY_KERNEL },
    { "disable-thp", "yes", WHY_KERNEL },
    { "daemonize", "no", WHY_SERVICE },
    { "supervised", "no", WHY_SERVICE },
    { "pidfile", "", WHY_SERVICE },
    { "syslog-enabled", "no", WHY_SERVICE },
    { "syslog-ident", "redis", WHY_SERVICE },
    { "syslog-facility", "local0", WHY_SERVICE },
    { "shutdown-timeout", "1", "nobody is waited for but commands that run, at most a second" },
    { "shutdown-on-sigint", "default", WHY_SERVICE },
    { "shutdown-on-sigterm", "default", WHY_SERVICE },
    { "crash-log-enabled", "no", WHY_SERVICE },
    { "crash-memcheck-enabled", "no", WHY_SERVICE },
    { "always-show-logo", "no", "there is none" },
    { "set-proc-title", "no", "the process keeps its name" },
    { "proc-title-template", "{title} {listen-addr} {server-mode}", "the process keeps its name" },
    { "slave-serve-stale-data", "yes", WHY_REPLICA },
    { "slave-read-only", "yes", WHY_REPLICA },
    { "slave-priority", "100", WHY_REPLICA },
    { "slave-announce-ip", "", WHY_REPLICA },
    { "slave-announce-port", "0", WHY_REPLICA },
    { "slave-ignore-maxmemory", "yes", WHY_REPLICA },
    { "replica-announce-ip", "", WHY_REPLICA },
    { "replica-announce-port", "0", WHY_REPLICA },
    { "replica-ignore-disk-write-errors", "no", WHY_REPLICA },
    { "replicaof", "", WHY_REPLICA },
    { "slaveof", "", WHY_REPLICA },
    { "masterauth", "", WHY_REPLICA },
    { "masteruser", "", WHY_REPLICA },
    { "min-slaves-to-write", "0", WHY_REPLICA },
    { "min-slaves-max-lag", "10", WHY_REPLICA },
    { "repl-ping-slave-period", "10", WHY_REPLICA },
    { "propagation-error-behavior", "ignore", WHY_REPLICA },
    { "slave-lazy-flush", "yes", WHY_LAZY },
    { "cluster-port", "0", WHY_ONE_NODE },
    { "cluster-config-file", "nodes.conf", WHY_ONE_NODE },
    { "cluster-node-timeout", "15000", WHY_ONE_NODE },
    { "cluster-announce-hostname", "", WHY_ONE_NODE },
    { "cluster-announce-human-nodename", "", WHY_ONE_NODE },
    { "cluster-announce-bus-port", "0", WHY_ONE_NODE },
    { "cluster-announce-tls-port", "0", WHY_ONE_NODE },
    { "cluster-preferred-endpoint-type", "ip", WHY_ONE_NODE },
    { "cluster-migration-barrier", "1", WHY_ONE_NODE },
    { "cluster-allow-replica-migration", "yes", WHY_ONE_NODE },
    { "cluster-replica-validity-factor", "10", WHY_ONE_NODE },
    { "cluster-slave-validity-factor", "10", WHY_ONE_NODE },
    { "cluster-replica-no-failover", "no", WHY_ONE_NODE },
    { "cluster-slave-no-failover", "no", WHY_ONE_NODE },
    { "cluster-require-full-coverage", "yes", WHY_ONE_NODE },
    { "cluster-allow-reads-when-down", "no", WHY_ONE_NODE },
    { "cluster-allow-pubsubshard-when-down", "yes", WHY_ONE_NODE },
    { "cluster-link-sendbuf-limit", "0", WHY_ONE_NODE },
    { "server_cpulist", "", WHY_KERNEL },
    { "bio_cpulist", "", WHY_KERNEL },
    { "aof_rewrite_cpulist", "", WHY_KERNEL },
    { "bgsave_cpulist", "", WHY_KERNEL },
    { "enable-module-command", "no", WHY_MODULES },
    { "enable-protected-configs", "no", WHY_NOTHING },
    { "bind-source-addr", "", WHY_OUTGOING },
    { "aof-disable-auto-gc", "no", WHY_LOG },
    { "ignore-warnings", "", "nothing that it names is warned of" },
    { "locale-collate", "", "nothing is sorted by a locale" },
    { NULL, NULL, NULL },
};

const char *options_ignored(struct slice name)
{
    for (const struct option_ignored *row = table; row->name; row++) {
        if (slice_is(name, row->name))
            return row->reason;
    }
    return NULL;
}

const struct option_ignored *options_ignored_table(void)
{
    return table;
}
