/*
 * tests/unit/test_ikectl_show.c - what ikectl shows: status, list-sas as text and JSON, stats, the
 * monitor's lines, and the small pieces of text that they are made of.  doc/ikectl.8.
 */
#include "tests/unit/ikectl_test.h"

/* ---- pieces of a daemon ---- */

struct fake_sa {
	const char *name, *uniqueid, *state, *host, *port, *id, *established, *rekey;
	unsigned children;
};

static void write_child(struct ctl_out *out, unsigned n)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "gre1-%u", n);
	ctl_section(out, name);
	ctl_text(out, "name", "gre1");
	ctl_printf(out, "uniqueid", "%u", n);
	ctl_text(out, "reqid", "1");
	ctl_text(out, "state", "INSTALLED");
	ctl_text(out, "mode", "TRANSPORT");
	ctl_text(out, "protocol", "ESP");
	ctl_text(out, "encap", "yes");
	ctl_text(out, "spi-in", "c3a1f00d");
	ctl_text(out, "spi-out", "12345678");
	ctl_text(out, "encr-alg", "AES_GCM_16");
	ctl_text(out, "encr-keysize", "256");
	ctl_text(out, "esn", "1");
	ctl_text(out, "bytes-in", "1258496");
	ctl_text(out, "packets-in", "882");
	ctl_text(out, "use-in", "4");
	ctl_text(out, "bytes-out", "500");
	ctl_text(out, "packets-out", "5");
	ctl_text(out, "rekey-time", "3300");
	ctl_text(out, "life-time", "3960");
	ctl_text(out, "install-time", "300");
	ctl_list(out, "local-ts");
	ctl_item(out, "192.0.2.1/32[gre]");
	ctl_list_end(out);
	ctl_list(out, "remote-ts");
	ctl_item(out, "203.0.113.33/32[gre]");
	ctl_list_end(out);
	ctl_section_end(out);
}

static void write_sa(struct ctl_out *out, const struct fake_sa *sa, bool with_children)
{
	ctl_section(out, sa->name);
	ctl_text(out, "uniqueid", sa->uniqueid);
	ctl_text(out, "version", "2");
	ctl_text(out, "state", sa->state);
	ctl_text(out, "local-host", "192.0.2.1");
	ctl_text(out, "local-port", "4500");
	ctl_text(out, "local-id", "12345");
	ctl_text(out, "remote-host", sa->host);
	ctl_text(out, "remote-port", sa->port);
	ctl_text(out, "remote-id", sa->id);
	ctl_text(out, "initiator", "yes");
	ctl_text(out, "initiator-spi", "5ac1be4a65a1bf0d");
	ctl_text(out, "responder-spi", "8d6e9f0ac3b6d0a1");
	ctl_text(out, "nat-local", "yes");
	if (sa->established) {
		ctl_text(out, "encr-alg", "AES_CBC");
		ctl_text(out, "encr-keysize", "128");
		ctl_text(out, "integ-alg", "HMAC_SHA2_256_128");
		ctl_text(out, "prf-alg", "PRF_HMAC_SHA2_256");
		ctl_text(out, "dh-group", "MODP_2048");
		ctl_text(out, "established", sa->established);
		ctl_text(out, "rekey-time", sa->rekey);
	}
	ctl_text(out, "later-key", "something new");
	ctl_section(out, "later-section");
	ctl_text(out, "uniqueid", "999");
	ctl_section_end(out);
	if (with_children) {
		ctl_section(out, "child-sas");
		for (unsigned i = 1; i <= sa->children; i++)
			write_child(out, i);
		ctl_section_end(out);
	}
	ctl_section_end(out);
}

static const struct fake_sa hub = {
	.name = "hub",
	.uniqueid = "12",
	.state = "ESTABLISHED",
	.host = "203.0.113.33",
	.port = "4500",
	.id = "hub.example.com",
	.established = "3600",
	.rekey = "10800",
	.children = 1,
};

