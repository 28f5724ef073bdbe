/*
 * tests/unit/test_ke_curve.c - key exchange on curves: RFC 5903 8, RFC 7748 5.2 and 6, and the
 * tests of RFC 6989 2.3 on what a peer may send.
 */
#include "tests/unit/ke_test.h"

/* ---- ECP ---- */

static const struct ecp_vector {
	uint16_t group;
	const char *i, *gix, *giy, *r, *grx, *gry, *girx; /* as RFC 5903 8 calls them */
} ecps[] = {
	{ IKE_KE_ECP256, "C88F01F5 10D9AC3F 70A292DA A2316DE5 44E9AAB8 AFE84049 C62A9C57 862D1433",
	  "DAD0B653 94221CF9 B051E1FE CA5787D0 98DFE637 FC90B9EF 945D0C37 72581180",
	  "5271A046 1CDB8252 D61F1C45 6FA3E59A B1F45B33 ACCF5F58 389E0577 B8990BB3",
	  "C6EF9C5D 78AE012A 011164AC B397CE20 88685D8F 06BF9BE0 B283AB46 476BEE53",
	  "D12DFB52 89C8D4F8 1208B702 70398C34 2296970A 0BCCB74C 736FC755 4494BF63",
	  "56FBF3CA 366CC23E 8157854C 13C58D6A AC23F046 ADA30F83 53E74F33 039872AB",
	  "D6840F6B 42F6EDAF D13116E0 E1256520 2FEF8E9E CE7DCE03 812464D0 4B9442DE" },
	{ IKE_KE_ECP384,
	  "099F3C70 34D4A2C6 99884D73 A375A67F 7624EF7C 6B3C0F16 0647B674 14DCE655"
	  "E35B5380 41E649EE 3FAEF896 783AB194",
	  "667842D7 D180AC2C DE6F74F3 7551F557 55C7645C 20EF73E3 1634FE72 B4C55EE6"
	  "DE3AC808 ACB4BDB4 C88732AE E95F41AA",
	  "9482ED1F C0EEB9CA FC498462 5CCFC23F 65032149 E0E144AD A0241815 35A0F38E"
	  "EB9FCFF3 C2C947DA E69B4C63 4573A81C",
	  "41CB0779 B4BDB85D 47846725 FBEC3C94 30FAB46C C8DC5060 855CC9BD A0AA2942"
	  "E0308312 916B8ED2 960E4BD5 5A7448FC",
	  "E558DBEF 53EECDE3 D3FCCFC1 AEA08A89 A987475D 12FD950D 83CFA417 32BC509D"
	  "0D1AC43A 0336DEF9 6FDA41D0 774A3571",
	  "DCFBEC7A ACF31964 72169E83 8430367F 66EEBE3C 6E70C416 DD5F0C68 759DD1FF"
	  "F83FA401 42209DFF 5EAAD96D B9E6386C",
	  "11187331 C279962D 93D60424 3FD592CB 9D0A926F 422E4718 7521287E 7156C5C4"
	  "D6031355 69B9E9D0 9CF5D4A2 70F59746" },
	{ IKE_KE_ECP521,
	  "0037ADE9 319A89F4 DABDB3EF 411AACCC A5123C61 ACAB57B5 393DCE47 608172A0"
	  "95AA85A3 0FE1C295 2C6771D9 37BA9777 F5957B26 39BAB072 462F68C2 7A57382D 4A52",
	  "0015417E 84DBF28C 0AD3C278 713349DC 7DF153C8 97A1891B D98BAB43 57C9ECBE"
	  "E1E3BF42 E00B8E38 0AEAE57C 2D107564 94188594 2AF5A7F4 601723C4 195D176C ED3E",
	  "017CAE20 B6641D2E EB695786 D8C94614 6239D099 E18E1D5A 514C739D 7CB4A10A"
	  "D8A78801 5AC405D7 799DC75E 7B7D5B6C F2261A6A 7F150743 8BF01BEB 6CA3926F 9582",
	  "0145BA99 A847AF43 793FDD0E 872E7CDF A16BE30F DC780F97 BCCC3F07 8380201E"
	  "9C677D60 0B343757 A3BDBF2A 3163E4C2 F869CCA7 458AA4A4 EFFC311F 5CB15168 5EB9",
	  "00D0B397 5AC4B799 F5BEA16D 5E13E9AF 971D5E9B 984C9F39 728B5E57 39735A21"
	  "9B97C356 436ADC6E 95BB0352 F6BE64A6 C2912D4E F2D0433C ED2B6171 640012D9 460F",
	  "015C6822 6383956E 3BD066E7 97B623C2 7CE0EAC2 F551A10C 2C724D98 52077B87"
	  "220B6536 C5C408A1 D2AEBB8E 86D678AE 49CB5709 1F473229 6579AB44 FCD17F0F C56A",
	  "01144C7D 79AE6956 BC8EDB8E 7C787C45 21CB086F A64407F9 7894E5E6 B2D79B04"
	  "D1427E73 CA4BAA24 0A347868 59810C06 B3C715A3 A8CC3151 F2BEE417 996D19F3 DDEA" },
};

