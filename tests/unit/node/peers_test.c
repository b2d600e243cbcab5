/* peers_test.c: links that come up, carry messages, go down and come again. */
#include "node/peers.h"

#include <criterion/criterion.h>

#include "unit/node/peers_world.h"

Test(peers, two_that_know_each_other_get_one_link)
{
    struct peers_world w;

    for (uint64_t seed = 0; seed < 200; seed++) {
        peers_world_init(&w, seed, 2);
        peers_world_start(&w, 2);
        peers_world_run(&w, 1000);
        cr_assert(both_up(&w, 1, 2), "seed %lu", (unsigned long)seed);
        for (unsigned i = 1; i <= 2; i++) {
            struct member *m = &w.members[i];
            cr_assert_leq(m->ups[3 - i], 2u, "seed %lu", (unsigned long)seed);
            cr_assert_eq(m->downs[3 - i], m->ups[3 - i] - 1);
            cr_assert_eq(m->in_reach[3 - i], 1);
            cr_assert_eq(m->out_of_reach[3 - i], 0);
        }
        peers_world_deinit(&w);
    }
}

Test(peers, one_that_is_only_taken_gets_its_link_too)
{
    struct peers_world w;

    peers_world_init(&w, 1, 2);
    member_start(&w, 1);
    member_start(&w, 2);
    member_add(&w, 1, 2, false);
    member_add(&w, 2, 1, true);
    peers_world_run(&w, 200);
    cr_assert(both_up(&w, 1, 2));
    cr_expect_eq(peer_hello(member_peer(&w, 1, 2))->incarnation, 1);
    peers_world_deinit(&w);
}

Test(peers, messages_arrive_in_order_however_their_bytes_are_cut)
{
    static const size_t pieces[] = { 1, 2, 7, 100, 0 };
    struct peers_world w;

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        peers_world_init(&w, i, 2);
        w.members[1].options.lost_us = w.members[2].options.lost_us = UINT64_MAX / 4;
        w.members[1].options.handshake_us = w.members[2].options.handshake_us = 60000000;
        peers_world_start(&w, 2);
        w.fake.piece = pieces[i];
        w.fake.window = pieces[i] ? 50 : 1000;
        for (unsigned n = 0; n < 4000 && !both_up(&w, 1, 2); n++)
            peers_world_step(&w, 100);
        cr_assert(both_up(&w, 1, 2), "pieces of %zu", pieces[i]);
        for (uint64_t stamp = 1; stamp <= 50; stamp++) {
            cr_assert(send_settled(member_peer(&w, 1, 2), stamp));
            cr_assert(send_append(member_peer(&w, 2, 1), 300));
            peers_world_step(&w, 100);
        }
        for (unsigned n = 0; n < 40000 && w.members[1].payload[2] < 15000; n++)
            peers_world_step(&w, 100);
        cr_expect_eq(w.members[2].settleds[1], 50);
        cr_expect_eq(w.members[2].settled[1], 50);
        cr_expect_eq(w.members[1].payload[2], 15000);
        peers_world_deinit(&w);
    }
}

Test(peers, acks_are_cumulative_and_their_numbers_begin_anew_with_each_link)
{
    struct peers_world w;
    struct peer *p;
    struct peer_stats s;

    peers_world_init(&w, 3, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 500);
    p = member_peer(&w, 1, 2);
    for (uint64_t i = 1; i <= 100; i++)
        send_settled(p, i);
    w.members[1].acks[2] = 0;
    peers_world_run(&w, 20);
    cr_expect_leq(w.members[1].acks[2], 2u, "one for all of them, one for a heartbeat");
    peer_stats(p, &s);
    cr_expect_gt(peer_sent(p), 100);
    cr_expect_leq(s.unanswered, 64u, "%lu", (unsigned long)s.unanswered);
    member_kill(&w, 2);
    peers_world_run(&w, 100);
    cr_assert_not(peer_is_up(p));
    member_start(&w, 2);
    member_add(&w, 2, 1, true);
    peers_world_run(&w, 2000);
    cr_assert(both_up(&w, 1, 2));
    cr_expect_lt(peer_sent(p), 50, "heartbeats");
    cr_expect_eq(peer_hello(p)->incarnation, 2);
    peer_stats(p, &s);
    cr_expect_eq(s.ups, w.members[1].ups[2]);
    peers_world_deinit(&w);
}

