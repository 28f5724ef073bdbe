/*
 * tests/unit/test_keys.c - the key schedule.  NIST's 900 IKEv2 vectors (CAVS 17.3, SP 800-135) are
 * read from the file that argv[1] names; the AES128-XCBC and AUTH values were computed with another
 * implementation, as nobody publishes any.
 */
#include "tests/unit/crypto_test.h"

#include <stdlib.h>

#define NIST_VECTORS 900
#define LINE_MAX_LEN 4096

static const char *nist_path;

/* One vector: the last value of each field that has been read. */
struct vector {
	uint16_t prf;
	struct hex ni, nr, shared, shared_new, spi_i, spi_r;
	struct hex skeyseed, dkm, child, child_ke, skeyseed_rekey;
};

static bool starts(const char *line, const char *start, const char **value)
{
	size_t len = strlen(start);

	if (strncmp(line, start, len) != 0)
		return false;
	*value = line + len;
	return true;
}

/* Read one line into `v`; true if it ends a vector. */
static bool take_line(struct vector *v, const char *line)
{
	static const struct {
		const char *name;
		uint16_t prf;
	} prfs[] = {
		{ "[SHA-1]", IKE_PRF_HMAC_SHA1 },
		{ "[SHA-256]", IKE_PRF_HMAC_SHA2_256 },
		{ "[SHA-384]", IKE_PRF_HMAC_SHA2_384 },
		{ "[SHA-512]", IKE_PRF_HMAC_SHA2_512 },
	};
	const struct {
		const char *name;
		struct hex *to;
	} fields[] = {
		{ "Ni = ", &v->ni },
		{ "Nr = ", &v->nr },
		{ "g^ir = ", &v->shared },
		{ "g^ir (new) = ", &v->shared_new },
		{ "SPIi = ", &v->spi_i },
		{ "SPIr = ", &v->spi_r },
		{ "SKEYSEED = ", &v->skeyseed },
		{ "DKM = ", &v->dkm },
		{ "DKM(Child SA) = ", &v->child },
		{ "DKM(Child SA D-H) = ", &v->child_ke },
		{ "SKEYSEED(Rekey) = ", &v->skeyseed_rekey },
	};
	const char *value;

	for (size_t i = 0; i < ARRAY_LEN(prfs); i++)
		if (starts(line, prfs[i].name, &value))
			v->prf = prfs[i].prf;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (starts(line, fields[i].name, &value))
			*fields[i].to = hex_of(value);
	return starts(line, "SKEYSEED(Rekey) = ", &value);
}

/* The keys put together again must be the start of the block that they were cut from. */
static void check_cuts(const struct hex *block, const struct secret *const *keys,
		       const size_t *lens, size_t count)
{
	uint8_t all[7 * SECRET_MAX];
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(keys[i]->len, lens[i]);
		memcpy(all + len, keys[i]->b, lens[i]);
		len += lens[i];
	}
	assert_memory_equal(all, block->b, len < block->len ? len : block->len);
}

static void check_ike_keys(const struct hex *block, const struct ike_suite *suite,
			   const struct ike_keys *k)
{
	const size_t p = ike_prf_len(suite->prf);
	const size_t e = ike_encr_key_len(suite->encr, suite->encr_bits);
	const size_t a = ike_encr_is_aead(suite->encr) ? 0 : ike_integ_key_len(suite->integ);
	const struct secret *const keys[] = {
		&k->d, &k->ai, &k->ar, &k->ei, &k->er, &k->pi, &k->pr
	};
	const size_t lens[] = { p, a, a, e, e, p, p };

	check_cuts(block, keys, lens, ARRAY_LEN(keys));
}

