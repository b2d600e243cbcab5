/* sim_main.c: runs seeds, replays one, hunts planted bugs. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/director.h"
#include "sim/planted_names.h"
#include "unit/lsm/arcs_model.h"
#include "sim/sim_self.h"

#define SEEDS_FILE "tests/sim/seeds.txt"

enum {
    PLANTED_SEEDS = 2000, /* a bug that needs more is not caught */
    SUITE_SEEDS = 200,    /* from so many on, the counters are judged */
    SAME_EVERY = 100,     /* seeds between two that are run twice */
    ARC_STEPS = 600,      /* of a history of arcs */
};

struct arguments {
    uint64_t from;
    uint64_t seeds;
    bool one;
    bool same;
    bool trace;
    bool planted_all;
    int planted;
    const char *file; /* of seeds that found bugs */
};

struct totals {
    uint64_t passed;
    uint64_t failed;
    struct sim_counts counts;
    time_t shown;
};

/* Plays a seed; true if nothing was found.  The whole trace goes to `text`, if it
 * is not NULL; a finding is printed unless `quiet`. */
static bool play(uint64_t seed, bool echo, bool quiet, struct sim_counts *sum, struct buf *text)
{
    struct world *w = world_new(seed, echo, text != NULL);
    bool good;

    director_play(w);
    good = !w->log.failed;
    if (!good && !quiet)
        sim_log_report(&w->log, seed);
    if (sum)
        sim_counts_add(sum, &w->counts);
    if (text)
        buf_append(text, buf_slice(&w->log.text));
    world_free(w);
    return good;
}

/* Two runs of a seed are the same, byte for byte. */
static bool play_twice(uint64_t seed)
{
    struct buf a = { 0 };
    struct buf b = { 0 };
    bool same;
    size_t at = 0;

    play(seed, false, true, NULL, &a);
    play(seed, false, true, NULL, &b);
    same = slice_equal(buf_slice(&a), buf_slice(&b));
    if (!same) {
        while (at < a.len && at < b.len && a.data[at] == b.data[at])
            at++;
        while (at > 0 && a.data[at - 1] != '\n')
            at--;
        printf("FAILED seed %" PRIu64 ": two runs differ\n  %.*s\n  %.*s\n", seed,
               (int)(a.len - at > 160 ? 160 : a.len - at), (const char *)a.data + at,
               (int)(b.len - at > 160 ? 160 : b.len - at), (const char *)b.data + at);
    }
    buf_deinit(&a);
    buf_deinit(&b);
    return same;
}

static void count(struct totals *t, bool good)
{
    if (good)
        t->passed++;
    else
        t->failed++;
}

static void show(struct totals *t, uint64_t seed)
{
    time_t now = time(NULL);

    if (now - t->shown < 5)
        return;
    t->shown = now;
    printf("seed %" PRIu64 ", %" PRIu64 " failed\n", seed, t->failed);
    fflush(stdout);
}

static void play_file(struct totals *t, const char *path)
{
    FILE *f = fopen(path ? path : SEEDS_FILE, "r");
    char line[256];

    if (!f) {
        printf("%s cannot be read: its seeds are not run\n", path ? path : SEEDS_FILE);
        t->failed += path != NULL;
        return;
    }
    while (fgets(line, sizeof line, f)) {
        if (line[0] >= '0' && line[0] <= '9')
            count(t, play(strtoull(line, NULL, 10), false, false, NULL, NULL));
    }
    fclose(f);
}

static void play_seeds(struct totals *t, const struct arguments *a)
{
    for (uint64_t seed = a->from; seed < a->from + a->seeds; seed++) {
        count(t, play(seed, false, false, &t->counts, NULL));
        if (seed % SAME_EVERY == 0)
            count(t, play_twice(seed));
        show(t, seed);
    }
    if (a->seeds >= SUITE_SEEDS) {
        bool enough = sim_counts_report(&t->counts);

        if (!enough)
            printf("FAILED: too few faults to prove anything\n");
        count(t, enough);
    }
}