Test(peers, all_that_is_sent_in_a_turn_leaves_in_one_write)
{
    struct peers_world w;
    unsigned sends = 0;

    peers_world_init(&w, 4, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 502); /* no heartbeat is due in the next turn */
    list_for_each (at, &w.fake.ends)
        list_item(at, struct fake_end, links)->sends = 0;
    for (uint64_t i = 1; i <= 100; i++)
        cr_assert(send_settled(member_peer(&w, 1, 2), i));
    peers_turn(w.members[1].peers, w.fake.now_us);
    list_for_each (at, &w.fake.ends)
        sends += list_item(at, struct fake_end, links)->sends;
    cr_expect_eq(sends, 1);
    peers_world_step(&w, 1000);
    cr_expect_eq(w.members[2].settleds[1], 100);
    peers_world_deinit(&w);
}

Test(peers, heartbeats_come_every_100_ms_with_what_the_owner_says)
{
    struct peers_world w;

    peers_world_init(&w, 5, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 500);
    w.members[2].heartbeats[1] = 0;
    peers_world_run(&w, 10000);
    cr_expect_geq(w.members[2].heartbeats[1], 98u);
    cr_expect_leq(w.members[2].heartbeats[1], 101u);
    cr_expect_eq(w.members[2].heartbeat.load, 101);
    cr_expect_eq(w.members[2].heartbeat.tentative_before, 2);
    cr_expect_gt(w.members[2].heartbeat.wall_us, w.fake.now_us + 800000);
    peers_world_deinit(&w);
}

Test(peers, the_round_trip_is_an_average_of_answers)
{
    struct peers_world w;
    struct peer_stats s;

    peers_world_init(&w, 6, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 3000);
    peer_stats(member_peer(&w, 1, 2), &s);
    cr_expect_geq(s.rtt_us, 1000u);
    cr_expect_leq(s.rtt_us, 10000u, "one or two steps of 5 ms, not %lu", (unsigned long)s.rtt_us);
    cr_expect_gt(s.bytes_in, 0u);
    cr_expect_gt(s.bytes_out, s.messages_out);
    cr_expect_gt(s.messages_in, 30u);
    peers_world_deinit(&w);
}

/* --- reach */

Test(peers, who_does_not_answer_for_500_ms_is_out_of_reach_and_comes_back)
{
    struct peers_world w;

    for (uint64_t seed = 0; seed < 20; seed++) {
        uint64_t cut_at;

        peers_world_init(&w, seed, 2);
        peers_world_start(&w, 2);
        peers_world_run(&w, 1000 + 5 * (unsigned)seed);
        fake_cut(&w.fake, 1, 2, true);
        cut_at = w.fake.now_us;
        peers_world_run(&w, 450);
        cr_assert(peer_in_reach(member_peer(&w, 1, 2)));
        peers_world_run(&w, 200);
        for (unsigned i = 1; i <= 2; i++) {
            struct peer *p = member_peer(&w, i, 3 - i);
            cr_assert_not(peer_in_reach(p));
            cr_assert(peer_is_up(p));
            cr_assert_eq(w.members[i].out_of_reach[3 - i], 1);
            cr_assert_geq(w.members[i].out_since[3 - i] - cut_at, 480000u);
            cr_assert_leq(w.members[i].out_since[3 - i] - cut_at, 620000u);
            cr_assert_geq(peer_silence_us(p, w.fake.now_us), 500000u);
        }
        fake_cut(&w.fake, 1, 2, false);
        peers_world_run(&w, 50);
        cr_assert(peer_in_reach(member_peer(&w, 1, 2)) && peer_in_reach(member_peer(&w, 2, 1)));
        cr_assert_eq(w.members[1].downs[2], 0, "the connection has lived on");
        peers_world_deinit(&w);
    }
}

Test(peers, a_connection_that_is_dead_for_3_s_is_made_anew)
{
    struct peers_world w;

    peers_world_init(&w, 8, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 1000);
    fake_cut(&w.fake, 1, 2, true);
    peers_world_run(&w, 3300);
    for (unsigned i = 1; i <= 2; i++) {
        cr_expect_not(peer_is_up(member_peer(&w, i, 3 - i)));
        cr_expect_eq(w.members[i].downs[3 - i], 1);
        cr_expect_eq(fake_said(w.members[i].host, "no answer for 3"), 1);
        cr_expect_geq(peer_silence_us(member_peer(&w, i, 3 - i), w.fake.now_us), 3000000u);
    }
    peers_world_run(&w, 20000);
    fake_cut(&w.fake, 1, 2, false);
    peers_world_run(&w, 3500); /* a call under way times out, a pause, another */
    cr_expect(both_up(&w, 1, 2));
    cr_expect_eq(w.members[1].in_reach[2], 2);
    peers_world_deinit(&w);
}

