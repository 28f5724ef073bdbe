/*
 * tests/unit/test_attacks_offer.c - attacks on IKE_SA_INIT by the content of its payloads:
 * withheld, renumbered, of impossible lengths, with offers and key exchange values that nobody can
 * want.
 *
 * Each test is named after the accident that it comes from, if that has a name.
 */
#include "ike/ke.h"
#include "tests/unit/forge.h"

/* A's request, as it would arrive at B. */
static void request(struct pair *p, struct forge *f)
{
	forge_pair(p, FORGE_INIT_REQUEST);
	forge_take(p, 0, f);
}

/* B's answer, as it would arrive at A. */
static void response(struct pair *p, struct forge *f)
{
	forge_pair(p, FORGE_INIT_RESPONSE);
	forge_take(p, 1, f);
}

/* ---- payloads ---- */

/* CVE-2013-6466, CVE-2013-6467: mandatory payloads withheld, or given twice. */
static void test_cve_2013_6467_withheld_payloads(void **state)
{
	static const uint8_t types[] = { IKE_PL_SA, IKE_PL_KE, IKE_PL_NONCE };
	struct pair p;
	struct forge f;

	(void)state;
	for (int from = 0; from < 2; from++) {
		for (size_t i = 0; i < ARRAY_LEN(types); i++) {
			(from ? response : request)(&p, &f);
			forge_repeat(&f, types[i]);
			assert_int_equal(forge_strike(&p, from, &f, IKE_E_DUPLICATE), 0);
			forge_drop(&f, types[i]);
			assert_int_equal(forge_strike(&p, from, &f, IKE_E_MISSING), 0);
			forge_free(&p);
		}
		(from ? response : request)(&p, &f);
		f.count = 0;
		assert_int_equal(forge_strike(&p, from, &f, IKE_E_MISSING), 0);
		forge_free(&p);
	}
}

/* CVE-2013-6467, CVE-2015-3991: payloads renumbered to any type, IKEv1's among them. */
static void test_cve_2015_3991_renumbered_payloads(void **state)
{
	static const uint8_t types[] = { IKE_PL_SA, IKE_PL_KE, IKE_PL_NONCE };
	struct pair p;
	struct forge f;

	(void)state;
	for (int from = 0; from < 2; from++) {
		(from ? response : request)(&p, &f);
		for (unsigned type = 1; type < 512; type++) {
			for (size_t i = 0; i < ARRAY_LEN(types); i++) {
				struct forge g = f;
				struct forge_item *item = forge_find(&g, types[i]);

				if ((type & 0xff) == types[i] || !(type & 0xff))
					continue;
				/* Its length reads as an error then, which A is to remember. */
				if (from && types[i] == IKE_PL_SA && (type & 0xff) == IKE_PL_NOTIFY)
					continue;
				item->type = (uint8_t)type;
				item->flags = type > 255 ? 0x80 : 0;
				(void)forge_strike(&p, from, &g, IKE_E_COUNT);
				p.now += TICK_S / 10;
			}
		}
		p.now = 1001 * TICK_S;
		forge_free(&p);
	}
}

/* RFC 7296 2.5: unknown and critical is refused, with a Notify for a request. */
static void test_unknown_critical(void **state)
{
	static const uint8_t types[] = { 1, 32, 49, 255 };
	struct pair p;
	struct forge f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		request(&p, &f);
		forge_add(&f, types[i], "x", 1)->flags = 0x80;
		assert_int_equal(forge_strike(&p, 0, &f, IKE_E_CRITICAL),
				 IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
		forge_free(&p);

		response(&p, &f);
		forge_add(&f, types[i], "x", 1)->flags = 0x80;
		assert_int_equal(forge_strike(&p, 1, &f, IKE_E_CRITICAL), 0);
		forge_free(&p);
	}
}

