/* manifest_test.c: what is written to a manifest is read back, torn, damaged or whole. */
#include "lsm/manifest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lsm/arc_marks.h"
#include "lsm/manifest_record.h"
#include "manifest_script.h"

/* A disk with the whole script on it. */
static void write_script(struct script *s, struct memory_fs *fs, uint64_t roll_size)
{
    size_t acked, tried;
    bool begun;

    script_init(s);
    memory_fs_init(fs);
    cr_assert_not(err_is(script_run(s, fs, roll_size, &begun, &acked, &tried)));
}

static void end_script(struct script *s, struct memory_fs *fs)
{
    memory_fs_deinit(fs);
    script_deinit(s);
}

static void expect_read(struct memory_fs *fs, const char *expected)
{
    struct manifest_state state;
    struct err e;
    char *text = script_read(fs, &state, &e);

    cr_assert_not(err_is(e), "%s", text);
    cr_assert_str_eq(text, expected);
    mem_free(text);
}

static void expect_error(struct memory_fs *fs, enum err_code code, const char *detail)
{
    struct manifest_state state;
    struct err e;
    char *text = script_read(fs, &state, &e);

    cr_assert_eq(e.code, code, "%d %s", e.code, text);
    cr_assert_str_eq(text, detail);
    cr_assert_not(state.found);
    mem_free(text);
}

Test(manifest, a_folder_without_one_has_none)
{
    struct memory_fs fs;
    struct manifest_state state;
    char detail[256];

    memory_fs_init(&fs);
    memory_fs_add(&fs, "/data/log-0000000000000007.seg", slice_str("x"));
    memory_fs_add(&fs, "/data/manifest-7.mft", slice_str("x"));
    cr_assert_not(err_is(manifest_read(&fs.fs, "/data", &state, detail)));
    cr_assert_not(state.found);
    cr_assert_eq(state.next_file, 8, "larger than a file's id that is there");
    memory_fs_deinit(&fs);
}

Test(manifest, what_was_appended_is_read_back)
{
    struct script s;
    struct memory_fs fs;

    write_script(&s, &fs, 1 << 20);
    expect_read(&fs, s.texts[SCRIPT_EDITS]);
    end_script(&s, &fs);
}

Test(manifest, it_rolls_and_old_ones_are_removed)
{
    struct script s;
    struct memory_fs fs;
    struct manifest_state state;
    char detail[256];

    write_script(&s, &fs, 100);
    cr_assert_eq(memory_fs_count(&fs, "/data/manifest-"), 1);
    cr_assert_not(err_is(manifest_read(&fs.fs, "/data", &state, detail)));
    cr_assert_geq(state.id, 1002, "begun, and rolled more than once");
    cr_assert_leq(state.id, 1000 + SCRIPT_EDITS / 2, "but not with every edit");
    edit_deinit(&state.whole);
    expect_read(&fs, s.texts[SCRIPT_EDITS]);
    end_script(&s, &fs);
}

Test(manifest, edits_appended_together_are_one_write_and_one_sync)
{
    struct script s;
    struct memory_fs fs;
    struct manifest *m;
    struct edit *edits[5];

    script_init(&s);
    memory_fs_init(&fs);
    cr_assert_not(err_is(manifest_begin(&m, &fs.fs, "/data", &s.ids, s.versions[0], 1 << 20)));
    for (unsigned i = 0; i < 5; i++) {
        edits[i] = &s.edits[i];
        edits[i]->number = 0;
    }
    unsigned calls = fs.calls;
    cr_assert_not(err_is(manifest_append(m, s.versions[0], edits, 5)));
    cr_assert_eq(fs.calls, calls + 2);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(edits[i]->number, i + 1);
    cr_assert_not(err_is(manifest_append(m, s.versions[5], edits, 0)));
    cr_assert_eq(fs.calls, calls + 2, "nothing to write");
    manifest_close(m);
    expect_read(&fs, s.texts[5]);
    end_script(&s, &fs);
}

