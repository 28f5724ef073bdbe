/*
 * tests/unit/test_config.c - spoked.conf: defaults, every key, and every error with its line.  How
 * tunnels and peers fit together is in test_config_join.c, files and documents in
 * test_config_files.c.
 */
#include "tests/unit/config_test.h"

/* ---- what is taken ---- */

static void test_defaults(void **state)
{
	struct config *config = load_ok(TUNNEL PEER(""));
	const struct config_tunnel *tunnel = &config->tunnels[0];
	const struct ike_conn *conn = &config->conns[0];
	struct ike_conf defaults = { 0 };
	struct ike_proposals proposals;

	(void)state;
	ike_conf_defaults(&defaults);
	assert_memory_equal(&config->timing, &defaults.timing, sizeof(defaults.timing));
	assert_memory_equal(&config->limits, &defaults.limits, sizeof(defaults.limits));
	assert_string_equal(config->socket, "/run/spoked/spoked.vici");
	assert_int_equal(config->socket_mode, 0660);
	assert_string_equal(config->socket_group, "");
	assert_string_equal(config->user, "");
	assert_string_equal(config->log, "");
	assert_false(config->remove_policies);
	assert_int_equal(config->warning_count, 0);

	assert_int_equal(config->tunnel_count, 1);
	assert_string_equal(tunnel->link.name, "gre1");
	assert_int_equal(tunnel->link.type, XFRM_TUNNEL_GRE);
	assert_int_equal(tunnel->link.local.family, ADDR_NONE);
	assert_int_equal(tunnel->link.remote.family, ADDR_NONE);
	assert_string_equal(tunnel->source, "");
	assert_false(tunnel->link.has_key);
	assert_int_equal(tunnel->link.ttl, 64);
	assert_int_equal(tunnel->link.mtu, 0);

	assert_int_equal(config->conn_count, 1);
	assert_string_equal(conn->name, "us");
	assert_int_equal(conn->remote.addr.family, ADDR_NONE);
	assert_int_equal(conn->local.family, ADDR_NONE);
	assert_int_equal(conn->local_id.type, IKE_ID_NONE);
	assert_int_equal(conn->remote_id.type, IKE_ID_NONE);
	assert_int_equal(conn->psk_len, strlen(GOOD_SECRET));
	assert_memory_equal(conn->psk, GOOD_SECRET, conn->psk_len);
	assert_int_equal(conn->replay_window, 128);
	assert_false(conn->force_encap);
	assert_true(conn->dpd_us == 30 * TICK_S);
	assert_true(conn->lifetime_us == 8 * 3600 * TICK_S);
	ike_proposals_default(IKE_PROTO_IKE, &proposals);
	assert_memory_equal(&conn->ike, &proposals, sizeof(proposals));
	ike_proposals_default(IKE_PROTO_ESP, &proposals);
	assert_memory_equal(&conn->esp, &proposals, sizeof(proposals));
	config_free(config);
}

static const char every_key[] =
	"user = vpn  log = syslog  remove-policies-at-exit = yes\n"
	"control { socket = \"/run/x.vici\" mode = \"0600\" group = netdev }\n"
	"retransmit { interval = 500ms factor = 1.25 max-interval = 9 tries = 4 probe-tries = 3 }\n"
	"half-open { max = 100 cookie-threshold = 0 max-per-address = 5 timeout = 1m }\n"
	"tunnel tap1 {\n"
	"	type = gretap\n"
	"	address = { \"10.8.0.5/32\", \"10.0.0.2/30\", \"2001:db8::2/64\" }\n"
	"	key = 4294967295\n"
	"	source = \"192.0.2.2\"\n"
	"	remote = '203.0.113.33'\n"
	"	ttl = inherit\n"
	"	mtu = 9000\n"
	"}\n"
	"peer \"us\" {\n"
	"	remote = \"203.0.113.32/28\"\n"
	"	local = 192.0.2.2\n"
	"	auth = psk\n"
	"	local-id = \"198.51.100.81\"\n"
	"	remote-id = \"us.example.com\"\n"
	"	secret-file = \"/s/good\"\n"
	"	ike-proposals = aes256gcm16-prfsha384-ecp384\n"
	"	esp-proposals = { \"aes256gcm16-esn-noesn\", \"aes256-sha256\" }\n"
	"	replay-window = 4096\n"
	"	force-encap = true\n"
	"	dpd = \"2m\"\n"
	"	lifetime = 1d\n"
	"}\n";

