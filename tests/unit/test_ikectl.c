/*
 * tests/unit/test_ikectl.c - what ikectl's commands ask the daemon for, what they make of its
 * answers and of none, and what they say about wrong usage.  doc/CONTROL.md, doc/ikectl.8.
 */
#include "tests/unit/ikectl_test.h"

/* ---- establish ---- */

static void script_establish_wait(int fd)
{
	struct server_request request = server_take(fd, CTL_CMD_REQUEST, "establish");

	SERVER_EXPECT(server_has(&request, "local", "192.0.2.1"));
	SERVER_EXPECT(server_has(&request, "remote", "203.0.113.33"));
	SERVER_EXPECT(server_has(&request, "wait", "yes"));
	SERVER_EXPECT(server_has(&request, "timeout", "20"));
	SERVER_EXPECT(server_has(&request, "tunnel", "gre1"));
	send_verdict(fd, "yes", NULL);
}

static void script_establish(int fd)
{
	struct server_request request = server_take(fd, CTL_CMD_REQUEST, "establish");

	SERVER_EXPECT(server_has(&request, "local", "any"));
	SERVER_EXPECT(server_has(&request, "remote", "2001:db8::1"));
	SERVER_EXPECT(server_has(&request, "wait", "no"));
	SERVER_EXPECT(server_has(&request, "timeout", NULL));
	SERVER_EXPECT(server_has(&request, "tunnel", NULL));
	send_verdict(fd, "yes", NULL);
}

static void script_establish_default(int fd)
{
	struct server_request request = server_take(fd, CTL_CMD_REQUEST, "establish");

	SERVER_EXPECT(server_has(&request, "wait", "yes"));
	SERVER_EXPECT(server_has(&request, "timeout", "60"));
	send_verdict(fd, "no", "203.0.113.33 does not answer");
}

static void script_hostile_errmsg(int fd)
{
	(void)server_take(fd, CTL_CMD_REQUEST, "establish");
	send_verdict(fd, NULL, "two\nlines and \x1b[31mred");
}

static void script_no_reason(int fd)
{
	(void)server_take(fd, CTL_CMD_REQUEST, "establish");
	send_verdict(fd, "no", NULL);
}

static void establishes(void **state)
{
	(void)state;
	expect(run(script_establish_wait,
		   "establish -w -t 20 --tunnel gre1 192.0.2.1 203.0.113.33"),
	       0, "", "");
	expect(run(script_establish_wait, "establish 192.0.2.1 203.0.113.33 -wt20 -igre1"), 0, "",
	       "");
	expect(run(script_establish_wait,
		   "establish --wait --timeout=20 --tunnel=gre1 -- 192.0.2.1 203.0.113.33"),
	       0, "", "");
	expect(run(script_establish, "establish any 2001:db8::1"), 0, "", "");
}

static void establish_says_the_cause(void **state)
{
	(void)state;
	expect(run(script_establish_default, "establish -w 192.0.2.1 203.0.113.33"), 1, "",
	       "ikectl: 203.0.113.33 does not answer\n");
	expect(run(script_hostile_errmsg, "establish any 203.0.113.33"), 1, "",
	       "ikectl: two\\x0alines and \\x1b[31mred\n");
	expect_cause(run(script_no_reason, "establish any 203.0.113.33"), 1, "without saying why");
}

/* ---- what goes wrong between the two ---- */

static void script_unknown(int fd)
{
	(void)server_take(fd, CTL_CMD_REQUEST, "reload");
	server_say(fd, CTL_CMD_UNKNOWN);
}

static void script_vanishes(int fd)
{
	(void)server_take(fd, CTL_CMD_REQUEST, "reload");
	server_write(fd, "\0\0", 2);
}

static void script_malformed(int fd)
{
	(void)server_take(fd, CTL_CMD_REQUEST, "reload");
	server_write(fd, "\0\0\0\4\1\1\1s", 8); /* a section that is never closed */
}

static void script_no_protocol(int fd)
{
	(void)server_take(fd, CTL_CMD_REQUEST, "reload");
	server_write(fd, "HTTP/1.1 400 Bad Request\r\n", 26);
}

static void script_out_of_order(int fd)
{
	(void)server_take(fd, CTL_CMD_REQUEST, "reload");
	server_say(fd, CTL_EVENT_CONFIRM);
}

