/* history_format.h: a history as a text file, one operation a line.
 *
 *     henge-history 1
 *     # CLIENT ASKED TOLD COMMAND[@one] ARGUMENT... => OUTCOME
 *     c1 1200 1350 SET k v1 => ok +OK
 *     c2 1400 1600 GET@one k => ok $v1
 *     c1 1700 1800 MULTI SET a 1 ; INCR b => ok [ +OK :1 ]
 *     c3 1810 1900 SET k v2 => fail NOQUORUM need 2 of 3, 1 reachable
 *     c3 2000 2500 INCRBY n 5 => uncertain connection lost
 *     c3 2600 - SET k v3 => none
 *     note 3000 kill -9 n1
 *     final 9000
 *
 * Times are whole microseconds.  Answers are nil, +status, :integer, $text, -error, and
 * [ ANSWER... ].  Words are separated by spaces; one in double quotes is taken as it stands, with
 * \" \\ and \xNN; `"$two words"` is a text.  `fail` and `uncertain` may say why, to the line's
 * end.  A line is one atomic step: a command whose keys are in several slots is a line for each.
 * `final`: what is asked from then on is asked of a store at rest, with all faults healed. */
#ifndef HENGE_JUDGE_HISTORY_FORMAT_H
#define HENGE_JUDGE_HISTORY_FORMAT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "judge/judge_history.h"

#define HISTORY_FORMAT_FIRST_LINE "henge-history 1"

enum { HISTORY_LINE_MAX = 1 << 20 };

/* Reads a file's whole text into `h`, an empty history.  An error is of the line *line, from 1;
 * what came before is in `h`. */
struct err history_format_read(struct judge_history *h, struct slice text, uint32_t *line);

/* Appends a line's part before and behind its times, as it is read: `SET k v1 => ok +OK`. */
void history_format_put_op(const struct judge_history *h, const struct judge_op *op,
                           struct buf *to);

/* Appends the whole history as a file. */
void history_format_write(const struct judge_history *h, struct buf *to);

#endif
