/*
 * tests/unit/test_attacks_info.c - attacks on SAs that stand: replays, strays, hints, forged
 * deletes, and nonsense from the authenticated peer itself.  RFC 7296 1.4, 1.5, 2.1 - 2.4, 2.21.
 */
#include "tests/unit/forge.h"

#include <stdlib.h>

#define HISTORY_MAX 32

/* ---- replays ---- */

struct record {
	int from;
	size_t len;
	uint8_t bytes[1024];
};

struct history {
	size_t count;
	struct record item[HISTORY_MAX];
};

/* All that has been sent before arrives again, where it went and where it came from. */
static void replay_all(struct pair *p, const struct history *h, bool ended)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct record *r = &h->item[i];
		bool init = r->bytes[18] == IKE_X_SA_INIT;

		/* Who has forgotten all of it takes the first one for a stranger's, and may. */
		if (ended && init)
			continue;
		(void)forge_attack(p, 1 - r->from, r->bytes, r->len, IKE_E_COUNT);
		(void)forge_attack(p, r->from, r->bytes, r->len, IKE_E_COUNT);
	}
}

static void arrow_recorded(struct pair *p, int from, struct history *h, bool last)
{
	struct record *r = &h->item[h->count++];
	const struct flight *f = p->side[from].out[0];

	assert_true(h->count <= HISTORY_MAX && f->len <= sizeof(r->bytes));
	r->from = from;
	r->len = f->len;
	memcpy(r->bytes, f->bytes, f->len);
	assert_int_equal(pair_arrow(p, from), IKE_OK);
	replay_all(p, h, last);
}

static void exchange_recorded(struct pair *p, int from, struct history *h)
{
	arrow_recorded(p, from, h, false);
	arrow_recorded(p, 1 - from, h, false);
}

static void test_replay_of_everything(void **state)
{
	struct pair p;
	struct history *h = calloc(1, sizeof(*h));
	struct ike_match match = { 0 };

	(void)state;
	assert_non_null(h);
	forge_pair(&p, FORGE_INIT_REQUEST);
	exchange_recorded(&p, 0, h);
	exchange_recorded(&p, 0, h);
	pair_assert_up(&p);
	for (int i = 0; i < 6; i++) {
		p.now += TICK_S;
		info_probe(pair_sa(&p, i % 2));
		pair_drain(&p, i % 2);
		exchange_recorded(&p, i % 2, h);
	}
	pair_assert_up(&p);
	match.child_id = p.side[0].sa[0].child_id;
	assert_int_equal(ike_terminate(p.side[0].ike, p.now, &match, false), 1);
	pair_drain(&p, 0);
	exchange_recorded(&p, 0, h);
	match.child_id = 0;
	assert_int_equal(ike_terminate(p.side[1].ike, p.now, &match, false), 1);
	pair_drain(&p, 1);
	arrow_recorded(&p, 1, h, false);
	p.now += TICK_S; /* B's SA is gone after this one, A's lingers */
	arrow_recorded(&p, 0, h, true);
	assert_int_equal(p.side[0].sa_count + p.side[1].sa_count, 0);
	p.now += TICK_S;
	pair_want(&p, 0);
	pair_settle(&p);
	replay_all(&p, h, true);
	free(h);
	forge_free(&p);
}

/* While a computation is under way, too: no second one, no second SA. */
static void test_replay_during_jobs(void **state)
{
	struct pair p;
	uint8_t bytes[IKE_MESSAGE_MAX];
	size_t len;

	(void)state;
	forge_pair(&p, FORGE_INIT_REQUEST);
	p.side[1].hold_jobs = true;
	len = p.side[0].out[0]->len;
	memcpy(bytes, p.side[0].out[0]->bytes, len);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	for (int i = 0; i < 20; i++)
		assert_int_equal(forge_attack(&p, 1, bytes, len, IKE_E_REPLAY), 0);
	assert_int_equal(p.side[1].job_count, 1);
	p.side[1].hold_jobs = false;
	p.side[1].job_count = 0;
	ike_job_run(p.side[1].job[0]);
	ike_job_done(p.side[1].ike, p.now, p.side[1].job[0]);
	pair_drain(&p, 1);
	assert_int_equal(p.side[1].out_count, 1);
	assert_int_equal(forge_attack(&p, 1, bytes, len, IKE_E_REPLAY), FORGE_ANSWER);
	forge_free(&p);
}