/* CVE-2025-20253 and its like: lengths of zero, chains without an end, too many of all. */
static void test_cve_2025_20253_payload_lengths(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	for (int from = 0; from < 2; from++) {
		uint8_t bytes[IKE_MESSAGE_MAX];
		size_t len;

		(from ? response : request)(&p, &f);
		len = forge_bytes(&p, from, &f, bytes);
		bytes[IKE_HDR_LEN + 2] = 0;
		for (uint8_t l = 0; l < 4; l++) {
			bytes[IKE_HDR_LEN + 3] = l;
			assert_int_equal(forge_attack(&p, 1 - from, bytes, len, IKE_E_LENGTH), 0);
		}
		bytes[IKE_HDR_LEN + 2] = 0xff;
		assert_int_equal(forge_attack(&p, 1 - from, bytes, len, IKE_E_TRUNCATED), 0);
		f.last_next = IKE_PL_VENDOR;
		assert_int_equal(forge_strike(&p, from, &f, IKE_E_TRUNCATED), 0);
		f.last_next = 0;
		f.trailing = 4;
		assert_int_equal(forge_strike(&p, from, &f, IKE_E_TRAILING), 0);
		f.trailing = 0;
		while (f.count <= IKE_PAYLOADS_MAX)
			(void)forge_add(&f, IKE_PL_VENDOR, "", 0);
		assert_int_equal(forge_strike(&p, from, &f, IKE_E_TOO_MANY), 0);
		forge_drop(&f, IKE_PL_VENDOR);
		for (int i = 0; i <= IKE_NOTIFIES_MAX; i++)
			forge_notify(&f, 50000, "", 0);
		assert_int_equal(forge_strike(&p, from, &f, IKE_E_TOO_MANY), 0);
		forge_free(&p);
	}
}

/* A sealed payload has no place here, nor has a Notify that breaks its format. */
static void test_misplaced_payloads(void **state)
{
	struct pair p;
	struct forge f, g;

	(void)state;
	for (int from = 0; from < 2; from++) {
		(from ? response : request)(&p, &f);
		g = f;
		(void)forge_add(&g, IKE_PL_SK, "0123456789abcdef0123456789abcdef", 32);
		assert_int_equal(forge_strike(&p, from, &g, IKE_E_SYNTAX), 0);
		g.item[g.count - 1].type = IKE_PL_SKF;
		assert_int_equal(forge_strike(&p, from, &g, IKE_E_SYNTAX), 0);
		g = f;
		(void)forge_add(&g, IKE_PL_NOTIFY, "\0\5\0\1.....", 9); /* SPI of 5 bytes */
		assert_int_equal(forge_strike(&p, from, &g, IKE_E_SYNTAX), 0);
		g.item[g.count - 1].body[1] = 8;
		assert_int_equal(forge_strike(&p, from, &g, IKE_E_TRUNCATED), 0);
		g = f;
		(void)forge_add(&g, IKE_PL_DELETE, "\1\4\377\377", 4);
		assert_int_equal(forge_strike(&p, from, &g, IKE_E_SYNTAX), 0);
		forge_free(&p);
	}
}

static void test_nonces(void **state)
{
	static const uint16_t lens[] = { 0, 1, 15, 257, 1000 };
	struct pair p;
	struct forge f;

	(void)state;
	for (int from = 0; from < 2; from++) {
		(from ? response : request)(&p, &f);
		for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
			forge_find(&f, IKE_PL_NONCE)->len = lens[i];
			assert_int_equal(forge_strike(&p, from, &f, IKE_E_SYNTAX), 0);
		}
		forge_free(&p);
	}
}

/* ---- the SA payload ---- */