/* The engine beside its model, without servers. */
static bool play_arcs(uint64_t seed)
{
    struct arcs_model_did did = { 0 };
    char what[256];

    return arcs_model_run(seed, ARC_STEPS, &did, what, sizeof what) == NULL;
}

/* Plays seeds with a planted bug until one finds it. */
static bool find_planted(int bug, uint64_t from, uint64_t *seeds)
{
    planted_set(bug);
    for (*seeds = 1; *seeds <= PLANTED_SEEDS; ++*seeds) {
        if (planted_in_arcs(bug) ? !play_arcs(from + *seeds - 1)
                                 : !play(from + *seeds - 1, false, true, NULL, NULL))
            return true;
    }
    return false;
}

/* In a process of its own: an assertion of the product may find the bug as well. */
static void hunt(struct totals *t, int bug, uint64_t from)
{
    uint64_t *seeds =
        mmap(NULL, sizeof *seeds, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool aborted, caught;
    int status = 0;
    pid_t child;

    if (seeds == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    fflush(stdout);
    child = fork();
    if (child == 0)
        _exit(find_planted(bug, from, seeds) ? 0 : 1);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("fork");
        exit(2);
    }
    aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    caught = aborted || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
    if (caught)
        printf("%-20s caught%s after %" PRIu64 " seeds\n", planted_name(bug),
               aborted ? " by an assertion" : "", *seeds);
    else
        printf("FAILED: %s is not caught by %d seeds\n", planted_name(bug), PLANTED_SEEDS);
    fflush(stdout);
    count(t, caught);
    munmap(seeds, sizeof *seeds);
}

static bool flag(struct arguments *a, const char *name)
{
    if (strcmp(name, "--trace") == 0)
        a->trace = true;
    else if (strcmp(name, "--planted-all") == 0)
        a->planted_all = true;
    else
        return false;
    return true;
}

static bool option(struct arguments *a, const char *name, const char *value)
{
    uint64_t n = strtoull(value, NULL, 10);

    if (strcmp(name, "--seed") == 0 || strcmp(name, "--same") == 0) {
        a->from = n;
        a->one = true;
        a->same = strcmp(name, "--same") == 0;
    } else if (strcmp(name, "--seeds") == 0) {
        a->seeds = n;
    } else if (strcmp(name, "--from") == 0) {
        a->from = n;
    } else if (strcmp(name, "--file") == 0) {
        a->file = value;
    } else if (strcmp(name, "--planted") == 0) {
        a->planted = planted_find(value);
        return a->planted != PLANTED_NONE;
    } else {
        return false;
    }
    return true;
}

static bool parse(struct arguments *a, int argc, char **argv)
{
    *a = (struct arguments){ .from = 1, .planted = PLANTED_NONE };
    for (int i = 1; i < argc; i++) {
        if (flag(a, argv[i]))
            continue;
        if (i + 1 >= argc || !option(a, argv[i], argv[i + 1]))
            return false;
        i++;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct totals t = { 0 };

    if (!parse(&a, argc, argv)) {
        printf("henge-sim [--seed N | --same N | --seeds N [--from M]] [--file SEEDS.TXT]\n"
               "          [--planted NAME | --planted-all] [--trace]\n");
        return 2;
    }
    t.shown = time(NULL);
    if (a.planted_all) {
        for (int bug = 0; planted_name(bug); bug++) {
            if (!planted_is_arc(bug))
                hunt(&t, bug, a.from);
        }
    } else if (a.planted != PLANTED_NONE && !a.one) {
        hunt(&t, a.planted, a.from);
    } else {
        planted_set(a.planted);
        if (!a.one) {
            sim_self(&t.passed, &t.failed);
            play_file(&t, a.file);
        }
        if (a.one)
            count(&t, a.same ? play_twice(a.from) : play(a.from, a.trace, false, NULL, NULL));
        else
            play_seeds(&t, &a);
    }
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", t.passed, t.failed);
    return t.failed != 0;
}
