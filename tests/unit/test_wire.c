/*
 * tests/unit/test_wire.c - the IKE header, payload chains, and messages sorted out.  RFC 7296 3.1,
 * 3.2, 3.14, 2.5.
 */
#include "tests/unit/wire_test.h"

/* clang-format off */

/* RFC 7296 figure 4 */
static const uint8_t header[] = {
	0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,	/* IKE SA initiator's SPI */
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,	/* IKE SA responder's SPI */
	0x2e, 0x20, 0x23, 0x08,				/* next SK, 2.0, IKE_AUTH, initiator */
	0x00, 0x00, 0x00, 0x01,				/* message ID */
	0x00, 0x00, 0x00, 0x1c,				/* length: 28 */
};

/* A chain of three, RFC 7296 figure 5: Nonce, Notify, Vendor ID */
static const uint8_t chain3[] = {
	0x29, 0x00, 0x00, 0x14,				/* next Notify, not critical, 20 bytes */
	0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,	/* nonce */
	0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
	0x2b, 0x00, 0x00, 0x08,				/* next Vendor ID, 8 bytes */
	0x00, 0x00, 0x40, 0x07,				/* USE_TRANSPORT_MODE */
	0x00, 0x00, 0x00, 0x04,				/* nothing next, empty */
};

/* clang-format on */

/* ---- header ---- */

static void header_fields(void **state)
{
	struct ike_hdr hdr;

	(void)state;
	assert_int_equal(ike_hdr_parse(CUR(header), &hdr), IKE_OK);
	assert_true(hdr.spi_i == 0x0102030405060708u);
	assert_true(hdr.spi_r == 0x1112131415161718u);
	assert_int_equal(hdr.next, IKE_PL_SK);
	assert_int_equal(hdr.major, 2);
	assert_int_equal(hdr.minor, 0);
	assert_int_equal(hdr.exchange, IKE_X_AUTH);
	assert_int_equal(hdr.flags, IKE_FLAG_INIT);
	assert_int_equal(hdr.mid, 1);
	assert_int_equal(hdr.length, 28);
}

/* A header with one byte changed. */
static enum ike_err header_with(size_t at, uint8_t byte, struct ike_hdr *hdr)
{
	uint8_t copy[sizeof(header)];

	memcpy(copy, header, sizeof(copy));
	copy[at] = byte;
	return ike_hdr_parse(CUR(copy), hdr);
}

static void header_version(void **state)
{
	struct ike_hdr hdr;

	(void)state;
	assert_int_equal(header_with(17, 0x2f, &hdr), IKE_OK); /* minor 15: 2.5 */
	assert_int_equal(hdr.minor, 15);
	for (unsigned major = 0; major < 16; major++) {
		enum ike_err want = major == 2 ? IKE_OK : IKE_E_VERSION;

		assert_int_equal(header_with(17, (uint8_t)(major << 4), &hdr), want);
		assert_int_equal(hdr.major, major);
		assert_true(hdr.spi_i == 0x0102030405060708u); /* for INVALID_MAJOR_VERSION */
		assert_int_equal(hdr.mid, 1);
	}
}

/* "X" bits and the version bit come through and harm nothing, as do any exchange and payload. */
static void header_leaves_the_rest_alone(void **state)
{
	struct ike_hdr hdr;

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		assert_int_equal(header_with(19, (uint8_t)byte, &hdr), IKE_OK);
		assert_int_equal(hdr.flags, byte);
		assert_int_equal(header_with(18, (uint8_t)byte, &hdr), IKE_OK);
		assert_int_equal(hdr.exchange, byte);
		assert_int_equal(header_with(16, (uint8_t)byte, &hdr), IKE_OK);
		assert_int_equal(hdr.next, byte);
	}
}

static void header_truncated(void **state)
{
	struct ike_hdr hdr;

	(void)state;
	for (size_t len = 0; len < sizeof(header); len++) {
		struct cur prefix = exact(header, len);

		assert_int_equal(ike_hdr_parse(prefix, &hdr), IKE_E_TRUNCATED);
		free_exact(prefix);
	}
}

static void header_length(void **state)
{
	static const uint32_t wrong[] = { 0, 4, 27, 29, 0x1c000000, UINT32_MAX };
	struct ike_hdr hdr;
	uint8_t copy[sizeof(header)];
	struct buf buf = { .p = copy, .len = sizeof(copy), .cap = sizeof(copy) };

	(void)state;
	memcpy(copy, header, sizeof(copy));
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		buf_patch32(&buf, 24, wrong[i]);
		assert_int_equal(ike_hdr_parse(CUR(copy), &hdr), IKE_E_LENGTH);
	}
}

