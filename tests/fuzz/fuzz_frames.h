/* fuzz_frames.h: makes right what no fuzzer guesses: checksums and hashes. */
#ifndef HENGE_FUZZ_FUZZ_FRAMES_H
#define HENGE_FUZZ_FUZZ_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gives each frame in `bytes` the segment and a crc that holds; `positions`: and
 * each of their cells its key's position. */
void fuzz_frames_fix(uint8_t *bytes, size_t len, uint64_t segment, bool positions);

#endif