/* OpenIKED d452bd6: a replay from elsewhere moves nobody, behind a NAT or not. */
static void test_replay_from_elsewhere(void **state)
{
	(void)state;
	for (int nat = 0; nat < 2; nat++) {
		struct pair p;
		struct forge_state before;
		struct ike_path path = { .local = { addr_b, nat ? IKE_NATT_PORT : IKE_PORT },
					 .remote = { addr_ip4(198, 51, 100, 7), 4500 } };
		uint8_t bytes[IKE_MESSAGE_MAX];
		size_t len;

		pair_init(&p);
		if (nat)
			p.nat = (struct pair_nat){ .on = true,
						   .inside = addr_ip4(192, 168, 1, 2),
						   .outside = addr_a,
						   .port_shift = 1000 };
		pair_start(&p);
		pair_establish(&p);
		for (int i = 0; i < 2; i++) {
			info_probe(pair_sa(&p, 0));
			pair_drain(&p, 0);
			len = p.side[0].out[0]->len;
			memcpy(bytes, p.side[0].out[0]->bytes, len);
			pair_settle(&p);
			forge_look(&p, &before);
			assert_int_equal(ike_input(p.side[1].ike, p.now, &path, cur_of(bytes, len)),
					 IKE_E_REPLAY);
			pair_drain(&p, 1);
			forge_assert_same(&p, &before, __LINE__);
			assert_int_equal(p.side[1].moves, 0);
			pair_drop(&p, 1);
		}
		forge_free(&p);
	}
}

/* 2.23: a fresh, sealed request from elsewhere is answered there, but who has no NAT stays put. */
static void test_request_from_elsewhere(void **state)
{
	struct pair p;
	const struct endpoint there = { addr_ip4(198, 51, 100, 7), 777 };

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (int to = 0; to < 2; to++) {
		const struct ike_path path = { .local = pair_sa(&p, to)->path.local,
					       .remote = there };
		const struct flight *f;

		info_probe(pair_sa(&p, 1 - to));
		pair_drain(&p, 1 - to);
		f = p.side[1 - to].out[0];
		assert_int_equal(ike_input(p.side[to].ike, p.now, &path, cur_of(f->bytes, f->len)),
				 IKE_OK);
		pair_drain(&p, to);
		assert_true(endpoint_eq(&p.side[to].out[0]->path.remote, &there));
		assert_false(endpoint_eq(&pair_sa(&p, to)->path.remote, &there));
		assert_int_equal(p.side[to].moves, 0);
		pair_drop(&p, to);
		assert_int_equal(pair_arrow(&p, 1 - to), IKE_E_REPLAY);
		pair_settle(&p);
	}
	forge_free(&p);
}

/* ---- the window ---- */

/* RFC 7296 2.3: requests and answers, sealed well, of numbers that are not due. */
static void test_message_ids(void **state)
{
	static const uint32_t ahead[] = { 1, 2, 3, 100, 0x7fffffff, 0x80000000, 0xfffffffd };
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (int n = 0; n < 6; n++) {
		for (int as = 0; as < 2; as++) {
			for (size_t i = 0; i < ARRAY_LEN(ahead); i++) {
				uint32_t due = pair_sa(&p, 1 - as)->mid_in;

				forge_new(&p, as, IKE_X_INFORMATIONAL, false, due + ahead[i], &f);
				forge_delete(&f, IKE_PROTO_IKE, NULL, 0);
				/* One less than due is what was answered last, if anything was. */
				if (due + ahead[i] != due - 1)
					assert_int_equal(forge_strike(&p, as, &f, IKE_E_MESSAGE_ID),
							 0);
				f.hdr.flags |= IKE_FLAG_RESPONSE;
				f.hdr.mid = pair_sa(&p, 1 - as)->mid_out + ahead[i] - 2;
				assert_int_equal(forge_strike(&p, as, &f, IKE_E_UNEXPECTED), 0);
			}
		}
		info_probe(pair_sa(&p, n % 2));
		pair_drain(&p, n % 2);
		pair_settle(&p);
	}
	forge_free(&p);
}

/* Answers that are not to the outstanding request; then the true one. */
static void test_unasked_answers(void **state)
{
	static const uint8_t exchanges[] = { IKE_X_AUTH, IKE_X_CREATE_CHILD };
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	forge_new(&p, 1, IKE_X_INFORMATIONAL, true, pair_sa(&p, 0)->mid_out, &f);
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	info_probe(pair_sa(&p, 0));
	pair_drain(&p, 0);
	for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
		f.hdr.exchange = exchanges[i];
		assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	}
	f.hdr.exchange = IKE_X_INFORMATIONAL;
	f.hdr.mid++;
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNEXPECTED), 0);
	f.hdr.mid--;
	f.sealed = false;
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_PLAINTEXT), 0);
	forge_free(&p);
}

