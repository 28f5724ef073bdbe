/*
 * tests/unit/test_conformance_i2.c - EN.I continued: algorithms, selectors, errors, identities, and
 * what must be ignored.  See test_conformance_i.c.
 */
#include "tests/unit/forge.h"

static struct ike_proposals proposals_of(struct forge *f)
{
	struct forge_item *item = forge_find(f, IKE_PL_SA);
	struct ike_proposals out;

	assert_int_equal(ike_sa_parse(cur_of(item->body, item->len), &out), IKE_OK);
	return out;
}

static unsigned count_of(const struct ike_proposal *p, uint8_t type)
{
	unsigned n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->item[i].type == type;
	return n;
}

/* ---- 1.1.6 algorithms ---- */

static void comes_up(const char *ike, const char *esp)
{
	struct pair p;

	forge_with(&p, ike, esp);
	pair_establish(&p);
	forge_free(&p);
}

static void en_i_1_1_6_1_algorithms_of_ike_sa(void **state)
{
	(void)state;
	comes_up("aes128-sha256-modp2048", NULL);
	comes_up("aes256-sha256-prfsha256-modp2048", NULL);
	comes_up("aes128-sha256-prfaesxcbc-modp2048", NULL);
	comes_up("aes128gcm16-prfsha256-ecp256", NULL);
	comes_up("chacha20poly1305-prfsha512-x25519", NULL);
}

static void en_i_1_1_6_2_algorithms_of_child_sa(void **state)
{
	static const char *const esps[] = { "aes128-sha256", "aes256-sha256", "aes128-sha256-esn",
					    "aes128gcm16", "chacha20poly1305-esn" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(esps); i++) {
		struct pair p;

		forge_with(&p, FORGE_IKE, esps[i]);
		pair_establish(&p);
		assert_int_equal(p.side[0].sa[0].suite.esn, strstr(esps[i], "-esn") != NULL);
		forge_free(&p);
	}
}

static void en_i_1_1_6_3_multiple_transforms_ike(void **state)
{
	struct pair p;
	struct forge f;
	struct ike_proposals sa;

	(void)state;
	forge_with(&p, "aes128-aes256-sha256-sha384-prfsha256-prfsha384-x25519-modp2048", NULL);
	pair_want(&p, 0);
	forge_take(&p, 0, &f);
	sa = proposals_of(&f);
	assert_int_equal(sa.count, 1);
	assert_int_equal(count_of(&sa.item[0], IKE_TT_ENCR), 2);
	assert_int_equal(count_of(&sa.item[0], IKE_TT_PRF), 2);
	assert_int_equal(count_of(&sa.item[0], IKE_TT_INTEG), 2);
	assert_int_equal(count_of(&sa.item[0], IKE_TT_KE), 2);
	forge_free(&p);
}

/* The second of two proposals is the one that B takes: its answer says so. */
static void en_i_1_1_6_4_multiple_proposals_ike(void **state)
{
	const char *both[] = { "aes128gcm16-prfsha256-x25519", "aes256-sha256-x25519" };
	struct pair p;
	struct forge f;
	struct ike_proposals sa;
	char why[IKE_WHY_MAX];

	(void)state;
	pair_init(&p);
	assert_true(ike_proposals_parse(both, 2, IKE_PROTO_IKE, &p.side[0].conn.ike, NULL, why));
	pair_proposals(both[1], IKE_PROTO_IKE, &p.side[1].conn.ike);
	pair_start(&p);
	pair_want(&p, 0);
	forge_take(&p, 0, &f);
	sa = proposals_of(&f);
	assert_int_equal(sa.count, 2);
	assert_int_equal(sa.item[1].num, 2);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_take(&p, 1, &f);
	sa = proposals_of(&f);
	assert_int_equal(sa.count, 1);
	assert_int_equal(sa.item[0].num, 2);
	forge_free(&p);
}

static void en_i_1_1_6_5_multiple_transforms_child(void **state)
{
	struct pair p;
	struct forge f;
	struct ike_proposals sa;

	(void)state;
	forge_with(&p, FORGE_IKE, "aes128-aes256-sha256-sha512-esn-noesn");
	pair_want(&p, 0);
	pair_arrow(&p, 0);
	pair_arrow(&p, 1);
	forge_take(&p, 0, &f);
	sa = proposals_of(&f);
	assert_int_equal(count_of(&sa.item[0], IKE_TT_ENCR), 2);
	assert_int_equal(count_of(&sa.item[0], IKE_TT_INTEG), 2);
	assert_int_equal(count_of(&sa.item[0], IKE_TT_ESN), 2);
	assert_int_equal(count_of(&sa.item[0], IKE_TT_KE), 0);
	forge_free(&p);
}

