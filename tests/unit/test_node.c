/*
 * tests/unit/test_node.c - nodes with the real engine, a wire and a kernel of paper: ACQUIREs and
 * their back-off, `establish` and who waits for it, SAs as the kernel gets them, and what happens
 * when the kernel refuses or loses them.
 */
#include "tests/unit/node_world.h"

#include "daemon/node_state.h"

#define REQID WORLD_REQID

static struct node_stats stats_of(const struct world *w)
{
	struct node_stats stats;

	node_stats(w->host[0].node, &stats);
	return stats;
}

/* ---- the kernel asks ---- */

static void test_acquire_brings_a_pair(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0], *b = &w->host[1];

	world_acquire(w, &addr_b, REQID, 4711);
	world_settle(w);
	world_assert_standing(w, 2);
	assert_int_equal(a->ups, 1);
	assert_int_equal(b->child_ups, 1);

	/* Inbound first; one's way in is the other's way out, with the same keys. */
	assert_true(addr_eq(&a->sa[0].dst, &addr_a));
	assert_true(addr_eq(&a->sa[1].dst, &addr_b));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(a->sa[i].spi, b->sa[1 - i].spi);
		assert_true(a->sa[i].encr_key.len > 0);
		assert_memory_equal(&a->sa[i].encr_key, &b->sa[1 - i].encr_key,
				    sizeof(struct secret));
		assert_int_equal(a->sa[i].reqid, REQID);
		assert_int_equal(a->sa[i].replay_window, 128);
	}
	/* The ACQUIRE's number belongs to the way out. */
	assert_int_equal(a->sa[0].acquire_seq, 0);
	assert_int_equal(a->sa[1].acquire_seq, 4711);
	assert_int_equal(stats_of(w).acquires, 1);
	assert_int_equal(a->forgets, 0);
}

static void test_acquire_repeated_is_counted(void **state)
{
	struct world *w = *state;

	for (uint32_t seq = 1; seq <= 5; seq++)
		world_acquire(w, &addr_b, REQID, seq);
	assert_int_equal(stats_of(w).acquires_repeated, 4);
	world_settle(w);
	world_assert_standing(w, 2);
	assert_int_equal(w->host[0].added, 1);
}

static void test_acquire_of_others_is_left_alone(void **state)
{
	struct world *w = *state;

	world_acquire(w, &addr_b, REQID + 1, 1);
	world_settle(w);
	world_assert_standing(w, 0);
	assert_int_equal(stats_of(w).acquires_foreign, 1);
	assert_int_equal(stats_of(w).acquires, 0);
	assert_int_equal(w->host[0].warnings, 0);
}

static void test_acquire_unknown_peer_is_noted_once(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++) {
		world_acquire(w, &addr_c, REQID, 1);
		world_pass(w, 30 * TICK_S); /* what the kernel's larval SA lives */
	}
	assert_int_equal(w->host[0].warnings, 1);
	assert_non_null(strstr(w->host[0].warning, "198.51.100.9"));
	assert_int_equal(stats_of(w).acquires_unknown, 5);
	assert_int_equal(w->host[0].forgets, 0); /* the kernel's own 30 s will do */
}

/* Each failure makes the kernel wait twice as long, up to 30 s; success makes it forget. */
static void test_acquire_backs_off(void **state)
{
	static const unsigned pauses[] = { 1, 2, 4, 8, 16, 30, 30 };
	struct world *w = *state;
	struct host *a = &w->host[0];

	w->cut = true;
	a->conf.timing.retransmit_tries = 1;
	a->conf.timing.retransmit_us = TICK_S;
	world_configure(w, 0);
	for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
		tick_t failed_at;

		world_acquire(w, &addr_b, REQID, 1);
		while (stats_of(w).acquires < i + 1 || a->node->wishes.count)
			world_pass(w, 10 * TICK_MS);
		failed_at = w->now;
		assert_int_equal(a->forgets, i);
		world_acquire(w, &addr_b, REQID, 1); /* too early: counted */
		assert_int_equal(stats_of(w).acquires_repeated, i + 1);
		node_kernel(a->node, w->now, &(struct xfrm_event){ .kind = XFRM_EV_EXPIRE });
		a->node->stats.acquires--; /* the loop counts by it */
		while (a->forgets == i)
			world_pass(w, 10 * TICK_MS);
		assert_in_range(w->now - failed_at, pauses[i] * TICK_S - 20 * TICK_MS,
				pauses[i] * TICK_S + 20 * TICK_MS);
	}
	/* The engine says each time that nobody answers; that traffic is dropped is said once. */
	assert_non_null(strstr(a->warning, "203.0.113.33"));
	w->cut = false;
	world_acquire(w, &addr_b, REQID, 1);
	world_settle(w);
	world_assert_standing(w, 2);
	assert_int_equal(a->node->acquire_count, 0);
}

