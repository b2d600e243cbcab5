/* lsm_recovery_test.c: a torn tail is cut, damage is refused, and no byte of any
 * file may turn into a wrong answer. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lsm/log_format.h"
#include "lsm_world.h"

static struct lsm_world w;

static void begin(void)
{
    lsm_world_init(&w);
}

static void end(void)
{
    lsm_world_deinit(&w);
}

TestSuite(lsm_recovery, .init = begin, .fini = end);

#define FIRST "/data/log-0000000000000002.seg"

static void put_synced(const char *key, const char *value)
{
    lsm_world_put(&w, key, value);
    lsm_commit(w.lsm);
    lsm_world_tick(&w);
    lsm_world_settle(&w);
}

static void put_unsynced(const char *key, const char *value)
{
    lsm_world_put(&w, key, value);
    lsm_commit(w.lsm);
}

Test(lsm_recovery, a_torn_tail_is_cut_and_never_seen_again)
{
    lsm_world_open(&w);
    put_synced("a", "1");
    uint64_t end_of_first = lsm_end(w.lsm);
    put_unsynced("b", "2");
    put_unsynced("c", "3");
    lsm_world_kill(&w);
    struct memory_file *f = memory_fs_find(&w.fs, FIRST);
    f->data[SEGMENT_FRAMES_START + end_of_first + 70] ^= 1; /* in b's frame */
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "1");
    cr_assert_null(lsm_world_get(&w, "b"));
    cr_assert_null(lsm_world_get(&w, "c"), "it lies behind the tear");
    cr_assert_eq(f->len, SEGMENT_FRAMES_START + end_of_first);
    cr_assert_gt(lsm_stats(w.lsm)->torn_bytes, 100);
    put_unsynced("d", "4");
    lsm_world_kill(&w);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_str_eq(lsm_world_get(&w, "d"), "4");
    cr_assert_eq(lsm_stats(w.lsm)->torn_bytes, 0);
}

/* Damage in what was synced, proven by a later frame. */
static void damage(void)
{
    lsm_world_open(&w);
    put_synced("a", "1");
    put_synced("b", "2");
    put_synced("c", "3");
    lsm_world_kill(&w);
    memory_fs_find(&w.fs, FIRST)->data[SEGMENT_FRAMES_START + 136 + 102] ^= 1; /* b */
}

Test(lsm_recovery, damage_in_what_was_synced_is_refused_and_nothing_is_touched)
{
    const char *detail;
    struct memory_fs before;
    damage();
    memory_fs_copy(&before, &w.fs);
    cr_assert_eq(lsm_world_open(&w), LSM_FAILED);
    cr_assert_eq(lsm_error(w.lsm, &detail).code, ERR_CORRUPT);
    cr_assert(strstr(detail, FIRST) && strstr(detail, "4232") && strstr(detail, "force-start"),
              "%s", detail);
    for (struct memory_file *f = before.files; f; f = f->next) {
        struct memory_file *now = memory_fs_find(&w.fs, f->name);
        cr_assert(!f->named || (now && now->len == f->len &&
                                (f->len == 0 || memcmp(now->data, f->data, f->len) == 0)),
                  "%s", f->name);
    }
    memory_fs_deinit(&before);
}

