/* dump_test.c: a dump of a folder is what a reader would find; a dump of a file is all
 * it holds; damage is said and the rest is shown. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "lsm/file_name.h"
#include "tool_world.h"

static struct tool_world w;

static void init(void)
{
    tool_world_init(&w);
}

static void deinit(void)
{
    tool_world_deinit(&w);
}

TestSuite(dump, .init = init, .fini = deinit);

static const char *said(void)
{
    buf_append_byte(&w.lines, '\0');
    w.lines.len--;
    return (const char *)w.lines.data;
}

static void check_keys(void)
{
    struct lsm_world *s = &w.store;
    unsigned there = 0;
    char line[96];

    cr_assert_eq(lsm_world_open(s), LSM_READY);
    for (unsigned key = 0; key < TOOL_KEYS; key++) {
        char name[16];
        const char *value;
        snprintf(name, sizeof name, "k%u", key);
        value = lsm_world_get(s, name);
        snprintf(line, sizeof line, "db 0 key \"%s\" string %zu bytes \"%.5s", name,
                 value ? strlen(value) : 0, value ? value : "");
        if (value)
            cr_assert(tool_world_said(&w, line), "%s in %s", line, said());
        snprintf(line, sizeof line, "key \"%s\" ", name);
        cr_assert_eq(tool_world_said(&w, line), value != NULL, "%s", line);
        there += value != NULL;
    }
    snprintf(line, sizeof line, "%u cells\n", there);
    cr_assert(tool_world_said(&w, line), "%s", said());
    lsm_world_close(s);
}

Test(dump, a_folder_is_shown_as_readers_find_it)
{
    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    tool_world_fill(&w, true);
    for (unsigned round = 0; round < 12; round++) {
        for (unsigned i = 0; i < 7; i++)
            tool_world_put(&w, (round * 5 + i) % TOOL_KEYS);
        if (round == 5)
            lsm_flush(w.store.lsm, 0, ++w.store.stamp);
        lsm_commit(w.store.lsm);
        if (round % 2)
            lsm_world_settle(&w.store);
        lsm_world_close(&w.store);
        cr_assert_eq(tool_world_run(&w, "--dump", "/data"), TOOL_GOOD);
        check_keys();
        cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    }
}

Test(dump, every_file_is_shown)
{
    static const char *const begins[FILE_KINDS] = { "segment ", "table ", "frame 1 at 4096",
                                                    "snapshot " };

    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    tool_world_fill(&w, true);
    lsm_world_close(&w.store);
    for (unsigned i = 0; tool_world_file(&w, i); i++) {
        const char *path = tool_world_file(&w, i)->name;
        enum file_kind kind;
        uint64_t id;
        cr_assert(file_name_parse(strrchr(path, '/') + 1, &kind, &id));
        cr_assert_eq(tool_world_run(&w, "--dump", path), TOOL_GOOD, "%s", path);
        cr_assert_eq(strncmp(said(), begins[kind], strlen(begins[kind])), 0, "%s: %s", path,
                     said());
    }
}

Test(dump, damage_is_said_and_the_rest_shown)
{
    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    tool_world_fill(&w, true);
    lsm_world_close(&w.store);
    for (unsigned i = 0; tool_world_file(&w, i); i++) {
        struct memory_file *f = tool_world_file(&w, i);
        size_t at = f->len < 4200 ? f->len / 3 : 4200;
        f->data[at] ^= 4;
        cr_assert_eq(tool_world_run(&w, "--dump", f->name), TOOL_FOUND, "%s", f->name);
        cr_assert_gt(w.complaints.len, 0);
        tool_world_run(&w, "--dump", "/data");
        f->data[at] ^= 4;
    }
}

Test(dump, no_byte_upsets_it)
{
    struct memory_file *f;

    cr_assert_eq(lsm_world_open(&w.store), LSM_READY);
    tool_world_fill(&w, false);
    lsm_world_close(&w.store);
    for (unsigned i = 0; (f = tool_world_file(&w, i)) != NULL; i++) {
        for (size_t at = i % 29; at < f->len; at += 29) {
            f->data[at] ^= 0x11;
            tool_world_run(&w, "--dump", f->name);
            tool_world_run(&w, "--dump", "/data");
            f->data[at] ^= 0x11;
        }
    }
}