Test(peers, a_link_that_is_back_soon_was_never_out_of_reach)
{
    struct peers_world w;

    peers_world_init(&w, 9, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 1500);
    list_for_each (at, &w.fake.ends) {
        struct fake_end *e = list_item(at, struct fake_end, links);
        e->ended = true; /* both see the end */
    }
    peers_world_run(&w, 400);
    cr_expect(both_up(&w, 1, 2));
    cr_expect_eq(w.members[1].downs[2], 1);
    cr_expect_eq(w.members[1].out_of_reach[2], 0);
    cr_expect_eq(w.members[2].out_of_reach[1], 0);
    peers_world_deinit(&w);
}

Test(peers, one_that_has_stopped_itself_does_not_accuse_the_others)
{
    struct peers_world w;

    peers_world_init(&w, 10, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 1000);
    peers_turn(w.members[1].peers, w.fake.now_us);
    w.fake.now_us += 100000;
    peers_turn(w.members[1].peers, w.fake.now_us); /* a heartbeat leaves */
    member_turn(&w, 2);                            /* and is answered at once */
    w.fake.now_us += 2000000;
    peers_turn(w.members[1].peers, w.fake.now_us); /* the turn comes before what is to be read */
    cr_expect_eq(w.members[1].out_of_reach[2], 0);
    cr_expect(peer_is_up(member_peer(&w, 1, 2)));
    peers_world_run(&w, 200);
    cr_expect_eq(w.members[1].out_of_reach[2], 0);
    peers_world_deinit(&w);
}

Test(peers, one_that_handles_nothing_is_out_of_reach_although_its_bytes_come)
{
    struct peers_world w;

    peers_world_init(&w, 11, 2);
    peers_world_start(&w, 2);
    peers_world_run(&w, 1000);
    w.members[2].mute = true;
    peers_world_run(&w, 800);
    cr_expect_not(peer_in_reach(member_peer(&w, 1, 2)));
    cr_expect(peer_in_reach(member_peer(&w, 2, 1)));
    w.members[2].mute = false;
    peers_world_run(&w, 20);
    cr_expect(peer_in_reach(member_peer(&w, 1, 2)));
    peers_world_deinit(&w);
}

/* --- the queue */

Test(peers, a_peer_that_is_slow_falls_behind_and_is_relieved)
{
    struct peers_world w;
    struct peer *p;
    struct peer_stats s;
    unsigned sent = 0;

    peers_world_init(&w, 12, 2);
    w.members[1].options.queue_max = 10000;
    peers_world_start(&w, 2);
    peers_world_run(&w, 500);
    w.fake.window = 500;
    p = member_peer(&w, 1, 2);
    while (send_append(p, 900))
        sent++;
    cr_expect_geq(sent, 10u);
    cr_expect_leq(sent, 12u);
    cr_expect(peer_is_behind(p));
    cr_expect(send_settled(p, 7), "what cannot wait is taken still");
    cr_expect_eq(w.members[1].behind[2], 0, "hooks are called in turns");
    peers_world_step(&w, 1000);
    cr_expect_eq(w.members[1].behind[2], 1);
    peers_world_step(&w, 1000);
    cr_expect_not(send_append(p, 1));
    for (unsigned i = 0; i < 100 && !w.members[1].relieved[2]; i++)
        peers_world_step(&w, 1000);
    cr_expect_eq(w.members[1].relieved[2], 1);
    peer_stats(p, &s);
    cr_expect_leq(s.unanswered, 5000u);
    cr_expect_geq(s.unanswered, 3000u, "%lu", (unsigned long)s.unanswered);
    cr_expect_eq(s.behinds, 1);
    cr_expect(send_append(p, 900));
    w.fake.window = 100000;
    peers_world_run(&w, 100);
    cr_expect_eq(w.members[2].payload[1], 900 * (sent + 1));
    peers_world_deinit(&w);
}

Test(peers, an_append_larger_than_the_queue_is_taken_when_there_is_room)
{
    struct peers_world w;

    peers_world_init(&w, 13, 2);
    w.members[1].options.queue_max = 10000;
    peers_world_start(&w, 2);
    peers_world_run(&w, 500);
    cr_expect(send_append(member_peer(&w, 1, 2), 20 << 20));
    cr_expect_not(send_append(member_peer(&w, 1, 2), 1));
    w.fake.window = 1 << 20;
    peers_world_run(&w, 500);
    cr_expect_eq(w.members[2].payload[1], 20 << 20);
    cr_expect_eq(w.members[1].relieved[2], 1);
    cr_expect_eq(w.members[1].downs[2], 0);
    peers_world_deinit(&w);
}

