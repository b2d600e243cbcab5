/* message_arc.c: the layouts of what the owners of an arc say (arc_message.h). */
#include "base/err.h"
#include "cell/position.h"
#include "cluster/message.h"
#include "cluster/message_codec.h"

/* --- parts */

static void codec_ballot(struct codec *c, struct ballot *b)
{
    codec_u64(c, &b->counter);
    codec_u32(c, &b->node);
    codec_must(c, (b->counter == 0) == (b->node == 0), "a ballot is nobody's");
}

/* A ballot somebody leads or wants to lead under. */
static void codec_some_ballot(struct codec *c, struct ballot *b)
{
    codec_ballot(c, b);
    codec_must(c, !ballot_is_none(*b), "a ballot is missing");
}

static void codec_end(struct codec *c, struct log_end *end)
{
    codec_ballot(c, &end->ballot);
    codec_u64(c, &end->index);
}

void codec_arc(struct codec *c, struct arc_name *arc)
{
    codec_u16(c, &arc->slot);
    codec_u64(c, &arc->birth);
    codec_must(c, arc->slot < POSITION_SLOTS, "there is no such slot");
}

static void codec_frame(struct codec *c, struct arc_frame *f, uint32_t payload)
{
    codec_some_ballot(c, &f->ballot);
    codec_ballot(c, &f->previous);
    codec_u64(c, &f->index);
    codec_u64(c, &f->stamp);
    codec_u8(c, &f->kind);
    codec_must(c, f->index > 0, "a frame has no index");
    codec_must(c, ballot_compare(f->previous, f->ballot) <= 0, "a frame's ballot falls");
    codec_must(c, f->kind <= ARC_FRAME_OWNERS, "there is no such frame");
    if (c->way == CODEC_GET)
        f->length = (uint32_t)c->from.len;
    else
        codec_must(c, f->length == payload, "a payload has another length");
}

/* A flag among `all`, or none. */
static void codec_flags(struct codec *c, uint8_t *flags, unsigned all)
{
    codec_u8(c, flags);
    codec_must(c, (*flags & ~all) == 0, "there is no such flag");
}

/* 1 to `last`. */
static void codec_reason(struct codec *c, uint8_t *reason, unsigned last)
{
    codec_u8(c, reason);
    codec_must(c, *reason >= 1 && *reason <= last, "there is no such reason");
}

static void codec_nodes(struct codec *c, uint32_t node[ARC_OWNERS_MAX], uint8_t count)
{
    for (unsigned i = 0; !c->wrong && i < count; i++) {
        codec_u32(c, &node[i]);
        codec_must(c, node[i] > 0, "an owner is nobody");
    }
}

static void codec_owners(struct codec *c, struct arc_owners *o)
{
    codec_u64(c, &o->epoch);
    codec_u8(c, &o->count);
    codec_u8(c, &o->next_count);
    codec_must(c, o->count >= 1 && o->count <= ARC_OWNERS_MAX, "an arc has no owners, or too many");
    codec_must(c, o->next_count <= ARC_OWNERS_MAX, "an arc has too many next owners");
    codec_nodes(c, o->node, o->count);
    codec_nodes(c, o->next, o->next_count);
}

/* --- messages */

enum { STATE_FLAGS = ARC_IS_LEADING | ARC_IS_RECOVERING | ARC_IS_LEARNING };

static void codec_arc_hello(struct codec *c, struct arc_hello *m)
{
    codec_ballot(c, &m->promise);
    codec_end(c, &m->end);
    codec_u64(c, &m->synced);
    codec_u64(c, &m->applied);
    codec_ballot(c, &m->known_at);
    codec_u64(c, &m->known);
    codec_ballot(c, &m->known_promise);
    codec_flags(c, &m->flags, STATE_FLAGS);
}

static void codec_append(struct codec *c, struct arc_append *m, uint32_t payload)
{
    codec_some_ballot(c, &m->ballot);
    codec_u32(c, &m->feed);
    codec_u64(c, &m->commit);
    codec_u64(c, &m->all_synced);
    codec_frame(c, &m->frame, payload);
}

void codec_commit(struct codec *c, struct arc_commit *m)
{
    codec_some_ballot(c, &m->ballot);
    codec_u64(c, &m->commit);
    codec_u64(c, &m->all_synced);
}

static void codec_refusal(struct codec *c, struct arc_refusal *m)
{
    codec_ballot(c, &m->ballot);
    codec_u32(c, &m->feed);
    codec_ballot(c, &m->promise);
    codec_end(c, &m->end);
    codec_u64(c, &m->applied);
    codec_reason(c, &m->reason, ARC_RECOVERING);
    codec_u8(c, &m->heard);
    codec_must(c, m->heard <= 1, "a leader is heard or not");
}