static void send_sa(int fd, const struct fake_sa *sa)
{
	struct ctl_out out;

	ctl_out_init(&out, CTL_EVENT, "list-sa");
	write_sa(&out, sa, true);
	server_send(fd, &out);
}

static void send_list(int fd, const struct fake_sa *sas, size_t count)
{
	server_confirm(fd, "list-sa");
	(void)server_take(fd, CTL_CMD_REQUEST, "list-sas");
	for (size_t i = 0; i < count; i++)
		send_sa(fd, &sas[i]);
	server_say(fd, CTL_CMD_RESPONSE);
}

/* ---- status ---- */

static void script_empty(int fd)
{
	send_list(fd, NULL, 0);
}

static void script_hub(int fd)
{
	send_list(fd, &hub, 1);
}

static const struct fake_sa several[] = {
	{ "site10", "4", "CONNECTING", "2001:db8::10", "500", "%any", NULL, NULL, 0 },
	{ "site2", "3", "ESTABLISHED", "198.51.100.2", "61022",
	  "C=XX, O=Example Networks, OU=GRE=10.8.0.2, CN=site2.example.com", "190000", "40", 2 },
	{ "hub", "12", "ESTABLISHED", "203.0.113.33", "4500", "hub.example.com", "3600", "10800",
	  1 },
	{ "bad", "5", "ESTABLISHED", "192.0.2.66", "500", "\x1b]0;owned\x07\xe2\x80\xae", "5",
	  "100", 0 },
};

static void script_several(int fd)
{
	send_list(fd, several, ARRAY_LEN(several));
}

static void shows_status(void **state)
{
	(void)state;
	expect(run(script_empty, "status"), 0,
	       "no SAs: no peer is connected, and nothing has asked for one\n", "");
	expect(run(script_hub, "status"), 0,
	       "PEER  IDENTITY         NBMA          AGE    REKEY     IN  OUT\n"
	       "hub   hub.example.com  203.0.113.33  1h00m  55m00s  1.2M  500\n"
	       "1 up, 0 not\n",
	       "");
	expect(run(script_several, "status"), 0,
	       "PEER    IDENTITY              NBMA                AGE         REKEY     IN   OUT\n"
	       "bad     \\x1b]0;ow..2\\x80\\xae  192.0.2.66          5s          1m40s      -     "
	       "-\n"
	       "hub     hub.example.com       203.0.113.33        1h00m       55m00s  1.2M   500\n"
	       "site2   C=XX, O=E..ample.com  198.51.100.2:61022  2d04h       40s     2.4M  1000\n"
	       "site10  ?                     2001:db8::10        connecting  -          -     -\n"
	       "3 up, 1 not\n",
	       "");
}

static void status_fits_the_width(void **state)
{
	struct result result = run(script_several, "status");
	struct result wide = run(script_several, "status --wide");

	(void)state;
	for (const char *line = result.out, *end; (end = strchr(line, '\n')); line = end + 1)
		assert_true(end - line <= 80);
	expect_holds(wide.out, "CN=site2.example.com  198");
	done(&result);
	done(&wide);
}

/* ---- list-sas ---- */

