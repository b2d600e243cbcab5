/* sim_inode.c: bytes and names, now and after a power loss. */
#include "sim/sim_inode.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum sector_state {
    SECTOR_CLEAN,
    SECTOR_DIRTY,
    SECTOR_LOST,
};

/* How a power loss treats the sectors of one file. */
enum loss {
    LOSS_ALL,    /* nothing that was not synced survives */
    LOSS_NONE,   /* everything happened to be written */
    LOSS_PREFIX, /* writing had come so far */
    LOSS_SUFFIX, /* ... from the other end */
    LOSS_SECTORS,
    LOSS_PAGES,
    LOSS_KINDS,
};

static void make_room(struct sim_inode *f, size_t len)
{
    size_t cap = f->cap ? f->cap : SIM_PAGE;

    if (len <= f->cap)
        return;
    while (cap < len)
        cap *= 2;
    f->now = mem_realloc(f->now, cap);
    f->kept = mem_realloc(f->kept, cap);
    f->sectors = mem_realloc(f->sectors, cap / SIM_SECTOR);
    f->cached = mem_realloc(f->cached, cap / SIM_PAGE);
    memset(f->now + f->cap, 0, cap - f->cap);
    memset(f->kept + f->cap, 0, cap - f->cap);
    memset(f->sectors + f->cap / SIM_SECTOR, SECTOR_CLEAN, (cap - f->cap) / SIM_SECTOR);
    memset(f->cached + f->cap / SIM_PAGE, 0, (cap - f->cap) / SIM_PAGE);
    f->cap = cap;
}

static void keep_sector(struct sim_inode *f, size_t s)
{
    memcpy(f->kept + s * SIM_SECTOR, f->now + s * SIM_SECTOR, SIM_SECTOR);
    f->sectors[s] = SECTOR_CLEAN;
}

/* What was to be in the sector is gone; sometimes rubbish is there instead, but
 * never in bytes that were not being changed. */
static bool lose_sector(struct sim_inode *f, size_t s, struct prng *prng, struct sim_counts *counts)
{
    uint8_t *kept = f->kept + s * SIM_SECTOR;
    const uint8_t *now = f->now + s * SIM_SECTOR;
    bool differs = memcmp(kept, now, SIM_SECTOR) != 0;

    if (f->sectors[s] != SECTOR_DIRTY || !differs || !prng_one_in(prng, 16))
        return differs;
    for (size_t i = 0; i < SIM_SECTOR; i++) {
        if (kept[i] != now[i] && prng_one_in(prng, 16))
            kept[i] = (uint8_t)prng_next(prng);
    }
    counts->n[COUNT_FLIP_LOST]++;
    return true;
}

struct sim_inode *sim_inode_new(bool is_dir)
{
    struct sim_inode *f = mem_zalloc(1, sizeof *f);

    f->is_dir = is_dir;
    return f;
}

void sim_inode_free(struct sim_inode *f)
{
    mem_free(f->now);
    mem_free(f->kept);
    mem_free(f->sectors);
    mem_free(f->cached);
    mem_free(f->names.items);
    mem_free(f->kept_names.items);
    mem_free(f->ops);
    mem_free(f);
}

void sim_inode_cache(struct sim_inode *f, uint64_t offset, size_t len)
{
    for (size_t p = (size_t)offset / SIM_PAGE; p * SIM_PAGE < offset + len; p++)
        f->cached[p] = 1;
}

void sim_inode_evict(struct sim_inode *f, struct prng *prng)
{
    for (size_t p = 0; p < f->cap / SIM_PAGE; p++) {
        if (prng_one_in(prng, 2))
            f->cached[p] = 0;
    }
}

size_t sim_inode_cached(const struct sim_inode *f, uint64_t offset, size_t len)
{
    uint64_t at = offset;
    uint64_t end = offset + len < f->now_len ? offset + len : f->now_len;

    while (at < end && f->cached[at / SIM_PAGE])
        at = (at / SIM_PAGE + 1) * SIM_PAGE;
    if (at > end)
        at = end;
    return at > offset ? (size_t)(at - offset) : 0;
}

void sim_inode_write(struct sim_inode *f, uint64_t offset, struct slice bytes)
{
    size_t end = (size_t)offset + bytes.len;

    if (bytes.len == 0)
        return;
    make_room(f, end);
    memcpy(f->now + offset, bytes.data, bytes.len);
    for (size_t s = (size_t)offset / SIM_SECTOR; s * SIM_SECTOR < end; s++)
        f->sectors[s] = SECTOR_DIRTY;
    if (end > f->now_len)
        f->now_len = end;
    sim_inode_cache(f, offset, bytes.len);
}

void sim_inode_resize(struct sim_inode *f, uint64_t len)
{
    size_t to = (size_t)len;

    make_room(f, to);
    if (to < f->now_len) {
        memset(f->now + to, 0, f->now_len - to);
        for (size_t s = to / SIM_SECTOR; s * SIM_SECTOR < f->now_len; s++)
            f->sectors[s] = SECTOR_DIRTY;
    }
    f->now_len = to;
}

void sim_inode_sync(struct sim_inode *f)
{
    for (size_t s = 0; s < f->cap / SIM_SECTOR; s++) {
        if (f->sectors[s] == SECTOR_DIRTY)
            keep_sector(f, s);
    }
    f->kept_len = f->now_len;
}

void sim_inode_write_back(struct sim_inode *f, struct prng *prng)
{
    for (size_t s = 0; s < f->cap / SIM_SECTOR; s++) {
        if (f->sectors[s] == SECTOR_DIRTY && prng_one_in(prng, 2))
            keep_sector(f, s);
    }
}

