/* message_format.h: the wire format of the link between two peers.
 *
 * A message travels as a RESP array of two bulk strings, its name and its body:
 *
 *     *2 CRLF $3 CRLF arc CRLF $107 CRLF <body> CRLF
 *
 * so that what reads RESP can read it.  Lengths have no leading zeros.  A body is fields
 * without gaps, numbers little-endian; what comes last and has no length of its own
 * takes the rest.  A body is exactly as long as its fields, but for `hello`: behind what
 * is known, a later version may say more.
 *
 *     hello      u16 lowest version · u16 highest · u32 node · u32 called (0: whoever answers)
 *                u64 incarnation · u64 attempt · u64 boot · u64 epoch · u64 members
 *                nonce[16] · u8 flags (1: has a secret) · u8 length, cluster's name
 *     proof      hash[32]
 *     welcome    hash[32]
 *     refused    u8 reason · text
 *     ack        u64 written · u64 synced
 *     heartbeat  u64 wall µs · u64 tentative before · u32 load ‰ · u32 arcs
 *                each: arc · ballot · u64 commit · u64 all synced
 *     confirm
 *     arc        arc · u8 kind · by kind, below
 *     forward    u64 id · u64 microseconds left · u8 read level · u8 write level · u8 db
 *                u8 protocol · u8 hops · u32 length, user · request
 *     reply      u64 id · u8 outcome · u32 better leader · u64 stamp · u32 origin · reply
 *     tentative  u16 slot · u32 origin · u64 stamp · u64 previous · u64 now µs · u64 random
 *                u8 level · u8 db · u32 length, context · u32 length, request · cells
 *     settled    u16 slot · u32 origin · u64 stamp
 *
 * arc: u16 slot · u64 birth.  ballot: u64 counter · u32 node, none is 0 0.  end: ballot ·
 * u64 index.  owners: u64 epoch · u8 count · u8 next count · u32 node[count] · u32
 * next[next count].  frame: ballot · previous ballot · u64 index · u64 stamp · u8 kind.
 *
 *     1 hello    ballot promise · end · u64 synced · u64 applied · ballot known at ·
 *                u64 known · ballot known promise · u8 flags
 *     2 append   ballot · u32 feed · u64 commit · u64 all synced · frame · payload
 *     3 commit   ballot · u64 commit · u64 all synced
 *     4 yield    ballot
 *     5 invite   ballot
 *     6 refusal  ballot · u32 feed · ballot promise · end · u64 applied · u8 reason
 *                u8 heard
 *     7 take     ballot · ballot invited by · u64 epoch · u8 flags
 *     8 promise  ballot · end · u64 applied
 *     9 no       ballot · ballot promise · u8 reason
 *    10 moved    ballot · ballot moved at · owners
 *    11 fetch    ballot · end wanted · end · u64 applied
 *    12 frame    ballot · frame · payload
 *    13 gone     ballot
 *    14 recover  u64 nonce
 *    15 state    u64 nonce · ballot promise · end · u64 applied · u8 flags
 *
 * The hashes are HMAC-SHA256 with the cluster's secret over a byte that says who proves
 * ('c' who has called, 'a' who answers), the caller's hello and the answerer's, whole.
 *
 * After the handshake a link numbers the messages of each direction from 1, all but
 * `ack`; the numbers are counted, not sent. */
#ifndef HENGE_CLUSTER_MESSAGE_FORMAT_H
#define HENGE_CLUSTER_MESSAGE_FORMAT_H

enum {
    PEER_PROTOCOL_LOWEST = 1, /* that this program speaks */
    PEER_PROTOCOL_HIGHEST = 1,
};

enum {
    MESSAGE_NONCE_SIZE = 16,
    MESSAGE_HEARTBEAT_ARC_SIZE = 38,  /* each */
    MESSAGE_NAME_MAX = 9,             /* longest name of a message */
    MESSAGE_OWNERS_MAX = 10 + 4 * 14, /* longest owners */
};

#endif
