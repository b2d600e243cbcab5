/* options.c: the table of options, and values as text, both ways. */
#include "session/options.h"

#include <assert.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"

/* In the order of enum lsm_sync and of enum trace_level. */
static const char *const sync_names[] = { "no", "everysec", "always", NULL };
/* In the order of enum heat_policy. */
static const char *const policy_names[] = { "noeviction",      "allkeys-lru",  "allkeys-lfu",
                                            "allkeys-random",  "volatile-lru", "volatile-lfu",
                                            "volatile-random", "volatile-ttl", NULL };
/* In the order of enum net_tls_auth. */
static const char *const auth_names[] = { "no", "yes", "optional", NULL };
/* In the order of enum option_who. */
static const char *const who_names[] = { "no", "yes", "local", NULL };
static const char *const channel_names[] = { "resetchannels", "allchannels", NULL };
static const char *const level_names[] = { "debug", "verbose", "notice", "warning", NULL };

#define AT(field) offsetof(struct options, field)
#define TLS       (OPTION_MUTABLE | OPTION_TLS)

/* The smallest segment still holds many of the smallest frames; the largest keeps
 * recovery and rewriting in steps. */
#define SEGMENT_MIN 65536
#define SEGMENT_MAX (INT64_C(4) * 1024 * 1024 * 1024)

