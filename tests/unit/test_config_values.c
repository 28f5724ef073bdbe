/*
 * tests/unit/test_config_values.c - numbers, durations, names and secrets out of text: what
 * daemon/config_value.c takes, and that it takes nothing else.
 */
#include "tests/unit/config_test.h"

static void test_numbers(void **state)
{
	static const char *const bad[] = { "",		 "-1",	       "+1",	      " 1",
					   "1 ",	 "0x",	       "0xg",	      "1.0",
					   "1k",	 "4294967296", "0x100000000", "1e3",
					   "99999999999" };
	uint32_t out = 7;

	(void)state;
	assert_true(config_value_number("0", &out) && out == 0);
	assert_true(config_value_number("0042", &out) && out == 42);
	assert_true(config_value_number("4294967295", &out) && out == UINT32_MAX);
	assert_true(config_value_number("0xfFfFfFfF", &out) && out == UINT32_MAX);
	out = 7;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (config_value_number(bad[i], &out))
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(out, 7);
}

static void test_octal_and_flags(void **state)
{
	unsigned mode = 7;
	bool flag = false;

	(void)state;
	assert_true(config_value_octal("0660", &mode) && mode == 0660);
	assert_true(config_value_octal("660", &mode) && mode == 0660);
	assert_false(config_value_octal("0680", &mode));
	assert_false(config_value_octal("10000", &mode));
	assert_false(config_value_octal("", &mode));
	assert_int_equal(mode, 0660);
	assert_true(config_value_flag("yes", &flag) && flag);
	assert_true(config_value_flag("off", &flag) && !flag);
	assert_true(config_value_flag("true", &flag) && flag);
	assert_false(config_value_flag("", &flag));
	assert_false(config_value_flag("TRUE", &flag));
	assert_false(config_value_flag("0", &flag));
}

static void test_percents(void **state)
{
	uint32_t out = 7;

	(void)state;
	assert_true(config_value_percent("1", &out) && out == 100);
	assert_true(config_value_percent("1.6", &out) && out == 160);
	assert_true(config_value_percent("2.05", &out) && out == 205);
	assert_false(config_value_percent("1.", &out));
	assert_false(config_value_percent(".5", &out));
	assert_false(config_value_percent("1.234", &out));
	assert_false(config_value_percent("1.6x", &out));
	assert_false(config_value_percent("1001", &out));
	assert_false(config_value_percent("-1", &out));
	assert_int_equal(out, 205);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		tick_t us;
	} good[] = {
		{ "0", 0 },
		{ "10", 10 * TICK_S },
		{ "10s", 10 * TICK_S },
		{ "500ms", 500 * TICK_MS },
		{ "5m", 300 * TICK_S },
		{ "8h", 28800 * TICK_S },
		{ "30d", 30 * 86400 * TICK_S },
		{ "9999999999", 9999999999 * TICK_S },
	};
	static const char *const bad[] = { "",	   "s",	   "-1s",	   " 1s",	 "1 s",
					   "1S",   "1us",  "1.5s",	   "1sm",	 "1w",
					   "5min", "0x1s", "99999999999s", "9999999999d" };
	tick_t out = 7;
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		if (!config_value_duration(good[i].text, &out) || out != good[i].us)
			fail_msg("\"%s\" is not taken for what it is", good[i].text);
	}
	out = 7;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (config_value_duration(bad[i], &out))
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_true(out == 7);
	assert_string_equal(config_value_duration_text(90 * TICK_S, text), "90s");
	assert_string_equal(config_value_duration_text(7200 * TICK_S, text), "2h");
	assert_string_equal(config_value_duration_text(50 * TICK_MS, text), "50ms");
	assert_string_equal(config_value_duration_text(30 * 86400 * TICK_S, text), "30d");
	assert_string_equal(config_value_duration_text(1, text), "1us");
}

