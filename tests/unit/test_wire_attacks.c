/*
 * tests/unit/test_wire_attacks.c - what has brought down other IKE implementations, as far as it is
 * the parsers' affair; one test each, by name.  None of these messages may do more than be refused,
 * or be understood for what it is.
 */
#include "tests/unit/wire_test.h"

/* A message of the SA_INIT exchange with room behind its header. */
#define INIT(next, ...)                                                                           \
	{                                                                                         \
		1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, next, 0x20, 34, 0x08, 0, 0, 0, 0, \
			0, 0, 0, 0, __VA_ARGS__                                                   \
	}

/* Header and chain, with the length field made to fit. */
static enum ike_err parse(const void *bytes, size_t len)
{
	struct ike_chain chain;
	struct cur in = exact(bytes, len);
	struct buf buf = { .p = (uint8_t *)(uintptr_t)in.p, .len = len };
	struct ike_hdr hdr;
	enum ike_err err;

	assert_true(len >= IKE_HDR_LEN);
	buf_patch32(&buf, 24, (uint32_t)len);
	err = ike_hdr_parse(in, &hdr);
	if (!err) {
		struct cur rest = cur_of(in.p + IKE_HDR_LEN, len - IKE_HDR_LEN);

		err = ike_chain_parse(rest, hdr.next, &chain);
	}
	free_exact(in);
	return err;
}

/* Padding behind the message: UDP length and header length differ. */
static void cve_2013_4564(void **state)
{
	static const uint8_t pad[] = { 0, 1, 2, 3, 4, 100 };
	struct ike_hdr hdr;

	(void)state;
	for (size_t i = 0; i < sizeof(pad); i++) {
		uint8_t bytes[IKE_HDR_LEN + 4 + 100] = INIT(IKE_PL_VENDOR, 0, 0, 0, 4);
		struct buf buf = { .p = bytes, .len = sizeof(bytes) };
		struct cur in;

		buf_patch32(&buf, 24, IKE_HDR_LEN + 4);
		in = exact(bytes, IKE_HDR_LEN + 4u + pad[i]);
		assert_int_equal(ike_hdr_parse(in, &hdr), pad[i] ? IKE_E_LENGTH : IKE_OK);
		free_exact(in);
		/* and the other way round: the header says more than there is */
		buf_patch32(&buf, 24, IKE_HDR_LEN + 4u + pad[i]);
		in = exact(bytes, IKE_HDR_LEN + 4u);
		assert_int_equal(ike_hdr_parse(in, &hdr), pad[i] ? IKE_E_LENGTH : IKE_OK);
		free_exact(in);
	}
}

/* IKEv1's payload types (1: SA, 4: KE, 10: nonce, 20: NAT-D) are unknown ones here. */
static void cve_2015_3991(void **state)
{
	struct ike_chain chain;
	struct ike_msg msg;

	(void)state;
	for (uint8_t type = 1; type <= 32; type++) {
		uint8_t bytes[] = { 0, 0x00, 0, 8, 0, 0, 0, 1 };

		assert_int_equal(ike_chain_parse(CUR(bytes), type, &chain), IKE_OK);
		assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
		assert_null(msg.sa.p);
		assert_null(msg.ke.p);
		assert_null(msg.nonce.p);
		assert_int_equal(msg.notify_count, 0);
		bytes[1] = 0x80;
		assert_int_equal(ike_chain_parse(CUR(bytes), type, &chain), IKE_E_CRITICAL);
		assert_int_equal(chain.critical_type, type);
	}
}

/* CVE-2009-1958 and 2013-6467: payloads that an exchange needs are withheld. */
static void cve_2009_1958(void **state)
{
	/* IDi, AUTH, TSr: no TSi, no SA */
	static const uint8_t bytes[] = { 39, 0, 0, 9, 11, 0, 0, 0, 'k', 45, 0, 0, 9,
					 2,  0, 0, 0, 1,  0, 0, 0, 8,	1,  0, 0, 0 };
	struct ike_chain chain;
	struct ike_msg msg;

	(void)state;
	assert_int_equal(ike_chain_parse(CUR(bytes), IKE_PL_IDI, &chain), IKE_OK);
	assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
	assert_non_null(msg.idi.p);
	assert_non_null(msg.auth.p);
	assert_non_null(msg.tsr.p);
	assert_null(msg.tsi.p);
	assert_null(msg.sa.p);
	assert_null(msg.idr.p);
	assert_null(msg.ke.p);
	assert_null(msg.nonce.p);
	assert_null(ike_msg_notify(&msg, IKE_N_USE_TRANSPORT_MODE));
	assert_null(ike_msg_error(&msg));
}

