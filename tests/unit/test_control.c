/*
 * tests/unit/test_control.c - the control server: framing and its abuse, events, clients that leave
 * or do not read, and the socket file.  test_control_cmd.c has the commands.
 */
#include "daemon/log.h"
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

static void count_line(void *ctx, enum note_class cls, const char *line)
{
	(void)cls;
	(void)line;
	(*(unsigned *)ctx)++;
}

/* Whoever may open the socket must not be able to fill the disk with what is said about it. */
static void test_bad_clients_do_not_flood_the_log(void **state)
{
	static const uint8_t bad[4]; /* a packet of no length */
	struct fixture *f = *state;
	unsigned lines = 0;

	log_open(&(struct log_conf){ .target = "stderr", .sink = count_line, .ctx = &lines });
	for (int i = 0; i < 200; i++) {
		struct client_end c;

		client_connect(f, &c);
		client_bytes(f, &c, bad, sizeof(bad));
		client_close(&c);
		pump(f);
	}
	assert_int_equal(f->control->client_count, 1);
	assert_true(lines <= 100); /* none, if the tests before have used up the burst */
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
		TEST(test_updown_events),
		TEST(test_unregister),
		TEST(test_slow_client_is_dropped),
		TEST(test_bad_clients_do_not_flood_the_log),
		TEST(test_file),
		TEST(test_stale_file_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
