/*
 * base/rng.h - randomness as an argument.  The daemon injects the system's generator, tests and the
 * simulation a seeded one, so that the same seed gives the same run, byte for byte.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	void (*fill)(void *ctx, void *out, size_t len); /* never fails: abort rather than weaken */
	void *ctx;
};

static inline void rng_fill(const struct rng *rng, void *out, size_t len)
{
	rng->fill(rng->ctx, out, len);
}

/* 32 random bits. */
uint32_t rng_u32(const struct rng *rng);
/* 64 random bits. */
uint64_t rng_u64(const struct rng *rng);

/* Uniform in [0, bound), bound > 0, without modulo bias. */
uint64_t rng_below(const struct rng *rng, uint64_t bound);

/*
 * A seeded generator (SplitMix64) for tests, simulation and hash seeds.  Predictable: never for
 * keys.  `seed` is its whole state and must outlive the rng.
 */
struct rng rng_seeded(uint64_t *seed);

#endif
