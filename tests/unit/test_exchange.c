/*
 * tests/unit/test_exchange.c - the exchanges of RFC 7296 between two engines, an arrow at a time.
 */
#include "tests/unit/pair.h"

#include <stdio.h>

/*
 *	A				B
 *	IKE_SA_INIT	-->
 *			<--	IKE_SA_INIT
 *	IKE_AUTH	-->			B: SA
 *			<--	IKE_AUTH	A: SA
 */
static void test_init_auth(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	pair_start(&p);
	pair_want(&p, 0);
	assert_int_equal(pair_peek(&p, 0).exchange, IKE_X_SA_INIT);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(pair_peek(&p, 0).exchange, IKE_X_AUTH);
	assert_int_equal(pair_peek(&p, 0).mid, 1);
	assert_int_equal(p.side[1].sa_count, 0);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	assert_int_equal(p.side[1].sa_count, 1);
	assert_int_equal(p.side[0].sa_count, 0);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	pair_assert_up(&p);
	assert_int_equal(p.side[0].wants_done, 1);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_NONE);
	assert_false(p.side[0].existed);

	/* A second wish finds it standing. */
	pair_want(&p, 0);
	assert_int_equal(p.side[0].wants_done, 2);
	assert_true(p.side[0].existed);
	assert_int_equal(p.side[0].out_count, 0);
	pair_free(&p);
}

static void with_proposals(const char *ike, const char *esp)
{
	struct pair p;

	pair_init(&p);
	for (int i = 0; i < 2; i++) {
		if (ike)
			pair_proposals(ike, IKE_PROTO_IKE, &p.side[i].conn.ike);
		if (esp)
			pair_proposals(esp, IKE_PROTO_ESP, &p.side[i].conn.esp);
	}
	pair_start(&p);
	pair_establish(&p);
	pair_free(&p);
}

static void test_all_algorithms(void **state)
{
	static const char *const ike[] = {
		"aes128gcm16-prfsha256-x25519",	   "aes256gcm16-prfsha384-ecp384",
		"aes128gcm12-prfsha512-ecp256",	   "aes256gcm12-prfsha256-ecp521",
		"chacha20poly1305-prfsha256-x448", "aes128-sha256-modp2048",
		"aes256-sha384-prfsha384-x25519",  "aes256-sha512-prfsha512-modp3072",
		"aes128-sha1-prfsha1-modp1024",	   "aes128-sha256-prfaesxcbc-modp1536",
		"aes128gcm16-prfaesxcbc-x25519",
	};
	static const char *const esp[] = {
		"aes128gcm16",	    "aes256gcm16-esn",	  "aes128gcm12-esn-noesn", "aes256gcm12",
		"chacha20poly1305", "aes128-sha256",	  "aes256-sha384-esn",	   "aes256-sha512",
		"aes128-sha1",	    "aes256gcm16-x25519",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ike); i++)
		with_proposals(ike[i], NULL);
	for (size_t i = 0; i < ARRAY_LEN(esp); i++)
		with_proposals(NULL, esp[i]);
}

/*
 *	HDR(A,0), SAi1, KEi, Ni			-->
 *						<--  HDR(A,0), N(COOKIE)
 *	HDR(A,0), N(COOKIE), SAi1, KEi, Ni	-->		RFC 7296 2.6
 */
static void test_cookie(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	p.side[1].conf.limits.cookie_threshold = 0;
	pair_start(&p);
	pair_want(&p, 0);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_COOKIE);
	assert_int_equal(pair_peek_notify(&p, 1), IKE_N_COOKIE);
	assert_int_equal(pair_peek(&p, 1).spi_r, 0);
	assert_null(list_first(&p.side[1].ike->sas)); /* stateless */
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(pair_peek_notify(&p, 0), IKE_N_COOKIE);
	pair_settle(&p);
	pair_assert_up(&p);
	pair_free(&p);
}

/* A proposes x25519 first, B takes only ecp256.  RFC 7296 1.3, 2.7. */
static void test_invalid_ke(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	pair_proposals("aes256gcm16-prfsha256-x25519-ecp256", IKE_PROTO_IKE, &p.side[0].conn.ike);
	pair_proposals("aes256gcm16-prfsha256-ecp256", IKE_PROTO_IKE, &p.side[1].conn.ike);
	pair_start(&p);
	pair_want(&p, 0);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_KE_GROUP);
	assert_int_equal(pair_peek_notify(&p, 1), IKE_N_INVALID_KE_PAYLOAD);
	assert_int_equal(pair_peek(&p, 1).spi_r, 0);
	pair_settle(&p);
	pair_assert_up(&p);
	pair_free(&p);
}

