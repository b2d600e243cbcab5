/* events_test.c: what commands tell of keys, and that it is told once however often they run. */
#include <criterion/criterion.h>

#include "unit/cmd/lines.h"

Test(events, commands_tell_what_they_did)
{
    static const struct line lines[] = {
        { "set a 1", "+OK|" },
        { "@told", "" }, /* nobody listens */
        { "@listen", "" },
        { "set a 1", "+OK|" },
        { "@told set.a", "" },
        { "set a 1 ex 100", "+OK|" },
        { "@told set.a,expire.a", "" },
        { "set a 1 keepttl", "+OK|" },
        { "@told set.a", "" },
        { "set a 1 nx", "$-1|" },
        { "@told", "" },
        { "set none 1 xx get", "$-1|" },
        { "@told keymiss.none", "" },
        { "mset b 1 c 2", "+OK|" },
        { "@told set.b,set.c", "" },
        { "mget a none b none2", "*4|$1|1|$-1|$1|1|$-1|" },
        { "@told keymiss.none,keymiss.none2", "" },
        { "incr b", ":2|" },
        { "@told incrby.b", "" },
        { "append b x", ":2|" },
        { "@told append.b", "" },
        { "persist a", ":1|" },
        { "@told persist.a", "" },
        { "expire a 0", ":1|" },
        { "@told del.a", "" },
        { "rename b d", "+OK|" },
        { "@told rename_from.b,rename_to.d", "" },
        { "del c d c none", ":2|" },
        { "@told del.c,del.d", "" },
        { "bitop or d none none2", ":0|" },
        { "@told keymiss.none,keymiss.none2", "" },
        { "sort none", "*0|" },
        { "@told keymiss.none", "" },
        { "bitfield none get u8 0", "*1|:0|" },
        { "@told keymiss.none", "" },
        { "bitfield none overflow fail incrby u2 0 9", "*1|$-1|" },
        { "@told", "" },
        { "bitfield none overflow fail incrby u2 0 9 set u2 0 0", "*2|$-1|:0|" },
        { "@told", "" },
        { "bitfield none set u2 0 1", "*1|:0|" },
        { "@told setbit.none", "" },
        { "bitfield none set u8 8 0", "*1|:0|" },
        { "@told setbit.none", "" },
        { "del none", ":1|" },
        { "@told del.none", "" },
        { "pfmerge d none", "+OK|" },
        { "@told keymiss.d,keymiss.none,pfadd.d", "" },
        { "del d", ":1|" },
        { "@told del.d", "" },
        { "object encoding none", "$-1|" },
        { "@told", "" },
        { NULL, NULL },
    };

    expect_lines(lines);
}

static void note(struct events *e, const char *first, const char *second)
{
    events_note(e, NOTE_EVENT, 3, slice_str(first), slice_str(second));
}

static void next_is(struct slice *notes, const char *first, const char *second)
{
    struct event_note n;

    cr_assert(events_take(notes, &n));
    cr_expect_eq(n.kind, NOTE_EVENT);
    cr_expect_eq(n.db, 3);
    cr_expect(slice_equal(n.first, slice_str(first)));
    cr_expect(slice_equal(n.second, slice_str(second)));
}

Test(events, notes_are_read_in_order_and_later_ones_can_go_to_the_front)
{
    struct events e = { 0 };
    struct event_note n;
    struct slice notes;
    size_t mark;

    note(&e, "one", "");
    note(&e, "", "two");
    mark = e.noted.len;
    note(&e, "three", "3");
    note(&e, "four", "4");
    events_to_front(&e, mark);
    notes = buf_slice(&e.noted);
    next_is(&notes, "three", "3");
    next_is(&notes, "four", "4");
    next_is(&notes, "one", "");
    next_is(&notes, "", "two");
    cr_expect(!events_take(&notes, &n));
    events_to_front(&e, 0);
    events_to_front(&e, e.noted.len);
    notes = buf_slice(&e.noted);
    next_is(&notes, "three", "3");
    events_deinit(&e);
}
