/*
 * tests/unit/test_config_join.c - how tunnels and peers fit together: who shares a reqid, what ESP
 * adds to a packet, and what a configuration is warned of.
 */
#include "tests/unit/config_test.h"

/* ---- reqids ---- */

/* Reqids of the tunnels of `conf`, of which there must be `count`. */
static void reqids_of(const char *conf, uint32_t *out, size_t count)
{
	struct config *config = load_ok(conf);

	assert_int_equal(config->tunnel_count, count);
	for (size_t i = 0; i < count; i++) {
		out[i] = config->tunnels[i].reqid;
		assert_in_range(out[i], CONFIG_REQID_FIRST, CONFIG_REQID_LAST);
	}
	config_free(config);
}

static void test_reqid_comes_from_the_name(void **state)
{
	uint32_t one, two[2];

	(void)state;
	reqids_of("tunnel gre1 { source = 192.0.2.1 }", &one, 1);
	/* Fixed for ever: kernels hold policies with it while spoked is replaced. */
	assert_int_equal(one, 0x7a928afe);
	reqids_of("tunnel b { source = 192.0.2.2 } tunnel gre1 { source = 192.0.2.1 key = 1 }", two,
		  2);
	assert_int_equal(two[1], one);
	assert_int_not_equal(two[0], one);
}

static void test_reqid_collision(void **state)
{
	uint32_t reqid[2];

	(void)state;
	reqids_of("tunnel gre299649 { source = 192.0.2.1 } tunnel gre429716 { source = 192.0.2.2 }",
		  reqid, 2);
	assert_int_equal(reqid[0], 0x7a21b1f2);
	assert_int_equal(reqid[1], 0x7a21b1f3);
}