static const struct option table[] = {
    { "bind", OPTION_TEXT, OPTION_LIST, AT(bind), "127.0.0.1 -::1", 0, 0, NULL,
      "addresses to listen at; one with a leading '-' may be missing; * for all" },
    { "port", OPTION_INT, 0, AT(port), "6379", 0, 65535, NULL,
      "TCP port of the Redis protocol; 0: none" },
    { "protected-mode", OPTION_BOOL, OPTION_MUTABLE, AT(protected_mode), "yes", 0, 0, NULL,
      "without a password only clients on this machine are served" },
    { "cluster-enabled", OPTION_BOOL, 0, AT(cluster_enabled), "no", 0, 0, NULL,
      "cluster clients are told which slots are where; any node serves any key all the same" },
    { "cluster-announce-ip", OPTION_TEXT, OPTION_MUTABLE, AT(cluster_announce_ip), "", 0, 0, NULL,
      "address that cluster clients are told; empty: the one at which they came" },
    { "cluster-announce-port", OPTION_INT, OPTION_MUTABLE, AT(cluster_announce_port), "0", 0, 65535,
      NULL, "port that cluster clients are told; 0: port" },
    { "default-read-consistency", OPTION_LEVEL, OPTION_MUTABLE, AT(default_read), "quorum", 0, 0,
      NULL, "how many owners of a key answer a read: one, quorum, all or a number" },
    { "default-write-consistency", OPTION_LEVEL, OPTION_MUTABLE, AT(default_write), "quorum", 0, 0,
      NULL, "how many owners of a key must have a write: one, quorum, all or a number" },
    { "http-port", OPTION_INT, 0, AT(http_port), "0", 0, 65535, NULL, "TCP port of HTTP; 0: none" },
    { "http-bind", OPTION_TEXT, OPTION_LIST, AT(http_bind), "127.0.0.1 -::1", 0, 0, NULL,
      "addresses to listen at for HTTP, as bind" },
    { "http-maxclients", OPTION_INT, OPTION_MUTABLE, AT(http_maxclients), "1000", 1, 100000, NULL,
      "connections of HTTP at a time; more are answered 503" },
    { "http-timeout", OPTION_INT, OPTION_MUTABLE, AT(http_timeout), "60", 1, 3600, NULL,
      "seconds an idle connection of HTTP is kept, and a slow request waited for" },
    { "http-header-size", OPTION_SIZE, 0, AT(http_header_size), "8kb", 4096, LIMIT_HTTP_HEADERS,
      NULL, "largest request line and headers; a key is part of them" },
    { "unixsocket", OPTION_TEXT, 0, AT(unixsocket), "", 0, 0, NULL,
      "path of a Unix socket to listen at too; empty: none" },
    { "unixsocketperm", OPTION_OCTAL, 0, AT(unixsocketperm), "0", 0, 0777, NULL,
      "permissions of its file, as chmod takes them: 700; 0: what the umask leaves" },
    { "tls-port", OPTION_INT, 0, AT(tls_port), "0", 0, 65535, NULL,
      "TCP port of the Redis protocol over TLS; 0: none" },
    { "tls-cert-file", OPTION_TEXT, TLS, AT(tls_cert_file), "", 0, 0, NULL,
      "PEM file of the server's certificate and those between it and the CA" },
    { "tls-key-file", OPTION_TEXT, TLS, AT(tls_key_file), "", 0, 0, NULL,
      "PEM file of its private key" },
    { "tls-key-file-pass", OPTION_TEXT, TLS | OPTION_SECRET, AT(tls_key_file_pass), "", 0, 0, NULL,
      "password of the key file; empty: it has none" },
    { "tls-ca-cert-file", OPTION_TEXT, TLS, AT(tls_ca_cert_file), "", 0, 0, NULL,
      "PEM file of those who may sign clients' certificates" },
    { "tls-ca-cert-dir", OPTION_TEXT, TLS, AT(tls_ca_cert_dir), "", 0, 0, NULL,
      "folder of such files, named by hash (openssl rehash)" },
    { "tls-auth-clients", OPTION_ENUM, TLS, AT(tls_auth_clients), "yes", 0, 0, auth_names,
      "clients must show a certificate: yes, no, or optional (what is shown must be right)" },
    { "tls-protocols", OPTION_TEXT, TLS, AT(tls_protocols), "", 0, 0, NULL,
      "versions clients may speak; empty: \"TLSv1.2 TLSv1.3\"" },
    { "tls-ciphers", OPTION_TEXT, TLS, AT(tls_ciphers), "", 0, 0, NULL,
      "ciphers up to TLSv1.2, as `openssl ciphers` has them; empty: OpenSSL's" },
    { "tls-ciphersuites", OPTION_TEXT, TLS, AT(tls_ciphersuites), "", 0, 0, NULL,
      "the same of TLSv1.3" },
    { "tls-prefer-server-ciphers", OPTION_BOOL, TLS, AT(tls_prefer_server_ciphers), "no", 0, 0,
      NULL, "the server's order of ciphers counts, not the client's" },
    { "tls-session-caching", OPTION_BOOL, TLS, AT(tls_session_caching), "yes", 0, 0, NULL,
      "who comes again within the timeout needs no whole handshake" },
    { "tls-session-cache-size", OPTION_INT, TLS, AT(tls_session_cache_size), "20480", 0, INT32_MAX,
      NULL, "sessions kept for that; 0: no limit" },
    { "tls-session-cache-timeout", OPTION_INT, TLS, AT(tls_session_cache_timeout), "300", 0,
      INT32_MAX, NULL, "seconds after which a session does not count any more" },
    { "tls-dh-params-file", OPTION_TEXT, TLS, AT(tls_dh_params_file), "", 0, 0, NULL,
      "PEM file of parameters for DHE with old clients; empty: no DHE" },
    { "timeout", OPTION_INT, OPTION_MUTABLE, AT(timeout), "0", 0, INT32_MAX, NULL,
      "seconds after which an idle client is disconnected; 0: never" },
    { "tcp-keepalive", OPTION_INT, OPTION_MUTABLE, AT(tcp_keepalive), "300", 0, INT32_MAX, NULL,
      "seconds between probes of a silent connection; 0: none" },
    { "maxclients", OPTION_INT, OPTION_MUTABLE, AT(maxclients), "10000", 1, 1000000, NULL,
      "clients at a time; more are refused" },
    { "requirepass", OPTION_TEXT, OPTION_MUTABLE | OPTION_SECRET, AT(requirepass), "", 0, 0, NULL,
      "password clients must give with AUTH; empty: none" },
    { "aclfile", OPTION_TEXT, 0, AT(aclfile), "", 0, 0, NULL,
      "file of the users, for ACL LOAD and ACL SAVE; empty: none" },
    { "acl-pubsub-default", OPTION_ENUM, OPTION_MUTABLE, AT(acl_pubsub_default), "resetchannels", 0,
      0, channel_names, "channels of new users: resetchannels (none) or allchannels" },
    { "acllog-max-len", OPTION_INT, OPTION_MUTABLE, AT(acllog_max_len), "128", 0, LIMIT_ACL_LOG,
      NULL, "refusals that ACL LOG keeps" },
    { "enable-debug-command", OPTION_ENUM, 0, AT(enable_debug), "no", 0, 0, who_names,
      "whether DEBUG, which is for tests, may be used: no, yes or local" },
    { "proto-max-bulk-len", OPTION_SIZE, OPTION_MUTABLE, AT(proto_max_bulk_len), "512mb",
      1024 * 1024, LIMIT_VALUE, NULL, "largest argument of a command" },
    { "databases", OPTION_INT, 0, AT(databases), "16", 1, LIMIT_DATABASES, NULL,
      "databases SELECT can choose from" },
    { "maxmemory", OPTION_SIZE, OPTION_MUTABLE, AT(maxmemory), "0", 0, INT64_MAX, NULL,
      "memory for the process; it does not bound the data; 0: half of the machine's" },
    { "maxdisk", OPTION_SIZE, OPTION_MUTABLE, AT(maxdisk), "0", 0, INT64_MAX, NULL,
      "bytes of all files beyond which keys are evicted, or writes refused; 0: no bound" },
    { "maxmemory-policy", OPTION_ENUM, OPTION_MUTABLE, AT(maxmemory_policy), "noeviction", 0, 0,
      policy_names, "which keys go when maxdisk is reached; noeviction: none" },
    { "client-output-buffer-limit", OPTION_LIMITS, OPTION_MUTABLE, AT(output_limits),
      "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", 0, 0, NULL,
      "class (normal, slave, pubsub), hard and soft limit of what may wait for a client, and for "
      "how many seconds the soft one may be passed; 0: none" },
    { "notify-keyspace-events", OPTION_EVENTS, OPTION_MUTABLE, AT(notify_events), "", 0, 0, NULL,
      "what happens to keys is published: K and E say where, g$lshzxetdmn or A what; empty: "
      "nothing" },
    { "tracking-table-max-keys", OPTION_INT, OPTION_MUTABLE, AT(tracking_table_max_keys), "1000000",
      0, INT64_MAX, NULL, "keys that clients with CLIENT TRACKING may keep; 0: as memory allows" },
    { "slowlog-log-slower-than", OPTION_INT, OPTION_MUTABLE, AT(slowlog_slower_than), "10000", -1,
      INT64_MAX, NULL,
      "microseconds a call runs to be in the slow log; 0: all are; -1: none. Below 10000 each call "
      "is timed alone" },
    { "slowlog-max-len", OPTION_INT, OPTION_MUTABLE, AT(slowlog_max_len), "128", 0, INT64_MAX, NULL,
      "calls the slow log keeps" },
    { "latency-monitor-threshold", OPTION_INT, OPTION_MUTABLE, AT(latency_threshold), "0", 0,
      INT64_MAX, NULL,
      "milliseconds from which on LATENCY keeps what took long; 0: nothing is kept. Otherwise each "
      "call is timed alone" },
    { "latency-tracking", OPTION_BOOL, OPTION_MUTABLE, AT(latency_tracking), "yes", 0, 0, NULL,
      "a histogram of durations for each command" },
    { "latency-tracking-info-percentiles", OPTION_PERCENTS, OPTION_MUTABLE, AT(info_percents),
      "50 99 99.9", 0, 0, NULL, "percentiles of them that INFO latencystats shows; empty: none" },
    { "dir", OPTION_TEXT, 0, AT(dir), ".", 0, 0, NULL, "folder of the data; one server a folder" },
    { "appendfsync", OPTION_ENUM, OPTION_MUTABLE, AT(appendfsync), "everysec", 0, 0, sync_names,
      "when the log is synced to the disk: always, everysec or no" },
    { "log-segment-size", OPTION_SIZE, 0, AT(segment_size), "64mb", SEGMENT_MIN, SEGMENT_MAX, NULL,
      "bytes of one file of the log, reserved when it is begun" },
    { "memtable-size", OPTION_SIZE, 0, AT(memtable_size), "0", 0, INT64_C(1) << 40, NULL,
      "bytes of keys kept in memory before they become a table; 0: a tenth of maxmemory, at most "
      "64mb" },
    { "cache-size", OPTION_SIZE, OPTION_MUTABLE, AT(cache_size), "0", 0, INT64_MAX, NULL,
      "memory for what was read from disk; 0: what is left of maxmemory" },
    { "value-separation", OPTION_SIZE, 0, AT(value_separation), "4kb", 256, 1024 * 1024, NULL,
      "values of so many bytes are written once and kept out of tables" },
    { "value-chunk-size", OPTION_SIZE, 0, AT(value_chunk_size), "1mb", 4096, 16 * 1024 * 1024, NULL,
      "larger values come and leave in pieces of so many bytes" },
    { "checkpoint-keep", OPTION_INT, OPTION_MUTABLE, AT(checkpoint_keep), "1", 1, 1000000, NULL,
      "checkpoints (SAVE, BGSAVE) that stay; older ones are removed after a new one" },
    { "table-compression", OPTION_BOOL, 0, AT(table_compression), "no", 0, 0, NULL,
      "compress tables with LZ4: less disk, more work; values kept out of tables stay as they "
      "are" },
    { "force-start", OPTION_BOOL, 0, AT(force_start), "no", 0, 0, NULL,
      "start although the log is damaged, with what stands before the damage" },
    { "pool-threads", OPTION_INT, 0, AT(pool_threads), "4", 1, 64, NULL,
      "threads that read files for clients; the log and the background have one each besides" },
    { "loglevel", OPTION_ENUM, OPTION_MUTABLE, AT(loglevel), "notice", 0, 0, level_names,
      "how much is logged: debug, verbose, notice or warning" },
    { "logfile", OPTION_TEXT, 0, AT(logfile), "", 0, 0, NULL,
      "file of the log for people; empty: standard output" },
    { "log-frame-size", OPTION_SIZE, OPTION_HIDDEN, AT(frame_size), "1mb", 1024, LIMIT_FRAME, NULL,
      "bytes after which a frame of the log is closed" },
    { "table-size", OPTION_SIZE, OPTION_HIDDEN, AT(table_size), "32mb", 4096, 1024 * 1024 * 1024,
      NULL, "bytes of one table a compaction makes, about" },
    { "table-block-size", OPTION_SIZE, OPTION_HIDDEN, AT(table_block_size), "4kb", 256, 1024 * 1024,
      NULL, "bytes of a table read at a time, about" },
    { "table-filter-bits", OPTION_INT, OPTION_HIDDEN, AT(table_filter_bits), "10", 1, 64, NULL,
      "bits of a table's filter for each key" },
    { "memtable-chunk-size", OPTION_SIZE, OPTION_HIDDEN, AT(memtable_chunk_size), "1mb", 4096,
      1024 * 1024 * 1024, NULL, "memory a memtable takes at a time" },
    { 0 },
};

