/*
 * tests/unit/test_conformance_r.c - the topics of the IPv6 Ready IKEv2 tests for an end node that
 * responds (EN.R), as they concern IKE_SA_INIT, IKE_AUTH and INFORMATIONAL.  One test each; its
 * number is in the name.
 *
 * Not here:
 *	1.1.3.1		synchronisation by ICMP: the engine is told of none
 *	1.1.10.*	certificates: with public-key authentication
 *	1.2.1 - 1.2.7	CREATE_CHILD_SA: with rekeying; until then all of it is NO_ADDITIONAL_SAS,
 *here under 1.2.1.1 and 1.2.2.1 2.1.*		tunnel mode: refused, see test_attacks_child.c Other
 *than its author's expectation: 1.1.4.5, payloads in another order, which 2.5 of RFC 7296 has us
 *accept.
 */
#include "tests/unit/forge.h"

static struct ike_proposals proposals_of(struct forge *f)
{
	struct forge_item *item = forge_find(f, IKE_PL_SA);
	struct ike_proposals out;

	assert_int_equal(ike_sa_parse(cur_of(item->body, item->len), &out), IKE_OK);
	return out;
}

static const uint8_t unrecognised[] = { 1, 32, 49, 255 };

/* ---- 1.1.1 header and payload formats ---- */

static void en_r_1_1_1_1_init_response(void **state)
{
	struct pair p;
	struct forge f;
	struct ike_proposals sa;
	uint64_t spi_i;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	spi_i = pair_peek(&p, 0).spi_i;
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_take(&p, 1, &f);
	assert_int_equal(f.hdr.spi_i, spi_i);
	assert_true(f.hdr.spi_r != 0);
	assert_int_equal(f.hdr.next, IKE_PL_SA);
	assert_int_equal(f.hdr.major, 2);
	assert_int_equal(f.hdr.minor, 0);
	assert_int_equal(f.hdr.flags, IKE_FLAG_RESPONSE);
	assert_int_equal(f.hdr.mid, 0);
	sa = proposals_of(&f);
	assert_int_equal(sa.count, 1);
	assert_int_equal(sa.item[0].count, 3); /* one of each: cipher, PRF, group */
	assert_int_equal(forge_find(&f, IKE_PL_KE)->len, 4 + 32);
	assert_in_range(forge_find(&f, IKE_PL_NONCE)->len, IKE_NONCE_MIN, IKE_NONCE_MAX);
	forge_free(&p);
}

static void en_r_1_1_1_2_auth_response(void **state)
{
	struct pair p;
	struct forge f;
	struct ike_proposals sa;

	(void)state;
	forge_pair(&p, FORGE_AUTH_RESPONSE);
	forge_take(&p, 1, &f);
	assert_true(f.sealed);
	assert_int_equal(f.hdr.flags, IKE_FLAG_RESPONSE);
	assert_int_equal(f.hdr.mid, 1);
	assert_int_equal(forge_find(&f, IKE_PL_IDR)->body[0], IKE_ID_IPV4_ADDR);
	assert_int_equal(forge_find(&f, IKE_PL_AUTH)->body[0], IKE_AUTH_PSK);
	assert_true(forge_says(&f, IKE_N_USE_TRANSPORT_MODE));
	sa = proposals_of(&f);
	assert_int_equal(sa.count, 1);
	assert_int_equal(sa.item[0].protocol, IKE_PROTO_ESP);
	for (int i = 0; i < 2; i++) {
		const struct forge_item *item = forge_find(&f, i ? IKE_PL_TSR : IKE_PL_TSI);

		assert_int_equal(item->body[0], 1);
		assert_int_equal(item->body[5], IP_PROTO_GRE);
	}
	forge_free(&p);
}

static void en_r_1_1_1_3_use_of_child_sa(void **state)
{
	struct pair p;

	(void)state;
	forge_pair(&p, FORGE_AUTH_RESPONSE);
	assert_int_equal(p.side[1].sa_count, 1); /* before its answer is on its way */
	assert_true(addr_eq(&p.side[1].sa[0].in.src, &addr_a));
	assert_true(addr_eq(&p.side[1].sa[0].out.dst, &addr_a));
	forge_free(&p);
}

/* ---- 1.1.2 retransmitted requests ---- */

