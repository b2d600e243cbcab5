/* sha1.h: SHA-1 (FIPS 180-4), for what Redis names by it: digests of data sets. */
#ifndef HENGE_ADMIN_SHA1_H
#define HENGE_ADMIN_SHA1_H

#include <stdint.h>

#include "base/slice.h"

enum { SHA1_BYTES = 20 };

void sha1(struct slice bytes, uint8_t out[SHA1_BYTES]);

#endif
