/* arcs_model_test.c: many histories of arcs_model.h, and that they came by everything. */
#include "arcs_model.h"

#include <criterion/criterion.h>

enum { SEEDS = 60, STEPS = 900 };

static void run_seeds(void)
{
    struct arcs_model_did did = { 0 };
    char what[256];

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const char *wrong = arcs_model_run(seed, STEPS, &did, what, sizeof what);
        cr_assert_null(wrong, "seed %u: %s", (unsigned)seed, wrong);
    }
    cr_log_info("%u frames, %u cuts, %u applied, %u flushes, %u kills, %u power losses, %u closed, "
                "%u lost, %u waiting, %u large, %u read back, %u gone",
                did.frames, did.cuts, did.applied, did.flushes, did.kills, did.powers, did.closes,
                did.lost, did.waiting, did.large, did.read, did.gone);
    cr_assert(did.cuts > 1000 && did.flushes > 200 && did.kills > 100 && did.powers > 100);
    cr_assert(did.lost > 100 && did.waiting > 1000 && did.large > 1000);
    cr_assert(did.read > 10000 && did.gone > 100);
}

Test(arcs_model, a_store_of_many_logs_is_what_their_records_say, .timeout = 600)
{
    run_seeds();
}
