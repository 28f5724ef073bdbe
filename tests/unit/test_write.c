/*
 * tests/unit/test_write.c - messages written: byte for byte as RFC 7296 3 draws them, read back by
 * the parsers, into too little room, and cut short.
 */
#include "tests/unit/wire_test.h"

#include "tests/fuzz/wire_samples.h"

#define ROOM 1024

/* A writer and what it writes to. */
struct pen {
	uint8_t memory[ROOM];
	struct buf buf;
	struct ike_writer w;
};

static void pen_init(struct pen *pen)
{
	pen->buf = buf_of(pen->memory, ROOM);
	ike_w_init(&pen->w, &pen->buf);
}

static void assert_bytes(const struct buf *buf, const void *want, size_t len)
{
	assert_false(buf->bad);
	assert_int_equal(buf->len, len);
	assert_memory_equal(buf->p, want, len);
}

/* The body of the only payload written. */
static struct cur only(const struct ike_writer *w, uint8_t type)
{
	struct ike_chain chain;

	assert_int_equal(w->first, type);
	assert_int_equal(ike_chain_parse(buf_cur(w->buf), w->first, &chain), IKE_OK);
	assert_int_equal(chain.count, 1);
	assert_false(chain.item[0].critical);
	return chain.item[0].body;
}

static void write_sa(void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		0x00, 0x00, 0x00, 0x48,		/* nothing next, length 72 */
		0x02, 0x00, 0x00, 0x1c,		/* more proposals, length 28 */
		0x01, 0x01, 0x08, 0x01,		/* number 1, IKE, SPI size 8, 1 transform */
		1, 2, 3, 4, 5, 6, 7, 8,
		0x00, 0x00, 0x00, 0x0c,		/* the last transform, length 12 */
		0x01, 0x00, 0x00, 0x14,		/* ENCR, AES_GCM_16 */
		0x80, 0x0e, 0x01, 0x00,		/* Key Length 256 */
		0x00, 0x00, 0x00, 0x28,
		0x02, 0x03, 0x04, 0x03,		/* number 2, ESP, SPI size 4, 3 transforms */
		1, 2, 3, 4,
		0x03, 0x00, 0x00, 0x0c,		/* more transforms */
		0x01, 0x00, 0x00, 0x0c,
		0x80, 0x0e, 0x00, 0x80,
		0x03, 0x00, 0x00, 0x08,
		0x03, 0x00, 0x00, 0x0c,
		0x00, 0x00, 0x00, 0x08,
		0x05, 0x00, 0x00, 0x00,
	};
	/* clang-format on */
	static const struct ike_proposals p = {
		.count = 2,
		.item = {
			{ .num = 1, .protocol = IKE_PROTO_IKE, .spi_len = 8,
			  .spi = { 1, 2, 3, 4, 5, 6, 7, 8 }, .count = 1,
			  .item = { { IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 256 } } },
			{ .num = 2, .protocol = IKE_PROTO_ESP, .spi_len = 4,
			  .spi = { 1, 2, 3, 4 }, .count = 3,
			  .item = { { IKE_TT_ENCR, IKE_ENCR_AES_CBC, 128 },
				    { IKE_TT_INTEG, IKE_INTEG_HMAC_SHA2_256_128, 0 },
				    { IKE_TT_ESN, IKE_ESN_NO, 0 } } },
		},
	};
	struct ike_proposals again;
	struct pen pen;

	(void)state;
	pen_init(&pen);
	ike_w_sa(&pen.w, &p);
	assert_bytes(&pen.buf, want, sizeof(want));
	assert_int_equal(ike_sa_parse(only(&pen.w, IKE_PL_SA), &again), IKE_OK);
	assert_true(proposals_eq(&p, &again));
}

