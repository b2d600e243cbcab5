/* manifest_crash_test.c: begin, append and roll, cut short at every call or with a
 * call that fails: what is read back is what was told, or what was about to be. */
#include <criterion/criterion.h>

#include "base/mem.h"
#include "manifest_script.h"

enum { SEEDS = 30, ROLL_SIZE = 1500 };

/* The state on disk is one between what was acknowledged and what was asked for. */
static uint64_t expect_between(struct script *s, struct memory_fs *fs, bool begun, size_t acked,
                               size_t tried, unsigned at)
{
    struct manifest_state state;
    struct err e;
    char *text = script_read(fs, &state, &e);

    cr_assert_not(err_is(e), "call %u: %s", at, text);
    cr_assert(state.found || !begun, "call %u: it was begun", at);
    if (state.found) {
        cr_assert_geq(state.number, acked, "call %u", at);
        cr_assert_leq(state.number, tried, "call %u", at);
        cr_assert_str_eq(text, s->texts[state.number], "call %u", at);
    }
    cr_assert_gt(state.next_file, begun ? 1000 : 0);
    mem_free(text);
    return state.found ? state.number : 0;
}

/* The next life goes on from there: what it is told is there after another crash. */
static void go_on(struct script *s, struct memory_fs *fs, uint64_t number, struct prng *prng,
                  unsigned at)
{
    struct manifest *m;
    struct edit *edit = &s->edits[number];
    uint64_t count = number < SCRIPT_EDITS;

    cr_assert_not(
        err_is(manifest_begin(&m, &fs->fs, "/data", &s->ids, s->versions[number], ROLL_SIZE)));
    cr_assert_eq(memory_fs_count(fs, "/data/manifest-"), 1, "call %u: the others are gone", at);
    cr_assert_not(err_is(manifest_append(m, s->versions[number], &edit, count)));
    manifest_close(m);
    memory_fs_power_loss(fs, prng);
    expect_between(s, fs, true, number + count, number + count, at);
}

static unsigned calls_of(struct script *s)
{
    struct memory_fs fs;
    size_t acked, tried;
    bool begun;
    unsigned calls;

    memory_fs_init(&fs);
    cr_assert_not(err_is(script_run(s, &fs, ROLL_SIZE, &begun, &acked, &tried)));
    cr_assert_eq(acked, SCRIPT_EDITS);
    calls = fs.calls;
    memory_fs_deinit(&fs);
    return calls;
}

Test(manifest_crash, a_power_loss_in_any_call_keeps_what_was_told)
{
    struct script s;
    unsigned calls, some_rolls = 0, torn = 0;

    script_init(&s);
    calls = calls_of(&s);
    for (unsigned at = 1; at <= calls + 1; at++) {
        for (unsigned seed = 0; seed < SEEDS; seed++) {
            struct memory_fs fs;
            struct prng prng;
            size_t acked, tried;
            bool begun;
            uint64_t number;
            prng_init(&prng, seed);
            memory_fs_init(&fs);
            fs.cut_at = at;
            script_run(&s, &fs, ROLL_SIZE, &begun, &acked, &tried);
            memory_fs_power_loss(&fs, seed ? &prng : NULL);
            some_rolls += memory_fs_count(&fs, "/data/manifest-") > 1;
            number = expect_between(&s, &fs, begun, acked, tried, at);
            torn += number > acked;
            go_on(&s, &fs, number, &prng, at);
            memory_fs_deinit(&fs);
        }
    }
    cr_assert_gt(some_rolls, 50, "crashes left two manifests: %u", some_rolls);
    cr_assert_gt(torn, 50, "crashes kept what nobody was told: %u", torn);
    script_deinit(&s);
}

Test(manifest_crash, a_kill_in_any_call_keeps_what_was_told)
{
    struct script s;
    unsigned calls;

    script_init(&s);
    calls = calls_of(&s);
    for (unsigned at = 1; at <= calls + 1; at++) {
        struct memory_fs fs;
        size_t acked, tried;
        bool begun;
        uint64_t number;
        memory_fs_init(&fs);
        fs.cut_at = at;
        script_run(&s, &fs, ROLL_SIZE, &begun, &acked, &tried);
        memory_fs_kill(&fs);
        number = expect_between(&s, &fs, begun, acked, tried, at);
        go_on(&s, &fs, number, NULL, at);
        memory_fs_deinit(&fs);
    }
    script_deinit(&s);
}

/* A start's begin, over what an earlier life left. */
Test(manifest_crash, a_power_loss_in_any_call_of_a_later_begin_is_harmless)
{
    struct script s;
    unsigned calls = 100;

    script_init(&s);
    for (unsigned at = 1; at <= calls; at++) {
        for (unsigned seed = 0; seed < SEEDS; seed++) {
            struct memory_fs fs;
            struct prng prng;
            struct manifest *m = NULL;
            size_t acked, tried;
            bool begun;
            prng_init(&prng, seed);
            memory_fs_init(&fs);
            script_run(&s, &fs, ROLL_SIZE, &begun, &acked, &tried);
            memory_fs_kill(&fs);
            fs.cut_at = at;
            manifest_begin(&m, &fs.fs, "/data", &s.ids, s.versions[SCRIPT_EDITS], ROLL_SIZE);
            manifest_close(m);
            calls = fs.calls < at ? fs.calls : calls;
            memory_fs_power_loss(&fs, seed ? &prng : NULL);
            expect_between(&s, &fs, true, SCRIPT_EDITS, SCRIPT_EDITS, at);
            memory_fs_deinit(&fs);
        }
    }
    cr_assert_lt(calls, 20);
    script_deinit(&s);
}

