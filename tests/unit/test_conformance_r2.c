/*
 * tests/unit/test_conformance_r2.c - EN.R continued: selectors, errors, identities, what must be
 * ignored, and refusals.  See test_conformance_r.c.
 */
#include "tests/unit/forge.h"

/* ---- 1.1.7 selectors ---- */

/* Protocol, ports and address range of a selector list. */
static size_t write_ts(uint8_t *out, uint8_t count, const uint8_t *protocols, const uint8_t *start,
		       const uint8_t *end)
{
	struct buf buf = buf_of(out, FORGE_BODY_MAX);

	buf_u8(&buf, count);
	buf_zero(&buf, 3);
	for (uint8_t i = 0; i < count; i++) {
		buf_u8(&buf, IKE_TS_IPV4_ADDR_RANGE);
		buf_u8(&buf, protocols[i]);
		buf_u16(&buf, 16);
		buf_u16(&buf, 0);
		buf_u16(&buf, 65535);
		buf_put(&buf, start, 4);
		buf_put(&buf, end, 4);
	}
	return buf.len;
}

static void answer_is_narrow(struct pair *p)
{
	struct forge f;

	assert_int_equal(pair_arrow(p, 0), IKE_OK);
	forge_take(p, 1, &f);
	for (int i = 0; i < 2; i++) {
		const struct forge_item *item = forge_find(&f, i ? IKE_PL_TSR : IKE_PL_TSI);
		struct ike_ts_list ts;

		assert_int_equal(ike_ts_parse(cur_of(item->body, item->len), &ts), IKE_OK);
		assert_int_equal(ts.count, 1);
		assert_int_equal(ts.item[0].protocol, IP_PROTO_GRE);
		assert_true(addr_eq(&ts.item[0].start, i ? &addr_b : &addr_a));
		assert_true(addr_eq(&ts.item[0].end, i ? &addr_b : &addr_a));
	}
	forge_free(p);
}

static void en_r_1_1_7_1_narrowing_range(void **state)
{
	static const uint8_t any = 0, low[4], high[] = { 255, 255, 255, 255 };
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	forge_take(&p, 0, &f);
	for (int i = 0; i < 2; i++) {
		struct forge_item *item = forge_find(&f, i ? IKE_PL_TSR : IKE_PL_TSI);

		item->len = write_ts(item->body, 1, &any, low, high);
	}
	forge_put(&p, 0, &f);
	answer_is_narrow(&p);
}

static void tcp_only(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	forge_find(f, i ? IKE_PL_TSR : IKE_PL_TSI)->body[5] = 6;
}

static void en_r_1_1_7_2_ts_unacceptable(void **state)
{
	(void)state;
	forge_refused_child(tcp_only, 0, IKE_E_TS, IKE_N_TS_UNACCEPTABLE);
	forge_refused_child(tcp_only, 1, IKE_E_TS, IKE_N_TS_UNACCEPTABLE);
}

static void en_r_1_1_7_3_narrowing_multiple(void **state)
{
	static const uint8_t protocols[] = { 6, 17, IP_PROTO_GRE, 1 };
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	forge_take(&p, 0, &f);
	for (int i = 0; i < 2; i++) {
		struct forge_item *item = forge_find(&f, i ? IKE_PL_TSR : IKE_PL_TSI);
		const uint8_t *host = i ? addr_b.b : addr_a.b;

		item->len = write_ts(item->body, 4, protocols, host, host);
	}
	forge_put(&p, 0, &f);
	answer_is_narrow(&p);
}

/* ---- 1.1.8 errors ---- */

/* A request for an SA that we do not know: told so, unprotected, SPIs and number as they came. */
static void en_r_1_1_8_1_invalid_ike_spi(void **state)
{
	struct pair p;
	struct forge f, answer;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
	f.hdr.spi_r ^= 1;
	f.hdr.mid = 77;
	assert_int_equal(forge_send(&p, 0, &f), IKE_E_UNKNOWN_SPI);
	forge_answer(&p, 1, &answer);
	assert_false(answer.sealed);
	assert_true(answer.count == 1 && forge_says(&answer, IKE_N_INVALID_IKE_SPI));
	assert_int_equal(answer.hdr.spi_i, f.hdr.spi_i);
	assert_int_equal(answer.hdr.spi_r, f.hdr.spi_r);
	assert_int_equal(answer.hdr.mid, 77);
	assert_int_equal(answer.hdr.flags, IKE_FLAG_RESPONSE);
	forge_free(&p);
}

static void en_r_1_1_8_2_invalid_syntax(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
	(void)forge_add(&f, IKE_PL_NOTIFY, "\0", 1);
	assert_int_equal(forge_send(&p, 0, &f), IKE_E_TRUNCATED);
	forge_answer(&p, 1, &f);
	assert_true(f.sealed && forge_says(&f, IKE_N_INVALID_SYNTAX));
	assert_int_equal(p.side[1].sa_count, 0);
	pair_free(&p);
}

static void en_r_1_1_8_3_invalid_selectors(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
	forge_notify(&f, IKE_N_INVALID_SELECTORS, "an offending packet", 19);
	assert_int_equal(forge_send(&p, 0, &f), IKE_OK);
	pair_sa(&p, 0)->mid_out++;
	forge_answer(&p, 1, &f);
	assert_int_equal(f.count, 0);
	forge_free(&p);
}

/* ---- 1.1.9 identities ---- */