static void write_ke_and_nonce(void **state)
{
	static const uint8_t nonce[16] = { 0x5a };
	/* clang-format off */
	static const uint8_t want[] = {
		0x28, 0x00, 0x00, 0x0a,		/* next Nonce, length 10 */
		0x00, 0x1f, 0x00, 0x00,		/* group 31 */
		0xab, 0xcd,
		0x00, 0x00, 0x00, 0x14,
		0x5a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	/* clang-format on */
	struct ike_chain chain;
	struct cur value;
	uint16_t group;
	struct pen pen;

	(void)state;
	pen_init(&pen);
	ike_w_ke(&pen.w, IKE_KE_CURVE25519, cur_of("\xab\xcd", 2));
	ike_w_nonce(&pen.w, CUR(nonce));
	assert_bytes(&pen.buf, want, sizeof(want));
	assert_int_equal(pen.w.first, IKE_PL_KE);
	assert_int_equal(ike_chain_parse(buf_cur(&pen.buf), pen.w.first, &chain), IKE_OK);
	assert_int_equal(chain.count, 2);
	assert_int_equal(ike_ke_parse(chain.item[0].body, &group, &value), IKE_OK);
	assert_int_equal(group, IKE_KE_CURVE25519);
	assert_true(cur_eq(value, cur_of("\xab\xcd", 2)));
	assert_int_equal(ike_nonce_check(chain.item[1].body), IKE_OK);
	assert_true(cur_eq(chain.item[1].body, CUR(nonce)));
}

static void write_id(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 11, 2, 0, 0, 0, 'h', 'u', 'b' };
	struct cur data;
	uint8_t type;
	struct pen pen;

	(void)state;
	pen_init(&pen);
	ike_w_id(&pen.w, IKE_PL_IDR, IKE_ID_FQDN, cur_of("hub", 3));
	assert_bytes(&pen.buf, want, sizeof(want));
	assert_int_equal(ike_id_parse(only(&pen.w, IKE_PL_IDR), &type, &data), IKE_OK);
	assert_int_equal(type, IKE_ID_FQDN);
	assert_true(cur_eq(data, cur_of("hub", 3)));
}

static void write_auth(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 10, 2, 0, 0, 0, 0xca, 0xfe };
	struct cur data;
	uint8_t method;
	struct pen pen;

	(void)state;
	pen_init(&pen);
	ike_w_auth(&pen.w, IKE_AUTH_PSK, cur_of("\xca\xfe", 2));
	assert_bytes(&pen.buf, want, sizeof(want));
	assert_int_equal(ike_auth_parse(only(&pen.w, IKE_PL_AUTH), &method, &data), IKE_OK);
	assert_int_equal(method, IKE_AUTH_PSK);
	assert_true(cur_eq(data, cur_of("\xca\xfe", 2)));
}

static void write_notify(void **state)
{
	static const uint8_t want[] = { 0, 0, 0, 13, 3, 4, 0x40, 9, 1, 2, 3, 4, 'd' };
	static const uint8_t bare[] = { 0, 0, 0, 8, 0, 0, 0x40, 7 };
	struct ike_notify out;
	struct pen pen;

	(void)state;
	pen_init(&pen);
	ike_w_notify(&pen.w, IKE_PROTO_ESP, IKE_N_REKEY_SA, cur_of("\1\2\3\4", 4), cur_of("d", 1));
	assert_bytes(&pen.buf, want, sizeof(want));
	assert_int_equal(ike_notify_parse(only(&pen.w, IKE_PL_NOTIFY), &out), IKE_OK);
	assert_int_equal(out.protocol, IKE_PROTO_ESP);
	assert_int_equal(out.type, IKE_N_REKEY_SA);
	assert_true(cur_eq(out.spi, cur_of("\1\2\3\4", 4)));
	assert_true(cur_eq(out.data, cur_of("d", 1)));

	/* without an SPI the protocol is zero, whatever was asked for: 3.10 */
	pen_init(&pen);
	ike_w_notify(&pen.w, IKE_PROTO_IKE, IKE_N_USE_TRANSPORT_MODE, cur_of(NULL, 0),
		     cur_of(NULL, 0));
	assert_bytes(&pen.buf, bare, sizeof(bare));
}

static void write_delete(void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		0x2a, 0x00, 0x00, 0x10,	0x03, 0x04, 0x00, 0x02, 1, 2, 3, 4, 5, 6, 7, 8,
		0x00, 0x00, 0x00, 0x08,	0x01, 0x00, 0x00, 0x00,
	};
	/* clang-format on */
	struct ike_chain chain;
	struct ike_msg msg;
	struct pen pen;

	(void)state;
	pen_init(&pen);
	ike_w_delete(&pen.w, IKE_PROTO_ESP, cur_of("\1\2\3\4\5\6\7\10", 8));
	ike_w_delete(&pen.w, IKE_PROTO_IKE, cur_of(NULL, 0));
	assert_bytes(&pen.buf, want, sizeof(want));
	assert_int_equal(ike_chain_parse(buf_cur(&pen.buf), pen.w.first, &chain), IKE_OK);
	assert_int_equal(ike_msg_collect(&chain, &msg), IKE_OK);
	assert_int_equal(msg.delete_count, 2);
	assert_int_equal(msg.del[0].protocol, IKE_PROTO_ESP);
	assert_int_equal(msg.del[0].count, 2);
	assert_true(cur_eq(msg.del[0].spis, cur_of("\1\2\3\4\5\6\7\10", 8)));
	assert_int_equal(msg.del[1].protocol, IKE_PROTO_IKE);
	assert_int_equal(msg.del[1].count, 0);
}

