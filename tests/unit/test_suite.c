/*
 * tests/unit/test_suite.c - the responder's choice: RFC 7296 2.7, 3.3; RFC 5282 8.
 */
#include "tests/unit/suite_test.h"

/* ---- the responder ---- */

static void our_order_decides(void **state)
{
	struct ike_proposals ours =
		props(IKE_PROTO_IKE, "aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp384",
		      "aes256-sha512-sha256-ecp384", NULL);
	struct ike_suite s = { 0 };
	uint8_t num, spi[8];

	(void)state;
	/* in a proposal: ours first, not the peer's */
	assert_string_equal(
		chosen(ours, ike("aes128gcm16-aes256gcm16-prfsha256-prfsha384-ecp384"), 20, NULL),
		"aes256gcm16-prfsha384-ecp384");
	/* among proposals too */
	struct ike_proposals offered =
		props(IKE_PROTO_IKE, "aes256-sha256-ecp384", "aes128gcm16-prfsha256-ecp384", NULL);

	offered.item[1].spi_len = 8;
	memcpy(offered.item[1].spi, "12345678", 8);
	assert_int_equal(ike_suite_choose(&ours, &offered, 20, &s, &num, spi), IKE_OK);
	assert_int_equal(s.encr, IKE_ENCR_AES_GCM_16);
	assert_int_equal(s.encr_bits, 128);
	assert_int_equal(num, 2);
	assert_memory_equal(spi, "12345678", 8);
	/* the first offered one, where several would do */
	offered = props(IKE_PROTO_IKE, "aes128-sha256-ecp384", "aes256-sha256-ecp384",
			"aes256-sha512-ecp384");
	offered.item[1].num = 7;
	assert_int_equal(ike_suite_choose(&ours, &offered, 20, &s, &num, NULL), IKE_OK);
	assert_int_equal(num, 7);
	assert_int_equal(s.integ, IKE_INTEG_HMAC_SHA2_256_128);
	assert_string_equal(chosen(ours, ike("chacha20poly1305-prfsha256-ecp384"), 20, NULL),
			    "none");
	assert_string_equal(chosen(ours, ike("aes256gcm16-prfsha512-ecp384"), 20, NULL), "none");
	assert_string_equal(chosen(ours, ike("aes256gcm16-prfsha384-ecp256"), 19, NULL), "none");
	assert_string_equal(chosen(ours, ike("aes256-sha384-prfsha512-ecp384"), 20, NULL), "none");
}

static void group_hint_wins(void **state)
{
	struct ike_proposals ours = ike("aes256gcm16-prfsha384-x25519-ecp384-modp2048");
	struct ike_proposals offered = ike("aes256gcm16-prfsha384-modp2048-ecp384-x25519-ecp256");

	(void)state;
	assert_string_equal(chosen(ours, offered, 0, NULL), "aes256gcm16-prfsha384-x25519");
	assert_string_equal(chosen(ours, offered, 14, NULL), "aes256gcm16-prfsha384-modp2048");
	assert_string_equal(chosen(ours, offered, 20, NULL), "aes256gcm16-prfsha384-ecp384");
	/* not one that only the peer has, nor one that was sent but not offered */
	assert_string_equal(chosen(ours, offered, 19, NULL), "aes256gcm16-prfsha384-x25519");
	offered = ike("aes256gcm16-prfsha384-ecp384");
	assert_string_equal(chosen(ours, offered, 14, NULL), "aes256gcm16-prfsha384-ecp384");
	assert_string_equal(chosen(ours, offered, 65535, NULL), "aes256gcm16-prfsha384-ecp384");
}

static void protocols_do_not_mix(void **state)
{
	struct ike_proposals ah = esp("aes256gcm16");

	(void)state;
	assert_string_equal(
		chosen(esp("aes256gcm16"), ike("aes256gcm16-prfsha384-x25519"), 0, NULL), "none");
	assert_string_equal(
		chosen(ike("aes256gcm16-prfsha384-x25519"), esp("aes256gcm16"), 0, NULL), "none");
	ah.item[0].protocol = IKE_PROTO_AH;
	assert_string_equal(chosen(esp("aes256gcm16"), ah, 0, NULL), "none");
	ah.item[0].protocol = 201;
	assert_string_equal(chosen(esp("aes256gcm16"), ah, 0, NULL), "none");
	/* a PRF in ESP, ESN in IKE: 3.3.3 knows neither */
	struct ike_proposals p = esp("aes256gcm16");

	add(&p, IKE_TT_PRF, IKE_PRF_HMAC_SHA2_256, 0);
	assert_string_equal(chosen(esp("aes256gcm16"), p, 0, NULL), "none");
	p = ike("aes256gcm16-prfsha384-x25519");
	add(&p, IKE_TT_ESN, IKE_ESN_NO, 0);
	assert_string_equal(chosen(ike("aes256gcm16-prfsha384-x25519"), p, 0, NULL), "none");
}

