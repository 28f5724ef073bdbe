/*
 * tests/unit/test_conformance_i.c - the topics of the IPv6 Ready IKEv2 tests for an end node that
 * initiates (EN.I), as they concern IKE_SA_INIT, IKE_AUTH and INFORMATIONAL.  One test each; its
 * number is in the name, 1.1.4.2 being en_i_1_1_4_2.  From 1.1.6 on they are in
 * test_conformance_i2.c.
 *
 * Not here:
 *	1.1.3.1		synchronisation by ICMP: the engine is told of none, so none tears it down
 *	1.1.10.1 - .3	certificates: with public-key authentication
 *	1.1.6.1 G (as PRF and integrity of AES-XCBC-96), DH 24: not implemented, never offered
 *	1.2.*		CREATE_CHILD_SA: with rekeying; until then it is NO_ADDITIONAL_SAS (EN.R)
 *	2.1.*		tunnel mode: refused, see test_attacks_child.c
 */
#include "tests/unit/forge.h"

static void next_timer(struct pair *p, int side)
{
	p->now = ike_deadline(p->side[side].ike);
	ike_timeout(p->side[side].ike, p->now);
	pair_drain(p, side);
}

static struct ike_proposals proposals_of(struct forge *f)
{
	struct forge_item *item = forge_find(f, IKE_PL_SA);
	struct ike_proposals out;

	assert_int_equal(ike_sa_parse(cur_of(item->body, item->len), &out), IKE_OK);
	return out;
}

/* ---- 1.1.1 header and payload formats ---- */

static void en_i_1_1_1_1_init_request(void **state)
{
	struct pair p;
	struct forge f;
	struct ike_proposals sa;
	uint16_t group;
	struct cur ke;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	forge_take(&p, 0, &f);
	assert_true(f.hdr.spi_i != 0 && f.hdr.spi_r == 0);
	assert_int_equal(f.hdr.next, IKE_PL_SA);
	assert_int_equal(f.hdr.major, 2);
	assert_int_equal(f.hdr.minor, 0);
	assert_int_equal(f.hdr.exchange, IKE_X_SA_INIT);
	assert_int_equal(f.hdr.flags, IKE_FLAG_INIT);
	assert_int_equal(f.hdr.mid, 0);
	sa = proposals_of(&f);
	assert_int_equal(sa.item[0].num, 1);
	assert_int_equal(sa.item[0].protocol, IKE_PROTO_IKE);
	assert_int_equal(sa.item[0].spi_len, 0);
	ke = cur_of(forge_find(&f, IKE_PL_KE)->body, forge_find(&f, IKE_PL_KE)->len);
	assert_int_equal(ike_ke_parse(ke, &group, &ke), IKE_OK);
	assert_int_equal(group, ike_proposals_first_group(&sa));
	assert_int_equal(ke.left, ike_ke_public_len(group));
	assert_in_range(forge_find(&f, IKE_PL_NONCE)->len, IKE_NONCE_MIN, IKE_NONCE_MAX);
	assert_true(forge_says(&f, IKE_N_NAT_DETECTION_SOURCE_IP));
	assert_true(forge_says(&f, IKE_N_NAT_DETECTION_DESTINATION_IP));
	for (size_t i = 0; i < f.count; i++)
		assert_int_equal(f.item[i].flags, 0);
	forge_free(&p);
}

static void en_i_1_1_1_2_auth_request(void **state)
{
	struct pair p;
	struct forge f;
	struct ike_proposals sa;
	struct forge_item *item;

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	forge_take(&p, 0, &f);
	assert_true(f.sealed);
	assert_int_equal(f.hdr.next, IKE_PL_SK); /* A, B */
	assert_int_equal(f.hdr.flags, IKE_FLAG_INIT);
	assert_int_equal(f.hdr.mid, 1);
	item = forge_find(&f, IKE_PL_IDI); /* C */
	assert_int_equal(item->body[0], IKE_ID_IPV4_ADDR);
	item = forge_find(&f, IKE_PL_AUTH); /* D */
	assert_int_equal(item->body[0], IKE_AUTH_PSK);
	assert_int_equal(item->len, 4 + 32);
	assert_true(forge_says(&f, IKE_N_USE_TRANSPORT_MODE)); /* E */
	assert_true(forge_says(&f, IKE_N_INITIAL_CONTACT));
	sa = proposals_of(&f); /* F */
	assert_int_equal(sa.item[0].protocol, IKE_PROTO_ESP);
	assert_int_equal(sa.item[0].spi_len, 4);
	for (int i = 0; i < 2; i++) { /* G, H */
		struct ike_ts_list ts;

		item = forge_find(&f, i ? IKE_PL_TSR : IKE_PL_TSI);
		assert_int_equal(ike_ts_parse(cur_of(item->body, item->len), &ts), IKE_OK);
		assert_int_equal(ts.count, 1);
		assert_int_equal(ts.item[0].protocol, IP_PROTO_GRE);
		assert_true(addr_eq(&ts.item[0].start, i ? &addr_b : &addr_a));
		assert_true(addr_eq(&ts.item[0].end, i ? &addr_b : &addr_a));
		assert_int_equal(ts.item[0].port_start, 0);
		assert_int_equal(ts.item[0].port_end, 65535);
	}
	for (size_t i = 0; i < f.count; i++)
		assert_int_equal(f.item[i].flags, 0);
	forge_free(&p);
}