static void write_ts(void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		0x00, 0x00, 0x00, 0x40,	0x02, 0x00, 0x00, 0x00,
		0x07, 0x2f, 0x00, 0x10,	0x00, 0x00, 0xff, 0xff,	10, 0, 0, 1,	10, 0, 0, 1,
		0x08, 0x2f, 0x00, 0x28,	0x00, 0x00, 0xff, 0xff,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	};
	/* clang-format on */
	struct ike_ts_list list = { .count = 2 }, again;
	struct pen pen;

	(void)state;
	list.item[0] = (struct ike_ts){ IP_PROTO_GRE, 0, 65535, addr_ip4(10, 0, 0, 1),
					addr_ip4(10, 0, 0, 1) };
	list.item[1] = (struct ike_ts){ IP_PROTO_GRE, 0, 65535, addr_from_bytes(want + 32, 16),
					addr_from_bytes(want + 48, 16) };
	pen_init(&pen);
	ike_w_ts(&pen.w, IKE_PL_TSR, &list);
	assert_bytes(&pen.buf, want, sizeof(want));
	assert_int_equal(ike_ts_parse(only(&pen.w, IKE_PL_TSR), &again), IKE_OK);
	assert_true(ts_list_eq(&list, &again));
}

static void write_message(void **state)
{
	/* clang-format off */
	static const uint8_t want[] = {
		1, 2, 3, 4, 5, 6, 7, 8,		0, 0, 0, 0, 0, 0, 0, 0,
		0x29, 0x20, 0x22, 0x20,		/* next Notify, 2.0, IKE_SA_INIT, response */
		0x00, 0x00, 0x00, 0x00,		/* message ID */
		0x00, 0x00, 0x00, 0x26,		/* length 38 */
		0x00, 0x00, 0x00, 0x0a,		0x00, 0x00, 0x00, 0x11, 0x00, 0x0e,
	};
	/* clang-format on */
	struct ike_hdr hdr = {
		.spi_i = 0x0102030405060708u,
		.major = 2,
		.exchange = IKE_X_SA_INIT,
		.flags = IKE_FLAG_RESPONSE,
	};
	struct ike_hdr again;
	struct pen pen;

	(void)state;
	pen_init(&pen);
	ike_hdr_write(&pen.buf, &hdr);
	ike_w_notify(&pen.w, 0, IKE_N_INVALID_KE_PAYLOAD, cur_of(NULL, 0), cur_of("\0\x0e", 2));
	ike_w_finish_plain(&pen.w);
	ike_hdr_close(&pen.buf);
	assert_bytes(&pen.buf, want, sizeof(want));
	assert_int_equal(ike_hdr_parse(buf_cur(&pen.buf), &again), IKE_OK);
	assert_true(again.spi_i == hdr.spi_i && again.spi_r == 0);
	assert_int_equal(again.next, IKE_PL_NOTIFY);
	assert_int_equal(again.length, sizeof(want));
}

/* An INFORMATIONAL request with nothing in it: a probe. */
static void write_empty_message(void **state)
{
	struct ike_hdr hdr = { .major = 2, .exchange = IKE_X_INFORMATIONAL }, again;
	struct pen pen;

	(void)state;
	pen_init(&pen);
	ike_hdr_write(&pen.buf, &hdr);
	ike_w_finish_plain(&pen.w);
	ike_hdr_close(&pen.buf);
	assert_int_equal(ike_hdr_parse(buf_cur(&pen.buf), &again), IKE_OK);
	assert_int_equal(again.next, IKE_PL_NONE);
	assert_int_equal(again.length, IKE_HDR_LEN);
}

static void too_long_a_message(void **state)
{
	static uint8_t memory[IKE_MESSAGE_MAX + 8];
	struct ike_hdr hdr = { .major = 2 };

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct buf buf = buf_of(memory, sizeof(memory));

		ike_hdr_write(&buf, &hdr);
		buf_zero(&buf, IKE_MESSAGE_MAX - IKE_HDR_LEN + over);
		ike_hdr_close(&buf);
		assert_int_equal(buf.bad, over);
	}
}

/* A payload longer than its length field can say. */
static void too_long_a_payload(void **state)
{
	uint8_t *memory = malloc(70000);
	struct ike_writer w;

	(void)state;
	assert_non_null(memory);
	for (size_t over = 0; over < 2; over++) {
		struct buf buf = buf_of(memory, 70000);

		ike_w_init(&w, &buf);
		ike_w_open(&w, IKE_PL_VENDOR);
		buf_zero(&buf, 65535 - 4 + over);
		ike_w_close(&w);
		assert_int_equal(buf.bad, over);
	}
	free(memory);
}

