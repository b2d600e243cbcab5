/* hll.h: a HyperLogLog in a string, byte for byte as Redis keeps it: 16384 registers,
 * each of which remembers the longest run of zero bits among the hashes that fell to it.
 *
 *      0  "HYLL"
 *      4  u8   0 dense, 1 sparse
 *      5       three zeros
 *      8  u64  the count last estimated; its highest bit says that it is out of date
 *     16       dense:  16384 numbers of 6 bits, the lowest bits of a byte first
 *              sparse: runs of registers
 *                      00nnnnnn           n + 1 zeros
 *                      01nnnnnn nnnnnnnn  n + 1 zeros
 *                      1vvvvvnn           n + 1 times v + 1
 *
 * Flajolet and others, "HyperLogLog: the analysis of a near-optimal cardinality estimation
 * algorithm", 2007; counted as in Ertl, "New cardinality estimation algorithms for
 * HyperLogLog sketches", 2017. */
#ifndef HENGE_CMD_HLL_H
#define HENGE_CMD_HLL_H

#include "base/buf.h"

enum {
    HLL_REGISTERS = 1 << 14,
    HLL_HEADER = 16,
    HLL_DENSE_SIZE = HLL_HEADER + HLL_REGISTERS * 6 / 8,
    HLL_SPARSE_MAX = 3000, /* bytes with the header, as Redis's hll-sparse-max-bytes */
};

/* It begins as one and, if dense, has that length. */
bool hll_is_one(struct slice value);
bool hll_is_dense(struct slice value);

/* Appends an empty one, sparse. */
void hll_begin(struct buf *out);

/* The register and the number an element stands for: hash by MurmurHash64A. */
void hll_place(struct slice element, unsigned *index, uint8_t *count);

enum hll_end { HLL_SAME, HLL_CHANGED, HLL_CORRUPT };

/* Raises a register of the one in `value` to `count`, which may make it dense. */
enum hll_end hll_raise(struct buf *value, unsigned index, uint8_t count);

/* Makes it dense.  False: it is corrupt. */
bool hll_make_dense(struct buf *value);

/* Raises `registers` to those of `value`.  False: it is corrupt. */
bool hll_merge(uint8_t registers[HLL_REGISTERS], struct slice value);

/* How many different elements that is, about. */
uint64_t hll_estimate(const uint8_t registers[HLL_REGISTERS]);

/* The count in the header; false if it is out of date. */
bool hll_get_count(struct slice value, uint64_t *count);
void hll_put_count(struct buf *value, uint64_t count);
void hll_forget_count(struct buf *value);

#endif
