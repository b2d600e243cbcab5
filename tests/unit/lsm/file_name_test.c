/* file_name_test.c: names as operators see them, and only those. */
#include "lsm/file_name.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"

static void expect_path(enum file_kind kind, const char *want)
{
    char *path = file_path("some/dir", kind, 0xa1b2);
    enum file_kind back = FILE_KINDS;
    uint64_t id = 0;

    cr_assert_str_eq(path, want);
    cr_assert(file_name_parse(path + strlen("some/dir/"), &back, &id));
    cr_assert(back == kind && id == 0xa1b2);
    mem_free(path);
}

Test(file_name, each_kind_has_its_own)
{
    expect_path(FILE_SEGMENT, "some/dir/log-000000000000a1b2.seg");
    expect_path(FILE_TABLE, "some/dir/table-000000000000a1b2.tbl");
    expect_path(FILE_BLOB, "some/dir/blob-000000000000a1b2.blb");
    expect_path(FILE_MANIFEST, "some/dir/manifest-000000000000a1b2.mft");
}

Test(file_name, what_is_nearly_one_is_none)
{
    static const char *const names[] = {
        "",
        "lock",
        "log-",
        "log-.seg",
        "log-00000000000a1b2.seg",
        "log-0000000000000a1b2.seg",
        "log-000000000000A1B2.seg",
        "log-000000000000a1bg.seg",
        "log-000000000000a1b2.tbl",
        "log-000000000000a1b2.segs",
        "xlog-000000000000a1b2.seg",
        "table-000000000000a1b2.tb",
        "table_000000000000a1b2.tbl",
        "log-0000000000000000.seg",
    };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        enum file_kind kind;
        uint64_t id;
        cr_assert_not(file_name_parse(names[i], &kind, &id), "%s", names[i]);
    }
}

Test(file_name, every_id_is_taken_once)
{
    struct file_ids ids = { 5 };

    cr_assert_eq(file_ids_take(&ids), 5);
    cr_assert_eq(file_ids_take(&ids), 6);
}
