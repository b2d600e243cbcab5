/* overlay_test.c: reads through an overlay are what they would be had its writes been
 * done, and until it is settled nothing was. */
#include "cmd/overlay.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "cell/position.h"
#include "unit/cmd/fake_view.h"

enum { KEYS = 40, DBS = 2, NOW_MS = 1000 };

struct bench {
    struct fake_view base;
    struct fake_view model; /* what the base should look like, had all been put at once */
    struct overlay overlay;
};

static void begin(struct bench *b, size_t bytes_max)
{
    fake_view_init(&b->base);
    fake_view_init(&b->model);
    b->base.now_ms = b->model.now_ms = NOW_MS;
    overlay_init(&b->overlay, &b->base.view, NOW_MS, bytes_max);
}

static void end(struct bench *b)
{
    overlay_deinit(&b->overlay);
    fake_view_deinit(&b->base);
    fake_view_deinit(&b->model);
}

static struct cell cell_of(uint8_t db, const char *name, const char *value)
{
    return (struct cell){ .key = cell_head_key(db, slice_str(name)),
                          .type = CELL_STRING,
                          .value = slice_str(value) };
}

static void put(struct view *view, uint8_t db, const char *name, const char *value)
{
    struct cell c = cell_of(db, name, value);

    view->put(view, &c);
}

static void delete (struct view *view, uint8_t db, const char *name)
{
    struct cell c = { .key = cell_head_key(db, slice_str(name)), .flags = CELL_TOMBSTONE };

    view->put(view, &c);
}

/* The value seen, or NULL. */
static const char *seen(struct view *view, uint8_t db, const char *name)
{
    static char text[64];
    struct cell_key key = cell_head_key(db, slice_str(name));
    struct cell c;

    if (view->find(view, &key, WANT_VALUE, &c) != VIEW_HERE)
        return NULL;
    memcpy(text, c.value.data, c.value.len);
    text[c.value.len] = '\0';
    return text;
}

struct found {
    struct buf names;
    size_t most; /* heads after which it stops; 0: none */
    size_t count;
};

static bool take_name(void *arg, const struct cell *c)
{
    struct found *f = arg;

    buf_append(&f->names, c->key.key);
    buf_append_byte(&f->names, '=');
    buf_append(&f->names, c->value);
    buf_append_byte(&f->names, ' ');
    return ++f->count != f->most;
}

/* All that a walk sees, in slices of `visits`. */
static void walk(struct view *view, uint8_t db, size_t visits, struct found *f)
{
    enum view_walk_end end = VIEW_WALK_STOPPED;
    uint64_t next = 0;

    while (end == VIEW_WALK_STOPPED) {
        size_t left = visits;
        uint64_t from = next;

        end = view->walk(view, db, from, &left, take_name, f, &next);
        cr_assert(end == VIEW_WALK_END || next > from || visits == 0);
    }
    cr_assert_eq(end, VIEW_WALK_END);
}

Test(overlay, what_is_put_is_seen_at_once_and_not_below)
{
    struct bench b;

    begin(&b, 1 << 20);
    put(&b.base.view, 0, "k", "old");
    put(&b.overlay.view, 0, "k", "new");
    cr_expect_str_eq(seen(&b.overlay.view, 0, "k"), "new");
    cr_expect_str_eq(seen(&b.base.view, 0, "k"), "old");
    delete (&b.overlay.view, 0, "k");
    cr_expect_null(seen(&b.overlay.view, 0, "k"));
    cr_expect_str_eq(seen(&b.base.view, 0, "k"), "old");
    overlay_settle(&b.overlay);
    cr_expect_null(seen(&b.base.view, 0, "k"));
    end(&b);
}

Test(overlay, what_is_cleared_was_never_put)
{
    struct bench b;

    begin(&b, 1 << 20);
    put(&b.base.view, 0, "k", "old");
    put(&b.overlay.view, 0, "k", "new");
    b.overlay.view.flush(&b.overlay.view, CELL_DB_ALL);
    cr_expect_null(seen(&b.overlay.view, 0, "k"));
    overlay_clear(&b.overlay);
    cr_expect_str_eq(seen(&b.overlay.view, 0, "k"), "old");
    overlay_settle(&b.overlay);
    cr_expect_str_eq(seen(&b.base.view, 0, "k"), "old");
    cr_expect_eq(b.base.puts, 1u);
    end(&b);
}

