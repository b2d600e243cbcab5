/* node_view.c: reads and writes of one call on the node's own store. */
#include "node/node_view.h"

#include <assert.h>

#include "base/mem.h"
#include "base/planted.h"
#include "base/wire.h"
#include "cmd/command.h"
#include "node/promised.h"

static void saw(struct node_view *v, uint64_t stamp)
{
    if (stamp > v->seen_stamp)
        v->seen_stamp = stamp;
}

static bool is_expired(const struct node_view *v, const struct cell *c)
{
    return cell_expired(c, v->now_us / 1000) && !PLANTED(return_expired);
}

void node_view_note_expired(struct node_view *v, const struct cell_key *key)
{
    const uint8_t *last = v->expired.data + v->expired_last;
    uint8_t *p;

    if (v->expired.len && last[0] == key->db &&
        slice_equal(slice_of(last + 5, wire_get32(last + 1)), key->key))
        return; /* the call has looked twice */
    v->expired_last = v->expired.len;
    p = buf_reserve(&v->expired, 5 + key->key.len);
    p[0] = key->db;
    wire_put32(p + 1, (uint32_t)key->key.len);
    v->expired.len += 5;
    buf_append(&v->expired, key->key);
}

static void note_expiry(struct node_view *v, const struct cell_key *key)
{
    if (v->events->wanted & EVENT_EXPIRED)
        events_note(v->events, NOTE_EVENT, key->db, slice_str("expired"), key->key);
}

/* `head` is as lsm_find() left it. */
static void note_want(struct node_view *v, const struct cell_key *key, enum want_kind kind,
                      const struct cell *head)
{
    bool known = head && (head->flags & (CELL_BLOB | CELL_PARTS));

    v->view.wanted += want_bytes(kind, known ? cell_value_length(head) : 0);
    if (v->want_count == v->want_cap) {
        v->want_cap = v->want_cap ? v->want_cap * 2 : 16;
        v->wants = mem_realloc(v->wants, v->want_cap * sizeof(struct want));
    }
    v->wants[v->want_count++] = (struct want){ *key, kind };
}

static enum view_answer view_find(struct view *view, const struct cell_key *key,
                                  enum want_kind kind, struct cell *out)
{
    struct node_view *v = (struct node_view *)view;
    enum lsm_answer answer = lsm_find(v->lsm, key, kind, out);

    saw(v, lsm_flushed(v->lsm, key->db));
    if (answer == LSM_HERE) {
        saw(v, out->stamp);
        if (!(out->flags & CELL_TOMBSTONE)) {
            if (!is_expired(v, out)) {
                v->hits++;
                if (v->touches)
                    lsm_touch(v->lsm, key->position);
                return VIEW_HERE;
            }
            node_view_note_expired(v, key);
        }
    } else if (answer == LSM_WANT) {
        note_want(v, key, kind, out);
        return VIEW_WANT;
    }
    v->misses++;
    return VIEW_ABSENT;
}

void node_view_want_keys(struct node_view *v, const struct call *c)
{
    size_t noted = v->want_count, next = 0;
    uint32_t first, step, keys = command_keys(c->row, c->argc, &first, &step);

    for (uint32_t i = first; keys > 0; keys--, i += step) {
        if (c->want_max && v->view.wanted > c->want_max)
            return; /* the rest another time */
        struct cell_key key = cell_head_key(c->db, c->argv[i]);
        struct cell head;

        /* The run's own wants mostly come in the order of the arguments. */
        if (next < noted && slice_equal(v->wants[next].key.key, key.key))
            next++;
        else if (lsm_find(v->lsm, &key, WANT_CELL, &head) == LSM_WANT)
            note_want(v, &key, WANT_CELL, &head);
    }
}

/* One stamp a request; a flush takes one of its own, so that what the same
 * request puts behind it is not hidden by it. */
static uint64_t next_stamp(struct node_view *v)
{
    uint64_t last = lsm_last_stamp(v->lsm);
    return v->now_us > last ? v->now_us : last + 1;
}

static inline void put_cell(struct node_view *v, const struct cell *cell)
{
    struct cell stamped = *cell;

    if (!v->stamp)
        v->stamp = next_stamp(v);
    stamped.stamp = v->stamp;
    stamped.origin = v->origin;
    lsm_put(v->lsm, &stamped);
    v->written++;
    if ((v->events->wanted & EVENT_CHANGES) && cell->key.kind == CELL_HEAD)
        events_note(v->events, NOTE_CHANGED, cell->key.db, slice_of(NULL, 0), cell->key.key);
}

static void view_put(struct view *view, const struct cell *cell)
{
    struct node_view *v = (struct node_view *)view;

    put_cell(v, cell);
    if (v->watches.count)
        watches_touch(&v->watches, &cell->key);
}

static bool view_may_put(struct view *view, size_t bytes)
{
    struct lsm *lsm = ((struct node_view *)view)->lsm;

    return lsm_can_put(lsm, bytes) && !lsm_full(lsm);
}

static void view_flush(struct view *view, uint8_t db)
{
    struct node_view *v = (struct node_view *)view;

    lsm_flush(v->lsm, db, next_stamp(v));
    watches_flush(&v->watches, db);
    v->stamp = 0;
    v->written++;
    if (v->events->wanted & EVENT_CHANGES)
        events_note(v->events, NOTE_FLUSHED, db, slice_of(NULL, 0), slice_of(NULL, 0));
}

