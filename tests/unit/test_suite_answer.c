/*
 * tests/unit/test_suite_answer.c - the initiator's check of an answer: RFC 7296 2.7, 3.3.6.
 */
#include "tests/unit/suite_test.h"

/* ---- the initiator ---- */

static enum ike_err confirm(struct ike_proposals ours, struct ike_proposals answer)
{
	struct ike_suite s, before;

	memset(&s, 0x5a, sizeof(s));
	memcpy(&before, &s, sizeof(s));

	enum ike_err err = ike_suite_confirm(&ours, &answer, &s);

	if (err)
		assert_memory_equal(&s, &before, sizeof(s));
	else
		assert_true(ike_suite_allowed(&ours, &s));
	return err;
}

static void answer_is_one_of_ours(void **state)
{
	struct ike_proposals ours, p;
	struct ike_suite s = { 0 };

	(void)state;
	ike_proposals_default(IKE_PROTO_IKE, &ours);
	p = ike("aes128gcm16-prfsha512-ecp521");
	assert_int_equal(ike_suite_confirm(&ours, &p, &s), IKE_OK);
	assert_int_equal(s.protocol, IKE_PROTO_IKE);
	assert_int_equal(s.encr, IKE_ENCR_AES_GCM_16);
	assert_int_equal(s.encr_bits, 128);
	assert_int_equal(s.prf, IKE_PRF_HMAC_SHA2_512);
	assert_int_equal(s.integ, IKE_INTEG_NONE);
	assert_int_equal(s.ke, IKE_KE_ECP521);
	assert_int_equal(s.esn, 0);
	assert_int_equal(confirm(ours, ike("aes256-sha384-prfsha256-modp4096")), IKE_OK);
	/* a strange number is forgiven, a strange SPI is the caller's affair */
	p.item[0].num = 200;
	assert_int_equal(confirm(ours, p), IKE_OK);

	/* never offered, each in one type */
	assert_int_equal(confirm(ours, ike("aes128gcm12-prfsha512-ecp521")), IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(ours, ike("aes128gcm16-prfsha1-ecp521")), IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(ours, ike("aes128gcm16-prfsha512-modp1024")), IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(ours, ike("aes128-sha1-prfsha256-ecp521")), IKE_E_NO_PROPOSAL);
	p = ike("aes128gcm16-prfsha512-ecp521");
	p.item[0].item[0].key_bits = 192;
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	p.item[0].item[0].key_bits = 0;
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	p = ike("chacha20poly1305-prfsha512-ecp521");
	p.item[0].item[0].key_bits = 256;
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	p = ike("aes128gcm16-prfsha512-ecp521");
	p.item[0].item[1].key_bits = 128;
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
}

/* All of it out of one proposal: no mixture of two. */
static void answer_mixes_proposals(void **state)
{
	struct ike_proposals ours = props(IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp384",
					  "aes128gcm16-prfsha256-x25519", NULL);

	(void)state;
	assert_int_equal(confirm(ours, ike("aes256gcm16-prfsha384-ecp384")), IKE_OK);
	assert_int_equal(confirm(ours, ike("aes128gcm16-prfsha256-x25519")), IKE_OK);
	assert_int_equal(confirm(ours, ike("aes256gcm16-prfsha256-x25519")), IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(ours, ike("aes256gcm16-prfsha384-x25519")), IKE_E_NO_PROPOSAL);
}