Test(lsm_recovery, force_starts_with_what_is_before_the_damage)
{
    damage();
    w.options.force = true;
    unsigned warnings = w.warnings;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_eq(w.warnings, warnings + 1);
    cr_assert_str_eq(lsm_world_get(&w, "a"), "1");
    cr_assert_null(lsm_world_get(&w, "b"));
    cr_assert_null(lsm_world_get(&w, "c"));
    lsm_world_kill(&w);
    w.options.force = false;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

Test(lsm_recovery, a_missing_segment_is_damage)
{
    char key[8];
    lsm_world_open(&w);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "k%u", i);
        lsm_world_put_size(&w, key, 1000, 'x');
        lsm_commit(w.lsm);
        lsm_world_settle(&w);
        lsm_world_tick(&w);
        lsm_world_settle(&w);
    }
    cr_assert_gt(lsm_stats(w.lsm)->segments, 2);
    lsm_world_kill(&w);
    for (unsigned id = 1; id < 3; id++) {
        snprintf(key, sizeof key, "%u", id);
        struct memory_fs saved;
        memory_fs_copy(&saved, &w.fs);
        memory_fs_find(&w.fs, id == 1 ? FIRST : "/data/log-0000000000000003.seg")->named = false;
        cr_assert_eq(lsm_world_open(&w), LSM_FAILED, "%u", id);
        cr_assert_eq(lsm_error(w.lsm, NULL).code, ERR_CORRUPT);
        lsm_world_kill(&w);
        memory_fs_deinit(&w.fs);
        memory_fs_copy(&w.fs, &saved);
        memory_fs_deinit(&saved);
    }
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
}

Test(lsm_recovery, an_unknown_version_is_refused_whatever_is_forced)
{
    const char *detail;
    lsm_world_open(&w);
    put_synced("a", "1");
    lsm_world_kill(&w);
    uint8_t *head = memory_fs_find(&w.fs, FIRST)->data;
    wire_put32(head + 8, 3);
    wire_put32(head + 68, crc32c_extend(0, head, 68));
    w.options.force = true;
    cr_assert_eq(lsm_world_open(&w), LSM_FAILED);
    cr_assert_eq(lsm_error(w.lsm, &detail).code, ERR_INVALID);
    cr_assert(strstr(detail, "version 3"), "%s", detail);
    lsm_world_kill(&w);
    wire_put32(head + 8, 1); /* whose crc was elsewhere */
    wire_put32(head + 60, crc32c_extend(0, head, 60));
    cr_assert_eq(lsm_world_open(&w), LSM_FAILED);
    cr_assert_eq(lsm_error(w.lsm, &detail).code, ERR_INVALID);
    cr_assert(strstr(detail, "version 1"), "%s", detail);
}

Test(lsm_recovery, a_torn_head_ends_the_log_and_a_damaged_one_is_refused)
{
    lsm_world_open(&w);
    for (unsigned i = 0; i < 16; i++) {
        lsm_world_put_size(&w, "a", 1000, 'a' + (int)i);
        lsm_commit(w.lsm);
        lsm_world_settle(&w);
    }
    cr_assert_eq(lsm_stats(w.lsm)->segments, 2);
    struct memory_fs saved;
    memory_fs_copy(&saved, &w.fs);
    lsm_world_tick(&w);
    lsm_world_settle(&w);
    lsm_world_put(&w, "b", "a frame that promises");
    lsm_commit(w.lsm);
    lsm_world_kill(&w);
    memset(memory_fs_find(&w.fs, "/data/log-0000000000000003.seg")->data, 0xee, 64);
    cr_assert_eq(lsm_world_open(&w), LSM_FAILED);
    lsm_world_kill(&w);
    memory_fs_deinit(&w.fs);
    memory_fs_copy(&w.fs, &saved);
    memory_fs_deinit(&saved);
    memory_fs_kill(&w.fs);
    memset(memory_fs_find(&w.fs, "/data/log-0000000000000003.seg")->data + 5, 0xee, 20);
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_eq(lsm_world_get(&w, "a")[0], 'a' + 9);
}

Test(lsm_recovery, what_looks_like_a_frame_in_a_value_is_not_one)
{
    uint8_t frame[FRAME_HEAD_SIZE] = { 0 };
    struct frame_head head = { .segment = 1, .synced = 1u << 20, .index = 9, .cells = 0 };
    char value[200];
    lsm_world_open(&w);
    put_synced("a", "1");
    frame_head_put(frame, &head); /* a good one, but for the crc */
    memset(value, 'x', sizeof value);
    for (unsigned i = 0; i < FRAME_HEAD_SIZE; i++)
        value[i] = frame[i] ? (char)frame[i] : 'y';
    value[199] = '\0';
    put_unsynced("b", value);
    lsm_world_kill(&w);
    memory_fs_find(&w.fs, FIRST)->data[SEGMENT_FRAMES_START + 136] ^= 1;
    cr_assert_eq(lsm_world_open(&w), LSM_READY);
    cr_assert_null(lsm_world_get(&w, "b"));
}