static void check_child_keys(const struct hex *block, const struct ike_suite *suite,
			     const struct ike_child_keys *k)
{
	const size_t e = ike_encr_key_len(suite->encr, suite->encr_bits);
	const size_t a = ike_encr_is_aead(suite->encr) ? 0 : ike_integ_key_len(suite->integ);
	const struct secret *const keys[] = { &k->ei, &k->ai, &k->er, &k->ar };
	const size_t lens[] = { e, a, e, a };

	check_cuts(block, keys, lens, ARRAY_LEN(keys));
}

static const struct ike_suite suites[] = {
	{ .encr = IKE_ENCR_AES_CBC, .encr_bits = 128, .integ = IKE_INTEG_HMAC_SHA1_96 },
	{ .encr = IKE_ENCR_AES_CBC, .encr_bits = 256, .integ = IKE_INTEG_HMAC_SHA2_256_128 },
	{ .encr = IKE_ENCR_AES_CBC, .encr_bits = 256, .integ = IKE_INTEG_HMAC_SHA2_512_256 },
	{ .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 128 },
	{ .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 256 },
	{ .encr = IKE_ENCR_AES_GCM_12, .encr_bits = 256 },
	{ .encr = IKE_ENCR_CHACHA20_POLY1305 },
};

static uint64_t spi_of(const struct hex *hex)
{
	struct cur cur = hex_cur(hex);

	assert_int_equal(hex->len, 8);
	return cur_u64(&cur);
}

/* SKEYSEED and prf+ as the primitives give them: RFC 7296 2.14, 2.17, 2.18. */
static void check_primitives(const struct vector *v)
{
	uint8_t out[HEX_MAX], key[2 * IKE_NONCE_MAX], seed[4 * IKE_NONCE_MAX + IKE_KE_SHARED_MAX];
	struct buf k = buf_of(key, sizeof(key)), s = buf_of(seed, sizeof(seed));
	const size_t prf_len = ike_prf_len(v->prf);
	const struct cur sk_d = cur_of(v->dkm.b, prf_len);
	const struct cur shared = hex_cur(&v->shared), shared_new = hex_cur(&v->shared_new);
	const struct cur rekey[] = { shared_new, hex_cur(&v->ni), hex_cur(&v->nr) };

	buf_put_cur(&k, hex_cur(&v->ni));
	buf_put_cur(&k, hex_cur(&v->nr));
	assert_int_equal(v->skeyseed.len, prf_len);
	assert_int_equal(ike_prf(v->prf, buf_cur(&k), &shared, 1, out), IKE_OK);
	assert_memory_equal(out, v->skeyseed.b, prf_len);

	buf_put_cur(&s, buf_cur(&k));
	buf_put_cur(&s, hex_cur(&v->spi_i));
	buf_put_cur(&s, hex_cur(&v->spi_r));
	assert_int_equal(ike_prf_plus(v->prf, hex_cur(&v->skeyseed), buf_cur(&s), out, v->dkm.len),
			 IKE_OK);
	assert_memory_equal(out, v->dkm.b, v->dkm.len);

	assert_int_equal(ike_prf_plus(v->prf, sk_d, buf_cur(&k), out, v->child.len), IKE_OK);
	assert_memory_equal(out, v->child.b, v->child.len);

	s = buf_of(seed, sizeof(seed));
	buf_put_cur(&s, shared_new);
	buf_put_cur(&s, buf_cur(&k));
	assert_false(s.bad);
	assert_int_equal(ike_prf_plus(v->prf, sk_d, buf_cur(&s), out, v->child_ke.len), IKE_OK);
	assert_memory_equal(out, v->child_ke.b, v->child_ke.len);

	assert_int_equal(ike_prf(v->prf, sk_d, rekey, 3, out), IKE_OK);
	assert_int_equal(v->skeyseed_rekey.len, prf_len);
	assert_memory_equal(out, v->skeyseed_rekey.b, prf_len);
}

