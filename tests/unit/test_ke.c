/*
 * tests/unit/test_ke.c - key exchange: what holds for every group, and MODP.  The primes are those
 * of RFC 2409 and RFC 3526 as OpenSSL has them; what a peer may send is RFC 6989's affair.
 */
#include "tests/unit/ke_test.h"

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <stdlib.h>

#include "ike/ke.h"

static const uint16_t groups[] = {
	IKE_KE_MODP1024, IKE_KE_MODP1536, IKE_KE_MODP2048,   IKE_KE_MODP3072,
	IKE_KE_MODP4096, IKE_KE_MODP6144, IKE_KE_MODP8192,   IKE_KE_ECP256,
	IKE_KE_ECP384,	 IKE_KE_ECP521,	  IKE_KE_CURVE25519, IKE_KE_CURVE448,
};

/* ---- every group ---- */

static void two_parties_agree(void **state)
{
	static const size_t shared_len[] = {
		128, 192, 256, 384, 512, 768, 1024, 32, 48, 66, 32, 56
	};

	(void)state;
	_Static_assert(ARRAY_LEN(shared_len) == ARRAY_LEN(groups), "one length per group");
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		uint8_t pa[IKE_KE_PUBLIC_MAX], pb[IKE_KE_PUBLIC_MAX];
		uint8_t sa[IKE_KE_SHARED_MAX], sb[IKE_KE_SHARED_MAX];
		struct ike_ke *a = key_of(groups[i], 3, 5), *b = key_of(groups[i], 200, 9);
		size_t la, lb;

		assert_int_equal(ike_ke_shared(a, public_of(b, pb), sa, &la), IKE_OK);
		assert_int_equal(ike_ke_shared(b, public_of(a, pa), sb, &lb), IKE_OK);
		assert_int_equal(la, shared_len[i]);
		assert_int_equal(lb, la);
		assert_memory_equal(sa, sb, la);
		assert_memory_not_equal(pa, pb, ike_ke_public_len(groups[i]));
		ike_ke_free(a);
		ike_ke_free(b);
	}
}

static void same_seed_same_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		uint8_t p[IKE_KE_PUBLIC_MAX], q[IKE_KE_PUBLIC_MAX];
		struct ike_ke *a = key_of(groups[i], 3, 5), *b = key_of(groups[i], 3, 5);

		assert_true(cur_eq(public_of(a, p), public_of(b, q)));
		assert_true(ike_ke_seed_len(groups[i]) <= IKE_KE_SEED_MAX);
		ike_ke_free(a);
		ike_ke_free(b);
	}
	ike_ke_free(NULL);
}

/* Seeds of all zeroes and all ones are keys like any other. */
static void extreme_seeds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		uint8_t p[IKE_KE_PUBLIC_MAX], s[IKE_KE_SHARED_MAX];
		struct ike_ke *zero = key_of(groups[i], 0, 0), *ones = key_of(groups[i], 255, 0);
		size_t len;

		assert_int_equal(ike_ke_shared(zero, public_of(ones, p), s, &len), IKE_OK);
		assert_false(all_zero(s, len));
		ike_ke_free(zero);
		ike_ke_free(ones);
	}
}

/*
 * A value of any other length is refused before a byte of it is copied; it lies in memory of
 * exactly its size here, so that a sanitizer would see it.
 */
static void wrong_length_CVE_2023_41913(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		size_t right = ike_ke_public_len(groups[i]);
		const size_t lens[] = { 0, 1, right / 2, right - 1, right + 1, 2 * right, 4000 };
		struct ike_ke *ke = key_of(groups[i], 3, 5);

		for (size_t k = 0; k < ARRAY_LEN(lens); k++) {
			uint8_t *bytes = malloc(lens[k] + 1); /* its end is the memory's end */

			assert_non_null(bytes);
			memset(bytes, 0x02, lens[k] + 1);
			refused("length", ke, cur_of(bytes + 1, lens[k]));
			free(bytes);
		}
		refused("nothing", ke, (struct cur){ 0 });
		ike_ke_free(ke);
	}
}

/* 1025 is strongSwan's private "MODP_CUSTOM", which anybody could ask for. */
static void unknown_groups_CVE_2014_9221(void **state)
{
	static const uint16_t ids[] = { 0,  1,	3,  4,	6,  13, 22,   23,   24,	  25,
					26, 27, 28, 30, 33, 35, 1024, 1025, 1040, 65535 };
	static const uint8_t seed[IKE_KE_SEED_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		assert_int_equal(ike_ke_public_len(ids[i]), 0);
		assert_int_equal(ike_ke_seed_len(ids[i]), 0);
		assert_null(ike_ke_new(ids[i], seed));
	}
}

