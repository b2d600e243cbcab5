/* director.c: which faults when, and how each life ends. */
#include "sim/director.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/checks.h"
#include "sim/keyspace.h"
#include "sim/saves.h"

enum {
    LOAD_US = 60 * 1000 * 1000,
    STOP_US = 30 * 1000 * 1000,
    SLICES_MAX = 400,
    JUMP_US = 20 * 1000 * 1000,
};

/* What a life suffers from. */
enum trouble {
    TROUBLE_NONE,
    TROUBLE_WRITE,
    TROUBLE_SHORT_WRITE,
    TROUBLE_ALLOCATE,
    TROUBLE_SYNC,
    TROUBLE_SYNC_DIR,
    TROUBLE_NO_SPACE,
    TROUBLE_KINDS,
};

/* One seed's habits. */
struct director {
    struct world *w;
    struct prng *prng;
    struct prng own; /* of what came later, so that other draws stay as they are */
    struct prng saves;
    bool jumps; /* of the wall clock */
    bool save;  /* checkpoints */
    bool slow;  /* jobs */
    bool rude;  /* clients */
    bool idle;  /* everybody rests before the end */
    unsigned power_percent;
    enum trouble trouble; /* of this life */
    bool settled;         /* this life's disk has no fault any more */
    bool may_fail;        /* this boot may refuse to start */
};

static uint64_t below(struct director *d, uint64_t n)
{
    return prng_below(d->prng, n);
}

static enum world_end any_end(struct director *d)
{
    return below(d, 100) < d->power_percent ? END_POWER : END_KILL;
}

static void calm_disk(struct world *w)
{
    w->disk->plan = (struct sim_plan){ 0 };
    w->disk->quota = 0;
    w->disk->cut_in = 0;
}

static void trouble_disk(struct director *d)
{
    struct sim_disk *disk = d->w->disk;

    switch (d->trouble) {
    case TROUBLE_WRITE:
        disk->plan.write = 10;
        break;
    case TROUBLE_SHORT_WRITE:
        disk->plan.short_write = 10;
        break;
    case TROUBLE_ALLOCATE:
        disk->plan.allocate = 1;
        break;
    case TROUBLE_SYNC:
        disk->plan.sync = 2;
        break;
    case TROUBLE_SYNC_DIR:
        disk->plan.sync_dir = 1;
        break;
    case TROUBLE_NO_SPACE:
        disk->quota = 1 + sim_disk_used(disk) + below(d, 8000);
        break;
    case TROUBLE_NONE:
    case TROUBLE_KINDS:
        break;
    }
    sim_log_line(&d->w->log, "director: trouble %d", (int)d->trouble);
}

/* The server fails to load: allowed only if the disk gave it reasons. */
static bool judge_load(struct director *d, uint64_t errors)
{
    struct world *w = d->w;

    if (w->state == SERVER_SERVING)
        return true;
    if (w->ended || (w->state == SERVER_FAILED && (d->may_fail || w->disk->errors > errors)))
        return false;
    sim_log_fail(&w->log, "progress",
                 w->state == SERVER_FAILED ? "it refuses to start" : "it does not come up");
    return false;
}

/* True if it serves and everything was read. */
static bool begin_life(struct director *d, bool peaceful)
{
    struct world *w = d->w;
    uint64_t errors = w->disk->errors;
    bool loaded;

    calm_disk(w);
    if (!peaceful && prng_one_in(d->prng, 4))
        w->disk->cut_in = 1 + (unsigned)below(d, 40);
    else if (!peaceful && prng_one_in(d->prng, 6))
        w->disk->plan.read = 1 + (unsigned)below(d, 8);
    world_boot(w);
    if (w->log.failed)
        return false;
    loaded = !w->disk->cut && world_await(w, SERVER_SERVING, LOAD_US);
    w->disk->cut_in = 0;
    if (!judge_load(d, errors) || !loaded)
        return false;
    w->disk->plan = (struct sim_plan){ 0 };
    return keyspace_read(w);
}

