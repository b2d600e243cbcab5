/* cache.c: queues, an index over them, and lists by file.
 *
 *     insert -> SMALL --used again--> MAIN --used--> MAIN again
 *                 |                    |
 *                 +------ unused ------+--> LIMBO -> freed at the next turn
 *                                      '--> HELD while pinned, then LIMBO
 *
 * An entry's charge is what it really costs: the allocator's size for its bytes,
 * the entry, and its part of the index and the ghosts. */
#include "lsm/cache.h"

#include <assert.h>

#include "base/list.h"
#include "base/mem.h"
#include "lsm/cache_ghosts.h"
#include "lsm/cache_index.h"

enum {
    USES_MAX = 3,     /* two bits, as in the paper */
    USES_TO_MAIN = 2, /* in the small queue; one is often the same request again */
    BLOCK_EXPECTED = 4096,
    GONE_A_TURN = 256,             /* entries of forgotten files freed in one turn: tens of us */
    GIVE_A_TURN = 1024,            /* steps towards a smaller budget in one turn: 0.2 ms */
    GIVE_BYTES = 16 * 1024 * 1024, /* ... for large entries cost more */
    INDEX_CHARGE = 48,             /* two slots of the index, two ghosts */
};

enum place {
    SMALL,
    MAIN,
    HELD,  /* in no queue, and pinned */
    LIMBO, /* freed at the next turn; perhaps still to be found */
    PLACES,
};

/* Entries of one file, so that forgetting it costs nothing at once. */
struct cache_file {
    uint64_t id;
    struct list entries;
    struct list gone; /* in the share's list of forgotten files; else a ring of its own */
};

struct cache_entry {
    uint64_t file;
    uint64_t offset;
    uint8_t *bytes;
    size_t len;
    uint32_t pins;
    uint8_t place;
    uint8_t share;
    uint8_t uses;
    bool indexed;
    struct list link;    /* in its place; a ring of its own if HELD */
    struct list in_file; /* a ring of its own if its file was forgotten, or it is not indexed */
};

struct share {
    uint64_t budget; /* never less than what is in the queues */
    uint64_t target; /* what it is on its way down to; else the same */
    struct cache_index index;
    struct cache_index files;
    struct cache_ghosts ghosts;
    struct list lists[PLACES]; /* oldest first; none for HELD */
    uint64_t bytes[PLACES];    /* charges */
    uint64_t counts[PLACES];
    struct list gone; /* forgotten files that still have entries */
    struct cache_stats stats;
};

struct cache {
    struct share shares[CACHE_SHARES];
};

/* One to one, by splitmix64's last steps. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t hash_of(uint64_t file, uint64_t offset)
{
    return mix(offset + mix(file) * 0x9e3779b97f4a7c15u);
}

/* The allocator's size for `len`: sixteens, then four steps to each doubling. */
static uint64_t allocated(uint64_t len)
{
    uint64_t step = 16;

    if (len > 64)
        step = (uint64_t)1 << (61 - __builtin_clzll(len - 1));
    return len ? (len + step - 1) & ~(step - 1) : step;
}

static uint64_t charge_of(const struct cache_entry *e)
{
    return allocated(e->len) + allocated(sizeof *e) + INDEX_CHARGE;
}

/* --- places */

static void leave(struct share *s, struct cache_entry *e)
{
    list_remove(&e->link);
    s->bytes[e->place] -= charge_of(e);
    s->counts[e->place]--;
    s->stats.beyond = s->bytes[HELD] + s->bytes[LIMBO];
}

static void enter(struct share *s, struct cache_entry *e, enum place place)
{
    e->place = (uint8_t)place;
    if (place != HELD)
        list_push(&s->lists[place], &e->link);
    s->bytes[place] += charge_of(e);
    s->counts[place]++;
    s->stats.beyond = s->bytes[HELD] + s->bytes[LIMBO];
}

static void move(struct share *s, struct cache_entry *e, enum place place)
{
    leave(s, e);
    enter(s, e, place);
}

/* --- files */