/* The key with a given scalar d: a seed of 64 zero bits and d - 1 (see ike_ecp_scalar). */
static struct ike_ke *ecp_key(uint16_t group, const char *scalar)
{
	struct hex d = hex_of(scalar);
	uint8_t seed[IKE_KE_SEED_MAX] = { 0 };

	assert_int_equal(d.len + 8, ike_ke_seed_len(group));
	memcpy(seed + 8, d.b, d.len);
	for (size_t i = d.len + 8; i-- > 8 && seed[i]-- == 0;) /* minus one, with its borrows */
		;
	return ike_ke_new(group, seed);
}

static struct hex point_of(const char *x, const char *y)
{
	struct hex p = hex_of(x), q = hex_of(y);

	memcpy(p.b + p.len, q.b, q.len);
	p.len += q.len;
	return p;
}

static void ecp_rfc5903(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ecps); i++) {
		const struct ecp_vector *v = &ecps[i];
		struct ike_ke *a = ecp_key(v->group, v->i), *b = ecp_key(v->group, v->r);
		struct hex ga = point_of(v->gix, v->giy), gb = point_of(v->grx, v->gry);
		uint8_t p[IKE_KE_PUBLIC_MAX];

		assert_true(cur_eq(public_of(a, p), hex_cur(&ga)));
		assert_true(cur_eq(public_of(b, p), hex_cur(&gb)));
		shared_is("i", a, hex_cur(&gb), v->girx);
		shared_is("r", b, hex_cur(&ga), v->girx);
		ike_ke_free(a);
		ike_ke_free(b);
	}
}

/* RFC 6989 2.3: on the curve.  Any one bit changed is a point that is not. */
static void ecp_point_off_curve(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ecps); i++) {
		struct ike_ke *ke = ecp_key(ecps[i].group, ecps[i].i);
		struct hex peer = point_of(ecps[i].grx, ecps[i].gry);

		for (size_t bit = 0; bit < peer.len * 8; bit++) {
			peer.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
			refused("a bit", ke, hex_cur(&peer));
			peer.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}

		/* x and y exchanged; the whole in little-endian order */
		struct hex swapped = point_of(ecps[i].gry, ecps[i].grx), reversed = peer;

		refused("y|x", ke, hex_cur(&swapped));
		for (size_t k = 0; k < peer.len; k++)
			reversed.b[k] = peer.b[peer.len - 1 - k];
		refused("reversed", ke, hex_cur(&reversed));
		ike_ke_free(ke);
	}
}

/* Infinity has no encoding; what people take for one is off the curve. */
static void ecp_infinity_CVE_2015_3240(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ecps); i++) {
		size_t len = ike_ke_public_len(ecps[i].group);
		struct ike_ke *ke = ecp_key(ecps[i].group, ecps[i].i);
		uint8_t peer[IKE_KE_PUBLIC_MAX] = { 0 };

		refused("0|0", ke, cur_of(peer, len));
		refused("one zero byte", ke, cur_of(peer, 1));
		peer[len - 1] = 1;
		refused("0|1", ke, cur_of(peer, len));
		memset(peer, 0xff, len);
		refused("ones", ke, cur_of(peer, len));
		ike_ke_free(ke);
	}
}

