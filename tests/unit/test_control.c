/*
 * tests/unit/test_control.c - the control server: framing and its abuse, the commands of
 * doc/CONTROL.md, events, clients that leave or do not read, and the socket file.
 */
#include "tests/unit/control_world.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- framing ---- */

static void test_version(void **state)
{
	struct fixture *f = *state;

	client_request(f, &f->client, "version", NULL);
	client_expect(f, &f->client, "daemon=spoked\nversion=" SPOKED_VERSION "\nsysname=Linux\n",
		      NULL);
}

static void test_unknown_things(void **state)
{
	struct fixture *f = *state;
	struct ctl_out out;

	client_request(f, &f->client, "load-conn", "a=b", NULL);
	assert_true(client_packet(f, &f->client));
	assert_int_equal(f->type, CTL_CMD_UNKNOWN);
	ctl_out_init(&out, CTL_EVENT_REGISTER, "list-cert");
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	client_bytes(f, &f->client, out.p, out.len);
	ctl_out_free(&out);
	assert_true(client_packet(f, &f->client));
	assert_int_equal(f->type, CTL_EVENT_UNKNOWN);
	client_request(f, &f->client, "version", "unknown=key", NULL);
	client_expect(f, &f->client, NULL);
	client_register(f, &f->client, "log"); /* swanctl insists */
}

static void test_frames_in_pieces(void **state)
{
	static const uint8_t frame[] = "\0\0\0\x09\0\x07version";
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(frame) - 1; i++) {
		assert_false(client_packet(f, &f->client));
		client_bytes(f, &f->client, frame + i, 1);
	}
	client_expect(f, &f->client, "daemon=spoked", NULL);
}

static void test_pipelined_in_order(void **state)
{
	struct fixture *f = *state;

	/* The second waits for the peer; the third must not overtake it. */
	client_request(f, &f->client, "version", NULL);
	client_request(f, &f->client, "establish", "remote=203.0.113.33", "wait=yes", NULL);
	client_request(f, &f->client, "stats", NULL);
	client_request(f, &f->client, "nonsense", NULL);
	client_expect(f, &f->client, "daemon=spoked", NULL);
	assert_false(client_packet(f, &f->client));
	world_settle(f->w);
	client_expect(f, &f->client, "success=yes", "existed=no", "uniqueid=", NULL);
	client_expect(f, &f->client, "uptime.running=", "ikesas.total=1", NULL);
	assert_true(client_packet(f, &f->client));
	assert_int_equal(f->type, CTL_CMD_UNKNOWN);
}

static void test_many_at_once(void **state)
{
	static const uint8_t frame[] = "\0\0\0\x09\0\x07version";
	uint8_t all[1000 * (sizeof(frame) - 1)];
	struct fixture *f = *state;

	for (size_t i = 0; i < 1000; i++)
		memcpy(all + i * (sizeof(frame) - 1), frame, sizeof(frame) - 1);
	client_bytes(f, &f->client, all, sizeof(all));
	for (int i = 0; i < 1000; i++)
		client_expect(f, &f->client, "daemon=spoked", NULL);
	assert_false(client_packet(f, &f->client));
}

static void test_broken_frames_end_it(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {
		{ "\0\0\0\0", 4 },			    /* no packet at all */
		{ "\0\x08\0\x01", 4 },			    /* over the limit */
		{ "\xff\xff\xff\xff", 4 },		    /* far over it */
		{ "\0\0\0\x01\x01", 5 },		    /* a response */
		{ "\0\0\0\x09\x07\x07version", 13 },	    /* an event */
		{ "\0\0\0\x01\x00", 5 },		    /* no name */
		{ "\0\0\0\x02\x00\x00", 6 },		    /* an empty one */
		{ "\0\0\0\x01\x2a", 5 },		    /* no such type */
		{ "\0\0\0\x0a\0\x07version\x63", 14 },	    /* no such element */
		{ "\0\0\0\x0c\0\x07version\x03\x01k", 16 }, /* cut in the middle */
		{ "\0\0\0\x0c\0\x07version\x01\x01s", 16 }, /* a section left open */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		client_bytes(f, &f->client, bad[i].bytes, bad[i].len);
		assert_false(client_packet(f, &f->client));
		assert_true(f->client.closed);
		client_close(&f->client);
		client_connect(f, &f->client);
	}
	assert_int_equal(f->control->client_count, 1);
}

/* socat, and everything else that closes its sending side when it has asked. */
static void test_half_closed(void **state)
{
	static const uint8_t frames[] = "\0\0\0\x09\0\x07version\0\0\0\x07\0\x05stats";
	struct fixture *f = *state;

	assert_int_equal(send(f->client.fd, frames, sizeof(frames) - 1, MSG_NOSIGNAL),
			 sizeof(frames) - 1);
	assert_int_equal(shutdown(f->client.fd, SHUT_WR), 0);
	client_expect(f, &f->client, "daemon=spoked", NULL);
	client_expect(f, &f->client, "uptime.running", NULL);
	assert_false(client_packet(f, &f->client));
	assert_true(f->client.closed);
	assert_int_equal(f->control->client_count, 0);
}