static void file_add(struct share *s, struct cache_entry *e)
{
    uint64_t hash = mix(e->file); /* one to one: equal hashes are equal files */
    size_t at = (size_t)hash;
    struct cache_file *file = cache_index_next(&s->files, hash, &at);

    if (!file) {
        file = mem_alloc(sizeof *file);
        file->id = e->file;
        list_init(&file->entries);
        list_init(&file->gone);
        cache_index_add(&s->files, hash, file);
    }
    list_push(&file->entries, &e->in_file);
}

static void file_free(struct share *s, struct cache_file *file)
{
    if (list_empty(&file->gone))
        cache_index_remove(&s->files, mix(file->id), file);
    list_remove(&file->gone);
    mem_free(file);
}

static void file_remove(struct share *s, struct cache_entry *e)
{
    struct list *next = e->in_file.next;
    bool last = next == e->in_file.prev && next != &e->in_file;

    list_remove(&e->in_file);
    if (last && list_empty(next))
        file_free(s, list_item(next, struct cache_file, entries));
}

/* --- giving up */

static void unindex(struct share *s, struct cache_entry *e)
{
    if (!e->indexed)
        return;
    cache_index_remove(&s->index, hash_of(e->file, e->offset), e);
    file_remove(s, e);
    e->indexed = false;
}

/* Nobody finds it from here on, unless it is pinned: then until it is not. */
static void give_up(struct share *s, struct cache_entry *e)
{
    if (e->pins) {
        move(s, e, HELD);
        return;
    }
    unindex(s, e);
    move(s, e, LIMBO);
}

/* Entries the ghosts stand for: as many as the main queue has room for, which is
 * nine tenths of what there is. */
static size_t ghosts_length(const struct share *s)
{
    return (size_t)((s->counts[SMALL] + s->counts[MAIN]) * 9 / 10);
}

static void evict(struct share *s, struct cache_entry *e)
{
    s->stats.evictions++;
    give_up(s, e);
}

static void small_step(struct share *s)
{
    struct cache_entry *e = list_item(s->lists[SMALL].next, struct cache_entry, link);

    if (e->uses >= USES_TO_MAIN) {
        e->uses = 0;
        move(s, e, MAIN);
        return;
    }
    cache_ghosts_add(&s->ghosts, hash_of(e->file, e->offset), ghosts_length(s));
    evict(s, e);
}

static void main_step(struct share *s)
{
    struct cache_entry *e = list_item(s->lists[MAIN].next, struct cache_entry, link);

    if (e->uses > 0) {
        e->uses--;
        move(s, e, MAIN);
        return;
    }
    evict(s, e);
}

/* Takes one entry of a forgotten file; false if there is none. */
static bool gone_step(struct share *s)
{
    struct cache_file *file;
    struct cache_entry *e;

    if (list_empty(&s->gone))
        return false;
    file = list_item(s->gone.next, struct cache_file, gone);
    e = list_item(file->entries.next, struct cache_entry, in_file);
    /* A pinned one stays to be found; its file's struct does not wait for it. */
    if (e->place == SMALL || e->place == MAIN)
        give_up(s, e);
    file_remove(s, e);
    return true;
}

/* Takes an entry out, or moves it on to MAIN, or takes one of its uses; false if there is
 * none. */
static bool room_step(struct share *s)
{
    if (gone_step(s))
        return true;
    if (s->counts[SMALL] && (s->bytes[SMALL] > s->budget / 10 || !s->counts[MAIN]))
        small_step(s);
    else if (s->counts[MAIN])
        main_step(s);
    else
        return false;
    return true;
}

static uint64_t queued(const struct share *s)
{
    return s->bytes[SMALL] + s->bytes[MAIN];
}

/* Room in the queues for `need` more. */
static void make_room(struct share *s, uint64_t need)
{
    while (queued(s) + need > s->budget && room_step(s))
        ;
}

/* Some of the way to a budget that was made smaller. */
static void give_way(struct share *s)
{
    uint64_t before = queued(s);

    if (s->budget == s->target)
        return;
    for (unsigned n = 0; n < GIVE_A_TURN && queued(s) > s->target &&
                         before - queued(s) < GIVE_BYTES && room_step(s);
         n++)
        ;
    s->budget = queued(s) > s->target ? queued(s) : s->target;
}