const char *options_policy_name(int64_t policy)
{
    return policy_names[policy];
}

static int64_t *number_at(struct options *o, const struct option *row)
{
    assert(row->kind != OPTION_TEXT && row->kind != OPTION_LIMITS && row->kind != OPTION_PERCENTS);
    return (int64_t *)(void *)((char *)o + row->offset);
}

static struct output_limit *limits_at(struct options *o, const struct option *row)
{
    assert(row->kind == OPTION_LIMITS);
    return (struct output_limit *)(void *)((char *)o + row->offset);
}

static struct percents *percents_at(struct options *o, const struct option *row)
{
    assert(row->kind == OPTION_PERCENTS);
    return (struct percents *)(void *)((char *)o + row->offset);
}

static char **text_at(struct options *o, const struct option *row)
{
    assert(row->kind == OPTION_TEXT);
    return (char **)(void *)((char *)o + row->offset);
}

static bool refuse_range(const struct option *row, struct buf *why)
{
    buf_printf(why, "argument must be between %lld and %lld inclusive", (long long)row->min,
               (long long)row->max);
    return false;
}

static bool set_number(struct options *o, const struct option *row, struct slice value,
                       struct buf *why)
{
    int64_t v;

    if (row->kind == OPTION_INT && !num_get_i64(value, &v)) {
        buf_printf(why, "argument couldn't be parsed into an integer");
        return false;
    }
    if (row->kind == OPTION_SIZE && !num_get_size(value, &v)) {
        buf_printf(why, "argument must be a memory value");
        return false;
    }
    if (v < row->min || v > row->max)
        return refuse_range(row, why);
    *number_at(o, row) = v;
    return true;
}

