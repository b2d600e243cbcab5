/* Tests of os_trace.c and os_env.c: lines in Redis's form, and a file that moves. */
#include <criterion/criterion.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "os/os_env.h"
#include "unit/os/os_fixture.h"

static void read_file(const char *path, char out[4096])
{
    FILE *file = fopen(path, "r");
    size_t n;

    cr_assert_not_null(file);
    n = fread(out, 1, 4095, file);
    out[n] = 0;
    fclose(file);
}

static void expect(const char *text, const char *pattern)
{
    regex_t regex;

    cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    cr_assert_eq(regexec(&regex, text, 0, NULL, 0), 0, "'%s' is not as '%s'", text, pattern);
    regfree(&regex);
}

#define HEAD "[0-9]+:M [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} "

Test(os_trace, a_line_has_process_time_level_and_text)
{
    struct fixture f;
    struct trace *trace;
    char text[4096];

    fixture_init(&f);
    cr_assert_eq(os_trace_new(fixture_path(&f, "log"), TRACE_VERBOSE, &trace).code, ERR_NONE);
    trace_log(trace, TRACE_DEBUG, "too fine");
    trace_log(trace, TRACE_VERBOSE, "one %d", 1);
    trace_log(trace, TRACE_NOTICE, "two\nlines");
    trace_log(trace, TRACE_WARNING, "three");
    os_trace_free(trace);
    read_file(fixture_path(&f, "log"), text);
    expect(text, "^" HEAD "- one 1\n" HEAD "\\* two\\?lines\n" HEAD "# three\n$");
    fixture_deinit(&f);
}

Test(os_trace, the_longest_line_still_ends)
{
    struct fixture f;
    struct trace *trace;
    char text[4096];
    char longest[2000];

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    fixture_init(&f);
    cr_assert_eq(os_trace_new(fixture_path(&f, "log"), TRACE_DEBUG, &trace).code, ERR_NONE);
    trace_log(trace, TRACE_DEBUG, "%s", longest);
    os_trace_free(trace);
    read_file(fixture_path(&f, "log"), text);
    expect(text, "^" HEAD "\\. x{200}");
    cr_assert_eq(text[strlen(text) - 1], '\n');
    cr_assert_geq(strlen(text), 1023);
    fixture_deinit(&f);
}

Test(os_trace, a_file_that_was_moved_away_is_made_anew)
{
    struct fixture f;
    struct trace *trace;
    char moved[FIXTURE_PATH + 16];
    char text[4096];

    fixture_init(&f);
    cr_assert_eq(os_trace_new(fixture_path(&f, "log"), TRACE_DEBUG, &trace).code, ERR_NONE);
    trace_log(trace, TRACE_NOTICE, "before");
    snprintf(moved, sizeof moved, "%s", fixture_path(&f, "log.1"));
    cr_assert_eq(rename(fixture_path(&f, "log"), moved), 0);
    trace_log(trace, TRACE_NOTICE, "between");
    cr_assert_eq(os_trace_reopen(trace).code, ERR_NONE);
    trace_log(trace, TRACE_NOTICE, "after");
    os_trace_free(trace);
    read_file(moved, text);
    expect(text, "^" HEAD "\\* before\n" HEAD "\\* between\n$");
    read_file(fixture_path(&f, "log"), text);
    expect(text, "^" HEAD "\\* after\n$");
    fixture_deinit(&f);
}

Test(os_trace, a_log_that_cannot_be_opened_is_an_error_and_makes_no_env)
{
    struct os_env_options options = {
        .logfile = "/nonexistent/folder/log",
        .level = TRACE_NOTICE,
        .pool_threads = 1,
        .connections = 10,
    };
    struct os_env *world;
    struct err e = os_env_new(&options, &world);

    cr_assert_eq(e.code, ERR_IO);
    cr_assert_eq(e.os, ENOENT);
    cr_assert_null(world);
}

Test(os_env, a_world_has_everything_and_ends_clean)
{
    struct fixture f;
    struct os_env_options options = {
        .level = TRACE_WARNING,
        .pool_threads = 2,
        .connections = 10,
        .keepalive_s = 300,
    };
    struct os_env *world;
    struct env *env;

    fixture_init(&f);
    options.logfile = fixture_path(&f, "log");
    cr_assert_eq(os_env_new(&options, &world).code, ERR_NONE);
    env = os_env_get(world);
    cr_assert(env->clock && env->fs && env->net && env->pool && env->trace && env->arenas);
    cr_assert(env->usage && os_env_loop(world));
    cr_assert_eq(env->trace->level, TRACE_WARNING);
    cr_assert_eq(env->net->keepalive_s, 300);
    cr_assert_gt(env->machine.memory_bytes, 0);
    os_env_end_jobs(world);
    cr_assert_null(env->pool);
    os_env_free(world);
    fixture_deinit(&f);
}