static void header_too_long(void **state)
{
	static uint8_t big[IKE_MESSAGE_MAX + 1];
	struct buf buf = { .p = big, .len = sizeof(big), .cap = sizeof(big) };
	struct ike_hdr hdr;

	(void)state;
	memcpy(big, header, sizeof(header));
	buf_patch32(&buf, 24, IKE_MESSAGE_MAX);
	assert_int_equal(ike_hdr_parse(cur_of(big, IKE_MESSAGE_MAX), &hdr), IKE_OK);
	buf_patch32(&buf, 24, IKE_MESSAGE_MAX + 1);
	assert_int_equal(ike_hdr_parse(cur_of(big, sizeof(big)), &hdr), IKE_E_TOO_LONG);
}

/* ---- chains ---- */

static void chain_of_three(void **state)
{
	struct ike_chain chain;

	(void)state;
	assert_int_equal(ike_chain_parse(CUR(chain3), IKE_PL_NONCE, &chain), IKE_OK);
	assert_int_equal(chain.count, 3);
	assert_int_equal(chain.item[0].type, IKE_PL_NONCE);
	assert_int_equal(chain.item[0].next, IKE_PL_NOTIFY);
	assert_false(chain.item[0].critical);
	assert_ptr_equal(chain.item[0].body.p, chain3 + 4);
	assert_int_equal(chain.item[0].body.left, 16);
	assert_int_equal(chain.item[1].type, IKE_PL_NOTIFY);
	assert_ptr_equal(chain.item[1].body.p, chain3 + 24);
	assert_int_equal(chain.item[1].body.left, 4);
	assert_int_equal(chain.item[2].type, IKE_PL_VENDOR);
	assert_int_equal(chain.item[2].body.left, 0);
	assert_non_null(chain.item[2].body.p);
}

static void chain_empty(void **state)
{
	struct ike_chain chain;

	(void)state;
	assert_int_equal(ike_chain_parse(cur_of(NULL, 0), IKE_PL_NONE, &chain), IKE_OK);
	assert_int_equal(chain.count, 0);
	assert_int_equal(ike_chain_parse(cur_of(NULL, 0), IKE_PL_SA, &chain), IKE_E_TRUNCATED);
	assert_int_equal(ike_chain_parse(CUR(chain3), IKE_PL_NONE, &chain), IKE_E_TRAILING);
	assert_int_equal(ike_chain_parse((struct cur){ .bad = true }, IKE_PL_NONE, &chain),
			 IKE_E_TRUNCATED);
}

static enum ike_err parse_chain3(struct cur in)
{
	struct ike_chain chain;

	return ike_chain_parse(in, IKE_PL_NONCE, &chain);
}

static void chain_truncated(void **state)
{
	(void)state;
	check_prefixes(CUR(chain3), parse_chain3);
}

static const struct body_row chain_rows[] = {
	{ "length 0", IKE_E_LENGTH, BYTES(0, 0, 0, 0) },
	{ "length 3", IKE_E_LENGTH, BYTES(0, 0, 0, 3) },
	{ "length 4", IKE_OK, BYTES(0, 0, 0, 4) },
	{ "length one past the end", IKE_E_TRUNCATED, BYTES(0, 0, 0, 5) },
	{ "length 65535", IKE_E_TRUNCATED, BYTES(0, 0, 0xff, 0xff) },
	{ "a byte after the last", IKE_E_TRAILING, BYTES(0, 0, 0, 4, 0) },
	{ "a whole payload after the last", IKE_E_TRAILING, BYTES(0, 0, 0, 4, 0, 0, 0, 4) },
	{ "a next that is not there", IKE_E_TRUNCATED, BYTES(41, 0, 0, 4) },
	{ "half a header", IKE_E_TRUNCATED, BYTES(41, 0, 0, 4, 0, 0) },
	{ "reserved bits", IKE_OK, BYTES(43, 0x7f, 0, 4, 0, 0x55, 0, 4) },
	{ "critical, but known", IKE_OK, BYTES(43, 0x80, 0, 4, 0, 0xff, 0, 4) },
};

static void chain_errors(void **state)
{
	(void)state;
	check_rows(chain_rows, ARRAY_LEN(chain_rows), parse_chain3);
}