static void test_acquire_forgotten_after_a_while(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	w->cut = true;
	a->conf.timing.retransmit_tries = 1;
	world_configure(w, 0);
	world_acquire(w, &addr_b, REQID, 1);
	world_pass(w, 300 * TICK_S);
	assert_int_equal(a->forgets, 1);
	assert_int_equal(a->node->acquire_count, 0);
	assert_int_equal(node_deadline(a->node), TICK_NEVER);
}

static void test_new_configuration_retries(void **state)
{
	struct world *w = *state;

	world_acquire(w, &addr_c, REQID, 1);
	world_settle(w);
	assert_int_equal(w->host[0].forgets, 0);
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(w->host[0].forgets, 1);
	/* Without its tunnel there is nothing to retry. */
	world_acquire(w, &addr_c, REQID, 1);
	world_settle(w);
	w->host[0].conf.tunnel_count = 0;
	world_configure(w, 0);
	world_settle(w);
	assert_int_equal(w->host[0].forgets, 1);
	assert_int_equal(w->host[0].node->acquire_count, 0);
}

static void test_acquire_table_is_bounded(void **state)
{
	struct world *w = *state;
	struct addr remote = { ADDR_IP4, { 10, 0, 0, 0 } };

	for (unsigned i = 0; i < NODE_ACQUIRES_MAX + 100; i++) {
		remote.b[2] = (uint8_t)(i >> 8);
		remote.b[3] = (uint8_t)i;
		world_acquire(w, &remote, REQID, i);
	}
	world_settle(w);
	assert_int_equal(w->host[0].node->acquire_count, NODE_ACQUIRES_MAX);
	assert_int_equal(stats_of(w).acquires_unknown, NODE_ACQUIRES_MAX + 100);
	assert_int_equal(stats_of(w).acquires_dropped, 0);
}

/* ---- the kernel refuses and loses ---- */

static void test_kernel_refuses(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];
	const struct node_wish wish = { .remote = addr_b, .wait = true, .tag = 5 };

	a->refuse = true;
	world_acquire(w, &addr_b, REQID, 1);
	assert_true(node_establish(a->node, w->now, &wish));
	world_settle(w);
	assert_int_equal(stats_of(w).kernel_errors, 1);
	assert_int_equal(a->replies, 1);
	assert_false(a->ok);
	assert_non_null(strstr(a->text, "no such algorithm"));
	assert_int_equal(a->node->acquire_count, 1); /* in its back-off */
	world_assert_standing(w, 0);		     /* the peer has been told */
	a->refuse = false;
	world_pass(w, 2 * TICK_S);
	assert_int_equal(a->forgets, 1);
	world_acquire(w, &addr_b, REQID, 2);
	world_settle(w);
	world_assert_standing(w, 2);
}

static void test_acquire_for_what_stands_looks_closer(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	world_acquire(w, &addr_b, REQID, 1);
	world_settle(w);
	world_assert_standing(w, 2);
	a->sa_count = 0; /* ip xfrm state flush */
	world_acquire(w, &addr_b, REQID, 2);
	world_settle(w);
	assert_int_equal(a->lists, 1);
	assert_int_equal(stats_of(w).lost, 1);
	world_assert_standing(w, 0);
	assert_int_equal(a->forgets, 0);
	world_pass(w, 2 * TICK_S); /* not the 30 s that the kernel would wait */
	assert_int_equal(a->forgets, 1);
	world_acquire(w, &addr_b, REQID, 3);
	world_settle(w);
	world_assert_standing(w, 2);
}

static void test_resync_removes_strays(void **state)
{
	const struct xfrm_event resync = { .kind = XFRM_EV_RESYNC };
	struct world *w = *state;
	struct host *a = &w->host[0];

	world_acquire(w, &addr_b, REQID, 1);
	world_settle(w);
	a->sa[a->sa_count] = a->sa[0];
	a->sa[a->sa_count++].spi = 0x1234; /* ours by reqid, nobody's by SPI */
	a->sa[a->sa_count] = a->sa[0];
	a->sa[a->sa_count].reqid = 99; /* another daemon's */
	a->sa[a->sa_count++].spi = 0x5678;
	node_kernel(a->node, w->now, &resync);
	world_settle(w);
	assert_int_equal(a->sa_count, 3);
	assert_int_equal(stats_of(w).strays, 1);
	assert_int_equal(stats_of(w).lost, 0);
	assert_int_equal(a->child_downs, 0);

	/* A storm of them is one listing now and one later. */
	for (int i = 0; i < 10; i++) {
		node_kernel(a->node, w->now, &resync);
		world_settle(w);
	}
	assert_int_equal(a->lists, 1);
	world_pass(w, 2 * TICK_S);
	assert_int_equal(a->lists, 2);
}

