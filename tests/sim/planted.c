/* planted.c: the one mutable global of the simulator: the bug that is on.  It is
 * asked from everywhere in src/ and belongs to no world. */
#include "sim/planted_names.h"

#include <stddef.h>
#include <string.h>

#include "base/planted.h"

#define ROW(bug) [PLANTED_##bug] = #bug

static const char *const names[] = {
    ROW(ack_before_write),
    ROW(ack_before_sync),
    ROW(read_before_sync),
    ROW(forget_dirsync),
    ROW(trust_torn_frame),
    ROW(resume_after_tear),
    ROW(replay_past_cut),
    ROW(skip_corruption),
    ROW(retry_fsync),
    ROW(return_expired),
    ROW(expire_not_logged),
    ROW(keep_undone),
    ROW(split_request),
    ROW(lose_everysec),
    ROW(flush_before_sync),
    ROW(flush_not_lasting),
    ROW(drop_log_early),
    ROW(mark_too_far),
    ROW(edit_not_synced),
    ROW(tombstone_early),
    ROW(revive_expired),
    ROW(older_cell_wins),
    ROW(lose_last_cell),
    ROW(filter_lies),
    ROW(drop_values),
    ROW(forget_pins),
    ROW(rewrite_stale),
    ROW(save_unsynced),
    ROW(exec_two_frames),
    ROW(watch_ignored),
    ROW(told_too_early),
    ROW(told_undone),
    ROW(apply_cut_tail),
    ROW(forget_unapplied),
    ROW(commit_old_ballot),
    ROW(promise_not_synced),
    ROW(read_without_confirm),
    ROW(confirm_by_other_arc),
    ROW(recover_from_one),
    ROW(recover_from_old_leader),
    ROW(blank_owner_promises),
    ROW(forget_forgetting),
    ROW(skip_previous_check),
    ROW(ack_past_refusal),
    ROW(commit_over_unmatched_tail),
    ROW(duplicate_cuts_tail),
    ROW(ballot_handed_on),
    ROW(lead_without_fetch),
    ROW(commit_by_half),
};

enum { COUNT = sizeof names / sizeof *names };

static int switched_on = PLANTED_NONE;

bool planted_on(enum planted bug)
{
    return (int)bug == switched_on;
}

const char *planted_name(int n)
{
    return n >= 0 && n < COUNT ? names[n] : NULL;
}

bool planted_is_arc(int n)
{
    return n >= PLANTED_commit_old_ballot;
}

int planted_find(const char *name)
{
    for (int n = 0; n < COUNT; n++) {
        if (strcmp(names[n], name) == 0)
            return n;
    }
    return PLANTED_NONE;
}

bool planted_in_arcs(int n)
{
    return n == PLANTED_apply_cut_tail || n == PLANTED_forget_unapplied;
}

void planted_set(int n)
{
    switched_on = n;
}
