/*
 * base/tick.h - time as the engines see it: microseconds since some moment that the caller chose.
 * It comes in as an argument, never goes back, and has nothing to do with the time of day.
 */
#ifndef BASE_TICK_H
#define BASE_TICK_H

#include <stdint.h>

typedef int64_t tick_t;

#define TICK_NEVER INT64_MAX
#define TICK_MS	   ((tick_t)1000)
#define TICK_S	   ((tick_t)1000000)

/* `at + delta`, stopping at TICK_NEVER instead of overflowing.  delta >= 0. */
static inline tick_t tick_add(tick_t at, tick_t delta)
{
	return at > TICK_NEVER - delta ? TICK_NEVER : at + delta;
}

static inline tick_t tick_min(tick_t a, tick_t b)
{
	return a < b ? a : b;
}

#endif
