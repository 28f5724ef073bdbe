/*
 * base/rng.c - what can be made from a source of bytes, and the seeded source of the tests.
 */
#include "base/rng.h"

uint32_t rng_u32(const struct rng *rng)
{
	uint32_t v;

	rng_fill(rng, &v, sizeof(v));
	return v;
}

uint64_t rng_u64(const struct rng *rng)
{
	uint64_t v;

	rng_fill(rng, &v, sizeof(v));
	return v;
}

uint64_t rng_below(const struct rng *rng, uint64_t bound)
{
	/* Values under this one would make the low results likelier: draw again. */
	uint64_t skip = (UINT64_MAX - bound + 1) % bound;
	uint64_t v = rng_u64(rng);

	while (v < skip)
		v = rng_u64(rng);
	return v % bound;
}

static uint64_t splitmix_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void splitmix_fill(void *ctx, void *out, size_t len)
{
	uint8_t *p = out;

	while (len) {
		uint64_t v = splitmix_next(ctx);

		for (size_t i = 0; i < sizeof(v) && len; i++, len--)
			*p++ = (uint8_t)(v >> (8 * i));
	}
}

struct rng rng_seeded(uint64_t *seed)
{
	return (struct rng){ .fill = splitmix_fill, .ctx = seed };
}
