/* crash_points.c: count, cut, lose, judge. */
#include "crash_points.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { CALLS_MAX = 16384, DICE = 6 };

enum loss {
    LOSS_NONE, /* a kill */
    LOSS_TORN, /* a kill in the middle of a write */
    LOSS_ALL,  /* a power loss: nothing that was not synced is left */
    LOSS_DICE, /* and those behind it: something is */
};

struct crash_run {
    const struct crash_plan *plan;
    struct crash_report *report;
    struct memory_fs start; /* the files of setup() */
    uint64_t seen[CALLS_MAX];
    unsigned calls; /* of this run */
    bool first;
    unsigned strange; /* the first call that was another than before; 0 for none */
};

/* "manifest" of "/data/manifest-0001.mft"; "dir" of what has no such name. */
static void kind_of(const char *path, char kind[CRASH_WORD])
{
    const char *name = strrchr(path, '/');
    size_t len;

    name = name ? name + 1 : path;
    len = strcspn(name, "-.");
    if (name[len] == '\0' && strcmp(name, "lock") != 0) {
        name = "dir";
        len = 3;
    }
    snprintf(kind, CRASH_WORD, "%.*s", (int)len, name);
}

static void count_point(struct crash_report *r, const char *call, const char *path)
{
    char kind[CRASH_WORD];
    unsigned i = 0;

    kind_of(path, kind);
    while (i < r->count &&
           (strcmp(r->points[i].call, call) != 0 || strcmp(r->points[i].file, kind) != 0))
        i++;
    if (i == r->count) {
        assert(r->count < CRASH_KINDS);
        r->count++;
        snprintf(r->points[i].call, CRASH_WORD, "%s", call);
        snprintf(r->points[i].file, CRASH_WORD, "%s", kind);
    }
    r->points[i].times++;
}

static void on_call(void *arg, const char *call, const char *path)
{
    struct crash_run *run = arg;
    char text[128];
    uint64_t hash;

    assert(run->calls < CALLS_MAX);
    snprintf(text, sizeof text, "%s %s", call, path);
    hash = hash_xxh3(slice_str(text));
    if (run->first) {
        run->seen[run->calls] = hash;
        count_point(run->report, call, path);
    } else if (run->seen[run->calls] != hash && !run->strange) {
        run->strange = run->calls + 1;
    }
    run->calls++;
}

/* The protocol from the start, ended in call `cut_at`, or whole if that is 0. */
static void run_once(struct crash_run *run, unsigned cut_at, bool torn)
{
    struct memory_fs *fs = run->plan->fs;

    memory_fs_deinit(fs);
    memory_fs_copy(fs, &run->start);
    run->calls = 0;
    fs->cut_at = cut_at;
    fs->cut_torn = torn;
    fs->on_call = on_call;
    fs->on_call_arg = run;
    run->plan->protocol(run->plan->arg);
    fs->on_call = NULL;
    run->report->runs++;
}

static bool wrong(struct crash_run *run, unsigned call, unsigned loss, const char *what)
{
    static const char *const names[] = { "killed", "killed in the middle", "all unsynced lost" };

    snprintf(run->report->failure, sizeof run->report->failure, "call %u of %u, %s %u: %s", call,
             run->report->calls, loss < LOSS_DICE ? names[loss] : "some lost, dice", loss, what);
    return false;
}

/* `call` is the one it ends in, or the number behind the last. */
static bool run_cut(struct crash_run *run, unsigned call, unsigned loss)
{
    bool whole = call > run->report->calls;
    struct memory_fs *fs = run->plan->fs;
    struct prng dice;
    const char *what;

    run_once(run, whole ? 0 : call, loss == LOSS_TORN);
    if (run->strange && run->strange <= call)
        return wrong(run, run->strange, loss, "another call than in the whole run");
    run->strange = 0; /* what it does when it is cut off already is its own affair */
    prng_init(&dice, (uint64_t)call << 8 | loss);
    if (loss <= LOSS_TORN)
        memory_fs_kill(fs);
    else
        memory_fs_power_loss(fs, loss == LOSS_ALL ? NULL : &dice);
    what = run->plan->check(run->plan->arg, whole);
    if (what)
        return wrong(run, call, loss, what);
    memory_fs_power_loss(fs, NULL);
    what = run->plan->check(run->plan->arg, whole);
    return what ? wrong(run, call, loss, what) : true;
}

static bool run_all(struct crash_run *run)
{
    unsigned stride = run->plan->stride ? run->plan->stride : 1;
    unsigned losses = LOSS_DICE + (run->plan->dice ? run->plan->dice : DICE);

    for (unsigned call = 1 + run->plan->offset; call <= run->report->calls + 1; call += stride) {
        for (unsigned loss = 0; loss < losses; loss++) {
            if (!run_cut(run, call, loss))
                return false;
        }
    }
    return true;
}

bool crash_points_run(const struct crash_plan *plan, struct crash_report *report)
{
    struct crash_run *run = mem_zalloc(1, sizeof *run);
    bool good;

    *report = (struct crash_report){ 0 };
    run->plan = plan;
    run->report = report;
    if (plan->setup)
        plan->setup(plan->arg);
    memory_fs_copy(&run->start, plan->fs);
    run->first = true;
    run_once(run, 0, false);
    run->first = false;
    report->calls = run->calls;
    good = run_all(run);
    memory_fs_deinit(&run->start);
    mem_free(run);
    return good;
}

unsigned crash_points_times(const struct crash_report *report, const char *call, const char *file)
{
    for (unsigned i = 0; i < report->count; i++) {
        if (strcmp(report->points[i].call, call) == 0 && strcmp(report->points[i].file, file) == 0)
            return report->points[i].times;
    }
    return 0;
}

const char *crash_points_text(const struct crash_report *report, char *out, size_t size)
{
    size_t n = (size_t)snprintf(out, size, "%u calls, %u runs:", report->calls, report->runs);

    for (unsigned i = 0; i < report->count && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s %s %s %u", i ? "," : "",
                              report->points[i].call, report->points[i].file,
                              report->points[i].times);
    return out;
}
