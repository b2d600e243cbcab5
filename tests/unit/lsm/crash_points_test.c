/* crash_points_test.c: the enumerator finds the mistakes protocols are made with;
 * and the store's own protocols, at the level of their parts. */
#include "crash_points.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/blob_file.h"
#include "lsm/manifest.h"
#include "lsm_world.h"
#include "put_trace.h"

static struct memory_fs m;
static struct crash_report report;

static void begin(void)
{
    memory_fs_init(&m);
}

static void end(void)
{
    memory_fs_deinit(&m);
}

TestSuite(crash_points, .init = begin, .fini = end);

/* Runs it and shows what it covered. */
static bool survives(const struct crash_plan *plan)
{
    char text[1024];
    bool good = crash_points_run(plan, &report);

    cr_log_info("%s", crash_points_text(&report, text, sizeof text));
    return good;
}

/* --- a file that is replaced by a newer one: new-<n> counts if it is whole; with
 * a mistake or without */

enum mistake { NO_MISTAKE, FORGET_SYNC, FORGET_DIR_SYNC, REMOVE_FIRST, OTHER_CALLS };

struct toy {
    enum mistake mistake;
    unsigned runs;
    bool told; /* somebody was told that the new one counts */
};

static void toy_setup(void *arg)
{
    (void)arg;
    memory_fs_add(&m, "/d/state-1", slice_str("old."));
}

static struct err toy_write(struct toy *t)
{
    struct fs_file *file;
    struct err e = fs_open(&m.fs, "/d/state-2", FS_WRITE | FS_CREATE, &file);

    if (err_is(e))
        return e;
    e = fs_write(file, 0, slice_str("new."));
    if (!err_is(e) && t->mistake != FORGET_SYNC)
        e = fs_sync(file);
    if (!err_is(e) && t->mistake != FORGET_DIR_SYNC)
        e = fs_sync_dir(&m.fs, "/d");
    fs_close(file);
    return e;
}

static void toy_protocol(void *arg)
{
    struct toy *t = arg;

    t->told = false;
    t->runs++;
    if (t->mistake == OTHER_CALLS && t->runs % 2)
        fs_sync_dir(&m.fs, "/d");
    if (t->mistake == REMOVE_FIRST && err_is(fs_remove(&m.fs, "/d/state-1")))
        return;
    if (err_is(toy_write(t)))
        return;
    t->told = true;
    fs_remove(&m.fs, "/d/state-1");
}

static bool is(const char *name, const char *text)
{
    const struct memory_file *f = memory_fs_find(&m, name);

    return f && slice_equal(slice_of(f->data, f->len), slice_str(text));
}

static const char *toy_check(void *arg, bool whole)
{
    struct toy *t = arg;

    if (whole && !t->told)
        return "it came to its end and told nobody";
    if (is("/d/state-2", "new."))
        return NULL;
    if (t->told)
        return "the new one is lost";
    return is("/d/state-1", "old.") ? NULL : "neither is there";
}

static bool toy_survives(enum mistake mistake)
{
    struct toy toy = { .mistake = mistake };
    struct crash_plan plan = {
        .fs = &m, .arg = &toy, .setup = toy_setup, .protocol = toy_protocol, .check = toy_check
    };

    return survives(&plan);
}

Test(crash_points, a_protocol_without_a_mistake_passes_and_every_call_is_known)
{
    char text[256];

    cr_assert(toy_survives(NO_MISTAKE), "%s", report.failure);
    cr_assert_eq(report.calls, 5);
    cr_assert_eq(report.runs, 1 + 6 * 9);
    cr_assert_str_eq(crash_points_text(&report, text, sizeof text),
                     "5 calls, 55 runs: open state 1, write state 1, sync state 1, sync_dir dir 1, "
                     "remove state 1");
    cr_assert_eq(crash_points_times(&report, "sync", "state"), 1);
    cr_assert_eq(crash_points_times(&report, "sync", "dir"), 0);
}

Test(crash_points, a_forgotten_sync_is_found)
{
    cr_assert_not(toy_survives(FORGET_SYNC));
    cr_assert(strstr(report.failure, "call 4 of 4") && strstr(report.failure, "is lost"), "%s",
              report.failure);
}

Test(crash_points, a_forgotten_sync_of_the_folder_is_found)
{
    cr_assert_not(toy_survives(FORGET_DIR_SYNC));
    cr_assert(strstr(report.failure, "is lost"), "%s", report.failure);
}

Test(crash_points, the_wrong_order_is_found)
{
    cr_assert_not(toy_survives(REMOVE_FIRST));
    cr_assert(strstr(report.failure, "call 2 of 6, killed 0: neither is there"), "%s",
              report.failure);
}

