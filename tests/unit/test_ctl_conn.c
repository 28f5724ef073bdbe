/*
 * tests/unit/test_ctl_conn.c - the control protocol's client connection against a scripted daemon:
 * packets in pieces, time-outs, ends, and what is said when there is nothing to connect to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "ctl/ctl.h"
#include "tests/unit/ctl_server.h"

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void connect_says_why(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/spoked-ctl-XXXXXX", why[NOTE_MAX], path[64], long_path[200];

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/vici", dir);
	assert_null(ctl_connect(path, why));
	assert_non_null(strstr(why, "is spoked running?"));

	memset(long_path, 'x', sizeof(long_path));
	long_path[108] = 0;
	assert_null(ctl_connect(long_path, why));
	assert_string_equal(why, "the socket's path has 108 bytes; 1 to 107 are possible");
	assert_null(ctl_connect("", why));
	assert_non_null(strstr(why, "0 bytes"));

	int file = open(path, O_CREAT | O_WRONLY, 0600);

	assert_true(file >= 0);
	assert_null(ctl_connect(path, why));
	assert_non_null(strstr(why, "is not a socket"));
	(void)close(file);
	(void)unlink(path);

	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(addr.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	(void)close(fd); /* what a daemon that was killed leaves behind */
	assert_null(ctl_connect(path, why));
	assert_non_null(strstr(why, "not running"));
	(void)unlink(path);
	(void)rmdir(dir);
}

/* Root may open everything, so it is somebody else who tries. */
static void connect_says_no_permission(void **state)
{
	char dir[] = "/tmp/spoked-ctl-XXXXXX", why[NOTE_MAX], path[64];
	int status = -1;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/vici", dir);

	pid_t pid = fork();

	if (pid == 0) {
		if (setresuid(65534, 65534, 65534))
			_exit(2);
		_exit(!ctl_connect(path, why) && strstr(why, "no permission") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	(void)rmdir(dir);
}

static void expect_packet(struct ctl_conn *conn, const char *bytes, size_t len)
{
	struct cur packet;

	assert_int_equal(ctl_receive(conn, 5000, &packet), 0);
	assert_int_equal(packet.left, len);
	assert_memory_equal(packet.p, bytes, len);
}

static struct ctl_conn *start(struct server *server, server_script *script)
{
	char why[NOTE_MAX] = "";

	assert_true(server_start(server, script));

	struct ctl_conn *conn = ctl_connect(server->path, why);

	assert_string_equal(why, "");
	assert_non_null(conn);
	return conn;
}

static void script_drips(int fd)
{
	static const uint8_t bytes[] = {
		0, 0, 0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 1, 9, 0, 0, 0, 2, 7, 7
	};

	(void)server_take(fd, CTL_CMD_REQUEST, "drip");
	for (size_t i = 0; i < 12; i++) {
		server_write(fd, bytes + i, 1);
		(void)usleep(1000);
	}
	server_write(fd, bytes + 12, sizeof(bytes) - 12); /* the rest, and a packet more, at once */
}

static void receives_whatever_the_pieces(void **state)
{
	struct server server;
	struct ctl_conn *conn = start(&server, script_drips);
	struct ctl_out out;
	struct cur packet;

	(void)state;
	ctl_out_init(&out, CTL_CMD_REQUEST, "drip");
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	assert_int_equal(ctl_send(conn, &out), 0);
	ctl_out_free(&out);
	expect_packet(conn, "\1\2\3\4\5", 5);
	expect_packet(conn, "\x09", 1);
	expect_packet(conn, "\7\7", 2);
	assert_int_equal(ctl_receive(conn, 5000, &packet), -EPIPE);
	ctl_disconnect(conn);
	assert_true(server_stop(&server));
}

static void script_big(int fd)
{
	static char value[CTL_VALUE_MAX];
	struct ctl_out out;

	for (unsigned n = 0; n < 3; n++) {
		ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
		for (unsigned i = 0; i < 7; i++)
			ctl_value(&out, "k", value, CTL_VALUE_MAX);
		ctl_value(&out, "k", value, CTL_PACKET_MAX + 4 - out.len - 5);
		SERVER_EXPECT(out.len == CTL_PACKET_MAX + 4);
		server_send(fd, &out);
	}
}

static void receives_the_longest(void **state)
{
	struct server server;
	struct ctl_conn *conn = start(&server, script_big);
	struct cur packet;

	(void)state;
	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(ctl_receive(conn, 5000, &packet), 0);
		assert_int_equal(packet.left, CTL_PACKET_MAX);
		assert_int_equal(packet.p[0], CTL_CMD_RESPONSE);
	}
	ctl_disconnect(conn);
	assert_true(server_stop(&server));
}

static void script_too_big(int fd)
{
	server_write(fd, "\0\x08\0\1x", 5);
	server_drain(fd);
}

static void script_empty(int fd)
{
	server_write(fd, "\0\0\0\0", 4);
	server_drain(fd);
}

static void refuses_impossible_lengths(void **state)
{
	server_script *scripts[] = { script_too_big, script_empty };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		struct server server;
		struct ctl_conn *conn = start(&server, scripts[i]);
		struct cur packet;

		assert_int_equal(ctl_receive(conn, 5000, &packet), -EPROTO);
		ctl_disconnect(conn);
		assert_true(server_stop(&server));
	}
}

static void script_trickles(int fd)
{
	server_write(fd, "\0\0\4\0", 4);
	for (unsigned i = 0; i < 100; i++) {
		if (send(fd, "x", 1, MSG_NOSIGNAL) != 1)
			break; /* the client had enough, as it should */
		(void)usleep(10000);
	}
}

/* A packet that keeps coming byte by byte, and never whole, does not stretch the time-out. */
static void times_out(void **state)
{
	struct server server;
	struct ctl_conn *conn = start(&server, script_trickles);
	struct cur packet;
	int64_t began = now_ms();

	(void)state;
	assert_int_equal(ctl_receive(conn, 200, &packet), -ETIMEDOUT);
	assert_true(now_ms() - began >= 200);
	ctl_disconnect(conn);
	assert_true(server_stop(&server));
}

static void script_leaves(int fd)
{
	(void)close(fd);
}

static void send_survives_the_end(void **state)
{
	struct server server;
	struct ctl_conn *conn = start(&server, script_leaves);
	struct ctl_out out;
	int r = 0;

	(void)state;
	ctl_out_init(&out, CTL_CMD_REQUEST, "version");
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	assert_true(server_stop(&server));
	for (unsigned i = 0; i < 100 && !r; i++)
		r = ctl_send(conn, &out); /* no SIGPIPE */
	assert_int_equal(r, -EPIPE);
	ctl_out_free(&out);
	ctl_disconnect(conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connect_says_why),
		cmocka_unit_test(connect_says_no_permission),
		cmocka_unit_test(receives_whatever_the_pieces),
		cmocka_unit_test(receives_the_longest),
		cmocka_unit_test(refuses_impossible_lengths),
		cmocka_unit_test(times_out),
		cmocka_unit_test(send_survives_the_end),
	};

	return cmocka_run_group_tests_name("ctl-conn", tests, NULL, NULL);
}