Test(manifest_crash, one_call_that_fails_is_survived_by_every_append)
{
    struct script s;
    unsigned calls;

    script_init(&s);
    calls = calls_of(&s);
    for (unsigned at = 1; at <= calls; at++) {
        struct memory_fs fs;
        size_t acked, tried;
        bool begun;
        struct err e;
        memory_fs_init(&fs);
        fs.fail_at = at;
        e = script_run(&s, &fs, ROLL_SIZE, &begun, &acked, &tried);
        cr_assert(!begun || !err_is(e), "call %u: %s", at, e.what);
        cr_assert(!begun || acked == SCRIPT_EDITS, "call %u", at);
        memory_fs_power_loss(&fs, NULL);
        expect_between(&s, &fs, begun, acked, tried, at);
        memory_fs_deinit(&fs);
    }
    script_deinit(&s);
}

Test(manifest_crash, calls_that_fail_for_a_while_lose_nothing_that_was_told)
{
    const unsigned counts[] = { 2, 3, 4, 5, 8, 1000 };
    struct script s;
    unsigned calls, errors = 0;

    script_init(&s);
    calls = calls_of(&s);
    for (unsigned at = 1; at <= calls; at++) {
        for (unsigned i = 0; i < 10 * sizeof counts / sizeof *counts; i++) {
            struct memory_fs fs;
            struct prng prng;
            size_t acked, tried;
            bool begun;
            prng_init(&prng, i + 100 * at);
            memory_fs_init(&fs);
            fs.fail_at = at;
            fs.fail_count = counts[i / 10];
            fs.fail_as = i % 2 ? ERR_NO_SPACE : ERR_IO;
            if (i % 3) /* and not long after that the power goes */
                fs.cut_at = at + counts[i / 10] + (unsigned)prng_below(&prng, 12);
            errors += err_is(script_run(&s, &fs, ROLL_SIZE, &begun, &acked, &tried));
            memory_fs_power_loss(&fs, i % 3 ? &prng : NULL);
            expect_between(&s, &fs, begun, acked, tried, at);
            memory_fs_deinit(&fs);
        }
    }
    cr_assert_gt(errors, calls);
    script_deinit(&s);
}

Test(manifest_crash, a_failed_sync_is_final_and_a_new_file_begins)
{
    struct script s;
    struct memory_fs fs;
    struct manifest *m;
    struct edit *edit;

    script_init(&s);
    memory_fs_init(&fs);
    cr_assert_not(err_is(manifest_begin(&m, &fs.fs, "/data", &s.ids, s.versions[0], 1 << 20)));
    uint64_t first = manifest_id(m);
    fs.fail_at = fs.calls + 2; /* behind the write */
    edit = &s.edits[0];
    cr_assert_not(err_is(manifest_append(m, s.versions[0], &edit, 1)));
    cr_assert_gt(manifest_id(m), first);
    cr_assert_eq(memory_fs_count(&fs, "/data/manifest-"), 1);
    edit = &s.edits[1];
    unsigned syncs = fs.syncs;
    cr_assert_not(err_is(manifest_append(m, s.versions[1], &edit, 1)));
    cr_assert_eq(fs.syncs, syncs + 1, "one sync, in the new file");
    manifest_close(m);
    memory_fs_power_loss(&fs, NULL);
    expect_between(&s, &fs, true, 2, 2, 0);
    memory_fs_deinit(&fs);
    script_deinit(&s);
}

Test(manifest_crash, after_an_error_nothing_more_is_promised)
{
    struct script s;
    struct memory_fs fs;
    struct manifest *m;
    struct edit *edit;

    script_init(&s);
    memory_fs_init(&fs);
    cr_assert_not(err_is(manifest_begin(&m, &fs.fs, "/data", &s.ids, s.versions[0], 1 << 20)));
    fs.fail_at = fs.calls + 1;
    fs.fail_count = 1000;
    edit = &s.edits[0];
    cr_assert_eq(manifest_append(m, s.versions[0], &edit, 1).code, ERR_IO);
    fs.fail_at = 0;
    unsigned calls = fs.calls;
    cr_assert_eq(manifest_append(m, s.versions[0], &edit, 1).code, ERR_IO);
    cr_assert_eq(fs.calls, calls, "not even tried");
    manifest_close(m);
    memory_fs_deinit(&fs);
    script_deinit(&s);
}

Test(manifest_crash, a_roll_without_room_is_put_off)
{
    struct script s;
    struct memory_fs fs;
    struct manifest *m;
    size_t at = 0;

    script_init(&s);
    memory_fs_init(&fs);
    cr_assert_not(err_is(manifest_begin(&m, &fs.fs, "/data", &s.ids, s.versions[0], ROLL_SIZE)));
    uint64_t first = manifest_id(m);
    while (at < SCRIPT_EDITS && manifest_size(m) < ROLL_SIZE) {
        struct edit *edit = &s.edits[at];
        cr_assert_not(err_is(manifest_append(m, s.versions[at], &edit, 1)));
        at++;
    }
    cr_assert_lt(at + 1, SCRIPT_EDITS);
    fs.fail_at = fs.calls + 2; /* the new file's write */
    fs.fail_as = ERR_NO_SPACE;
    struct edit *edit = &s.edits[at];
    cr_assert_not(err_is(manifest_append(m, s.versions[at], &edit, 1)));
    cr_assert_eq(manifest_id(m), first, "the old file goes on");
    cr_assert_eq(memory_fs_count(&fs, "/data/manifest-"), 1, "and nothing is left of the new");
    manifest_close(m);
    memory_fs_power_loss(&fs, NULL);
    expect_between(&s, &fs, true, at + 1, at + 1, 0);
    memory_fs_deinit(&fs);
    script_deinit(&s);
}