static void says_what_went_wrong(void **state)
{
	(void)state;
	expect_cause(run_at("/nonexistent/vici", "reload"), 1, "is spoked running?");
	expect_cause(run_at("/nonexistent/vici", "status"), 1, "is spoked running?");
	expect_cause(run_at("/nonexistent/vici", "list-sas --json"), 1, "is spoked running?");
	expect_cause(run(script_unknown, "reload"), 1, "does not know 'reload'");
	expect_cause(run(script_vanishes, "reload"), 1, "closed the connection");
	expect_cause(run(script_malformed, "reload"), 1, "malformed packet: sections");
	expect_cause(run(script_no_protocol, "reload"), 1, "does not speak our protocol");
	expect_cause(run(script_out_of_order, "reload"), 1, "out of order");
}

static void script_reload(int fd)
{
	(void)server_take(fd, CTL_CMD_REQUEST, "reload");
	send_verdict(fd, "yes", NULL);
}

static void script_reload_fails(int fd)
{
	(void)server_take(fd, CTL_CMD_REQUEST, "reload");
	send_verdict(fd, "no", "/etc/spoked/spoked.conf:7: no such option");
}

static void reloads(void **state)
{
	(void)state;
	expect(run(script_reload, "reload"), 0, "", "");
	expect(run(script_reload_fails, "reload"), 1, "",
	       "ikectl: /etc/spoked/spoked.conf:7: no such option\n");
}

/* ---- usage ---- */