/* CVE-2016-5391 and its kin: a proposal that lacks a mandatory type is unacceptable; 3.3.6 */
static void mandatory_types_CVE_2016_5391(void **state)
{
	static const uint8_t aead[] = { IKE_TT_ENCR, IKE_TT_PRF, IKE_TT_KE };
	static const uint8_t cbc[] = { IKE_TT_ENCR, IKE_TT_PRF, IKE_TT_INTEG, IKE_TT_KE };
	struct ike_proposals p, empty = { .count = 1 }, none = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(aead); i++) {
		p = ike("aes256gcm16-prfsha384-x25519");
		drop(&p, aead[i]);
		assert_string_equal(chosen(ike("aes256gcm16-prfsha384-x25519"), p, 31, NULL),
				    "none");
	}
	for (size_t i = 0; i < ARRAY_LEN(cbc); i++) {
		p = ike("aes256-sha256-x25519");
		drop(&p, cbc[i]);
		assert_string_equal(chosen(ike("aes256-sha256-x25519"), p, 31, NULL), "none");
	}
	p = esp("aes256-sha256");
	drop(&p, IKE_TT_INTEG);
	assert_string_equal(chosen(esp("aes256-sha256"), p, 0, NULL), "none");
	empty.item[0].protocol = IKE_PROTO_IKE;
	assert_string_equal(chosen(ike("aes256-sha256-x25519"), empty, 31, NULL), "none");
	assert_string_equal(chosen(ike("aes256-sha256-x25519"), none, 31, NULL), "none");
	/* group NONE is not a group: an IKE SA has one */
	p = ike("aes256-sha256-x25519");
	drop(&p, IKE_TT_KE);
	add(&p, IKE_TT_KE, IKE_KE_NONE, 0);
	assert_string_equal(chosen(ike("aes256-sha256-x25519"), p, 0, NULL), "none");
}

/* An AEAD with INTEG NONE is what one without INTEG is: RFC 7296 3.3 */
static void aead_with_integ_none(void **state)
{
	struct ike_proposals ours = ike("aes256gcm16-prfsha384-x25519");
	struct ike_proposals offered = ours;
	struct ike_proposal answer;
	struct ike_suite s = { 0 };

	(void)state;
	assert_string_equal(chosen(ours, offered, 31, &s), "aes256gcm16-prfsha384-x25519");
	ike_suite_proposal(&s, 1, NULL, 0, &answer);
	assert_int_equal(answer.count, 3); /* INTEG was not named, so it is not answered */
	add(&offered, IKE_TT_INTEG, IKE_INTEG_NONE, 0);
	assert_string_equal(chosen(ours, offered, 31, &s), "aes256gcm16-prfsha384-x25519");
	assert_int_equal(s.integ, IKE_INTEG_NONE);
	ike_suite_proposal(&s, 1, NULL, 0, &answer);
	assert_int_equal(answer.count, 4); /* it was: exactly one of each type, 2.7 */
	assert_int_equal(answer.item[2].type, IKE_TT_INTEG);
	assert_int_equal(answer.item[2].id, IKE_INTEG_NONE);

	/* the same for ESP */
	offered = esp("aes256gcm16-noesn");
	add(&offered, IKE_TT_INTEG, IKE_INTEG_NONE, 0);
	assert_string_equal(chosen(esp("aes256gcm16"), offered, 0, NULL), "aes256gcm16");
}