Test(manifest, next_file_is_larger_than_every_id_that_was_taken)
{
    struct script s;
    struct memory_fs fs;
    struct manifest *m;
    struct manifest_state state;
    struct edit *edit;
    char detail[256];

    script_init(&s);
    memory_fs_init(&fs);
    cr_assert_not(err_is(manifest_begin(&m, &fs.fs, "/data", &s.ids, s.versions[0], 1 << 20)));
    s.ids.next = 5000; /* files nobody names came and went */
    edit = &s.edits[0];
    cr_assert_not(err_is(manifest_append(m, s.versions[0], &edit, 1)));
    manifest_close(m);
    cr_assert_not(err_is(manifest_read(&fs.fs, "/data", &state, detail)));
    cr_assert_eq(state.next_file, 5000);
    edit_deinit(&state.whole);
    memory_fs_add(&fs, "/data/table-0000000000002000.tbl", slice_str("x"));
    cr_assert_not(err_is(manifest_read(&fs.fs, "/data", &state, detail)));
    cr_assert_eq(state.next_file, 0x2001);
    edit_deinit(&state.whole);
    end_script(&s, &fs);
}

Test(manifest, an_unfinished_newer_one_is_passed_over)
{
    struct script s;
    struct memory_fs fs;
    uint8_t head[MANIFEST_HEAD_SIZE + 8] = { 0 };

    write_script(&s, &fs, 1 << 20);
    memory_fs_add(&fs, "/data/manifest-0000000000002000.mft", slice_str(""));
    expect_read(&fs, s.texts[SCRIPT_EDITS]);
    manifest_head_put(head, 0x2001);
    memory_fs_add(&fs, "/data/manifest-0000000000002001.mft", slice_of(head, sizeof head));
    expect_read(&fs, s.texts[SCRIPT_EDITS]);
    memory_fs_add(&fs, "/data/manifest-0000000000002002.mft", slice_str("HENGEMFT nonsense"));
    expect_read(&fs, s.texts[SCRIPT_EDITS]);
    end_script(&s, &fs);
}

Test(manifest, an_unfinished_one_is_none_only_while_no_file_needs_it)
{
    struct memory_fs fs;

    memory_fs_init(&fs);
    memory_fs_add(&fs, "/data/manifest-0000000000000003.mft", slice_str("HENGEM"));
    memory_fs_add(&fs, "/data/log-0000000000000001.seg", slice_str("x"));
    expect_read(&fs, "none");
    memory_fs_add(&fs, "/data/table-0000000000000002.tbl", slice_str("x"));
    expect_error(&fs, ERR_CORRUPT,
                 "/data/manifest-0000000000000003.mft is damaged: its snapshot is not readable, "
                 "and there is no other");
    memory_fs_deinit(&fs);
}

Test(manifest, a_format_version_it_does_not_know_is_refused)
{
    struct script s;
    struct memory_fs fs;
    struct memory_file *f;

    write_script(&s, &fs, 1 << 20);
    f = memory_fs_last(&fs, "/data/manifest-");
    wire_put32(f->data + 8, 1);
    wire_put32(f->data + 28, crc32c_extend(0, f->data, 28));
    expect_error(&fs, ERR_INVALID,
                 "/data/manifest-00000000000003e8.mft: a format version this program does not "
                 "know (1; it knows 2)");
    end_script(&s, &fs);
}

Test(manifest, one_that_cannot_be_read_is_an_error)
{
    struct script s;
    struct memory_fs fs;

    write_script(&s, &fs, 1 << 20);
    fs.calls = 0;
    for (unsigned at = 1; at <= 4; at++) { /* list, open, size, read */
        struct manifest_state state;
        char detail[256];
        fs.fail_at = fs.calls + at;
        cr_assert_eq(manifest_read(&fs.fs, "/data", &state, detail).code, ERR_IO, "call %u", at);
        cr_assert_str_eq(detail, at == 1 ? "/data: told to fail: Input/output error"
                                         : "/data/manifest-00000000000003e8.mft: told to fail: "
                                           "Input/output error");
    }
    end_script(&s, &fs);
}

