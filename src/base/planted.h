/* planted.h: bugs on purpose, for the simulator to catch.
 *
 * A checker is trusted only after it has caught something.  Each name here is a
 * rule that can be switched off; the switches exist only in the simulator's
 * build, where tests/sim/planted.c defines them.  Everywhere else PLANTED() is
 * the constant false. */
#ifndef HENGE_BASE_PLANTED_H
#define HENGE_BASE_PLANTED_H

#include <stdbool.h>

#ifdef HENGE_PLANTED
enum planted {
    PLANTED_ack_before_write,  /* replies leave before write(2) returned */
    PLANTED_ack_before_sync,   /* `always` acknowledges before fdatasync */
    PLANTED_read_before_sync,  /* `always` shows a cell before it is synced */
    PLANTED_forget_dirsync,    /* a new segment's name is not made durable */
    PLANTED_trust_torn_frame,  /* replay does not check the CRC */
    PLANTED_resume_after_tear, /* replay goes on behind a torn frame */
    PLANTED_replay_past_cut,   /* replay ignores where the next segment begins */
    PLANTED_skip_corruption,   /* synced damage is taken for a torn tail */
    PLANTED_retry_fsync,       /* a failed fsync is tried again and believed */
    PLANTED_return_expired,    /* an expired cell is still an answer */
    PLANTED_expire_not_logged, /* an expiry seen is not written down */
    PLANTED_keep_undone,       /* writes whose log write failed stay visible */
    PLANTED_split_request,     /* one request's cells in two frames */
    PLANTED_lose_everysec,     /* `everysec` never syncs */
    PLANTED_flush_before_sync, /* a table may have what the log has not synced */
    PLANTED_flush_not_lasting, /* FLUSHALL counts in the manifest before the log is synced */
    PLANTED_drop_log_early,    /* a segment goes before its cells' table is in the version */
    PLANTED_mark_too_far,      /* a flush says that it has what is still in memory */
    PLANTED_edit_not_synced,   /* a version counts before the manifest has its edit */
    PLANTED_tombstone_early,   /* one goes although an older cell may be below */
    PLANTED_revive_expired,    /* a cell that expired goes likewise */
    PLANTED_older_cell_wins,   /* in a merge */
    PLANTED_lose_last_cell,    /* of a compaction */
    PLANTED_filter_lies,       /* it denies what is there */
    PLANTED_drop_values,       /* a file goes while a cell refers to it */
    PLANTED_forget_pins,       /* ... a head in memory */
    PLANTED_rewrite_stale,     /* a rewrite's cells are taken for newer than a flush's */
    PLANTED_save_unsynced,     /* a checkpoint's end of the log is not synced */
    PLANTED_exec_two_frames,   /* each of EXEC's commands has a frame of its own */
    PLANTED_watch_ignored,     /* EXEC runs although a watched key has changed */
    PLANTED_told_too_early,    /* an event leaves before the log has what it tells of */
    PLANTED_told_undone,       /* ... although what it tells of was undone */
    PLANTED_apply_cut_tail,    /* a replay applies the frames of an arc that another one cut */
    PLANTED_forget_unapplied,  /* a segment goes with frames of an arc that are not applied */
    /* Of an arc's log: */
    PLANTED_commit_old_ballot,          /* a majority is enough for a frame of an old ballot */
    PLANTED_promise_not_synced,         /* a promise is answered before it is synced */
    PLANTED_read_without_confirm,       /* a leader reads without asking whether it leads */
    PLANTED_confirm_by_other_arc,       /* an owner does not say that it promised an arc away */
    PLANTED_recover_from_one,           /* one answer ends a recovery */
    PLANTED_recover_from_old_leader,    /* ... and whoever says that it leads */
    PLANTED_blank_owner_promises,       /* an owner that may have forgotten promises */
    PLANTED_forget_forgetting,          /* ... or does not care */
    PLANTED_skip_previous_check,        /* a frame is taken in behind any other */
    PLANTED_ack_past_refusal,           /* acknowledgements count that passed a refusal */
    PLANTED_commit_over_unmatched_tail, /* a tail of another leader is applied */
    PLANTED_duplicate_cuts_tail,        /* a frame that is held cuts what is behind it */
    PLANTED_ballot_handed_on,           /* a hand-over needs no ballot of its own */
    PLANTED_lead_without_fetch,         /* a candidate leads with the log it has */
    PLANTED_commit_by_half,             /* "old+new" is counted in old only */
};
bool planted_on(enum planted bug);
#define PLANTED(name) planted_on(PLANTED_##name)
#else
#define PLANTED(name) false
#endif

#endif