Test(overlay, what_it_holds_expires)
{
    struct bench b;
    struct cell c = cell_of(0, "k", "v");

    begin(&b, 1 << 20);
    c.flags = CELL_EXPIRES;
    c.expire_ms = NOW_MS;
    b.overlay.view.put(&b.overlay.view, &c);
    cr_expect_null(seen(&b.overlay.view, 0, "k"));
    c.expire_ms = NOW_MS + 1;
    b.overlay.view.put(&b.overlay.view, &c);
    cr_expect_str_eq(seen(&b.overlay.view, 0, "k"), "v");
    end(&b);
}

Test(overlay, a_key_put_over_and_over_is_held_once)
{
    struct bench b;

    begin(&b, 1 << 20);
    put(&b.overlay.view, 0, "k", "0123456789");
    size_t once = b.overlay.bytes;
    for (int i = 0; i < 1000; i++)
        put(&b.overlay.view, 0, "k", "9876543210");
    cr_expect_eq(b.overlay.bytes, once);
    cr_expect_eq(b.overlay.count, 1u);
    cr_expect(overlay_check(&b.overlay));
    overlay_settle(&b.overlay);
    cr_expect_eq(b.base.puts, 1u);
    end(&b);
}

Test(overlay, beyond_its_bytes_it_says_that_it_is_full)
{
    struct bench b;

    begin(&b, 200);
    put(&b.overlay.view, 0, "a", "1");
    put(&b.overlay.view, 0, "b", "1");
    cr_expect_not(b.overlay.full);
    for (char name[] = "c"; name[0] < 'm'; name[0]++)
        put(&b.overlay.view, 0, name, "1");
    cr_expect(b.overlay.full);
    cr_expect_leq(b.overlay.bytes, 200u);
    overlay_clear(&b.overlay);
    cr_expect_not(b.overlay.full);
    end(&b);
}

/* What a read may write, but need not. */
Test(overlay, more_may_be_put_if_it_and_the_base_have_room)
{
    struct bench b;
    struct view *view = &b.overlay.view;
    size_t left;

    begin(&b, 200);
    put(view, 0, "k", "v");
    left = 200 - b.overlay.bytes;
    cr_expect(view->may_put(view, left));
    cr_expect_not(view->may_put(view, left + 1));
    b.base.refuses = true;
    cr_expect_not(view->may_put(view, 1));
    end(&b);
}

Test(overlay, a_head_it_lacks_is_wanted_of_the_base)
{
    struct bench b;
    uint64_t count;
    struct cell c;

    begin(&b, 1 << 20);
    put(&b.base.view, 0, "cold", "v");
    b.base.wanting = true;
    struct cell_key key = cell_head_key(0, slice_str("cold"));
    cr_expect_eq(b.overlay.view.find(&b.overlay.view, &key, WANT_CELL, &c), VIEW_WANT);
    fake_view_begin(&b.base);
    put(&b.overlay.view, 0, "cold", "w");
    cr_expect_not(b.overlay.view.count(&b.overlay.view, 0, &count)); /* is it new? */
    cr_expect(b.overlay.view.count(&b.overlay.view, 0, &count));
    cr_expect_eq(count, 1u);
    end(&b);
}

/* Pieces can be put together where the base has the same ones under the key. */
Test(overlay, pieces_of_another_key_are_not_taken_for_its_own)
{
    struct blob_ref ref = { .file = 3, .offset = 8, .length = 5 };
    uint8_t parts[BLOB_REF_SIZE];
    struct cell c = cell_of(0, "p", ""), out;
    struct bench b;

    begin(&b, 1 << 20);
    blob_ref_put(parts, &ref);
    c.value = slice_of(parts, sizeof parts);
    c.flags = CELL_PARTS;
    b.base.view.put(&b.base.view, &c);
    c.flags |= CELL_EXPIRES;
    c.expire_ms = NOW_MS + 5;
    b.overlay.view.put(&b.overlay.view, &c);
    cr_expect_eq(b.overlay.view.find(&b.overlay.view, &c.key, WANT_WHOLE, &out), VIEW_HERE);
    cr_expect_eq(out.expire_ms, NOW_MS + 5u);
    cr_expect_not(out.flags & CELL_PARTS);
    cr_expect_not(b.overlay.full);

    c.key = cell_head_key(0, slice_str("other"));
    b.overlay.view.put(&b.overlay.view, &c);
    cr_expect_eq(b.overlay.view.find(&b.overlay.view, &c.key, WANT_VALUE, &out), VIEW_HERE);
    cr_expect_eq(b.overlay.view.find(&b.overlay.view, &c.key, WANT_WHOLE, &out), VIEW_ABSENT);
    cr_expect(b.overlay.full);
    end(&b);
}