static void lists(void **state)
{
	(void)state;
	expect(run(script_empty, "list-sas"), 0, "no SAs\n", "");
	expect(run(script_hub, "list-sas"), 0,
	       "hub: #12, ESTABLISHED, IKEv2, we are the initiator\n"
	       "  local   12345 @ 192.0.2.1:4500 behind NAT\n"
	       "  remote  hub.example.com @ 203.0.113.33:4500\n"
	       "  spis    5ac1be4a65a1bf0d_i 8d6e9f0ac3b6d0a1_r\n"
	       "  suite   AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048\n"
	       "  age     established 1h00m ago, rekeying in 3h00m\n"
	       "  child gre1: #1, INSTALLED, TRANSPORT, ESP in UDP, reqid 1\n"
	       "    suite   AES_GCM_16-256/ESN\n"
	       "    age     installed 5m00s ago, rekeying in 55m00s, expires in 1h06m\n"
	       "    in      c3a1f00d, 1258496 bytes, 882 packets, the last 4s ago\n"
	       "    out     12345678, 500 bytes, 5 packets\n"
	       "    ts      192.0.2.1/32[gre] === 203.0.113.33/32[gre]\n",
	       "");

	struct result result = run(script_several, "list-sas");

	expect_holds(result.out, "site10: #4, CONNECTING, IKEv2, we are the initiator\n");
	expect_holds(result.out, "  remote  (not known yet) @ [2001:db8::10]:500\n");
	expect_holds(result.out, "  remote  \\x1b]0;owned\\x07\\xe2\\x80\\xae @ 192.0.2.66:500\n");
	expect_holds(result.out, "  child gre1: #2, INSTALLED");
	done(&result);
}

static void script_list_refused(int fd)
{
	server_confirm(fd, "list-sa");

	struct server_request request = server_take(fd, CTL_CMD_REQUEST, "list-sas");

	SERVER_EXPECT(server_has(&request, "ike", "hub"));
	send_sa(fd, &hub);
	send_verdict(fd, "no", "out of memory");
}

static void list_tells_of_failure(void **state)
{
	struct result result = run(script_list_refused, "list-sas --json hub");

	(void)state;
	assert_int_equal(result.status, 1);
	assert_string_equal(result.err, "ikectl: out of memory\n");
	done(&result);
}

static void lists_json(void **state)
{
	struct result result = run(script_several, "list-sas --json");

	(void)state;
	assert_int_equal(result.status, 0);
	assert_memory_equal(result.out, "[\n  {\n    \"name\": \"site10\",\n    \"uniqueid\": 4,\n",
			    45);
	expect_holds(result.out, "    \"child-sas\": {}\n  },\n  {\n    \"name\": \"site2\",\n");
	expect_holds(result.out,
		     "    \"local-id\": \"12345\",\n"); /* an identity is never a number */
	expect_holds(result.out, "    \"remote-port\": 61022,\n");
	expect_holds(result.out, "    \"initiator\": true,\n");
	expect_holds(result.out, "    \"remote-id\": \"\\u001b]0;owned\\u0007\\u202e\",\n");
	expect_holds(result.out, "        \"spi-out\": \"12345678\",\n"); /* nor is an SPI */
	expect_holds(result.out, "        \"esn\": true,\n");
	expect_holds(result.out, "        \"bytes-in\": 1258496,\n");
	expect_holds(result.out, "        \"remote-ts\": [\n          \"203.0.113.33/32[gre]\"\n"
				 "        ]\n      }\n    }\n  }");
	assert_string_equal(result.out + strlen(result.out) - 6, "  }\n]\n");
	done(&result);
	expect(run(script_empty, "list-sas -j"), 0, "[]\n", "");
}

