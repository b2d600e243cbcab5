/* judge_keys.c: counted, then placed. */
#include "judge/judge_keys.h"

#include "base/mem.h"
#include "judge/judge_commands.h"

static void note_effect(const struct judge_history *h, struct judge_key *k,
                        const struct judge_op *op, const struct judge_call *c)
{
    if (!judge_op_may_have_run(op) || c->row->effect == EFFECT_READ)
        return;
    k->whole |= c->row->effect == EFFECT_WHOLE;
    k->add |= c->row->effect == EFFECT_ADD;
    k->append |= c->row->effect == EFFECT_APPEND;
    k->expires |= command_expiry_us(h, c) != 0;
    k->one |= op->level == LEVEL_ONE;
}

/* Counts, or with `place` puts each touch in its place. */
static size_t walk(struct judge_keys *k, const struct judge_history *h, bool place)
{
    size_t all = 0;

    for (size_t n = 0; n < h->op_count; n++) {
        const struct judge_op *op = &h->ops[n];

        for (uint32_t c = 0; c < op->call_count; c++) {
            const struct judge_call *call = &op->calls[c];

            for (uint32_t i = 0; i < call->key_count; i++, all++) {
                struct judge_key *key = &k->at[call->keys[i]];

                if (place)
                    k->touches[(size_t)(key->touches - k->touches) + key->count] =
                        (struct judge_touch){ op, call, i };
                else
                    note_effect(h, key, op, call);
                key->count++;
            }
        }
    }
    return all;
}

void judge_keys_init(struct judge_keys *k, const struct judge_history *h)
{
    size_t at = 0;

    *k = (struct judge_keys){ .count = h->key_count };
    k->at = mem_zalloc(h->key_count, sizeof *k->at);
    k->touches = mem_zalloc(walk(k, h, false), sizeof *k->touches);
    for (uint32_t key = 0; key < k->count; key++) {
        k->at[key].touches = k->touches + at;
        at += k->at[key].count;
        k->at[key].count = 0;
    }
    walk(k, h, true);
}

void judge_keys_deinit(struct judge_keys *k)
{
    mem_free(k->at);
    mem_free(k->touches);
    *k = (struct judge_keys){ 0 };
}

void judge_key_put_name(const struct judge_history *h, uint32_t key, struct buf *to)
{
    buf_append(to, judge_texts_bytes(&h->texts, h->keys[key]));
    buf_append(to, slice_str(": "));
}