static void change(struct bench *b, struct prng *prng)
{
    uint8_t db = (uint8_t)prng_below(prng, DBS);
    char name[16], value[16];

    snprintf(name, sizeof name, "%s%u", prng_one_in(prng, 2) ? "{t}" : "",
             (unsigned)prng_below(prng, KEYS));
    snprintf(value, sizeof value, "v%u", (unsigned)prng_below(prng, 1000));
    if (prng_one_in(prng, 60)) {
        uint8_t which = prng_one_in(prng, 3) ? CELL_DB_ALL : db;
        b->overlay.view.flush(&b->overlay.view, which);
        b->model.view.flush(&b->model.view, which);
    } else if (prng_one_in(prng, 4)) {
        delete (&b->overlay.view, db, name);
        delete (&b->model.view, db, name);
    } else {
        put(&b->overlay.view, db, name, value);
        put(&b->model.view, db, name, value);
    }
}

static void expect_same(struct view *is, struct view *should, struct prng *prng)
{
    for (unsigned n = 0; n < DBS; n++) {
        uint8_t db = (uint8_t)n;
        struct found a = { 0 }, e = { 0 };
        uint64_t count = 0;

        walk(is, db, 1 + prng_below(prng, 9), &a);
        walk(should, db, SIZE_MAX, &e);
        cr_expect(slice_equal(buf_slice(&a.names), buf_slice(&e.names)), "walk: %.*s, not %.*s",
                  (int)a.names.len, (char *)a.names.data, (int)e.names.len, (char *)e.names.data);
        cr_expect(is->count(is, db, &count));
        cr_expect_eq(count, e.count);
        buf_deinit(&a.names);
        buf_deinit(&e.names);
    }
}

Test(overlay, walks_and_counts_are_those_of_a_store_that_has_it_all)
{
    struct prng prng;

    prng_init(&prng, 7);
    for (int round = 0; round < 60; round++) {
        struct bench b;

        begin(&b, 1 << 20);
        for (int i = 0; i < 30; i++) { /* through an overlay too, for both alike */
            change(&b, &prng);
        }
        overlay_settle(&b.overlay);
        expect_same(&b.base.view, &b.model.view, &prng);
        for (int i = 0; i < 50; i++) {
            change(&b, &prng);
            cr_assert(overlay_check(&b.overlay));
        }
        expect_same(&b.overlay.view, &b.model.view, &prng);
        overlay_settle(&b.overlay);
        expect_same(&b.base.view, &b.model.view, &prng);
        end(&b);
    }
}

Test(overlay, a_walk_goes_on_where_it_was_stopped)
{
    struct bench b;
    struct found f = { .most = 1 };
    size_t visits = SIZE_MAX;
    uint64_t next = 0, last = 0;

    begin(&b, 1 << 20);
    put(&b.base.view, 0, "a", "1");
    put(&b.overlay.view, 0, "b", "2");
    put(&b.overlay.view, 0, "c", "3");
    cr_expect_eq(b.overlay.view.walk(&b.overlay.view, 0, 0, &visits, take_name, &f, &next),
                 VIEW_WALK_STOPPED);
    cr_expect_eq(f.count, 1u);
    for (f.count = 0, f.most = 0; f.count < 3 && last != next; last = next)
        b.overlay.view.walk(&b.overlay.view, 0, next, &visits, take_name, &f, &next);
    cr_expect_eq(f.count, 3u); /* the one that stopped it is handed over again */
    buf_deinit(&f.names);
    end(&b);
}