static void test_every_key(void **state)
{
	struct config *config = load_ok(every_key);
	const struct xfrm_tunnel *link = &config->tunnels[0].link;
	const struct ike_conn *conn = &config->conns[0];
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_string_equal(config->user, "vpn");
	assert_string_equal(config->log, "syslog");
	assert_true(config->remove_policies);
	assert_string_equal(config->socket, "/run/x.vici");
	assert_int_equal(config->socket_mode, 0600);
	assert_string_equal(config->socket_group, "netdev");
	assert_true(config->timing.retransmit_us == 500 * TICK_MS);
	assert_int_equal(config->timing.retransmit_factor_pct, 125);
	assert_true(config->timing.retransmit_max_us == 9 * TICK_S);
	assert_int_equal(config->timing.retransmit_tries, 4);
	assert_int_equal(config->timing.probe_tries, 3);
	assert_int_equal(config->limits.half_open_max, 100);
	assert_int_equal(config->limits.cookie_threshold, 0);
	assert_int_equal(config->limits.half_open_per_addr_max, 5);
	assert_true(config->timing.half_open_us == 60 * TICK_S);

	assert_int_equal(link->type, XFRM_TUNNEL_GRETAP);
	assert_int_equal(link->address_count, 3);
	assert_string_equal(addr_text(&link->address[1].addr, text), "10.0.0.2");
	assert_int_equal(link->address[1].bits, 30);
	assert_string_equal(addr_text(&link->address[2].addr, text), "2001:db8::2");
	assert_true(link->has_key);
	assert_true(link->key == UINT32_MAX);
	assert_string_equal(addr_text(&link->local, text), "192.0.2.2");
	assert_string_equal(addr_text(&link->remote, text), "203.0.113.33");
	assert_int_equal(link->ttl, 0);
	assert_int_equal(link->mtu, 9000);
	assert_int_equal(config->tunnels[0].line, 5);

	assert_int_equal(conn->remote.bits, 28);
	assert_string_equal(addr_text(&conn->local, text), "192.0.2.2");
	assert_int_equal(conn->local_id.type, IKE_ID_IPV4_ADDR);
	assert_int_equal(conn->remote_id.type, IKE_ID_FQDN);
	assert_int_equal(conn->ike.count, 1);
	assert_int_equal(conn->esp.count, 2);
	assert_int_equal(conn->replay_window, 4096);
	assert_true(conn->force_encap);
	assert_true(conn->dpd_us == 120 * TICK_S);
	assert_true(conn->lifetime_us == 86400 * TICK_S);
	assert_int_equal(config->warning_count, 0);
	config_free(config);
}

/* Every key that the parser knows is in the text above: a new one has to come here, too. */
static void test_every_key_is_tested(void **state)
{
	const struct config_key *key;

	(void)state;
	for (size_t i = 0; (key = config_key_at(i)); i++) {
		char word[64];

		(void)snprintf(word, sizeof(word), "%s = ", key->name);
		if (!strstr(every_key, word))
			fail_msg("%s.%s is not tested", key->section, key->name);
	}
}

static void test_spellings(void **state)
{
	static const char *const taken[] = {
		"",
		"\n\n# nothing\n",
		"# {\n/* } \" */ tunnel gre1 { }\r\n",
		"tunnel gre1 {}",
		"tunnel gre1 {\n# comment with \" and {\n}\n",
		"tunnel gre1 { // a comment, too }\n}",
		"tunnel\ngre1\n{\nkey\n=\n1\n}\n",
		"tunnel gre1 { address = \"10.8.0.1/24\" address += \"10.8.1.1/24\" }",
		"tunnel gre1 { address = {} }",
		"tunnel gre1 { key = 0x2a source = eth0.7 remote = any }",
		"tunnel 'gre1' { source = any }",
		"user = \"a#b\"",
	};

	(void)state;
	for (size_t i = 0; i + 1 < ARRAY_LEN(taken); i++)
		config_free(load_ok(taken[i]));
	refused(taken[ARRAY_LEN(taken) - 1], 1, "a#b");
}

