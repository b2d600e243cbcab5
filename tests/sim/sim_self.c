/* sim_self.c: the disk forgets what it may, and nothing else; the search for an
 * order finds one where there is one, and none where there is none. */
#include "sim/sim_self.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sim/checks.h"
#include "sim/sim_disk.h"

enum { TRIES = 64 };

struct bench {
    struct sim_queue queue;
    struct sim_log log;
    struct sim_counts counts;
    struct sim_place place;
    struct sim_clock clock;
    struct sim_disk *disk;
    struct history history;
};

static void bench_init(struct bench *b, uint64_t seed)
{
    memset(b, 0, sizeof *b);
    sim_queue_init(&b->queue);
    sim_log_init(&b->log, &b->queue, false, false);
    sim_clock_init(&b->clock, &b->queue, 0);
    b->place.may_block = true;
    b->disk = sim_disk_new(&b->log, &b->counts, &b->place, seed);
    history_init(&b->history, &b->queue, &b->clock);
}

static void bench_deinit(struct bench *b)
{
    history_deinit(&b->history);
    sim_disk_free(b->disk);
    sim_log_deinit(&b->log);
    sim_queue_deinit(&b->queue);
}

/* Creates /f with 4000 bytes of 'x', its name durable. */
static struct fs_file *make_file(struct bench *b)
{
    struct fs *fs = &b->disk->fs;
    char bytes[4000];
    struct fs_file *f;

    memset(bytes, 'x', sizeof bytes);
    fs_open(fs, "/f", FS_WRITE | FS_READ | FS_CREATE, &f);
    fs_sync_dir(fs, "/");
    fs_write(f, 0, slice_of(bytes, sizeof bytes));
    return f;
}

/* How many of its 4000 bytes are 'x'. */
static size_t count_x(struct bench *b)
{
    const struct sim_inode *f = sim_disk_find(b->disk, "/f");
    size_t n = 0;

    for (size_t i = 0; f && i < f->now_len && i < 4000; i++)
        n += f->now[i] == 'x';
    return n;
}

static void lose_power(struct bench *b)
{
    sim_disk_process_end(b->disk);
    sim_disk_power_loss(b->disk);
}

static bool unsynced_bytes_survive_at_random(void)
{
    unsigned all = 0, none = 0, some = 0;

    for (uint64_t seed = 0; seed < TRIES; seed++) {
        struct bench b;

        bench_init(&b, seed);
        make_file(&b);
        lose_power(&b);
        all += count_x(&b) == 4000;
        none += count_x(&b) == 0;
        some += count_x(&b) > 0 && count_x(&b) < 4000;
        bench_deinit(&b);
    }
    return all && none && some;
}

static bool synced_bytes_survive_always(void)
{
    bool good = true;

    for (uint64_t seed = 0; seed < TRIES; seed++) {
        struct bench b;
        struct fs_file *f;

        bench_init(&b, seed);
        f = make_file(&b);
        good = good && !err_is(fs_sync(f));
        lose_power(&b);
        good = good && count_x(&b) == 4000;
        bench_deinit(&b);
    }
    return good;
}

static bool a_process_end_loses_nothing(void)
{
    struct bench b;
    bool good;

    bench_init(&b, 1);
    make_file(&b);
    sim_disk_process_end(b.disk);
    good = count_x(&b) == 4000;
    bench_deinit(&b);
    return good;
}

static bool what_a_failed_sync_lost_no_later_sync_saves(void)
{
    unsigned lost = 0;
    bool shown = true;

    for (uint64_t seed = 0; seed < TRIES; seed++) {
        struct bench b;
        struct fs_file *f;

        bench_init(&b, seed);
        f = make_file(&b);
        b.disk->plan.sync = 1;
        shown = shown && err_is(fs_sync(f));
        b.disk->plan.sync = 0;
        shown = shown && !err_is(fs_sync(f)) && count_x(&b) == 4000;
        lose_power(&b);
        lost += count_x(&b) < 4000;
        bench_deinit(&b);
    }
    return shown && lost;
}