/* --- torn and damaged, byte by byte */

/* Where the records of a manifest begin, and behind the last of them its end: count + 1
 * of `at`. */
struct places {
    uint64_t at[SCRIPT_EDITS + 2];
    uint64_t synced[SCRIPT_EDITS + 1];
    size_t count;
};

static struct places places_of(struct slice bytes)
{
    struct places p = { .count = 0 };
    struct record_head head;
    uint64_t at = MANIFEST_HEAD_SIZE;

    for (; at < bytes.len; at += record_size(bytes.data + at)) {
        record_head_get(bytes.data + at, &head);
        p.synced[p.count] = head.synced;
        p.at[p.count++] = at;
    }
    p.at[p.count] = at;
    return p;
}

/* The bytes of the newest one; *id is that of its name. */
static struct slice bytes_of(struct memory_fs *fs, uint64_t *id)
{
    struct memory_file *f = memory_fs_last(fs, "/data/manifest-");

    *id = wire_get64(f->data + 16);
    return slice_of(f->data, f->len);
}

Test(manifest, a_torn_tail_at_any_byte_is_what_was_before_it)
{
    struct script s;
    struct memory_fs fs;
    uint64_t id, offset;

    write_script(&s, &fs, 1 << 20);
    struct slice bytes = bytes_of(&fs, &id);
    struct places p = places_of(bytes);
    cr_assert_eq(p.count, SCRIPT_EDITS + 1);
    for (size_t len = 0, whole = 0; len <= bytes.len; len++) {
        struct manifest_state state;
        uint8_t *copy = mem_alloc(len); /* so that sanitizers see its end */
        memcpy(copy, bytes.data, len);
        while (whole < p.count && len >= p.at[whole + 1])
            whole++;
        cr_assert_not(err_is(manifest_parse(slice_of(copy, len), id, &state, &offset)));
        cr_assert_eq(state.found, whole > 0, "%zu bytes", len);
        if (state.found) {
            cr_assert_eq(state.torn, len - p.at[whole], "%zu bytes", len);
            char *text = script_text(&state);
            cr_assert_str_eq(text, s.texts[whole - 1], "%zu bytes", len);
            mem_free(text);
        }
        mem_free(copy);
    }
    end_script(&s, &fs);
}

Test(manifest, a_tail_of_zeros_or_of_anything_is_torn)
{
    struct script s;
    struct memory_fs fs;
    uint64_t id, offset;
    struct prng prng;

    write_script(&s, &fs, 1 << 20);
    struct slice bytes = bytes_of(&fs, &id);
    uint8_t *longer = mem_zalloc(1, bytes.len + 300);
    memcpy(longer, bytes.data, bytes.len);
    prng_init(&prng, 3);
    for (unsigned round = 0; round < 2; round++) {
        struct manifest_state state;
        cr_assert_not(
            err_is(manifest_parse(slice_of(longer, bytes.len + 300), id, &state, &offset)));
        cr_assert_eq(state.torn, 300);
        char *text = script_text(&state);
        cr_assert_str_eq(text, s.texts[SCRIPT_EDITS]);
        mem_free(text);
        for (size_t i = 0; i < 300; i++)
            longer[bytes.len + i] = (uint8_t)prng_next(&prng);
    }
    mem_free(longer);
    end_script(&s, &fs);
}