static bool set_octal(struct options *o, const struct option *row, struct slice value,
                      struct buf *why)
{
    int64_t v = 0;
    size_t i = 0;

    for (; i < value.len && value.data[i] >= '0' && value.data[i] <= '7' && v <= row->max; i++)
        v = v * 8 + (value.data[i] - '0');
    if (v > row->max) {
        buf_printf(why, "argument must be between %llo and %llo inclusive",
                   (unsigned long long)row->min, (unsigned long long)row->max);
        return false;
    }
    if (value.len == 0 || i < value.len) {
        buf_printf(why, "argument couldn't be parsed as an octal number");
        return false;
    }
    *number_at(o, row) = v;
    return true;
}

static bool set_bool(struct options *o, const struct option *row, struct slice value,
                     struct buf *why)
{
    bool yes = slice_is(value, "yes");

    if (!yes && !slice_is(value, "no")) {
        buf_printf(why, "argument must be 'yes' or 'no'");
        return false;
    }
    *number_at(o, row) = yes;
    return true;
}

static bool set_enum(struct options *o, const struct option *row, struct slice value,
                     struct buf *why)
{
    for (int i = 0; row->names[i]; i++) {
        if (slice_is(value, row->names[i])) {
            *number_at(o, row) = i;
            return true;
        }
    }
    buf_printf(why, "argument(s) must be one of the following: ");
    for (int i = 0; row->names[i]; i++)
        buf_printf(why, "%s%s", i ? ", " : "", row->names[i]);
    return false;
}