/* RFC 7296 2.6.1: the cookie goes along with the new group. */
static void test_cookie_and_invalid_ke(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	pair_proposals("aes256gcm16-prfsha256-x25519-ecp256", IKE_PROTO_IKE, &p.side[0].conn.ike);
	pair_proposals("aes256gcm16-prfsha256-ecp256", IKE_PROTO_IKE, &p.side[1].conn.ike);
	p.side[1].conf.limits.cookie_threshold = 0;
	pair_start(&p);
	pair_want(&p, 0);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_COOKIE);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_KE_GROUP);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(pair_peek_notify(&p, 0), IKE_N_COOKIE);
	assert_int_equal(pair_arrow(&p, 0), IKE_OK);
	pair_settle(&p);
	pair_assert_up(&p);
	pair_free(&p);
}

/* RFC 7296 2.1: lost requests are sent again; lost answers, too, the same bytes. */
static void test_retransmission(void **state)
{
	struct pair p;
	uint8_t answer[IKE_MESSAGE_MAX];
	size_t len;

	(void)state;
	pair_init(&p);
	pair_start(&p);
	pair_want(&p, 0);
	for (int i = 0; i < 3; i++) { /* IKE_SA_INIT, lost three times */
		pair_drop(&p, 0);
		p.now = ike_deadline(p.side[0].ike);
		ike_timeout(p.side[0].ike, p.now);
		pair_drain(&p, 0);
		assert_int_equal(p.side[0].out_count, 1);
	}
	assert_int_equal(pair_copy(&p, 0), IKE_OK);
	len = p.side[1].out[0]->len;
	memcpy(answer, p.side[1].out[0]->bytes, len);
	pair_drop(&p, 1); /* its answer is lost */
	assert_int_equal(pair_copy(&p, 0), IKE_E_REPLAY);
	assert_int_equal(p.side[1].out[0]->len, len);
	assert_memory_equal(p.side[1].out[0]->bytes, answer, len);
	pair_drop(&p, 0);
	assert_int_equal(pair_arrow(&p, 1), IKE_OK);
	assert_int_equal(pair_copy(&p, 0), IKE_OK); /* IKE_AUTH */
	len = p.side[1].out[0]->len;
	memcpy(answer, p.side[1].out[0]->bytes, len);
	pair_drop(&p, 1);
	assert_int_equal(pair_copy(&p, 0), IKE_E_REPLAY);
	assert_memory_equal(p.side[1].out[0]->bytes, answer, len);
	pair_settle(&p);
	pair_assert_up(&p);
	assert_int_equal(p.side[1].child_ups, 1);
	pair_free(&p);
}

static void test_no_answer(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	pair_start(&p);
	pair_want(&p, 0);
	pair_pass(&p, 600 * TICK_S, true);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_NO_ANSWER);
	assert_non_null(strstr(p.side[0].detail, "203.0.113.33"));
	pair_assert_nothing(&p, 0);
	pair_free(&p);
}

static void test_wrong_secret(void **state)
{
	static const uint8_t other[] = "quite another secret";
	struct pair p;

	(void)state;
	pair_init(&p);
	p.side[1].conn.psk = other;
	p.side[1].conn.psk_len = sizeof(other) - 1;
	pair_start(&p);
	pair_want(&p, 0);
	pair_settle(&p);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_AUTH_REFUSED);
	assert_int_equal(p.side[0].sa_count + p.side[1].sa_count, 0);
	assert_int_equal(p.side[0].ups + p.side[1].ups, 0);
	pair_pass(&p, 600 * TICK_S, false);
	pair_assert_nothing(&p, 0);
	pair_assert_nothing(&p, 1);
	pair_free(&p);
}