static void test_half_a_pair_goes_whole(void **state)
{
	const struct xfrm_event resync = { .kind = XFRM_EV_RESYNC };
	struct world *w = *state;
	struct host *a = &w->host[0];

	world_acquire(w, &addr_b, REQID, 1);
	world_settle(w);
	world_sa_del(a, &a->sa[1]);
	node_kernel(a->node, w->now, &resync);
	world_settle(w);
	world_assert_standing(w, 0);
	assert_int_equal(a->child_downs, 1);
	assert_int_equal(a->down_children, 1); /* it tells which */
}

static void test_expire_takes_the_pair(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];
	struct xfrm_event ev = { .kind = XFRM_EV_EXPIRE, .hard = true, .reqid = REQID };

	world_acquire(w, &addr_b, REQID, 1);
	world_settle(w);
	ev.src = a->sa[1].src;
	ev.dst = a->sa[1].dst;
	ev.spi = a->sa[1].spi;
	node_kernel(a->node, w->now, &ev);
	world_settle(w);
	world_assert_standing(w, 0);
}

/* ---- establish ---- */

static void establish(struct world *w, const struct node_wish *wish)
{
	assert_true(node_establish(w->host[0].node, w->now, wish));
}

static void test_establish_waits(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	establish(w, &(struct node_wish){ .remote = addr_b, .wait = true, .tag = 1 });
	world_drain(w, 0);
	assert_int_equal(a->replies, 0);
	world_settle(w);
	assert_int_equal(a->replies, 1);
	assert_true(a->ok && !a->existed && a->ike_id && a->tag == 1);
	world_assert_standing(w, 2);
	establish(w,
		  &(struct node_wish){ .local = addr_a, .remote = addr_b, .wait = true, .tag = 2 });
	world_drain(w, 0);
	assert_int_equal(a->replies, 2);
	assert_true(a->ok && a->existed && a->tag == 2);
}

static void test_establish_at_once(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	establish(w, &(struct node_wish){ .remote = addr_b, .tag = 1 });
	world_drain(w, 0);
	assert_int_equal(a->replies, 1);
	assert_true(a->ok && !a->existed);
	world_settle(w); /* nobody waits, and it goes on */
	world_assert_standing(w, 2);
	establish(w, &(struct node_wish){ .remote = addr_b, .tag = 2 });
	world_drain(w, 0);
	assert_int_equal(a->replies, 2);
	assert_true(a->ok && a->existed);
	assert_int_equal(a->node->waiter_count, 0);
}

static void test_establish_times_out(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	w->cut = true;
	establish(w, &(struct node_wish){
			     .remote = addr_b, .wait = true, .timeout_us = 3 * TICK_S, .tag = 1 });
	world_pass(w, 2 * TICK_S);
	assert_int_equal(a->replies, 0);
	world_pass(w, 2 * TICK_S);
	assert_int_equal(a->replies, 1);
	assert_false(a->ok);
	assert_string_equal(a->text, "timed out after 3 s, still connecting");
	w->cut = false; /* the attempt has not ended with the patience */
	world_pass(w, 60 * TICK_S);
	world_assert_standing(w, 2);
	assert_int_equal(a->replies, 1);
}

static void test_establish_fails_with_a_cause(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	a->conn.psk_len--;
	world_configure(w, 0);
	establish(w, &(struct node_wish){ .remote = addr_b, .wait = true, .tag = 1 });
	world_settle(w);
	assert_int_equal(a->replies, 1);
	assert_false(a->ok);
	assert_non_null(strstr(a->text, "203.0.113.33"));
	world_assert_standing(w, 0);
}

static void test_establish_needs_a_tunnel(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	establish(w, &(struct node_wish){ .remote = addr_c, .wait = true, .tag = 1 });
	world_drain(w, 0);
	assert_string_equal(a->text, "no peer is configured for 198.51.100.9");
	establish(w, &(struct node_wish){ .remote = addr_b, .tunnel = "gre9", .tag = 2 });
	world_drain(w, 0);
	assert_string_equal(a->text, "tunnel gre9 does not lead to 203.0.113.33");
	a->tunnel[0].remote = addr_c;
	world_configure(w, 0);
	establish(w, &(struct node_wish){ .remote = addr_b, .tag = 3 });
	world_drain(w, 0);
	assert_string_equal(a->text, "no tunnel is configured towards 203.0.113.33");
	assert_int_equal(a->replies, 3);
	assert_false(a->ok);
}