static bool view_count(struct view *view, uint8_t db, uint64_t *out)
{
    struct node_view *v = (struct node_view *)view;

    saw(v, lsm_last_stamp(v->lsm));
    *out = lsm_count(v->lsm, db);
    return true;
}

static void view_use(struct view *view, uint64_t position, struct key_use *out)
{
    lsm_use(((struct node_view *)view)->lsm, position, out);
}

static bool view_firm(struct view *view, const struct cell *head)
{
    return lsm_firm(((struct node_view *)view)->lsm, head);
}

static bool view_promise(struct view *view, const struct cell *head, size_t first, size_t len,
                         struct reply *reply)
{
    return promised_value(((struct node_view *)view)->lsm, head, first, len, reply);
}

struct walk {
    struct node_view *v;
    bool (*each)(void *arg, const struct cell *cell);
    void *arg;
    uint64_t *next;
    uint64_t prefix; /* top 52 bits of the last cell's position */
    size_t *visits;  /* left */
    uint8_t db;
};

static bool walk_cell(void *arg, const uint8_t *encoded, bool visible)
{
    struct walk *w = arg;
    struct cell c;
    uint64_t position = cell_encoded_position(encoded);

    if (*w->visits == 0 && position >> 12 != w->prefix) {
        *w->next = position;
        return false;
    }
    w->prefix = position >> 12;
    if (*w->visits)
        --*w->visits;
    if (!visible) /* flushed: nobody's, but passed */
        return true;
    cell_decode(encoded, &c);
    if (c.key.db != w->db || c.key.kind != CELL_HEAD || (c.flags & CELL_TOMBSTONE))
        return true;
    if (is_expired(w->v, &c)) {
        node_view_note_expired(w->v, &c.key);
        return true;
    }
    if (w->each(w->arg, &c))
        return true;
    *w->next = position;
    return false;
}

static enum view_walk_end view_walk(struct view *view, uint8_t db, uint64_t from, size_t *visits,
                                    bool (*each)(void *arg, const struct cell *cell), void *arg,
                                    uint64_t *next)
{
    struct node_view *v = (struct node_view *)view;
    struct walk w = { .v = v,
                      .each = each,
                      .arg = arg,
                      .next = next,
                      .prefix = UINT64_MAX,
                      .visits = visits,
                      .db = db };
    uint64_t at = 0;

    saw(v, lsm_last_stamp(v->lsm));
    switch (lsm_walk(v->lsm, from, walk_cell, &w, &at)) {
    case LSM_WALK_END:
        return VIEW_WALK_END;
    case LSM_WALK_STOPPED:
        return VIEW_WALK_STOPPED;
    case LSM_WALK_WANT:
        break;
    }
    *next = at;
    note_want(v, &(struct cell_key){ .position = at, .db = db }, WANT_WALK, NULL);
    return VIEW_WALK_WANT;
}

void node_view_init(struct node_view *v, struct lsm *lsm, struct events *events, uint32_t origin)
{
    *v = (struct node_view){
        .view = { .find = view_find,
                  .firm = view_firm,
                  .promise = view_promise,
                  .may_put = view_may_put,
                  .put = view_put,
                  .flush = view_flush,
                  .count = view_count,
                  .walk = view_walk,
                  .use = view_use },
        .lsm = lsm,
        .events = events,
        .origin = origin,
    };
}

void node_view_deinit(struct node_view *v)
{
    buf_deinit(&v->expired);
    mem_free(v->wants);
    watches_deinit(&v->watches);
}

void node_view_begin(struct node_view *v, uint64_t now_us)
{
    v->now_us = now_us;
    v->stamp = 0;
    v->seen_stamp = 0;
    v->written = 0;
    v->want_count = 0;
    v->view.wanted = 0;
    v->expired.len = 0;
    v->unburied = false;
}

/* Whether it has expired, and is still there to be buried; what the call itself has put
 * in its place comes after its expiry. */
static bool to_bury(struct node_view *v, const struct cell_key *key)
{
    struct cell c;

    switch (lsm_find(v->lsm, key, WANT_CELL, &c)) {
    case LSM_ABSENT: /* the call itself has flushed it away */
        return false;
    case LSM_HERE:
        if (c.flags & CELL_TOMBSTONE)
            return false;
        if (cell_expired(&c, v->now_us / 1000))
            return true;
        note_expiry(v, key);
        return false;
    case LSM_WANT: /* it has left the cache: nothing in memory has replaced it */
        break;
    }
    return true;
}

uint64_t node_view_bury(struct node_view *v)
{
    uint64_t buried = 0;

    if (PLANTED(expire_not_logged))
        return 0;
    for (size_t at = 0; at < v->expired.len;) {
        const uint8_t *p = v->expired.data + at;
        size_t len = wire_get32(p + 1);
        struct cell_key key = cell_head_key(p[0], slice_of(p + 5, len));

        at += 5 + len;
        if (!to_bury(v, &key))
            continue;
        if (!lsm_can_put(v->lsm, CELL_FIXED_SIZE + len + 8)) {
            v->unburied = true;
            break;
        }
        put_cell(v, &(struct cell){ .key = key, .flags = CELL_TOMBSTONE });
        note_expiry(v, &key);
        buried++;
    }
    return buried;
}
