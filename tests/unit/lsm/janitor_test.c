/* janitor_test.c: files are closed and removed, in order, by jobs, with pauses. */
#include "lsm/janitor.h"

#include <criterion/criterion.h>

#include "base/mem.h"
#include "file_sets.h"
#include "lsm_world.h"

enum { PAUSE_US = 10000 };

struct place {
    struct lsm_world world;
    struct janitor *janitor;
};

static void place_init(struct place *p)
{
    lsm_world_init(&p->world);
    p->janitor = janitor_new(&p->world.env, "/data", PAUSE_US);
}

static void place_deinit(struct place *p)
{
    janitor_free(p->janitor);
    lsm_world_deinit(&p->world);
}

/* A file that is there, open. */
static struct fs_file *open_file(struct place *p, enum file_kind kind, uint64_t id)
{
    char *path = file_path("/data", kind, id);
    struct fs_file *file = NULL;

    memory_fs_add(&p->world.fs, path, slice_str("x"));
    cr_assert_not(err_is(fs_open(&p->world.fs.fs, path, FS_READ, &file)));
    mem_free(path);
    return file;
}

static struct table *open_table(struct place *p, uint64_t id)
{
    struct table *t = table_fake(id, 0, 1);

    t->file = open_file(p, FILE_TABLE, id);
    return t;
}

static unsigned files(struct place *p)
{
    return memory_fs_count(&p->world.fs, "/data/");
}

/* Lets time pass to the deadline, if there is one, and runs what comes of it. */
static bool go_on(struct place *p)
{
    uint64_t at = janitor_deadline(p->janitor);

    if (at == UINT64_MAX)
        return false;
    p->world.now_us = at > p->world.now_us ? at : p->world.now_us;
    janitor_tick(p->janitor, p->world.now_us);
    lsm_world_settle(&p->world);
    return true;
}

Test(janitor, files_go_one_at_a_time_with_pauses)
{
    struct place p;

    place_init(&p);
    cr_assert_eq(janitor_deadline(p.janitor), UINT64_MAX);
    janitor_tick(p.janitor, UINT64_MAX);
    cr_assert_not(lsm_world_step(&p.world), "nothing to do");
    janitor_take_table(p.janitor, open_table(&p, 1), true);
    janitor_take_file(p.janitor, FILE_BLOB, 2, open_file(&p, FILE_BLOB, 2), 100, true);
    janitor_take_file(p.janitor, FILE_SEGMENT, 3, open_file(&p, FILE_SEGMENT, 3), 100, true);
    cr_assert_eq(janitor_waiting(p.janitor), 3);
    cr_assert_geq(janitor_bytes(p.janitor), 200);
    for (unsigned left = 3; left > 0; left--) {
        uint64_t before = p.world.now_us;
        cr_assert_eq(files(&p), left);
        cr_assert(go_on(&p));
        cr_assert(left == 3 || p.world.now_us == before + PAUSE_US);
        cr_assert_eq(janitor_waiting(p.janitor), left - 1);
    }
    cr_assert_eq(files(&p), 0);
    cr_assert_eq(janitor_bytes(p.janitor), 0);
    cr_assert_not(go_on(&p));
    place_deinit(&p);
}

/* They come faster than one a pause: the queue does not grow without end. */
Test(janitor, many_go_faster_and_without_pauses_in_a_hurry)
{
    struct place p;
    uint64_t begun, jobs = 0;

    place_init(&p);
    begun = p.world.now_us;
    for (uint64_t id = 1; id <= 1000; id++)
        janitor_take_file(p.janitor, FILE_BLOB, id, open_file(&p, FILE_BLOB, id), 100, true);
    for (; janitor_waiting(p.janitor) > 16; jobs++)
        cr_assert(go_on(&p));
    cr_expect_lt(p.world.now_us - begun, 1000 * PAUSE_US / 20);
    cr_expect_lt(jobs, 500u);
    janitor_hurry(p.janitor, true);
    begun = p.world.now_us;
    cr_assert(go_on(&p));
    cr_expect_eq(janitor_waiting(p.janitor), 0u);
    cr_expect_eq(p.world.now_us, begun);
    place_deinit(&p);
}