/* Each copy is answered with the very same bytes, and makes nothing new. */
static void answered_again(struct pair *p, int from)
{
	struct flight *first;

	assert_int_equal(pair_copy(p, from), IKE_OK);
	first = p->side[1 - from].out[0];
	for (int i = 0; i < 5; i++) {
		const struct flight *again;

		assert_int_equal(pair_copy(p, from), IKE_E_REPLAY);
		assert_int_equal(p->side[1 - from].out_count, 2);
		again = p->side[1 - from].out[1];
		assert_int_equal(again->len, first->len);
		assert_memory_equal(again->bytes, first->bytes, first->len);
		forge_discard(p, 1 - from);
		p->now += TICK_S;
	}
	pair_drop(p, from);
	assert_int_equal(p->side[1 - from].ike->sa_count, 1);
}

static void en_r_1_1_2_1_retransmitted_init(void **state)
{
	struct pair p;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	answered_again(&p, 0);
	forge_free(&p);
}

static void en_r_1_1_2_2_retransmitted_auth(void **state)
{
	struct pair p;

	(void)state;
	forge_pair(&p, FORGE_AUTH_REQUEST);
	answered_again(&p, 0);
	assert_int_equal(p.side[1].child_ups, 1);
	forge_free(&p);
}

static void en_r_1_3_2_1_retransmitted_informational(void **state)
{
	struct pair p;

	(void)state;
	forge_pair(&p, FORGE_UP);
	info_probe(pair_sa(&p, 0));
	pair_drain(&p, 0);
	answered_again(&p, 0);
	forge_free(&p);
}

/* ---- 1.1.3 state synchronisation, liveness, deletes ---- */

static void en_r_1_1_3_2_unprotected_errors(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_new(&p, 0, IKE_X_INFORMATIONAL, false, 2, &f);
	f.sealed = false;
	forge_notify(&f, IKE_N_INVALID_SPI, "\1\2\3\4", 4);
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_PLAINTEXT), 0);
	forge_free(&p);
}

static void en_r_1_1_3_3_initial_contact(void **state)
{
	struct pair p;
	struct ike_match all = { 0 };

	(void)state;
	forge_pair(&p, FORGE_UP);
	assert_int_equal(ike_terminate(p.side[0].ike, p.now, &all, true), 1);
	pair_drain(&p, 0);
	p.now += TICK_S;
	pair_want(&p, 0);
	pair_settle(&p);
	assert_int_equal(p.side[1].down_cause, IKE_CAUSE_REPLACED);
	forge_free(&p);
}

static void en_r_1_1_3_4_liveness_check(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
	assert_int_equal(forge_send(&p, 0, &f), IKE_OK);
	pair_sa(&p, 0)->mid_out++;
	forge_answer(&p, 1, &f);
	assert_true(f.sealed && f.count == 0);
	assert_int_equal(f.hdr.flags, IKE_FLAG_RESPONSE);
	assert_int_equal(f.hdr.mid, 2);
	forge_free(&p);
}

static void en_r_1_1_3_5_delete_of_ike_sa(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
	forge_delete(&f, IKE_PROTO_IKE, NULL, 0);
	assert_int_equal(forge_send(&p, 0, &f), IKE_OK);
	forge_answer(&p, 1, &f);
	assert_int_equal(f.count, 0);
	assert_int_equal(p.side[1].sa_count, 0);
	assert_int_equal(p.side[1].down_cause, IKE_CAUSE_PEER_DELETED);
	pair_free(&p);
}

static void en_r_1_1_3_6_delete_of_child_sa(void **state)
{
	struct pair p;
	struct forge f;
	uint32_t spi, own;

	(void)state;
	forge_pair(&p, FORGE_UP);
	spi = p.side[0].sa[0].in.spi;
	own = p.side[1].sa[0].in.spi;
	forge_request(&p, 0, IKE_X_INFORMATIONAL, &f);
	forge_delete(&f, IKE_PROTO_ESP, &spi, 1);
	assert_int_equal(forge_send(&p, 0, &f), IKE_OK);
	forge_answer(&p, 1, &f);

	struct cur named = cur_of(forge_find(&f, IKE_PL_DELETE)->body + 4, 4);

	assert_int_equal(cur_u32(&named), own);
	assert_int_equal(p.side[1].sa_count, 0);
	assert_int_equal(pair_established(&p, 1), 1);
	pair_free(&p);
}

/* ---- 1.1.4 versions, unrecognised payloads, order ---- */

