/* message_samples.h: one message of each kind, none of whose fields is like another. */
#ifndef HENGE_UNIT_MESSAGE_SAMPLES_H
#define HENGE_UNIT_MESSAGE_SAMPLES_H

#include "cluster/message.h"

enum { SAMPLES_OF_LINK = MESSAGE_TYPES - 2, SAMPLES = SAMPLES_OF_LINK + ARC_MESSAGE_KINDS - 1 };

/* Sample i: those of the link in the order of enum message_type, without MESSAGE_ARC, then
 * those of an arc in the order of enum arc_message_kind.  It borrows from `list`, which is
 * made for it. */
void message_sample(unsigned i, struct message *out, struct buf *list);

/* "heartbeat", "arc 3" and the like. */
const char *message_sample_name(const struct message *m, char to[32]);

struct arc_owners message_sample_owners(void);

#endif