/* ---- whole messages: RFC 7296 1.2 to 1.4 ---- */

static enum ike_err parse_bodies(const struct ike_msg *msg)
{
	struct ike_proposals proposals;
	struct ike_ts_list ts;
	struct cur value;
	uint16_t group;
	uint8_t type;
	enum ike_err err = IKE_OK;

	if ((msg->sa.p && (err = ike_sa_parse(msg->sa, &proposals))) ||
	    (msg->ke.p && (err = ike_ke_parse(msg->ke, &group, &value))) ||
	    (msg->nonce.p && (err = ike_nonce_check(msg->nonce))) ||
	    (msg->idi.p && (err = ike_id_parse(msg->idi, &type, &value))) ||
	    (msg->idr.p && (err = ike_id_parse(msg->idr, &type, &value))) ||
	    (msg->auth.p && (err = ike_auth_parse(msg->auth, &type, &value))) ||
	    (msg->tsi.p && (err = ike_ts_parse(msg->tsi, &ts))) ||
	    (msg->tsr.p && (err = ike_ts_parse(msg->tsr, &ts))))
		return err;
	return IKE_OK;
}

/* A chain to the last of its payloads' bytes. */
static enum ike_err parse_chain(struct cur in, uint8_t type)
{
	struct ike_chain chain;
	struct ike_msg msg;
	enum ike_err err;

	if ((err = ike_chain_parse(in, type, &chain)) || (err = ike_msg_collect(&chain, &msg)))
		return err;
	return parse_bodies(&msg);
}

/* A datagram (type 0), or a chain that starts with `type`. */
static enum ike_err parse_all(struct cur in, uint8_t type)
{
	struct ike_hdr hdr;
	enum ike_err err;

	if (type != IKE_PL_NONE)
		return parse_chain(in, type);
	if ((err = ike_hdr_parse(in, &hdr)))
		return err;
	(void)cur_bytes(&in, IKE_HDR_LEN);
	return parse_chain(in, hdr.next);
}

static void samples_parse(void **state)
{
	uint8_t memory[SAMPLE_MAX];

	(void)state;
	for (size_t i = 0; i < sample_count; i++) {
		struct buf buf = buf_of(memory, sizeof(memory));
		uint8_t type = samples[i].build(&buf);

		if (buf.bad || parse_all(buf_cur(&buf), type))
			fail_msg("%s", samples[i].name);
	}
}

/* Every prefix is an error; also with a length field that fits it, as a liar would send it. */
static void samples_cut_short(void **state)
{
	uint8_t memory[SAMPLE_MAX];

	(void)state;
	for (size_t i = 0; i < sample_count; i++) {
		struct buf buf = buf_of(memory, sizeof(memory));
		uint8_t type = samples[i].build(&buf);

		for (size_t len = 0; len < buf.len; len++) {
			struct cur prefix = exact(memory, len);
			struct buf lie = { .p = (uint8_t *)(uintptr_t)prefix.p, .len = len };

			if (!parse_all(prefix, type))
				fail_msg("%s at %zu", samples[i].name, len);
			if (type == IKE_PL_NONE && len >= IKE_HDR_LEN) {
				buf_patch32(&lie, 24, (uint32_t)len);
				if (parse_all(prefix, type) != IKE_E_TRUNCATED)
					fail_msg("%s lying at %zu", samples[i].name, len);
			}
			free_exact(prefix);
		}
	}
}

/* The writer stops at the end of its room, and says so. */
static void samples_without_room(void **state)
{
	uint8_t memory[SAMPLE_MAX];

	(void)state;
	for (size_t i = 0; i < sample_count; i++) {
		struct buf whole = buf_of(memory, sizeof(memory));

		(void)samples[i].build(&whole);
		for (size_t cap = 0; cap <= whole.len; cap++) {
			struct cur room = exact(memory, cap);
			struct buf buf = buf_of((uint8_t *)(uintptr_t)room.p, cap);

			(void)samples[i].build(&buf);
			assert_int_equal(buf.bad, cap < whole.len);
			free_exact(room);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_sa),
		cmocka_unit_test(write_ke_and_nonce),
		cmocka_unit_test(write_id),
		cmocka_unit_test(write_auth),
		cmocka_unit_test(write_notify),
		cmocka_unit_test(write_delete),
		cmocka_unit_test(write_ts),
		cmocka_unit_test(write_message),
		cmocka_unit_test(write_empty_message),
		cmocka_unit_test(too_long_a_message),
		cmocka_unit_test(too_long_a_payload),
		cmocka_unit_test(samples_parse),
		cmocka_unit_test(samples_cut_short),
		cmocka_unit_test(samples_without_room),
	};

	return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