static void test_no_proposal(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	pair_proposals("aes128gcm16-prfsha256-x25519", IKE_PROTO_IKE, &p.side[0].conn.ike);
	pair_proposals("aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE, &p.side[1].conn.ike);
	pair_start(&p);
	pair_want(&p, 0);
	assert_int_equal(pair_arrow(&p, 0), IKE_E_NO_PROPOSAL);
	assert_int_equal(pair_peek_notify(&p, 1), IKE_N_NO_PROPOSAL_CHOSEN);
	pair_settle(&p);
	assert_int_equal(p.side[0].wants_done, 0); /* 2.21.1: not at once */
	pair_pass(&p, 10 * TICK_S, false);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_NO_PROPOSAL);
	pair_assert_nothing(&p, 0);
	pair_assert_nothing(&p, 1);
	pair_free(&p);
}

static void test_no_child_proposal(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	pair_proposals("aes128gcm16", IKE_PROTO_ESP, &p.side[0].conn.esp);
	pair_proposals("aes256gcm16", IKE_PROTO_ESP, &p.side[1].conn.esp);
	pair_start(&p);
	pair_want(&p, 0);
	pair_settle(&p);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_NO_CHILD_PROPOSAL);
	pair_pass(&p, 60 * TICK_S, false);
	pair_assert_nothing(&p, 0);
	pair_assert_nothing(&p, 1);
	pair_free(&p);
}

/* Deletes by either end, of the IKE SA and of the pair.  RFC 7296 1.4.1. */
static void test_delete(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		struct pair p;
		struct ike_match match = { 0 };

		pair_init(&p);
		pair_start(&p);
		pair_establish(&p);
		assert_int_equal(ike_terminate(p.side[who].ike, p.now, &match, false), 1);
		pair_drain(&p, who);
		pair_settle(&p);
		assert_int_equal(p.side[0].sa_count + p.side[1].sa_count, 0);
		assert_int_equal(p.side[who].down_cause, IKE_CAUSE_TERMINATED);
		assert_int_equal(p.side[1 - who].down_cause, IKE_CAUSE_PEER_DELETED);
		assert_int_equal(p.side[0].downs, 1);
		assert_int_equal(p.side[1].downs, 1);
		pair_pass(&p, 60 * TICK_S, false);
		pair_assert_nothing(&p, 0);
		pair_assert_nothing(&p, 1);
		pair_free(&p);
	}
}

static void test_delete_child(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		struct pair p;
		struct ike_match match = { 0 };

		pair_init(&p);
		pair_start(&p);
		pair_establish(&p);
		match.child_id = p.side[who].sa[0].child_id;
		assert_int_equal(ike_terminate(p.side[who].ike, p.now, &match, false), 1);
		pair_drain(&p, who);
		pair_settle(&p);
		assert_int_equal(p.side[0].sa_count + p.side[1].sa_count, 0);
		assert_int_equal(pair_established(&p, 0), 1);
		assert_int_equal(pair_established(&p, 1), 1);
		/* And traffic brings it back. */
		pair_want(&p, who);
		pair_settle(&p);
		pair_pass(&p, 30 * TICK_S, false);
		pair_assert_up(&p);
		pair_free(&p);
	}
}

/* Every order in which two crossed set-ups can go ends with one IKE SA and one pair. */
static void test_crossed(void **state)
{
	(void)state;
	for (unsigned order = 0; order < 256; order++) {
		struct pair p;

		pair_init(&p);
		p.side[0].seed += 1000u * (order / 16);
		pair_start(&p);
		pair_want(&p, 0);
		pair_want(&p, 1);
		for (unsigned i = 0; i < 8; i++) {
			int from = order >> i & 1;

			if (p.side[from].out_count)
				pair_arrow(&p, from);
			else if (p.side[1 - from].out_count)
				pair_arrow(&p, 1 - from);
		}
		pair_settle(&p);
		assert_int_equal(p.side[0].wants_done, 1);
		assert_int_equal(p.side[1].wants_done, 1);
		assert_int_equal(p.side[0].cause, IKE_CAUSE_NONE);
		assert_int_equal(p.side[1].cause, IKE_CAUSE_NONE);
		pair_pass(&p, 25 * TICK_S, false);
		pair_assert_up(&p);
		pair_pass(&p, 120 * TICK_S, false);
		pair_assert_up(&p);
		pair_free(&p);
	}
}

static void nat_on(struct pair *p)
{
	p->nat = (struct pair_nat){
		.on = true,
		.inside = addr_ip4(192, 168, 1, 2),
		.outside = addr_a,
		.port_shift = 1000,
	};
}