static void en_r_1_1_4_1_higher_minor_version(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	forge_take(&p, 0, &f);
	f.hdr.minor = 15;
	forge_own(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	assert_int_equal(pair_peek(&p, 1).minor, 0);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_take(&p, 0, &f);
	f.hdr.minor = 15;
	forge_put(&p, 0, &f);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_free(&p);
}

static void en_r_1_1_4_2_higher_major_version(void **state)
{
	struct pair p;
	struct forge f;
	uint8_t bytes[IKE_MESSAGE_MAX];
	size_t len;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	forge_take(&p, 0, &f);
	len = forge_bytes(&p, 0, &f, bytes);
	bytes[17] = 0x30;
	assert_int_equal(forge_attack(&p, 1, bytes, len, IKE_E_VERSION),
			 IKE_N_INVALID_MAJOR_VERSION);
	forge_free(&p);
}

/* In IKE_SA_INIT, IKE_AUTH, INFORMATIONAL and CREATE_CHILD_SA. */
static void en_r_1_1_4_3_unrecognised_not_critical(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unrecognised); i++) {
		struct pair p;
		struct forge f;

		forge_pair(&p, FORGE_INIT_REQUEST);
		forge_take(&p, 0, &f);
		(void)forge_add(&f, unrecognised[i], "?", 1);
		forge_own(&p, 0, &f);
		assert_int_equal(pair_arrow(&p, 0), IKE_OK);
		assert_int_equal(pair_arrow(&p, 1), IKE_OK);
		forge_take(&p, 0, &f);
		(void)forge_add(&f, unrecognised[i], "?", 1);
		forge_put(&p, 0, &f);
		assert_int_equal(pair_arrow(&p, 0), IKE_OK);
		pair_settle(&p);
		for (int x = IKE_X_CREATE_CHILD; x <= IKE_X_INFORMATIONAL; x++) {
			forge_request(&p, 0, (uint8_t)x, &f);
			(void)forge_add(&f, unrecognised[i], "?", 1);
			assert_int_equal(forge_send(&p, 0, &f), IKE_OK);
			pair_sa(&p, 0)->mid_out++;
			forge_discard(&p, 1);
		}
		forge_free(&p);
	}
}

static void en_r_1_1_4_4_unrecognised_critical(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unrecognised); i++) {
		struct pair p;
		struct forge f;

		forge_pair(&p, FORGE_INIT_REQUEST);
		forge_take(&p, 0, &f);
		forge_add(&f, unrecognised[i], "?", 1)->flags = 0x80;
		assert_int_equal(forge_strike(&p, 0, &f, IKE_E_CRITICAL),
				 IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
		forge_free(&p);
	}
}

static void en_r_1_1_4_5_order_of_payloads(void **state)
{
	struct pair p;
	struct forge f, g;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	forge_take(&p, 0, &f);
	g = f;
	for (size_t i = 0; i < f.count; i++) /* back to front */
		g.item[i] = f.item[f.count - 1 - i];
	forge_own(&p, 0, &g);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_take(&p, 0, &f);
	g = f;
	for (size_t i = 0; i < f.count; i++)
		g.item[i] = f.item[f.count - 1 - i];
	forge_put(&p, 0, &g);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_free(&p);
}

/* ---- 1.1.5 cookies ---- */

static void cookies(struct pair *p, const char *a, const char *b)
{
	pair_init(p);
	pair_proposals(a, IKE_PROTO_IKE, &p->side[0].conn.ike);
	pair_proposals(b, IKE_PROTO_IKE, &p->side[1].conn.ike);
	p->side[1].conf.limits.cookie_threshold = 0;
	pair_start(p);
	pair_want(p, 0);
}

static void en_r_1_1_5_1_cookies(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	cookies(&p, FORGE_IKE, FORGE_IKE);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_COOKIE);
	forge_take(&p, 1, &f);
	assert_int_equal(f.count, 1);
	assert_true(forge_says(&f, IKE_N_COOKIE));
	assert_in_range(f.item[0].len, 4 + 1, 4 + IKE_COOKIE_MAX);
	assert_int_equal(f.hdr.spi_r, 0);
	pair_assert_nothing(&p, 1);
	forge_free(&p);
}

static void en_r_1_1_5_2_invalid_cookies(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	cookies(&p, FORGE_IKE, FORGE_IKE);
	pair_arrow(&p, 0);
	pair_arrow(&p, 1);
	forge_take(&p, 0, &f);
	f.item[0].body[10] ^= 1;
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_COOKIE), IKE_N_COOKIE);
	forge_free(&p);
}

/* 1.1.5.3: the cookie is good for the other group, too; 1.1.5.4: without it, again a cookie. */
static void en_r_1_1_5_3_cookie_and_invalid_ke(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	cookies(&p, "aes256gcm16-prfsha256-x25519-ecp256", "aes256gcm16-prfsha256-ecp256");
	assert_int_equal(pair_arrow(&p, 0), IKE_E_COOKIE);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_KE_GROUP);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_take(&p, 0, &f);
	forge_drop(&f, IKE_PL_NOTIFY);
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_COOKIE), IKE_N_COOKIE);
	assert_int_equal(pair_copy(&p, 0), IKE_OK);
	pair_drop(&p, 0);
	forge_free(&p);
}

