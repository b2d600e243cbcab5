/* check_test.c: a check finds every flipped byte and says where; a server that reads
 * such a store answers right or with an error; what is well is called so. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "tool_world.h"

static struct tool_world w;

static void init(void)
{
    tool_world_init(&w);
}

static void deinit(void)
{
    tool_world_deinit(&w);
}

TestSuite(check, .init = init, .fini = deinit);

static void make_store(bool blobs)
{
    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    tool_world_fill(&w, blobs);
    lsm_world_close(&w.store);
}

static const char *said(void)
{
    buf_append_byte(&w.lines, '\0');
    w.lines.len--;
    return (const char *)w.lines.data;
}

Test(check, a_store_that_was_ended_in_order_is_right)
{
    make_store(true);
    cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_GOOD, "%s", said());
    cr_assert(tool_world_said(&w, "all is right"));
    cr_assert_eq(w.done, w.total);
    cr_assert_gt(w.total, 0);
    for (unsigned i = 0; tool_world_file(&w, i); i++) {
        const char *name = tool_world_file(&w, i)->name;
        cr_assert_eq(tool_world_run(&w, "--check", name), TOOL_GOOD, "%s: %s", name, said());
    }
}

Test(check, a_store_that_was_killed_at_any_moment_is_right)
{
    struct prng prng;
    uint64_t flushes = 0, compactions = 0, rewrites = 0;

    prng_init(&prng, 7);
    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    for (unsigned round = 0; round < 150; round++) {
        for (unsigned i = 0; i < 20; i++) {
            tool_world_put(&w, (unsigned)prng_below(&prng, TOOL_KEYS));
            for (uint64_t n = prng_below(&prng, 12); n > 0; n--) {
                if (!lsm_world_step(&w.store))
                    lsm_world_tick(&w.store);
            }
        }
        if (w.store.ran)
            lsm_world_step(&w.store);
        flushes += lsm_stats(w.store.lsm)->flushes;
        compactions += lsm_stats(w.store.lsm)->compactions;
        rewrites += lsm_stats(w.store.lsm)->rewrites;
        lsm_world_kill(&w.store);
        cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_GOOD, "round %u: %s", round,
                     said());
        cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    }
    cr_assert_gt(flushes, 10);
    cr_assert_gt(compactions, 10);
    cr_assert_gt(rewrites, 3);
}

static unsigned refused, errors, answers;

/* A copy of the damaged store, begun and read. */
static void check_answers(const char *name, size_t offset)
{
    struct lsm_world other;
    bool error;

    lsm_world_init(&other);
    other.options = w.store.options;
    memory_fs_deinit(&other.fs);
    memory_fs_copy(&other.fs, &w.store.fs);
    if (lsm_world_open(&other) == LSM_READY) {
        for (unsigned key = 0; key < TOOL_KEYS; key++) {
            bool right = tool_world_right(&w, &other, key, &error);
            cr_assert(right || error, "%s, byte %zu: k%u is wrong", name, offset, key);
            answers += right;
            errors += error;
        }
    } else {
        refused++;
    }
    lsm_world_kill(&other);
    lsm_world_deinit(&other);
}

static void flip_every_byte(void)
{
    struct memory_file *f;

    for (unsigned i = 0; (f = tool_world_file(&w, i)) != NULL; i++) {
        for (size_t at = 0; at < f->len; at++) {
            uint8_t bit = (uint8_t)(1u << (at * 5 + i) % 8);
            f->data[at] ^= bit;
            cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_FOUND,
                         "%s, byte %zu of %zu is not found", f->name, at, f->len);
            cr_assert(tool_world_said(&w, f->name), "%s, byte %zu: %s", f->name, at, said());
            cr_assert(!tool_world_said(&w, "all is right"));
            if (at % 13 == i % 13)
                check_answers(f->name, at);
            f->data[at] ^= bit;
        }
    }
    cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_GOOD);
    cr_assert(refused > 100 && errors > 100 && answers > 100, "%u %u %u", refused, errors, answers);
}

Test(check, it_finds_every_flipped_byte)
{
    make_store(false);
    flip_every_byte();
}

Test(check, it_finds_every_flipped_byte_beside_blob_files)
{
    make_store(true);
    flip_every_byte();
}