/* An AEAD with a real INTEG is not: 5282 8.  But a peer may offer AEADs and others at once. */
static void aead_with_integ(void **state)
{
	struct ike_proposals aead = esp("aes256gcm16"), both;
	struct ike_proposals ours = props(IKE_PROTO_ESP, "aes256gcm16", "aes256-sha256", NULL);

	(void)state;
	add(&aead, IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0);
	assert_string_equal(chosen(ours, aead, 0, NULL), "none");
	both = aead;
	add(&both, IKE_TT_ENCR, IKE_ENCR_AES_CBC, 256);
	assert_string_equal(chosen(ours, both, 0, NULL), "aes256-sha256");
	add(&both, IKE_TT_INTEG, IKE_INTEG_NONE, 0); /* now the AEAD can be had */
	assert_string_equal(chosen(ours, both, 0, NULL), "aes256gcm16");
	/* and CBC never goes with NONE */
	both = esp("aes256-sha256");
	drop(&both, IKE_TT_INTEG);
	add(&both, IKE_TT_INTEG, IKE_INTEG_NONE, 0);
	assert_string_equal(chosen(ours, both, 0, NULL), "none");
	/* an AEAD beside an INTEG that nobody knows has one all the same */
	aead = esp("aes256gcm16");
	aead.item[0].unknown = 1u << IKE_TT_INTEG;
	assert_string_equal(chosen(ours, aead, 0, NULL), "none");
}

/* RFC 7296 3.3.5: AES must have a key length, what is fixed must not. */
static void key_lengths(void **state)
{
	struct ike_proposals ours = props(IKE_PROTO_ESP, "aes256gcm16-aes128gcm16-chacha20poly1305",
					  "aes128-sha256", NULL);
	static const uint16_t bad_bits[] = { 0, 1, 64, 192, 512, 65535 };
	struct ike_proposals p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad_bits); i++) {
		p = esp("aes128gcm16");
		p.item[0].item[0].key_bits = bad_bits[i];
		assert_string_equal(chosen(ours, p, 0, NULL), "none");
		p = esp("aes128-sha256");
		p.item[0].item[0].key_bits = bad_bits[i];
		assert_string_equal(chosen(ours, p, 0, NULL), "none");
	}
	p = esp("chacha20poly1305");
	assert_string_equal(chosen(ours, p, 0, NULL), "chacha20poly1305");
	p.item[0].item[0].key_bits = 256;
	assert_string_equal(chosen(ours, p, 0, NULL), "none");
	p = esp("aes128-sha256");
	assert_int_equal(p.item[0].item[1].type, IKE_TT_INTEG);
	p.item[0].item[1].key_bits = 256;
	assert_string_equal(chosen(ours, p, 0, NULL), "none");
	/* the good among the bad is found */
	p = esp("aes128gcm16");
	p.item[0].item[0].key_bits = 0;
	add(&p, IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 256);
	assert_string_equal(chosen(ours, p, 0, NULL), "aes256gcm16");
}

/* RFC 7296 3.3.6 */
static void unknown_types_and_transforms(void **state)
{
	struct ike_proposals ours = ike("aes256gcm16-prfsha384-x25519"), p;

	(void)state;
	/* a type that nobody knows makes the proposal unacceptable ... */
	p = ours;
	p.item[0].unknown = 1;
	assert_string_equal(chosen(ours, p, 31, NULL), "none");
	p.item[0].unknown = 0;
	add(&p, 6, 35, 0); /* even if a parser leaves it in: RFC 9370's additional exchange */
	assert_string_equal(chosen(ours, p, 31, NULL), "none");
	p = ours;
	add(&p, 0, 1, 0);
	assert_string_equal(chosen(ours, p, 31, NULL), "none");
	p = ours;
	add(&p, 255, 1, 0);
	assert_string_equal(chosen(ours, p, 31, NULL), "none");
	/* ... but not the next one */
	p = props(IKE_PROTO_IKE, "aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha384-x25519",
		  NULL);
	p.item[0].unknown = 1;
	struct ike_suite s = { 0 };
	uint8_t num = 0;

	assert_int_equal(ike_suite_choose(&ours, &p, 31, &s, &num, NULL), IKE_OK);
	assert_int_equal(num, 2);
	/* a transform that nobody knows is skipped */
	for (unsigned type = IKE_TT_ENCR; type <= IKE_TT_KE; type++) {
		if (type == IKE_TT_INTEG)
			continue; /* see aead_with_integ */
		p = ours;
		p.item[0].unknown = (uint8_t)(1u << type);
		add(&p, (uint8_t)type, 60000, 0);
		assert_string_equal(chosen(ours, p, 31, NULL), "aes256gcm16-prfsha384-x25519");
		/* unless there is no other */
		drop(&p, (uint8_t)type);
		assert_string_equal(chosen(ours, p, 31, NULL), "none");
	}
}

