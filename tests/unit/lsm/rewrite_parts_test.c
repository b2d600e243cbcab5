/* rewrite_parts_test.c: a value in pieces of which some are in one victim and some in
 * another: its head is found in both, and moves once, with all its pieces. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "cell_list.h"
#include "lsm/blob_file.h"
#include "lsm/lookup.h"
#include "rewrite_world.h"

enum {
    PIECES = 6,
    LENGTH = 700,
    ORDER = REWRITE_SEGMENTS * 16, /* of the table with the head */
};

static struct blob_ref refs[PIECES];

static void ok(struct err e)
{
    cr_assert_not(err_is(e), "%s", e.what);
}

static struct cell_key the_key(void)
{
    return cell_head_key(1, slice_str("in pieces"));
}

static void add_piece(struct blob_writer *w, unsigned number, int with, struct blob_ref *ref)
{
    uint8_t bytes[LENGTH], text[CHUNK_NUMBER_SIZE];
    struct cell c = { .key = the_key(), .stamp = rw.stamp, .origin = 4 };

    memset(bytes, with, sizeof bytes);
    chunk_number_put(text, number);
    c.key.kind = CELL_CHUNK;
    c.key.subkey = slice_of(text, sizeof text);
    c.value = slice_of(bytes, sizeof bytes);
    ok(blob_writer_add(w, &c, ref));
}

/* A file with every second piece, and of each one that nothing refers to. */
static void add_file(struct edit *e, unsigned first)
{
    struct blob_writer *w;
    struct blob_file *b;
    struct blob_ref garbage;

    ok(blob_writer_open(&w, &rw.fs.fs, "/d", file_ids_take(&rw.ids)));
    for (unsigned i = first; i < PIECES; i += 2) {
        add_piece(w, i, 'g', &garbage);
        add_piece(w, i, 'a' + (int)i, &refs[i]);
    }
    ok(blob_writer_finish(w, &b));
    edit_add_blob(e, b);
}

static void add_head(struct edit *e)
{
    uint8_t bytes[PIECES * BLOB_REF_SIZE];
    struct cell head = { .key = the_key(),
                         .stamp = rw.stamp,
                         .origin = 4,
                         .type = CELL_STRING,
                         .flags = CELL_PARTS,
                         .value = slice_of(bytes, sizeof bytes) };
    struct cell_list list = { .count = 0 };
    struct table_meta meta;
    struct table *t;

    for (unsigned i = 0; i < PIECES; i++)
        blob_ref_put(bytes + i * BLOB_REF_SIZE, &refs[i]);
    cell_list_add(&list, &head);
    ok(cell_list_write(&list, &rw.fs.fs, "/d", file_ids_take(&rw.ids), &rw.options.table, &meta));
    ok(table_open(&t, &rw.fs.fs, "/d", meta.id, meta.size));
    edit_add_table(e, 0, ORDER, t);
    for (uint32_t i = 0; i < meta.blob_count; i++)
        edit_live(e, meta.blobs[i].file, (int64_t)meta.blobs[i].bytes);
    mem_free(meta.blobs);
    cell_list_deinit(&list);
}

static void begin(void)
{
    struct edit e = { .number = 0 };
    struct version *next;

    rewrite_world_begin(3);
    rw.stamp++;
    add_file(&e, 0);
    add_file(&e, 1);
    add_head(&e);
    ok(version_apply(rw.version, &e, &next));
    version_drop(rw.version, NULL);
    rw.version = next;
    cr_assert(version_check(rw.version));
    edit_deinit(&e);
    rw.options.order = ORDER + 1;
}

static struct rewrite *rewrite_both(void)
{
    uint64_t files[2] = { refs[0].file, refs[1].file };
    struct rewrite *r;

    cr_assert_neq(files[0], files[1]);
    rewrite_world_run(&r, files, 2);
    return r;
}

/* Where each piece is now; and each has its bytes. */
static void expect_pieces(struct blob_ref now[PIECES])
{
    struct lookup l = { .version = rw.version };
    struct cell_key key = the_key();
    uint8_t bytes[LENGTH];
    struct cell c;
    struct err e;

    cell_decode(lookup_find(&l, &key, &e), &c);
    ok(e);
    cr_assert((c.flags & CELL_PARTS) && cell_parts(&c) == PIECES);
    for (unsigned i = 0; i < PIECES; i++) {
        cell_part(&c, i, &now[i]);
        cr_assert_not_null(version_blob(rw.version, now[i].file));
        ok(blob_file_read(version_blob(rw.version, now[i].file), &now[i], bytes));
        cr_assert(bytes[0] == 'a' + (int)i && bytes[LENGTH - 1] == 'a' + (int)i, "piece %u", i);
    }
    lookup_deinit(&l);
}

static uint64_t live_in(uint64_t file)
{
    for (size_t i = 0; i < rw.version->blob_count; i++) {
        if (rw.version->blobs[i].blob->id == file)
            return rw.version->blobs[i].live;
    }
    return 0;
}

Test(rewrite_parts, of_two_victims_move_once)
{
    struct blob_ref now[PIECES];

    begin();
    expect_pieces(now);
    rewrite_world_take(rewrite_both());
    expect_pieces(now);
    for (unsigned i = 0; i < PIECES; i++)
        cr_assert_eq(now[i].file, now[0].file, "they are together");
    cr_assert_eq(live_in(now[0].file), PIECES * LENGTH);
    cr_assert_lt(version_blob(rw.version, now[0].file)->size, (PIECES + 1) * LENGTH + 4096,
                 "none is written twice");
    cr_assert_eq(rw.version->levels[0].tables[0].table->meta.cells, 1);
    cr_assert_null(version_blob(rw.version, refs[0].file));
    cr_assert_null(version_blob(rw.version, refs[1].file));
    rewrite_world_expect_facts();
    rewrite_world_end();
}

Test(rewrite_parts, move_out_of_one_victim_when_the_other_is_damaged)
{
    struct blob_ref now[PIECES];
    struct memory_file *f;
    char *path;

    begin();
    path = file_path("/d", FILE_BLOB, refs[1].file);
    f = memory_fs_find(&rw.fs, path);
    f->data[refs[3].offset] ^= 1;
    rewrite_world_take(rewrite_both());
    f->data[refs[3].offset] ^= 1;
    mem_free(path);
    expect_pieces(now);
    for (unsigned i = 0; i < PIECES; i++) {
        cr_assert_eq(now[i].file == refs[i].file, i % 2 == 1, "piece %u", i);
        /* the damaged one is counted for the old head too, until both meet */
        cr_assert_eq(live_in(now[i].file), (1 + i % 2) * PIECES / 2 * LENGTH);
    }
    cr_assert_eq(rw.warnings, 1);
    rewrite_world_expect_facts();
    rewrite_world_end();
}