/* Traffic selectors whose lengths and counts do not add up, in all 256 ways of each byte. */
static void cve_2023_23009(void **state)
{
	static const uint8_t good[] = { 1, 0, 0,  0, 7, 47, 0,	16, 0, 0,
					0, 0, 10, 0, 0, 1,  10, 0,  0, 1 };
	struct ike_ts_list list;

	(void)state;
	for (size_t at = 0; at < sizeof(good); at++) {
		bool free_to_choose = (at >= 1 && at <= 3) || at == 5; /* RESERVED, protocol */

		for (unsigned byte = 0; byte < 256; byte++) {
			struct cur in = exact(good, sizeof(good));
			enum ike_err err;

			((uint8_t *)(uintptr_t)in.p)[at] = (uint8_t)byte;
			err = ike_ts_parse(in, &list);
			assert_true(!err || !free_to_choose);
			assert_true(err || list.count <= 1);
			free_exact(in);
		}
	}
}

/* REKEY_SA for the IKE SA or for nothing, with SPIs of any size. */
static void cve_2023_38710(void **state)
{
	struct ike_notify notify;

	(void)state;
	for (unsigned protocol = 0; protocol < 256; protocol++) {
		for (unsigned spi_len = 0; spi_len < 256; spi_len++) {
			const uint8_t head[] = { (uint8_t)protocol, (uint8_t)spi_len, 0x40, 0x09 };
			uint8_t body[4 + 255] = { 0 };
			bool good = (protocol == 2 || protocol == 3) && spi_len == 4;

			memcpy(body, head, 4);
			assert_int_equal(ike_notify_parse(cur_of(body, 4 + spi_len), &notify),
					 good ? IKE_OK : IKE_E_SYNTAX);
		}
	}
}

/* CVE-2016-1287, 2022-34721: a payload shorter than its own header, fragments included. */
static void cve_2016_1287(void **state)
{
	static const uint8_t types[] = { IKE_PL_SA, IKE_PL_NOTIFY, IKE_PL_SK, IKE_PL_SKF, 132 };

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		for (uint8_t len = 0; len < 4; len++) {
			const uint8_t bytes[] = INIT(types[i], 0, 0, 0, len, 0, 1, 0, 1);

			assert_int_equal(parse(bytes, sizeof(bytes)), IKE_E_LENGTH);
		}
	}
}

/* Lengths of the SA payload and everything in it that go past the end or back. */
static void cve_2022_34721(void **state)
{
	static const uint8_t good[] = { 0, 0,  0, 20, 1, 1,  0,	   1,  0, 0,
					0, 12, 1, 0,  0, 20, 0x80, 14, 1, 0 };
	static const uint8_t lengths[] = { 2, 3, 6, 7, 10, 11 };
	struct ike_proposals p;

	(void)state;
	assert_int_equal(ike_sa_parse(CUR(good), &p), IKE_OK);
	for (size_t i = 0; i < sizeof(lengths); i++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			struct cur in = exact(good, sizeof(good));

			((uint8_t *)(uintptr_t)in.p)[lengths[i]] = (uint8_t)byte;
			assert_true(!ike_sa_parse(in, &p) == (byte == good[lengths[i]]));
			free_exact(in);
		}
	}
}

/* A payload of length 0 that never ends. */
static void cve_2025_20253(void **state)
{
	const uint8_t chain_of_0[] = INIT(IKE_PL_NOTIFY, IKE_PL_NOTIFY, 0, 0, 0);
	static const uint8_t proposal_of_0[] = { 2, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 8, 4, 0, 0, 14 };
	static const uint8_t transform_of_0[] = {
		0, 0, 0, 16, 1, 1, 0, 2, 3, 0, 0, 0, 4, 0, 0, 14
	};
	static const uint8_t selector_of_0[] = { 16, 0, 0, 0, 9, 0, 0, 0 };
	static const uint8_t spis_of_0[] = { 3, 0, 0xff, 0xff };
	static const uint8_t attribute_of_0[] = { 0, 0,	 0, 20, 1, 1,  0, 1,  0, 0,
						  0, 12, 1, 0,	0, 12, 0, 14, 0, 0 };
	struct ike_proposals p;
	struct ike_ts_list ts;
	struct ike_delete del;

	(void)state;
	assert_int_equal(parse(chain_of_0, sizeof(chain_of_0)), IKE_E_LENGTH);
	assert_int_equal(ike_sa_parse(CUR(proposal_of_0), &p), IKE_E_LENGTH);
	assert_int_equal(ike_sa_parse(CUR(transform_of_0), &p), IKE_E_LENGTH);
	assert_int_equal(ike_ts_parse(CUR(selector_of_0), &ts), IKE_E_LENGTH);
	assert_int_equal(ike_delete_parse(CUR(spis_of_0), &del), IKE_E_SYNTAX);
	assert_int_equal(ike_sa_parse(CUR(attribute_of_0), &p), IKE_OK); /* it is 4 bytes long */
	assert_int_equal(p.item[0].unknown, 1 << IKE_TT_ENCR);
}

