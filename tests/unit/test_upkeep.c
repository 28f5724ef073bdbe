/*
 * tests/unit/test_upkeep.c - an IKE SA between its set-up and its end: liveness, restarts of one
 * end, replacement when it grows old, ends without a word.  RFC 7296 2.4, 2.8.
 */
#include "tests/unit/pair.h"

/* RFC 7296 2.4: a probe only when nothing else proved life; then the SA goes, on both ends. */
static void test_dpd(void **state)
{
	struct pair p;
	struct ike_stats stats;

	(void)state;
	pair_init(&p);
	pair_start(&p);
	pair_establish(&p);
	ike_stats(p.side[0].ike, &stats);

	uint64_t before = stats.out;

	/* ESP comes in all the time: no probes. */
	for (int i = 0; i < 20; i++) {
		p.side[0].packets++;
		p.side[1].packets++;
		pair_pass(&p, 20 * TICK_S, false);
	}
	ike_stats(p.side[0].ike, &stats);
	assert_int_equal(stats.out, before);
	assert_true(p.side[0].counts > 0);
	/* Silence: probes, answered. */
	pair_pass(&p, 120 * TICK_S, false);
	ike_stats(p.side[0].ike, &stats);
	assert_true(stats.out > before);
	pair_assert_up(&p);
	/* The wire is cut. */
	pair_pass(&p, 120 * TICK_S, true);
	assert_int_equal(p.side[0].down_cause, IKE_CAUSE_NO_ANSWER);
	pair_assert_nothing(&p, 0);
	pair_assert_nothing(&p, 1);
	pair_free(&p);
}

/* A reload that switches the probes off under a standing SA. */
static void test_dpd_switched_off(void **state)
{
	struct pair p;
	struct ike_stats before, after;

	(void)state;
	pair_init(&p);
	pair_start(&p);
	pair_establish(&p);
	for (int i = 0; i < 2; i++)
		p.side[i].conn.dpd_us = 0;
	pair_start(&p);
	pair_pass(&p, 60 * TICK_S, false);
	ike_stats(p.side[0].ike, &before);
	pair_pass(&p, 3600 * TICK_S, false);
	ike_stats(p.side[0].ike, &after);
	assert_int_equal(after.out, before.out);
	pair_assert_up(&p);
	pair_free(&p);
}

/* An IKE_AUTH that the responder has forgotten is not worth a dozen tries. */
static void test_auth_forgotten(void **state)
{
	struct pair p;
	const struct ike_match all = { 0 };

	(void)state;
	pair_init(&p);
	pair_start(&p);
	pair_want(&p, 0);
	pair_arrow(&p, 0);
	pair_arrow(&p, 1);
	(void)ike_terminate(p.side[1].ike, p.now, &all, true);
	pair_drain(&p, 1);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_UNKNOWN_SPI);
	assert_int_equal(pair_peek_notify(&p, 1), IKE_N_INVALID_IKE_SPI);
	assert_int_equal(pair_arrow(&p, 1), IKE_E_PLAINTEXT);
	assert_int_equal(p.side[0].wants_done, 0); /* nobody signed that: wait a little */
	pair_pass(&p, 5 * TICK_S, false);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_NO_ANSWER);
	pair_assert_nothing(&p, 0);
	pair_free(&p);
}

/* A pair that goes without a word takes its IKE SA along: the peer finds out by its probes. */
static void test_silent_child_terminate(void **state)
{
	struct pair p;
	struct ike_match match = { 0 };

	(void)state;
	pair_init(&p);
	pair_start(&p);
	pair_establish(&p);
	match.child_id = p.side[0].sa[0].child_id;
	assert_int_equal(ike_terminate(p.side[0].ike, p.now, &match, true), 1);
	pair_drain(&p, 0);
	assert_int_equal(p.side[0].out_count, 0);
	pair_assert_nothing(&p, 0);
	pair_pass(&p, 120 * TICK_S, false);
	pair_assert_nothing(&p, 1);
	pair_free(&p);
}

/* An end that restarts says INITIAL_CONTACT, and the other forgets the old SAs. */
static void test_restart(void **state)
{
	struct pair p;
	struct rng rng;

	(void)state;
	pair_init(&p);
	pair_start(&p);
	pair_establish(&p);
	ike_free(p.side[0].ike);
	p.side[0].seed = 99;
	rng = rng_seeded(&p.side[0].seed);
	p.side[0].ike = ike_new(&rng);
	p.side[0].sa_count = 0;
	p.side[0].wants_done = 0;
	pair_start(&p);
	p.now += TICK_S;
	pair_establish(&p);
	assert_int_equal(p.side[1].down_cause, IKE_CAUSE_REPLACED);
	pair_free(&p);
}

static void test_lifetime(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	p.side[0].conn.lifetime_us = 3600 * TICK_S;
	pair_start(&p);
	pair_establish(&p);

	uint32_t spi = p.side[0].sa[0].in.spi;

	pair_pass(&p, 3700 * TICK_S, false);
	pair_assert_up(&p);
	assert_int_not_equal(p.side[0].sa[0].in.spi, spi);
	assert_int_equal(p.side[0].down_cause, IKE_CAUSE_REPLACED);
	pair_pass(&p, 36000 * TICK_S, false);
	pair_assert_up(&p);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dpd),
		cmocka_unit_test(test_dpd_switched_off),
		cmocka_unit_test(test_auth_forgotten),
		cmocka_unit_test(test_silent_child_terminate),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_lifetime),
	};

	return cmocka_run_group_tests_name("upkeep", tests, NULL, NULL);
}
