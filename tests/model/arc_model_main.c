/* arc_model_main.c: plays histories of an arc, seed after seed, or hunts bugs on purpose. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/arc_model.h"
#include "sim/planted_names.h"

enum { PLANTED_SEEDS = 2000 };

/* The bugs this model has to find. */
static const char *const bugs[] = {
    "commit_old_ballot",    "promise_not_synced",         "read_without_confirm",
    "confirm_by_other_arc", "recover_from_one",           "recover_from_old_leader",
    "blank_owner_promises", "forget_forgetting",          "skip_previous_check",
    "ack_past_refusal",     "commit_over_unmatched_tail", "duplicate_cuts_tail",
    "ballot_handed_on",     "lead_without_fetch",         "commit_by_half",
};

/* Three or five owners; sometimes they change, sometimes the whole room loses power. */
static struct model_options options_of(uint64_t seed, bool trace)
{
    struct model_options o = { .nodes = seed % 2 ? 3 : 5, .trace = trace };
    o.owners = o.nodes;
    if (seed % 4 == 2 || seed % 4 == 3) {
        o.nodes = seed % 4 == 2 ? 6 : 5;
        o.owners = 3;
        o.moves = true;
    }
    o.hectic = seed / 16 % 3 == 1;
    o.quiet = seed / 16 % 3 == 2;
    o.always = seed % 8 == 1;
    o.room = seed % 16 == 5;
    return o;
}

static void add(struct model_stats *to, const struct model_stats *more)
{
    const uint64_t *from = (const uint64_t *)more;
    uint64_t *sum = (uint64_t *)to;
    for (size_t i = 0; i < sizeof *to / sizeof *sum; i++)
        sum[i] += from[i];
}

/* False: something is wrong, and said. */
static bool play(uint64_t seed, bool quiet, bool trace, struct model_stats *stats)
{
    struct model_options o = options_of(seed, trace);
    struct model *m = model_new(seed, &o);
    const char *wrong = model_run(m);
    if (wrong && !quiet)
        printf("FAILED: seed %" PRIu64 ": %s\n", seed, wrong);
    add(stats, &m->stats);
    model_free(m);
    return !wrong;
}

/* Every kind of thing has to have happened, or the seeds prove little. */
static bool enough(const struct model_stats *s, uint64_t seeds)
{
    printf("%" PRIu64 " histories: %" PRIu64 " leads, %" PRIu64 " commits, %" PRIu64
           " reads, %" PRIu64 " crashes, %" PRIu64 " power losses, %" PRIu64 " recoveries, %" PRIu64
           " pauses, %" PRIu64 " cuts, %" PRIu64 " resets, %" PRIu64 " invitations, %" PRIu64
           " changes of owners, %" PRIu64 " drops, %" PRIu64 " failed writes, %" PRIu64
           " tails cut, %" PRIu64 " resumed\n",
           seeds, s->leads, s->commits, s->reads, s->crashes, s->power_losses, s->recoveries,
           s->pauses, s->cuts, s->resets, s->hand_overs, s->moves, s->drops, s->failed_writes,
           s->tails_cut, s->resumes);
    return seeds < 200 ||
           (s->leads > 20 && s->commits > 20 && s->reads > 20 && s->recoveries > 20 &&
            s->hand_overs > 20 && s->moves > 20 && s->drops > 20 && s->failed_writes > 20 &&
            s->tails_cut > 20 && s->resumes > 5);
}

static bool find(const char *name)
{
    struct model_stats stats = { 0 };
    planted_set(planted_find(name));
    for (uint64_t seed = 1; seed <= PLANTED_SEEDS; seed++) {
        if (!play(seed, true, false, &stats)) {
            printf("%-28s caught after %" PRIu64 " seeds\n", name, seed);
            return true;
        }
    }
    printf("FAILED: %s is not caught by %d seeds\n", name, PLANTED_SEEDS);
    return false;
}

/* In a process of its own: an assertion that fails has found the bug too. */
static bool hunt(const char *name)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        bool found = find(name);
        fflush(stdout);
        _exit(found ? 0 : 1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        printf("%-28s caught by an assertion\n", name);
        return true;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int hunt_all(const char *only)
{
    int passed = 0;
    int failed = 0;
    for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++) {
        if (only && strcmp(only, bugs[i]) != 0)
            continue;
        if (hunt(bugs[i]))
            passed++;
        else
            failed++;
        fflush(stdout);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 300;
    uint64_t from = 1;
    bool trace = false;
    struct model_stats stats = { 0 };
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--planted-all") == 0)
            return hunt_all(NULL);
        if (i + 1 == argc)
            break;
        if (strcmp(argv[i], "--planted") == 0)
            return hunt_all(argv[i + 1]);
        if (strcmp(argv[i], "--seeds") == 0)
            seeds = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--from") == 0)
            from = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--trace") == 0) {
            from = strtoull(argv[++i], NULL, 10);
            seeds = 1;
            trace = true;
        }
    }
    for (uint64_t seed = from; seed < from + seeds; seed++)
        failed += !play(seed, false, trace, &stats);
    if (!enough(&stats, seeds)) {
        printf("FAILED: not enough has happened\n");
        failed++;
    }
    printf("%d passed, %d failed\n", (int)seeds - failed, failed);
    return failed != 0;
}