static void en_i_1_1_6_6_multiple_proposals_child(void **state)
{
	const char *both[] = { "aes128gcm16", "aes256-sha256" };
	struct pair p;
	struct forge f;
	struct ike_proposals sa;
	char why[IKE_WHY_MAX];

	(void)state;
	pair_init(&p);
	for (int i = 0; i < 2; i++)
		pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p.side[i].conn.ike);
	assert_true(ike_proposals_parse(both, 2, IKE_PROTO_ESP, &p.side[0].conn.esp, NULL, why));
	pair_proposals(both[1], IKE_PROTO_ESP, &p.side[1].conn.esp);
	pair_start(&p);
	pair_want(&p, 0);
	pair_arrow(&p, 0);
	pair_arrow(&p, 1);
	forge_take(&p, 0, &f);
	sa = proposals_of(&f);
	assert_int_equal(sa.count, 2);
	assert_memory_equal(sa.item[0].spi, sa.item[1].spi, 4);
	forge_free(&p);
}

#define TWO_GROUPS "aes256gcm16-prfsha256-modp2048-ecp256"

/* 1.1.6.7, and 1.1.6.11: with the responder's SPI 0, or not. */
static void invalid_ke(uint64_t spi_r)
{
	static const uint8_t ecp256[] = { 0, IKE_KE_ECP256 };
	struct pair p;
	struct forge first, f;

	forge_with(&p, TWO_GROUPS, NULL);
	pair_want(&p, 0);
	forge_take(&p, 0, &first);
	forge_bare(&p, &f, IKE_N_INVALID_KE_PAYLOAD, ecp256, 2);
	f.hdr.spi_r = spi_r;
	assert_int_equal(forge_send(&p, 1, &f), IKE_OK);
	pair_drop(&p, 0);
	forge_take(&p, 0, &f);
	assert_int_equal(forge_find(&f, IKE_PL_KE)->body[1], IKE_KE_ECP256);
	assert_int_equal(f.hdr.spi_r, 0);
	/* All that was offered before is offered again: nobody is to talk us down (2.7). */
	assert_int_equal(forge_find(&f, IKE_PL_SA)->len, forge_find(&first, IKE_PL_SA)->len);
	assert_memory_equal(forge_find(&f, IKE_PL_SA)->body, forge_find(&first, IKE_PL_SA)->body,
			    forge_find(&f, IKE_PL_SA)->len);
	forge_free(&p);
}

static void en_i_1_1_6_7_invalid_ke_payload(void **state)
{
	(void)state;
	invalid_ke(0);
}

static void en_i_1_1_6_8_no_proposal_chosen(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	assert_int_equal(forge_send(&p, 1, forge_bare(&p, &f, IKE_N_NO_PROPOSAL_CHOSEN, NULL, 0)),
			 IKE_OK);
	assert_int_equal(p.side[0].wants_done, 0);
	pair_pass(&p, 10 * TICK_S, true);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_NO_PROPOSAL);
	pair_assert_nothing(&p, 0);
	pair_want(&p, 0);
	forge_free(&p);
}

static void inconsistent(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	(void)i;
	forge_find(f, IKE_PL_SA)->body[forge_find(f, IKE_PL_SA)->len - 1] ^= 0x20;
}

static void en_i_1_1_6_9_inconsistent_ike_sa(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_INIT_RESPONSE);
	forge_take(&p, 1, &f);
	inconsistent(&p, &f, 0);
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_NO_PROPOSAL), 0);
	forge_free(&p);
}

static void en_i_1_1_6_10_inconsistent_child_sa(void **state)
{
	(void)state;
	forge_refused_answer(inconsistent, 0, IKE_E_NO_PROPOSAL, IKE_CAUSE_NO_CHILD_PROPOSAL);
}

static void en_i_1_1_6_11_invalid_ke_in_initial_exchange(void **state)
{
	(void)state;
	invalid_ke(0);
	invalid_ke(0x1122334455667788);
}

/* The IKE SA stands though its Child SA was refused: we delete it, as RFC 7296 2.21.2 allows. */
static void en_i_1_1_6_12_ike_sa_without_child_sa(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_AUTH_RESPONSE);
	forge_take(&p, 1, &f);
	forge_drop(&f, IKE_PL_SA);
	forge_drop(&f, IKE_PL_TSI);
	forge_drop(&f, IKE_PL_TSR);
	forge_drop(&f, IKE_PL_NOTIFY);
	forge_notify(&f, IKE_N_NO_PROPOSAL_CHOSEN, NULL, 0);
	forge_put(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(p.side[0].ups, 1);
	assert_int_equal(p.side[0].sa_count, 0);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_NO_CHILD_PROPOSAL);
	forge_take(&p, 0, &f);
	assert_true(forge_has(&f, IKE_PL_DELETE));
	pair_settle(&p);
	pair_want(&p, 0);
	forge_free(&p);
}