/* All lengths, counts and markers within it, one after the other, set to anything. */
static void test_cve_2022_34721_sa_lengths(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	for (int from = 0; from < 2; from++) {
		size_t len;

		(from ? response : request)(&p, &f);
		len = forge_find(&f, IKE_PL_SA)->len;
		for (size_t at = 0; at < len; at++) {
			for (unsigned v = 0; v < 256; v += at % 8 < 4 ? 1 : 5) {
				struct forge g = f;
				uint8_t *byte = &forge_find(&g, IKE_PL_SA)->body[at];

				/* Reserved bytes, numbers and algorithms may be anything. */
				if (at < 8 ? at != 0 && at != 2 && at != 3 && at != 7
					   : (at - 8) % 8 > 3 || (at - 8) % 8 == 1 || at > 19)
					continue;
				if (*byte == v)
					continue;
				*byte = (uint8_t)v;
				(void)forge_strike(&p, from, &g, IKE_E_COUNT);
			}
		}
		forge_free(&p);
	}
}

struct offer {
	const char *what;
	uint16_t encr, bits, prf, integ, ke; /* 0: no such transform */
};

/* As the only offer, or as the answer. */
static void put_offer(struct forge *f, const struct offer *o)
{
	const uint16_t ids[] = { 0, o->encr, o->prf, o->integ, o->ke };
	struct ike_proposals list = { .count = 1 };
	struct ike_proposal *one = &list.item[0];
	struct forge_item *item = forge_find(f, IKE_PL_SA);
	struct ike_writer w;
	uint8_t memory[FORGE_BODY_MAX];
	struct buf buf = buf_of(memory, sizeof(memory));

	one->num = 1;
	one->protocol = IKE_PROTO_IKE;
	for (int type = IKE_TT_ENCR; type <= IKE_TT_KE; type++) {
		if (!ids[type])
			continue;
		one->item[one->count++] = (struct ike_transform){
			.type = (uint8_t)type,
			.id = ids[type],
			.key_bits = type == IKE_TT_ENCR ? o->bits : 0,
		};
	}
	ike_w_init(&w, &buf);
	ike_w_sa(&w, &list);
	assert_false(buf.bad);
	item->len = buf.len - 4;
	memcpy(item->body, memory + 4, item->len);
}

/*
 * CVE-2014-9221: group 1025.  CVE-2016-5391: no group.  CVE-2018-10811, CVE-2016-3071: a PRF or an
 * integrity algorithm that is not to be had.
 */
static void test_cve_2016_5391_impossible_offers(void **state)
{
	static const struct offer offers[] = {
		{ "CVE-2014-9221: group 1025", 20, 256, 5, 0, 1025 },
		{ "CVE-2016-5391: no group", 20, 256, 5, 0, 0 },
		{ "CVE-2018-10811: PRF_HMAC_MD5", 20, 256, 1, 0, 31 },
		{ "no PRF", 20, 256, 0, 0, 31 },
		{ "no cipher", 0, 0, 5, 0, 31 },
		{ "CVE-2016-3071: AES_XCBC_96", 12, 256, 5, 5, 31 },
		{ "CBC without integrity", 12, 256, 5, 0, 31 },
		{ "AEAD with integrity", 20, 256, 5, 12, 31 },
		{ "AEAD without key length", 20, 0, 5, 0, 31 },
		{ "AEAD of 192 bits", 20, 192, 5, 0, 31 },
		{ "AEAD of 65535 bits", 20, 65535, 5, 0, 31 },
		{ "ENCR_NULL", 11, 0, 5, 12, 31 },
		{ "ENCR_3DES", 3, 0, 2, 2, 2 },
		{ "private numbers", 65535, 65535, 65535, 65535, 65535 },
		{ "group 0", 20, 256, 5, 0, 0 },
	};
	struct pair p;
	struct forge f, g;

	(void)state;
	request(&p, &f);
	for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
		g = f;
		put_offer(&g, &offers[i]);
		assert_int_equal(forge_strike(&p, 0, &g, IKE_E_NO_PROPOSAL),
				 IKE_N_NO_PROPOSAL_CHOSEN);
	}
	forge_free(&p);
	response(&p, &f);
	for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
		g = f;
		put_offer(&g, &offers[i]);
		assert_int_equal(forge_strike(&p, 1, &g, IKE_E_NO_PROPOSAL), 0);
	}
	forge_free(&p);
}