/* Other exchanges as the next request: IKE_AUTH again is nobody's business now. */
static void test_auth_again(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (int as = 0; as < 2; as++) {
		forge_request(&p, as, IKE_X_AUTH, &f);
		assert_int_equal(forge_strike(&p, as, &f, IKE_E_STATE), 0);
		f.hdr.exchange = IKE_X_SA_INIT;
		assert_int_equal(forge_strike(&p, as, &f, IKE_E_SYNTAX), 0);
	}
	forge_free(&p);
}

/* ---- damage ---- */

static void flip_all(struct pair *p, int from)
{
	static const uint8_t masks[] = { 0x01, 0x10, 0x80, 0xff };
	size_t len = p->side[from].out[0]->len;
	uint8_t bytes[IKE_MESSAGE_MAX];

	for (size_t i = 0; i < len; i++) {
		for (size_t j = 0; j < ARRAY_LEN(masks); j++) {
			memcpy(bytes, p->side[from].out[0]->bytes, len);
			bytes[i] ^= masks[j];
			(void)forge_attack(p, 1 - from, bytes, len, IKE_E_COUNT);
			(void)forge_attack(p, from, bytes, len, IKE_E_COUNT);
			p->now += TICK_MS;
		}
	}
}

/* Every byte of a sealed message is covered by its seal. */
static void test_flipped_anywhere(void **state)
{
	static const char *const proposals[] = { FORGE_IKE, "aes128-sha256-x25519" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(proposals); i++) {
		struct pair p;

		pair_init(&p);
		for (int j = 0; j < 2; j++)
			pair_proposals(proposals[i], IKE_PROTO_IKE, &p.side[j].conn.ike);
		p.side[0].conf.timing.retransmit_us = 1000 * TICK_S;
		pair_start(&p);
		pair_want(&p, 0);
		pair_arrow(&p, 0);
		pair_arrow(&p, 1);
		for (int n = 0; n < 4; n++) { /* IKE_AUTH, and a probe */
			flip_all(&p, n % 2);
			assert_int_equal(pair_arrow(&p, n % 2), IKE_OK);
			if (n == 1) {
				info_probe(pair_sa(&p, 0));
				pair_drain(&p, 0);
			}
		}
		forge_free(&p);
	}
}

/* SPIs swapped, changed, zeroed; roles exchanged; all of it sealed as it is. */
static void test_swapped_spis(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (int as = 0; as < 2; as++) {
		for (unsigned i = 0; i < 64; i++) {
			uint64_t spi;

			forge_request(&p, as, IKE_X_INFORMATIONAL, &f);
			forge_delete(&f, IKE_PROTO_IKE, NULL, 0);
			spi = f.hdr.spi_i;
			if (i & 1)
				f.hdr.spi_i = f.hdr.spi_r;
			if (i & 2)
				f.hdr.spi_r = spi;
			if (i & 4)
				f.hdr.flags ^= IKE_FLAG_INIT;
			if (i & 8)
				f.hdr.flags ^= IKE_FLAG_RESPONSE;
			if (i & 16)
				f.hdr.spi_r ^= 1;
			if (i & 32)
				f.hdr.spi_i ^= 1;
			if (i)
				(void)forge_strike(&p, as, &f, IKE_E_COUNT);
			p.now += TICK_MS;
		}
	}
	forge_free(&p);
}

/* ---- strays ---- */

static const uint8_t protected_exchanges[] = { IKE_X_AUTH, IKE_X_CREATE_CHILD,
					       IKE_X_INFORMATIONAL };

/* RFC 7296 2.21.4, EN.I 1.1.3.2: what is not sealed never tears anything down. */
static void test_unprotected_errors(void **state)
{
	static const uint16_t types[] = { 1,
					  5,
					  7,
					  9,
					  11,
					  14,
					  17,
					  24,
					  34,
					  35,
					  38,
					  39,
					  43,
					  44,
					  16383,
					  IKE_N_INITIAL_CONTACT,
					  IKE_N_COOKIE,
					  65535 };

	(void)state;
	for (int step = FORGE_AUTH_REQUEST; step <= FORGE_UP; step++) {
		struct pair p;
		struct forge f;

		forge_pair(&p, (enum forge_step)step);
		for (size_t i = 0; i < ARRAY_LEN(types) * ARRAY_LEN(protected_exchanges) * 4; i++) {
			int as = i % 2;
			bool answer = i / 2 % 2;
			size_t which = i / 4;

			forge_new(&p, as, protected_exchanges[which % 3], answer,
				  answer ? pair_sa(&p, 1 - as)->mid_out
					 : pair_sa(&p, 1 - as)->mid_in,
				  &f);
			f.sealed = false;
			forge_notify(&f, types[which / 3], NULL, 0);
			assert_int_equal(forge_strike(&p, as, &f, IKE_E_PLAINTEXT), 0);
			forge_delete(&f, IKE_PROTO_IKE, NULL, 0);
			forge_delete(&f, IKE_PROTO_ESP, &(uint32_t){ 1 }, 1);
			assert_int_equal(forge_strike(&p, as, &f, IKE_E_PLAINTEXT), 0);
			/* Payloads beside or without a seal that fits. */
			(void)forge_add(&f, IKE_PL_SK, "0123456789abcdef0123456789abcdef", 32);
			(void)forge_strike(&p, as, &f, IKE_E_COUNT);
			f.item[f.count - 1].type = IKE_PL_SKF;
			assert_int_equal(forge_strike(&p, as, &f, IKE_E_PLAINTEXT), 0);
		}
		forge_free(&p);
	}
}