/* ---- MODP ---- */

static const struct modp {
	uint16_t group;
	unsigned bits, c;
	BIGNUM *(*prime)(BIGNUM *);
	/* SHA-256 of what another implementation computed: 2^a, 2^b, 2^(ab) */
	const char *a, *b, *ab;
} modps[] = {
	{ IKE_KE_MODP1024, 1024, 129093, BN_get_rfc2409_prime_1024,
	  "1a7198bd991b1337489a9a498da7a791d1450cbd0927a08b811a058b5836e1fc",
	  "e5231abfe27046e8b9f2843813bd1dc71705b46598b4a9f4d1274c4ff5c6fb72",
	  "d5ba548c203b515c9bb64151bfb5eadd3ca786a92c5e9e8d469dd6f0f41169d9" },
	{ IKE_KE_MODP1536, 1536, 741804, BN_get_rfc3526_prime_1536,
	  "6626dbbc65cbaed49d52b3d0e2995c3fa467b355af16d5474df3d4a5aeb89697",
	  "dde4c6530fe2ced14ce60f431e5c9e8e30c6e7fd0c22243a755bb23597fb6298",
	  "b16e754a57562611fb686090366965e0400ab706fceadb827a722a552f3c2d34" },
	{ IKE_KE_MODP2048, 2048, 124476, BN_get_rfc3526_prime_2048,
	  "8654980f63a38c46fe3565b8ba8807297a20c7ac8bf5fb1e388b52f2add09b2a",
	  "6158ee64d75af5c56bb31d7804a5761d539a2e39c83a8fbab9f665275d170ca7",
	  "8b730673be40a23bfb6dfe4b9baf7db7c62b1837851ebccc027e8046806ce073" },
	{ IKE_KE_MODP3072, 3072, 1690314, BN_get_rfc3526_prime_3072,
	  "2157e7bfc1250cd0f4c857c07c3c6b716b7e0601836fe44383ca3cad5a091744",
	  "ef7631ccff683bdcfbf57e3025950eb1a5dc3cf7808cf66e13559e4d21b1cbca",
	  "691a9415040f67f05ff39062f5460d4b5a399bd7fbb4c80c50080525737ed8c6" },
	{ IKE_KE_MODP4096, 4096, 240904, BN_get_rfc3526_prime_4096,
	  "dbc06580c241cf0f38dc27ad54fb4693475232f5d83292d08b8b1a2358deda9a",
	  "b698914612a0adcc1d58025c33a3ab4dfcf6fb692b961ced46059830bf95beae",
	  "481bccb092a0de99719af58fd748e307ff163e06ff1efc49edc4fb77c08a98e2" },
	{ IKE_KE_MODP6144, 6144, 929484, BN_get_rfc3526_prime_6144,
	  "67d024f78f8b2199d0325a1917aa9b4cd2a098242ab7ce97f0a3d775a7ef746e",
	  "2432d48fda11c4104147e116e95cf73ffaa17896f2e8cacfea04e2a7b65e2ec9",
	  "4ef7644903771eda92eb35e21724d87d50c871f3fd1af94fe85e31b51021ebc6" },
	{ IKE_KE_MODP8192, 8192, 4743158, BN_get_rfc3526_prime_8192,
	  "7f1d9bf617ed00e1ddb716b293f3c7604f091cd5c59600a146b351a9b2b799a8",
	  "368a1ae1e49d9378c8286c94f840daa7ac5310e79a0e2444e2846c5cbc96adc3",
	  "3d86cc873d1709bc854d43a2947e450e21f3d7df43085efbea6904a3745e298b" },
};

static void prime_bytes(const struct modp *m, uint8_t out[static IKE_KE_PUBLIC_MAX])
{
	BIGNUM *prime = m->prime(NULL);

	assert_non_null(prime);
	assert_int_equal(BN_bn2binpad(prime, out, (int)m->bits / 8), (int)m->bits / 8);
	BN_free(prime);
}

static void modp_primes_rfc3526(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modps); i++) {
		uint8_t want[IKE_KE_PUBLIC_MAX], got[IKE_KE_PUBLIC_MAX];
		size_t len = 0;
		mpz_t p;

		prime_bytes(&modps[i], want);
		ike_modp_prime(modps[i].bits, modps[i].c, p);
		assert_int_equal(mpz_sizeinbase(p, 2), modps[i].bits);
		mpz_export(got, &len, 1, 1, 1, 0, p);
		assert_int_equal(len, modps[i].bits / 8);
		assert_memory_equal(got, want, len);
		if (modps[i].bits <= 2048) { /* the larger ones take too long */
			assert_true(mpz_probab_prime_p(p, 4));
			mpz_fdiv_q_2exp(p, p, 1);
			assert_true(mpz_probab_prime_p(p, 4)); /* (p-1)/2: RFC 6989 2.1 */
		}
		mpz_clear(p);
	}
}