/* ---- what is refused: the text, its line, and words of the message ---- */

struct error_case {
	const char *conf;
	int line;
	const char *text;
};

static void check_errors(const struct error_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		refused(cases[i].conf, cases[i].line, cases[i].text);
}

static void test_syntax_errors(void **state)
{
	static const struct error_case cases[] = {
		{ "\n\nfoo = 1\n", 3, "no such option 'foo' outside of sections; there are: user" },
		{ "tunnel gre1 {\n adress = x\n}", 2, "'adress' in tunnel; there are: type, add" },
		{ "# a\n# b\n/* c\nd */ tunnel gre1 {\n # e\n adress = x\n}", 6, "'adress'" },
		{ "peer us {\n secret = foo\n}", 2, "name a file with secret-file" },
		{ "tunnel gre1 {\n key = 1\n key = 2\n}", 3, "second time (first in line 2)" },
		{ "tunnel gre1 { address = \"10.0.0.1/8\"\naddress = \"10.0.0.2/8\" }", 2,
		  "a list is" },
		{ "tunnel gre1 {\n key 1\n}", 2, "write KEY = VALUE" },
		{ "tunnel gre1 {\n key = { 1 }\n}", 2, "unexpected token" },
		{ "tunnel gre1 {\n key += 1\n}", 2, "write \"=\"" },
		{ "tunnel {\n}", 1, "write its name" },
		{ "tunnel gre1\nkey = 1", 2, "missing opening brace" },
		{ "user = a\n}\n", 2, "one \"}\" too many" },
		{ "user = a\ntunnel gre1 {\n key = 1\n", 2, "\"{\" is never closed" },
		{ "user =", 1, "a value is missing" },
		{ "\n\"\" = 1", 2, "syntax error" },
		{ "tunnel gre1 { }\n\ntunnel gre1 { }", 3, "duplicate title 'gre1'" },
		{ "peer us { remote = any secret-file = \"/s/good\" }\npeer us { }", 2,
		  "duplicate title 'us'" },
		{ "user = \"a\nb\"", 1, "does not end on its line" },
		{ "user = 'a", 1, "does not end on its line" },
		{ "\n/* never", 2, "comment is never closed" },
		{ "user = \"${HOME}\"", 1, "environment" },
		{ "\nuser = ${HOME}", 2, "environment" },
		{ "user = \"a\\tb\"", 1, "unknown escape" },
		{ "user = \"a\tb\"", 1, "control character" },
		{ "include(\"/etc/passwd\")", 1, "stray" },
		{ "user = a*", 1, "stray" },
		{ "user = a+b", 1, "stray \"+\"" },
		{ "user = a\x01", 1, "not printable" },
		{ "user = \xc2\xa0x", 1, "not printable" },
		{ "control|socket = \"x\"", 1, "stray" },
	};

	(void)state;
	check_errors(cases, ARRAY_LEN(cases));
}

static void test_global_errors(void **state)
{
	static const struct error_case cases[] = {
		{ "user = root", 1, "unprivileged" },
		{ "user = \"a b\"", 1, "user's name" },
		{ "log = file", 1, "stderr or syslog" },
		{ "\nremove-policies-at-exit = maybe", 2, "true or false" },
		{ "control { socket = run }", 1, "absolute path" },
		{ "control {\n mode = 0999 }", 2, "octal mode" },
		{ "control { mode = 0760 }", 1, "octal mode" },
		{ "control { mode = 0 }", 1, "octal mode" },
		{ "control { group = \"\" }", 1, "group's name" },
		{ "retransmit { interval = 0 }", 1, "from 50ms to 1m" },
		{ "retransmit { interval = 2x }", 1, "units: ms, s, m, h, d" },
		{ "retransmit { interval = 10s\nmax-interval = 5s }", 2, "shorter than interval" },
		{ "retransmit { factor = 0.9 }", 1, "from 1.0 to 10.0" },
		{ "retransmit { factor = 1.234 }", 1, "from 1.0 to 10.0" },
		{ "retransmit { tries = 0 }", 1, "from 1 to 50" },
		{ "retransmit { tries = -1 }", 1, "from 1 to 50" },
		{ "retransmit { tries = 4294967297 }", 1, "from 1 to 50" },
		{ "half-open { max = 0 }", 1, "from 1 to 65536" },
		{ "half-open { timeout = 11m }", 1, "from 1s to 10m" },
	};

	(void)state;
	check_errors(cases, ARRAY_LEN(cases));
}