/* Conformance 1.1.4.1 and 1.1.4.2: types 1, 32, 49 and 255. */
static void chain_unknown_types(void **state)
{
	static const uint8_t unknown[] = { 1, 32, 49, 255 };
	struct ike_chain chain;
	struct ike_msg msg;

	(void)state;
	for (size_t i = 0; i < sizeof(unknown); i++) {
		uint8_t type = unknown[i];
		uint8_t bytes[] = { type, 0, 0, 4, 0, 0, 0, 6, 0xde, 0xad };

		assert_int_equal(ike_chain_parse(CUR(bytes), IKE_PL_IDI, &chain), IKE_OK);
		assert_int_equal(chain.count, 2);
		assert_int_equal(chain.item[1].type, type);
		assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
		assert_non_null(msg.idi.p);
		bytes[5] = 0x80;
		assert_int_equal(ike_chain_parse(CUR(bytes), IKE_PL_IDI, &chain), IKE_E_CRITICAL);
		assert_int_equal(chain.critical_type, type);
	}
}

/* All other 256: known ones may be critical, the rest may not. */
static void chain_critical_bit(void **state)
{
	static const uint8_t empty[] = { 0, 0x80, 0, 4 };
	struct ike_chain chain;

	(void)state;
	for (unsigned type = 1; type < 256; type++) {
		bool known = (type >= IKE_PL_SA && type <= IKE_PL_EAP) || type == IKE_PL_SKF;

		assert_int_equal(ike_chain_parse(CUR(empty), (uint8_t)type, &chain),
				 known ? IKE_OK : IKE_E_CRITICAL);
		assert_int_equal(chain.critical_type, known ? 0 : type);
	}
}

/* RFC 7296 3.14, RFC 7383 2.5: the next payload is inside. */
static void chain_ends_with_sk(void **state)
{
	static const uint8_t types[] = { IKE_PL_SK, IKE_PL_SKF };
	struct ike_chain chain;
	struct ike_msg msg;

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++) {
		const uint8_t bytes[] = { types[i],   0, 0, 8, 0, 0, 0x40, 0,
					  IKE_PL_IDI, 0, 0, 6, 1, 2, 3 };

		assert_int_equal(ike_chain_parse(cur_of(bytes, 14), IKE_PL_NOTIFY, &chain), IKE_OK);
		assert_int_equal(chain.count, 2);
		assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
		assert_int_equal(msg.sk_next, IKE_PL_IDI);
		assert_ptr_equal(types[i] == IKE_PL_SK ? msg.sk.p : msg.skf.p, bytes + 12);
		assert_null(types[i] == IKE_PL_SK ? msg.skf.p : msg.sk.p);
		assert_int_equal(ike_chain_parse(CUR(bytes), IKE_PL_NOTIFY, &chain),
				 IKE_E_TRAILING);
	}
}

static void chain_too_many(void **state)
{
	uint8_t bytes[(IKE_PAYLOADS_MAX + 1) * 4] = { 0 };
	struct ike_chain chain;

	(void)state;
	for (size_t i = 0; i <= IKE_PAYLOADS_MAX; i++) {
		bytes[i * 4] = IKE_PL_VENDOR;
		bytes[i * 4 + 3] = 4;
	}
	bytes[sizeof(bytes) - 4] = 0;
	assert_int_equal(ike_chain_parse(CUR(bytes), IKE_PL_VENDOR, &chain), IKE_E_TOO_MANY);
	bytes[sizeof(bytes) - 8] = 0;
	assert_int_equal(ike_chain_parse(cur_of(bytes, sizeof(bytes) - 4), IKE_PL_VENDOR, &chain),
			 IKE_OK);
	assert_int_equal(chain.count, IKE_PAYLOADS_MAX);
}

/* ---- messages ---- */

/* A chain of payloads of one type, each with the body `body`. */
static enum ike_err collect(uint8_t type, size_t count, struct cur body, struct ike_msg *msg)
{
	struct ike_chain chain = { .count = (uint8_t)count };

	assert_true(count <= IKE_PAYLOADS_MAX);
	for (size_t i = 0; i < count; i++)
		chain.item[i] = (struct ike_payload){ .type = type, .body = body };
	return ike_msg_collect(&chain, msg);
}

static const struct {
	uint8_t type;
	size_t at;
} once[] = {
	{ IKE_PL_SA, offsetof(struct ike_msg, sa) },
	{ IKE_PL_KE, offsetof(struct ike_msg, ke) },
	{ IKE_PL_NONCE, offsetof(struct ike_msg, nonce) },
	{ IKE_PL_IDI, offsetof(struct ike_msg, idi) },
	{ IKE_PL_IDR, offsetof(struct ike_msg, idr) },
	{ IKE_PL_AUTH, offsetof(struct ike_msg, auth) },
	{ IKE_PL_TSI, offsetof(struct ike_msg, tsi) },
	{ IKE_PL_TSR, offsetof(struct ike_msg, tsr) },
	{ IKE_PL_SK, offsetof(struct ike_msg, sk) },
	{ IKE_PL_SKF, offsetof(struct ike_msg, skf) },
};