static void en_r_1_1_9_identification_types(void **state)
{
	static const char *const ids[] = { "192.0.2.1", "2001:db8::1", "b.example",
					   "b@example", "@#0badc0de",  "C=CH, O=example, CN=b" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct pair p;
		struct forge f;
		char why[IKE_WHY_MAX];

		pair_init(&p);
		for (int j = 0; j < 2; j++)
			pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p.side[j].conn.ike);
		assert_true(ike_id_from_text(ids[i], &p.side[0].conn.remote_id, why));
		p.side[1].conn.local_id = p.side[0].conn.remote_id;
		pair_start(&p);
		pair_want(&p, 0);
		pair_arrow(&p, 0);
		pair_arrow(&p, 1);
		forge_take(&p, 0, &f);
		assert_int_equal(forge_find(&f, IKE_PL_IDR)->body[0], p.side[1].conn.local_id.type);
		assert_int_equal(pair_arrow(&p, 0), IKE_OK);
		forge_take(&p, 1, &f);
		assert_int_equal(forge_find(&f, IKE_PL_IDR)->body[0], p.side[1].conn.local_id.type);
		forge_free(&p);
	}
}

/* ---- 1.1.11, 1.3 what must be ignored ---- */

static void en_r_1_1_11_1_reserved_in_init_request(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	forge_take(&p, 0, &f);
	forge_reserve(&p, 0, &f);
	forge_own(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_take(&p, 1, &f); /* and none of it comes back */
	assert_int_equal(f.hdr.flags, IKE_FLAG_RESPONSE);
	for (size_t i = 0; i < f.count; i++)
		assert_int_equal(f.item[i].flags, 0);
	forge_free(&p);
}

static void en_r_1_1_11_2_reserved_in_auth_request(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	forge_take(&p, 0, &f);
	forge_reserve(&p, 0, &f);
	forge_put(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_free(&p);
}

static void en_r_1_1_11_4_version_bit(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	forge_take(&p, 0, &f);
	f.hdr.flags |= IKE_FLAG_VERSION;
	forge_own(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	assert_int_equal(pair_peek(&p, 1).flags, IKE_FLAG_RESPONSE);
	forge_free(&p);
}

/* A: an error type, 16383; B: a status type, 65535.  In a request both are ignored (3.10.1). */
static void en_r_1_1_11_5_unrecognised_notifies(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	forge_take(&p, 0, &f);
	forge_notify(&f, 16383, "?", 1);
	forge_notify(&f, 65535, "?", 1);
	forge_own(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_take(&p, 0, &f);
	forge_notify(&f, 16383, "?", 1);
	forge_notify(&f, 65535, "?", 1);
	forge_put(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_free(&p);
}

/* 1.3.1.1 and 1.3.3.1: answered, whatever is in the reserved fields. */
static void en_r_1_3_3_1_reserved_in_informational_request(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
	forge_notify(&f, 65535, "?", 1);
	forge_reserve(&p, 0, &f);
	assert_int_equal(forge_send(&p, 0, &f), IKE_OK);
	pair_sa(&p, 0)->mid_out++;
	forge_answer(&p, 1, &f);
	assert_true(f.sealed && f.count == 0);
	assert_int_equal(f.hdr.flags, IKE_FLAG_RESPONSE);
	forge_free(&p);
}

/* ---- 1.2 CREATE_CHILD_SA, until there is more of it ---- */

static void en_r_1_2_1_1_create_child_sa(void **state)
{
	struct pair p;
	struct forge f, answer;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_request(&p, 0, IKE_X_CREATE_CHILD, &f);
	assert_int_equal(forge_send(&p, 0, &f), IKE_OK);
	forge_answer(&p, 1, &answer);
	assert_true(answer.count == 1 && forge_says(&answer, IKE_N_NO_ADDITIONAL_SAS));
	/* 1.2.2.1: and the same again. */
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_REPLAY), FORGE_ANSWER);
	pair_sa(&p, 0)->mid_out++;
	forge_free(&p);
}

static void wrong_auth(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	if (i)
		forge_find(f, IKE_PL_AUTH)->body[0] = IKE_AUTH_RSA;
	else
		forge_find(f, IKE_PL_AUTH)->body[4] ^= 1;
}

/* A: a wrong value; B: a method that was not agreed. */
static void en_r_1_2_8_1_authentication_failed(void **state)
{
	(void)state;
	forge_refused_request(wrong_auth, 0, IKE_E_AUTH, IKE_N_AUTHENTICATION_FAILED);
	forge_refused_request(wrong_auth, 1, IKE_E_AUTH_METHOD, IKE_N_AUTHENTICATION_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(en_r_1_1_7_1_narrowing_range),
		cmocka_unit_test(en_r_1_1_7_2_ts_unacceptable),
		cmocka_unit_test(en_r_1_1_7_3_narrowing_multiple),
		cmocka_unit_test(en_r_1_1_8_1_invalid_ike_spi),
		cmocka_unit_test(en_r_1_1_8_2_invalid_syntax),
		cmocka_unit_test(en_r_1_1_8_3_invalid_selectors),
		cmocka_unit_test(en_r_1_1_9_identification_types),
		cmocka_unit_test(en_r_1_1_11_1_reserved_in_init_request),
		cmocka_unit_test(en_r_1_1_11_2_reserved_in_auth_request),
		cmocka_unit_test(en_r_1_1_11_4_version_bit),
		cmocka_unit_test(en_r_1_1_11_5_unrecognised_notifies),
		cmocka_unit_test(en_r_1_3_3_1_reserved_in_informational_request),
		cmocka_unit_test(en_r_1_2_1_1_create_child_sa),
		cmocka_unit_test(en_r_1_2_8_1_authentication_failed),
	};

	return cmocka_run_group_tests_name("conformance_r2", tests, NULL, NULL);
}
