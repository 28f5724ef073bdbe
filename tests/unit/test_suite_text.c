/*
 * tests/unit/test_suite_text.c - proposals as text, suites as text, and the defaults: strongSwan's
 * words.
 */
#include "tests/unit/suite_test.h"

/* ---- reading ---- */

static void check_reading(enum ike_protocol protocol, const char *text, const char *want)
{
	struct ike_proposals p = props(protocol, text, NULL, NULL);
	char got[512] = "";

	assert_int_equal(p.item[0].num, 1);
	assert_int_equal(p.item[0].protocol, protocol);
	assert_int_equal(p.item[0].spi_len, 0);
	assert_int_equal(p.item[0].unknown, 0);
	for (size_t i = 0; i < p.item[0].count; i++) {
		const struct ike_transform *t = &p.item[0].item[i];
		size_t len = strlen(got);

		snprintf(got + len, sizeof(got) - len, "%s%u:%u/%u", i ? " " : "", t->type, t->id,
			 t->key_bits);
	}
	if (strcmp(got, want) != 0)
		print_error("%s: %s, not %s\n", text, got, want);
	assert_string_equal(got, want);
}

static const struct {
	const char *word, *want;
} ciphers[] = {
	{ "aes128gcm16", "1:20/128" },
	{ "aes256gcm16", "1:20/256" },
	{ "aes128gcm128", "1:20/128" },
	{ "aes256gcm128", "1:20/256" },
	{ "aes128gcm", "1:20/128" },
	{ "aes256gcm", "1:20/256" },
	{ "aesgcm", "1:20/128" },
	{ "aesgcm16", "1:20/128" },
	{ "aesgcm128", "1:20/128" },
	{ "aes128gcm12", "1:19/128" },
	{ "aes256gcm12", "1:19/256" },
	{ "aes128gcm96", "1:19/128" },
	{ "aes256gcm96", "1:19/256" },
	{ "aesgcm12", "1:19/128" },
	{ "aesgcm96", "1:19/128" },
	{ "chacha20poly1305", "1:28/0" },
	{ "aes128-sha256", "1:12/128 3:12/0" },
	{ "aes256-sha2_256", "1:12/256 3:12/0" },
	{ "aes-sha384", "1:12/128 3:13/0" },
	{ "aes-sha2_384", "1:12/128 3:13/0" },
	{ "aes-sha512", "1:12/128 3:14/0" },
	{ "aes-sha2_512", "1:12/128 3:14/0" },
	{ "aes-sha1", "1:12/128 3:2/0" },
	{ "aes-sha", "1:12/128 3:2/0" },
};
static const struct {
	const char *word;
	unsigned id;
} groups[] = {
	{ "x25519", 31 },   { "curve25519", 31 }, { "x448", 32 },     { "curve448", 32 },
	{ "ecp256", 19 },   { "ecp384", 20 },	  { "ecp521", 21 },   { "modp1024", 2 },
	{ "modp1536", 5 },  { "modp2048", 14 },	  { "modp3072", 15 }, { "modp4096", 16 },
	{ "modp6144", 17 }, { "modp8192", 18 },
};
static const struct {
	const char *word;
	unsigned id;
} prfs[] = { { "prfsha256", 5 },
	     { "prfsha384", 6 },
	     { "prfsha512", 7 },
	     { "prfsha1", 2 },
	     { "prfaesxcbc", 4 } };

static void words(void **state)
{
	char text[128], want[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ciphers); i++) {
		snprintf(want, sizeof(want), "%s 5:0/0", ciphers[i].want);
		check_reading(IKE_PROTO_ESP, ciphers[i].word, want);
	}
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		snprintf(text, sizeof(text), "aes256gcm16-prfsha384-%s", groups[i].word);
		snprintf(want, sizeof(want), "1:20/256 2:6/0 4:%u/0", groups[i].id);
		check_reading(IKE_PROTO_IKE, text, want);
		snprintf(text, sizeof(text), "aes256gcm16-%s", groups[i].word);
		snprintf(want, sizeof(want), "1:20/256 4:%u/0 5:0/0", groups[i].id);
		check_reading(IKE_PROTO_ESP, text, want);
	}
	for (size_t i = 0; i < ARRAY_LEN(prfs); i++) {
		snprintf(text, sizeof(text), "aes256gcm16-%s-x25519", prfs[i].word);
		snprintf(want, sizeof(want), "1:20/256 2:%u/0 4:31/0", prfs[i].id);
		check_reading(IKE_PROTO_IKE, text, want);
	}
	check_reading(IKE_PROTO_ESP, "aes256gcm16-esn", "1:20/256 5:1/0");
	check_reading(IKE_PROTO_ESP, "aes256gcm16-noesn", "1:20/256 5:0/0");
	check_reading(IKE_PROTO_ESP, "aes256gcm16-esn-noesn", "1:20/256 5:1/0 5:0/0");
	check_reading(IKE_PROTO_ESP, "noesn-aes256gcm16-esn", "1:20/256 5:0/0 5:1/0");
}