static void happen(struct director *d)
{
    struct world *w = d->w;

    if (d->jumps && prng_one_in(d->prng, 12)) {
        int64_t us = (int64_t)below(d, JUMP_US);
        bool back = prng_one_in(d->prng, 2);

        sim_clock_jump(&w->clock, back ? -us : us);
        w->counts.n[back ? COUNT_CLOCK_BACK : COUNT_CLOCK_FORWARD]++;
        sim_log_line(&w->log, "director: the clock jumps by %" PRId64 " us", back ? -us : us);
    }
    if (prng_one_in(d->prng, 16))
        sim_disk_write_back(w->disk);
    if (d->save)
        saves_perhaps(w, &d->saves);
    if (d->trouble == TROUBLE_NONE || d->settled)
        return;
    if (prng_one_in(d->prng, d->trouble == TROUBLE_NO_SPACE ? 3 : 5))
        trouble_disk(d);
    else if (prng_one_in(d->prng, 6) && d->trouble == TROUBLE_NO_SPACE)
        calm_disk(w);
}

static void work(struct director *d, bool rude)
{
    struct world *w = d->w;

    for (unsigned i = 1; i < w->client_count; i++) {
        w->clients[i].rude = rude;
        client_work(&w->clients[i], &w->workload);
    }
}

static void rest(struct world *w)
{
    for (unsigned i = 1; i < w->client_count; i++)
        client_rest(&w->clients[i]);
}

/* Clients ask until about `ops` more operations are in the history; false if the
 * process has ended. */
static bool busy_time(struct director *d, size_t ops, bool peaceful)
{
    struct world *w = d->w;
    size_t until = w->history.op_count + ops;
    uint64_t slice = 200 + w->workload.think_us;

    work(d, d->rude && !peaceful);
    for (int i = 0; i < SLICES_MAX && w->history.op_count < until && !w->log.failed; i++) {
        if (!peaceful)
            happen(d);
        if (w->listens)
            listener_attend(&w->listener);
        if (!world_run(w, 1 + below(d, 2 * slice)))
            return false;
    }
    return true;
}

static bool orderly_end(struct director *d)
{
    struct world *w = d->w;

    sim_log_line(&w->log, "director: stop");
    server_stop(w->server);
    w->turn_at = 0;
    if (!world_await(w, SERVER_STOPPED, STOP_US)) {
        if (!w->ended && !w->log.failed)
            sim_log_fail(&w->log, "progress", "it does not stop");
        return false;
    }
    w->counts.n[COUNT_STOP]++;
    return true;
}

/* The process will end within a call of the disk. */
static void cut_soon(struct director *d)
{
    static const int kinds[] = { -1, COUNT_CUT_WRITE, COUNT_CUT_SYNC, COUNT_CUT_ROLL };
    struct sim_disk *disk = d->w->disk;

    disk->cut_kind = kinds[below(d, 4)];
    disk->cut_in = 1 + (unsigned)below(d, disk->cut_kind < 0 ? 12 : 4);
}

/* ... of one that the tree's protocols make. */
static void cut_tree_soon(struct director *d)
{
    static const int kinds[] = { COUNT_CUT_FLUSH,        COUNT_CUT_COMPACT, COUNT_CUT_COMPACT,
                                 COUNT_CUT_REWRITE,      COUNT_CUT_REWRITE, COUNT_CUT_PIECES,
                                 COUNT_CUT_REWRITE,      COUNT_CUT_REWRITE, COUNT_CUT_MANIFEST_ROLL,
                                 COUNT_CUT_DROP,         COUNT_CUT_DROP,    COUNT_CUT_MANIFEST,
                                 COUNT_CUT_MANIFEST_ROLL };
    struct sim_disk *disk = d->w->disk;

    disk->cut_kind = kinds[prng_below(&d->own, sizeof kinds / sizeof *kinds)];
    disk->cut_in = 1 + (unsigned)prng_below(&d->own, 3);
}