static void test_interfaces(void **state)
{
	static const char *const bad[] = { "",		 "/24",		 "10.8.0.1",
					   "10.8.0.1/",	 "10.8.0.1/33",	 "10.8.0.1/0x18",
					   "10.8.0/24",	 "10.8.0.1/24/", "::1/129",
					   "10.8.0.1/ 8" };
	struct xfrm_tunnel_address out;

	(void)state;
	assert_true(config_value_interface("10.8.0.5/24", &out) && out.bits == 24);
	assert_int_equal(out.addr.b[3], 5); /* host bits kept */
	assert_true(config_value_interface("fe80::5/64", &out) && out.bits == 64);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (config_value_interface(bad[i], &out))
			fail_msg("\"%s\" was taken", bad[i]);
	}
	assert_int_equal(out.bits, 64);

	assert_true(config_value_ifname("eth0"));
	assert_true(config_value_ifname("eth0.7"));
	assert_true(config_value_ifname("a23456789012345"));
	assert_false(config_value_ifname("a234567890123456"));
	assert_false(config_value_ifname("eth0:1"));
	assert_false(config_value_ifname("-f"));
	assert_false(config_value_ifname("."));
	assert_false(config_value_ifname(""));
}

/* ---- secrets ---- */

static void secret_is(const char *bytes, size_t len, const char *expect, size_t expect_len)
{
	char why[CONFIG_WHY_MAX] = "";
	uint8_t *out = NULL;
	size_t out_len = 0;

	if (!config_value_secret(bytes, len, &out, &out_len, why))
		fail_msg("\"%.20s\" refused: %s", bytes, why);
	assert_int_equal(out_len, expect_len);
	assert_memory_equal(out, expect, expect_len);
	secret_free(out, out_len);
}

static void secret_refused(const char *bytes, size_t len, const char *word)
{
	char why[CONFIG_WHY_MAX] = "";
	uint8_t *out = NULL;
	size_t out_len = 0;

	if (config_value_secret(bytes, len, &out, &out_len, why))
		fail_msg("\"%.20s\" was taken", bytes);
	if (!strstr(why, word))
		fail_msg("\"%s\" does not say \"%s\"", why, word);
	assert_null(out);
}

#define IS(text, expect)    secret_is(text, sizeof(text) - 1, expect, sizeof(expect) - 1)
#define REFUSED(text, word) secret_refused(text, sizeof(text) - 1, word)

static void test_secrets(void **state)
{
	char long_one[IKE_PSK_MAX + 2];

	(void)state;
	IS("secret", "secret");
	IS("secret\n", "secret");
	IS("secret\r\n", "secret");
	IS(" secret ", " secret ");
	IS("s", "s");
	IS("0x00fFa5", "\x00\xff\xa5");
	IS("0x41\n", "A");
	IS("0sQQ==", "A");
	IS("0sQUI=", "AB");
	IS("0sQUJD\n", "ABC");
	IS("0s+/+/", "\xfb\xff\xbf");
	IS("0", "0");
	IS("\xc3\xbc\xc3\xbc", "\xc3\xbc\xc3\xbc");

	REFUSED("", "empty");
	REFUSED("\n", "empty");
	REFUSED("\r\n", "empty");
	REFUSED("0x", "empty");
	REFUSED("0s\n", "empty");
	REFUSED("0x0", "not hex");
	REFUSED("0x0g", "not hex");
	REFUSED("0x41 42", "not hex");
	REFUSED("0sQ", "not base64");
	REFUSED("0sQQ", "not base64");
	REFUSED("0sQQ=A", "not base64");
	REFUSED("0sQ===", "not base64");
	REFUSED("0sQR==", "not base64"); /* bits behind the last byte */
	REFUSED("0sQUI=\n\n", "not base64");
	REFUSED("two\nlines\n", "more than one line");
	REFUSED("n\0ul", "more than one line");

	memset(long_one, 'a', sizeof(long_one));
	secret_is(long_one, IKE_PSK_MAX, long_one, IKE_PSK_MAX);
	secret_refused(long_one, IKE_PSK_MAX + 1, "longer than 1024");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	   cmocka_unit_test(test_octal_and_flags),
		cmocka_unit_test(test_percents),   cmocka_unit_test(test_durations),
		cmocka_unit_test(test_interfaces), cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests_name("config_values", tests, NULL, NULL);
}