Test(crash_points, a_protocol_that_does_not_repeat_itself_is_no_protocol)
{
    cr_assert_not(toy_survives(OTHER_CALLS));
    cr_assert(strstr(report.failure, "another call"), "%s", report.failure);
}

/* --- the manifest: begun, appended to, rolled */

enum { EDITS = 14, BATCH = 3 };

struct story {
    struct file_ids ids;
    uint64_t acked;     /* marks that were appended */
    uint64_t attempted; /* and those that may be there */
    unsigned manifests;
};

/* A version whose log mark is `position`. */
static struct version *version_at(uint64_t position, uint64_t number)
{
    struct version *empty = version_new(), *v;
    struct edit e = { .number = number,
                      .has_mark = true,
                      .mark = { position, position, position, position } };

    cr_assert_not(err_is(version_apply(empty, &e, &v)));
    version_drop(empty, NULL);
    return v;
}

static void manifest_setup(void *arg)
{
    struct story *s = arg;
    struct version *v = version_at(1, 1);
    struct manifest *mf;

    s->ids.next = 1;
    cr_assert_not(err_is(manifest_begin(&mf, &m.fs, "/d", &s->ids, v, 1)));
    manifest_close(mf);
    version_drop(v, NULL);
}

/* One append of several edits, each with the next mark. */
static bool append(struct story *s, struct manifest *mf, struct version **v, unsigned count)
{
    struct edit edits[BATCH] = { { 0 } }, *list[BATCH];
    uint64_t id = manifest_id(mf);
    struct version *next;

    for (unsigned i = 0; i < count; i++) {
        uint64_t mark = ++s->attempted;
        edits[i].has_mark = true;
        edits[i].mark = (struct log_mark){ mark, mark, mark, mark };
        list[i] = &edits[i];
    }
    if (err_is(manifest_append(mf, *v, list, count)))
        return false;
    s->acked = s->attempted;
    s->manifests += manifest_id(mf) != id;
    for (unsigned i = 0; i < count; i++) {
        cr_assert_not(err_is(version_apply(*v, &edits[i], &next)));
        version_drop(*v, NULL);
        *v = next;
    }
    return true;
}

static void manifest_protocol(void *arg)
{
    struct story *s = arg;
    struct version *v = version_at(1, 1);
    struct manifest *mf;

    *s = (struct story){ .ids = { 2 }, .acked = 1, .attempted = 1 };
    if (!err_is(manifest_begin(&mf, &m.fs, "/d", &s->ids, v, 1))) {
        for (unsigned i = 0; i < EDITS; i++) {
            if (!append(s, mf, &v, 1 + i % BATCH))
                break;
        }
        manifest_close(mf);
    }
    version_drop(v, NULL);
}

/* A start: reads what there is, and begins a manifest of its own with it. */
static const char *manifest_check(void *arg, bool whole)
{
    struct story *s = arg;
    struct manifest_state state;
    struct manifest *mf;
    struct version *v;
    char detail[256];
    uint64_t mark;
    struct err e = manifest_read(&m.fs, "/d", &state, detail);

    if (err_is(e))
        return "it cannot be read";
    mark = state.whole.mark.position;
    edit_deinit(&state.whole);
    if (!state.found || mark < s->acked)
        return "an edit that was appended is lost";
    if (mark > s->attempted || (whole && s->acked != s->attempted))
        return "an edit is there that nobody made";
    s->acked = mark; /* somebody relies on it now */
    s->ids.next = state.next_file;
    v = version_at(mark, state.number);
    e = manifest_begin(&mf, &m.fs, "/d", &s->ids, v, 1);
    version_drop(v, NULL);
    if (err_is(e))
        return "no new one can be begun";
    manifest_close(mf);
    return memory_fs_count(&m, "/d/manifest-") == 1 ? NULL : "old ones are left";
}

Test(crash_points, a_manifest_has_every_edit_it_was_given_wherever_the_power_goes)
{
    struct story story = { .acked = 0 };
    struct crash_plan plan = { .fs = &m,
                               .arg = &story,
                               .setup = manifest_setup,
                               .protocol = manifest_protocol,
                               .check = manifest_check };

    cr_assert(survives(&plan), "%s", report.failure);
    cr_assert_gt(crash_points_times(&report, "open", "manifest"), 2, "it is rolled");
    cr_assert_eq(crash_points_times(&report, "sync_dir", "dir"),
                 crash_points_times(&report, "open", "manifest"), "each name is made durable");
    cr_assert_geq(crash_points_times(&report, "remove", "manifest"), 3);
    cr_assert_geq(crash_points_times(&report, "sync", "manifest"), EDITS);
}

/* --- a blob file: whole or not counted on */

enum { VALUES = 5, VALUE = 3000, BLOB_ID = 7 };