/* The rest of a life that was loaded. */
static void live(struct director *d)
{
    struct world *w = d->w;

    d->trouble = prng_one_in(d->prng, 3) ? TROUBLE_NONE
                                         : (enum trouble)(1 + below(d, TROUBLE_KINDS - 1));
    d->settled = false;
    if (!busy_time(d, 30 + below(d, 120), false))
        return;
    if (d->idle && prng_one_in(d->prng, 2)) {
        rest(w);
        if (!world_run(w, 1000000 + below(d, 3000000)))
            return;
    }
    switch (below(d, 4)) {
    case 0:
        calm_disk(w);
        orderly_end(d);
        break;
    case 1:
    case 2: /* within a call of the disk */
        cut_soon(d);
        busy_time(d, 100, false);
        break;
    default:
        if (!prng_one_in(&d->own, 2))
            break;
        cut_tree_soon(d);
        busy_time(d, 250, false);
        break;
    }
}

static bool drained(const struct world *w)
{
    for (unsigned i = 0; i < w->client_count; i++) {
        if (w->clients[i].pending_count)
            return false;
    }
    return true;
}

/* No faults any more: everybody is answered, and a write succeeds. */
static void peaceful_life(struct director *d)
{
    struct world *w = d->w;
    uint64_t healthy = w->queue.now;
    struct client *c = &w->clients[0];
    struct op *op;

    if (!begin_life(d, true)) {
        if (!w->log.failed && !d->may_fail)
            sim_log_fail(&w->log, "progress", "the process has ended in peace");
        return;
    }
    busy_time(d, 40, true);
    rest(w);
    while (!drained(w) && w->queue.now < healthy + 2 * PROGRESS_US && !w->log.failed)
        world_step(w);
    check_progress(&w->history, healthy, &w->log);
    op = history_op(&w->history);
    op->kind = OP_SET;
    op->db = (uint8_t)c->db;
    op->key_count = 1;
    op->values[0] = history_text(&w->history, slice_str("v0:"));
    if (w->log.failed || !c->peer.conn)
        return;
    client_ask(c, op);
    while (op->outcome == OP_OPEN && w->queue.now < healthy + 3 * PROGRESS_US && !w->log.failed)
        world_step(w);
    if (op->outcome != OP_OK && !w->options.maxmemory)
        sim_log_fail(&w->log, "progress", "a write does not succeed in peace");
}

/* A place in a file of the log. */
struct place {
    char path[SIM_NAME + 8];
    size_t used; /* bytes in use of the file */
};

/* The end of the bytes that are not zero. */
static size_t used_bytes(const struct sim_inode *f)
{
    size_t n = f->now_len;

    while (n && !f->now[n - 1])
        n--;
    return n;
}

/* Any file but the lock, and how far it is used by now. */
static void choose_place(struct director *d, struct place *p)
{
    const struct sim_inode *dir = sim_disk_find(d->w->disk, "/data");
    uint64_t seen = 0;

    p->used = 0;
    for (size_t i = 0; dir && i < dir->names.count; i++) {
        const struct sim_name *n = &dir->names.items[i];

        if (strchr(n->name, '.') && used_bytes(n->inode) && prng_one_in(d->prng, ++seen)) {
            snprintf(p->path, sizeof p->path, "/data/%s", n->name);
            p->used = used_bytes(n->inode);
        }
    }
}

/* Flips a bit of durable bytes. */
static bool flip(struct director *d, const struct place *p)
{
    struct world *w = d->w;
    struct sim_inode *f = p->used ? sim_disk_find(w->disk, p->path) : NULL;
    size_t at;

    if (!f)
        return false;
    at = (size_t)below(d, p->used);
    if (p->used > 4096 && at < 4096 && !prng_one_in(d->prng, 4))
        at = 4096 + (size_t)below(d, p->used - 4096); /* a frame, likelier than the head */
    if (at >= f->now_len)
        return false;
    f->now[at] ^= (uint8_t)(1 << below(d, 8));
    f->kept[at] = f->now[at];
    w->counts.n[COUNT_FLIP_SYNCED]++;
    sim_log_line(&w->log, "director: a bit flips in %s at %zu", p->path, at);
    return true;
}

