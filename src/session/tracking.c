/* tracking.c: the table of keys, and who tracks. */
#include "session/tracking.h"

#include <assert.h>

#include "base/hash.h"
#include "base/mem.h"
#include "session/invalidation.h"
#include "session/session.h"

enum {
    IDS_FIRST = 2,
    HEAP_OVERHEAD = 32,
    EVICT_AT_ONCE = 16,  /* for one that comes, should the bound have been lowered */
    TIDY_AT_ONCE = 5000, /* about a millisecond */
    MEMORY_SHARE = 8,    /* of maxmemory, the table may take one */
};

struct tracked {
    struct index_link link;
    struct list age;
    uint64_t epoch;
    uint64_t *ids;
    uint32_t count;
    uint32_t room;
    size_t len;
    uint8_t key[];
};

static struct tracked *tracked_of(struct index_link *link)
{
    return list_item(link, struct tracked, link);
}

static struct slice key_of(const struct tracked *k)
{
    return slice_of(k->key, k->len);
}

void tracking_init(struct tracking *t)
{
    *t = (struct tracking){ .bytes = 0 };
    list_init(&t->by_age);
    list_init(&t->prefixes);
    list_init(&t->in_order);
    list_init(&t->clients);
}

static size_t bytes_of(const struct tracked *k)
{
    return sizeof *k + k->len + k->room * sizeof *k->ids + HEAP_OVERHEAD;
}

static void drop(struct tracking *t, struct tracked *k)
{
    index_remove(&t->keys, &k->link);
    list_remove(&k->age);
    t->bytes -= bytes_of(k);
    t->items -= k->count;
    mem_free(k->ids);
    mem_free(k);
}

static struct tracked *oldest(const struct tracking *t)
{
    return list_empty(&t->by_age) ? NULL : list_item(t->by_age.next, struct tracked, age);
}

void tracking_deinit(struct tracking *t)
{
    assert(t->client_count == 0);
    while (!list_empty(&t->by_age))
        drop(t, oldest(t));
    invalidation_forget(t);
    index_deinit(&t->keys);
}

static struct tracked *find(const struct tracking *t, struct slice key, uint64_t hash)
{
    struct index_link *link = index_first(&t->keys, hash);

    while (link &&
           (tracked_of(link)->epoch != t->epoch || !slice_equal(key_of(tracked_of(link)), key)))
        link = index_again(link);
    return link ? tracked_of(link) : NULL;
}

/* Tells the key's clients, and forgets it; `id` has changed it. */
static void invalidate(struct instance *in, struct tracked *k, uint64_t id)
{
    if (k->epoch == in->tracking.epoch)
        invalidation_send(in, key_of(k), k->ids, k->count, id);
    drop(&in->tracking, k);
}

static bool too_many(const struct instance *in)
{
    const struct tracking *t = &in->tracking;
    uint64_t most = (uint64_t)in->options->tracking_table_max_keys;

    return (most && t->keys.count > most) || t->bytes > in->memory_max / MEMORY_SHARE;
}

static void make_room(struct instance *in, unsigned most)
{
    for (unsigned i = 0; i < most && too_many(in) && oldest(&in->tracking); i++)
        invalidate(in, oldest(&in->tracking), 0);
}

static void add_key(struct tracking *t, struct slice key, uint64_t hash)
{
    struct tracked *k = mem_alloc(sizeof *k + key.len);

    *k = (struct tracked){ .epoch = t->epoch, .len = key.len, .room = IDS_FIRST };
    k->ids = mem_alloc(IDS_FIRST * sizeof *k->ids);
    if (key.len)
        memcpy(k->key, key.data, key.len);
    index_add(&t->keys, &k->link, hash);
    list_push(&t->by_age, &k->age);
    t->bytes += bytes_of(k);
}

/* Ids rise, but for clients that read later than younger ones did. */
static void add_id(struct tracking *t, struct tracked *k, uint64_t id)
{
    uint32_t low = 0, high = k->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (k->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < k->count && k->ids[low] == id)
        return;
    if (k->count == k->room) {
        t->bytes += k->room * sizeof *k->ids;
        k->room *= 2;
        k->ids = mem_realloc(k->ids, k->room * sizeof *k->ids);
    }
    memmove(&k->ids[low + 1], &k->ids[low], (k->count - low) * sizeof *k->ids);
    k->ids[low] = id;
    k->count++;
    t->items++;
}

/* `given`: CLIENT CACHING came in front. */
static bool remembers(const struct tracker *k, bool given)
{
    return !k->bcast && !(k->opt_in && !given) && !(k->opt_out && given);
}

bool tracking_begins(struct session *s, const struct call *c)
{
    struct tracker *k = s->tracker;
    bool given = k->caching;

    /* What CLIENT CACHING has said in front of MULTI is said of the whole transaction. */
    if (s->multi ? strcmp(c->row->name, "discard") != 0 : strcmp(c->row->name, "multi") == 0)
        return false;
    if (strncmp(command_full_name(c->row), "client|", 7) != 0)
        k->caching = false;
    return (c->row->flags & CMD_READONLY) && remembers(k, given);
}

bool tracking_exec(struct session *s)
{
    bool given = s->tracker && s->tracker->caching;

    if (!s->tracker)
        return false;
    s->tracker->caching = false;
    return remembers(s->tracker, given);
}