/* The same through the functions that cut keys, with one suite. */
static void check_schedule(const struct vector *v, struct ike_suite suite)
{
	const struct cur ni = hex_cur(&v->ni), nr = hex_cur(&v->nr);
	const uint64_t spi_i = spi_of(&v->spi_i), spi_r = spi_of(&v->spi_r);
	struct ike_child_keys child;
	struct ike_keys keys;
	struct hex block = { .len = 392 };
	uint8_t seed[2 * IKE_NONCE_MAX + 16];
	struct buf s = buf_of(seed, sizeof(seed));

	suite.protocol = IKE_PROTO_IKE;
	suite.prf = v->prf;
	assert_int_equal(ike_keys_derive(&suite, hex_cur(&v->shared), ni, nr, spi_i, spi_r, &keys),
			 IKE_OK);
	check_ike_keys(&v->dkm, &suite, &keys);

	struct secret d = keys.d;

	assert_int_equal(
		ike_child_keys_derive(v->prf, &d, &suite, (struct cur){ 0 }, ni, nr, &child),
		IKE_OK);
	check_child_keys(&v->child, &suite, &child);
	assert_int_equal(
		ike_child_keys_derive(v->prf, &d, &suite, hex_cur(&v->shared_new), ni, nr, &child),
		IKE_OK);
	check_child_keys(&v->child_ke, &suite, &child);

	/* NIST stops at SKEYSEED(Rekey); from there on it is prf+, which has been checked. */
	buf_put_cur(&s, ni);
	buf_put_cur(&s, nr);
	buf_put_cur(&s, hex_cur(&v->spi_i));
	buf_put_cur(&s, hex_cur(&v->spi_r));
	assert_int_equal(
		ike_prf_plus(v->prf, hex_cur(&v->skeyseed_rekey), buf_cur(&s), block.b, block.len),
		IKE_OK);
	assert_int_equal(ike_keys_rekey(v->prf, &d, &suite, hex_cur(&v->shared_new), ni, nr, spi_i,
					spi_r, &keys),
			 IKE_OK);
	check_ike_keys(&block, &suite, &keys);
}

static void nist_900_vectors(void **state)
{
	static struct vector v;
	static char line[LINE_MAX_LEN];
	size_t count = 0;
	FILE *file = fopen(nist_path ? nist_path : "", "r");

	(void)state;
	if (!file)
		print_error("cannot open the vectors: %s\n", nist_path ? nist_path : "no argument");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (!take_line(&v, line))
			continue;
		check_primitives(&v);
		check_schedule(&v, suites[count % ARRAY_LEN(suites)]);
		count++;
	}
	fclose(file);
	assert_int_equal(count, NIST_VECTORS);
}

/* ---- what NIST does not have ---- */

static uint8_t ramp[200]; /* 0, 1, 2, ... */

#define SPI_I 0x0102030405060708u
#define SPI_R 0x1112131415161718u

