/* fake_view.c: a sorted array that lends copies and spoils them. */
#include "unit/cmd/fake_view.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/wire.h"

static struct fake_view *fake_of(struct view *view)
{
    return (struct fake_view *)(void *)view;
}

/* Where `key` is or belongs. */
static size_t place_of(const struct fake_view *f, const struct cell_key *key, bool *here)
{
    size_t i = 0;
    *here = false;
    for (; i < f->count; i++) {
        struct cell c;
        cell_decode(f->cells[i], &c);
        int order = cell_key_compare(&c.key, key);
        *here = order == 0;
        if (order >= 0)
            break;
    }
    return i;
}

/* Borrowed bytes turn into garbage, which the sanitizer and the eye notice. */
static void spoil_lent(struct fake_view *f)
{
    for (size_t i = 0; i < f->lent_count; i++)
        memset(f->lent[i].cell, 0xee, f->lent[i].size);
}

static void free_lent(struct fake_view *f)
{
    for (size_t i = 0; i < f->lent_count; i++)
        mem_free(f->lent[i].cell);
    f->lent_count = 0;
}

static bool live(const struct fake_view *f, const struct cell *c)
{
    return !(c->flags & CELL_TOMBSTONE) && !cell_expired(c, f->now_ms);
}

enum { ASKED_VALUE = 0x80 };

/* True the first time; of a large value, and of its head before, one time each. */
static bool ask(struct fake_view *f, const struct cell_key *key, bool value)
{
    const uint8_t *p = f->asked.data;
    const uint8_t *end = p ? p + f->asked.len : NULL;
    while (p < end) {
        struct slice old = slice_of(p + 5, wire_get32(p + 1));
        if ((p[0] & ~ASKED_VALUE) == key->db && slice_equal(old, key->key) &&
            (!value || (p[0] & ASKED_VALUE)))
            return false;
        p += 5 + old.len;
    }
    buf_append_byte(&f->asked, (uint8_t)(key->db | (value ? ASKED_VALUE : 0)));
    wire_put32(buf_reserve(&f->asked, 4), (uint32_t)key->key.len);
    f->asked.len += 4;
    buf_append(&f->asked, key->key);
    return true;
}

/* The cell as a table has it, without the bytes. */
static void take_bytes(struct fake_view *f, struct cell *c)
{
    struct blob_ref ref = { .file = 1, .length = (uint32_t)c->value.len };
    uint8_t *bytes = mem_alloc(BLOB_REF_SIZE);

    assert(f->lent_count < FAKE_CELLS);
    blob_ref_put(bytes, &ref);
    f->lent[f->lent_count].cell = bytes;
    f->lent[f->lent_count++].size = BLOB_REF_SIZE;
    c->value = slice_of(bytes, BLOB_REF_SIZE);
    c->flags |= CELL_BLOB;
}

static enum view_answer find(struct view *view, const struct cell_key *key, enum want_kind kind,
                             struct cell *out)
{
    struct fake_view *f = fake_of(view);
    bool value = kind != WANT_CELL;
    struct cell_key right = cell_head_key(key->db, key->key);
    assert(key->position == right.position && key->kind == CELL_HEAD && key->subkey.len == 0);
    f->finds++;
    bool here;
    size_t i = place_of(f, key, &here);
    bool large = false;
    if (here) {
        cell_decode(f->cells[i], out);
        large = out->value.len >= FAKE_LARGE;
    }
    if (f->wanting && ask(f, key, value && large))
        return VIEW_WANT;
    if (!here)
        return VIEW_ABSENT;
    cell_decode(f->cells[i], out);
    if (!live(f, out))
        return VIEW_ABSENT;
    assert(f->lent_count < FAKE_CELLS);
    size_t size = cell_encoded_size(f->cells[i]);
    uint8_t *copy = mem_alloc(size);
    memcpy(copy, f->cells[i], size);
    f->lent[f->lent_count].cell = copy;
    f->lent[f->lent_count++].size = size;
    cell_decode(copy, out);
    if (large && !value)
        take_bytes(f, out);
    return VIEW_HERE;
}

static void put(struct view *view, const struct cell *cell)
{
    struct fake_view *f = fake_of(view);
    struct cell_key right = cell_head_key(cell->key.db, cell->key.key);
    assert(cell_key_compare(&cell->key, &right) == 0);
    f->puts++;
    spoil_lent(f);
    struct cell stamped = *cell;
    stamped.stamp = f->puts;
    uint8_t *bytes = mem_alloc(cell_size(&stamped));
    cell_encode(&stamped, bytes);
    free_lent(f);
    bool here;
    cell_decode(bytes, &stamped);
    size_t i = place_of(f, &stamped.key, &here);
    if (here) {
        mem_free(f->cells[i]);
    } else {
        assert(f->count < FAKE_CELLS);
        memmove(&f->cells[i + 1], &f->cells[i], (f->count - i) * sizeof(f->cells[0]));
        f->count++;
    }
    f->cells[i] = bytes;
}

