/*
 * tests/unit/test_payload.c - payload bodies: KE, Nonce, ID, AUTH, Notify, Delete, TS.  RFC 7296
 * 3.4, 3.5, 3.8 to 3.11, 3.13.  The SA payload is in test_payload_sa.c.
 */
#include "tests/unit/wire_test.h"

/* ---- KE, RFC 7296 figure 10 ---- */

static enum ike_err parse_ke(struct cur body)
{
	uint16_t group;
	struct cur value;

	return ike_ke_parse(body, &group, &value);
}

static void ke(void **state)
{
	/* clang-format off */
	static const uint8_t body[] = {
		0x00, 0x1f, 0xff, 0xff,	/* group 31; RESERVED, which is not looked at */
		0xaa, 0xbb, 0xcc,	/* key exchange data */
	};
	/* clang-format on */
	uint16_t group;
	struct cur value;

	(void)state;
	assert_int_equal(ike_ke_parse(CUR(body), &group, &value), IKE_OK);
	assert_int_equal(group, IKE_KE_CURVE25519);
	assert_ptr_equal(value.p, body + 4);
	assert_int_equal(value.left, 3);
	check_prefixes(cur_of(body, 5), parse_ke);
	assert_int_equal(parse_ke(cur_of(body, 3)), IKE_E_TRUNCATED);
	assert_int_equal(parse_ke(cur_of(body, 4)), IKE_E_SYNTAX);
	assert_int_equal(parse_ke(cur_of(body, 5)), IKE_OK);
}

/* ---- Nonce, RFC 7296 3.9 ---- */

static void nonce(void **state)
{
	static const uint8_t bytes[IKE_NONCE_MAX + 1];

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		assert_int_equal(ike_nonce_check(cur_of(bytes, len)),
				 len >= 16 && len <= 256 ? IKE_OK : IKE_E_SYNTAX);
	}
	assert_int_equal(ike_nonce_check((struct cur){ .bad = true }), IKE_E_TRUNCATED);
}

/* ---- ID, RFC 7296 figure 11 ---- */

static enum ike_err parse_id(struct cur body)
{
	uint8_t type;
	struct cur data;

	return ike_id_parse(body, &type, &data);
}

static void id(void **state)
{
	/* clang-format off */
	static const uint8_t body[] = {
		0x02, 0xff, 0xff, 0xff,			/* ID_FQDN; RESERVED */
		'h', 'u', 'b', '.', 'e', 'x',		/* identification data */
	};
	/* clang-format on */
	uint8_t type;
	struct cur data;

	(void)state;
	assert_int_equal(ike_id_parse(CUR(body), &type, &data), IKE_OK);
	assert_int_equal(type, IKE_ID_FQDN);
	assert_ptr_equal(data.p, body + 4);
	assert_int_equal(data.left, 6);
	check_prefixes(cur_of(body, 5), parse_id);
}

