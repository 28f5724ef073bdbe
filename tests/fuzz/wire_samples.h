/*
 * tests/fuzz/wire_samples.h - well-formed IKE messages, as peers send them.  Unit tests cut them to
 * pieces, the fuzz target starts from them.
 */
#ifndef TESTS_FUZZ_WIRE_SAMPLES_H
#define TESTS_FUZZ_WIRE_SAMPLES_H

#include "ike/wire.h"

#define SAMPLE_MAX 2048 /* bytes of the longest */

struct sample {
	const char *name;
	/* Write the message, or the plaintext of its SK payload.  The result is 0 for a datagram,
	 * else the type of the chain's first payload. */
	uint8_t (*build)(struct buf *out);
};

extern const struct sample samples[];
extern const size_t sample_count;

/* Field by field, `unknown` left out. */
bool proposals_eq(const struct ike_proposals *a, const struct ike_proposals *b);
bool ts_list_eq(const struct ike_ts_list *a, const struct ike_ts_list *b);

#endif