static bool set_text(struct options *o, const struct option *row, struct slice value,
                     struct buf *why)
{
    char **to = text_at(o, row);
    char *text;

    if (value.len && memchr(value.data, 0, value.len)) {
        buf_printf(why, "argument must not contain a NUL byte");
        return false;
    }
    text = mem_alloc(value.len + 1);
    if (value.len)
        memcpy(text, value.data, value.len);
    text[value.len] = 0;
    mem_free(*to);
    *to = text;
    return true;
}

void options_init(struct options *o)
{
    struct buf why = { 0 };

    *o = (struct options){ 0 };
    for (const struct option *row = table; row->name; row++) {
        bool ok = options_set(o, row, slice_str(row->fallback), &why);
        assert(ok);
    }
    o->config_file = mem_strdup("");
    o->users = mem_strdup("");
    buf_deinit(&why);
}

void options_copy(struct options *to, const struct options *from)
{
    *to = *from;
    for (const struct option *row = table; row->name; row++) {
        if (row->kind == OPTION_TEXT)
            *text_at(to, row) = mem_strdup(*text_at(to, row));
    }
    to->config_file = mem_strdup(from->config_file);
    to->users = mem_strdup(from->users);
}

void options_deinit(struct options *o)
{
    for (const struct option *row = table; row->name; row++) {
        if (row->kind == OPTION_TEXT)
            mem_free(*text_at(o, row));
    }
    mem_free(o->config_file);
    mem_free(o->users);
    *o = (struct options){ 0 };
}