static bool a_name_needs_its_folder_synced(void)
{
    unsigned there = 0, gone = 0;
    bool synced = true;

    for (uint64_t seed = 0; seed < TRIES; seed++) {
        struct bench b;
        struct fs_file *f;

        bench_init(&b, seed);
        make_file(&b);
        fs_open(&b.disk->fs, "/g", FS_WRITE | FS_CREATE, &f);
        lose_power(&b);
        synced = synced && sim_disk_find(b.disk, "/f");
        there += sim_disk_find(b.disk, "/g") != NULL;
        gone += sim_disk_find(b.disk, "/g") == NULL;
        bench_deinit(&b);
    }
    return synced && there && gone;
}

static bool a_cut_disk_does_nothing_more(void)
{
    struct bench b;
    struct fs_file *f;
    bool good;

    bench_init(&b, 1);
    f = make_file(&b);
    b.disk->cut_in = 1;
    good = err_is(fs_sync(f)) && b.disk->cut && err_is(fs_write(f, 0, slice_str("y"))) &&
           count_x(&b) == 4000 && b.counts.n[COUNT_CUT_SYNC] == 1;
    bench_deinit(&b);
    return good;
}

static bool a_quota_and_a_lock_hold(void)
{
    struct bench b;
    struct fs_file *f, *lock;
    bool good;

    bench_init(&b, 1);
    f = make_file(&b);
    b.disk->quota = 5000;
    good = fs_allocate(f, 6000).code == ERR_NO_SPACE && !err_is(fs_allocate(f, 5000));
    good = good && !err_is(fs_lock(&b.disk->fs, "/lock", &lock));
    good = good && fs_lock(&b.disk->fs, "/lock", &lock).code == ERR_BUSY;
    sim_disk_process_end(b.disk);
    good = good && !err_is(fs_lock(&b.disk->fs, "/lock", &lock));
    bench_deinit(&b);
    return good;
}

/* What the loop can read of /f. */
static size_t read_now(struct fs_file *f)
{
    char bytes[4000];
    size_t got;

    return err_is(fs_read_now(f, 0, bytes, sizeof bytes, &got)) ? 0 : got;
}

static bool the_page_cache_loses_pages_and_reading_brings_them_back(void)
{
    unsigned warm = 0, cold = 0, back = 0;
    bool good = true;

    for (uint64_t seed = 0; seed < TRIES; seed++) {
        struct bench b;
        struct fs_file *f;
        char byte;
        size_t got;

        bench_init(&b, seed);
        f = make_file(&b);
        warm += read_now(f) == 4000;
        fs_sync(f);
        lose_power(&b);
        fs_open(&b.disk->fs, "/f", FS_READ, &f);
        cold += read_now(f) == 0;
        good = good && !err_is(fs_read(f, 0, &byte, 1, &got)) && byte == 'x';
        back += read_now(f) == 4000;
        good = good && b.counts.n[COUNT_NOW_COLD];
        b.disk->plan.read = 1;
        good = good && fs_read_now(f, 0, &byte, 1, &got).code == ERR_IO && got == 0;
        bench_deinit(&b);
    }
    return good && cold == TRIES && warm > TRIES / 2 && warm < TRIES && back > TRIES / 2;
}

static bool a_file_with_two_names_is_one_and_each_name_needs_its_folder_synced(void)
{
    unsigned there = 0, gone = 0;
    bool good = true;

    for (uint64_t seed = 0; seed < TRIES; seed++) {
        struct bench b;
        uint64_t room, all;
        struct fs *fs;

        bench_init(&b, seed);
        fs = &b.disk->fs;
        make_file(&b);
        b.disk->quota = 5000;
        good = good && fs_link(fs, "/no", "/g").code == ERR_NOT_FOUND;
        good = good && !err_is(fs_link(fs, "/f", "/g"));
        good = good && fs_link(fs, "/f", "/g").code == ERR_EXISTS;
        good = good && sim_disk_find(b.disk, "/f") == sim_disk_find(b.disk, "/g");
        good = good && !err_is(fs_space(fs, "/", &room, &all)) && room == 1000 && all == 5000;
        good = good && !err_is(fs_remove(fs, "/f")) && sim_disk_used(b.disk) == 4000;
        lose_power(&b);
        there += sim_disk_find(b.disk, "/g") != NULL;
        gone += sim_disk_find(b.disk, "/g") == NULL;
        bench_deinit(&b);
    }
    return good && there && gone;
}