static void codec_take(struct codec *c, struct arc_take *m)
{
    codec_some_ballot(c, &m->ballot);
    codec_ballot(c, &m->invited_by);
    codec_u64(c, &m->epoch);
    codec_flags(c, &m->flags, ARC_TAKE_INVITED | ARC_TAKE_RESUME);
}

static void codec_promise(struct codec *c, struct arc_promise *m)
{
    codec_some_ballot(c, &m->ballot);
    codec_end(c, &m->end);
    codec_u64(c, &m->applied);
}

static void codec_no(struct codec *c, struct arc_no *m)
{
    codec_some_ballot(c, &m->ballot);
    codec_ballot(c, &m->promise);
    codec_reason(c, &m->reason, ARC_NO_LEARNING);
}

static void codec_moved(struct codec *c, struct arc_moved *m)
{
    codec_some_ballot(c, &m->ballot);
    codec_ballot(c, &m->moved_at);
    codec_owners(c, &m->owners);
}

static void codec_fetch(struct codec *c, struct arc_fetch *m)
{
    codec_some_ballot(c, &m->ballot);
    codec_end(c, &m->wanted);
    codec_end(c, &m->end);
    codec_u64(c, &m->applied);
}

static void codec_state(struct codec *c, struct arc_state_answer *m)
{
    codec_u64(c, &m->nonce);
    codec_ballot(c, &m->promise);
    codec_end(c, &m->end);
    codec_u64(c, &m->applied);
    codec_flags(c, &m->flags, STATE_FLAGS);
    codec_must(c, m->nonce > 0, "a recovery has no nonce");
}

static void codec_recover(struct codec *c, struct arc_recover *m)
{
    codec_u64(c, &m->nonce);
    codec_must(c, m->nonce > 0, "a recovery has no nonce");
}

static void codec_fetched(struct codec *c, struct arc_fetched *m, uint32_t payload)
{
    codec_some_ballot(c, &m->ballot);
    codec_frame(c, &m->frame, payload);
}

static void codec_kind(struct codec *c, struct arc_message *m, uint32_t payload)
{
    switch (m->kind) {
    case ARC_HELLO:
        return codec_arc_hello(c, &m->hello);
    case ARC_APPEND:
        return codec_append(c, &m->append, payload);
    case ARC_COMMIT:
        return codec_commit(c, &m->commit);
    case ARC_YIELD:
        return codec_some_ballot(c, &m->yield.ballot);
    case ARC_INVITE:
        return codec_some_ballot(c, &m->invite.ballot);
    case ARC_REFUSAL:
        return codec_refusal(c, &m->refusal);
    case ARC_TAKE:
        return codec_take(c, &m->take);
    case ARC_PROMISE:
        return codec_promise(c, &m->promise);
    case ARC_NO:
        return codec_no(c, &m->no);
    case ARC_MOVED:
        return codec_moved(c, &m->moved);
    case ARC_FETCH:
        return codec_fetch(c, &m->fetch);
    case ARC_FRAME:
        return codec_fetched(c, &m->fetched, payload);
    case ARC_GONE:
        return codec_some_ballot(c, &m->gone.ballot);
    case ARC_RECOVER:
        return codec_recover(c, &m->recover);
    case ARC_STATE:
        return codec_state(c, &m->state);
    case ARC_MESSAGE_KINDS:
        break;
    }
    codec_must(c, false, "there is no such message of an arc");
}

void codec_arc_message(struct codec *c, struct arc_message *m, uint32_t payload)
{
    uint8_t kind = (uint8_t)m->kind;

    codec_arc(c, &m->arc);
    codec_u8(c, &kind);
    m->kind = (enum arc_message_kind)kind;
    codec_kind(c, m, payload);
}

/* --- owners by themselves */

size_t message_owners_encode(const struct arc_owners *owners, uint8_t out[MESSAGE_OWNERS_MAX])
{
    struct codec c = { .way = CODEC_PUT, .to = out };
    struct arc_owners copy = *owners;

    codec_owners(&c, &copy);
    assert(c.size <= MESSAGE_OWNERS_MAX);
    return c.size;
}

struct err message_owners_decode_checked(struct slice bytes, struct arc_owners *out)
{
    struct codec c = { .way = CODEC_GET, .from = bytes };

    *out = (struct arc_owners){ 0 };
    codec_owners(&c, out);
    codec_must(&c, c.from.len == 0, "owners are longer than their fields");
    return c.wrong ? err_make(ERR_CORRUPT, 0, c.wrong) : err_ok();
}
