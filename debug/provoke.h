/* debug/provoke.h: wrong on purpose, by name: for the tests of the debug build's checks (provoke.c); only there. */
#ifndef DEBUG_PROVOKE_H
#define DEBUG_PROVOKE_H
#include "base/types.h"

int provoke(const char *what);			/* 0: it came back; -EINVAL: no such word */
const char *provoke_name(size_t i);		/* NULL: no more */
#endif
