/* latency_doctor.h: what was slow, in sentences, and what to do about it. */
#ifndef HENGE_ADMIN_LATENCY_DOCTOR_H
#define HENGE_ADMIN_LATENCY_DOCTOR_H

#include "base/buf.h"
#include "session/instance.h"

void latency_doctor(const struct instance *in, struct buf *out);

#endif
