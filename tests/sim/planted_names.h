/* planted_names.h: which bug on purpose is switched on. */
#ifndef HENGE_SIM_PLANTED_NAMES_H
#define HENGE_SIM_PLANTED_NAMES_H

#include <stdbool.h>

enum { PLANTED_NONE = -1 };

/* The name of bug `n`, or NULL behind the last. */
const char *planted_name(int n);

/* Whether it is one of an arc's log, which tests/model finds. */
bool planted_is_arc(int n);

/* The bug of that name, or PLANTED_NONE. */
int planted_find(const char *name);

/* It is in what a node alone does not do: arcs' logs. */
bool planted_in_arcs(int n);

/* From now on that bug, or none. */
void planted_set(int n);

#endif