/* Strings as JSON that must survive any bytes: RFC 3629's limits, RFC 8259 7's escapes. */
static void escapes_json(void **state)
{
	static const struct {
		const char *bytes, *json;
	} cases[] = {
		{ "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
		{ "\n\t\x7f", "\"\\n\\u0009\\u007f\"" },
		{ "\xc3\xbc", "\"\\u00fc\"" },
		{ "\xf0\x9f\x92\xa9", "\"\\ud83d\\udca9\"" },
		{ "\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\"" },
		{ "\xff", "\"\\ufffd\"" },
		{ "\x80x", "\"\\ufffdx\"" },
		{ "\xc0\x80", "\"\\ufffd\\ufffd\"" }, /* overlong */
		{ "\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xe2\x82", "\"\\ufffd\\ufffd\"" }, /* cut */
		{ "\xe2\x82(", "\"\\ufffd\\ufffd(\"" },
		{ "007", "\"007\"" },
		{ "18446744073709551615", "18446744073709551615" },
		{ "18446744073709551616", "\"18446744073709551616\"" },
		{ "0", "0" },
		{ "", "\"\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ctl_out out;
		char *text = NULL, want[128];
		size_t len;
		FILE *f = open_memstream(&text, &len);

		assert_non_null(f);
		ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
		ctl_text(&out, "k", cases[i].bytes);
		assert_int_equal(ctl_out_finish(&out), CTL_OK);
		ikectl_json_message(f, (struct ctl_in){ .cur = cur_of(out.p + 5, out.len - 5) });
		(void)fclose(f);
		(void)snprintf(want, sizeof(want), "{\n  \"k\": %s\n}\n", cases[i].json);
		assert_string_equal(text, want);
		free(text);
		ctl_out_free(&out);
	}
}

/* ---- stats ---- */

static void script_stats(int fd)
{
	struct ctl_out out;

	(void)server_take(fd, CTL_CMD_REQUEST, "stats");
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_section(&out, "uptime");
	ctl_text(&out, "running", "3 days");
	ctl_text(&out, "seconds", "262144");
	ctl_section_end(&out);
	ctl_section(&out, "drops");
	ctl_section_end(&out);
	ctl_list(&out, "tunnels");
	ctl_item(&out, "gre1");
	ctl_list_end(&out);
	server_send(fd, &out);
}

static void shows_stats(void **state)
{
	(void)state;
	expect(run(script_stats, "stats"), 0,
	       "uptime\n  running: 3 days\n  seconds: 262144\ndrops\ntunnels\n  gre1\n", "");
	expect(run(script_stats, "stats --json"), 0,
	       "{\n  \"uptime\": {\n    \"running\": \"3 days\",\n    \"seconds\": 262144\n  },\n"
	       "  \"drops\": {},\n  \"tunnels\": [\n    \"gre1\"\n  ]\n}\n",
	       "");
}

/* ---- monitor ---- */

static void send_updown(int fd, const char *event, bool up, const char *reason)
{
	struct ctl_out out;

	ctl_out_init(&out, CTL_EVENT, event);
	if (up)
		ctl_text(&out, "up", "yes");
	if (reason)
		ctl_text(&out, "reason", reason);
	write_sa(&out, &hub, strcmp(event, "child-updown") == 0);
	server_send(fd, &out);
}

static void script_monitor(int fd)
{
	server_confirm(fd, "ike-updown");
	server_confirm(fd, "child-updown");
	send_updown(fd, "ike-updown", true, NULL);
	send_updown(fd, "child-updown", true, NULL);
	send_updown(fd, "child-updown", false, NULL);
	send_updown(fd, "ike-updown", false, "the peer\ndoes not answer");
}

/* "2026-05-01T10:22:03+0000 " */
static const char *skip_stamp(const char *line)
{
	static const char pattern[] = "dddd-dd-ddTdd:dd:ddsdddd ";

	for (size_t i = 0; i < sizeof(pattern) - 1; i++) {
		char c = line[i];

		if (pattern[i] == 'd')
			assert_in_range(c, '0', '9');
		else if (pattern[i] == 's')
			assert_true(c == '+' || c == '-');
		else
			assert_int_equal(c, pattern[i]);
	}
	return line + sizeof(pattern) - 1;
}

static void monitors(void **state)
{
	static const char *const lines[] = {
		"monitoring /tmp/",
		"ike   up   hub #12 192.0.2.1:4500 === 203.0.113.33:4500 hub.example.com\n",
		"child up   hub #12 192.0.2.1:4500 === 203.0.113.33:4500 hub.example.com, "
		"child gre1 #1, spi c3a1f00d in 12345678 out\n",
		"child down hub #12 192.0.2.1:4500 === 203.0.113.33:4500 hub.example.com, "
		"child gre1 #1, spi c3a1f00d in 12345678 out\n",
		"ike   down hub #12 192.0.2.1:4500 === 203.0.113.33:4500 hub.example.com: "
		"the peer\\x0adoes not answer\n",
	};
	struct result result = run(script_monitor, "monitor");
	const char *line = result.out;

	(void)state;
	assert_int_equal(result.status, 1); /* the daemon went away */
	assert_string_equal(result.err,
			    "ikectl: spoked closed the connection: it has stopped, or died\n");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		line = skip_stamp(line);
		if (strncmp(line, lines[i], strlen(lines[i])) != 0)
			fail_msg("line %zu is: %s", i, line);
		line = strchr(line, '\n') + 1;
	}
	assert_string_equal(line, "");
	done(&result);
}

static void script_old_daemon(int fd)
{
	(void)server_take(fd, CTL_EVENT_REGISTER, "ike-updown");
	server_say(fd, CTL_EVENT_UNKNOWN);
}

static void monitor_needs_events(void **state)
{
	(void)state;
	expect_cause(run(script_old_daemon, "monitor"), 1, "does not know 'ike-updown'");
}

/* ---- small text ---- */

static void formats_units(void **state)
{
	static const struct {
		uint64_t n;
		const char *age, *bytes;
	} cases[] = {
		{ 0, "0s", "0" },
		{ 59, "59s", "59" },
		{ 60, "1m00s", "60" },
		{ 999, "16m39s", "999" },
		{ 1000, "16m40s", "1000" },
		{ 1023, "17m03s", "1023" },
		{ 1024, "17m04s", "1.0K" },
		{ 3599, "59m59s", "3.5K" },
		{ 3600, "1h00m", "3.5K" },
		{ 10240, "2h50m", "10K" },
		{ 86399, "23h59m", "84K" },
		{ 86400, "1d00h", "84K" },
		{ 1048575, "12d03h", "1023K" },
		{ 1048576, "12d03h", "1.0M" },
		{ 8639999, "99d23h", "8.2M" },
		{ 8640000, "100d", "8.2M" },
		{ UINT64_C(1) << 40, "12725829d", "1.0T" },
		{ UINT64_MAX, "ages", "15E" },
	};
	char text[IKECTL_SHORT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		/* Beyond what any clock says there is only "ages". */
		const char *age = cases[i].n / 86400 < 1000000 ? cases[i].age : "ages";

		assert_string_equal(ikectl_age(cases[i].n, text), age);
		assert_string_equal(ikectl_bytes(cases[i].n, text), cases[i].bytes);
		assert_true(strlen(text) <= 5);
	}
}

static void escapes_whole(void **state)
{
	static const char bytes[] = "a\\b\x1b\xff";
	char text[16];

	(void)state;
	assert_string_equal(ikectl_escape(cur_of(bytes, 5), text, 16), "a\\\\b\\x1b\\xff");
	assert_string_equal(ikectl_escape(cur_of(bytes, 5), text, 13), "a\\\\b\\x1b\\xff");
	assert_string_equal(ikectl_escape(cur_of(bytes, 5), text, 12), "a\\\\b\\x1b");
	assert_string_equal(ikectl_escape(cur_of(bytes, 5), text, 3), "a");
	assert_string_equal(ikectl_escape(cur_of(bytes, 5), text, 1), "");
	assert_string_equal(ikectl_escape(cur_of(NULL, 0), text, 16), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_status),
		cmocka_unit_test(status_fits_the_width),
		cmocka_unit_test(lists),
		cmocka_unit_test(list_tells_of_failure),
		cmocka_unit_test(lists_json),
		cmocka_unit_test(escapes_json),
		cmocka_unit_test(shows_stats),
		cmocka_unit_test(monitors),
		cmocka_unit_test(monitor_needs_events),
		cmocka_unit_test(formats_units),
		cmocka_unit_test(escapes_whole),
	};

	return cmocka_run_group_tests_name("ikectl-show", tests, NULL, NULL);
}