static void count_transactions(struct world *w)
{
    const struct history *h = &w->history;

    for (size_t n = 0; n < h->op_count; n++) {
        const struct op *op = h->ops[n];

        if (op->kind != OP_EXEC)
            continue;
        w->counts.n[COUNT_EXEC] += op->outcome == OP_OK && !op->reply_null;
        w->counts.n[COUNT_EXEC_NULL] += op->outcome == OP_OK && op->reply_null;
        w->counts.n[COUNT_EXEC_CUT] += op->outcome == OP_UNKNOWN;
    }
}

static void count_heard(struct world *w)
{
    for (size_t n = 0; n < w->history.heard_count; n++)
        w->counts.n[w->history.heard[n].exec ? COUNT_NEWS : COUNT_EVENT]++;
}

static void judge(struct world *w)
{
    count_transactions(w);
    count_heard(w);
    if (!w->log.failed)
        check_honest(&w->history, &w->log);
    if (!w->log.failed)
        check_told(&w->history, &w->log);
    if (!w->log.failed)
        check_exec(&w->history, &w->log);
    if (!w->log.failed)
        check_dead(&w->history, &w->log);
    if (!w->log.failed)
        check_durable(&w->history, &w->log);
    if (!w->log.failed)
        check_linear(&w->history, &w->log);
}

static void choose_habits(struct director *d)
{
    struct world *w = d->w;
    static const uint64_t usual[] = { 50, 300, 3000 };
    static const uint64_t delays[] = { 20, 200, 2000 };

    d->jumps = prng_one_in(d->prng, 3);
    d->slow = prng_one_in(d->prng, 3);
    d->rude = prng_one_in(d->prng, 2);
    d->idle = prng_one_in(d->prng, 2);
    d->power_percent = prng_one_in(d->prng, 6) ? 30 : 95;
    w->pool.usual_us = usual[below(d, 3)];
    w->pool.slow_us = 200000;
    w->pool.slow_one_in = d->slow ? 20 : 0;
    w->net.delay_us = delays[below(d, 3)];
    w->net.piece_max = 1 + (size_t)below(d, 200);
    w->net.window = 512 + (size_t)below(d, 32768);
    w->history.everysec_us = 1100000 + 4 * (d->slow ? w->pool.slow_us : w->pool.usual_us) +
                             4 * w->quantum_us;
}

/* The first life's bytes are damaged after the second has promised that they are
 * synced: it refuses to start, or has all the right answers. */
static void damaged_life(struct director *d, const struct place *p)
{
    struct world *w = d->w;

    peaceful_life(d);
    if (w->log.failed || !orderly_end(d))
        return;
    world_end(w, END_KILL, false);
    d->may_fail = w->history.damaged = flip(d, p);
    begin_life(d, true);
    if (!w->log.failed)
        world_end(w, END_KILL, false);
}

void director_play(struct world *w)
{
    struct director d = { .w = w, .prng = &w->prng };
    uint64_t lives = 3 + prng_below(&w->prng, 2);
    struct place place;

    prng_init(&d.own, w->seed ^ 0x706f696e7473);
    prng_init(&d.saves, w->seed ^ 0x7361766573);
    d.save = prng_one_in(&d.saves, 3);
    choose_habits(&d);
    for (uint64_t i = 0; i < lives && !w->log.failed; i++) {
        if (begin_life(&d, i == 0 && prng_one_in(&w->prng, 2)))
            live(&d);
        rest(w);
        if (!w->log.failed)
            world_end(w, any_end(&d), prng_one_in(&w->prng, 2));
    }
    if (!w->log.failed)
        peaceful_life(&d);
    if (!w->log.failed && orderly_end(&d)) {
        choose_place(&d, &place);
        world_end(w, END_POWER, false);
        if (prng_one_in(&w->prng, 3))
            damaged_life(&d, &place);
        else
            begin_life(&d, true);
    }
    judge(w);
    if (w->log.failed || w->history.damaged || !d.save)
        return;
    world_end(w, END_KILL, false);
    saves_check(w);
}