void sim_inode_fail_sync(struct sim_inode *f, struct prng *prng)
{
    uint64_t survive = prng_below(prng, 4);

    for (size_t s = 0; s < f->cap / SIM_SECTOR; s++) {
        if (f->sectors[s] != SECTOR_DIRTY)
            continue;
        if (prng_below(prng, 4) < survive)
            keep_sector(f, s);
        else
            f->sectors[s] = SECTOR_LOST;
    }
}

static size_t count_dirty(const struct sim_inode *f)
{
    size_t dirty = 0;

    for (size_t s = 0; s < f->cap / SIM_SECTOR; s++)
        dirty += f->sectors[s] == SECTOR_DIRTY;
    return dirty;
}

static bool survives(enum loss loss, size_t nth, size_t turn, bool page, struct prng *prng)
{
    switch (loss) {
    case LOSS_ALL:
        return false;
    case LOSS_NONE:
        return true;
    case LOSS_PREFIX:
        return nth < turn;
    case LOSS_SUFFIX:
        return nth >= turn;
    case LOSS_SECTORS:
        return prng_one_in(prng, 2);
    case LOSS_PAGES:
    case LOSS_KINDS:
        break;
    }
    return page;
}

/* The length is a number in a journal of its own, and may be old, new or between. */
static void lose_length(struct sim_inode *f, struct prng *prng)
{
    if (f->kept_len != f->now_len) {
        switch (prng_below(prng, 3)) {
        case 0:
            break;
        case 1:
            f->kept_len = f->now_len;
            break;
        default:
            if (f->kept_len < f->now_len)
                f->kept_len += (size_t)prng_below(prng, f->now_len - f->kept_len + 1);
        }
    }
    if (f->kept_len < f->cap)
        memset(f->kept + f->kept_len, 0, f->cap - f->kept_len);
    f->now_len = f->kept_len;
}

bool sim_inode_power_loss(struct sim_inode *f, struct prng *prng, struct sim_counts *counts)
{
    enum loss loss = (enum loss)prng_below(prng, LOSS_KINDS);
    size_t turn = (size_t)prng_below(prng, count_dirty(f) + 1);
    size_t nth = 0;
    bool page = false;
    bool lost = false;

    if (loss == LOSS_NONE && prng_one_in(prng, 2))
        loss = LOSS_ALL;
    for (size_t s = 0; s < f->cap / SIM_SECTOR; s++) {
        if (s % (SIM_PAGE / SIM_SECTOR) == 0)
            page = prng_one_in(prng, 2);
        if (f->sectors[s] == SECTOR_CLEAN)
            continue;
        if (f->sectors[s] == SECTOR_DIRTY && survives(loss, nth++, turn, page, prng))
            keep_sector(f, s);
        else
            lost = lose_sector(f, s, prng, counts) || lost;
    }
    lose_length(f, prng);
    if (f->cap) {
        memcpy(f->now, f->kept, f->cap);
        memset(f->sectors, SECTOR_CLEAN, f->cap / SIM_SECTOR);
        memset(f->cached, 0, f->cap / SIM_PAGE);
    }
    return lost;
}

struct sim_inode *sim_names_find(const struct sim_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].name, name) == 0)
            return names->items[i].inode;
    }
    return NULL;
}

static void names_remove(struct sim_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->items[i].name, name) == 0) {
            names->items[i] = names->items[--names->count];
            return;
        }
    }
}

static void names_set(struct sim_names *names, const char *name, struct sim_inode *inode)
{
    names_remove(names, name);
    names->items = mem_realloc(names->items, (names->count + 1) * sizeof *names->items);
    snprintf(names->items[names->count].name, SIM_NAME, "%s", name);
    names->items[names->count++].inode = inode;
}

static void names_apply(struct sim_names *names, const struct sim_name_op *op)
{
    if (op->from[0])
        names_remove(names, op->from);
    if (op->to[0])
        names_set(names, op->to, op->inode);
}

static void names_copy(struct sim_names *to, const struct sim_names *from)
{
    to->count = from->count;
    to->items = mem_realloc(to->items, from->count * sizeof *to->items);
    if (from->count)
        memcpy(to->items, from->items, from->count * sizeof *to->items);
}

void sim_inode_name(struct sim_inode *dir, const char *from, const char *to,
                    struct sim_inode *inode)
{
    struct sim_name_op *op;

    assert(dir->is_dir);
    dir->ops = mem_realloc(dir->ops, (dir->op_count + 1) * sizeof *dir->ops);
    op = &dir->ops[dir->op_count++];
    *op = (struct sim_name_op){ .inode = inode };
    snprintf(op->from, SIM_NAME, "%s", from);
    snprintf(op->to, SIM_NAME, "%s", to);
    names_apply(&dir->names, op);
}

void sim_inode_sync_names(struct sim_inode *dir)
{
    names_copy(&dir->kept_names, &dir->names);
    dir->op_count = 0;
}

void sim_inode_power_loss_names(struct sim_inode *dir, struct prng *prng, struct sim_counts *counts)
{
    bool ordered = prng_one_in(prng, 2);
    size_t turn = (size_t)prng_below(prng, dir->op_count + 1);

    for (size_t i = 0; i < dir->op_count; i++) {
        if (ordered ? i < turn : prng_one_in(prng, 2))
            names_apply(&dir->kept_names, &dir->ops[i]);
        else
            counts->n[COUNT_NAME_LOST]++;
    }
    names_copy(&dir->names, &dir->kept_names);
    dir->op_count = 0;
}