/* A group of a private range is a number like any other, for negotiation to refuse. */
static void cve_2014_9221(void **state)
{
	static const uint16_t groups[] = { 0, 1, 22, 1025, 0x8000, 65535 };
	uint16_t group;
	struct cur value;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		const uint8_t body[] = { (uint8_t)(groups[i] >> 8), (uint8_t)groups[i], 0, 0, 1 };

		assert_int_equal(ike_ke_parse(CUR(body), &group, &value), IKE_OK);
		assert_int_equal(group, groups[i]);
		assert_int_equal(value.left, 1);
	}
}

/* An IKE proposal without a key exchange group is well-formed; suite.c says no to it. */
static void cve_2016_5391(void **state)
{
	/* clang-format off */
	static const uint8_t body[] = {
		0, 0, 0, 36,	1, 1, 0, 3,
		3, 0, 0, 12,	1, 0, 0, 20,	0x80, 14, 1, 0,	/* AES_GCM_16, 256 */
		3, 0, 0, 8,	2, 0, 0, 5,			/* PRF_HMAC_SHA2_256 */
		0, 0, 0, 8,	5, 0, 0, 0,			/* not even a type for IKE */
	};
	/* clang-format on */
	struct ike_proposals p;

	(void)state;
	assert_int_equal(ike_sa_parse(CUR(body), &p), IKE_OK);
	assert_int_equal(p.item[0].count, 3);
	for (size_t i = 0; i < p.item[0].count; i++)
		assert_int_not_equal(p.item[0].item[i].type, IKE_TT_KE);
}

/* CVE-2025-9242, 2025-14733: an identity of thousands of bytes is a slice, copied nowhere. */
static void cve_2025_9242(void **state)
{
	static uint8_t bytes[IKE_MESSAGE_MAX];
	struct ike_chain chain;
	struct ike_msg msg;
	struct cur data;
	uint8_t type;

	(void)state;
	memset(bytes, 'A', sizeof(bytes));
	memcpy(bytes, (uint8_t[]){ 0, 0, sizeof(bytes) >> 8, sizeof(bytes) & 0xff }, 4);
	bytes[4] = IKE_ID_FQDN;
	assert_int_equal(ike_chain_parse(CUR(bytes), IKE_PL_IDI, &chain), IKE_OK);
	assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
	assert_int_equal(ike_id_parse(msg.idi, &type, &data), IKE_OK);
	assert_int_equal(type, IKE_ID_FQDN);
	assert_ptr_equal(data.p, bytes + 8);
	assert_int_equal(data.left, sizeof(bytes) - 8);
}

/* CVE-2026-47895: an identity of no bytes at all. */
static void cve_2026_47895(void **state)
{
	struct cur data;
	uint8_t type;

	(void)state;
	for (unsigned id = 0; id < 256; id++) {
		const uint8_t body[] = { (uint8_t)id, 0, 0, 0 };

		assert_int_equal(ike_id_parse(CUR(body), &type, &data), IKE_E_SYNTAX);
	}
}

/* OpenIKED 2695060: transform type 6 into a table of 6. */
static void transform_type_6(void **state)
{
	struct ike_proposals p;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		const uint8_t body[] = {
			0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, (uint8_t)type, 0, 0, 1
		};
		bool known = type >= IKE_TT_ENCR && type <= IKE_TT_ESN;

		assert_int_equal(ike_sa_parse(CUR(body), &p), IKE_OK);
		assert_int_equal(p.item[0].count, known);
		assert_int_equal(p.item[0].unknown, known ? 0 : 1);
	}
}

/* CVE-2013-6466: the same payload over and over, renumbered. */
static void a_payload_twice(void **state)
{
	static const uint8_t bytes[] = { 40, 0, 0, 4, 34, 0, 0, 4, 0, 0, 0, 4 };
	struct ike_chain chain;
	struct ike_msg msg;

	(void)state;
	assert_int_equal(ike_chain_parse(CUR(bytes), IKE_PL_KE, &chain), IKE_OK);
	assert_int_equal(ike_msg_collect(&chain, &msg), IKE_E_DUPLICATE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cve_2013_4564),    cmocka_unit_test(cve_2015_3991),
		cmocka_unit_test(cve_2009_1958),    cmocka_unit_test(cve_2023_23009),
		cmocka_unit_test(cve_2023_38710),   cmocka_unit_test(cve_2016_1287),
		cmocka_unit_test(cve_2022_34721),   cmocka_unit_test(cve_2025_20253),
		cmocka_unit_test(cve_2014_9221),    cmocka_unit_test(cve_2016_5391),
		cmocka_unit_test(cve_2025_9242),    cmocka_unit_test(cve_2026_47895),
		cmocka_unit_test(transform_type_6), cmocka_unit_test(a_payload_twice),
	};

	return cmocka_run_group_tests_name("wire_attacks", tests, NULL, NULL);
}