Test(janitor, the_work_is_a_job_that_nobody_waits_for)
{
    struct place p;

    place_init(&p);
    janitor_take_table(p.janitor, open_table(&p, 1), true);
    janitor_take_table(p.janitor, open_table(&p, 2), true);
    unsigned calls = p.world.fs.calls;
    janitor_tick(p.janitor, p.world.now_us);
    cr_assert_eq(p.world.fs.calls, calls, "not on the loop");
    cr_assert_eq(p.world.jobs->priority, JOB_LATER);
    cr_assert_eq(janitor_deadline(p.janitor), UINT64_MAX, "one job at a time");
    janitor_tick(p.janitor, p.world.now_us + 10 * PAUSE_US);
    cr_assert(lsm_world_half_step(&p.world));
    cr_assert_null(p.world.jobs);
    cr_assert_eq(janitor_waiting(p.janitor), 2, "until done() it is being worked on");
    lsm_world_settle(&p.world);
    cr_assert_eq(janitor_waiting(p.janitor), 1);
    place_deinit(&p);
}

Test(janitor, what_is_only_closed_needs_no_pauses)
{
    struct place p;
    unsigned jobs = 0;

    place_init(&p);
    for (uint64_t id = 1; id <= 20; id++)
        janitor_take_file(p.janitor, FILE_BLOB, id, open_file(&p, FILE_BLOB, id), 100, false);
    janitor_take_table(p.janitor, open_table(&p, 21), false);
    janitor_take_table(p.janitor, open_table(&p, 22), true);
    janitor_take_table(p.janitor, open_table(&p, 23), false);
    while (go_on(&p))
        jobs++;
    cr_assert_eq(jobs, 2, "up to the one that was removed, and the rest");
    cr_assert_eq(files(&p), 22);
    cr_assert_null(memory_fs_find(&p.world.fs, "/data/table-0000000000000016.tbl"));
    for (uint64_t id = 100; id < 200; id++)
        janitor_take_file(p.janitor, FILE_BLOB, id, open_file(&p, FILE_BLOB, id), 100, false);
    for (jobs = 0; go_on(&p);)
        jobs++;
    cr_assert_eq(jobs, 4, "but a job's work is bounded");
    place_deinit(&p);
}

Test(janitor, a_file_that_is_not_open_is_removed_by_its_name)
{
    struct place p;

    place_init(&p);
    memory_fs_add(&p.world.fs, "/data/log-0000000000000005.seg", slice_str("x"));
    janitor_take_file(p.janitor, FILE_SEGMENT, 5, NULL, 100, true);
    janitor_take_file(p.janitor, FILE_SEGMENT, 6, NULL, 100, false);
    cr_assert_eq(janitor_waiting(p.janitor), 1, "nothing to be done with the other");
    while (go_on(&p))
        ;
    cr_assert_eq(files(&p), 0);
    cr_assert_eq(p.world.warnings, 0);
    place_deinit(&p);
}

Test(janitor, a_file_that_cannot_be_removed_is_reported_once_and_left)
{
    struct place p;

    place_init(&p);
    janitor_take_table(p.janitor, open_table(&p, 1), true);
    janitor_take_table(p.janitor, open_table(&p, 2), true);
    janitor_take_file(p.janitor, FILE_BLOB, 3, NULL, 100, true); /* gone already */
    p.world.fs.fail_at = p.world.fs.calls + 1;
    while (go_on(&p))
        ;
    cr_assert_eq(p.world.warnings, 1);
    cr_assert_eq(files(&p), 1);
    cr_assert_not_null(memory_fs_find(&p.world.fs, "/data/table-0000000000000001.tbl"));
    cr_assert_eq(janitor_waiting(p.janitor), 0);
    place_deinit(&p);
}

Test(janitor, freed_at_any_point_it_closes_what_it_has)
{
    for (unsigned steps = 0; steps < 4; steps++) {
        struct place p;
        place_init(&p);
        janitor_take_table(p.janitor, open_table(&p, 1), true);
        janitor_take_file(p.janitor, FILE_BLOB, 2, open_file(&p, FILE_BLOB, 2), 100, true);
        if (steps > 0)
            janitor_tick(p.janitor, p.world.now_us);
        if (steps > 1)
            lsm_world_half_step(&p.world);
        if (steps > 2)
            lsm_world_settle(&p.world);
        p.world.jobs = p.world.ran = NULL; /* the pool is gone */
        janitor_free(p.janitor);
        cr_assert_eq(files(&p), steps > 1 ? 1 : 2);
        lsm_world_deinit(&p.world);
    }
    janitor_free(NULL);
}
