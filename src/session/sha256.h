/* sha256.h: the hash passwords are kept as (FIPS 180-4, SHA-256). */
#ifndef HENGE_SESSION_SHA256_H
#define HENGE_SESSION_SHA256_H

#include <stdint.h>

#include "base/slice.h"

enum { SHA256_BYTES = 32 };

void sha256(struct slice bytes, uint8_t out[SHA256_BYTES]);

#endif