static void refuses_wrong_usage(void **state)
{
	static const struct {
		const char *line, *cause;
	} cases[] = {
		{ "frobnicate", "no command 'frobnicate'" },
		{ "-x status", "no option '-x' before the command" },
		{ "-s", "-s needs the path" },
		{ "status -x", "no option '-x'" },
		{ "status --x", "no option '--x'" },
		{ "status --wide=1", "--wide takes no argument" },
		{ "status now", "'now' is too much" },
		{ "help frobnicate", "no command 'frobnicate'" },
		{ "establish", "establish needs LOCAL REMOTE" },
		{ "establish 192.0.2.1", "establish needs LOCAL REMOTE" },
		{ "establish 192.0.2.1 192.0.2.2 192.0.2.3", "'192.0.2.3' is too much" },
		{ "establish 192.0.2.1 any", "REMOTE is the peer's IP address, not 'any'" },
		{ "establish 192.0.2.1 hub.example.com", "not 'hub.example.com'" },
		{ "establish 192.0.2.300 192.0.2.1", "not '192.0.2.300'" },
		{ "establish 192.0.2.1 2001:db8::1", "not of one address family" },
		{ "establish any 192.0.2.1 -t", "-t (--timeout) needs SECONDS" },
		{ "establish any 192.0.2.1 -t 0", "-t takes seconds" },
		{ "establish any 192.0.2.1 -t -1", "-t takes seconds" },
		{ "establish any 192.0.2.1 -t 1m", "not '1m'" },
		{ "establish any 192.0.2.1 -t 86401", "not '86401'" },
		{ "establish any 192.0.2.1 -t 99999999999999999999", "-t takes seconds" },
		{ "terminate", "which?" },
		{ "terminate --all 192.0.2.1", "--all stands alone" },
		{ "terminate 192.0.2.1 hub", "LOCAL and REMOTE are IP addresses" },
		{ "terminate #x", "'x' is not a number" },
		{ "terminate -t x --all", "-t takes seconds" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_cause(run_at("/nonexistent/vici", cases[i].line), 2, cases[i].cause);
}

static void helps(void **state)
{
	static const char *const lines[] = { "help", "-h", "--help", "-s /x help" };
	struct result result;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		result = run_at("/nonexistent/vici", lines[i]);
		assert_int_equal(result.status, 0);
		assert_string_equal(result.err, "");
		expect_holds(result.out, "usage: ikectl [-s SOCKET] COMMAND");
		expect_holds(result.out, "\n  establish   key an SA with a peer");
		expect_holds(result.out, "\n  monitor     ");
		done(&result);
	}
	result = run_at("/nonexistent/vici", "");
	assert_int_equal(result.status, 2);
	assert_string_equal(result.out, "");
	expect_holds(result.err, "usage: ikectl");
	done(&result);

	static const char *const of_establish[] = { "help establish", "establish -h",
						    "establish any --help" };

	for (size_t i = 0; i < ARRAY_LEN(of_establish); i++) {
		result = run_at("/nonexistent/vici", of_establish[i]);
		assert_int_equal(result.status, 0);
		expect_holds(result.out,
			     "usage: ikectl [-s SOCKET] establish [OPTIONS] LOCAL REMOTE\n");
		expect_holds(result.out, "\n  -t, --timeout SECONDS");
		done(&result);
	}
}

/* ---- terminate ---- */

static const char *want_key, *want_value; /* inherited by the daemon's process */

static void script_terminate(int fd)
{
	struct server_request request = server_take(fd, CTL_CMD_REQUEST, "terminate");
	struct ctl_out out;

	SERVER_EXPECT(server_has(&request, want_key, want_value));
	SERVER_EXPECT(server_has(&request, "timeout", "10000"));
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_text(&out, "success", "yes");
	ctl_text(&out, "matches", "2");
	ctl_text(&out, "terminated", "2");
	server_send(fd, &out);
}

static void script_terminate_none(int fd)
{
	struct ctl_out out;

	(void)server_take(fd, CTL_CMD_REQUEST, "terminate");
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_text(&out, "success", "no");
	ctl_text(&out, "errmsg", "no matching SAs");
	ctl_text(&out, "matches", "0");
	ctl_text(&out, "terminated", "0");
	server_send(fd, &out);
}

static void script_terminate_force(int fd)
{
	struct server_request request = server_take(fd, CTL_CMD_REQUEST, "terminate");

	SERVER_EXPECT(server_has(&request, "force", "yes"));
	SERVER_EXPECT(server_has(&request, "local", "192.0.2.1"));
	SERVER_EXPECT(server_has(&request, "remote", "203.0.113.33"));
	SERVER_EXPECT(server_has(&request, "timeout", "3000"));
	send_verdict(fd, "yes", NULL);
}

static void terminates(void **state)
{
	static const struct {
		const char *line, *key, *value;
	} cases[] = {
		{ "terminate 203.0.113.33", "remote", "203.0.113.33" },
		{ "terminate 2001:db8::1", "remote", "2001:db8::1" },
		{ "terminate 192.0.2.1 203.0.113.33", "local", "192.0.2.1" },
		{ "terminate 192.0.2.1 203.0.113.33", "force", NULL },
		{ "terminate #12", "ike-id", "12" },
		{ "terminate 12", "ike-id", "12" },
		{ "terminate hub", "ike", "hub" },
		{ "terminate --all", "all", "yes" },
		{ "terminate -a", "all", "yes" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		want_key = cases[i].key;
		want_value = cases[i].value;
		expect(run(script_terminate, cases[i].line), 0, "terminated 2 of 2\n", "");
	}
	expect(run(script_terminate_force, "terminate -ft3 192.0.2.1 203.0.113.33"), 0, "", "");
	expect(run(script_terminate_none, "terminate 192.0.2.9"), 1, "",
	       "ikectl: no matching SAs\n");
}

/* ---- version ---- */

static void script_version(int fd)
{
	struct ctl_out out;

	(void)server_take(fd, CTL_CMD_REQUEST, "version");
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_text(&out, "daemon", "spoked");
	ctl_text(&out, "version", "9.9");
	ctl_text(&out, "sysname", "Linux");
	ctl_text(&out, "release", "6.1.0");
	ctl_text(&out, "machine", "x86_64");
	server_send(fd, &out);
}

static void shows_versions(void **state)
{
	(void)state;
	expect(run(script_version, "version"), 0,
	       "ikectl " SPOKED_VERSION "\nspoked 9.9 (Linux 6.1.0, x86_64)\n", "");
	expect(run_at("/nonexistent/vici", "version"), 0,
	       "ikectl " SPOKED_VERSION "\nspoked not reached: no control socket at "
	       "/nonexistent/vici: is spoked running? (-s names another)\n",
	       "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(establishes),		cmocka_unit_test(establish_says_the_cause),
		cmocka_unit_test(says_what_went_wrong), cmocka_unit_test(reloads),
		cmocka_unit_test(refuses_wrong_usage),	cmocka_unit_test(helps),
		cmocka_unit_test(terminates),		cmocka_unit_test(shows_versions),
	};

	return cmocka_run_group_tests_name("ikectl", tests, NULL, NULL);
}