static void test_clients_are_bounded(void **state)
{
	struct client_end more[CONTROL_CLIENTS_MAX];
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		client_connect(f, &more[i]);
	assert_int_equal(f->control->client_count, CONTROL_CLIENTS_MAX);
	assert_false(client_packet(f, &more[ARRAY_LEN(more) - 1]));
	assert_true(more[ARRAY_LEN(more) - 1].closed);
	client_request(f, &more[3], "version", NULL);
	client_expect(f, &more[3], "daemon=spoked", NULL);
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		client_close(&more[i]);
	pump(f);
	assert_int_equal(f->control->client_count, 1);
}

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

/* ---- events ---- */

static void test_updown_events(void **state)
{
	struct fixture *f = *state;

	client_register(f, &f->client, "ike-updown");
	client_register(f, &f->client, "child-updown");
	fixture_establish(f);
	assert_true(client_packet(f, &f->client));
	assert_string_equal(f->name, "ike-updown");
	assert_non_null(strstr(f->text, "up=yes\nb.uniqueid="));
	assert_null(strstr(f->text, "child-sas"));
	assert_true(client_packet(f, &f->client));
	assert_string_equal(f->name, "child-updown");
	assert_non_null(strstr(f->text, "up=yes\nb.uniqueid="));
	assert_non_null(strstr(f->text, ".name=gre1\n"));

	/* Down: the child first, and it is named. */
	(void)node_terminate(f->w->host[1].node, f->w->now, &(struct ike_match){ 0 }, false);
	world_settle(f->w);
	assert_true(client_packet(f, &f->client));
	assert_string_equal(f->name, "child-updown");
	assert_null(strstr(f->text, "up=yes"));
	assert_non_null(strstr(f->text, "reason="));
	assert_non_null(strstr(f->text, ".name=gre1\n"));
	assert_true(client_packet(f, &f->client));
	assert_string_equal(f->name, "ike-updown");
	assert_false(client_packet(f, &f->client));
}

static void test_unregister(void **state)
{
	struct fixture *f = *state;
	struct ctl_out out;

	client_register(f, &f->client, "child-updown");
	for (int i = 0; i < 2; i++) {
		ctl_out_init(&out, CTL_EVENT_UNREGISTER, "child-updown");
		assert_int_equal(ctl_out_finish(&out), CTL_OK);
		client_bytes(f, &f->client, out.p, out.len);
		ctl_out_free(&out);
		assert_true(client_packet(f, &f->client));
		assert_int_equal(f->type, CTL_EVENT_CONFIRM);
	}
	fixture_establish(f);
	assert_false(client_packet(f, &f->client));
}

/* One who registers and never reads is dropped; the others do not notice. */
static void test_slow_client_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct client_end slow;
	struct ike_sa_info info = { .ike_id = 3, .conn = "b", .state = "ESTABLISHED" };
	const struct node_action up = { .kind = NODE_ACT_UPDOWN, .up = true, .info = &info };
	size_t rounds = 0;

	client_connect(f, &slow);
	client_register(f, &slow, "ike-updown");
	while (f->control->client_count == 2 && rounds++ < 100000) {
		control_updown(f->control, &up);
		if (rounds % 64 == 0)
			pump(f);
	}
	assert_int_equal(f->control->client_count, 1);
	assert_in_range(rounds * 300, CONTROL_OUT_MAX / 2, 4 * CONTROL_OUT_MAX);
	client_request(f, &f->client, "version", NULL);
	client_expect(f, &f->client, "daemon=spoked", NULL);
	client_close(&slow);
}

/* ---- the file ---- */

static void test_file(void **state)
{
	struct fixture *f = *state;
	char why[CONFIG_WHY_MAX];
	struct control *first = f->control;
	struct stat st;
	int fd;

	assert_int_equal(stat(f->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);

	assert_false(fixture_open(f, why)); /* somebody lives there */
	assert_non_null(strstr(why, "another daemon answers"));
	f->control = first;
	client_request(f, &f->client, "version", NULL);
	client_expect(f, &f->client, "daemon=spoked", NULL);

	control_close(f->control);
	assert_int_not_equal(stat(f->path, &st), 0);
	fd = open(f->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_false(fixture_open(f, why));
	assert_non_null(strstr(why, "no socket"));
	assert_int_equal(unlink(f->path), 0);
	assert_true(fixture_open(f, why));
}

static void test_stale_file_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char why[CONFIG_WHY_MAX], aside[128];
	int fd;

	client_close(&f->client);
	control_close(f->control);
	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%s", f->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd); /* its owner died */
	assert_true(fixture_open(f, why));
	client_connect(f, &f->client);
	client_request(f, &f->client, "version", NULL);
	client_expect(f, &f->client, "daemon=spoked", NULL);

	/* What somebody else has put there since is not ours to remove. */
	(void)snprintf(aside, sizeof(aside), "%s.aside", f->path);
	assert_int_equal(rename(f->path, aside), 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	control_close(f->control);
	f->control = NULL;
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(unlink(aside), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_version),
		TEST(test_unknown_things),
		TEST(test_frames_in_pieces),
		TEST(test_pipelined_in_order),
		TEST(test_many_at_once),
		TEST(test_broken_frames_end_it),
		TEST(test_half_closed),
		TEST(test_clients_are_bounded),
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
		TEST(test_updown_events),
		TEST(test_unregister),
		TEST(test_slow_client_is_dropped),
		TEST(test_file),
		TEST(test_stale_file_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