Test(check, it_finds_a_file_that_is_gone)
{
    make_store(true);
    for (unsigned i = 0; tool_world_file(&w, i); i++) {
        struct memory_file *f = tool_world_file(&w, i);
        if (f == memory_fs_last(&w.store.fs, "/data/log-")) /* nothing else knows of that */
            continue;
        f->named = false;
        cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_FOUND, "%s", f->name);
        f->named = true;
    }
}

Test(check, it_finds_a_file_that_was_cut_or_grew)
{
    make_store(true);
    for (unsigned i = 0; tool_world_file(&w, i); i++) {
        struct memory_file *f = tool_world_file(&w, i);
        size_t len = f->len;
        if (strstr(f->name, ".seg")) /* zeros behind the last frame may be fewer */
            continue;
        for (f->len = len - 1; f->len > 0; f->len = f->len * 2 / 3) {
            cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_FOUND, "%s: %zu of %zu",
                         f->name, f->len, len);
        }
        f->len = len;
    }
}

Test(check, a_torn_tail_is_told_from_damage)
{
    struct memory_file *f;

    make_store(false);
    f = memory_fs_last(&w.store.fs, "/data/log-");
    while (f->len && f->data[f->len - 1] == 0)
        f->len--;
    f->len -= 8;
    cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_FOUND);
    cr_assert(tool_world_said(&w, "bytes that are no whole frame; what a crash"), "%s", said());
    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    lsm_world_close(&w.store);
    cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_GOOD, "%s", said());
}

Test(check, it_wants_the_folder_for_itself)
{
    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_FAILED);
    cr_assert_not_null(memmem(w.complaints.data, w.complaints.len, "in use", 6));
}

Test(check, what_is_no_store_is_no_answer)
{
    cr_assert_eq(tool_world_run(&w, "--check", "/nowhere"), TOOL_FAILED);
    cr_assert_eq(tool_world_run(&w, "--check", "/data/table-0000000000000007.tbl"), TOOL_FAILED);
    cr_assert_gt(w.complaints.len, 0);
}

Test(check, a_disk_that_fails_is_said_so)
{
    make_store(false);
    for (unsigned i = 1; i < 400; i++) {
        unsigned calls = w.store.fs.calls;
        enum tool_status status;
        w.store.fs.fail_at = calls + i;
        w.store.fs.fail_as = ERR_IO;
        status = tool_world_run(&w, "--check", "/data");
        if (w.store.fs.calls < calls + i)
            break;
        cr_assert_neq(status, TOOL_GOOD, "call %u", i);
    }
    w.store.fs.fail_at = 0;
    cr_assert_eq(tool_world_run(&w, "--check", "/data"), TOOL_GOOD);
}

Test(tool_args, a_tool_needs_a_path_and_a_server_none)
{
    char name[] = "henge-server", check[] = "--check", dir[] = "/data", option[] = "--port";
    char *none[] = { name, NULL };
    char *bare[] = { name, check, NULL };
    char *good[] = { name, check, dir, NULL };
    char *more[] = { name, check, dir, dir, NULL };
    char *mixed[] = { name, check, option, NULL };
    char dump[] = "--dump", some[] = "--values", twelve[] = "12", word[] = "all";
    char *values[] = { name, dump, dir, some, twelve, NULL };
    char *wrong[] = { name, dump, dir, some, word, NULL };
    char *not_check[] = { name, check, dir, some, twelve, NULL };
    struct tool_args args;
    struct buf why = { 0 };

    cr_assert(tool_args_read(1, none, &args, &why) && args.kind == TOOL_NONE);
    cr_assert(tool_args_read(3, good, &args, &why) && args.kind == TOOL_CHECK);
    cr_assert_str_eq(args.path, dir);
    cr_assert_eq(why.len, 0);
    cr_assert_not(tool_args_read(2, bare, &args, &why));
    cr_assert_not(tool_args_read(4, more, &args, &why));
    cr_assert_not(tool_args_read(3, mixed, &args, &why));
    cr_assert_not(tool_args_read(5, wrong, &args, &why));
    cr_assert_not(tool_args_read(5, not_check, &args, &why));
    cr_assert(tool_args_read(5, values, &args, &why) && args.kind == TOOL_DUMP);
    cr_assert_eq(args.value_bytes, 12);
    cr_assert_gt(why.len, 0);
    buf_deinit(&why);
}