static void test_reqid_sharing(void **state)
{
	static const struct {
		const char *a, *b;
		bool share;
	} cases[] = {
		{ "key = 1", "key = 2", true },
		{ "source = eth0 key = 1", "source = eth0 key = 2", true },
		{ "source = eth0", "source = eth1", false },
		{ "source = eth0", "", true },
		{ "source = 192.0.2.1", "source = 192.0.2.2", false },
		{ "source = 192.0.2.1 key = 1", "source = 192.0.2.1", true },
		{ "source = 192.0.2.1", "source = eth0", true }, /* it may be eth0's */
		{ "remote = 192.0.2.9", "remote = 192.0.2.8", false },
		{ "remote = 192.0.2.9", "remote = 192.0.2.9 key = 1", true },
		{ "remote = 192.0.2.9", "", true },
		{ "source = eth0 remote = 192.0.2.9", "source = eth1 remote = 192.0.2.9", false },
		{ "type = gretap remote = 192.0.2.9", "remote = 192.0.2.9 key = 1", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char conf[256];
		uint32_t reqid[2];

		(void)snprintf(conf, sizeof(conf), "tunnel a { %s } tunnel b { %s }", cases[i].a,
			       cases[i].b);
		reqids_of(conf, reqid, 2);
		if ((reqid[0] == reqid[1]) != cases[i].share)
			fail_msg("wrong: %s", conf);
	}
}

/* Two point-to-point tunnels do not meet, but each meets the multipoint one declared last. */
static void test_reqid_sharing_is_transitive(void **state)
{
	uint32_t reqid[5], alone;

	(void)state;
	reqids_of("tunnel p { source = eth0 remote = 192.0.2.8 }"
		  "tunnel x { source = eth1 }"
		  "tunnel q { source = eth0 remote = 192.0.2.9 }"
		  "tunnel y { source = eth2 }"
		  "tunnel m { source = eth0 }",
		  reqid, 5);
	assert_int_equal(reqid[0], reqid[2]);
	assert_int_equal(reqid[0], reqid[4]);
	assert_int_not_equal(reqid[0], reqid[1]);
	assert_int_not_equal(reqid[1], reqid[3]);
	reqids_of("tunnel p { source = eth0 remote = 192.0.2.8 }", &alone, 1);
	assert_int_equal(reqid[0], alone); /* the first-declared one's */
}

/* ---- endpoints ---- */

static void test_same_endpoints(void **state)
{
	(void)state;
	refused("tunnel a { }\ntunnel b { }", 2, "same source, remote and key as \"a\"");
	refused("tunnel a { source = eth0 key = 7 }\ntunnel b { source = eth0\nkey = 7 }", 3,
		"a key of its own");
	refused("tunnel a { remote = 192.0.2.1 }\ntunnel b { type = gretap remote = 192.0.2.1 }", 2,
		"a key of its own");
	config_free(load_ok("tunnel a { source = eth0 key = 7 } tunnel b { source = eth0 key = 8 }"
			    "tunnel c { source = eth0 } tunnel d { source = eth0 key = 0 }"
			    "tunnel e { source = eth1 }"));
}

static void test_same_peers(void **state)
{
#define TWO(a, b)                                                            \
	"peer a { remote = 192.0.2.1 secret-file = \"/s/good\" " a " }\n"    \
	"peer b { secret-file = \"/s/good\" " b " remote = 192.0.2.1/32 }\n" \
	"tunnel t { }"
	(void)state;
	refused(TWO("", ""), 2, "same remote and remote-id as \"a\"");
	refused(TWO("remote-id = x.example", "remote-id = \"fqdn:x.example\""), 2, "same remote");
	config_free(load_ok(TWO("remote-id = x.example", "")));
	config_free(load_ok(TWO("remote-id = x.example", "remote-id = y.example")));
	config_free(load_ok(TWO("local = 192.0.2.8", "local = 192.0.2.9")));
#undef TWO
}

/* ---- overhead ---- */

static void overhead_is(const char *conf, uint32_t expect)
{
	struct config *config = load_ok(conf);

	if (config->tunnels[0].link.overhead != expect)
		fail_msg("%u instead of %u: %s", config->tunnels[0].link.overhead, expect, conf);
	config_free(config);
}

static void test_overhead(void **state)
{
	uint32_t gcm = xfrm_esp_overhead(IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE);
	uint32_t sha256 = xfrm_esp_overhead(IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_256_128);
	uint32_t sha512 = xfrm_esp_overhead(IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_512_256);

	(void)state;
	assert_true(gcm < sha256 && sha256 < sha512 && sha512 <= XFRM_PROPOSAL_OVERHEAD_MAX);
	overhead_is(TUNNEL PEER("esp-proposals = aes256gcm16"), gcm);
	overhead_is(TUNNEL PEER("esp-proposals = aes256-sha256"), sha256);
	overhead_is(TUNNEL PEER("esp-proposals = { aes256gcm16, aes128-sha256-sha512 }"), sha512);
	/* Only peers that this tunnel can meet count. */
	overhead_is("tunnel t { remote = 192.0.2.1 }"
		    "peer a { remote = 192.0.2.0/24 secret-file = \"/s/good\" "
		    "esp-proposals = aes256gcm16 }"
		    "peer b { remote = 192.0.3.1 secret-file = \"/s/good\" "
		    "esp-proposals = aes256-sha512 }"
		    "peer c { remote = any local = 192.0.2.77 secret-file = \"/s/good\" "
		    "esp-proposals = aes256-sha256 }",
		    sha256);
	overhead_is("tunnel t { source = 192.0.2.5 remote = 192.0.2.1 }"
		    "peer a { remote = 192.0.2.0/24 secret-file = \"/s/good\" "
		    "esp-proposals = aes256gcm16 }"
		    "peer c { remote = any local = 192.0.2.77 secret-file = \"/s/good\" "
		    "esp-proposals = aes256-sha256 }",
		    gcm);
}

/* ---- warnings ---- */

static void test_warnings(void **state)
{
	static const struct memory_file weak[] = {
		{ "/s/weak", "fifteen bytes !\n", 0 },
		{ NULL, NULL, 0 },
	};

	(void)state;
	warned("\ntunnel gre1 {\n}\n", NULL, 2, "no peer { } covers its remote (any)");
	warned("tunnel gre1 { remote = 192.0.3.1 }\n"
	       "peer us { remote = 192.0.2.0/24 secret-file = \"/s/good\" }",
	       NULL, 1, "covers its remote (192.0.3.1)");
	warned("peer us { remote = any\nsecret-file = \"/s/weak\" }", weak, 2, "only 15 bytes");
	warned(PEER("\nike-proposals = aes256-sha1-modp2048"), NULL, 2, "is weak");
	warned(PEER("ike-proposals = { aes256-sha256-modp2048,\n\n aes256-sha256-modp1024 }"), NULL,
	       3, "is weak");
	warned(PEER("esp-proposals = aes128-sha1"), NULL, 1, "is weak");
	warned(PEER("replay-window = 0"), NULL, 1, "replayed packets");
	warned("control { mode = 0666 }", NULL, 1, "every user");
}

static void test_weak_secret_by_its_bytes(void **state)
{
	static const struct memory_file files[] = {
		{ "/s/hex", "0x00112233445566778899aabbccddeeff", 0 }, /* 16 bytes */
		{ "/s/short", "0x00112233445566778899aabbccddee", 0 }, /* 15 */
		{ "/s/base64", "0sAAECAwQFBgcICQoLDA0ODw==", 0 },      /* 16 */
		{ NULL, NULL, 0 },
	};
	char why[CONFIG_WHY_MAX];
	struct config *config;

	(void)state;
	warned("peer us { remote = any secret-file = \"/s/short\" }", files, 1, "only 15 bytes");
	config = load_with("peer a { remote = 192.0.2.1 secret-file = \"/s/hex\" }"
			   "peer b { remote = 192.0.2.2 secret-file = \"/s/base64\" }",
			   files, why);
	assert_non_null(config);
	assert_int_equal(config->warning_count, 0);
	assert_int_equal(config->conns[0].psk_len, 16);
	assert_int_equal(config->conns[1].psk_len, 16);
	config_free(config);
}

/* The secret's own text never stands in an error. */
static void test_errors_do_not_tell_secrets(void **state)
{
	static const struct memory_file files[] = {
		{ "/s/bad", "0xTOPSECRET", 0 },
		{ NULL, NULL, 0 },
	};
	char why[CONFIG_WHY_MAX];

	(void)state;
	assert_null(load_with("peer us { remote = any\nsecret-file = \"/s/bad\" }", files, why));
	assert_true(says(why, 2, "secret-file /s/bad begins with 0x but is not hex"));
	assert_null(strstr(why, "TOPSECRET"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reqid_comes_from_the_name),
		cmocka_unit_test(test_reqid_collision),
		cmocka_unit_test(test_reqid_sharing),
		cmocka_unit_test(test_reqid_sharing_is_transitive),
		cmocka_unit_test(test_same_endpoints),
		cmocka_unit_test(test_same_peers),
		cmocka_unit_test(test_overhead),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_weak_secret_by_its_bytes),
		cmocka_unit_test(test_errors_do_not_tell_secrets),
	};

	return cmocka_run_group_tests_name("config_join", tests, NULL, NULL);
}