static const struct body_row id_rows[] = {
	{ "nothing", IKE_E_TRUNCATED, BYTES(IKE_ID_FQDN) },
	{ "three bytes", IKE_E_TRUNCATED, BYTES(IKE_ID_FQDN, 0, 0) },
	{ "IPv4", IKE_OK, BYTES(IKE_ID_IPV4_ADDR, 0, 0, 0, 10, 0, 0, 1) },
	{ "IPv4 of 0", IKE_E_SYNTAX, BYTES(IKE_ID_IPV4_ADDR, 0, 0, 0) },
	{ "IPv4 of 3", IKE_E_SYNTAX, BYTES(IKE_ID_IPV4_ADDR, 0, 0, 0, 10, 0, 0) },
	{ "IPv4 of 5", IKE_E_SYNTAX, BYTES(IKE_ID_IPV4_ADDR, 0, 0, 0, 10, 0, 0, 1, 2) },
	{ "IPv6", IKE_OK,
	  BYTES(IKE_ID_IPV6_ADDR, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		1) },
	{ "IPv6 of 4", IKE_E_SYNTAX, BYTES(IKE_ID_IPV6_ADDR, 0, 0, 0, 10, 0, 0, 1) },
	{ "IPv6 of 17", IKE_E_SYNTAX,
	  BYTES(IKE_ID_IPV6_ADDR, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
	{ "FQDN of 0", IKE_E_SYNTAX, BYTES(IKE_ID_FQDN, 0, 0, 0) },
	{ "FQDN with NUL inside", IKE_E_SYNTAX, BYTES(IKE_ID_FQDN, 0, 0, 0, 'a', 0, 'b') },
	{ "FQDN with NUL behind", IKE_E_SYNTAX, BYTES(IKE_ID_FQDN, 0, 0, 0, 'a', 0) },
	{ "FQDN with CR", IKE_E_SYNTAX, BYTES(IKE_ID_FQDN, 0, 0, 0, 'a', '\r') },
	{ "address with LF", IKE_E_SYNTAX, BYTES(IKE_ID_RFC822_ADDR, 0, 0, 0, '\n', '@', 'b') },
	{ "address in UTF-8", IKE_OK, BYTES(IKE_ID_RFC822_ADDR, 0, 0, 0, 0xc3, 0xa4, '@', 'b') },
	{ "address of 0", IKE_E_SYNTAX, BYTES(IKE_ID_RFC822_ADDR, 0, 0, 0) },
	{ "KEY_ID of zeroes", IKE_OK, BYTES(IKE_ID_KEY_ID, 0, 0, 0, 0, 0) },
	{ "KEY_ID of 0", IKE_E_SYNTAX, BYTES(IKE_ID_KEY_ID, 0, 0, 0) },
	{ "DN", IKE_OK, BYTES(IKE_ID_DER_ASN1_DN, 0, 0, 0, 0x30, 0) },
	{ "GN", IKE_OK, BYTES(IKE_ID_DER_ASN1_GN, 0, 0, 0, 0x82, 0) },
	{ "type 0", IKE_E_SYNTAX, BYTES(0, 0, 0, 0, 1) },
	{ "type 255", IKE_OK, BYTES(255, 0, 0, 0, 1) },
	{ "type 255 of 0", IKE_E_SYNTAX, BYTES(255, 0, 0, 0) },
};

static void id_types(void **state)
{
	(void)state;
	check_rows(id_rows, ARRAY_LEN(id_rows), parse_id);
}

/* ---- AUTH, RFC 7296 figure 14 ---- */

static enum ike_err parse_auth(struct cur body)
{
	uint8_t method;
	struct cur data;

	return ike_auth_parse(body, &method, &data);
}

static void auth(void **state)
{
	/* clang-format off */
	static const uint8_t body[] = {
		0x02, 0xff, 0xff, 0xff,	/* shared key; RESERVED */
		0x99, 0x98,		/* authentication data */
	};
	/* clang-format on */
	uint8_t method;
	struct cur data;

	(void)state;
	assert_int_equal(ike_auth_parse(CUR(body), &method, &data), IKE_OK);
	assert_int_equal(method, IKE_AUTH_PSK);
	assert_ptr_equal(data.p, body + 4);
	assert_int_equal(data.left, 2);
	check_prefixes(cur_of(body, 5), parse_auth);
	assert_int_equal(parse_auth(cur_of(body, 3)), IKE_E_TRUNCATED);
	assert_int_equal(parse_auth(cur_of(body, 4)), IKE_E_SYNTAX); /* CVE-2012-2388's cousin */
}

/* ---- Notify, RFC 7296 figure 16 ---- */

static enum ike_err parse_notify(struct cur body)
{
	struct ike_notify notify;

	return ike_notify_parse(body, &notify);
}

static void notify(void **state)
{
	/* clang-format off */
	static const uint8_t body[] = {
		0x03, 0x04, 0x00, 0x2c,	/* ESP, SPI size 4, CHILD_SA_NOT_FOUND */
		0xc0, 0xff, 0xee, 0x01,	/* SPI */
		0x64,			/* notification data */
	};
	/* clang-format on */
	struct ike_notify out;

	(void)state;
	assert_int_equal(ike_notify_parse(CUR(body), &out), IKE_OK);
	assert_int_equal(out.protocol, IKE_PROTO_ESP);
	assert_int_equal(out.type, IKE_N_CHILD_SA_NOT_FOUND);
	assert_ptr_equal(out.spi.p, body + 4);
	assert_int_equal(out.spi.left, 4);
	assert_ptr_equal(out.data.p, body + 8);
	assert_int_equal(out.data.left, 1);
	check_prefixes(cur_of(body, 8), parse_notify);
}

static const struct body_row notify_rows[] = {
	{ "three bytes", IKE_E_TRUNCATED, BYTES(0, 0, 0) },
	{ "no SPI, no data", IKE_OK, BYTES(0, 0, 0x40, 7) },
	{ "any protocol without an SPI", IKE_OK, BYTES(200, 0, 0x40, 7) },
	{ "unknown error", IKE_OK, BYTES(0, 0, 0x3f, 0xff) },
	{ "unknown status", IKE_OK, BYTES(0, 0, 0xff, 0xff, 1) },
	{ "SPI size 1", IKE_E_SYNTAX, BYTES(3, 1, 0, 44, 9) },
	{ "SPI size 3", IKE_E_SYNTAX, BYTES(3, 3, 0, 44, 9, 9, 9) },
	{ "SPI size 5", IKE_E_SYNTAX, BYTES(3, 5, 0, 44, 9, 9, 9, 9, 9) },
	{ "SPI size 16", IKE_E_SYNTAX,
	  BYTES(1, 16, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16) },
	{ "SPI size 255", IKE_E_SYNTAX, BYTES(3, 255, 0, 44, 1) },
	{ "SPI size 4 of 3", IKE_E_TRUNCATED, BYTES(3, 4, 0, 44, 9, 9, 9) },
	{ "SPI size 8 of 7", IKE_E_TRUNCATED, BYTES(1, 8, 0, 11, 1, 2, 3, 4, 5, 6, 7) },
	{ "SPI size 8", IKE_OK, BYTES(1, 8, 0, 11, 1, 2, 3, 4, 5, 6, 7, 8) },
	{ "rekey of ESP", IKE_OK, BYTES(3, 4, 0x40, 9, 1, 2, 3, 4) },
	{ "rekey of AH", IKE_OK, BYTES(2, 4, 0x40, 9, 1, 2, 3, 4) },
	{ "rekey of nothing", IKE_E_SYNTAX, BYTES(3, 0, 0x40, 9) },
};

static void notify_errors(void **state)
{
	struct ike_notify out;

	(void)state;
	check_rows(notify_rows, ARRAY_LEN(notify_rows), parse_notify);
	/* RFC 7296 3.10: without an SPI the protocol is not looked at */
	assert_int_equal(ike_notify_parse(cur_of((uint8_t[]){ 200, 0, 0x40, 7 }, 4), &out), IKE_OK);
	assert_int_equal(out.protocol, IKE_PROTO_NONE);
	assert_int_equal(out.spi.left, 0);
	assert_int_equal(out.data.left, 0);
	assert_non_null(out.data.p);
}

/* ---- Delete, RFC 7296 figure 17 ---- */

static enum ike_err parse_delete(struct cur body)
{
	struct ike_delete del;

	return ike_delete_parse(body, &del);
}

static void delete (void **state)
{
	/* clang-format off */
	static const uint8_t body[] = {
		0x03, 0x04, 0x00, 0x02,	/* ESP, SPI size 4, two of them */
		0xc0, 0xff, 0xee, 0x01,
		0xc0, 0xff, 0xee, 0x02,
	};
	/* clang-format on */
	struct ike_delete out;

	(void)state;
	assert_int_equal(ike_delete_parse(CUR(body), &out), IKE_OK);
	assert_int_equal(out.protocol, IKE_PROTO_ESP);
	assert_int_equal(out.count, 2);
	assert_ptr_equal(out.spis.p, body + 4);
	assert_int_equal(out.spis.left, 8);
	check_prefixes(CUR(body), parse_delete);
}

static const struct body_row delete_rows[] = {
	{ "three bytes", IKE_E_TRUNCATED, BYTES(1, 0, 0) },
	{ "the IKE SA", IKE_OK, BYTES(1, 0, 0, 0) },
	{ "the IKE SA, with a count", IKE_E_SYNTAX, BYTES(1, 0, 0, 1) },
	{ "the IKE SA, with its SPI", IKE_E_SYNTAX, BYTES(1, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8) },
	{ "the IKE SA, and a byte", IKE_E_LENGTH, BYTES(1, 0, 0, 0, 0) },
	{ "no Child SA", IKE_OK, BYTES(3, 4, 0, 0) },
	{ "AH", IKE_OK, BYTES(2, 4, 0, 1, 1, 2, 3, 4) },
	{ "one SPI, room for two", IKE_E_LENGTH, BYTES(3, 4, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8) },
	{ "two SPIs, room for one", IKE_E_TRUNCATED, BYTES(3, 4, 0, 2, 1, 2, 3, 4) },
	{ "SPI size 0 for ESP", IKE_E_SYNTAX, BYTES(3, 0, 0, 1) },
	{ "SPI size 0, 65535 of them", IKE_E_SYNTAX, BYTES(3, 0, 0xff, 0xff) },
	{ "SPI size 8 for ESP", IKE_E_SYNTAX, BYTES(3, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8) },
	{ "SPI size 2", IKE_E_SYNTAX, BYTES(3, 2, 0, 1, 1, 2) },
	{ "protocol 0", IKE_E_SYNTAX, BYTES(0, 0, 0, 0) },
	{ "protocol 0, with an SPI", IKE_E_SYNTAX, BYTES(0, 4, 0, 1, 1, 2, 3, 4) },
	{ "protocol 4", IKE_E_SYNTAX, BYTES(4, 4, 0, 1, 1, 2, 3, 4) },
	{ "more than we keep", IKE_E_TOO_MANY, BYTES(3, 4, 0, IKE_SPIS_MAX + 1, 1, 2, 3, 4) },
	{ "65535 SPIs", IKE_E_TOO_MANY, BYTES(3, 4, 0xff, 0xff, 1, 2, 3, 4) },
};

static void delete_errors(void **state)
{
	uint8_t most[4 + IKE_SPIS_MAX * 4] = { 3, 4, 0, IKE_SPIS_MAX };

	(void)state;
	check_rows(delete_rows, ARRAY_LEN(delete_rows), parse_delete);
	assert_int_equal(parse_delete(CUR(most)), IKE_OK);
}

/* ---- TS, RFC 7296 figures 19 and 20 ---- */

static enum ike_err parse_ts(struct cur body)
{
	struct ike_ts_list list;

	return ike_ts_parse(body, &list);
}

/* clang-format off */

/* GRE from one host; UDP 500 to 4500 from a prefix; and a label, which nobody knows */
static const uint8_t ts_body[] = {
	0x03, 0xff, 0xff, 0xff,			/* three selectors; RESERVED */
	0x07, 0x2f, 0x00, 0x10,			/* TS_IPV4_ADDR_RANGE, 47, length 16 */
	0x00, 0x00, 0xff, 0xff,			/* all ports */
	192, 0, 2, 1,	192, 0, 2, 1,		/* starting and ending address */
	0x0a, 0x00, 0x00, 0x07,			/* TS_SECLABEL, length 7 */
	'a', 'b', 'c',
	0x08, 0x11, 0x00, 0x28,			/* TS_IPV6_ADDR_RANGE, 17, length 40 */
	0x01, 0xf4, 0x11, 0x94,			/* ports 500 to 4500 */
	0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00,
	0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
};

/* clang-format on */

static void ts(void **state)
{
	struct ike_ts_list list;
	struct addr host = addr_ip4(192, 0, 2, 1);

	(void)state;
	assert_int_equal(ike_ts_parse(CUR(ts_body), &list), IKE_OK);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.item[0].protocol, IP_PROTO_GRE);
	assert_int_equal(list.item[0].port_start, 0);
	assert_int_equal(list.item[0].port_end, 65535);
	assert_true(addr_eq(&list.item[0].start, &host));
	assert_true(addr_eq(&list.item[0].end, &host));
	assert_int_equal(list.item[1].protocol, 17);
	assert_int_equal(list.item[1].port_start, 500);
	assert_int_equal(list.item[1].port_end, 4500);
	assert_int_equal(list.item[1].start.family, ADDR_IP6);
	assert_int_equal(list.item[1].end.b[15], 0xff);
	check_prefixes(CUR(ts_body), parse_ts);
}

#define GRE16 7, 47, 0, 16, 0, 0, 0xff, 0xff
#define HOST  10, 0, 0, 1

static const struct body_row ts_rows[] = {
	{ "three bytes", IKE_E_TRUNCATED, BYTES(1, 0, 0) },
	{ "no selector", IKE_E_SYNTAX, BYTES(0, 0, 0, 0) },
	{ "no selector, yet one", IKE_E_SYNTAX, BYTES(0, 0, 0, 0, GRE16, HOST, HOST) },
	{ "one", IKE_OK, BYTES(1, 0, 0, 0, GRE16, HOST, HOST) },
	{ "one, and there are two", IKE_E_LENGTH,
	  BYTES(1, 0, 0, 0, GRE16, HOST, HOST, GRE16, HOST, HOST) },
	{ "two, and there is one", IKE_E_TRUNCATED, BYTES(2, 0, 0, 0, GRE16, HOST, HOST) },
	{ "one, and a byte", IKE_E_LENGTH, BYTES(1, 0, 0, 0, GRE16, HOST, HOST, 0) },
	{ "over the limit", IKE_E_TOO_MANY, BYTES(IKE_TS_MAX + 1, 0, 0, 0, GRE16, HOST, HOST) },
	{ "255 selectors", IKE_E_TOO_MANY, BYTES(255, 0, 0, 0, GRE16, HOST, HOST) },
	{ "half a selector header", IKE_E_TRUNCATED, BYTES(1, 0, 0, 0, 7, 47) },
	{ "length 0", IKE_E_LENGTH, BYTES(1, 0, 0, 0, 7, 47, 0, 0) },
	{ "length 3", IKE_E_LENGTH, BYTES(1, 0, 0, 0, 7, 47, 0, 3) },
	{ "length 4", IKE_E_LENGTH, BYTES(1, 0, 0, 0, 7, 47, 0, 4) },
	{ "length past the end", IKE_E_TRUNCATED, BYTES(1, 0, 0, 0, 7, 47, 0, 9, 0, 0, 0, 0) },
	{ "IPv4 of 15", IKE_E_LENGTH,
	  BYTES(1, 0, 0, 0, 7, 47, 0, 15, 0, 0, 0xff, 0xff, 10, 0, 0, 1, 10, 0, 0) },
	{ "IPv4 of 17", IKE_E_LENGTH,
	  BYTES(1, 0, 0, 0, 7, 47, 0, 17, 0, 0, 0xff, 0xff, HOST, HOST, 0) },
	{ "IPv6 of 16", IKE_E_LENGTH,
	  BYTES(1, 0, 0, 0, 8, 47, 0, 16, 0, 0, 0xff, 0xff, HOST, HOST) },
	{ "addresses the wrong way round", IKE_E_SYNTAX,
	  BYTES(1, 0, 0, 0, GRE16, 10, 0, 0, 2, 10, 0, 0, 1) },
	{ "ports the wrong way round", IKE_E_SYNTAX,
	  BYTES(1, 0, 0, 0, 7, 17, 0, 16, 0, 2, 0, 1, HOST, HOST) },
	{ "ports OPAQUE", IKE_OK, BYTES(1, 0, 0, 0, 7, 17, 0, 16, 0xff, 0xff, 0, 0, HOST, HOST) },
	{ "ports nearly OPAQUE", IKE_E_SYNTAX,
	  BYTES(1, 0, 0, 0, 7, 17, 0, 16, 0xff, 0xff, 0, 1, HOST, HOST) },
	{ "only an unknown type", IKE_OK, BYTES(1, 0, 0, 0, 9, 0, 0, 4) },
	{ "unknown type of length 3", IKE_E_LENGTH, BYTES(1, 0, 0, 0, 9, 0, 0, 3) },
	{ "unknown type past the end", IKE_E_TRUNCATED, BYTES(1, 0, 0, 0, 9, 0, 0, 5) },
};

static void ts_errors(void **state)
{
	struct ike_ts_list list;

	(void)state;
	check_rows(ts_rows, ARRAY_LEN(ts_rows), parse_ts);
	/* RFC 7296 2.9: a selector of an unknown type is ignored */
	assert_int_equal(ike_ts_parse(cur_of((uint8_t[]){ 1, 0, 0, 0, 9, 0, 0, 4 }, 8), &list),
			 IKE_OK);
	assert_int_equal(list.count, 0);
}

static void ts_as_many_as_there_may_be(void **state)
{
	static const uint8_t one[] = { GRE16, HOST, HOST };
	uint8_t bytes[4 + IKE_TS_MAX * sizeof(one)] = { IKE_TS_MAX };
	struct ike_ts_list list;

	(void)state;
	for (size_t i = 0; i < IKE_TS_MAX; i++)
		memcpy(bytes + 4 + i * sizeof(one), one, sizeof(one));
	assert_int_equal(ike_ts_parse(CUR(bytes), &list), IKE_OK);
	assert_int_equal(list.count, IKE_TS_MAX);
}

/* CVE-2009-1958 and its like: what is not there has no content, whoever asks. */
static void absent(void **state)
{
	struct ike_msg msg;
	struct ike_chain chain = { 0 };
	struct ike_proposals proposals;

	(void)state;
	assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
	assert_int_equal(ike_sa_parse(msg.sa, &proposals), IKE_E_TRUNCATED);
	assert_int_equal(parse_ke(msg.ke), IKE_E_TRUNCATED);
	assert_int_equal(ike_nonce_check(msg.nonce), IKE_E_SYNTAX);
	assert_int_equal(parse_id(msg.idi), IKE_E_TRUNCATED);
	assert_int_equal(parse_auth(msg.auth), IKE_E_TRUNCATED);
	assert_int_equal(parse_ts(msg.tsi), IKE_E_TRUNCATED);
	assert_int_equal(parse_notify(msg.sk), IKE_E_TRUNCATED);
	assert_int_equal(parse_delete(msg.sk), IKE_E_TRUNCATED);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ke),
		cmocka_unit_test(nonce),
		cmocka_unit_test(id),
		cmocka_unit_test(id_types),
		cmocka_unit_test(auth),
		cmocka_unit_test(notify),
		cmocka_unit_test(notify_errors),
		cmocka_unit_test(delete),
		cmocka_unit_test(delete_errors),
		cmocka_unit_test(ts),
		cmocka_unit_test(ts_errors),
		cmocka_unit_test(ts_as_many_as_there_may_be),
		cmocka_unit_test(absent),
	};

	return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