static void test_establish_among_tunnels(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	a->tunnel[1] = (struct node_tunnel){ .name = "gre2", .reqid = 8, .local = addr_c };
	a->conf.tunnel_count = 2;
	world_configure(w, 0);
	establish(w, &(struct node_wish){ .remote = addr_b, .wait = true, .tag = 1 });
	world_drain(w, 0);
	assert_string_equal(a->text, "tunnels gre1 and gre2 both lead to 203.0.113.33: name one");
	/* One that is made for that peer is better than one for all. */
	a->tunnel[0].remote = addr_b;
	world_configure(w, 0);
	establish(w, &(struct node_wish){ .remote = addr_b, .wait = true, .tag = 2 });
	world_settle(w);
	assert_true(a->ok && a->tag == 2);
	assert_int_equal(a->sa[0].reqid, REQID);
}

static void test_establish_asks_for_the_source(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	a->tunnel[0].local = (struct addr){ 0 };
	world_configure(w, 0);
	establish(w, &(struct node_wish){ .remote = addr_b, .wait = true, .tag = 1 });
	world_drain(w, 0);
	assert_string_equal(a->text, "there is no route to 203.0.113.33");
	establish(w, &(struct node_wish){
			     .remote = addr_b, .source = addr_a, .wait = true, .tag = 2 });
	world_settle(w);
	assert_true(a->ok);
	world_assert_standing(w, 2);
}

static void test_establish_forgotten(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	establish(w, &(struct node_wish){ .remote = addr_b, .wait = true, .tag = 1 });
	node_forget(a->node, 1);
	world_settle(w);
	assert_int_equal(a->replies, 0);
	assert_int_equal(a->node->waiter_count, 0);
	world_assert_standing(w, 2);
}

static void test_establish_is_bounded(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];
	struct node_wish wish = { .remote = addr_b, .wait = true };

	w->cut = true;
	for (; wish.tag < NODE_WAITERS_MAX; wish.tag++)
		establish(w, &wish);
	assert_false(node_establish(a->node, w->now, &wish));
	w->cut = false;
	world_pass(w, 60 * TICK_S); /* one attempt serves them all */
	assert_int_equal(a->replies, NODE_WAITERS_MAX);
	assert_true(a->ok);
	assert_int_equal(a->added, 1);
}

/* ---- the end ---- */

static void test_shutdown(void **state)
{
	struct world *w = *state;
	struct host *a = &w->host[0];

	world_acquire(w, &addr_b, REQID, 1);
	world_settle(w);
	node_shutdown(a->node, w->now);
	world_acquire(w, &addr_b, REQID, 2); /* too late */
	establish(w, &(struct node_wish){ .remote = addr_b, .wait = true, .tag = 9 });
	world_settle(w);
	assert_true(node_idle(a->node));
	world_assert_standing(w, 0);
	assert_int_equal(w->host[1].downs, 1);
	assert_string_equal(a->text, "the daemon is shutting down");
}

/* Same seed, same run. */
static void test_repeatable(void **state)
{
	struct world *w = *state, *again = NULL;
	void *other = NULL;

	world_setup(&other);
	again = other;
	world_acquire(w, &addr_b, REQID, 1);
	world_acquire(again, &addr_b, REQID, 1);
	world_settle(w);
	world_settle(again);
	assert_memory_equal(w->host[0].sa, again->host[0].sa, sizeof(w->host[0].sa));
	world_teardown(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_acquire_brings_a_pair),
		TEST(test_acquire_repeated_is_counted),
		TEST(test_acquire_of_others_is_left_alone),
		TEST(test_acquire_unknown_peer_is_noted_once),
		TEST(test_acquire_backs_off),
		TEST(test_acquire_forgotten_after_a_while),
		TEST(test_new_configuration_retries),
		TEST(test_acquire_table_is_bounded),
		TEST(test_kernel_refuses),
		TEST(test_acquire_for_what_stands_looks_closer),
		TEST(test_resync_removes_strays),
		TEST(test_half_a_pair_goes_whole),
		TEST(test_expire_takes_the_pair),
		TEST(test_establish_waits),
		TEST(test_establish_at_once),
		TEST(test_establish_times_out),
		TEST(test_establish_fails_with_a_cause),
		TEST(test_establish_needs_a_tunnel),
		TEST(test_establish_among_tunnels),
		TEST(test_establish_asks_for_the_source),
		TEST(test_establish_forgotten),
		TEST(test_establish_is_bounded),
		TEST(test_shutdown),
		TEST(test_repeatable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
