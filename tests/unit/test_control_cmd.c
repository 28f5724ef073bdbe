/*
 * tests/unit/test_control_cmd.c - the commands of doc/CONTROL.md: what each answers, what it
 * refuses, and what it waits for.
 */
#include "tests/unit/control_world.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- stats, reload ---- */

static void test_stats(void **state)
{
	struct fixture *f = *state;

	fixture_establish(f);
	f->w->now += 10800 * TICK_S;
	client_request(f, &f->client, "stats", NULL);
	client_expect(f, &f->client, "uptime.running=3 hours\nuptime.since=", "uptime.seconds=108",
		      "ikesas.total=1\nikesas.half-open=0\n", "drops.keepalive=5",
		      "kernel.acquires=1", "ike.children=1", NULL);
}

static void test_reload(void **state)
{
	struct fixture *f = *state;

	client_request(f, &f->client, "reload", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=spoked.conf:3: no such key\n", NULL);
	f->reload_ok = true;
	client_request(f, &f->client, "reload-settings", NULL);
	client_expect(f, &f->client, "success=yes\n", NULL);
	assert_int_equal(f->reloads, 2);
}

/* ---- establish, initiate ---- */

static void test_establish(void **state)
{
	struct fixture *f = *state;

	client_request(f, &f->client, "establish", "local=any", "remote=203.0.113.33", NULL);
	client_expect(f, &f->client, "success=yes\nexisted=no\n", NULL); /* at once */
	world_settle(f->w);
	world_assert_standing(f->w, 2);
	client_request(f, &f->client, "establish", "remote=203.0.113.33", "wait=yes", "tunnel=gre1",
		       NULL);
	client_expect(f, &f->client, "success=yes\nexisted=yes\nuniqueid=", NULL);
}

static void test_establish_refuses(void **state)
{
	struct fixture *f = *state;

	client_request(f, &f->client, "establish", "wait=yes", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=remote is missing", NULL);
	client_request(f, &f->client, "establish", "remote=hub.example", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=remote = hub.example is not an address\n",
		      NULL);
	client_request(f, &f->client, "establish", "remote=203.0.113.33", "timeout=0", NULL);
	client_expect(f, &f->client,
		      "success=no\nerrmsg=timeout = 0 will not do: a number from 1 to 86400\n",
		      NULL);
	client_request(f, &f->client, "establish", "remote=198.51.100.9", "wait=yes", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=no peer is configured for 198.51.100.9\n",
		      NULL);
}

static void test_establish_times_out(void **state)
{
	struct fixture *f = *state;

	f->w->cut = true;
	client_request(f, &f->client, "establish", "remote=203.0.113.33", "wait=yes", "timeout=5",
		       NULL);
	world_pass(f->w, 4 * TICK_S);
	assert_false(client_packet(f, &f->client));
	world_pass(f->w, 2 * TICK_S);
	client_expect(f, &f->client,
		      "success=no\nerrmsg=timed out after 5 s, still connecting\nexisted=no\n",
		      NULL);
}

static void test_waiting_client_leaves(void **state)
{
	struct fixture *f = *state;

	client_request(f, &f->client, "establish", "remote=203.0.113.33", "wait=yes", NULL);
	client_close(&f->client);
	pump(f);
	assert_int_equal(f->control->client_count, 0);
	world_settle(f->w); /* the SA comes all the same, the reply goes nowhere */
	world_assert_standing(f->w, 2);
	assert_int_equal(f->w->host[0].replies, 0);
}

static void test_initiate(void **state)
{
	struct fixture *f = *state;

	client_request(f, &f->client, "initiate", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=missing configuration name\n", NULL);
	client_request(f, &f->client, "initiate", "ike=nobody", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=no connection is called nobody\n", NULL);
	client_request(f, &f->client, "initiate", "child=gre1", NULL);
	client_expect(
		f, &f->client,
		"success=no\nerrmsg=gre1 has no fixed remote address: other-host is missing\n",
		NULL);
	client_request(f, &f->client, "initiate", "ike=b", "other-host=198.51.100.9", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=connection b is not for 198.51.100.9\n",
		      NULL);
	/* As FRR's nhrpd asks. */
	client_request(f, &f->client, "initiate", "child=b", "timeout=-1", "async=1",
		       "my-host=192.0.2.1", "other-host=203.0.113.33", NULL);
	client_expect(f, &f->client, "success=yes\n", NULL);
	assert_null(strstr(f->text, "existed"));
	world_settle(f->w);
	world_assert_standing(f->w, 2);
	/* As swanctl does. */
	client_request(f, &f->client, "initiate", "ike=b", "child=gre1", "timeout=0", NULL);
	client_expect(f, &f->client, "success=yes\n", NULL);
}

/* ---- list-sas ---- */

static void test_list_sas(void **state)
{
	static const char *const lines[] = {
		"b.uniqueid=",
		"b.version=2\nb.state=ESTABLISHED\nb.local-host=192.0.2.1\nb.local-port=500\n",
		"b.remote-host=203.0.113.33\nb.remote-port=500\nb.remote-id=203.0.113.33\n",
		"b.initiator=yes\nb.initiator-spi=",
		"b.encr-alg=AES_GCM_16\nb.encr-keysize=256\nb.prf-alg=PRF_HMAC_SHA2_384\n",
		"b.established=60\n",
		"b.tunnel=gre1\n",
		".name=gre1\n",
		".state=INSTALLED\n",
		".mode=TRANSPORT\n",
		".bytes-in=74088\n",
		".bytes-out=0\n",
		".local-ts=192.0.2.1/32[gre]\n",
		".remote-ts=203.0.113.33/32[gre]\n",
	};
	struct fixture *f = *state;

	fixture_establish(f);
	f->bytes_in = 74088;
	client_request(f, &f->client, "list-sas", NULL);
	client_expect(f, &f->client, NULL); /* not registered: the answer alone */
	client_register(f, &f->client, "list-sa");
	f->w->now += 60 * TICK_S;
	client_request(f, &f->client, "list-sas", "noblock=yes", NULL);
	assert_true(client_packet(f, &f->client));
	assert_int_equal(f->type, CTL_EVENT);
	assert_string_equal(f->name, "list-sa");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (!strstr(f->text, lines[i]))
			fail_msg("no \"%s\" in:\n%s", lines[i], f->text);
	}
	assert_null(strstr(f->text, "nat-"));
	client_expect(f, &f->client, NULL);
	assert_string_equal(f->text, "");
}

static void test_list_sas_filters(void **state)
{
	static const char *const hits[] = { "ike=b", "remote=203.0.113.33", "child=gre1" };
	static const char *const misses[] = { "ike=c", "ike-id=999999", "remote=192.0.2.1",
					      "child=gre2", "child-id=999999" };
	struct fixture *f = *state;

	fixture_establish(f);
	client_register(f, &f->client, "list-sa");
	for (size_t i = 0; i < ARRAY_LEN(hits); i++) {
		client_request(f, &f->client, "list-sas", hits[i], NULL);
		assert_true(client_packet(f, &f->client));
		assert_int_equal(f->type, CTL_EVENT);
		client_expect(f, &f->client, NULL);
	}
	for (size_t i = 0; i < ARRAY_LEN(misses); i++) {
		client_request(f, &f->client, "list-sas", misses[i], NULL);
		client_expect(f, &f->client, NULL);
	}
}

/* A list goes on once what was written before has been read, and its answer comes last. */
static void test_list_sas_waits_for_the_reader(void **state)
{
	struct fixture *f = *state;
	struct ike_sa_info info = { .ike_id = 3, .conn = "b", .state = "ESTABLISHED" };
	const struct node_action up = { .kind = NODE_ACT_UPDOWN, .up = true, .info = &info };
	unsigned updowns = 0;

	fixture_establish(f);
	client_register(f, &f->client, "ike-updown");
	client_register(f, &f->client, "list-sa");
	for (int i = 0; i < 6000; i++)
		control_updown(f->control, &up);
	client_request(f, &f->client, "list-sas", NULL);
	client_request(f, &f->client, "version", NULL);
	pump(f);
	while (client_packet(f, &f->client) && strcmp(f->name, "ike-updown") == 0)
		updowns++;
	assert_int_equal(updowns, 6000);
	assert_string_equal(f->name, "list-sa");
	client_expect(f, &f->client, NULL);
	assert_string_equal(f->text, "");
	client_expect(f, &f->client, "daemon=spoked", NULL);
}

/* ---- terminate ---- */

static void test_terminate(void **state)
{
	struct fixture *f = *state;

	client_request(f, &f->client, "terminate", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=missing selector\n", NULL);
	client_request(f, &f->client, "terminate", "remote=203.0.113.33", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=no matching SAs\nmatches=0\n", NULL);
	fixture_establish(f);
	client_request(f, &f->client, "terminate", "remote=203.0.113.33", "local=192.0.2.1", NULL);
	assert_false(client_packet(f, &f->client)); /* the Delete is on the wire */
	world_settle(f->w);
	client_expect(f, &f->client, "success=yes\nmatches=1\nterminated=1\n", NULL);
	world_assert_standing(f->w, 0);
}

/* A selector that cannot be read must not select everything else's SAs. */
static void test_terminate_unreadable_selectors(void **state)
{
	static const char *const bad[] = { "ike=caf\xc3\xa9", "child=gre1\x01", "ike-id=\xff",
					   "local=\x80" };
	struct fixture *f = *state;
	char local[256] = "local=";

	fixture_establish(f);
	memset(local + 6, '1', sizeof(local) - 7);
	client_request(f, &f->client, "terminate", local, "remote=203.0.113.33", NULL);
	client_expect(f, &f->client, "success=no\nerrmsg=local will not do", NULL);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		client_request(f, &f->client, "terminate", bad[i], "remote=203.0.113.33",
			       "timeout=-1", NULL);
		client_expect(f, &f->client, "success=no\nerrmsg=", NULL);
	}
	assert_int_equal(f->w->host[0].downs, 0);
	assert_int_equal(f->w->host[0].child_downs, 0);
}

static void test_terminate_child(void **state)
{
	struct fixture *f = *state;
	char id[32];

	fixture_establish(f);
	client_register(f, &f->client, "list-sa");
	client_request(f, &f->client, "list-sas", NULL);
	assert_true(client_packet(f, &f->client));
	(void)snprintf(id, sizeof(id), "child-id=%lu",
		       strtoul(strstr(f->text, "gre1-") + sizeof("gre1-") - 1, NULL, 10));
	client_expect(f, &f->client, NULL);
	client_request(f, &f->client, "terminate", id, NULL);
	world_settle(f->w);
	client_expect(f, &f->client, "success=yes\nmatches=1\nterminated=1\n", NULL);
	assert_int_equal(f->w->host[0].sa_count, 0);
	assert_int_equal(f->w->host[0].downs, 0); /* the IKE SA stays */
}

static void test_terminate_without_waiting(void **state)
{
	struct fixture *f = *state;

	fixture_establish(f);
	f->w->cut = true;
	client_request(f, &f->client, "terminate", "all=yes", "timeout=-1", NULL);
	client_expect(f, &f->client, "success=yes\nmatches=1\nterminated=1\n", NULL);
}

static void test_terminate_with_force(void **state)
{
	struct fixture *f = *state;

	fixture_establish(f);
	f->w->host[1].watch = NULL;
	client_request(f, &f->client, "terminate", "ike=b", "force=yes", NULL);
	client_expect(f, &f->client, "success=yes\nmatches=1\nterminated=1\n", NULL);
	world_settle(f->w); /* it was said once */
	world_assert_standing(f->w, 0);
}

/* The clock is looked at by a timer of the real loop. */
static void test_terminate_times_out(void **state)
{
	struct fixture *f = *state;

	fixture_establish(f);
	f->w->cut = true;
	client_request(f, &f->client, "terminate", "ike=b", "timeout=500", NULL);
	assert_false(client_packet(f, &f->client));
	f->w->now += TICK_S;
	(void)event_base_loop(f->base, EVLOOP_ONCE);
	client_expect(f, &f->client, "success=no\nerrmsg=timed out after 500 ms, still deleting\n",
		      "matches=1\nterminated=0\n", NULL);
	assert_int_equal(f->control->ending, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stats),
		TEST(test_reload),
		TEST(test_establish),
		TEST(test_establish_refuses),
		TEST(test_establish_times_out),
		TEST(test_waiting_client_leaves),
		TEST(test_initiate),
		TEST(test_list_sas),
		TEST(test_list_sas_filters),
		TEST(test_list_sas_waits_for_the_reader),
		TEST(test_terminate),
		TEST(test_terminate_unreadable_selectors),
		TEST(test_terminate_child),
		TEST(test_terminate_without_waiting),
		TEST(test_terminate_with_force),
		TEST(test_terminate_times_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