/* ---- 1.1.6 algorithms ---- */

/* What B takes of what A offers: the first of its own that is among it. */
static void chooses(enum ike_protocol protocol, const char *offered, const char *own,
		    const char *want)
{
	struct pair p;
	char text[IKE_SUITE_TEXT_MAX];
	const struct ike_suite *suite;

	pair_init(&p);
	for (int i = 0; i < 2; i++) {
		const char *ike = protocol == IKE_PROTO_IKE ? i ? own : offered : FORGE_IKE;

		pair_proposals(ike, IKE_PROTO_IKE, &p.side[i].conn.ike);
		if (protocol == IKE_PROTO_ESP)
			pair_proposals(i ? own : offered, protocol, &p.side[i].conn.esp);
	}
	pair_start(&p);
	pair_establish(&p);
	suite = protocol == IKE_PROTO_IKE ? &pair_sa(&p, 1)->suite : &p.side[1].sa[0].suite;
	assert_string_equal(ike_suite_text(suite, text), want);
	forge_free(&p);
}

static void en_r_1_1_6_1_algorithms_of_ike_sa(void **state)
{
	(void)state;
	chooses(IKE_PROTO_IKE, "aes128-sha256-modp2048", "aes128-sha256-modp2048",
		"aes128-sha256-prfsha256-modp2048");
	chooses(IKE_PROTO_IKE, "aes128-sha256-aes128-prfaesxcbc-modp2048",
		"aes128-sha256-prfaesxcbc-modp2048", "aes128-sha256-prfaesxcbc-modp2048");
}

static void en_r_1_1_6_2_algorithms_of_child_sa(void **state)
{
	(void)state;
	chooses(IKE_PROTO_ESP, "aes128-sha256", "aes128-sha256", "aes128-sha256");
	chooses(IKE_PROTO_ESP, "aes256gcm16-esn", "aes256gcm16-esn", "aes256gcm16-esn");
}

static void en_r_1_1_6_3_multiple_transforms_ike(void **state)
{
	(void)state;
	chooses(IKE_PROTO_IKE, "aes128-aes256-sha256-sha384-prfsha256-prfsha384-x25519-ecp256",
		"aes256-sha384-prfsha384-ecp256", "aes256-sha384-prfsha384-ecp256");
}

static void en_r_1_1_6_5_multiple_transforms_child(void **state)
{
	(void)state;
	chooses(IKE_PROTO_ESP, "aes128-aes256-sha256-sha512-esn-noesn", "aes256-sha512-esn",
		"aes256-sha512-esn");
}

/* 1.1.6.4, 1.1.6.6: B takes the second, and says so by its number. */
static void en_r_1_1_6_4_multiple_proposals(void **state)
{
	const char *ike[] = { "aes128gcm16-prfsha256-x25519", "aes256-sha256-x25519" };
	const char *esp[] = { "aes128gcm16", "aes256-sha256" };
	struct pair p;
	struct forge f;
	char why[IKE_WHY_MAX];

	(void)state;
	pair_init(&p);
	assert_true(ike_proposals_parse(ike, 2, IKE_PROTO_IKE, &p.side[0].conn.ike, NULL, why));
	assert_true(ike_proposals_parse(esp, 2, IKE_PROTO_ESP, &p.side[0].conn.esp, NULL, why));
	pair_proposals(ike[1], IKE_PROTO_IKE, &p.side[1].conn.ike);
	pair_proposals(esp[1], IKE_PROTO_ESP, &p.side[1].conn.esp);
	pair_start(&p);
	pair_want(&p, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pair_arrow(&p, 0), IKE_OK);
		forge_take(&p, 1, &f);
		assert_int_equal(proposals_of(&f).item[0].num, 2);
		assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	}
	forge_free(&p);
}

static void en_r_1_1_6_7_invalid_ke_payload(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	pair_init(&p);
	pair_proposals("aes256gcm16-prfsha256-x25519-ecp256", IKE_PROTO_IKE, &p.side[0].conn.ike);
	pair_proposals("aes256gcm16-prfsha256-ecp256", IKE_PROTO_IKE, &p.side[1].conn.ike);
	pair_start(&p);
	pair_want(&p, 0);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_KE_GROUP);
	forge_take(&p, 1, &f);
	assert_int_equal(f.count, 1);
	assert_true(forge_says(&f, IKE_N_INVALID_KE_PAYLOAD));
	assert_int_equal(f.item[0].len, 6);
	assert_int_equal(f.item[0].body[5], IKE_KE_ECP256);
	assert_int_equal(f.hdr.spi_r, 0); /* 1.1.6.8 */
	pair_assert_nothing(&p, 1);
	forge_free(&p);
}