/* RFC 7296 2.23: behind a NAT both move to port 4500, and ESP goes in UDP. */
static void test_nat(void **state)
{
	struct pair p;
	const struct ike_child_sa *a, *b;

	(void)state;
	pair_init(&p);
	nat_on(&p);
	pair_start(&p);
	pair_want(&p, 0);
	pair_arrow(&p, 0);
	pair_arrow(&p, 1);
	assert_int_equal(p.side[0].out[0]->path.local.port, IKE_NATT_PORT);
	assert_int_equal(p.side[0].out[0]->path.remote.port, IKE_NATT_PORT);
	pair_settle(&p);
	pair_assert_up(&p);
	a = &p.side[0].sa[0];
	b = &p.side[1].sa[0];
	assert_true(a->encap && b->encap);
	assert_true(addr_eq(&a->in.dst, &p.nat.inside)); /* each end's own view */
	assert_true(addr_eq(&b->in.src, &p.nat.outside));
	assert_int_equal(b->remote_port, IKE_NATT_PORT + 1000);
	assert_int_equal(a->local_port, IKE_NATT_PORT);
	assert_true(pair_sa(&p, 0)->nat_local);
	assert_true(pair_sa(&p, 1)->nat_remote);
	assert_true(pair_sa(&p, 0)->t_keepalive != TICK_NEVER);

	/* The mapping changes: B follows an authenticated request. */
	p.nat.port_shift = 2000;
	info_probe(pair_sa(&p, 0));
	pair_drain(&p, 0);
	pair_settle(&p);
	assert_int_equal(p.side[1].moves, 1);
	assert_int_equal(p.side[1].sa[0].remote_port, IKE_NATT_PORT + 2000);

	/* And the kernel's MAPPING event. */
	struct endpoint to = { p.nat.outside, 7777 };

	ike_mapping_changed(p.side[1].ike, p.now, &addr_b, p.side[1].sa[0].in.spi, &to);
	pair_drain(&p, 1);
	assert_int_equal(p.side[1].sa[0].remote_port, 7777);
	pair_free(&p);
}

static void test_force_encap(void **state)
{
	(void)state;
	for (int who = 0; who < 2; who++) {
		struct pair p;

		pair_init(&p);
		p.side[who].conn.force_encap = true;
		pair_start(&p);
		pair_establish(&p);
		assert_true(p.side[0].sa[0].encap);
		pair_free(&p);
	}
}

static void test_identities(void **state)
{
	struct pair p;
	char why[IKE_WHY_MAX];

	(void)state;
	pair_init(&p);
	assert_true(ike_id_from_text("a.example", &p.side[0].conn.local_id, why));
	assert_true(ike_id_from_text("b@example", &p.side[0].conn.remote_id, why));
	p.side[1].conn.local_id = p.side[0].conn.remote_id;
	p.side[1].conn.remote_id = p.side[0].conn.local_id;
	pair_start(&p);
	pair_establish(&p);
	pair_free(&p);

	/* B is not who A expects: A finds out, and B's SA goes as well. */
	pair_init(&p);
	assert_true(ike_id_from_text("b@example", &p.side[0].conn.remote_id, why));
	pair_start(&p);
	pair_want(&p, 0);
	pair_settle(&p);
	assert_int_equal(p.side[0].cause, IKE_CAUSE_AUTH_REFUSED);
	pair_pass(&p, 60 * TICK_S, false);
	pair_assert_nothing(&p, 0);
	pair_assert_nothing(&p, 1);
	pair_free(&p);
}

static void test_shutdown(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	pair_start(&p);
	pair_establish(&p);
	ike_shutdown(p.side[0].ike, p.now);
	pair_drain(&p, 0);
	assert_false(ike_idle(p.side[0].ike));
	pair_settle(&p);
	assert_true(ike_idle(p.side[0].ike));
	assert_int_equal(p.side[1].sa_count, 0);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init_auth),
		cmocka_unit_test(test_all_algorithms),
		cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_invalid_ke),
		cmocka_unit_test(test_cookie_and_invalid_ke),
		cmocka_unit_test(test_retransmission),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_wrong_secret),
		cmocka_unit_test(test_no_proposal),
		cmocka_unit_test(test_no_child_proposal),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_delete_child),
		cmocka_unit_test(test_crossed),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_force_encap),
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_shutdown),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