static void flush(struct view *view, uint8_t db)
{
    struct fake_view *f = fake_of(view);
    spoil_lent(f);
    free_lent(f);
    f->puts++;
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++) {
        struct cell c;
        cell_decode(f->cells[i], &c);
        if (db == CELL_DB_ALL || c.key.db == db)
            mem_free(f->cells[i]);
        else
            f->cells[kept++] = f->cells[i];
    }
    f->count = kept;
}

static bool count(struct view *view, uint8_t db, uint64_t *out)
{
    struct fake_view *f = fake_of(view);
    uint64_t n = 0;
    for (size_t i = 0; i < f->count; i++) {
        struct cell c;
        cell_decode(f->cells[i], &c);
        n += c.key.db == db && live(f, &c);
    }
    *out = n;
    return true;
}

/* In wanting mode a few heads from the position asked for come to hand. */
static bool walk_lacks(struct fake_view *f, size_t i, uint64_t position)
{
    if (!f->wanting || (f->horizon && position < f->horizon))
        return false;
    struct cell c = { .key = { .position = UINT64_MAX } };
    if (i + FAKE_WALK < f->count)
        cell_decode(f->cells[i + FAKE_WALK], &c);
    f->horizon = c.key.position;
    return true;
}

static enum view_walk_end walk(struct view *view, uint8_t db, uint64_t from, size_t *visits,
                               bool (*each)(void *arg, const struct cell *cell), void *arg,
                               uint64_t *next)
{
    struct fake_view *f = fake_of(view);
    uint64_t prefix = from >> 12;
    f->visited = 0;
    for (size_t i = 0; i < f->count; i++) {
        struct cell c;
        cell_decode(f->cells[i], &c);
        if (c.key.position < from)
            continue;
        *next = c.key.position;
        if (*visits == 0 && c.key.position >> 12 != prefix)
            return VIEW_WALK_STOPPED;
        if (walk_lacks(f, i, c.key.position))
            return VIEW_WALK_WANT;
        prefix = c.key.position >> 12;
        f->visited++;
        *visits -= *visits > 0;
        if (c.value.len >= FAKE_LARGE)
            take_bytes(f, &c);
        if (c.key.db == db && live(f, &c) && !each(arg, &c))
            return VIEW_WALK_STOPPED;
    }
    return VIEW_WALK_END;
}

static bool may_put(struct view *view, size_t bytes)
{
    (void)bytes;
    return !fake_of(view)->refuses;
}

static void use(struct view *view, uint64_t position, struct key_use *out)
{
    (void)position;
    *out = fake_of(view)->use;
}

void fake_view_init(struct fake_view *f)
{
    memset(f, 0, sizeof(*f));
    f->view = (struct view){
        .find = find,
        .may_put = may_put,
        .put = put,
        .flush = flush,
        .count = count,
        .walk = walk,
        .use = use,
    };
    f->use.tracks_idle = true;
}

void fake_view_deinit(struct fake_view *f)
{
    free_lent(f);
    for (size_t i = 0; i < f->count; i++)
        mem_free(f->cells[i]);
    buf_deinit(&f->asked);
}

void fake_view_begin(struct fake_view *f)
{
    f->asked.len = 0;
    f->horizon = 0;
    free_lent(f);
}

void fake_view_put(struct fake_view *f, uint8_t db, const char *key, uint8_t type,
                   const char *value)
{
    struct cell c = { .key = cell_head_key(db, slice_str(key)),
                      .type = type,
                      .value = slice_str(value) };
    put(&f->view, &c);
}

bool fake_view_get(struct fake_view *f, uint8_t db, const char *key, struct cell *out)
{
    struct cell_key k = cell_head_key(db, slice_str(key));
    bool wanting = f->wanting;
    f->wanting = false;
    enum view_answer answer = find(&f->view, &k, true, out);
    f->wanting = wanting;
    return answer == VIEW_HERE;
}

bool fake_view_deleted(struct fake_view *f, uint8_t db, const char *key)
{
    struct cell_key k = cell_head_key(db, slice_str(key));
    struct cell c;
    bool here;
    size_t i = place_of(f, &k, &here);
    if (!here)
        return false;
    cell_decode(f->cells[i], &c);
    return c.flags & CELL_TOMBSTONE;
}