static void assert_sha256(const uint8_t *bytes, size_t len, const char *want)
{
	uint8_t md[32];

	assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, bytes, len, md, NULL), 1);
	assert_hex("SHA-256", md, sizeof(md), want);
}

static void modp_known_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modps); i++) {
		uint8_t pa[IKE_KE_PUBLIC_MAX], pb[IKE_KE_PUBLIC_MAX], s[IKE_KE_SHARED_MAX];
		struct ike_ke *a = key_of(modps[i].group, 1, 7);
		struct ike_ke *b = key_of(modps[i].group, 5, 11);
		size_t len;

		assert_int_equal(ike_ke_shared(a, public_of(b, pb), s, &len), IKE_OK);
		public_of(a, pa);
		assert_int_equal(len, modps[i].bits / 8);
		assert_sha256(pa, len, modps[i].a);
		assert_sha256(pb, len, modps[i].b);
		assert_sha256(s, len, modps[i].ab);
		ike_ke_free(a);
		ike_ke_free(b);
	}
}

/* RFC 6989 2.1: 1 < y < p-1.  All zeroes are what crashed strongSwan. */
static void modp_range_CVE_2008_4551_CVE_2015_3240(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modps); i++) {
		const size_t len = modps[i].bits / 8;
		struct ike_ke *ke = key_of(modps[i].group, 3, 5);
		uint8_t y[IKE_KE_PUBLIC_MAX] = { 0 }, s[IKE_KE_SHARED_MAX];
		const struct cur peer = cur_of(y, len);

		refused("0", ke, peer);
		y[len - 1] = 1;
		refused("1", ke, peer);
		y[len - 1] = 2; /* the least that is allowed: our public value comes back */

		uint8_t own[IKE_KE_PUBLIC_MAX];
		size_t got;

		assert_int_equal(ike_ke_shared(ke, peer, s, &got), IKE_OK);
		assert_true(cur_eq(cur_of(s, got), public_of(ke, own)));

		prime_bytes(&modps[i], y);
		refused("p", ke, peer);
		y[len - 1]--; /* all of them end in ff */
		refused("p-1", ke, peer);
		y[len - 1]--;
		assert_int_equal(ike_ke_shared(ke, peer, s, &got), IKE_OK); /* p-2 */
		memset(y, 0xff, len);
		refused("2^n-1", ke, peer);

		/* p+1 */
		mpz_t p;

		ike_modp_prime(modps[i].bits, modps[i].c, p);
		mpz_add_ui(p, p, 1);
		mpz_export(y, NULL, 1, 1, 1, 0, p);
		mpz_clear(p);
		refused("p+1", ke, peer);
		ike_ke_free(ke);
	}
}

/* A secret that begins with zero bytes is as long as the modulus all the same: RFC 7296 2.14. */
static void modp_secret_is_padded(void **state)
{
	uint8_t y[IKE_KE_PUBLIC_MAX], s[IKE_KE_SHARED_MAX];
	struct ike_ke *ke = key_of(IKE_KE_MODP1024, 3, 5);
	size_t len, found = 0;

	(void)state;
	/* one in 256 does */
	for (unsigned i = 0; i < 3000 && !found; i++) {
		memset(y, 0, 128);
		y[126] = (uint8_t)(i >> 8);
		y[127] = (uint8_t)(i | 2);
		memset(s, 0xa5, sizeof(s));
		assert_int_equal(ike_ke_shared(ke, cur_of(y, 128), s, &len), IKE_OK);
		assert_int_equal(len, 128);
		found = s[0] == 0;
	}
	assert_true(found);
	ike_ke_free(ke);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_parties_agree),
		cmocka_unit_test(same_seed_same_key),
		cmocka_unit_test(extreme_seeds),
		cmocka_unit_test(wrong_length_CVE_2023_41913),
		cmocka_unit_test(unknown_groups_CVE_2014_9221),
		cmocka_unit_test(modp_primes_rfc3526),
		cmocka_unit_test(modp_known_answers),
		cmocka_unit_test(modp_range_CVE_2008_4551_CVE_2015_3240),
		cmocka_unit_test(modp_secret_is_padded),
	};

	return cmocka_run_group_tests_name("ke", tests, NULL, NULL);
}