static void answer_is_exactly_one(void **state)
{
	struct ike_proposals ours, p, none = { 0 };

	(void)state;
	ike_proposals_default(IKE_PROTO_IKE, &ours);
	assert_int_equal(confirm(ours, none), IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(ours, ours), IKE_E_NO_PROPOSAL); /* our offer come back */
	p = props(IKE_PROTO_IKE, "aes128gcm16-prfsha512-ecp521", "aes128gcm16-prfsha512-ecp521",
		  NULL);
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	/* two of a type, even the same one twice */
	assert_int_equal(confirm(ours, ike("aes128gcm16-aes256gcm16-prfsha512-ecp521")),
			 IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(ours, ike("aes128gcm16-prfsha512-prfsha256-ecp521")),
			 IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(ours, ike("aes128gcm16-prfsha512-ecp521-x25519")),
			 IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(ours, ike("aes128-sha256-sha512-prfsha256-x25519")),
			 IKE_E_NO_PROPOSAL);
	p = ike("aes128gcm16-prfsha512-ecp521");
	add(&p, IKE_TT_KE, IKE_KE_ECP521, 0);
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	p = esp("aes256gcm16-esn-noesn");
	assert_int_equal(confirm(p, p), IKE_E_NO_PROPOSAL);
	/* one missing */
	for (unsigned type = IKE_TT_ENCR; type <= IKE_TT_KE; type++) {
		p = ike("aes128-sha256-x25519");
		drop(&p, (uint8_t)type);
		assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	}
	/* anything unknown: we offered nothing unknown */
	for (unsigned bit = 0; bit < IKE_TT_COUNT; bit++) {
		p = ike("aes128gcm16-prfsha512-ecp521");
		p.item[0].unknown = (uint8_t)(1u << bit);
		assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	}
	p = ike("aes128gcm16-prfsha512-ecp521");
	add(&p, 6, 0, 0);
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	/* the other protocol, or types of the other protocol */
	assert_int_equal(confirm(ours, esp("aes256gcm16")), IKE_E_NO_PROPOSAL);
	p = ike("aes128gcm16-prfsha512-ecp521");
	add(&p, IKE_TT_ESN, IKE_ESN_NO, 0);
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	p = esp("aes256gcm16");
	add(&p, IKE_TT_PRF, IKE_PRF_HMAC_SHA2_256, 0);
	assert_int_equal(confirm(esp("aes256gcm16"), p), IKE_E_NO_PROPOSAL);
}

/* Peers answer an AEAD with INTEG NONE or without INTEG, ESP with "no ESN" or without ESN. */
static void answer_may_say_none(void **state)
{
	struct ike_proposals ours, p;

	(void)state;
	ike_proposals_default(IKE_PROTO_IKE, &ours);
	p = ike("aes128gcm16-prfsha512-ecp521");
	add(&p, IKE_TT_INTEG, IKE_INTEG_NONE, 0);
	assert_int_equal(confirm(ours, p), IKE_OK);
	p = ike("aes128gcm16-prfsha512-ecp521");
	add(&p, IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0);
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	p = ike("aes128-sha256-ecp521");
	drop(&p, IKE_TT_INTEG);
	add(&p, IKE_TT_INTEG, IKE_INTEG_NONE, 0);
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
	p = ike("aes128-sha256-ecp521");
	drop(&p, IKE_TT_KE);
	add(&p, IKE_TT_KE, IKE_KE_NONE, 0); /* 2.18: never without a group */
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);

	ike_proposals_default(IKE_PROTO_ESP, &ours);
	p = esp("aes128gcm16");
	drop(&p, IKE_TT_ESN);
	assert_int_equal(confirm(ours, p), IKE_OK);
	assert_int_equal(confirm(esp("aes128gcm16-esn"), p), IKE_E_NO_PROPOSAL);
	add(&p, IKE_TT_INTEG, IKE_INTEG_NONE, 0);
	assert_int_equal(confirm(ours, p), IKE_OK);
	assert_int_equal(confirm(esp("aes128gcm16-esn"), esp("aes128gcm16")), IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(esp("aes128gcm16"), esp("aes128gcm16-esn")), IKE_E_NO_PROPOSAL);
	p = esp("aes128gcm16");
	p.item[0].item[1].id = 2; /* an ESN value that does not exist */
	assert_int_equal(confirm(ours, p), IKE_E_NO_PROPOSAL);
}

/* An answer cannot talk PFS away, nor bring it in. */
static void answer_and_pfs(void **state)
{
	struct ike_proposals pfs = esp("aes256gcm16-x25519"), plain = esp("aes256gcm16"), p;

	(void)state;
	assert_int_equal(confirm(pfs, pfs), IKE_OK);
	assert_int_equal(confirm(plain, plain), IKE_OK);
	assert_int_equal(confirm(pfs, plain), IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(plain, pfs), IKE_E_NO_PROPOSAL);
	p = plain;
	add(&p, IKE_TT_KE, IKE_KE_NONE, 0);
	assert_int_equal(confirm(pfs, p), IKE_E_NO_PROPOSAL);
	assert_int_equal(confirm(plain, p), IKE_OK);
	ike_proposals_drop_groups(&pfs);
	assert_int_equal(confirm(pfs, plain), IKE_OK);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_is_one_of_ours), cmocka_unit_test(answer_mixes_proposals),
		cmocka_unit_test(answer_is_exactly_one), cmocka_unit_test(answer_may_say_none),
		cmocka_unit_test(answer_and_pfs),
	};

	return cmocka_run_group_tests_name("suite_answer", tests, NULL, NULL);
}