static void prf_is_filled_in(void **state)
{
	(void)state;
	check_reading(IKE_PROTO_IKE, "aes128-sha256-modp2048", "1:12/128 2:5/0 3:12/0 4:14/0");
	check_reading(IKE_PROTO_IKE, "aes128-sha1-modp1024", "1:12/128 2:2/0 3:2/0 4:2/0");
	check_reading(IKE_PROTO_IKE, "aes128-sha512-sha384-ecp256",
		      "1:12/128 2:7/0 2:6/0 3:14/0 3:13/0 4:19/0");
	check_reading(IKE_PROTO_IKE, "aes128-sha256-prfsha512-modp2048",
		      "1:12/128 2:7/0 3:12/0 4:14/0");
	/* as strongSwan reads it: an AEAD's integrity algorithm only gives the PRF */
	check_reading(IKE_PROTO_IKE, "aes256gcm16-sha384-ecp384", "1:20/256 2:6/0 4:20/0");
	check_reading(IKE_PROTO_IKE, "aes256gcm16-sha384-prfsha256-ecp384",
		      "1:20/256 2:5/0 4:20/0");
	check_reading(IKE_PROTO_ESP, "aes256gcm16-sha384", "1:20/256 5:0/0");
}

static void words_in_any_order_and_twice(void **state)
{
	(void)state;
	check_reading(IKE_PROTO_IKE,
		      "x25519-prfsha256-aes128gcm16-ecp256-aes256gcm16-x25519-prfsha256",
		      "1:20/128 1:20/256 2:5/0 4:31/0 4:19/0");
}