void tracking_read(struct session *s, const struct call *c)
{
    struct instance *in = s->instance;
    uint32_t first, step, keys = command_keys(c->row, c->argc, &first, &step);

    for (uint32_t i = first; keys > 0; keys--, i += step) {
        uint64_t hash = hash_xxh3(c->argv[i]);
        struct tracked *k = find(&in->tracking, c->argv[i], hash);

        if (!k) {
            add_key(&in->tracking, c->argv[i], hash);
            make_room(in, EVICT_AT_ONCE);
            k = find(&in->tracking, c->argv[i], hash); /* it was the one, if there is no room */
            node_await_expiry(in->node, c->db, c->argv[i]);
        }
        if (k)
            add_id(&in->tracking, k, s->id);
    }
}

void tracking_changed(struct instance *in, struct slice key, uint64_t id)
{
    struct tracked *k = find(&in->tracking, key, hash_xxh3(key));

    if (k)
        invalidate(in, k, id);
    if (!list_empty(&in->tracking.prefixes))
        invalidation_note(&in->tracking, key, id);
}

void tracking_flushed(struct instance *in)
{
    in->tracking.epoch++;
    list_for_each (at, &in->tracking.clients)
        invalidation_send_all(list_item(at, struct tracker, all));
}

void tracking_tidy(struct instance *in)
{
    struct tracking *t = &in->tracking;

    for (unsigned i = 0; i < TIDY_AT_ONCE; i++) {
        struct tracked *k = oldest(t);
        if (!k || (t->client_count && k->epoch == t->epoch))
            break;
        drop(t, k);
    }
    make_room(in, TIDY_AT_ONCE);
}

struct tracker *tracking_on(struct session *s)
{
    struct tracking *t = &s->instance->tracking;
    struct tracker *k = s->tracker;

    if (k)
        return k;
    k = mem_zalloc(1, sizeof *k);
    k->session = s;
    list_init(&k->prefixes);
    list_push(&t->clients, &k->all);
    t->client_count++;
    s->tracker = k;
    s->special |= SESSION_TRACKING;
    instance_listen(s->instance);
    return k;
}

static size_t prefix_bytes(size_t len)
{
    return sizeof(struct prefix) + len + HEAP_OVERHEAD;
}

static const size_t prefixed_bytes = sizeof(struct prefixed) + HEAP_OVERHEAD;

size_t tracking_prefix_cost(size_t prefixes, size_t bytes)
{
    return prefixes * (prefix_bytes(0) + prefixed_bytes) + bytes;
}

static void leave(struct tracking *t, struct prefixed *m)
{
    list_remove(&m->of_prefix);
    list_remove(&m->of_tracker);
    t->prefix_bytes -= prefixed_bytes;
    if (list_empty(&m->prefix->members)) {
        list_remove(&m->prefix->link);
        t->prefix_count--;
        t->prefix_bytes -= prefix_bytes(m->prefix->len);
        mem_free(m->prefix);
    }
    mem_free(m);
}

void tracking_off(struct session *s)
{
    struct tracking *t = &s->instance->tracking;
    struct tracker *k = s->tracker;

    if (!k)
        return;
    while (!list_empty(&k->prefixes))
        leave(t, list_item(k->prefixes.next, struct prefixed, of_tracker));
    list_remove(&k->all);
    mem_free(k);
    t->client_count--;
    s->tracker = NULL;
    s->special &= ~(unsigned)SESSION_TRACKING;
    instance_listen(s->instance);
}

static struct prefix *find_prefix(const struct tracking *t, struct slice text)
{
    list_for_each (at, &t->prefixes) {
        struct prefix *p = list_item(at, struct prefix, link);
        if (slice_equal(slice_of(p->text, p->len), text))
            return p;
    }
    return NULL;
}

void tracking_add_prefix(struct tracker *k, struct slice text)
{
    struct tracking *t = &k->session->instance->tracking;
    struct prefix *p = find_prefix(t, text);
    struct prefixed *m = mem_alloc(sizeof *m);

    if (!p) {
        p = mem_alloc(sizeof *p + text.len);
        *p = (struct prefix){ .len = text.len };
        if (text.len)
            memcpy(p->text, text.data, text.len);
        list_init(&p->members);
        list_push(&t->prefixes, &p->link);
        t->prefix_count++;
        t->prefix_bytes += prefix_bytes(text.len);
    }
    t->prefix_bytes += prefixed_bytes;
    *m = (struct prefixed){ .prefix = p, .tracker = k };
    list_push(&p->members, &m->of_prefix);
    list_push(&k->prefixes, &m->of_tracker);
    k->prefix_count++;
}

bool tracking_check(const struct tracking *t)
{
    size_t keys = 0, items = 0, bytes = 0, prefixes = 0;

    list_for_each (at, &t->by_age) {
        const struct tracked *k = list_item(at, struct tracked, age);
        for (uint32_t i = 1; i < k->count; i++) {
            if (k->ids[i - 1] >= k->ids[i])
                return false;
        }
        keys++;
        items += k->count;
        bytes += bytes_of(k);
    }
    list_for_each (at, &t->prefixes) {
        const struct prefix *p = list_item(at, struct prefix, link);
        prefixes += prefix_bytes(p->len);
        list_for_each (member, &p->members)
            prefixes += prefixed_bytes;
    }
    return prefixes == t->prefix_bytes && keys == t->keys.count && items == t->items &&
           bytes == t->bytes && index_check(&t->keys);
}