/* --- public */

struct cache *cache_new(const uint64_t budget[CACHE_SHARES])
{
    struct cache *c = mem_zalloc(1, sizeof *c);

    for (unsigned i = 0; i < CACHE_SHARES; i++) {
        struct share *s = &c->shares[i];
        cache_index_init(&s->index, 0);
        cache_index_init(&s->files, 0);
        for (unsigned place = 0; place < PLACES; place++)
            list_init(&s->lists[place]);
        list_init(&s->gone);
        cache_set_budget(c, (enum cache_share)i, budget[i]);
    }
    return c;
}

static void limbo_free(struct share *s)
{
    list_for_each_safe (at, &s->lists[LIMBO]) {
        struct cache_entry *e = list_item(at, struct cache_entry, link);
        unindex(s, e);
        leave(s, e);
        s->stats.bytes -= charge_of(e);
        s->stats.entries--;
        mem_free(e->bytes);
        mem_free(e);
    }
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < CACHE_SHARES; i++) {
        struct share *s = &c->shares[i];
        assert(s->counts[HELD] == 0);
        for (unsigned place = SMALL; place <= MAIN; place++) {
            while (!list_empty(&s->lists[place]))
                give_up(s, list_item(s->lists[place].next, struct cache_entry, link));
        }
        limbo_free(s);
        assert(s->files.count == 0 && list_empty(&s->gone));
        cache_index_deinit(&s->index);
        cache_index_deinit(&s->files);
        cache_ghosts_deinit(&s->ghosts);
    }
    mem_free(c);
}

void cache_set_budget(struct cache *c, enum cache_share share, uint64_t budget)
{
    struct share *s = &c->shares[share];

    s->target = budget;
    if (s->budget < budget)
        s->budget = budget;
    else /* what is not in use goes at once */
        s->budget = queued(s) > budget ? queued(s) : budget;
    /* As many blocks as fit, so that no turn has to wait for the index to double. */
    cache_index_reserve(&s->index, (size_t)(budget / BLOCK_EXPECTED));
}

bool cache_gives_way(const struct cache *c)
{
    bool gives = false;

    for (unsigned i = 0; i < CACHE_SHARES; i++)
        gives |= c->shares[i].budget > c->shares[i].target;
    return gives;
}

static struct cache_entry *find(const struct share *s, uint64_t file, uint64_t offset)
{
    uint64_t hash = hash_of(file, offset);
    size_t at = (size_t)hash;
    struct cache_entry *e;

    do
        e = cache_index_next(&s->index, hash, &at);
    while (e && (e->file != file || e->offset != offset));
    return e;
}

const uint8_t *cache_find(struct cache *c, enum cache_share share, uint64_t file, uint64_t offset,
                          size_t *len)
{
    struct cache_entry *e = find(&c->shares[share], file, offset);

    if (e)
        return cache_use(c, e, len);
    c->shares[share].stats.misses++;
    return NULL;
}

struct cache_entry *cache_peek(const struct cache *c, enum cache_share share, uint64_t file,
                               uint64_t offset)
{
    return find(&c->shares[share], file, offset);
}

const uint8_t *cache_use(struct cache *c, struct cache_entry *e, size_t *len)
{
    c->shares[e->share].stats.hits++;
    if (e->pins == 0 && e->uses < USES_MAX)
        e->uses++;
    *len = e->len;
    return e->bytes;
}

void cache_prefetch(const struct cache *c, enum cache_share share, uint64_t file, uint64_t offset)
{
    cache_index_prefetch(&c->shares[share].index, hash_of(file, offset));
}

void cache_prefetch_entry(const struct cache *c, enum cache_share share, uint64_t file,
                          uint64_t offset)
{
    uint64_t hash = hash_of(file, offset);
    size_t at = (size_t)hash;
    const struct cache_entry *e = cache_index_next(&c->shares[share].index, hash, &at);

    if (e)
        __builtin_prefetch(e);
}

