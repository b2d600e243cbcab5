/* options_forms_test.c: notify-keyspace-events and client-output-buffer-limit as Redis
 * reads and shows them. */
#include <criterion/criterion.h>

#include "cmd/events.h"
#include "session/options.h"

static void events_are(const char *text, const char *shown)
{
    struct buf why = { 0 }, out = { 0 };
    int64_t events = -1;

    cr_expect(options_parse_events(slice_str(text), &events, &why), "%s", text);
    options_print_events(events, &out);
    cr_expect(slice_equal(buf_slice(&out), slice_str(shown)), "%s: %.*s", text, (int)out.len,
              (const char *)out.data);
    buf_deinit(&why);
    buf_deinit(&out);
}

Test(options_forms, classes_of_events_have_one_normal_form)
{
    events_are("", "");
    events_are("KEA", "AKE");
    events_are("AKEm", "AKEm");
    events_are("AKEn", "AKE");
    events_are("gE", "gE");
    events_are("K$", "$K");
    events_are("Kg$lshzxetd", "AK");
    events_are("nKE", "nKE");
    events_are("mnKE", "nKEm");
    events_are("dgKKgg", "gdK");
}

Test(options_forms, an_unknown_class_is_refused)
{
    struct buf why = { 0 };
    int64_t events = 5;

    cr_expect(!options_parse_events(slice_str("KEy"), &events, &why));
    cr_expect(slice_equal(buf_slice(&why),
                          slice_str("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")));
    cr_expect_eq(events, 5);
    buf_deinit(&why);
}

static void limits_are(struct output_limit *l, const char *text, const char *shown)
{
    struct buf why = { 0 }, out = { 0 };

    cr_expect(options_parse_limits(slice_str(text), l, &why), "%s", text);
    options_print_limits(l, &out);
    cr_expect(slice_equal(buf_slice(&out), slice_str(shown)), "%s: %.*s", text, (int)out.len,
              (const char *)out.data);
    buf_deinit(&why);
    buf_deinit(&out);
}

Test(options_forms, limits_of_a_class_leave_the_others)
{
    struct output_limit l[OUTPUT_CLASSES] = { { 0 } };

    limits_are(l, "pubsub 32mb 8mb 60", "normal 0 0 0 slave 0 0 0 pubsub 33554432 8388608 60");
    limits_are(l, "normal 1 2 3  replica 1kb 2 4",
               "normal 1 2 3 slave 1024 2 4 pubsub 33554432 8388608 60");
    limits_are(l, "", "normal 1 2 3 slave 1024 2 4 pubsub 33554432 8388608 60");
}

Test(options_forms, wrong_limits_change_nothing)
{
    static const char *const texts[][2] = {
        { "pubsub 1 2", "Wrong number of arguments in buffer limit configuration." },
        { "master 1 2 3", "Invalid client class specified in buffer limit configuration." },
        { "normal 1 2 3 x 1 2 3", "Invalid client class specified in buffer limit configuration." },
        { "pubsub a 2 3",
          "Error in hard, soft or soft_seconds setting in buffer limit configuration." },
        { "pubsub 1 2 -3",
          "Error in hard, soft or soft_seconds setting in buffer limit configuration." },
        { NULL, NULL },
    };
    struct output_limit l[OUTPUT_CLASSES] = { { 7, 8, 9 } };

    for (int i = 0; texts[i][0]; i++) {
        struct buf why = { 0 };
        cr_expect(!options_parse_limits(slice_str(texts[i][0]), l, &why));
        cr_expect(slice_equal(buf_slice(&why), slice_str(texts[i][1])), "%s", texts[i][0]);
        cr_expect(l[0].hard == 7 && l[0].soft == 8 && l[0].seconds == 9);
        buf_deinit(&why);
    }
}