/* ---- 1.1.7 selectors ---- */

/* Ours are one host each already: an answer of the same range, or of less, which is not GRE. */
static void narrowed(struct pair *p, struct forge *f, unsigned i)
{
	(void)p;
	forge_find(f, i ? IKE_PL_TSR : IKE_PL_TSI)->body[11] = 41; /* up to port 65321 */
}

static void en_i_1_1_7_1_narrowed_selectors(void **state)
{
	(void)state;
	forge_refused_answer(narrowed, 0, IKE_E_TS, IKE_CAUSE_TS);
	forge_refused_answer(narrowed, 1, IKE_E_TS, IKE_CAUSE_TS);
}

/* ---- 1.1.8 errors ---- */

static void en_i_1_1_8_1_invalid_ike_spi(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_new(&p, 1, IKE_X_INFORMATIONAL, true, 2, &f);
	f.sealed = false;
	forge_notify(&f, IKE_N_INVALID_IKE_SPI, NULL, 0);
	assert_int_equal(forge_send(&p, 1, &f), IKE_E_PLAINTEXT);
	assert_int_equal(pair_peek(&p, 0).exchange, IKE_X_INFORMATIONAL);
	pair_assert_up(&p);
	forge_free(&p);
}

static void en_i_1_1_8_2_invalid_selectors(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_request(&p, 1, IKE_X_INFORMATIONAL, &f);
	forge_notify(&f, IKE_N_INVALID_SELECTORS, "an offending packet", 19);
	assert_int_equal(forge_send(&p, 1, &f), IKE_OK);
	pair_sa(&p, 1)->mid_out++;
	forge_answer(&p, 0, &f);
	assert_true(f.sealed && f.count == 0);
	forge_free(&p);
}

/* ---- 1.1.9, 1.1.10 identities and secrets ---- */

static void en_i_1_1_9_identification_types(void **state)
{
	static const char *const ids[] = { "192.0.2.1", "2001:db8::1", "a.example",
					   "a@example", "@#0badc0de",  "C=CH, O=example, CN=a" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		struct pair p;
		char why[IKE_WHY_MAX];

		pair_init(&p);
		for (int j = 0; j < 2; j++) {
			pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p.side[j].conn.ike);
			assert_true(ike_id_from_text(
				ids[i], j ? &p.side[j].conn.remote_id : &p.side[j].conn.local_id,
				why));
		}
		pair_start(&p);
		pair_establish(&p);
		assert_true(ike_id_eq(pair_sa(&p, 1)->remote_id, &p.side[0].conn.local_id));
		forge_free(&p);
	}
}

/* A secret of any bytes, zeroes among them (2.15). */
static void en_i_1_1_10_4_binary_secret(void **state)
{
	static const uint8_t secret[] = { 0, 0xff, 0, 0x80, 0, 0, 1, '\n' };
	struct pair p;

	(void)state;
	for (int same = 0; same < 2; same++) {
		pair_init(&p);
		for (int i = 0; i < 2; i++) {
			pair_proposals(FORGE_IKE, IKE_PROTO_IKE, &p.side[i].conn.ike);
			p.side[i].conn.psk = secret;
			p.side[i].conn.psk_len = sizeof(secret) - (same ? 0u : (size_t)i);
		}
		pair_start(&p);
		pair_want(&p, 0);
		pair_settle(&p);
		assert_int_equal(p.side[0].cause, same ? IKE_CAUSE_NONE : IKE_CAUSE_AUTH_REFUSED);
		pair_free(&p);
	}
}

/* ---- 1.1.11, 1.3 what must be ignored ---- */

static void en_i_1_1_11_1_reserved_in_init_response(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_INIT_RESPONSE);
	forge_take(&p, 1, &f);
	forge_reserve(&p, 1, &f);
	forge_own(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_free(&p);
}

static void en_i_1_1_11_2_reserved_in_auth_response(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_AUTH_RESPONSE);
	forge_take(&p, 1, &f);
	forge_reserve(&p, 1, &f);
	forge_put(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_free(&p);
}

