/* keyspace.c: GETs, then DBSIZE and SCAN, which have to agree with them. */
#include "sim/keyspace.h"

#include <inttypes.h>
#include <string.h>

#include "node/node.h"
#include "server/server_state.h"
#include "sim/checks.h"

struct keyspace {
    struct world *world;
    unsigned db;
    bool exists[SIM_KEYS]; /* by GET */
    bool scanned[SIM_KEYS];
    int64_t dbsize;
    bool done;
    bool refused; /* something could not be read */
};

static void ask(struct client *c, struct op *op, unsigned db)
{
    op->db = (uint8_t)db;
    op->probe = true;
    client_ask(c, op);
}

static void scan_from(struct keyspace *k, int64_t cursor)
{
    struct client *c = &k->world->clients[0];
    struct op *op = history_op(&k->world->history);

    op->kind = OP_SCAN;
    op->number = cursor;
    op->ms = 1 + (int64_t)prng_below(&c->prng, 10); /* COUNT */
    ask(c, op, k->db);
}

static void take_name(struct keyspace *k, struct slice name)
{
    for (unsigned key = 0; key < SIM_KEYS; key++) {
        char text[16];

        key_name(key, text);
        if (slice_equal(name, slice_str(text))) {
            k->scanned[key] = true;
            return;
        }
    }
    sim_log_fail(&k->world->log, "keyspace", "SCAN names %.*s", (int)name.len,
                 (const char *)name.data);
}

static void take_scan(struct keyspace *k, struct slice bytes, const struct sim_reply *r)
{
    size_t at = r->head;
    struct sim_reply e, names;
    int64_t cursor = 0;

    if (r->kind != SIM_REPLY_LIST || r->number != 2) {
        sim_log_fail(&k->world->log, "protocol", "not a reply to SCAN");
        return;
    }
    sim_reply_element(bytes, &at, &e);
    for (size_t i = 0; i < e.text.len; i++)
        cursor = cursor * 10 + (e.text.data[i] - '0');
    sim_reply_element(slice_of(bytes.data, bytes.len), &at, &names);
    at = at - names.size + names.head;
    for (int64_t i = 0; i < names.number; i++) {
        sim_reply_element(bytes, &at, &e);
        take_name(k, e.text);
    }
    if (cursor)
        scan_from(k, cursor);
    else
        k->done = true;
}

static void on_answer(struct client *c, struct op *op, struct slice bytes,
                      const struct sim_reply *r)
{
    struct keyspace *k = c->owner;

    if (op->probe && op->outcome == OP_REFUSED) {
        k->refused = true;
        k->done = k->done || op->kind == OP_SCAN;
    }
    if (op->outcome != OP_OK || !op->probe)
        return;
    if (op->kind == OP_GET)
        k->exists[op->keys[0]] = op->reply_texts[0] != 0;
    else if (op->kind == OP_DBSIZE)
        k->dbsize = op->reply_int;
    else if (op->kind == OP_SCAN)
        take_scan(k, bytes, r);
}

/* Some key of this database may have expired meanwhile. */
static bool may_expire(const struct history *h, unsigned db, unsigned key)
{
    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *op = h->ops[n];

        if (op_touches(op, db, key) >= 0 &&
            (op->kind == OP_PEXPIRE || (op->flags & (OP_PX | OP_PXAT))))
            return true;
    }
    return false;
}

static void compare(struct keyspace *k)
{
    struct world *w = k->world;
    /* What expires in a sealed memtable or a table counts until it is merged. */
    bool prompt = w->options.memtable_size >= WORLD_MEMTABLE_MOST && !w->disk->errors;
    int64_t least = 0, most = 0;

    for (unsigned key = 0; key < SIM_KEYS; key++) {
        bool expires = may_expire(&w->history, k->db, key);
        bool lasting = k->exists[key] && !expires;

        most += k->exists[key] || (expires && !prompt);
        least += lasting;
        if ((lasting && !k->scanned[key]) || (k->scanned[key] && !k->exists[key]))
            sim_log_fail(&w->log, "keyspace", "db%u k%u: GET finds %s, SCAN %s", k->db, key,
                         k->exists[key] ? "it" : "nothing", k->scanned[key] ? "it" : "nothing");
    }
    if (lsm_stats(node_lsm(w->server->instance.node))->keys_exact &&
        (k->dbsize < least || k->dbsize > most))
        sim_log_fail(&w->log, "keyspace", "db%u: DBSIZE is %" PRId64 ", GET finds %" PRId64, k->db,
                     k->dbsize, most);
}

static bool read_db(struct world *w, unsigned db)
{
    struct client *c = &w->clients[0];
    struct keyspace k = { .world = w, .db = db, .dbsize = -1 };
    uint64_t until = w->queue.now + PROGRESS_US;
    struct op *op;

    c->owner = &k;
    c->on_answer = on_answer;
    client_select(c, db, 2 + (unsigned)prng_below(&c->prng, 2));
    for (unsigned key = 0; key < SIM_KEYS; key++) {
        op = history_op(&w->history);
        op->kind = OP_GET;
        op->key_count = 1;
        op->keys[0] = (uint8_t)key;
        ask(c, op, db);
    }
    op = history_op(&w->history);
    op->kind = OP_DBSIZE;
    ask(c, op, db);
    scan_from(&k, 0);
    while (!k.done && c->peer.conn && w->queue.now < until && !w->log.failed) {
        if (!world_step(w))
            break;
    }
    c->on_answer = NULL;
    /* Damage in a piece of a large value shows when half of it is sent: then it ends. */
    if (!k.done && !w->ended && !(w->history.damaged && !c->peer.conn))
        sim_log_fail(&w->log, "progress", "db%u could not be read", db);
    if (k.done && !k.refused)
        compare(&k);
    return k.done;
}

bool keyspace_read(struct world *w)
{
    struct client *c = &w->clients[0];
    bool whole;

    client_leave(c);
    whole = client_connect(c);
    for (unsigned db = 0; db < w->workload.dbs && whole; db++)
        whole = read_db(w, db) && !w->log.failed;
    if (whole)
        history_mark(&w->history, MARK_PROBED, LSM_SYNC_NO);
    return whole;
}