Test(manifest, no_flipped_byte_gives_a_wrong_state)
{
    struct script s;
    struct memory_fs fs;
    uint64_t id, offset;
    unsigned refused = 0, older = 0;

    write_script(&s, &fs, 1 << 20);
    struct slice bytes = bytes_of(&fs, &id);
    struct places p = places_of(bytes);
    uint64_t last_batch = p.synced[p.count - 1];
    uint8_t *copy = mem_alloc(bytes.len);
    memcpy(copy, bytes.data, bytes.len);
    for (size_t bit = 0; bit < 8 * bytes.len; bit += 7) {
        struct manifest_state state;
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct err e = manifest_parse(slice_of(copy, bytes.len), id, &state, &offset);
        if (bit / 8 < last_batch) {
            cr_assert_eq(e.code, ERR_CORRUPT, "bit %zu", bit);
            cr_assert_leq(offset, bit / 8, "at or before the damage");
            refused++;
        } else {
            cr_assert_not(err_is(e), "bit %zu: %s", bit, e.what);
            cr_assert_lt(state.number, SCRIPT_EDITS);
            char *text = script_text(&state);
            cr_assert_str_eq(text, s.texts[state.number]);
            mem_free(text);
            older++;
        }
        copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert_gt(refused, 8000);
    cr_assert_gt(older, 150);
    mem_free(copy);
    end_script(&s, &fs);
}

Test(manifest, a_damaged_one_that_was_finished_is_not_passed_over)
{
    struct script s;
    struct memory_fs fs;
    struct memory_file *f;

    write_script(&s, &fs, 1 << 20);
    f = memory_fs_last(&fs, "/data/manifest-");
    struct slice older = slice_of(f->data, f->len);
    memory_fs_add(&fs, "/data/manifest-0000000000000001.mft", older);
    manifest_head_put(memory_fs_find(&fs, "/data/manifest-0000000000000001.mft")->data, 1);
    f->data[MANIFEST_HEAD_SIZE + 50] ^= 1;
    expect_error(&fs, ERR_CORRUPT,
                 "/data/manifest-00000000000003e8.mft is damaged at offset 32: what was synced "
                 "there is not readable");
    end_script(&s, &fs);
}

/* --- records whose crc holds and that cannot be */

struct change {
    size_t offset; /* in the record */
    uint64_t value;
    unsigned bytes;
    const char *what;
};

/* One edit with everything in it, behind a snapshot of nothing. */
static void sample(struct buf *out)
{
    struct version *v = version_new();
    struct table *t = table_fake(5, 0, 1);
    struct blob_file *b = blob_fake(FILE_SEGMENT, 6);
    struct record_head head = { .kind = RECORD_SNAPSHOT, .manifest = 9 };
    struct edit e = { .number = 1, .has_mark = true, .mark = { 1, 2, 3, 4 }, .flushed = { 7 } };

    manifest_head_put(buf_reserve(out, MANIFEST_HEAD_SIZE), 9);
    out->len += MANIFEST_HEAD_SIZE;
    record_put_version(out, &head, v, 10);
    edit_add_table(&e, 1, 0, t);
    edit_add_blob(&e, b);
    edit_live(&e, 3, 4);
    edit_live(&e, 6, 50);
    arc_mark_put(&e.arcs, &(struct arc_mark){ .arc = 11,
                                              .applied = { { 12, 13 }, 14, 15 },
                                              .end = { { 16, 17 }, 18, 0 },
                                              .promise = { 19, 20 },
                                              .closed = true,
                                              .state = slice_str("own") });
    head = (struct record_head){ .kind = RECORD_EDIT, .manifest = 9, .number = 1, .synced = 32 };
    record_put_edit(out, &head, &e, 10);
    edit_deinit(&e);
    version_drop(v, NULL);
    mem_free(t);
    mem_free(b);
}

static const struct change misfits[] = {
    { 16, 145, 8, "synced behind itself" },
    { 24, 2, 8, "a number left out" },
    { 24, 0, 8, "a number that stays" },
    { 32, 1, 4, "a second snapshot" },
    { 32, 3, 4, "a kind that is none" },
    { 36, 1, 4, "not zero" },
    { 40, 6, 8, "next file is a file that is there" },
    { 48, 2, 4, "a flag that is none" },
    { 48, 0, 4, "without its mark it is shorter" },
    { 52, 0, 4, "without a stamp it is shorter" },
    { 52, 0x10000, 4, "a database that is none" },
    { 56, 2, 4, "more tables than there are" },
    { 56, UINT32_MAX, 4, "so many that sizes overflow" },
    { 60, 1, 4, "more drops than there are" },
    { 64, UINT32_MAX, 4, "so many blob files" },
    { 68, UINT32_MAX, 4, "so many dropped blob files" },
    { 72, UINT32_MAX, 4, "so many changes" },
    { 76, 8, 4, "fewer bytes of arcs" },
    { 104, 0, 8, "a mark whose frames are in tables before it begins" },
    { 112, 0, 8, "the stamp of a flush is 0" },
    { 120, 0, 8, "a table's id is 0" },
    { 120, 10, 8, "a table's id is not taken yet" },
    { 128, 0, 8, "a table is empty" },
    { 136, 1, 8, "an order in a level" },
    { 144, 7, 4, "a level that is none" },
    { 148, 1, 4, "not zero" },
    { 152, 0, 8, "a blob file's id is 0" },
    { 160, 0, 8, "a blob file is empty" },
    { 168, 0, 4, "a blob file's kind" },
    { 168, 3, 4, "a blob file's kind" },
    { 172, 1, 4, "not zero" },
    { 176, 6, 8, "changes of one file twice" },
    { 176, 0, 8, "changes of file 0" },
    { 200, (uint64_t)-1, 8, "less than nothing live" },
    { 208, 0, 8, "arc 0" },
    { 240, 13, 8, "an arc's log that ends before what is applied of it" },
    { 276, 4, 4, "a flag that is none" },
    { 280, 9, 4, "more state than there is" },
    { 280, 2, 4, "not zero behind a state" },
    { 284, 1, 4, "not zero" },
};

Test(manifest, a_record_that_cannot_be_is_damage_and_not_a_torn_tail)
{
    struct buf bytes = { 0 };
    struct manifest_state state;
    uint64_t offset;

    sample(&bytes);
    size_t at = MANIFEST_HEAD_SIZE + record_size(bytes.data + MANIFEST_HEAD_SIZE);
    uint8_t *record = bytes.data + at;
    cr_assert_not(err_is(manifest_parse(buf_slice(&bytes), 9, &state, &offset)));
    cr_assert_eq(state.number, 1);
    edit_deinit(&state.whole);
    cr_assert_eq(record_size(record), 296);
    for (size_t i = 0; i < sizeof misfits / sizeof *misfits; i++) {
        const struct change *c = &misfits[i];
        uint8_t kept[296];
        memcpy(kept, record, sizeof kept);
        if (c->bytes == 4)
            wire_put32(record + c->offset, (uint32_t)c->value);
        else
            wire_put64(record + c->offset, c->value);
        record_seal(record);
        struct err e = manifest_parse(buf_slice(&bytes), 9, &state, &offset);
        cr_assert_eq(e.code, ERR_CORRUPT, "%s", c->what);
        cr_assert_not(state.found);
        cr_assert_eq(offset, at, "%s", c->what);
        memcpy(record, kept, sizeof kept);
    }
    buf_deinit(&bytes);
}

/* --- the bytes, one by one: they may not change without a new format version */

/* The checksums are computed by another program, bit by bit. */
static const uint8_t golden[] = {
    'H', 'E', 'N', 'G', 'E', 'M', 'F', 'T', /* magic */
    2, 0, 0, 0, 0, 0, 0, 0,                 /* version */
    9, 0, 0, 0, 0, 0, 0, 0,                 /* id */
    0, 0, 0, 0, 0x35, 0x2e, 0x01, 0x03,     /* crc */
    /* snapshot */
    0xd1, 0xd6, 0x33, 0x7c, 72, 0, 0, 0, /* crc, payload length */
    9, 0, 0, 0, 0, 0, 0, 0,              /* manifest */
    0, 0, 0, 0, 0, 0, 0, 0,              /* synced */
    0, 0, 0, 0, 0, 0, 0, 0,              /* number */
    1, 0, 0, 0, 0, 0, 0, 0,              /* kind */
    10, 0, 0, 0, 0, 0, 0, 0,             /* next file */
    1, 0, 0, 0, 0, 0, 0, 0,              /* a mark, no stamps */
    0, 0, 0, 0, 0, 0, 0, 0,              /* no tables */
    0, 0, 0, 0, 0, 0, 0, 0,              /* no blob files */
    0, 0, 0, 0, 0, 0, 0, 0,              /* nothing live */
    0, 0, 0, 0, 0, 0, 0, 0,              /* mark: position */
    0, 0, 0, 0, 0, 0, 0, 0,              /* ... index */
    0, 0, 0, 0, 0, 0, 0, 0,              /* ... stamp */
    0, 0, 0, 0, 0, 0, 0, 0,              /* ... through */
    /* edit */
    0x75, 0xc5, 0xf9, 0x65, 0, 1, 0, 0, /* crc, payload length */
    9, 0, 0, 0, 0, 0, 0, 0,             /* manifest */
    32, 0, 0, 0, 0, 0, 0, 0,            /* synced */
    1, 0, 0, 0, 0, 0, 0, 0,             /* number */
    2, 0, 0, 0, 0, 0, 0, 0,             /* kind */
    10, 0, 0, 0, 0, 0, 0, 0,            /* next file */
    1, 0, 0, 0, 1, 0, 0, 0,             /* a mark, a stamp of database 0 */
    1, 0, 0, 0, 0, 0, 0, 0,             /* a table added */
    1, 0, 0, 0, 0, 0, 0, 0,             /* a blob file added */
    2, 0, 0, 0, 88, 0, 0, 0,            /* changes of live bytes, bytes of arcs */
    1, 0, 0, 0, 0, 0, 0, 0,             /* mark: position */
    2, 0, 0, 0, 0, 0, 0, 0,             /* ... index */
    3, 0, 0, 0, 0, 0, 0, 0,             /* ... stamp */
    4, 0, 0, 0, 0, 0, 0, 0,             /* ... through */
    7, 0, 0, 0, 0, 0, 0, 0,             /* stamp of database 0 */
    5, 0, 0, 0, 0, 0, 0, 0,             /* table: id */
    105, 0, 0, 0, 0, 0, 0, 0,           /* ... size */
    0, 0, 0, 0, 0, 0, 0, 0,             /* ... order */
    1, 0, 0, 0, 0, 0, 0, 0,             /* ... level */
    6, 0, 0, 0, 0, 0, 0, 0,             /* blob file: id */
    0xee, 3, 0, 0, 0, 0, 0, 0,          /* ... size */
    1, 0, 0, 0, 0, 0, 0, 0,             /* ... a segment */
    3, 0, 0, 0, 0, 0, 0, 0,             /* live: file */
    4, 0, 0, 0, 0, 0, 0, 0,             /* ... bytes */
    6, 0, 0, 0, 0, 0, 0, 0,             /* live: file */
    50, 0, 0, 0, 0, 0, 0, 0,            /* ... bytes */
    11, 0, 0, 0, 0, 0, 0, 0,            /* arc */
    14, 0, 0, 0, 0, 0, 0, 0,            /* ... applied: index */
    12, 0, 0, 0, 0, 0, 0, 0,            /* ... ballot */
    15, 0, 0, 0, 0, 0, 0, 0,            /* ... stamp */
    18, 0, 0, 0, 0, 0, 0, 0,            /* ... end: index */
    16, 0, 0, 0, 0, 0, 0, 0,            /* ... ballot */
    19, 0, 0, 0, 0, 0, 0, 0,            /* ... promise */
    13, 0, 0, 0, 17, 0, 0, 0,           /* ... nodes of these ballots */
    20, 0, 0, 0, 1, 0, 0, 0,            /* ... closed */
    3, 0, 0, 0, 0, 0, 0, 0,             /* ... length of the state */
    'o', 'w', 'n', 0, 0, 0, 0, 0,       /* ... state */
};

Test(manifest, a_snapshot_and_an_edit_have_these_bytes)
{
    struct buf bytes = { 0 };

    sample(&bytes);
    cr_assert_eq(bytes.len, sizeof golden);
    for (size_t i = 0; i < sizeof golden; i++)
        cr_assert_eq(bytes.data[i], golden[i], "byte %zu: %#x", i, bytes.data[i]);
    buf_deinit(&bytes);
}