static void esn(void **state)
{
	struct ike_proposals both = esp("aes256gcm16-esn-noesn"), yes = esp("aes256gcm16-esn");
	struct ike_proposals no = esp("aes256gcm16"), absent = no;
	struct ike_proposal answer;
	struct ike_suite s = { 0 };

	(void)state;
	drop(&absent, IKE_TT_ESN);
	assert_string_equal(chosen(both, both, 0, NULL), "aes256gcm16-esn");
	assert_string_equal(chosen(esp("aes256gcm16-noesn-esn"), both, 0, NULL), "aes256gcm16");
	assert_string_equal(chosen(both, yes, 0, NULL), "aes256gcm16-esn");
	assert_string_equal(chosen(both, no, 0, NULL), "aes256gcm16");
	assert_string_equal(chosen(yes, no, 0, NULL), "none");
	assert_string_equal(chosen(no, yes, 0, NULL), "none");
	/* left out: "no ESN", and then the answer leaves it out as well */
	assert_string_equal(chosen(both, absent, 0, &s), "aes256gcm16");
	ike_suite_proposal(&s, 1, NULL, 0, &answer);
	assert_int_equal(answer.count, 1);
	assert_string_equal(chosen(no, absent, 0, NULL), "aes256gcm16");
	assert_string_equal(chosen(yes, absent, 0, NULL), "none");
	assert_string_equal(chosen(absent, both, 0, &s), "aes256gcm16");
	ike_suite_proposal(&s, 1, NULL, 0, &answer);
	assert_int_equal(answer.count, 2);
	assert_string_equal(chosen(absent, yes, 0, NULL), "none");
	assert_string_equal(chosen(absent, absent, 0, NULL), "aes256gcm16");
	/* only unknown values of it are not nothing */
	absent.item[0].unknown = 1u << IKE_TT_ESN;
	assert_string_equal(chosen(both, absent, 0, NULL), "none");
}

static void child_groups(void **state)
{
	struct ike_proposals pfs = esp("aes256gcm16-ecp384-x25519"), plain = esp("aes256gcm16"), p;
	struct ike_proposal answer;
	struct ike_suite s = { 0 };

	(void)state;
	assert_string_equal(chosen(pfs, pfs, 0, NULL), "aes256gcm16-ecp384");
	assert_string_equal(chosen(pfs, pfs, 31, NULL), "aes256gcm16-x25519");
	/* a peer without groups is understood (in IKE_AUTH nobody has any: 1.2) */
	assert_string_equal(chosen(pfs, plain, 0, NULL), "aes256gcm16");
	/* but one that insists on a group that we do not have is not */
	assert_string_equal(chosen(plain, pfs, 31, NULL), "none");
	assert_string_equal(chosen(pfs, esp("aes256gcm16-modp2048"), 14, NULL), "none");
	p = plain;
	p.item[0].unknown = 1u << IKE_TT_KE;
	assert_string_equal(chosen(pfs, p, 0, NULL), "none");
	/* an optional group is written with NONE beside it, and answered: 3.3.2 */
	p = esp("aes256gcm16-modp2048");
	add(&p, IKE_TT_KE, IKE_KE_NONE, 0);
	assert_int_equal(ike_suite_choose(&plain, &p, 14, &s, NULL, NULL), IKE_OK);
	assert_int_equal(s.ke, IKE_KE_NONE);
	ike_suite_proposal(&s, 1, NULL, 0, &answer);
	assert_int_equal(answer.count, 3);
	assert_int_equal(answer.item[1].type, IKE_TT_KE);
	assert_int_equal(answer.item[1].id, IKE_KE_NONE);
}

/* ---- the rest ---- */