/* The answers of a store, as one text. */
static void answers(struct lsm_world *world, char *out, size_t room)
{
    size_t n = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < 6; i++) {
        char key[8];
        const char *value;
        snprintf(key, sizeof key, "k%u", i);
        value = lsm_world_get(world, key);
        n += (size_t)snprintf(out + n, room - n, "%s=%s ", key, value ? value : "-");
    }
}

/* Three lives in four segments, with a flush, a tombstone and an orderly end. */
static void three_lives(void)
{
    char key[8];

    for (unsigned life = 0; life < 3; life++) {
        cr_assert_eq(lsm_world_open(&w), LSM_READY);
        for (unsigned i = 0; i < 6; i++) {
            snprintf(key, sizeof key, "k%u", i);
            lsm_world_put(&w, key, i == life ? NULL : "some value");
            if (i == 1 && life == 0)
                lsm_flush(w.lsm, 0, ++w.stamp);
            lsm_commit(w.lsm);
        }
        lsm_world_close(&w);
    }
}

Test(lsm_recovery, no_flipped_bit_gives_a_wrong_answer, .timeout = 120)
{
    char want[400], got[400];
    unsigned refused = 0, right = 0;
    struct memory_fs saved;

    w.options.segment_size = 8192;
    three_lives();
    lsm_world_open(&w);
    answers(&w, want, sizeof want);
    lsm_world_close(&w);
    memory_fs_copy(&saved, &w.fs);
    for (const struct memory_file *f = saved.files; f; f = f->next) {
        for (size_t at = 0; f->named && at < f->len; at++) {
            if (at >= 72 && at < SEGMENT_FRAMES_START - 8)
                continue; /* all zeros, and nobody reads them */
            memory_fs_deinit(&w.fs);
            memory_fs_copy(&w.fs, &saved);
            memory_fs_find(&w.fs, f->name)->data[at] ^= (uint8_t)(1u << at % 8);
            if (lsm_world_open(&w) == LSM_READY) {
                answers(&w, got, sizeof got);
                cr_assert_str_eq(got, want, "%s, byte %zu", f->name, at);
                right++;
            } else {
                cr_assert_eq(lsm_state(w.lsm), LSM_FAILED);
                refused++;
            }
            lsm_world_kill(&w);
        }
    }
    cr_assert_gt(refused, 1000);
    cr_assert_gt(right, 10);
    memory_fs_deinit(&saved);
}

/* Without an orderly end the last frames have no witness: a prefix, then. */
Test(lsm_recovery, a_shorter_file_gives_a_prefix_or_an_error, .timeout = 120)
{
    struct memory_fs saved;
    unsigned whole = 0;

    lsm_world_open(&w);
    for (unsigned i = 0; i < 10; i++) {
        char value[8];
        snprintf(value, sizeof value, "%u", i);
        lsm_world_put(&w, "a", value);
        lsm_world_put(&w, "b", value);
        lsm_commit(w.lsm);
    }
    lsm_world_kill(&w);
    memory_fs_copy(&saved, &w.fs);
    for (size_t len = 1; len < SEGMENT_FRAMES_START + 2000; len += len < 4000 ? 501 : 1) {
        memory_fs_deinit(&w.fs);
        memory_fs_copy(&w.fs, &saved);
        memory_fs_find(&w.fs, FIRST)->len = len;
        if (lsm_world_open(&w) == LSM_READY) {
            char a[8];
            const char *value = lsm_world_get(&w, "a");
            snprintf(a, sizeof a, "%s", value ? value : "-");
            value = lsm_world_get(&w, "b");
            cr_assert_str_eq(a, value ? value : "-");
            whole += a[0] == '9';
        }
        lsm_world_kill(&w);
    }
    cr_assert_gt(whole, 0);
    memory_fs_deinit(&saved);
}