/* The place of an entry that is new, is not pinned and has just been made. */
static enum place place_of(struct share *s, const struct cache_entry *e)
{
    uint64_t charge = charge_of(e);

    if (charge > s->budget / 4)
        return LIMBO;
    make_room(s, charge);
    return cache_ghosts_take(&s->ghosts, hash_of(e->file, e->offset), ghosts_length(s)) ? MAIN
                                                                                        : SMALL;
}

struct cache_entry *cache_insert(struct cache *c, enum cache_share share, uint64_t file,
                                 uint64_t offset, uint8_t *bytes, size_t len, bool pin)
{
    struct share *s = &c->shares[share];
    struct cache_entry *e = find(s, file, offset);

    if (e) {
        mem_free(bytes);
    } else {
        e = mem_alloc(sizeof *e);
        *e = (struct cache_entry){ .file = file,
                                   .offset = offset,
                                   .bytes = bytes,
                                   .len = len,
                                   .share = (uint8_t)share,
                                   .indexed = true };
        list_init(&e->link);
        list_init(&e->in_file);
        enter(s, e, place_of(s, e));
        cache_index_add(&s->index, hash_of(file, offset), e);
        file_add(s, e);
        s->stats.inserts++;
        s->stats.bytes += charge_of(e);
        s->stats.entries++;
    }
    if (pin)
        cache_pin(c, e);
    return e;
}

void cache_pin(struct cache *c, struct cache_entry *e)
{
    e->pins++;
    if (e->place == LIMBO)
        move(&c->shares[e->share], e, HELD);
}

void cache_unpin(struct cache *c, struct cache_entry *e)
{
    assert(e->pins > 0);
    e->pins--;
    if (e->pins == 0 && e->place == HELD)
        give_up(&c->shares[e->share], e);
}

const uint8_t *cache_bytes(const struct cache_entry *e, size_t *len)
{
    *len = e->len;
    return e->bytes;
}

void cache_forget(struct cache *c, uint64_t file)
{
    for (unsigned i = 0; i < CACHE_SHARES; i++) {
        struct share *s = &c->shares[i];
        uint64_t hash = mix(file);
        size_t at = (size_t)hash;
        struct cache_file *f = cache_index_next(&s->files, hash, &at);
        if (!f)
            continue;
        cache_index_remove(&s->files, hash, f);
        list_push(&s->gone, &f->gone);
    }
}

void cache_turn(struct cache *c)
{
    for (unsigned i = 0; i < CACHE_SHARES; i++) {
        struct share *s = &c->shares[i];
        give_way(s);
        limbo_free(s);
        for (unsigned n = 0; n < GONE_A_TURN && gone_step(s); n++)
            ;
    }
}

const struct cache_stats *cache_stats(const struct cache *c, enum cache_share share)
{
    return &c->shares[share].stats;
}

static bool place_check(const struct share *s, enum place place)
{
    uint64_t bytes = 0, count = 0;

    list_for_each (at, &s->lists[place]) {
        const struct cache_entry *e = list_item(at, struct cache_entry, link);
        bool found = find(s, e->file, e->offset) == e;
        if (e->place != place || found != e->indexed || (place != LIMBO && !found))
            return false;
        if (place == LIMBO && e->pins)
            return false;
        bytes += charge_of(e);
        count++;
    }
    return place == HELD ? count == 0 : bytes == s->bytes[place] && count == s->counts[place];
}

static bool share_check(const struct share *s)
{
    uint64_t bytes = 0, count = 0;

    for (unsigned place = 0; place < PLACES; place++) {
        if (!place_check(s, (enum place)place))
            return false;
        bytes += s->bytes[place];
        count += s->counts[place];
    }
    return s->bytes[SMALL] + s->bytes[MAIN] <= s->budget && s->index.count <= count &&
           bytes == s->stats.bytes && count == s->stats.entries;
}

bool cache_check(const struct cache *c)
{
    return share_check(&c->shares[CACHE_BLOCKS]) && share_check(&c->shares[CACHE_VALUES]);
}