/* SKEYSEED is keyed with 64 bits of each nonce, prf+ sees them whole: RFC 7296 2.14 */
static void xcbc_takes_half_of_each_nonce(void **state)
{
	const struct cur ni = cur_of(ramp, 32), nr = cur_of(ramp + 64, 24);
	const struct cur shared = cur_of(ramp + 128, 32);
	const struct ike_suite suite = { .protocol = IKE_PROTO_IKE,
					 .encr = IKE_ENCR_AES_CBC,
					 .encr_bits = 128,
					 .prf = IKE_PRF_AES128_XCBC,
					 .integ = IKE_INTEG_HMAC_SHA2_256_128 };
	const struct ike_suite gcm256 = { .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 256 };
	const struct ike_suite gcm128 = { .encr = IKE_ENCR_AES_GCM_16,
					  .encr_bits = 128,
					  .prf = IKE_PRF_HMAC_SHA2_256 };
	struct ike_child_keys child;
	struct ike_keys keys, next;
	struct hex block;

	(void)state;
	block = hex_of("f489a999e7378698b52a9fd5118be6e169026918481070704b840e0b70e0858c"
		       "3111aa1fb29bbdbe658be37ca17fda455b1aebbfb5e9a7a65052a6f27a0294ed"
		       "be4d796d4faf29563c8111f8cc9a17a6d30646ada4e529a93fcedf29f074fc10"
		       "1d4efc89685492c5b06e3e8711588374577efb17329208c1d217de9c86c10c18"
		       "645412a45ff6fa8b0abb703a5b46fa25");
	assert_int_equal(ike_keys_derive(&suite, shared, ni, nr, SPI_I, SPI_R, &keys), IKE_OK);
	check_ike_keys(&block, &suite, &keys);

	block = hex_of("b3e7cdb4e7e4168d4fb5905b39cfd853ada7bd3b198bdfb3984a390b847c2719"
		       "408145dc49ad9a3a2e6c6cff0d1e95a5252e68fa4d3defd8ba613816c535932c"
		       "f868541dba2e1baa");
	assert_int_equal(ike_child_keys_derive(IKE_PRF_AES128_XCBC, &keys.d, &gcm256,
					       (struct cur){ 0 }, ni, nr, &child),
			 IKE_OK);
	check_child_keys(&block, &gcm256, &child);

	/* Rekeyed to another PRF: the old one makes SKEYSEED, the new one the keys; 2.18 */
	block = hex_of("16f94fba7970cdda51f00ec885ec910498c41babb76c35cb22a10c303ca26c8e"
		       "ab88b6e4aca92cbadb8564194574000f424dc71712392913df29ad3be8597d70"
		       "470b8962f10e9d2d4f4e9a47f452918de0790c36d46a26b7606ba7b5db3de501"
		       "5ed43ddc96d0a857c2cc919a15b8831f23c6fcfe06d884d7ae74b91669fce0af"
		       "9b1b804099b59287");
	assert_int_equal(ike_keys_rekey(IKE_PRF_AES128_XCBC, &keys.d, &gcm128, shared, ni, nr,
					SPI_I, SPI_R, &next),
			 IKE_OK);
	check_ike_keys(&block, &gcm128, &next);
}

/* An incomplete suite gives no keys at all. */
static void incomplete_suites(void **state)
{
	static const struct ike_suite bad[] = {
		{ .encr = IKE_ENCR_AES_CBC, .encr_bits = 128, .prf = IKE_PRF_HMAC_SHA2_256 },
		{ .encr = IKE_ENCR_AES_CBC, .prf = IKE_PRF_HMAC_SHA2_256, .integ = 12 },
		{ .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 192, .prf = IKE_PRF_HMAC_SHA2_256 },
		{ .encr = IKE_ENCR_CHACHA20_POLY1305, .encr_bits = 256, .prf = 5 },
		{ .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 256 },
		{ .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 256, .prf = 77 },
		{ .encr = 3, .prf = IKE_PRF_HMAC_SHA2_256, .integ = 12 },
	};
	const struct secret d = { .len = 32 };
	const struct cur n = cur_of(ramp, 32), none = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct ike_child_keys child;
		struct ike_keys keys;

		memset(&keys, 0xa5, sizeof(keys));
		assert_int_equal(ike_keys_derive(&bad[i], n, n, n, 1, 2, &keys), IKE_E_CRYPTO);
		assert_true(all_zero((uint8_t *)&keys, sizeof(keys)));
		memset(&keys, 0xa5, sizeof(keys));
		assert_int_equal(
			ike_keys_rekey(IKE_PRF_HMAC_SHA2_256, &d, &bad[i], n, n, n, 1, 2, &keys),
			IKE_E_CRYPTO);
		assert_true(all_zero((uint8_t *)&keys, sizeof(keys)));
		if (bad[i].encr == IKE_ENCR_AES_GCM_16 && bad[i].encr_bits == 256)
			continue; /* only the PRF was wrong, which is not in an ESP suite */
		memset(&child, 0xa5, sizeof(child));
		assert_int_equal(ike_child_keys_derive(IKE_PRF_HMAC_SHA2_256, &d, &bad[i], none, n,
						       n, &child),
				 IKE_E_CRYPTO);
		assert_true(all_zero((uint8_t *)&child, sizeof(child)));
	}
}