/* A coordinate has one encoding: the point with x = 0 is good, and with x = p it is not. */
static void ecp_coordinates_below_p(void **state)
{
	static const struct {
		uint16_t group;
		const char *zero, *p, *y;
	} rows[] = {
		{ IKE_KE_ECP256, "0000000000000000000000000000000000000000000000000000000000000000",
		  "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
		  "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4" },
		{ IKE_KE_ECP384,
		  "000000000000000000000000000000000000000000000000"
		  "000000000000000000000000000000000000000000000000",
		  "ffffffffffffffffffffffffffffffffffffffffffffffff"
		  "fffffffffffffffeffffffff0000000000000000ffffffff",
		  "c306610fb0ae5a159cf45c06069f22a6c5eb3641c602d42d"
		  "ea2c4b4f75550793406d80d2b91ad54f9048bd487af1ade1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ike_ke *ke = key_of(rows[i].group, 3, 5);
		struct hex good = point_of(rows[i].zero, rows[i].y);
		struct hex bad = point_of(rows[i].p, rows[i].y);
		uint8_t s[IKE_KE_SHARED_MAX];
		size_t len;

		assert_int_equal(ike_ke_shared(ke, hex_cur(&good), s, &len), IKE_OK);
		refused("x = p", ke, hex_cur(&bad));
		ike_ke_free(ke);
	}

	/* p = 2^521 - 1 leaves room in 66 bytes: add it to either coordinate of a good point */
	for (size_t at = 0; at < 2; at++) {
		struct ike_ke *ke = key_of(IKE_KE_ECP521, 3, 5);
		struct hex peer = point_of(ecps[2].grx, ecps[2].gry);
		uint8_t *v = peer.b + at * 66;

		v[0] = (uint8_t)(v[0] + 2); /* + 2^521 */
		for (size_t k = 66; k-- > 0 && v[k]-- == 0;)
			;
		refused("+ p", ke, hex_cur(&peer));
		ike_ke_free(ke);
	}
}

/* ---- curve25519 and curve448 ---- */

static const struct {
	uint16_t group;
	const char *scalar, *u, *want;
} vectors[] = {
	/* 5.2 */
	{ IKE_KE_CURVE25519, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
	/* with the highest bit of u set, which is ignored */
	{ IKE_KE_CURVE25519, "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
	  "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
	  "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
	{ IKE_KE_CURVE448,
	  "3d262fddf9ec8e88495266fea19a34d28882acef045104d0d1aae121"
	  "700a779c984c24f8cdd78fbff44943eba368f54b29259a4f1c600ad3",
	  "06fce640fa3487bfda5f6cf2d5263f8aad88334cbd07437f020f08f9"
	  "814dc031ddbdc38c19c6da2583fa5429db94ada18aa7a7fb4ef8a086",
	  "ce3e4ff95a60dc6697da1db1d85e6afbdf79b50a2412d7546d5f239f"
	  "e14fbaadeb445fc66a01b0779d98223961111e21766282f73dd96b6f" },
	{ IKE_KE_CURVE448,
	  "203d494428b8399352665ddca42f9de8fef600908e0d461cb021f8c5"
	  "38345dd77c3e4806e25f46d3315c44e0a5b4371282dd2c8d5be3095f",
	  "0fbcc2f993cd56d3305b0b7d9e55d4c1a8fb5dbb52f8e9a1e9b6201b"
	  "165d015894e56c4d3570bee52fe205e28a78b91cdfbde71ce8d157db",
	  "884a02576239ff7a2f2f63b2db6a9ff37047ac13568e1e30fe63c4a7"
	  "ad1b3ee3a5700df34321d62077e63633c575c1c954514e99da7c179d" },
	/* 6.1 */
	{ IKE_KE_CURVE25519, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
	{ IKE_KE_CURVE25519, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	  "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
	  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742" },
	/* 6.2 */
	{ IKE_KE_CURVE448,
	  "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d"
	  "d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
	  "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430"
	  "27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
	  "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b"
	  "b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d" },
	{ IKE_KE_CURVE448,
	  "1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d"
	  "6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d",
	  "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c"
	  "22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
	  "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b"
	  "b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d" },
};

static void curves_rfc7748(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct hex scalar = hex_of(vectors[i].scalar), u = hex_of(vectors[i].u);
		struct ike_ke *ke = ike_ke_new(vectors[i].group, scalar.b);

		assert_non_null(ke);
		shared_is("RFC 7748", ke, hex_cur(&u), vectors[i].want);
		ike_ke_free(ke);
	}
}

static void curve_publics_rfc7748(void **state)
{
	struct hex a = hex_of("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
	struct hex b = hex_of("9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d"
			      "d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b");
	struct ike_ke *x25519 = ike_ke_new(IKE_KE_CURVE25519, a.b);
	struct ike_ke *x448 = ike_ke_new(IKE_KE_CURVE448, b.b);
	uint8_t p[IKE_KE_PUBLIC_MAX];

	(void)state;
	assert_int_equal(ike_ke_public(x25519, p), IKE_OK);
	assert_hex("6.1", p, 32,
		   "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	assert_int_equal(ike_ke_public(x448, p), IKE_OK);
	assert_hex("6.2", p, 56,
		   "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c"
		   "22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0");
	ike_ke_free(x25519);
	ike_ke_free(x448);
}

/* RFC 7748 5.2, the second type of vector: k becomes X(k, u), u the old k. */
static void curves_iterated_rfc7748(void **state)
{
	static const struct {
		uint16_t group;
		uint8_t start;
		unsigned times;
		const char *want;
	} rows[] = {
		{ IKE_KE_CURVE25519, 9, 1,
		  "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079" },
		{ IKE_KE_CURVE25519, 9, 1000,
		  "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51" },
		{ IKE_KE_CURVE448, 5, 1,
		  "3f482c8a9f19b01e6c46ee9711d9dc14fd4bf67af30765c2ae2b846a"
		  "4d23a8cd0db897086239492caf350b51f833868b9bc2b3bca9cf4113" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = ike_ke_public_len(rows[i].group), got;
		uint8_t k[64] = { rows[i].start }, u[64] = { rows[i].start };

		for (unsigned n = 0; n < rows[i].times; n++) {
			uint8_t out[IKE_KE_SHARED_MAX];
			struct ike_ke *ke = ike_ke_new(rows[i].group, k);

			assert_non_null(ke);
			assert_int_equal(ike_ke_shared(ke, cur_of(u, len), out, &got), IKE_OK);
			ike_ke_free(ke);
			memcpy(u, k, len);
			memcpy(k, out, len);
		}
		assert_hex("iterated", k, len, rows[i].want);
	}
}

/* Points of small order, whatever their encoding, give a secret of zeroes: RFC 7748 6, 7. */
static void curve_secret_of_zeroes(void **state)
{
	static const struct {
		uint16_t group;
		const char *u;
	} rows[] = {
		{ IKE_KE_CURVE25519, /* 0 */
		  "0000000000000000000000000000000000000000000000000000000000000000" },
		{ IKE_KE_CURVE25519, /* 1 */
		  "0100000000000000000000000000000000000000000000000000000000000000" },
		{ IKE_KE_CURVE25519, /* order 8 */
		  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800" },
		{ IKE_KE_CURVE25519, /* order 8 */
		  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157" },
		{ IKE_KE_CURVE25519, /* p-1 */
		  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
		{ IKE_KE_CURVE25519, /* p */
		  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
		{ IKE_KE_CURVE25519, /* p+1 */
		  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f" },
		{ IKE_KE_CURVE25519, /* 0, with the bit that is ignored */
		  "0000000000000000000000000000000000000000000000000000000000000080" },
		{ IKE_KE_CURVE448, /* 0 */
		  "00000000000000000000000000000000000000000000000000000000"
		  "00000000000000000000000000000000000000000000000000000000" },
		{ IKE_KE_CURVE448, /* 1 */
		  "01000000000000000000000000000000000000000000000000000000"
		  "00000000000000000000000000000000000000000000000000000000" },
		{ IKE_KE_CURVE448, /* p-1 */
		  "feffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		  "feffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
		{ IKE_KE_CURVE448, /* p */
		  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		  "feffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
		{ IKE_KE_CURVE448, /* p+1 */
		  "00000000000000000000000000000000000000000000000000000000"
		  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct hex u = hex_of(rows[i].u);
		struct ike_ke *ke = key_of(rows[i].group, 3, 5);

		assert_int_equal(u.len, ike_ke_public_len(rows[i].group));
		refused(rows[i].u, ke, hex_cur(&u));
		ike_ke_free(ke);
	}
}

/* "Implementations MUST accept non-canonical values": 9 + p is 9.  RFC 8031 3.2 */
static void curve_non_canonical_is_accepted(void **state)
{
	struct hex u = hex_of("f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
	struct ike_ke *ke = key_of(IKE_KE_CURVE25519, 3, 5);
	uint8_t p[IKE_KE_PUBLIC_MAX], s[IKE_KE_SHARED_MAX];
	size_t len;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ike_ke_shared(ke, hex_cur(&u), s, &len), IKE_OK);
		assert_true(cur_eq(cur_of(s, len), public_of(ke, p)));
		u.b[31] = 0xff; /* and the highest bit is masked */
	}
	ike_ke_free(ke);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecp_rfc5903),
		cmocka_unit_test(ecp_point_off_curve),
		cmocka_unit_test(ecp_infinity_CVE_2015_3240),
		cmocka_unit_test(ecp_coordinates_below_p),
		cmocka_unit_test(curves_rfc7748),
		cmocka_unit_test(curve_publics_rfc7748),
		cmocka_unit_test(curves_iterated_rfc7748),
		cmocka_unit_test(curve_secret_of_zeroes),
		cmocka_unit_test(curve_non_canonical_is_accepted),
	};

	return cmocka_run_group_tests_name("ke_curve", tests, NULL, NULL);
}