static void reading_errors(void **state)
{
	static const struct {
		enum ike_protocol protocol;
		const char *text;
		const char *why; /* what it must say */
		const char *also;
	} rows[] = {
		{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-modp768",
		  "unknown key exchange group \"modp768\"", "modp2048" },
		{ IKE_PROTO_IKE, "3des-sha256-modp2048", "unknown cipher \"3des\"", "aes256gcm16" },
		{ IKE_PROTO_IKE, "aes192-sha256-modp2048", "unknown cipher \"aes192\"",
		  "chacha20poly1305" },
		{ IKE_PROTO_IKE, "aes128-md5-modp2048", "unknown integrity algorithm \"md5\"",
		  "sha256" },
		{ IKE_PROTO_IKE, "aes128gcm16-prfmd5-x25519", "unknown PRF \"prfmd5\"",
		  "prfsha384" },
		{ IKE_PROTO_IKE, "AES128-sha256-modp2048", "unknown algorithm \"AES128\"",
		  "aes256gcm16-prfsha384-ecp384" },
		{ IKE_PROTO_IKE, "aes128 -sha256-modp2048", "\"aes128 \"", "aes256" },
		{ IKE_PROTO_ESP, "aes256gcm16-bogus", "unknown algorithm \"bogus\"", NULL },
		{ IKE_PROTO_ESP, "", "empty word", "-" },
		{ IKE_PROTO_ESP, "-", "empty word", NULL },
		{ IKE_PROTO_ESP, "aes128gcm16-", "empty word", NULL },
		{ IKE_PROTO_ESP, "-aes128gcm16", "empty word", NULL },
		{ IKE_PROTO_ESP, "aes128--sha256", "empty word", NULL },
		{ IKE_PROTO_ESP, "aes128gcm16-prfsha256", "\"prfsha256\" has no place in an ESP",
		  "leave it out" },
		{ IKE_PROTO_IKE, "aes128gcm16-prfsha256-x25519-esn",
		  "\"esn\" has no place in an IKE", "leave it out" },
		{ IKE_PROTO_IKE, "prfsha256-x25519", "lacks a cipher", "aes256gcm16" },
		{ IKE_PROTO_ESP, "esn", "lacks a cipher", NULL },
		{ IKE_PROTO_IKE, "aes128-prfsha256-x25519", "lacks an integrity algorithm",
		  "sha256" },
		{ IKE_PROTO_ESP, "aes128", "\"aes128\" lacks an integrity algorithm", NULL },
		{ IKE_PROTO_IKE, "aes128gcm16-x25519", "lacks a PRF", "prfsha384" },
		{ IKE_PROTO_IKE, "aes128-sha256", "lacks a key exchange group", "x25519" },
		{ IKE_PROTO_IKE, "aes128gcm16-aes128-sha256-x25519",
		  "aes128gcm16 and aes128 cannot share", "write two" },
		{ IKE_PROTO_ESP, "aes256-chacha20poly1305-sha256",
		  "aes256 and chacha20poly1305 cannot share", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ike_proposals out;
		char why[IKE_WHY_MAX + 1];

		memset(why, 0x7f, sizeof(why));
		assert_false(
			ike_proposals_parse(&rows[i].text, 1, rows[i].protocol, &out, NULL, why));
		assert_int_equal(why[IKE_WHY_MAX], 0x7f);
		why[IKE_WHY_MAX] = '\0';
		assert_true(strlen(why) < IKE_WHY_MAX);
		if (!strstr(why, rows[i].why) || (rows[i].also && !strstr(why, rows[i].also)))
			print_error("%s: %s\n", rows[i].text, why);
		assert_non_null(strstr(why, rows[i].why));
		if (rows[i].also)
			assert_non_null(strstr(why, rows[i].also));
	}
}

/* What an error suggests can be written. */
static void suggestions_are_words(void **state)
{
	static const struct {
		const char *wrong;
		const char *before, *after; /* what makes a proposal of a suggested word */
	} rows[] = {
		{ "aesx", "", "-sha256-prfsha256-x25519" },
		{ "prfx", "aes128gcm16-x25519-", "" },
		{ "shax", "aes128-x25519-", "" },
		{ "modpx", "aes128gcm16-prfsha256-", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ike_proposals out;
		char why[IKE_WHY_MAX], *word, *save;
		size_t count = 0;

		assert_false(
			ike_proposals_parse(&rows[i].wrong, 1, IKE_PROTO_IKE, &out, NULL, why));
		word = strstr(why, "there are");
		assert_non_null(word);
		word = strtok_r(word + strlen("there are"), " ", &save);
		for (; word; word = strtok_r(NULL, " ", &save), count++) {
			char text[128];

			snprintf(text, sizeof(text), "%s%s%s", rows[i].before, word, rows[i].after);
			ike(text);
		}
		assert_true(count >= 3);
	}
}

static void many_proposals(void **state)
{
	const char *text[IKE_PROPOSALS_MAX + 1];
	struct ike_proposals out;
	char why[IKE_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		text[i] = "aes256gcm16-esn";
	assert_true(ike_proposals_parse(text, IKE_PROPOSALS_MAX, IKE_PROTO_ESP, &out, NULL, why));
	assert_int_equal(out.count, IKE_PROPOSALS_MAX);
	for (size_t i = 0; i < out.count; i++)
		assert_int_equal(out.item[i].num, i + 1);
	assert_false(
		ike_proposals_parse(text, IKE_PROPOSALS_MAX + 1, IKE_PROTO_ESP, &out, NULL, why));
	assert_non_null(strstr(why, "17 proposals"));
	assert_false(ike_proposals_parse(text, 0, IKE_PROTO_ESP, &out, NULL, why));
	text[3] = "nonsense";
	assert_false(ike_proposals_parse(text, 5, IKE_PROTO_ESP, &out, NULL, why));
	assert_non_null(strstr(why, "nonsense"));
}

static void weak_algorithms(void **state)
{
	static const struct {
		const char *text;
		bool weak;
	} rows[] = {
		{ "aes128-sha256-modp2048", false },
		{ "aes128-sha1-modp2048", true },
		{ "aes128-sha256-modp1024", true },
		{ "aes128-sha256-modp1536", true },
		{ "aes128gcm16-prfsha1-x25519", true },
		{ "aes128gcm16-sha1-x25519", true },
		{ "aes128gcm16-prfaesxcbc-x25519", false },
		{ "aes128-sha256-ecp256-modp1024", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ike_proposals out;
		char why[IKE_WHY_MAX];
		bool weak = !rows[i].weak;

		assert_true(ike_proposals_parse(&rows[i].text, 1, IKE_PROTO_IKE, &out, &weak, why));
		assert_int_equal(weak, rows[i].weak);
	}
}

/* ---- writing ---- */

static void suite_text_reads_back(void **state)
{
	static const struct {
		enum ike_protocol protocol;
		const char *text;
	} rows[] = {
		{ IKE_PROTO_IKE, "aes256gcm16-prfsha384-ecp384" },
		{ IKE_PROTO_IKE, "aes128-sha256-prfsha256-modp2048" },
		{ IKE_PROTO_IKE, "chacha20poly1305-prfaesxcbc-x25519" },
		{ IKE_PROTO_IKE, "aes128-sha1-prfsha1-modp1024" },
		{ IKE_PROTO_ESP, "aes256gcm16-esn" },
		{ IKE_PROTO_ESP, "aes128gcm12-x448-esn" },
		{ IKE_PROTO_ESP, "aes256-sha512" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ike_proposals p = props(rows[i].protocol, rows[i].text, NULL, NULL);
		uint16_t hint = ike_proposals_first_group(&p);

		assert_string_equal(chosen(p, p, hint, NULL), rows[i].text);
	}

	struct ike_suite odd = { .encr = 3, .integ = 1, .prf = 9, .ke = 1025 };
	char text[IKE_SUITE_TEXT_MAX];

	assert_string_equal(ike_suite_text(&odd, text), "unknown-unknown-unknown-unknown");
	assert_string_equal(ike_group_name(31), "x25519");
	assert_string_equal(ike_group_name(32), "x448");
	assert_string_equal(ike_group_name(14), "modp2048");
	assert_string_equal(ike_group_name(0), "unknown");
	assert_string_equal(ike_group_name(1025), "unknown");
}

/* ---- defaults ---- */

static void defaults(void **state)
{
	struct ike_proposals p;
	struct ike_suite s;

	(void)state;
	ike_proposals_default(IKE_PROTO_IKE, &p);
	assert_int_equal(p.count, 2);
	assert_string_equal(chosen(p, p, 0, NULL), "aes256gcm16-prfsha384-x25519");
	assert_int_equal(ike_proposals_first_group(&p), IKE_KE_CURVE25519);
	for (size_t i = 0; i < p.count; i++) {
		for (size_t k = 0; k < p.item[i].count; k++) {
			const struct ike_transform *t = &p.item[i].item[k];

			assert_false(t->type == IKE_TT_PRF && t->id == IKE_PRF_HMAC_SHA1);
			assert_false(t->type == IKE_TT_INTEG && t->id == IKE_INTEG_HMAC_SHA1_96);
			assert_false(t->type == IKE_TT_KE && t->id < IKE_KE_MODP2048);
			/* whatever we offer, we can do: CVE-2016-3071 */
			assert_true(t->type != IKE_TT_KE || ike_ke_public_len(t->id));
			assert_true(t->type != IKE_TT_PRF || ike_prf_len(t->id));
			assert_true(t->type != IKE_TT_ENCR || ike_encr_key_len(t->id, t->key_bits));
			assert_true(t->type != IKE_TT_INTEG || ike_integ_key_len(t->id));
		}
	}
	/* what strongSwan and others come with */
	assert_string_equal(chosen(p, ike("aes128-sha256-modp2048"), 14, NULL),
			    "aes128-sha256-prfsha256-modp2048");
	assert_string_equal(chosen(p, ike("aes128-sha256-modp8192"), 18, NULL),
			    "aes128-sha256-prfsha256-modp8192");
	assert_string_equal(chosen(p, ike("chacha20poly1305-prfsha512-x448"), 32, NULL),
			    "chacha20poly1305-prfsha512-x448");
	assert_string_equal(chosen(p, ike("aes128-sha1-modp2048"), 14, NULL), "none");
	assert_string_equal(chosen(p, ike("aes128-sha256-modp1024"), 2, NULL), "none");

	ike_proposals_default(IKE_PROTO_ESP, &p);
	assert_int_equal(p.count, 2);
	assert_string_equal(chosen(p, p, 0, &s), "aes256gcm16-esn");
	assert_string_equal(chosen(p, esp("aes256gcm16"), 0, NULL), "aes256gcm16");
	assert_string_equal(chosen(p, esp("aes256gcm16-esn"), 0, NULL), "aes256gcm16-esn");
	assert_string_equal(chosen(p, esp("aes128-sha256"), 0, NULL), "aes128-sha256");
	assert_string_equal(chosen(p, esp("aes128-sha1"), 0, NULL), "none");
	assert_int_equal(ike_proposals_first_group(&p), IKE_KE_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(prf_is_filled_in),
		cmocka_unit_test(words_in_any_order_and_twice),
		cmocka_unit_test(reading_errors),
		cmocka_unit_test(suggestions_are_words),
		cmocka_unit_test(many_proposals),
		cmocka_unit_test(weak_algorithms),
		cmocka_unit_test(suite_text_reads_back),
		cmocka_unit_test(defaults),
	};

	return cmocka_run_group_tests_name("suite_text", tests, NULL, NULL);
}
