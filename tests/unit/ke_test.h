/*
 * tests/unit/ke_test.h - what the tests of key exchange share.
 */
#ifndef TESTS_UNIT_KE_TEST_H
#define TESTS_UNIT_KE_TEST_H

#include "tests/unit/crypto_test.h"

/* A key out of the seed a, a + b, a + 2b, ... */
static inline struct ike_ke *key_of(uint16_t group, unsigned a, unsigned b)
{
	uint8_t seed[IKE_KE_SEED_MAX];

	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)(a + b * i);

	struct ike_ke *ke = ike_ke_new(group, seed);

	assert_non_null(ke);
	assert_int_equal(ike_ke_group(ke), group);
	return ke;
}

static inline struct cur public_of(const struct ike_ke *ke, uint8_t out[static IKE_KE_PUBLIC_MAX])
{
	assert_int_equal(ike_ke_public(ke, out), IKE_OK);
	return cur_of(out, ike_ke_public_len(ike_ke_group(ke)));
}

/* The value is refused, and nothing is left of it. */
static inline void refused(const char *what, const struct ike_ke *ke, struct cur peer)
{
	uint8_t out[IKE_KE_SHARED_MAX];
	size_t len = 99;

	memset(out, 0xa5, sizeof(out));

	enum ike_err err = ike_ke_shared(ke, peer, out, &len);

	if (err != IKE_E_PUBLIC_VALUE)
		print_error("group %u, %s: %s\n", ike_ke_group(ke), what, ike_err_name(err));
	assert_int_equal(err, IKE_E_PUBLIC_VALUE);
	assert_int_equal(len, 0);
	assert_true(all_zero(out, sizeof(out)));
}

static inline void shared_is(const char *what, const struct ike_ke *ke, struct cur peer,
			     const char *want)
{
	uint8_t out[IKE_KE_SHARED_MAX];
	size_t len;

	assert_int_equal(ike_ke_shared(ke, peer, out, &len), IKE_OK);
	assert_hex(what, out, len, want);
}

#endif
