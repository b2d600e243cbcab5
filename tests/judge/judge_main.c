/* judge_main.c: the judge as a program: reads histories, prints verdicts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "judge/history_format.h"
#include "judge/judge_checks.h"
#include "judge/linear.h"

enum { FILE_MAX = 1 << 30, FILES_MAX = 64 };

static const char help[] =
    "judge [OPTION]... FILE...   judges histories of what clients asked and were told\n"
    "judge --converge FILE...    whether dumps of several nodes have the same lines\n"
    "\n"
    "  --check NAME     only this check; may be given again.  One that finds nothing to look\n"
    "                   at is a failure then, and skipped otherwise.  Checks are:\n"
    "                     linear     one order explains all answers\n"
    "                     counter    sums lie between what was acknowledged and what was asked\n"
    "                     lock       no two hold a lock at once\n"
    "                     durable    no acknowledged write is missing at the end\n"
    "                     monotonic  reads never go back\n"
    "  --work N         operations one search may try, in millions (200)\n"
    "  --memory N       memory one search may take, in MiB (1024)\n"
    "  --slack-ms N     by which clocks may differ, for locks (5)\n"
    "  --quiet          says nothing of checks that passed\n"
    "\n"
    "The last line is `N passed, N failed[, N skipped]`.  Exit status: 0 if nothing failed, 1 if\n"
    "something did or could not be decided, 2 if there is nothing to judge: a wrong option, a\n"
    "file that cannot be read or is no history.  tests/judge/history_format.h has the format.\n";

struct check {
    const char *name;
    enum judge_verdict (*run)(struct judge_history *h, const struct judge_limits *limits,
                              struct buf *say);
};

static const struct check checks[] = {
    { "linear", linear_check },   { "counter", counter_check },     { "lock", lock_check },
    { "durable", durable_check }, { "monotonic", monotonic_check },
};

enum { CHECKS = sizeof checks / sizeof *checks };

struct judge {
    struct judge_limits limits;
    bool wanted[CHECKS];
    bool any_wanted;
    bool converge;
    bool quiet;
    bool help;
    const char *files[FILES_MAX];
    size_t file_count;
    unsigned passed;
    unsigned failed;
    unsigned skipped;
};

static int complain(const char *what, const char *which)
{
    fprintf(stderr, "judge: %s: %s\n", which, what);
    return 2;
}

static bool read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    size_t got = 1;

    if (!f)
        return false;
    while (got && out->len <= FILE_MAX) {
        got = fread(buf_reserve(out, 1 << 16), 1, 1 << 16, f);
        out->len += got;
    }
    got = (size_t)ferror(f);
    fclose(f);
    return got == 0;
}

static void put_verdict(struct judge *j, const char *file, const char *check, enum judge_verdict v,
                        struct buf *say)
{
    static const char *const words[] = {
        [VERDICT_PASSED] = "passed",
        [VERDICT_FAILED] = "FAILED",
        [VERDICT_UNDECIDED] = "FAILED: not decided",
        [VERDICT_SKIPPED] = "skipped",
    };

    if (v == VERDICT_SKIPPED && j->any_wanted)
        v = VERDICT_UNDECIDED;
    j->passed += v == VERDICT_PASSED;
    j->skipped += v == VERDICT_SKIPPED;
    j->failed += v == VERDICT_FAILED || v == VERDICT_UNDECIDED;
    if (j->quiet && v == VERDICT_PASSED)
        return;
    printf("%s: %s: %s: %.*s", file, check, words[v], (int)say->len, (const char *)say->data);
}

/* 0, or 2 if it is no history. */
static int judge_file(struct judge *j, const char *path)
{
    struct judge_history h;
    struct buf text = { 0 };
    uint32_t line;
    struct err e;
    int status = 0;

    if (!read_file(path, &text)) {
        buf_deinit(&text);
        return complain("it cannot be read", path);
    }
    judge_history_init(&h);
    if (text.len > FILE_MAX) {
        status = complain("it is larger than 1 GiB", path);
    } else if (e = history_format_read(&h, buf_slice(&text), &line), err_is(e)) {
        fprintf(stderr, "judge: %s:%u: %s\n", path, line, e.what);
        status = 2;
    }
    for (size_t i = 0; i < CHECKS && status == 0; i++) {
        struct buf say = { 0 };

        if (!j->any_wanted || j->wanted[i])
            put_verdict(j, path, checks[i].name, checks[i].run(&h, &j->limits, &say), &say);
        buf_deinit(&say);
    }
    judge_history_deinit(&h);
    buf_deinit(&text);
    return status;
}