static void test_tunnel_errors(void **state)
{
	static const struct error_case cases[] = {
		{ "\n\ntunnel interface-too-long { }", 3, "interface's name" },
		{ "tunnel \"a b\" { }", 1, "interface's name" },
		{ "tunnel \"a/b\" { }", 1, "interface's name" },
		{ "tunnel \"..\" { }", 1, "interface's name" },
		{ "tunnel \"gre%d\" { }", 1, "interface's name" },
		{ "tunnel \"\" { }", 1, "interface's name" },
		{ "tunnel gre0 { }", 1, "such as gre1" },
		{ "tunnel gre1 { type = sit }", 1, "gre or gretap" },
		{ "tunnel gre1 { address = \"10.8.0.1\" }", 1, "write \"10.8.0.1/32\"" },
		{ "tunnel gre1 { address = \"2001:db8::1\" }", 1, "write \"2001:db8::1/128\"" },
		{ "tunnel gre1 { address = {\n\"10.8.0.1/24\",\n\"10.8.0.2/33\" } }", 3, "33" },
		{ "tunnel gre1 { address = \"10.8.0.1/-1\" }", 1, "prefix length" },
		{ "tunnel gre1 { address = \"0.0.0.0/0\" }", 1, "own address" },
		{ "tunnel gre1 { address = \"224.0.0.1/24\" }", 1, "own address" },
		{ "tunnel gre1 { address = {\"10.8.0.1/24\",\n\"10.8.0.1/32\"} }", 2, "twice" },
		{ "tunnel gre1 { key = 4294967296 }", 1, "from 0 to 4294967295" },
		{ "tunnel gre1 { key = ten }", 1, "whole number" },
		{ "tunnel gre1 { key = \"\" }", 1, "whole number" },
		{ "tunnel gre1 {\n source = \"a b\" }", 2, "the interface that has it" },
		{ "tunnel gre1 { source = 0.0.0.0 }", 1, "this machine's addresses" },
		{ "tunnel gre1 { source = gre1 }", 1, "the interface that has it" },
		{ "tunnel gre1 { remote = hub.example.com }", 1, "an IP address" },
		{ "tunnel gre1 { remote = 255.255.255.255 }", 1, "not a host's address" },
		{ "\ntunnel tap1 {\n type = gretap\n}", 2, "no remote" },
		{ "tunnel gre1 { source = 192.0.2.1\nremote = 192.0.2.1 }", 2, "same address" },
		{ "tunnel gre1 { source = 192.0.2.1\nremote = 2001:db8::1 }", 2, "over IPv6" },
		{ "tunnel gre1 {\nsource = 2001:db8::1 }", 2, "GRE over IPv6 is not supported" },
		{ "tunnel gre1 { mtu = 575 }", 1, "from 576 to 9000" },
		{ "tunnel gre1 { mtu = 9001 }", 1, "from 576 to 9000" },
		{ "tunnel gre1 { mtu = 1000 address = \"2001:db8::1/64\" }", 1, "IPv6" },
		{ "tunnel gre1 { ttl = 0 }", 1, "or inherit" },
		{ "tunnel gre1 { ttl = 256 }", 1, "or inherit" },
	};

	(void)state;
	check_errors(cases, ARRAY_LEN(cases));
}