static void en_i_1_1_11_3_version_bit(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_INIT_RESPONSE);
	forge_take(&p, 1, &f);
	f.hdr.flags |= IKE_FLAG_VERSION;
	forge_own(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(pair_peek(&p, 0).flags, IKE_FLAG_INIT); /* and never set by us */
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_take(&p, 1, &f);
	f.hdr.flags |= IKE_FLAG_VERSION;
	forge_put(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_free(&p);
}

/* Status types that nobody knows are ignored; an unknown error means that the request failed. */
static void en_i_1_1_11_4_unrecognised_notifies(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_INIT_RESPONSE);
	forge_take(&p, 1, &f);
	forge_notify(&f, 65535, "?", 1);
	forge_own(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_take(&p, 1, &f);
	forge_notify(&f, 65535, "?", 1);
	forge_put(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_free(&p);

	forge_pair(&p, FORGE_AUTH_RESPONSE);
	forge_take(&p, 1, &f);
	f.count = 0;
	forge_notify(&f, 16383, NULL, 0);
	forge_put(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_PROTOCOL);
	pair_free(&p);
}

static void en_i_1_3_1_1_informational_request(void **state)
{
	struct pair p;

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (uint32_t i = 0; i < 5; i++) { /* numbered one by one */
		info_probe(pair_sa(&p, 0));
		pair_drain(&p, 0);
		assert_int_equal(pair_peek(&p, 0).mid, 2 + i);
		pair_settle(&p);
	}
	forge_free(&p);
}

static void en_i_1_3_2_retransmission_of_informational(void **state)
{
	struct pair p;
	uint8_t bytes[IKE_MESSAGE_MAX];
	size_t len;

	(void)state;
	forge_pair(&p, FORGE_UP);
	info_probe(pair_sa(&p, 0));
	pair_drain(&p, 0);
	len = p.side[0].out[0]->len;
	memcpy(bytes, p.side[0].out[0]->bytes, len);
	for (int i = 0; i < 3; i++) {
		pair_drop(&p, 0);
		p.now = ike_deadline(p.side[0].ike);
		ike_timeout(p.side[0].ike, p.now);
		pair_drain(&p, 0);
		assert_int_equal(p.side[0].out[0]->len, len);
		assert_memory_equal(p.side[0].out[0]->bytes, bytes, len);
	}
	pair_settle(&p); /* 1.3.2.2: and it stops */
	p.side[0].ike->stats.retransmits = 0;
	pair_pass(&p, 25 * TICK_S, false);
	assert_int_equal(p.side[0].ike->stats.retransmits, 0);
	forge_free(&p);
}

static void en_i_1_3_3_1_reserved_in_informational_response(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	info_probe(pair_sa(&p, 0));
	pair_drain(&p, 0);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	forge_take(&p, 1, &f);
	forge_notify(&f, 65535, "?", 1);
	forge_reserve(&p, 1, &f);
	forge_put(&p, 1, &f);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	forge_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(en_i_1_1_6_1_algorithms_of_ike_sa),
		cmocka_unit_test(en_i_1_1_6_2_algorithms_of_child_sa),
		cmocka_unit_test(en_i_1_1_6_3_multiple_transforms_ike),
		cmocka_unit_test(en_i_1_1_6_4_multiple_proposals_ike),
		cmocka_unit_test(en_i_1_1_6_5_multiple_transforms_child),
		cmocka_unit_test(en_i_1_1_6_6_multiple_proposals_child),
		cmocka_unit_test(en_i_1_1_6_7_invalid_ke_payload),
		cmocka_unit_test(en_i_1_1_6_8_no_proposal_chosen),
		cmocka_unit_test(en_i_1_1_6_9_inconsistent_ike_sa),
		cmocka_unit_test(en_i_1_1_6_10_inconsistent_child_sa),
		cmocka_unit_test(en_i_1_1_6_11_invalid_ke_in_initial_exchange),
		cmocka_unit_test(en_i_1_1_6_12_ike_sa_without_child_sa),
		cmocka_unit_test(en_i_1_1_7_1_narrowed_selectors),
		cmocka_unit_test(en_i_1_1_8_1_invalid_ike_spi),
		cmocka_unit_test(en_i_1_1_8_2_invalid_selectors),
		cmocka_unit_test(en_i_1_1_9_identification_types),
		cmocka_unit_test(en_i_1_1_10_4_binary_secret),
		cmocka_unit_test(en_i_1_1_11_1_reserved_in_init_response),
		cmocka_unit_test(en_i_1_1_11_2_reserved_in_auth_response),
		cmocka_unit_test(en_i_1_1_11_3_version_bit),
		cmocka_unit_test(en_i_1_1_11_4_unrecognised_notifies),
		cmocka_unit_test(en_i_1_3_1_1_informational_request),
		cmocka_unit_test(en_i_1_3_2_retransmission_of_informational),
		cmocka_unit_test(en_i_1_3_3_1_reserved_in_informational_response),
	};

	return cmocka_run_group_tests_name("conformance_i2", tests, NULL, NULL);
}