static void en_r_1_1_6_9_no_proposal_chosen(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	pair_init(&p);
	pair_proposals("aes128gcm16-prfsha256-x25519", IKE_PROTO_IKE, &p.side[0].conn.ike);
	pair_proposals("aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE, &p.side[1].conn.ike);
	pair_start(&p);
	pair_want(&p, 0);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_NO_PROPOSAL);
	forge_take(&p, 1, &f);
	assert_true(f.count == 1 && forge_says(&f, IKE_N_NO_PROPOSAL_CHOSEN));
	assert_int_equal(f.hdr.spi_r, 0);
	pair_assert_nothing(&p, 1);
	pair_free(&p);
}

/* The IKE SA stands, its Child SA is refused: both in one answer. */
static void en_r_1_1_6_10_ike_sa_without_child_sa(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	pair_init(&p);
	for (int i = 0; i < 2; i++)
		pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p.side[i].conn.ike);
	pair_proposals("aes128gcm16", IKE_PROTO_ESP, &p.side[0].conn.esp);
	pair_proposals("aes256gcm16", IKE_PROTO_ESP, &p.side[1].conn.esp);
	pair_start(&p);
	pair_want(&p, 0);
	pair_arrow(&p, 0);
	pair_arrow(&p, 1);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_NO_PROPOSAL);
	forge_take(&p, 1, &f);
	assert_true(forge_has(&f, IKE_PL_IDR) && forge_has(&f, IKE_PL_AUTH));
	assert_true(forge_says(&f, IKE_N_NO_PROPOSAL_CHOSEN));
	assert_false(forge_has(&f, IKE_PL_SA) || forge_has(&f, IKE_PL_TSI));
	assert_int_equal(pair_established(&p, 1), 1);
	assert_int_equal(p.side[1].sa_count, 0);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(en_r_1_1_1_1_init_response),
		cmocka_unit_test(en_r_1_1_1_2_auth_response),
		cmocka_unit_test(en_r_1_1_1_3_use_of_child_sa),
		cmocka_unit_test(en_r_1_1_2_1_retransmitted_init),
		cmocka_unit_test(en_r_1_1_2_2_retransmitted_auth),
		cmocka_unit_test(en_r_1_3_2_1_retransmitted_informational),
		cmocka_unit_test(en_r_1_1_3_2_unprotected_errors),
		cmocka_unit_test(en_r_1_1_3_3_initial_contact),
		cmocka_unit_test(en_r_1_1_3_4_liveness_check),
		cmocka_unit_test(en_r_1_1_3_5_delete_of_ike_sa),
		cmocka_unit_test(en_r_1_1_3_6_delete_of_child_sa),
		cmocka_unit_test(en_r_1_1_4_1_higher_minor_version),
		cmocka_unit_test(en_r_1_1_4_2_higher_major_version),
		cmocka_unit_test(en_r_1_1_4_3_unrecognised_not_critical),
		cmocka_unit_test(en_r_1_1_4_4_unrecognised_critical),
		cmocka_unit_test(en_r_1_1_4_5_order_of_payloads),
		cmocka_unit_test(en_r_1_1_5_1_cookies),
		cmocka_unit_test(en_r_1_1_5_2_invalid_cookies),
		cmocka_unit_test(en_r_1_1_5_3_cookie_and_invalid_ke),
		cmocka_unit_test(en_r_1_1_6_1_algorithms_of_ike_sa),
		cmocka_unit_test(en_r_1_1_6_2_algorithms_of_child_sa),
		cmocka_unit_test(en_r_1_1_6_3_multiple_transforms_ike),
		cmocka_unit_test(en_r_1_1_6_5_multiple_transforms_child),
		cmocka_unit_test(en_r_1_1_6_4_multiple_proposals),
		cmocka_unit_test(en_r_1_1_6_7_invalid_ke_payload),
		cmocka_unit_test(en_r_1_1_6_9_no_proposal_chosen),
		cmocka_unit_test(en_r_1_1_6_10_ike_sa_without_child_sa),
	};

	return cmocka_run_group_tests_name("conformance_r", tests, NULL, NULL);
}