/*
 * CVE-2016-1287, CVE-2016-1344, CVE-2022-34720: fragments (RFC 7383), which we never agree to: of
 * all lengths, of impossible numbers, none is kept.
 */
static void test_cve_2016_1287_fragments(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	for (int step = FORGE_AUTH_REQUEST; step <= FORGE_UP; step++) {
		forge_pair(&p, (enum forge_step)step);
		for (unsigned i = 0; i < 400; i++) {
			uint8_t body[100] = { 0, (uint8_t)(i % 7), 0, (uint8_t)(i % 5) };
			int as = i % 2;

			forge_new(&p, as, protected_exchanges[i % 3], i & 8,
				  pair_sa(&p, 1 - as)->mid_in, &f);
			f.sealed = false;
			(void)forge_add(&f, IKE_PL_SKF, body, i / 4);
			assert_int_equal(forge_strike(&p, as, &f, IKE_E_PLAINTEXT), 0);
		}
		forge_free(&p);
	}
}

/* And a Delete for the very SPIs of the pair, in clear. */
static void test_unprotected_deletes(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	forge_pair(&p, FORGE_UP);
	for (int as = 0; as < 2; as++) {
		const uint32_t spis[] = { p.side[as].sa[0].in.spi, p.side[as].sa[0].out.spi };

		forge_request(&p, as, IKE_X_INFORMATIONAL, &f);
		f.sealed = false;
		forge_delete(&f, IKE_PROTO_ESP, spis, 2);
		assert_int_equal(forge_strike(&p, as, &f, IKE_E_PLAINTEXT), 0);
	}
	forge_free(&p);
}

/* 2.21.4, EN.I 1.1.3.8: INVALID_IKE_SPI is a hint; one liveness check per HINT_PROBE_US, no more.
 */
static void test_hints(void **state)
{
	(void)state;
	for (int as = 0; as < 2; as++) {
		struct pair p;
		struct forge f;
		unsigned probes = 0;

		forge_pair(&p, FORGE_UP);
		p.now += HINT_PROBE_US;
		for (int i = 0; i < 350; i++) {
			forge_new(&p, as, IKE_X_INFORMATIONAL, true, (uint32_t)i, &f);
			f.sealed = false;
			forge_notify(&f, IKE_N_INVALID_IKE_SPI, NULL, 0);
			assert_int_equal(forge_send(&p, as, &f), IKE_E_PLAINTEXT);
			assert_true(p.side[1 - as].out_count <= 1);
			probes += (unsigned)p.side[1 - as].out_count;
			if (p.side[1 - as].out_count)
				assert_int_equal(pair_peek(&p, 1 - as).exchange,
						 IKE_X_INFORMATIONAL);
			pair_settle(&p);
			p.now += TICK_S / 10;
		}
		assert_int_equal(probes, 350 * (TICK_S / 10) / HINT_PROBE_US + 1);
		pair_assert_up(&p);
		forge_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay_of_everything),
		cmocka_unit_test(test_replay_during_jobs),
		cmocka_unit_test(test_replay_from_elsewhere),
		cmocka_unit_test(test_request_from_elsewhere),
		cmocka_unit_test(test_message_ids),
		cmocka_unit_test(test_unasked_answers),
		cmocka_unit_test(test_auth_again),
		cmocka_unit_test(test_flipped_anywhere),
		cmocka_unit_test(test_swapped_spis),
		cmocka_unit_test(test_unprotected_errors),
		cmocka_unit_test(test_cve_2016_1287_fragments),
		cmocka_unit_test(test_unprotected_deletes),
		cmocka_unit_test(test_hints),
	};

	return cmocka_run_group_tests_name("attacks_info", tests, NULL, NULL);
}