/* An operation asked and, at once, answered. */
static struct op *done(struct history *h, enum op_kind kind, const char *value, const char *reply)
{
    struct op *op = history_op(h);

    op->kind = kind;
    op->key_count = 1;
    op->connection = op->id;
    if (value)
        op->values[0] = history_text(h, slice_str(value));
    if (reply)
        op->reply_texts[0] = history_text(h, slice_str(reply));
    history_asked(h, op);
    history_told(h, op, OP_OK);
    return op;
}

/* SET, a power loss under that policy, and what a GET finds then. */
static bool order_found(enum lsm_sync policy, const char *found)
{
    struct bench b;
    bool good;

    bench_init(&b, 1);
    b.history.everysec_us = 1000000;
    history_mark(&b.history, MARK_BOOT, policy);
    history_mark(&b.history, MARK_SERVING, policy);
    done(&b.history, OP_SET, "v1:", NULL);
    done(&b.history, OP_SET, "v2:", NULL);
    history_mark(&b.history, MARK_POWER, policy);
    history_mark(&b.history, MARK_BOOT, policy);
    history_mark(&b.history, MARK_SERVING, policy);
    done(&b.history, OP_GET, NULL, found);
    check_linear(&b.history, &b.log);
    good = !b.log.failed;
    bench_deinit(&b);
    return good;
}

static bool a_power_loss_may_take_what_was_not_promised(void)
{
    return order_found(LSM_SYNC_NO, NULL) && order_found(LSM_SYNC_NO, "v1:") &&
           order_found(LSM_SYNC_EVERYSEC, "v1:") && order_found(LSM_SYNC_ALWAYS, "v2:") &&
           !order_found(LSM_SYNC_ALWAYS, "v1:") && !order_found(LSM_SYNC_ALWAYS, NULL) &&
           !order_found(LSM_SYNC_NO, "v9:");
}

static bool a_stale_read_has_no_order(void)
{
    struct bench b;
    struct op *slow;
    bool good;

    bench_init(&b, 1);
    done(&b.history, OP_SET, "v1:", NULL);
    slow = history_op(&b.history);
    slow->kind = OP_SET;
    slow->key_count = 1;
    slow->values[0] = history_text(&b.history, slice_str("v2:"));
    history_asked(&b.history, slow);
    done(&b.history, OP_GET, NULL, "v1:");
    done(&b.history, OP_GET, NULL, "v2:"); /* taken effect before its answer */
    check_linear(&b.history, &b.log);
    good = !b.log.failed;
    done(&b.history, OP_GET, NULL, "v1:");
    check_linear(&b.history, &b.log);
    good = good && b.log.failed;
    bench_deinit(&b);
    return good;
}

void sim_self(uint64_t *passed, uint64_t *failed)
{
    static const struct {
        const char *name;
        bool (*holds)(void);
    } all[] = {
        { "unsynced bytes survive at random", unsynced_bytes_survive_at_random },
        { "synced bytes survive always", synced_bytes_survive_always },
        { "a process's end loses nothing", a_process_end_loses_nothing },
        { "what a failed sync lost no later sync saves",
          what_a_failed_sync_lost_no_later_sync_saves },
        { "a name needs its folder synced", a_name_needs_its_folder_synced },
        { "a cut disk does nothing more", a_cut_disk_does_nothing_more },
        { "a quota and a lock hold", a_quota_and_a_lock_hold },
        { "the page cache loses pages and reading brings them back",
          the_page_cache_loses_pages_and_reading_brings_them_back },
        { "a file with two names is one, and each name needs its folder synced",
          a_file_with_two_names_is_one_and_each_name_needs_its_folder_synced },
        { "a power loss may take what was not promised",
          a_power_loss_may_take_what_was_not_promised },
        { "a stale read has no order", a_stale_read_has_no_order },
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i].holds()) {
            ++*passed;
        } else {
            ++*failed;
            printf("FAILED: the simulator: %s\n", all[i].name);
        }
    }
}