static void allowed(void **state)
{
	struct ike_proposals i = ike("aes256gcm16-prfsha384-ecp384");
	struct ike_proposals e = esp("aes256gcm16-ecp384-esn");
	struct ike_suite s = { .protocol = IKE_PROTO_IKE,
			       .encr = IKE_ENCR_AES_GCM_16,
			       .encr_bits = 256,
			       .prf = IKE_PRF_HMAC_SHA2_384,
			       .ke = IKE_KE_ECP384 };
	struct ike_suite c = { .protocol = IKE_PROTO_ESP,
			       .encr = IKE_ENCR_AES_GCM_16,
			       .encr_bits = 256,
			       .esn = IKE_ESN_YES };

	(void)state;
	assert_true(ike_suite_allowed(&i, &s));
	assert_false(ike_suite_allowed(&e, &s));
	s.ke = IKE_KE_ECP256;
	assert_false(ike_suite_allowed(&i, &s));
	s.ke = IKE_KE_NONE;
	assert_false(ike_suite_allowed(&i, &s));
	assert_true(ike_suite_allowed(&e, &c)); /* whatever its group */
	c.ke = IKE_KE_CURVE25519;
	assert_true(ike_suite_allowed(&e, &c));
	c.esn = IKE_ESN_NO;
	assert_false(ike_suite_allowed(&e, &c));
	c.esn = IKE_ESN_YES;
	c.integ = IKE_INTEG_HMAC_SHA2_256_128;
	assert_false(ike_suite_allowed(&e, &c));
}

static void groups_of_proposals(void **state)
{
	struct ike_proposals p = props(IKE_PROTO_ESP, "aes256gcm16", "aes256gcm16-ecp384-x25519",
				       "aes128-sha256-modp2048");
	struct ike_proposals q = ike("aes256gcm16-prfsha384-ecp384"), none = { 0 };

	(void)state;
	assert_true(ike_proposals_has_group(&p, IKE_KE_CURVE25519));
	assert_true(ike_proposals_has_group(&p, IKE_KE_MODP2048));
	assert_false(ike_proposals_has_group(&p, IKE_KE_ECP256));
	assert_false(ike_proposals_has_group(&p, IKE_KE_NONE));
	assert_int_equal(ike_proposals_first_group(&p), IKE_KE_ECP384);
	assert_int_equal(ike_proposals_first_group(&none), IKE_KE_NONE);
	ike_proposals_drop_groups(&p);
	assert_int_equal(ike_proposals_first_group(&p), IKE_KE_NONE);
	assert_int_equal(p.item[1].count, 2);
	assert_int_equal(p.item[2].count, 3);
	ike_proposals_drop_groups(&q); /* an IKE SA has groups */
	assert_int_equal(ike_proposals_first_group(&q), IKE_KE_ECP384);
}

static void suite_as_proposal(void **state)
{
	struct ike_suite s = { .protocol = IKE_PROTO_ESP,
			       .encr = IKE_ENCR_AES_CBC,
			       .encr_bits = 128,
			       .integ = IKE_INTEG_HMAC_SHA2_256_128 };
	struct ike_proposal p;

	(void)state;
	ike_suite_proposal(&s, 3, (const uint8_t *)"abcd", 4, &p);
	assert_int_equal(p.num, 3);
	assert_int_equal(p.protocol, IKE_PROTO_ESP);
	assert_int_equal(p.spi_len, 4);
	assert_memory_equal(p.spi, "abcd\0\0\0\0", 8);
	assert_int_equal(p.unknown, 0);
	assert_int_equal(p.count, 3); /* ESN is mandatory, be it 0: 3.3.3 */
	assert_int_equal(p.item[0].type, IKE_TT_ENCR);
	assert_int_equal(p.item[0].key_bits, 128);
	assert_int_equal(p.item[1].type, IKE_TT_INTEG);
	assert_int_equal(p.item[2].type, IKE_TT_ESN);
	assert_int_equal(p.item[2].id, IKE_ESN_NO);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_order_decides),
		cmocka_unit_test(group_hint_wins),
		cmocka_unit_test(protocols_do_not_mix),
		cmocka_unit_test(mandatory_types_CVE_2016_5391),
		cmocka_unit_test(aead_with_integ_none),
		cmocka_unit_test(aead_with_integ),
		cmocka_unit_test(key_lengths),
		cmocka_unit_test(unknown_types_and_transforms),
		cmocka_unit_test(esn),
		cmocka_unit_test(child_groups),
		cmocka_unit_test(allowed),
		cmocka_unit_test(groups_of_proposals),
		cmocka_unit_test(suite_as_proposal),
	};

	return cmocka_run_group_tests_name("suite", tests, NULL, NULL);
}