Test(peers, a_peer_that_takes_nothing_any_more_is_given_up_before_memory_is)
{
    struct peers_world w;
    struct peer *p;
    struct peer_stats s;
    uint64_t most = 0;

    peers_world_init(&w, 14, 2);
    w.members[1].options.lost_us = UINT64_MAX / 4;
    peers_world_start(&w, 2);
    peers_world_run(&w, 500);
    fake_cut(&w.fake, 1, 2, true);
    p = member_peer(&w, 1, 2);
    for (uint64_t i = 1; send_settled(p, i); i++) {
        peer_stats(p, &s);
        most = s.unanswered;
    }
    cr_expect_leq(most, LIMIT_PEER_CONTROL + 1000);
    peers_world_step(&w, 1000);
    cr_expect_eq(w.members[1].downs[2], 1);
    cr_expect_eq(fake_said(w.members[1].host, "it takes nothing any more"), 1);
    peers_world_deinit(&w);
}

/* --- owners that change their mind within hooks */

Test(peers, a_peer_may_be_removed_from_within_any_hook)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct peers_world w;

        peers_world_init(&w, seed, 3);
        peers_world_start(&w, 3);
        peers_world_run(&w, (unsigned)prng_below(&w.fake.prng, 400));
        w.members[1].removes = member_peer(&w, 1, 2);
        if (seed % 3 == 0)
            fake_cut(&w.fake, 1, 2, true);
        if (seed % 3 == 1)
            member_kill(&w, 2);
        peers_world_run(&w, 4000);
        cr_assert_null(member_peer(&w, 1, 2), "seed %lu", (unsigned long)seed);
        cr_assert(both_up(&w, 1, 3));
        peers_world_deinit(&w);
    }
}

/* --- many, with everything going wrong */

static void disturb(struct peers_world *w, unsigned count)
{
    struct prng *r = &w->fake.prng;
    unsigned a = 1 + (unsigned)prng_below(r, count), b = 1 + (unsigned)prng_below(r, count);

    switch (prng_below(r, 8)) {
    case 0:
        fake_cut(&w->fake, a, b, true);
        break;
    case 1:
    case 2:
        fake_cut(&w->fake, a, b, false);
        break;
    case 3:
        list_for_each (at, &w->fake.ends)
            list_item(at, struct fake_end, links)->ended |= prng_one_in(r, 6);
        break;
    case 4:
        if (!w->members[a].peers)
            break;
        member_kill(w, a);
        member_start(w, a);
        for (b = 1; b <= count; b++) {
            if (a != b)
                member_add(w, a, b, true);
        }
        break;
    case 5:
        w->fake.piece = (size_t)prng_below(r, 200);
        break;
    case 6:
        w->fake.window = 100 + (size_t)prng_below(r, 10000);
        break;
    default:
        break;
    }
}

static void storm(uint64_t seed, unsigned count)
{
    struct peers_world w;

    peers_world_init(&w, seed, count);
    peers_world_start(&w, count);
    for (unsigned i = 0; i < 300; i++) {
        if (prng_one_in(&w.fake.prng, 4))
            disturb(&w, count);
        for (unsigned a = 1; a <= count; a++) {
            for (unsigned b = 1; b <= count; b++) {
                if (a != b && prng_one_in(&w.fake.prng, 2))
                    send_append(member_peer(&w, a, b), (size_t)prng_below(&w.fake.prng, 3000));
            }
        }
        peers_world_step(&w, 1 + prng_below(&w.fake.prng, 60000));
    }
    memset(w.fake.cut, 0, sizeof w.fake.cut);
    w.fake.piece = 0;
    w.fake.window = 1 << 20;
    peers_world_run(&w, 8000);
    for (unsigned a = 1; a <= count; a++) {
        for (unsigned b = 1; b < a; b++) {
            cr_assert(both_up(&w, a, b), "seed %lu: %u and %u", (unsigned long)seed, a, b);
            cr_assert(peer_in_reach(member_peer(&w, a, b)));
        }
    }
    peers_world_deinit(&w);
}

/* The hooks assert that numbers have no gaps. */
Test(peers, whatever_happens_all_are_linked_in_the_end)
{
    for (uint64_t seed = 0; seed < 100; seed++)
        storm(seed, 4);
}
