/* sha256.h: SHA-256 (FIPS 180-4), which passwords are kept as, and HMAC with it
 * (FIPS 198-1), by which peers prove that they share a secret. */
#ifndef HENGE_BASE_SHA256_H
#define HENGE_BASE_SHA256_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { SHA256_BYTES = 32 };

void sha256(struct slice bytes, uint8_t out[SHA256_BYTES]);

/* Of a key of any length; copies `bytes`, so they should be few. */
void sha256_hmac(struct slice key, struct slice bytes, uint8_t out[SHA256_BYTES]);

/* Whether two hashes are equal, in a time that does not say where they differ. */
bool sha256_equal(const uint8_t a[SHA256_BYTES], const uint8_t b[SHA256_BYTES]);

#endif
