/*
 * tests/unit/test_prf.c - PRFs, prf+, SHA-1 and the table of sizes: RFC 4231, RFC 2202, RFC 3566,
 * RFC 4434, RFC 7296 2.13.
 */
#include "tests/unit/crypto_test.h"

/* One PRF over one message, whole and cut into pieces at every place. */
static void check_prf(const char *what, uint16_t prf, struct cur key, struct cur data,
		      const char *want)
{
	uint8_t out[IKE_PRF_LEN_MAX];
	size_t len = hex_of(want).len;

	assert_int_equal(ike_prf(prf, key, &data, 1, out), IKE_OK);
	assert_hex(what, out, len, want);
	for (size_t at = 0; at <= data.left; at++) {
		const struct cur parts[] = { cur_of(data.p, at),
					     { 0 },
					     cur_of(data.p + at, data.left - at) };

		memset(out, 0, sizeof(out));
		assert_int_equal(ike_prf(prf, key, parts, ARRAY_LEN(parts), out), IKE_OK);
		assert_hex(what, out, len, want);
	}
}

/* RFC 4231 4; a key or text that is one byte repeated is written as that byte and a count. */
static const struct {
	const char *key;
	size_t key_times;
	const char *data;
	size_t data_times;
	const char *sha256, *sha384, *sha512;
} rfc4231[] = {
	{ "0b", 20, "4869205468657265", 1,
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
	  "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	  "faea9ea9076ede7f4af152e8b2fa9cb6",
	  "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	  "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
	{ "4a656665", 1, "7768617420646f2079612077616e7420666f72206e6f7468696e673f", 1,
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649",
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	{ "aa", 20, "dd", 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
	  "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b"
	  "2a5ab39dc13814b94e3ab6e101a34f27",
	  "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
	  "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb" },
	{ "0102030405060708090a0b0c0d0e0f10111213141516171819", 1, "cd", 50,
	  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
	  "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e"
	  "6801dd23c4a7d679ccf8a386c674cffb",
	  "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
	  "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd" },
	/* test case 5 is published cut to 128 bits */
	{ "0c", 20, "546573742057697468205472756e636174696f6e", 1,
	  "a3b6167473100ee06e0c796c2955552b", "3abf34c3503b2a23a46efc619baef897",
	  "415fad6271580a531d4179bc891d87a6" },
	{ "aa", 131,
	  "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
	  "65204b6579202d2048617368204b6579204669727374",
	  1, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
	  "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
	  "0c2ef6ab4030fe8296248df163f44952",
	  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
	{ "aa", 131,
	  "5468697320697320612074657374207573696e672061206c6172676572207468"
	  "616e20626c6f636b2d73697a65206b657920616e642061206c61726765722074"
	  "68616e20626c6f636b2d73697a6520646174612e20546865206b6579206e6565"
	  "647320746f20626520686173686564206265666f7265206265696e6720757365"
	  "642062792074686520484d414320616c676f726974686d2e",
	  1, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
	  "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5"
	  "a678cc31e799176d3860e6110c46523e",
	  "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
	  "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58" },
};

static struct hex repeated(const char *text, size_t times)
{
	struct hex one = hex_of(text), out = { 0 };

	for (size_t i = 0; i < times; i++) {
		memcpy(out.b + out.len, one.b, one.len);
		out.len += one.len;
	}
	return out;
}

static void hmac_sha2_rfc4231(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rfc4231); i++) {
		struct hex key = repeated(rfc4231[i].key, rfc4231[i].key_times);
		struct hex data = repeated(rfc4231[i].data, rfc4231[i].data_times);

		check_prf("SHA-256", IKE_PRF_HMAC_SHA2_256, hex_cur(&key), hex_cur(&data),
			  rfc4231[i].sha256);
		check_prf("SHA-384", IKE_PRF_HMAC_SHA2_384, hex_cur(&key), hex_cur(&data),
			  rfc4231[i].sha384);
		check_prf("SHA-512", IKE_PRF_HMAC_SHA2_512, hex_cur(&key), hex_cur(&data),
			  rfc4231[i].sha512);
	}
}

/* RFC 2202 3, test cases 1, 2 and 6 */
static void hmac_sha1_rfc2202(void **state)
{
	struct hex key = repeated("0b", 20), data = hex_of("4869205468657265");

	(void)state;
	check_prf("1", IKE_PRF_HMAC_SHA1, hex_cur(&key), hex_cur(&data),
		  "b617318655057264e28bc0b6fb378c8ef146be00");
	check_prf("2", IKE_PRF_HMAC_SHA1, cur_of("Jefe", 4),
		  cur_of("what do ya want for nothing?", 28),
		  "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	key = repeated("aa", 80);
	check_prf("6", IKE_PRF_HMAC_SHA1, hex_cur(&key),
		  cur_of("Test Using Larger Than Block-Size Key - Hash Key First", 54),
		  "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

/* Computed with another implementation: an empty key is as good as any. */
static void hmac_empty_key(void **state)
{
	(void)state;
	check_prf("NULL", IKE_PRF_HMAC_SHA2_256, (struct cur){ 0 }, cur_of("abc", 3),
		  "fd7adb152c05ef80dccf50a1fa4c05d5a3ec6da95575fc312ae7c5d091836351");
	check_prf("empty", IKE_PRF_HMAC_SHA2_256, cur_of("", 0), cur_of("abc", 3),
		  "fd7adb152c05ef80dccf50a1fa4c05d5a3ec6da95575fc312ae7c5d091836351");
}

static void xcbc_rfc3566(void **state)
{
	static const struct {
		size_t len;
		const char *want;
	} rows[] = {
		{ 0, "75f0251d528ac01c4573dfd584d79f29" },
		{ 3, "5b376580ae2f19afe7219ceef172756f" },
		{ 16, "d2a246fa349b68a79998a4394ff7a263" },
		{ 20, "47f51b4564966215b8985c63055ed308" },
		{ 32, "f54f0ec8d2b9f3d36807734bd5283fd4" },
		{ 34, "becbb3bccdb518a30677d5481fb6b4d8" },
	};
	struct hex key = hex_of("000102030405060708090a0b0c0d0e0f");
	uint8_t data[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_prf("RFC 3566 4.6", IKE_PRF_AES128_XCBC, hex_cur(&key),
			  cur_of(data, rows[i].len), rows[i].want);
	memset(data, 0, sizeof(data));
	check_prf("RFC 3566 4.6 #7", IKE_PRF_AES128_XCBC, hex_cur(&key), cur_of(data, sizeof(data)),
		  "f0dafee895db30253761103b5d84528f");
}

/* Keys of 16, 10 and 18 bytes: RFC 4434 2.1 */
static void xcbc_key_lengths_rfc4434(void **state)
{
	struct hex data = hex_of("000102030405060708090a0b0c0d0e0f10111213");
	struct hex key = hex_of("000102030405060708090a0b0c0d0e0fedcb");

	(void)state;
	check_prf("16", IKE_PRF_AES128_XCBC, cur_of(key.b, 16), hex_cur(&data),
		  "47f51b4564966215b8985c63055ed308");
	check_prf("10", IKE_PRF_AES128_XCBC, cur_of(key.b, 10), hex_cur(&data),
		  "0fa087af7d866e7653434e602fdde835");
	check_prf("18", IKE_PRF_AES128_XCBC, cur_of(key.b, 18), hex_cur(&data),
		  "8cd3c93ae598a9803006ffb67c40e9e4");
}

/* CVE-2016-3071, CVE-2018-10811: what is not there fails, and leaves nothing to go on with. */
static void unknown_prf_CVE_2018_10811(void **state)
{
	static const uint16_t ids[] = { 0, 1, 3, 8, 9, 255, 65535 };
	const struct cur data = cur_of("abc", 3);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		uint8_t out[IKE_PRF_LEN_MAX];

		memset(out, 0xa5, sizeof(out));
		assert_int_equal(ike_prf_len(ids[i]), 0);
		assert_int_equal(ike_prf(ids[i], data, &data, 1, out), IKE_E_CRYPTO);
		assert_true(all_zero(out, sizeof(out)));
		memset(out, 0xa5, sizeof(out));
		assert_int_equal(ike_prf_plus(ids[i], data, data, out, sizeof(out)), IKE_E_CRYPTO);
		assert_true(all_zero(out, sizeof(out)));
	}
}

/* T1 | T2 | ... by hand, and nothing past 255 blocks: RFC 7296 2.13 */
static void prf_plus_blocks(void **state)
{
	static const uint16_t prfs[] = { IKE_PRF_HMAC_SHA1, IKE_PRF_AES128_XCBC,
					 IKE_PRF_HMAC_SHA2_256, IKE_PRF_HMAC_SHA2_384,
					 IKE_PRF_HMAC_SHA2_512 };
	static uint8_t want[255 * 64], got[255 * 64 + 1];
	const struct cur key = cur_of("key", 3), seed = cur_of("seed", 4);

	(void)state;
	for (size_t p = 0; p < ARRAY_LEN(prfs); p++) {
		size_t block = ike_prf_len(prfs[p]), max = 255 * block;

		for (size_t i = 0; i < 255; i++) {
			uint8_t n = (uint8_t)(i + 1), t[IKE_PRF_LEN_MAX];
			const struct cur parts[] = { i ? cur_of(want + (i - 1) * block, block)
						       : (struct cur){ 0 },
						     seed, cur_of(&n, 1) };

			assert_int_equal(ike_prf(prfs[p], key, parts, 3, t), IKE_OK);
			memcpy(want + i * block, t, block);
		}
		for (size_t len = 0; len <= max; len += len < 200 ? 1 : 61) {
			memset(got, 0xa5, sizeof(got));
			assert_int_equal(ike_prf_plus(prfs[p], key, seed, got, len), IKE_OK);
			assert_memory_equal(got, want, len);
			assert_int_equal(got[len], 0xa5);
		}
		assert_int_equal(ike_prf_plus(prfs[p], key, seed, got, max), IKE_OK);
		assert_memory_equal(got, want, max);
		assert_int_equal(ike_prf_plus(prfs[p], key, seed, got, max + 1), IKE_E_CRYPTO);
		assert_true(all_zero(got, max + 1));
	}
}

/* FIPS 180: "abc", and the two-block message, in pieces */
static void sha1(void **state)
{
	const struct cur abc[] = { cur_of("a", 1), { 0 }, cur_of("bc", 2) };
	const struct cur two[] = { cur_of("abcdbcdecdefdefgefghfghighijhijki", 33),
				   cur_of("jkljklmklmnlmnomnopnopq", 23) };
	uint8_t out[20];

	(void)state;
	assert_int_equal(ike_sha1(abc, 3, out), IKE_OK);
	assert_hex("abc", out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_int_equal(ike_sha1(NULL, 0, out), IKE_OK);
	assert_hex("nothing", out, 20, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	assert_int_equal(ike_sha1(two, 2, out), IKE_OK);
	assert_hex("two", out, 20, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

/* RFC 7296 2.13, 2.14; RFC 4868 2.1; RFC 5282 7.1; RFC 7634 3 */
static void sizes(void **state)
{
	(void)state;
	assert_int_equal(ike_prf_len(IKE_PRF_HMAC_SHA1), 20);
	assert_int_equal(ike_prf_len(IKE_PRF_AES128_XCBC), 16);
	assert_int_equal(ike_prf_len(IKE_PRF_HMAC_SHA2_256), 32);
	assert_int_equal(ike_prf_len(IKE_PRF_HMAC_SHA2_384), 48);
	assert_int_equal(ike_prf_len(IKE_PRF_HMAC_SHA2_512), 64);

	assert_int_equal(ike_encr_key_len(IKE_ENCR_AES_CBC, 128), 16);
	assert_int_equal(ike_encr_key_len(IKE_ENCR_AES_CBC, 256), 32);
	assert_int_equal(ike_encr_key_len(IKE_ENCR_AES_GCM_12, 128), 20);
	assert_int_equal(ike_encr_key_len(IKE_ENCR_AES_GCM_16, 128), 20);
	assert_int_equal(ike_encr_key_len(IKE_ENCR_AES_GCM_16, 256), 36);
	assert_int_equal(ike_encr_key_len(IKE_ENCR_CHACHA20_POLY1305, 0), 36);
	assert_int_equal(ike_encr_key_len(IKE_ENCR_CHACHA20_POLY1305, 256), 0);
	assert_int_equal(ike_encr_key_len(IKE_ENCR_AES_CBC, 0), 0);
	assert_int_equal(ike_encr_key_len(IKE_ENCR_AES_CBC, 192), 0);
	assert_int_equal(ike_encr_key_len(IKE_ENCR_AES_GCM_16, 65535), 0);
	assert_int_equal(ike_encr_key_len(3, 0), 0);

	assert_int_equal(ike_integ_key_len(IKE_INTEG_HMAC_SHA1_96), 20);
	assert_int_equal(ike_integ_key_len(IKE_INTEG_HMAC_SHA2_256_128), 32);
	assert_int_equal(ike_integ_key_len(IKE_INTEG_HMAC_SHA2_384_192), 48);
	assert_int_equal(ike_integ_key_len(IKE_INTEG_HMAC_SHA2_512_256), 64);
	assert_int_equal(ike_integ_key_len(IKE_INTEG_NONE), 0);

	assert_int_equal(ike_icv_len(IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA1_96), 12);
	assert_int_equal(ike_icv_len(IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_256_128), 16);
	assert_int_equal(ike_icv_len(IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_384_192), 24);
	assert_int_equal(ike_icv_len(IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_512_256), 32);
	assert_int_equal(ike_icv_len(IKE_ENCR_AES_CBC, IKE_INTEG_NONE), 0);
	assert_int_equal(ike_icv_len(IKE_ENCR_AES_GCM_12, 0), 12);
	assert_int_equal(ike_icv_len(IKE_ENCR_AES_GCM_16, 0), 16);
	assert_int_equal(ike_icv_len(IKE_ENCR_CHACHA20_POLY1305, 0), 16);
	assert_int_equal(ike_icv_len(0, IKE_INTEG_HMAC_SHA2_256_128), 0);

	assert_int_equal(ike_encr_iv_len(IKE_ENCR_AES_CBC), 16);
	assert_int_equal(ike_encr_iv_len(IKE_ENCR_AES_GCM_16), 8);
	assert_int_equal(ike_encr_iv_len(IKE_ENCR_CHACHA20_POLY1305), 8);
	assert_int_equal(ike_encr_iv_len(0), 0);
	assert_int_equal(ike_encr_block(IKE_ENCR_AES_CBC), 16);
	assert_int_equal(ike_encr_block(IKE_ENCR_AES_GCM_12), 1);
	assert_int_equal(ike_encr_block(IKE_ENCR_CHACHA20_POLY1305), 1);
	assert_int_equal(ike_encr_block(0), 0);

	assert_true(ike_encr_is_aead(IKE_ENCR_AES_GCM_12));
	assert_true(ike_encr_is_aead(IKE_ENCR_AES_GCM_16));
	assert_true(ike_encr_is_aead(IKE_ENCR_CHACHA20_POLY1305));
	assert_false(ike_encr_is_aead(IKE_ENCR_AES_CBC));
	assert_false(ike_encr_is_aead(0));
	assert_false(ike_encr_is_aead(65535));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hmac_sha2_rfc4231),
		cmocka_unit_test(hmac_sha1_rfc2202),
		cmocka_unit_test(hmac_empty_key),
		cmocka_unit_test(xcbc_rfc3566),
		cmocka_unit_test(xcbc_key_lengths_rfc4434),
		cmocka_unit_test(unknown_prf_CVE_2018_10811),
		cmocka_unit_test(prf_plus_blocks),
		cmocka_unit_test(sha1),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests_name("prf", tests, NULL, NULL);
}
