/* Tests of os_machine.c, os_clock.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os/os.h"

static void put(const char *root, const char *path, const char *text)
{
    char full[256];
    FILE *file;

    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(full, sizeof full, "%s/%.*s", root, (int)(slash - path), path);
        mkdir(full, 0700);
    }
    snprintf(full, sizeof full, "%s/%s", root, path);
    file = fopen(full, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

Test(os_machine, the_smallest_limit_of_a_group_and_those_above_it_counts)
{
    char root[] = "/tmp/henge_cgroup_test.XXXXXX";
    char command[64];

    cr_assert(mkdtemp(root));
    put(root, "a/b/c/memory.max", "max\n");
    put(root, "a/b/memory.max", "2000000\n");
    put(root, "a/memory.max", "3000000\n");
    put(root, "memory/one/memory.limit_in_bytes", "500000\n");
    put(root, "memory/memory.limit_in_bytes", "9223372036854771712\n");
    cr_assert_eq(os_machine_cgroup_limit("0::/a/b/c\n", root), 2000000);
    cr_assert_eq(os_machine_cgroup_limit("0::/a/not/here\n", root), 3000000);
    cr_assert_eq(os_machine_cgroup_limit("0::/\n", root), UINT64_MAX);
    cr_assert_eq(os_machine_cgroup_limit("9:cpu,memory,pids:/one\n1:cpu:/a\n", root), 500000);
    cr_assert_eq(os_machine_cgroup_limit("4:memory:/one\n0::/a/b", root), 500000);
    cr_assert_eq(os_machine_cgroup_limit("4:memorystat:/one\n", root), UINT64_MAX);
    cr_assert_eq(os_machine_cgroup_limit("4:memory:/gone\n", root), 9223372036854771712u);
    cr_assert_eq(os_machine_cgroup_limit("nonsense\n\n:\n", root), UINT64_MAX);
    snprintf(command, sizeof command, "rm -r %s", root);
    cr_assert_eq(system(command), 0);
}

Test(os_machine, memory_and_names_are_those_of_this_machine)
{
    struct env_machine m;
    char name[256];

    os_machine_read(100, &m, name);
    cr_assert_geq(m.memory_bytes, 16 * 1024 * 1024);
    cr_assert_leq(m.memory_bytes,
                  (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
    cr_assert_eq(m.process_id, (uint64_t)getpid());
    cr_assert_eq(strncmp(m.os_name, "Linux ", 6), 0, "%s", m.os_name);
}

Test(os_machine, the_limit_of_open_files_is_raised_as_far_as_it_goes)
{
    struct rlimit limit;
    struct env_machine m;
    char name[256];

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_geq(limit.rlim_max, 1000);
    limit.rlim_cur = 64;
    limit.rlim_max = 5000;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    os_machine_read(800, &m, name);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(limit.rlim_cur, 5000, "files take the rest");
    cr_assert_eq(m.descriptors_max, limit.rlim_cur);
    os_machine_read(10, &m, name);
    cr_assert_eq(m.descriptors_max, 5000, "it is never lowered");
}

Test(os_machine, seeds_differ)
{
    cr_assert_neq(os_machine_seed(), os_machine_seed());
}

Test(os_machine, usage_grows_with_what_is_used)
{
    enum { BYTES = 50 * 1024 * 1024 };
    struct env_usage before, after;
    uint8_t *bytes;

    os_machine_usage(NULL, &before);
    bytes = malloc(BYTES);
    do {
        memset(bytes, (int)(before.user_us & 1) + 1, BYTES);
        os_machine_usage(NULL, &after);
    } while (after.user_us + after.system_us == before.user_us + before.system_us ||
             after.thread_user_us + after.thread_system_us ==
                 before.thread_user_us + before.thread_system_us);
    cr_assert_geq(after.rss_bytes, before.rss_bytes + BYTES - 1024 * 1024);
    cr_assert_gt(after.user_us + after.system_us, before.user_us + before.system_us);
    cr_assert_leq(after.thread_user_us + after.thread_system_us, after.user_us + after.system_us);
    free(bytes);
}

Test(os_clock, wall_time_is_the_system_s_and_mono_time_never_falls)
{
    struct clock *clock = os_clock_new();
    uint64_t before = (uint64_t)time(NULL);
    uint64_t wall_us = clock_wall_us(clock);
    uint64_t last_us = clock_mono_us(clock);

    cr_assert_geq(wall_us / 1000000 + 1, before);
    cr_assert_leq(wall_us / 1000000, before + 60);
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t now_us = clock_mono_us(clock);
        cr_assert_geq(now_us, last_us);
        last_us = now_us;
    }
    os_clock_free(clock);
}