static void en_i_1_1_1_3_use_of_child_sa(void **state)
{
	struct pair p;
	const struct ike_child_sa *c;

	(void)state;
	forge_pair(&p, FORGE_UP);
	c = &p.side[0].sa[0];
	assert_true(addr_eq(&c->in.src, &addr_b) && addr_eq(&c->in.dst, &addr_a));
	assert_true(addr_eq(&c->out.src, &addr_a) && addr_eq(&c->out.dst, &addr_b));
	assert_true(c->in.spi >= 256 && c->out.spi >= 256);
	forge_free(&p);
}

/* ---- 1.1.2 retransmission ---- */

/* The same bytes, at intervals that grow. */
static void retransmits(enum forge_step step)
{
	struct pair p;
	uint8_t bytes[IKE_MESSAGE_MAX];
	size_t len;
	tick_t last, interval = 0;

	forge_pair(&p, step);
	last = p.now;
	len = p.side[0].out[0]->len;
	memcpy(bytes, p.side[0].out[0]->bytes, len);
	for (int i = 0; i < 5; i++) {
		pair_drop(&p, 0);
		next_timer(&p, 0);
		assert_int_equal(p.side[0].out_count, 1);
		assert_int_equal(p.side[0].out[0]->len, len);
		assert_memory_equal(p.side[0].out[0]->bytes, bytes, len);
		assert_true(p.now - last > interval);
		interval = p.now - last;
		last = p.now;
	}
	forge_free(&p);
}

/* Once the answer has come, never again. */
static void stops(enum forge_step step)
{
	struct pair p;
	struct ike_stats stats;

	forge_pair(&p, step);
	pair_settle(&p);
	pair_pass(&p, 25 * TICK_S, false);
	ike_stats(p.side[0].ike, &stats);
	assert_int_equal(stats.retransmits, 0);
	forge_free(&p);
}

static void en_i_1_1_2_1_retransmission_of_init(void **state)
{
	(void)state;
	retransmits(FORGE_INIT_REQUEST);
}

static void en_i_1_1_2_2_stop_of_retransmission_of_init(void **state)
{
	(void)state;
	stops(FORGE_INIT_RESPONSE);
}

static void en_i_1_1_2_3_retransmission_of_auth(void **state)
{
	(void)state;
	retransmits(FORGE_AUTH_REQUEST);
}

static void en_i_1_1_2_4_stop_of_retransmission_of_auth(void **state)
{
	(void)state;
	stops(FORGE_AUTH_RESPONSE);
}

/* ---- 1.1.3 state synchronisation, liveness, deletes ---- */

static void en_i_1_1_3_2_unprotected_errors(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_new(&p, 1, IKE_X_INFORMATIONAL, false, 0, &f);
	f.sealed = false;
	forge_notify(&f, IKE_N_INVALID_SPI, "\1\2\3\4", 4);
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_PLAINTEXT), 0);
	forge_free(&p);
}

static void en_i_1_1_3_3_close_when_attempts_fail(void **state)
{
	struct pair p;

	(void)state;
	forge_pair(&p, FORGE_UP);
	pair_pass(&p, 200 * TICK_S, true);
	assert_int_equal(p.side[0].down_cause, IKE_CAUSE_NO_ANSWER);
	pair_assert_nothing(&p, 0);
	pair_want(&p, 0);
	forge_free(&p);
}

/* B has lost all, and comes anew: what A has of it goes. */
static void en_i_1_1_3_4_initial_contact(void **state)
{
	struct pair p;
	struct ike_match all = { 0 };
	uint64_t id;

	(void)state;
	forge_pair(&p, FORGE_UP);
	id = pair_sa(&p, 0)->id;
	assert_int_equal(ike_terminate(p.side[1].ike, p.now, &all, true), 1);
	pair_drain(&p, 1);
	p.now += TICK_S;
	pair_want(&p, 1);
	pair_settle(&p);
	assert_int_equal(p.side[0].down_cause, IKE_CAUSE_REPLACED);
	assert_int_not_equal(pair_sa(&p, 0)->id, id);
	forge_free(&p);
}