static int judge_convergence(struct judge *j)
{
    struct buf texts[FILES_MAX] = { { 0 } };
    struct slice files[FILES_MAX];
    struct buf say = { 0 };
    int status = 0;

    j->any_wanted = true;
    for (size_t i = 0; i < j->file_count && status == 0; i++) {
        if (!read_file(j->files[i], &texts[i]))
            status = complain("it cannot be read", j->files[i]);
        else if (texts[i].len > FILE_MAX)
            status = complain("it is larger than 1 GiB", j->files[i]);
        files[i] = buf_slice(&texts[i]);
    }
    if (status == 0)
        put_verdict(j, j->files[0], "converge",
                    converge_check(j->files, files, j->file_count, &say), &say);
    for (size_t i = 0; i < j->file_count; i++)
        buf_deinit(&texts[i]);
    buf_deinit(&say);
    return status;
}

static bool want(struct judge *j, const char *name)
{
    for (size_t i = 0; i < CHECKS; i++) {
        if (strcmp(checks[i].name, name) == 0)
            return j->wanted[i] = j->any_wanted = true;
    }
    return false;
}

/* Takes an option that has a value. */
static bool set_option(struct judge *j, const char *option, const char *value)
{
    int64_t n;

    if (strcmp(option, "--check") == 0)
        return want(j, value);
    if (!num_get_i64(slice_str(value), &n) || n < 0 || n > 1000000)
        return false;
    if (strcmp(option, "--work") == 0)
        j->limits.steps = (uint64_t)n * 1000000;
    else if (strcmp(option, "--memory") == 0)
        j->limits.bytes = (size_t)n << 20;
    else if (strcmp(option, "--slack-ms") == 0)
        j->limits.slack_us = (uint64_t)n * 1000;
    else
        return false;
    return true;
}

static int parse(struct judge *j, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            j->help = true;
        else if (strcmp(argv[i], "--converge") == 0)
            j->converge = true;
        else if (strcmp(argv[i], "--quiet") == 0)
            j->quiet = true;
        else if (argv[i][0] == '-' && (i + 1 == argc || !set_option(j, argv[i], argv[i + 1])))
            return complain("no such option, or not with this value; see --help", argv[i]);
        else if (argv[i][0] == '-')
            i++;
        else if (j->file_count == FILES_MAX)
            return complain("more files than 64", argv[i]);
        else
            j->files[j->file_count++] = argv[i];
    }
    return j->help || j->file_count ? 0 : complain("no files; see --help", "usage");
}

int main(int argc, char **argv)
{
    struct judge j = { .limits = judge_limits_default() };
    int status = parse(&j, argc, argv);

    if (status)
        return status;
    if (j.help) {
        fputs(help, stdout);
        return 0;
    }
    if (j.converge)
        status = judge_convergence(&j);
    for (size_t i = 0; i < j.file_count && !j.converge && status == 0; i++)
        status = judge_file(&j, j.files[i]);
    if (status)
        return status;
    printf("%u passed, %u failed", j.passed, j.failed);
    if (j.skipped)
        printf(", %u skipped", j.skipped);
    printf("\n");
    return j.failed ? 1 : 0;
}