static void test_peer_errors(void **state)
{
	static const struct error_case cases[] = {
		{ "\npeer \"a b\" { }", 2, "letters" },
		{ "peer a23456789012345678901234567890123 { }", 1, "1 to 31" },
		{ "peer us {\n secret-file = \"/s/good\"\n}", 1, "has no remote" },
		{ "peer us {\n remote = any\n}", 1, "has no secret-file" },
		{ "peer us {\n remote = 10.0.0.1/8\n}", 2, "network's own address" },
		{ "peer us { remote = hub }", 1, "an IP address, a prefix" },
		{ PEER("local = eth0"), 1, "an IP address" },
		{ "peer us { remote = 192.0.2.1\nlocal = \"2001:db8::1\" }", 2, "families" },
		{ PEER("\nauth = rsa"), 2, "write psk" },
		{ PEER("\nlocal-id = \"@#zz\""), 2, "local-id = \"@#zz\": " },
		{ PEER("\n\nremote-id = \"\""), 3, "remote-id = \"\": " },
		{ "peer us { remote = any secret-file = us.psk }", 1, "absolute path" },
		{ "peer us { remote = any\nsecret-file = \"/s/none\" }", 2, "cannot open /s/none" },
		{ PEER("ike-proposals = {\naes256-sha256-modp2048,\naes256-foo }"), 3, "foo" },
		{ PEER("ike-proposals = aes256-sha256"), 1, "ike-proposals = \"aes256-sha256\": " },
		{ PEER("esp-proposals = aes256"), 1, "esp-proposals = \"aes256\": " },
		{ PEER("replay-window = 4097"), 1, "from 0 to 4096" },
		{ PEER("force-encap = 1"), 1, "true or false" },
		{ PEER("dpd = 500ms"), 1, "from 1s to 1d, or 0 for never" },
		{ PEER("lifetime = 9s"), 1, "from 10s to 30d, or 0 for never" },
		{ PEER("lifetime = \"8 h\""), 1, "units" },
	};

	(void)state;
	check_errors(cases, ARRAY_LEN(cases));
}

static void test_too_many_proposals(void **state)
{
	(void)state;
	refused(PEER("esp-proposals = { aes256gcm16, aes256gcm16, aes256gcm16, aes256gcm16,"
		     "aes256gcm16, aes256gcm16, aes256gcm16, aes256gcm16, aes256gcm16, "
		     "aes256gcm16, aes256gcm16, aes256gcm16, aes256gcm16, aes256gcm16, "
		     "aes256gcm16, aes256gcm16, aes256gcm16 }"),
		1, "at most 16");
}

/* After an error in the middle of anything, the next configuration is read from scratch. */
static void test_errors_leave_nothing_behind(void **state)
{
	(void)state;
	refused("user = \"a", 1, "does not end");
	config_free(load_ok(TUNNEL PEER("")));
	refused("tunnel gre1 { address = { \"10.0.0.1/8\", ", 1, "never closed");
	config_free(load_ok(TUNNEL PEER("")));
	refused("peer us { remote = any secret-file = \"/s/good\" foo", 1, "never closed");
	config_free(load_ok(TUNNEL PEER("")));
}

static void test_many_sections(void **state)
{
	size_t cap = 64 * (IKE_CONNS_MAX + 2), len = 0;
	char *conf = calloc(1, cap);

	(void)state;
	assert_non_null(conf);
	for (unsigned i = 0; i < IKE_FLOWS_MAX; i++)
		len += (size_t)snprintf(conf + len, cap - len, "tunnel t%u { key = %u }\n", i, i);

	struct config *config = load_ok(conf);

	assert_int_equal(config->tunnel_count, IKE_FLOWS_MAX);
	assert_int_equal(config->tunnels[200].line, 201);
	/* One warning each is too many. */
	assert_int_equal(config->warning_count, CONFIG_WARNINGS_MAX);
	assert_non_null(strstr(config->warnings[CONFIG_WARNINGS_MAX - 1], "more warnings"));
	config_free(config);
	(void)snprintf(conf + len, cap - len, "tunnel more { }\n");
	refused(conf, IKE_FLOWS_MAX + 1, "more than 256 tunnels");
	free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_key),
		cmocka_unit_test(test_every_key_is_tested),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_syntax_errors),
		cmocka_unit_test(test_global_errors),
		cmocka_unit_test(test_tunnel_errors),
		cmocka_unit_test(test_peer_errors),
		cmocka_unit_test(test_too_many_proposals),
		cmocka_unit_test(test_errors_leave_nothing_behind),
		cmocka_unit_test(test_many_sections),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