void options_set_file(struct options *o, const char *path)
{
    mem_free(o->config_file);
    o->config_file = mem_strdup(path);
}

bool options_add_user(struct options *o, unsigned line, struct slice text, struct buf *why)
{
    struct buf all = { 0 };

    if (strlen(o->users) + text.len > LIMIT_CONFIG_FILE) {
        buf_printf(why, "line %u: the users are larger than %d bytes; an aclfile takes more", line,
                   LIMIT_CONFIG_FILE);
        return false;
    }
    buf_printf(&all, "%s%u ", o->users, line);
    buf_append(&all, text);
    buf_printf(&all, "\n%c", 0);
    mem_free(o->users);
    o->users = (char *)all.data;
    return true;
}

const struct option *options_table(void)
{
    return table;
}

const struct option *options_find(struct slice name)
{
    for (const struct option *row = table; row->name; row++) {
        if (slice_is(name, row->name))
            return row;
    }
    return NULL;
}

bool options_set(struct options *o, const struct option *row, struct slice value, struct buf *why)
{
    switch (row->kind) {
    case OPTION_INT:
    case OPTION_SIZE:
        return set_number(o, row, value, why);
    case OPTION_OCTAL:
        return set_octal(o, row, value, why);
    case OPTION_BOOL:
        return set_bool(o, row, value, why);
    case OPTION_ENUM:
        return set_enum(o, row, value, why);
    case OPTION_EVENTS:
        return options_parse_events(value, number_at(o, row), why);
    case OPTION_LIMITS:
        return options_parse_limits(value, limits_at(o, row), why);
    case OPTION_PERCENTS:
        return options_parse_percents(value, percents_at(o, row), why);
    case OPTION_LEVEL:
        return options_parse_level(value, number_at(o, row), why);
    case OPTION_TEXT:
        break;
    }
    return set_text(o, row, value, why);
}

void options_get(const struct options *o, const struct option *row, struct buf *out)
{
    const void *at = (const char *)o + row->offset;

    if (row->kind == OPTION_EVENTS)
        options_print_events(*(const int64_t *)at, out);
    else if (row->kind == OPTION_LEVEL)
        options_print_level(*(const int64_t *)at, out);
    else if (row->kind == OPTION_LIMITS)
        options_print_limits(at, out);
    else if (row->kind == OPTION_PERCENTS)
        options_print_percents(at, out);
    else if (row->kind == OPTION_TEXT)
        buf_append(out, slice_str(*(char *const *)at));
    else if (row->kind == OPTION_BOOL)
        buf_printf(out, "%s", *(const int64_t *)at ? "yes" : "no");
    else if (row->kind == OPTION_ENUM)
        buf_printf(out, "%s", row->names[*(const int64_t *)at]);
    else if (row->kind == OPTION_OCTAL)
        buf_printf(out, "%llo", (unsigned long long)*(const int64_t *)at);
    else
        buf_printf(out, "%lld", (long long)*(const int64_t *)at);
}

int64_t options_number(const struct options *o, const struct option *row)
{
    assert(row->kind != OPTION_TEXT && row->kind != OPTION_LIMITS);
    return *(const int64_t *)(const void *)((const char *)o + row->offset);
}

void options_help(struct buf *out)
{
    for (const struct option *row = table; row->name; row++) {
        const char *value = *row->fallback ? row->fallback : "\"\"";
        int left = 31 - (int)strlen(row->name);

        if (!(row->flags & OPTION_HIDDEN))
            buf_printf(out, "  --%s %-*s %s\n", row->name, left > 0 ? left : 0, value, row->help);
    }
}