/*
 * OpenIKED 2695060: a table by transform type, indexed past its end.  Types that nobody knows make
 * a proposal unacceptable (3.3.6); each byte of the first transform's type is tried.
 */
static void test_openiked_2695060_transform_types(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	for (int from = 0; from < 2; from++) {
		(from ? response : request)(&p, &f);
		for (unsigned type = 0; type < 256; type++) {
			struct forge g = f;

			if (type == IKE_TT_ENCR)
				continue;
			forge_find(&g, IKE_PL_SA)->body[8 + 4] = (uint8_t)type;
			assert_int_equal(forge_strike(&p, from, &g, IKE_E_NO_PROPOSAL),
					 from ? 0 : IKE_N_NO_PROPOSAL_CHOSEN);
			p.now += TICK_S / 10; /* so many strays are answered */
		}
		p.now = 1001 * TICK_S;
		forge_free(&p);
	}
}

/* ---- the KE payload ---- */

/* CVE-2014-9221 and RFC 7296 1.3: group and value must be what was agreed. */
static void test_cve_2014_9221_ke_group(void **state)
{
	static const uint16_t groups[] = { 0, 1, 2, 14, 19, 32, 1024, 1025, 1040, 65535 };
	struct pair p;
	struct forge f;

	(void)state;
	for (int from = 0; from < 2; from++) {
		(from ? response : request)(&p, &f);
		for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
			struct forge_item *ke = forge_find(&f, IKE_PL_KE);

			ke->body[0] = (uint8_t)(groups[i] >> 8);
			ke->body[1] = (uint8_t)groups[i];
			assert_int_equal(forge_strike(&p, from, &f, IKE_E_KE_GROUP),
					 from ? 0 : IKE_N_INVALID_KE_PAYLOAD);
		}
		forge_free(&p);
	}
}

/* CVE-2023-41913: the length of a public value is the group's and no other. */
static void test_cve_2023_41913_ke_length(void **state)
{
	static const uint16_t lens[] = { 1, 16, 31, 33, 64, 256, 1024, 1500 };
	struct pair p;
	struct forge f;

	(void)state;
	for (int from = 0; from < 2; from++) {
		(from ? response : request)(&p, &f);
		for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
			forge_find(&f, IKE_PL_KE)->len = 4u + lens[i];
			assert_int_equal(forge_strike(&p, from, &f, IKE_E_PUBLIC_VALUE), 0);
		}
		forge_find(&f, IKE_PL_KE)->len = 4;
		assert_int_equal(forge_strike(&p, from, &f, IKE_E_SYNTAX), 0);
		forge_find(&f, IKE_PL_KE)->len = 3;
		assert_int_equal(forge_strike(&p, from, &f, IKE_E_TRUNCATED), 0);
		forge_free(&p);
	}
}

enum bad_value { VALUE_ZERO, VALUE_ONE, VALUE_MINUS_ONE, VALUE_P, VALUE_FULL, VALUE_COUNT };

/* What RFC 6989 2 refuses; for curves the same bytes mean points off it or of small order. */
static void bad_value(uint8_t *out, size_t len, enum bad_value which, const char *proposal)
{
	memset(out, 0, len);
	switch (which) {
	case VALUE_ZERO:
	case VALUE_COUNT:
		break;
	case VALUE_ONE: /* of curve25519: little-endian */
		out[strstr(proposal, "x25519") || strstr(proposal, "x448") ? 0 : len - 1] = 1;
		break;
	case VALUE_MINUS_ONE:
	case VALUE_P:
		memset(out, 0xff, len); /* p of x25519 is 2^255 - 19, of small order, too */
		if (strstr(proposal, "x25519")) {
			out[0] = which == VALUE_P ? 0xed : 0xec;
			out[len - 1] = 0x7f;
		} else if (strstr(proposal, "x448")) {
			out[0] = which == VALUE_P ? 0xff : 0xfe;
			out[len / 2] = 0xfe;
		} else if (strstr(proposal, "modp")) {
			mpz_t prime;

			ike_modp_prime(2048, 124476, prime);
			if (which == VALUE_MINUS_ONE)
				mpz_sub_ui(prime, prime, 1);
			mpz_export(out, NULL, 1, 1, 1, 0, prime);
			mpz_clear(prime);
		}
		break;
	case VALUE_FULL:
		memset(out, 0xff, len);
		break;
	}
}