struct values {
    struct blob_ref refs[VALUES];
    bool finished;
};

static void blob_protocol(void *arg)
{
    struct values *s = arg;
    struct blob_writer *writer;
    struct blob_file *file;
    uint8_t value[VALUE];
    struct err e = blob_writer_open(&writer, &m.fs, "/d", BLOB_ID);

    s->finished = false;
    for (unsigned i = 0; i < VALUES && !err_is(e); i++) {
        char key[8];
        struct cell c = { .stamp = 1, .origin = 1, .type = CELL_STRING };
        snprintf(key, sizeof key, "k%u", i);
        memset(value, (int)i + 1, sizeof value);
        c.key = cell_head_key(0, slice_str(key));
        c.value = slice_of(value, sizeof value);
        e = blob_writer_add(writer, &c, &s->refs[i]);
        if (err_is(e))
            blob_writer_abandon(writer, true);
    }
    if (err_is(e) || err_is(blob_writer_finish(writer, &file)))
        return;
    s->finished = !err_is(fs_sync_dir(&m.fs, "/d"));
    blob_file_close(file);
}

static const char *blob_check(void *arg, bool whole)
{
    struct values *s = arg;
    struct blob_file *file;
    const char *what = NULL;
    uint8_t value[VALUE];

    if (!s->finished)
        return whole ? "it was not finished" : NULL;
    if (err_is(blob_file_open(&file, &m.fs, "/d", FILE_BLOB, BLOB_ID, 0)))
        return "the file is lost";
    for (unsigned i = 0; i < VALUES; i++) {
        if (err_is(blob_file_read(file, &s->refs[i], value)) || value[VALUE - 1] != i + 1)
            what = "a value is lost";
    }
    blob_file_close(file);
    return what;
}

Test(crash_points, a_blob_file_that_was_finished_has_all_its_values)
{
    struct values values = { 0 };
    struct crash_plan plan = {
        .fs = &m, .arg = &values, .protocol = blob_protocol, .check = blob_check
    };

    cr_assert(survives(&plan), "%s", report.failure);
    cr_assert_geq(crash_points_times(&report, "sync", "blob"), 1);
}

/* --- the log: segments made in advance, filled, sealed and rolled, by a store */

static struct lsm_world w;
static struct put_trace trace;

/* The world's seams anew, around the files there are. */
static void world_around_files(void)
{
    struct memory_fs files = w.fs;

    lsm_world_init(&w);
    w.fs = files;
    w.options.sync = LSM_SYNC_ALWAYS;
    w.options.segment_size = 8192;
}

static void roll_setup(void *arg)
{
    (void)arg;
    lsm_world_open(&w);
    lsm_world_close(&w);
}

static void roll_protocol(void *arg)
{
    (void)arg;
    world_around_files();
    memset(&trace, 0, sizeof trace);
    if (lsm_world_open(&w) != LSM_FAILED) {
        for (unsigned i = 0; i < 14 && lsm_can_put(w.lsm, 1200); i++) {
            put_trace_put(&trace, &w, i % TRACE_KEYS, 1000);
            lsm_commit(w.lsm);
            put_trace_settle(&trace, &w);
        }
        put_trace_look(&trace, &w);
    }
    /* As by a kill, but the file system is the plan's to kill. */
    w.jobs = w.ran = NULL;
    lsm_free(w.lsm);
    w.lsm = NULL;
}

static const char *roll_check(void *arg, bool whole)
{
    (void)arg;
    world_around_files();
    if (lsm_world_open(&w) != LSM_READY)
        return "it does not start";
    if (whole && !(trace.count && trace.puts[trace.count - 1].acked))
        return "nothing was acknowledged";
    put_trace_after(&trace, &w, "a roll");
    for (unsigned i = 0; i < trace.count; i++)
        trace.puts[i].failed = false; /* it may be gone after the next power loss */
    lsm_world_kill(&w);
    return NULL;
}

Test(crash_points, a_log_that_rolls_keeps_what_it_acknowledged, .timeout = 120)
{
    struct crash_plan plan = {
        .fs = &w.fs, .setup = roll_setup, .protocol = roll_protocol, .check = roll_check, .dice = 2
    };

    lsm_world_init(&w);
    w.options.sync = LSM_SYNC_ALWAYS;
    w.options.segment_size = 8192;
    cr_assert(survives(&plan), "%s", report.failure);
    cr_assert_geq(crash_points_times(&report, "open", "log"), 3);
    cr_assert_geq(crash_points_times(&report, "allocate", "log"), 3);
    cr_assert_geq(crash_points_times(&report, "sync", "log"), 14);
    cr_assert_geq(crash_points_times(&report, "sync_dir", "dir"), 3);
    lsm_world_deinit(&w);
}
