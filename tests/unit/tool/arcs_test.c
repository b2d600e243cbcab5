/* arcs_test.c: a check and a dump of a store with many arcs' logs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/prng.h"
#include "lsm/log_format.h"
#include "lsm/lsm_arc.h"
#include "tool_world.h"

enum { ARCS = 2 };

static struct tool_world w;
static struct prng prng;
static uint64_t counter;

static void init(void)
{
    tool_world_init(&w);
    prng_init(&prng, 3);
    counter = 1;
}

static void deinit(void)
{
    tool_world_deinit(&w);
}

TestSuite(arcs, .init = init, .fini = deinit);

static const char *said(void)
{
    buf_append_byte(&w.lines, '\0');
    w.lines.len--;
    return (const char *)w.lines.data;
}

static uint64_t name_of(unsigned arc)
{
    return log_arc((uint16_t)arc, 9);
}

/* The next frame, or one instead of the last that is not applied. */
static void append(unsigned arc, bool cut)
{
    struct lsm_world *s = &w.store;
    struct lsm_arc a = { .arc = 0 };
    struct lsm_frame last = { .index = 0 }, f;
    struct buf cells = { 0 };
    char key[16], value[700];
    bool held;
    struct cell c = { .stamp = ++s->stamp, .origin = 1, .type = CELL_STRING };

    lsm_arc(s->lsm, name_of(arc), &a);
    cut = cut && lsm_tail(s->lsm, name_of(arc), a.end.index, &last, NULL) &&
          last.committed < last.index;
    snprintf(key, sizeof key, "a%u.%u", arc, (unsigned)prng_below(&prng, 9));
    memset(value, 'a' + (int)(s->stamp % 26), sizeof value);
    c.key = cell_head_key(0, slice_str(key));
    c.value = slice_of(value, 1 + prng_below(&prng, sizeof value));
    cell_encode(&c, buf_reserve(&cells, cell_size(&c)));
    f = (struct lsm_frame){ .arc = name_of(arc),
                            .ballot = cut || a.end.index == 0 ? (struct log_ballot){ ++counter, 1 }
                                                              : a.end.ballot,
                            .previous = cut ? last.previous : a.end.ballot,
                            .index = cut ? last.index : a.end.index + 1,
                            .committed = a.applied.index,
                            .stamp = c.stamp,
                            .count = 1,
                            .cells = slice_of(cells.data, cell_size(&c)),
                            .notes = slice_str("quorum") };
    if (lsm_can_put(s->lsm, 2000))
        cr_assert_not(err_is(lsm_append(s->lsm, &f, &held)));
    buf_deinit(&cells);
}

static void step(void)
{
    struct lsm_world *s = &w.store;
    unsigned arc = (unsigned)prng_below(&prng, ARCS);
    struct lsm_arc a = { .arc = 0 };

    append(arc, prng_below(&prng, 6) == 0);
    if (prng_below(&prng, 20) == 0)
        lsm_promise(s->lsm, name_of(arc), (struct log_ballot){ ++counter, 2 });
    lsm_commit(s->lsm);
    lsm_world_settle(s);
    lsm_arc(s->lsm, name_of(arc), &a);
    if (a.end.index > a.applied.index + 2 && lsm_can_put(s->lsm, 8000))
        lsm_apply(s->lsm, name_of(arc), a.end.index - 2);
    lsm_commit(s->lsm);
    for (unsigned i = 0; i < 4; i++) {
        lsm_world_settle(s);
        lsm_world_tick(s);
    }
    lsm_world_settle(s);
}

Test(arcs, a_store_of_arcs_that_was_killed_is_right, .timeout = 300)
{
    uint64_t flushes = 0;

    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    for (unsigned round = 0; round < 40; round++) {
        for (unsigned i = 0; i < 12; i++)
            step();
        flushes += lsm_stats(w.store.lsm)->flushes;
        if (round % 3)
            lsm_world_kill(&w.store);
        else
            lsm_world_close(&w.store);
        cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_GOOD, "round %u: %s", round,
                     said());
        cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    }
    cr_assert_gt(flushes, 10);
}

/* The arcs' frames of a segment are told by their arc, ballot and index. */
Test(arcs, a_dump_shows_what_is_applied_and_each_frame)
{
    char line[64];
    unsigned there = 0;

    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    for (unsigned i = 0; i < 60; i++)
        step();
    lsm_world_kill(&w.store);
    cr_assert_eq(tool_world_run(&w, "--dump", "/data"), TOOL_GOOD, "%s", said());
    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    for (unsigned n = 0; n < ARCS * 9; n++) {
        char key[16];
        const char *value;
        snprintf(key, sizeof key, "a%u.%u", n % ARCS, n / ARCS);
        value = lsm_world_get(&w.store, key);
        snprintf(line, sizeof line, "key \"%s\" string %zu bytes", key, value ? strlen(value) : 0);
        cr_assert_eq(tool_world_said(&w, line), value != NULL, "%s in %s", line, said());
        there += value != NULL;
    }
    cr_assert_gt(there, 10);
    lsm_world_close(&w.store);
    for (unsigned i = 0; tool_world_file(&w, i); i++) {
        cr_assert_eq(tool_world_run(&w, "--dump", tool_world_file(&w, i)->name), TOOL_GOOD);
        if (strstr(tool_world_file(&w, i)->name, ".mft"))
            cr_assert(tool_world_said(&w, "  arc 000000000000000a: applied "), "%s", said());
    }
}

Test(arcs, every_flipped_byte_of_segments_and_manifest_is_found, .timeout = 300)
{
    struct memory_file *f;

    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    for (unsigned i = 0; i < 40; i++)
        step();
    lsm_world_close(&w.store);
    cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_GOOD, "%s", said());
    for (unsigned i = 0; (f = tool_world_file(&w, i)) != NULL; i++) {
        for (size_t at = i; at < f->len && !strstr(f->name, ".tbl"); at += 3) {
            uint8_t bit = (uint8_t)(1u << (at * 5 + i) % 8);
            f->data[at] ^= bit;
            cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_FOUND,
                         "%s, byte %zu of %zu is not found", f->name, at, f->len);
            f->data[at] ^= bit;
        }
    }
}

/* A frame whose checksum holds, and that follows nothing. */
Test(arcs, a_frame_that_cannot_be_there_is_found)
{
    struct memory_file *f;
    uint8_t *p;

    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    for (unsigned i = 0; i < 4; i++)
        append(0, false);
    lsm_commit(w.store.lsm);
    lsm_world_close(&w.store);
    f = memory_fs_last(&w.store.fs, "/data/log-");
    p = f->data + SEGMENT_FRAMES_START;
    p += frame_size(p);
    cr_assert_eq(wire_get64(p + 56), 2);
    wire_put64(p + 56, 3);
    frame_seal(p);
    cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_FOUND);
    cr_assert(tool_world_said(&w, "follows nothing in its arc"), "%s", said());
    cr_assert_eq(lsm_world_open(&w.store), LSM_FAILED);
}