/*
 * CVE-2008-4551 (all zeroes), CVE-2015-3240 (g^x = 0), RFC 6989: the responder, for whom the peer
 * never existed, and the initiator, whose attempt is over.
 */
static void bad_public_value(const char *proposal, int from, enum bad_value which)
{
	struct pair p;
	struct forge f;
	struct forge_state before, after;

	pair_init(&p);
	for (int i = 0; i < 2; i++)
		pair_proposals(proposal, IKE_PROTO_IKE, &p.side[i].conn.ike);
	pair_start(&p);
	pair_want(&p, 0);
	if (from)
		assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_take(&p, from, &f);

	struct forge_item *ke = forge_find(&f, IKE_PL_KE);

	bad_value(ke->body + 4, ke->len - 4, which, proposal);
	forge_look(&p, &before);
	(void)forge_send(&p, from, &f);
	forge_look(&p, &after);
	assert_int_equal(after.side[1 - from].errors[IKE_E_PUBLIC_VALUE],
			 before.side[1 - from].errors[IKE_E_PUBLIC_VALUE] + 1);
	assert_int_equal(p.side[1 - from].out_count, before.side[1 - from].out_count);
	assert_int_equal(p.side[0].sa_count + p.side[1].sa_count, 0);
	if (from == 0) {
		forge_assert_same(&p, &before, __LINE__);
	} else {
		assert_int_equal(p.side[0].cause, IKE_CAUSE_PROTOCOL);
		pair_assert_nothing(&p, 0);
		pair_drop(&p, 1);
		pair_want(&p, 0);
	}
	forge_free(&p);
}

static void test_cve_2008_4551_public_values(void **state)
{
	static const char *const proposals[] = {
		"aes256gcm16-prfsha256-modp2048", "aes256gcm16-prfsha256-ecp256",
		"aes256gcm16-prfsha256-ecp384",	  "aes256gcm16-prfsha256-ecp521",
		"aes256gcm16-prfsha256-x25519",	  "aes256gcm16-prfsha256-x448",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(proposals); i++) {
		for (int from = 0; from < 2; from++) {
			for (unsigned v = 0; v < VALUE_COUNT; v++) {
				/* 2^255 - 1 and 2^448 - 1 are ordinary values: RFC 7748 5. */
				if (v == VALUE_FULL && strstr(proposals[i], "-x"))
					continue;
				bad_public_value(proposals[i], from, (enum bad_value)v);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cve_2013_6467_withheld_payloads),
		cmocka_unit_test(test_cve_2015_3991_renumbered_payloads),
		cmocka_unit_test(test_unknown_critical),
		cmocka_unit_test(test_cve_2025_20253_payload_lengths),
		cmocka_unit_test(test_misplaced_payloads),
		cmocka_unit_test(test_nonces),
		cmocka_unit_test(test_cve_2022_34721_sa_lengths),
		cmocka_unit_test(test_cve_2016_5391_impossible_offers),
		cmocka_unit_test(test_openiked_2695060_transform_types),
		cmocka_unit_test(test_cve_2014_9221_ke_group),
		cmocka_unit_test(test_cve_2023_41913_ke_length),
		cmocka_unit_test(test_cve_2008_4551_public_values),
	};

	return cmocka_run_group_tests_name("attacks_offer", tests, NULL, NULL);
}