static void en_i_1_1_3_5_liveness_check(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	p.side[1].packets = 0;
	while (!p.side[0].out_count)
		next_timer(&p, 0);
	assert_in_range(p.now - 1000 * TICK_S, 30 * TICK_S, 35 * TICK_S);
	forge_take(&p, 0, &f);
	assert_true(f.sealed && f.count == 0);
	assert_int_equal(f.hdr.exchange, IKE_X_INFORMATIONAL);
	assert_int_equal(f.hdr.mid, 2);
	assert_int_equal(f.hdr.flags, IKE_FLAG_INIT);
	forge_free(&p);
}

static void delete_of(bool child)
{
	struct pair p;
	struct forge f;
	struct ike_match match = { 0 };
	const struct forge_item *item;
	uint32_t spi;

	forge_pair(&p, FORGE_UP);
	spi = p.side[0].sa[0].in.spi;
	match.child_id = child ? p.side[0].sa[0].child_id : 0;
	assert_int_equal(ike_terminate(p.side[0].ike, p.now, &match, false), 1);
	pair_drain(&p, 0);
	forge_take(&p, 0, &f);
	assert_int_equal(f.hdr.exchange, IKE_X_INFORMATIONAL);
	assert_int_equal(f.count, 1);
	item = forge_find(&f, IKE_PL_DELETE);
	assert_int_equal(item->body[0], child ? IKE_PROTO_ESP : IKE_PROTO_IKE);
	assert_int_equal(item->body[1], child ? 4 : 0);
	assert_int_equal(item->body[3], child);
	if (child) {
		struct cur named = cur_of(item->body + 4, 4);

		assert_int_equal(cur_u32(&named), spi);
	}
	pair_settle(&p);
	assert_int_equal(p.side[0].sa_count + p.side[1].sa_count, 0);
	pair_free(&p);
}

static void en_i_1_1_3_6_delete_of_ike_sa(void **state)
{
	(void)state;
	delete_of(false);
}

static void en_i_1_1_3_7_delete_of_child_sa(void **state)
{
	(void)state;
	delete_of(true);
}

static void en_i_1_1_3_8_liveness_check_after_hint(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_new(&p, 1, IKE_X_INFORMATIONAL, true, 1, &f);
	f.sealed = false;
	forge_notify(&f, IKE_N_INVALID_IKE_SPI, NULL, 0);
	assert_int_equal(forge_send(&p, 1, &f), IKE_E_PLAINTEXT);
	forge_take(&p, 0, &f);
	assert_true(f.sealed && f.count == 0);
	forge_free(&p);
}

/* ---- 1.1.4 unrecognised payloads ---- */

static const uint8_t unrecognised[] = { 1, 32, 49, 255 };

static void en_i_1_1_4_1_unrecognised_not_critical(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unrecognised); i++) {
		struct pair p;
		struct forge f;

		forge_pair(&p, FORGE_INIT_RESPONSE);
		forge_take(&p, 1, &f);
		(void)forge_add(&f, unrecognised[i], "?", 1);
		forge_own(&p, 1, &f);
		assert_int_equal(pair_arrow(&p, 1), IKE_OK);
		assert_int_equal(pair_arrow(&p, 0), IKE_OK);
		forge_take(&p, 1, &f);
		(void)forge_add(&f, unrecognised[i], "?", 1);
		forge_put(&p, 1, &f);
		assert_int_equal(pair_arrow(&p, 1), IKE_OK);
		pair_assert_up(&p);
		forge_free(&p);
	}
}

static void en_i_1_1_4_2_unrecognised_critical(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unrecognised); i++) {
		struct pair p;
		struct forge f;

		forge_pair(&p, FORGE_INIT_RESPONSE);
		forge_take(&p, 1, &f);
		forge_add(&f, unrecognised[i], "?", 1)->flags = 0x80;
		assert_int_equal(forge_strike(&p, 1, &f, IKE_E_CRITICAL), 0);
		forge_free(&p);
	}
}

/* ---- 1.1.5 cookies ---- */