static struct cur slot_of(const struct ike_msg *msg, size_t i)
{
	struct cur slot;

	memcpy(&slot, (const char *)msg + once[i].at, sizeof(slot));
	return slot;
}

static void collect_once(void **state)
{
	struct cur body = cur_of("any", 3);
	struct ike_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(once); i++) {
		assert_int_equal(collect(once[i].type, 1, body, &msg), IKE_OK);
		for (size_t k = 0; k < ARRAY_LEN(once); k++) {
			assert_ptr_equal(slot_of(&msg, k).p, i == k ? body.p : NULL);
			assert_int_equal(slot_of(&msg, k).left, i == k ? 3 : 0);
		}
		assert_int_equal(collect(once[i].type, 2, body, &msg), IKE_E_DUPLICATE);
		/* an empty one counts as much */
		assert_int_equal(collect(once[i].type, 2, cur_of("", 0), &msg), IKE_E_DUPLICATE);
	}
}

static void collect_lists(void **state)
{
	static const uint8_t notify[] = { 0, 0, 0x40, 0x07 };
	static const uint8_t del[] = { 1, 0, 0, 0 };
	struct ike_msg msg;

	(void)state;
	assert_int_equal(collect(IKE_PL_CERT, IKE_CERTS_MAX, CUR(del), &msg), IKE_OK);
	assert_int_equal(msg.cert_count, IKE_CERTS_MAX);
	assert_ptr_equal(msg.cert[IKE_CERTS_MAX - 1].p, del);
	assert_int_equal(collect(IKE_PL_CERT, IKE_CERTS_MAX + 1, CUR(del), &msg), IKE_E_TOO_MANY);
	assert_int_equal(collect(IKE_PL_CERTREQ, IKE_CERTS_MAX, CUR(del), &msg), IKE_OK);
	assert_int_equal(msg.certreq_count, IKE_CERTS_MAX);
	assert_int_equal(collect(IKE_PL_CERTREQ, IKE_CERTS_MAX + 1, CUR(del), &msg),
			 IKE_E_TOO_MANY);
	assert_int_equal(collect(IKE_PL_NOTIFY, IKE_NOTIFIES_MAX, CUR(notify), &msg), IKE_OK);
	assert_int_equal(msg.notify_count, IKE_NOTIFIES_MAX);
	assert_int_equal(collect(IKE_PL_NOTIFY, IKE_NOTIFIES_MAX + 1, CUR(notify), &msg),
			 IKE_E_TOO_MANY);
	assert_int_equal(collect(IKE_PL_DELETE, IKE_DELETES_MAX, CUR(del), &msg), IKE_OK);
	assert_int_equal(msg.delete_count, IKE_DELETES_MAX);
	assert_int_equal(collect(IKE_PL_DELETE, IKE_DELETES_MAX + 1, CUR(del), &msg),
			 IKE_E_TOO_MANY);
	assert_int_equal(collect(IKE_PL_NOTIFY, 1, cur_of(notify, 3), &msg), IKE_E_TRUNCATED);
	assert_int_equal(collect(IKE_PL_DELETE, 1, cur_of(del, 3), &msg), IKE_E_TRUNCATED);
}

static void collect_skips(void **state)
{
	static const uint8_t skipped[] = { IKE_PL_VENDOR, IKE_PL_CP, IKE_PL_EAP, 1, 32, 49, 255 };
	struct ike_msg msg;

	(void)state;
	for (size_t i = 0; i < sizeof(skipped); i++) {
		assert_int_equal(collect(skipped[i], IKE_PAYLOADS_MAX, cur_of("x", 1), &msg),
				 IKE_OK);
		for (size_t k = 0; k < ARRAY_LEN(once); k++)
			assert_null(slot_of(&msg, k).p);
		assert_int_equal(msg.notify_count + msg.delete_count, 0);
		assert_int_equal(msg.cert_count + msg.certreq_count, 0);
	}
}