/* Over-long nonces and secrets are refused; the longest legal ones (NIST has them) are not. */
static void too_long_inputs(void **state)
{
	static const uint8_t big[IKE_KE_SHARED_MAX + IKE_NONCE_MAX * 2 + 17];
	const struct ike_suite suite = { .encr = IKE_ENCR_AES_GCM_16,
					 .encr_bits = 256,
					 .prf = IKE_PRF_HMAC_SHA2_256 };
	const struct cur n = cur_of(ramp, 32), huge = cur_of(big, sizeof(big));
	const struct secret d = { .len = 32 };
	struct ike_child_keys child;
	struct ike_keys keys;

	(void)state;
	assert_int_equal(ike_keys_derive(&suite, n, huge, n, 1, 2, &keys), IKE_E_CRYPTO);
	assert_int_equal(ike_keys_rekey(suite.prf, &d, &suite, n, huge, n, 1, 2, &keys),
			 IKE_E_CRYPTO);
	assert_int_equal(ike_child_keys_derive(suite.prf, &d, &suite, huge, n, n, &child),
			 IKE_E_CRYPTO);
}

/* prf(prf(psk, "Key Pad for IKEv2"), message | nonce | prf(SK_p, ID)): RFC 7296 2.15 */
static void psk_auth(void **state)
{
	static const struct {
		uint16_t prf;
		const char *want;
	} rows[] = {
		{ IKE_PRF_HMAC_SHA1, "c6a38e7695b918fcac3fe4fb4dff99f808303b8d" },
		{ IKE_PRF_HMAC_SHA2_256,
		  "0d194502ed0e87d717d222daf13d5af6462fcbf098b822307cebb8e26e303e0a" },
		{ IKE_PRF_HMAC_SHA2_384,
		  "4466a89d71e14b4d73a3c5f25ccde53759587c3a538561a337f9cbef6d72a0be"
		  "ca383ee772c925a181758f7a0b63288d" },
		{ IKE_PRF_HMAC_SHA2_512,
		  "31511bd0f01f2d42f0101988adf729a448997df5298508f0a50cfd4603ef18f6"
		  "7d548e0c4761a437472b57714ab5010b36f3039e3f491c8a83e5a0c3be320cdd" },
		{ IKE_PRF_AES128_XCBC, "a2d00a3ac55a593f5aebd2f7eba70929" },
	};
	static const uint8_t id[] = { 1, 0, 0, 0, 10, 0, 0, 1 };
	const struct cur psk = cur_of("a shared secret", 15);
	uint8_t out[IKE_PRF_LEN_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct secret p = { .len = (uint8_t)ike_prf_len(rows[i].prf) };

		memcpy(p.b, ramp, p.len);
		assert_int_equal(ike_psk_auth(rows[i].prf, psk, cur_of(ramp, 200),
					      cur_of(ramp + 100, 32), &p, cur_of(id, sizeof(id)),
					      out),
				 IKE_OK);
		assert_hex("AUTH", out, p.len, rows[i].want);
	}

	const struct secret p = { .len = 32 };

	memset(out, 0xa5, sizeof(out));
	assert_int_equal(ike_psk_auth(99, psk, psk, psk, &p, psk, out), IKE_E_CRYPTO);
	assert_true(all_zero(out, sizeof(out)));
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nist_900_vectors),
		cmocka_unit_test(xcbc_takes_half_of_each_nonce),
		cmocka_unit_test(incomplete_suites),
		cmocka_unit_test(too_long_inputs),
		cmocka_unit_test(psk_auth),
	};

	for (size_t i = 0; i < sizeof(ramp); i++)
		ramp[i] = (uint8_t)i;
	nist_path = argc > 1 ? argv[1] : getenv("NIST_IKEV2_VECTORS");
	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
