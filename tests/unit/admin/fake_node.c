/* fake_node.c: a node and its store that only have numbers. */
#include "unit/admin/fake_node.h"

struct lsm *node_lsm(struct node *node)
{
    return &node->lsm;
}

const struct node_stats *node_stats(const struct node *node)
{
    return &node->stats;
}

struct watches *node_watches(struct node *node)
{
    return &node->watches;
}

uint64_t node_now_us(const struct node *node)
{
    return node->now_us;
}

enum lsm_state lsm_state(const struct lsm *lsm)
{
    return lsm->state;
}

struct err lsm_error(const struct lsm *lsm, const char **detail)
{
    *detail = lsm->detail;
    return err_ok();
}

unsigned lsm_loaded_permille(const struct lsm *lsm)
{
    return lsm->state == LSM_LOADING ? 123 : 1000;
}

bool lsm_can_put(const struct lsm *lsm, size_t bytes)
{
    (void)bytes;
    return lsm->state == LSM_READY;
}

bool lsm_blocked(const struct lsm *lsm, const char **detail)
{
    *detail = lsm->detail;
    return false;
}

uint64_t lsm_end(const struct lsm *lsm)
{
    return lsm->end;
}

uint64_t lsm_acked(const struct lsm *lsm)
{
    return lsm->acked;
}

uint64_t lsm_synced(const struct lsm *lsm)
{
    return lsm->synced;
}

void lsm_want_sync(struct lsm *lsm, uint64_t position)
{
    lsm->wanted = position;
}

uint64_t lsm_count(const struct lsm *lsm, uint8_t db)
{
    return lsm->keys[db];
}

uint64_t lsm_count_expiring(const struct lsm *lsm, uint8_t db)
{
    return lsm->expiring[db];
}

void lsm_average_ttl(const struct lsm *lsm, uint64_t now_ms, uint64_t out[LIMIT_DATABASES])
{
    (void)now_ms;
    memcpy(out, lsm->ttl_ms, sizeof lsm->ttl_ms);
}

void lsm_set_sync(struct lsm *lsm, enum lsm_sync sync)
{
    lsm->sync = sync;
}

const struct lsm_stats *lsm_stats(const struct lsm *lsm)
{
    return &lsm->stats;
}

const struct lsm_save *lsm_save(const struct lsm *lsm)
{
    return &lsm->save;
}

bool lsm_save_begin(struct lsm *lsm, unsigned keep)
{
    (void)keep;
    if (lsm->save.busy || lsm->state != LSM_READY)
        return false;
    lsm->save.busy = true;
    lsm->save.begun++;
    return true;
}

void lsm_set_room(struct lsm *lsm, uint64_t max, enum heat_policy policy, size_t heat_bytes)
{
    (void)lsm;
    (void)max;
    (void)policy;
    (void)heat_bytes;
}

bool lsm_full(const struct lsm *lsm)
{
    return lsm->full;
}

void node_listen(struct node *node, unsigned wanted)
{
    node->wanted = wanted;
}

void node_keep_still(struct node *node, bool still)
{
    node->still = still;
}

void node_await_expiry(struct node *node, uint8_t db, struct slice key)
{
    (void)db;
    (void)key;
    node->awaited++;
}

/* Nothing is fetched here. */
enum call_end node_run_again(struct node *node, struct call *c, struct fetch *f)
{
    (void)node;
    (void)f;
    return c->row->run(c);
}
