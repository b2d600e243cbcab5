/* sha256.c: SHA-256, a block of 64 bytes at a time (FIPS 180-4, sections 4 to 6).
 *
 * Our own, because no library may be included here; it hashes a password per AUTH and a
 * few hundred bytes per connection of a peer, nothing that has to be fast. */
#include "base/sha256.h"

#include <string.h>

#include "base/buf.h"

enum { BLOCK = 64, ROUNDS = 64, LENGTH_AT = 56 };

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t k[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t turned(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t big32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_big32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void add_block(uint32_t h[8], const uint8_t *block)
{
    uint32_t w[ROUNDS], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = big32(block + (size_t)4 * (size_t)i);
    for (int i = 16; i < ROUNDS; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + (turned(a, 7) ^ turned(a, 18) ^ a >> 3) + w[i - 7] +
               (turned(b, 17) ^ turned(b, 19) ^ b >> 10);
    }
    memcpy(v, h, sizeof v);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t a = v[0], e = v[4];
        uint32_t one = v[7] + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) +
                       ((e & v[5]) ^ (~e & v[6])) + k[i] + w[i];
        uint32_t two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) +
                       ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += one;
        v[0] = one + two;
    }
    for (int i = 0; i < 8; i++)
        h[i] += v[i];
}

void sha256(struct slice bytes, uint8_t out[SHA256_BYTES])
{
    uint32_t h[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    uint8_t last[2 * BLOCK] = { 0 };
    uint64_t bits = (uint64_t)bytes.len * 8;
    size_t at = 0, left, blocks;

    for (; bytes.len - at >= BLOCK; at += BLOCK)
        add_block(h, bytes.data + at);
    left = bytes.len - at;
    if (left)
        memcpy(last, bytes.data + at, left);
    last[left] = 0x80;
    blocks = left < LENGTH_AT ? 1 : 2;
    put_big32(last + blocks * BLOCK - 8, (uint32_t)(bits >> 32));
    put_big32(last + blocks * BLOCK - 4, (uint32_t)bits);
    for (size_t i = 0; i < blocks; i++)
        add_block(h, last + i * BLOCK);
    for (size_t i = 0; i < 8; i++)
        put_big32(out + 4 * i, h[i]);
}

/* The hash of `pad` over the key, a block long, and then `bytes`. */
static void hash_padded(const uint8_t key[BLOCK], uint8_t pad, struct slice bytes,
                        uint8_t out[SHA256_BYTES])
{
    struct buf b = { 0 };

    buf_reserve(&b, BLOCK + bytes.len);
    for (size_t i = 0; i < BLOCK; i++)
        buf_append_byte(&b, key[i] ^ pad);
    buf_append(&b, bytes);
    sha256(buf_slice(&b), out);
    buf_deinit(&b);
}

void sha256_hmac(struct slice key, struct slice bytes, uint8_t out[SHA256_BYTES])
{
    uint8_t padded[BLOCK] = { 0 }, inner[SHA256_BYTES];

    if (key.len > BLOCK)
        sha256(key, padded);
    else if (key.len > 0)
        memcpy(padded, key.data, key.len);
    hash_padded(padded, 0x36, bytes, inner);
    hash_padded(padded, 0x5c, slice_of(inner, sizeof inner), out);
}

bool sha256_equal(const uint8_t a[SHA256_BYTES], const uint8_t b[SHA256_BYTES])
{
    unsigned differ = 0;

    for (size_t i = 0; i < SHA256_BYTES; i++)
        differ |= (unsigned)(a[i] ^ b[i]);
    return differ == 0;
}