/* The cookie goes first, and all else is as before. */
static void en_i_1_1_5_1_cookie(void **state)
{
	struct pair p;
	struct forge first, f;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	forge_take(&p, 0, &first);
	assert_int_equal(forge_send(&p, 1, forge_bare(&p, &f, IKE_N_COOKIE, "cookie!", 7)), IKE_OK);
	pair_drop(&p, 0);
	forge_take(&p, 0, &f);
	assert_int_equal(f.hdr.spi_i, first.hdr.spi_i);
	assert_int_equal(f.hdr.mid, 0);
	assert_int_equal(f.count, first.count + 1);
	assert_int_equal(f.item[0].len, 4 + 7);
	assert_memory_equal(f.item[0].body + 4, "cookie!", 7);
	for (size_t i = 0; i < first.count; i++) {
		assert_int_equal(f.item[i + 1].type, first.item[i].type);
		assert_int_equal(f.item[i + 1].len, first.item[i].len);
		assert_memory_equal(f.item[i + 1].body, first.item[i].body, first.item[i].len);
	}
	forge_free(&p);
}

#define TWO_GROUPS "aes256gcm16-prfsha256-x25519-ecp256"
static const uint8_t ecp256[] = { 0, IKE_KE_ECP256 };

/* The cookie stays with the new group. */
static void en_i_1_1_5_2_cookie_and_invalid_ke(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_with(&p, TWO_GROUPS, NULL);
	pair_want(&p, 0);
	assert_int_equal(forge_send(&p, 1, forge_bare(&p, &f, IKE_N_COOKIE, "cookie", 6)), IKE_OK);
	pair_drop(&p, 0);
	assert_int_equal(forge_send(&p, 1, forge_bare(&p, &f, IKE_N_INVALID_KE_PAYLOAD, ecp256, 2)),
			 IKE_OK);
	pair_drop(&p, 0);
	forge_take(&p, 0, &f);
	assert_true(forge_says(&f, IKE_N_COOKIE));
	assert_int_equal(forge_find(&f, IKE_PL_KE)->body[1], IKE_KE_ECP256);
	forge_free(&p);
}

/* A responder that makes a new cookie for the new group: one round more. */
static void en_i_1_1_5_3_unoptimized_responder(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_with(&p, TWO_GROUPS, NULL);
	pair_want(&p, 0);
	assert_int_equal(forge_send(&p, 1, forge_bare(&p, &f, IKE_N_COOKIE, "first", 5)), IKE_OK);
	pair_drop(&p, 0);
	assert_int_equal(forge_send(&p, 1, forge_bare(&p, &f, IKE_N_INVALID_KE_PAYLOAD, ecp256, 2)),
			 IKE_OK);
	pair_drop(&p, 0);
	assert_int_equal(forge_send(&p, 1, forge_bare(&p, &f, IKE_N_COOKIE, "second", 6)), IKE_OK);
	pair_drop(&p, 0);
	forge_take(&p, 0, &f);
	assert_int_equal(f.item[0].len, 4 + 6);
	assert_memory_equal(f.item[0].body + 4, "second", 6);
	assert_int_equal(forge_find(&f, IKE_PL_KE)->body[1], IKE_KE_ECP256);
	forge_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(en_i_1_1_1_1_init_request),
		cmocka_unit_test(en_i_1_1_1_2_auth_request),
		cmocka_unit_test(en_i_1_1_1_3_use_of_child_sa),
		cmocka_unit_test(en_i_1_1_2_1_retransmission_of_init),
		cmocka_unit_test(en_i_1_1_2_2_stop_of_retransmission_of_init),
		cmocka_unit_test(en_i_1_1_2_3_retransmission_of_auth),
		cmocka_unit_test(en_i_1_1_2_4_stop_of_retransmission_of_auth),
		cmocka_unit_test(en_i_1_1_3_2_unprotected_errors),
		cmocka_unit_test(en_i_1_1_3_3_close_when_attempts_fail),
		cmocka_unit_test(en_i_1_1_3_4_initial_contact),
		cmocka_unit_test(en_i_1_1_3_5_liveness_check),
		cmocka_unit_test(en_i_1_1_3_6_delete_of_ike_sa),
		cmocka_unit_test(en_i_1_1_3_7_delete_of_child_sa),
		cmocka_unit_test(en_i_1_1_3_8_liveness_check_after_hint),
		cmocka_unit_test(en_i_1_1_4_1_unrecognised_not_critical),
		cmocka_unit_test(en_i_1_1_4_2_unrecognised_critical),
		cmocka_unit_test(en_i_1_1_5_1_cookie),
		cmocka_unit_test(en_i_1_1_5_2_cookie_and_invalid_ke),
		cmocka_unit_test(en_i_1_1_5_3_unoptimized_responder),
	};

	return cmocka_run_group_tests_name("conformance_i", tests, NULL, NULL);
}
