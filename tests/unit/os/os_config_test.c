/* Tests of os_config.c: command lines as directives. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "os/os_config.h"
#include "unit/os/os_fixture.h"

static void expect(struct buf *line, const char *text)
{
    cr_assert(slice_equal(buf_slice(line), slice_str(text)), "'%.*s'", (int)line->len,
              (const char *)line->data);
}

Test(os_config, a_name_takes_the_values_up_to_the_next_name)
{
    char *argv[] = { "henge",         "--bind",    "::1",           "-127.0.0.1",
                     "--requirepass", "a \"b\"\\", "--force-start", "stray" };
    struct buf line = { 0 };
    int at = 1;

    cr_assert(os_config_argument(8, argv, &at, &line));
    expect(&line, "bind \"::1\" \"-127.0.0.1\"");
    cr_assert_eq(at, 4);
    cr_assert(os_config_argument(8, argv, &at, &line));
    expect(&line, "requirepass \"a \\\"b\\\"\\\\\"");
    cr_assert(os_config_argument(7, argv, &at, &line));
    expect(&line, "force-start");
    cr_assert_eq(at, 7);
    cr_assert_not(os_config_argument(8, argv, &at, &line));
    cr_assert_eq(at, 7);
    buf_deinit(&line);
}

Test(os_config, a_file_is_read_as_far_as_its_length_is_refused)
{
    struct fixture f;
    struct buf text = { 0 };
    struct err e;
    FILE *file;

    fixture_init(&f);
    e = os_config_read(fixture_path(&f, "none"), &text);
    cr_assert_eq(e.code, ERR_NOT_FOUND);
    cr_assert_eq(e.os, ENOENT);
    file = fopen(fixture_path(&f, "conf"), "w");
    for (int i = 0; i < LIMIT_CONFIG_FILE + 5000; i++)
        putc('#', file);
    fclose(file);
    e = os_config_read(fixture_path(&f, "conf"), &text);
    cr_assert_eq(e.code, ERR_NONE);
    cr_assert_eq(text.len, LIMIT_CONFIG_FILE + 1);
    buf_deinit(&text);
    cr_assert_eq(os_config_read(f.dir, &text).os, EISDIR);
    buf_deinit(&text);
    fixture_deinit(&f);
}