/* RFC 7296 2.5: "MUST NOT reject as invalid a message with those payloads in any other order." */
static void collect_in_any_order(void **state)
{
	static const uint8_t order[][3] = {
		{ IKE_PL_SA, IKE_PL_KE, IKE_PL_NONCE }, { IKE_PL_SA, IKE_PL_NONCE, IKE_PL_KE },
		{ IKE_PL_KE, IKE_PL_SA, IKE_PL_NONCE }, { IKE_PL_KE, IKE_PL_NONCE, IKE_PL_SA },
		{ IKE_PL_NONCE, IKE_PL_SA, IKE_PL_KE }, { IKE_PL_NONCE, IKE_PL_KE, IKE_PL_SA },
	};
	struct ike_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		struct ike_chain chain = { .count = 3 };

		for (size_t k = 0; k < 3; k++)
			chain.item[k] = (struct ike_payload){
				.type = order[i][k],
				.body = cur_of("abcdefg", order[i][k] - IKE_PL_SA),
			};
		assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
		assert_non_null(msg.sa.p);
		assert_int_equal(msg.ke.left, 1);
		assert_int_equal(msg.nonce.left, IKE_PL_NONCE - IKE_PL_SA);
	}
}

static void find_notifies(void **state)
{
	/* clang-format off */
	static const uint8_t bytes[] = {
		41, 0, 0, 8,	0, 0, 0x40, 7,		/* USE_TRANSPORT_MODE */
		41, 0, 0, 8,	0, 0, 0, 14,		/* NO_PROPOSAL_CHOSEN */
		41, 0, 0, 9,	0, 0, 0x40, 6, 'c',	/* COOKIE */
		41, 0, 0, 8,	0, 0, 0, 17,		/* INVALID_KE_PAYLOAD */
		0, 0, 0, 9,	0, 0, 0x40, 6, 'd',	/* COOKIE */
	};
	/* clang-format on */
	struct ike_chain chain;
	struct ike_msg msg;

	(void)state;
	assert_int_equal(ike_chain_parse(CUR(bytes), IKE_PL_NOTIFY, &chain), IKE_OK);
	assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
	assert_int_equal(msg.notify_count, 5);
	assert_ptr_equal(ike_msg_notify(&msg, IKE_N_COOKIE), &msg.notify[2]);
	assert_int_equal(msg.notify[2].data.p[0], 'c');
	assert_ptr_equal(ike_msg_notify(&msg, IKE_N_INVALID_KE_PAYLOAD), &msg.notify[3]);
	assert_null(ike_msg_notify(&msg, IKE_N_REKEY_SA));
	assert_ptr_equal(ike_msg_error(&msg), &msg.notify[1]);
	msg.notify_count = 1;
	assert_null(ike_msg_error(&msg));
	/* conformance 1.1.11.5: the last error and the last status type */
	msg.notify[0].type = 16383;
	assert_ptr_equal(ike_msg_error(&msg), &msg.notify[0]);
	msg.notify[0].type = 65535;
	assert_null(ike_msg_error(&msg));
	msg.notify[0].type = IKE_N_STATUS_FIRST;
	assert_null(ike_msg_error(&msg));
}

static void names(void **state)
{
	(void)state;
	assert_string_equal(ike_exchange_name(34), "IKE_SA_INIT");
	assert_string_equal(ike_exchange_name(35), "IKE_AUTH");
	assert_string_equal(ike_exchange_name(36), "CREATE_CHILD_SA");
	assert_string_equal(ike_exchange_name(37), "INFORMATIONAL");
	assert_string_equal(ike_exchange_name(0), "unknown");
	assert_string_equal(ike_exchange_name(255), "unknown");
	assert_string_equal(ike_notify_name(14), "NO_PROPOSAL_CHOSEN");
	assert_string_equal(ike_notify_name(16384), "INITIAL_CONTACT");
	assert_string_equal(ike_notify_name(16430), "IKEV2_FRAGMENTATION_SUPPORTED");
	assert_string_equal(ike_notify_name(0), "unknown");
	assert_string_equal(ike_notify_name(65535), "unknown");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_fields),
		cmocka_unit_test(header_version),
		cmocka_unit_test(header_leaves_the_rest_alone),
		cmocka_unit_test(header_truncated),
		cmocka_unit_test(header_length),
		cmocka_unit_test(header_too_long),
		cmocka_unit_test(chain_of_three),
		cmocka_unit_test(chain_empty),
		cmocka_unit_test(chain_truncated),
		cmocka_unit_test(chain_errors),
		cmocka_unit_test(chain_unknown_types),
		cmocka_unit_test(chain_critical_bit),
		cmocka_unit_test(chain_ends_with_sk),
		cmocka_unit_test(chain_too_many),
		cmocka_unit_test(collect_once),
		cmocka_unit_test(collect_lists),
		cmocka_unit_test(collect_skips),
		cmocka_unit_test(collect_in_any_order),
		cmocka_unit_test(find_notifies),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
