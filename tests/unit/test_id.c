/*
 * tests/unit/test_id.c - identities: reading, comparing, printing, and what attackers have sent to
 * others.
 */
#include "tests/unit/id_test.h"

/* ---- Reading ---- */

static void test_types_as_operators_write_them(void **state)
{
	static const struct {
		const char *text;
		uint8_t type;
		const char *data; /* NULL: not looked at */
	} cases[] = {
		{ "192.0.2.1", IKE_ID_IPV4_ADDR, "\xc0\x00\x02\x01" },
		{ "ipv4:192.0.2.1", IKE_ID_IPV4_ADDR, "\xc0\x00\x02\x01" },
		{ "2001:db8::1", IKE_ID_IPV6_ADDR, NULL },
		{ "IPv6:2001:db8::1", IKE_ID_IPV6_ADDR, NULL },
		{ "hub.example", IKE_ID_FQDN, "hub.example" },
		{ "hub", IKE_ID_FQDN, "hub" },
		{ "x9-a_b.example", IKE_ID_FQDN, "x9-a_b.example" },
		{ "@hub.example", IKE_ID_FQDN, "hub.example" },
		{ "@192.0.2.1", IKE_ID_FQDN, "192.0.2.1" },
		{ "@a=b", IKE_ID_FQDN, "a=b" },
		{ "fqdn:user@x", IKE_ID_FQDN, "user@x" },
		{ "dns:hub", IKE_ID_FQDN, "hub" },
		{ "@fqdn:hub", IKE_ID_FQDN, "fqdn:hub" },
		{ "user@example.com", IKE_ID_RFC822_ADDR, "user@example.com" },
		{ "email:a=b@example.com", IKE_ID_RFC822_ADDR, "a=b@example.com" },
		{ "rfc822:u@x", IKE_ID_RFC822_ADDR, "u@x" },
		{ "@@u@x", IKE_ID_RFC822_ADDR, "u@x" },
		{ "u\xc3\xbc@x", IKE_ID_RFC822_ADDR, "u\xc3\xbc@x" },
		{ "@#00ffA5", IKE_ID_KEY_ID, NULL },
		{ "keyid:spoke 7", IKE_ID_KEY_ID, "spoke 7" },
		{ "keyid:#4142", IKE_ID_KEY_ID, "AB" },
		{ "CN=a, O=b", IKE_ID_DER_ASN1_DN, NULL },
		{ "asn1:CN=a", IKE_ID_DER_ASN1_DN, NULL },
		{ "asn1dn:#300c310a300806035504030c0161", IKE_ID_DER_ASN1_DN, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ike_id id = read_ok(cases[i].text);

		assert_int_equal(id.type, cases[i].type);
		if (!cases[i].data)
			continue;
		if (id.type != IKE_ID_IPV4_ADDR)
			assert_int_equal(id.len, strlen(cases[i].data));
		assert_memory_equal(id.data, cases[i].data, id.len);
	}

	struct ike_id key = read_ok("@#00ffA5");

	assert_int_equal(key.len, 3);
	assert_memory_equal(key.data, "\x00\xff\xa5", 3);
	assert_int_equal(read_ok("2001:db8::1").len, 16);
	assert_int_equal(read_ok("192.0.2.1").len, 4);
}

static void test_refusals_say_why(void **state)
{
	(void)state;
	refused("192.0.2.300", "no address");
	refused("192.0.2.0/24", "no address");
	refused("2001:db8::zz", "no address");
	refused("foo:bar", "no address");
	refused("hub example", "no address");
	refused(" hub", "no address");
	refused("42", "no address");
	refused("ipv4:2001:db8::1", "IPv4");
	refused("ipv6:192.0.2.1", "IPv6");
	refused("ipv4:hub", "IPv4");
	refused("@hub example", "space");
	refused("@hub\n", "control");
	refused("@a\\b", "backslash");
	refused("@h\xc3\xbc"
		"b",
		"xn--");
	refused("@*.example.com", "wildcard");
	refused("@%any", "wildcard");
	refused("%any", "no address");
	refused("*@example.com", "wildcard");
	refused("user@", "user@domain");
	refused("email:user", "user@domain");
	refused("email:@x", "user@domain");
	refused("a b@x", "space");
	refused("a\\xff@x", "backslash");
	refused("a\xff@x", "UTF-8");
	refused("@#0", "hex");
	refused("@#0g", "hex");
	refused("keyid:#123", "hex");
	refused("asn1:#30", "DER");
	refused("asn1:#3000", "DER");
	refused("asn1:#zz", "hex");
}

/* strongSwan, 2026: an identity of no bytes was freed twice when it was copied. */
static void test_CVE_2026_47895_empty_identity(void **state)
{
	static const char *const texts[] = { "",       "@",	 "@#",	   "@@",      "fqdn:",
					     "dns:",   "email:", "keyid:", "keyid:#", "asn1:",
					     "asn1:#", "ipv4:",	 "ipv6:" };
	struct ike_id none = { .type = IKE_ID_NONE };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		refused(texts[i], "empty");
	for (unsigned type = 1; type < 256; type++) {
		struct ike_id a = { .type = (uint8_t)type }, b = a;

		assert_false(ike_id_eq(&a, &b)); /* it names nobody */
		assert_false(ike_id_eq(&a, &none));
		(void)printed(&a);
	}
	assert_true(ike_id_eq(&none, &none));
	assert_prints(none, "(none)");
	assert_prints((struct ike_id){ .type = IKE_ID_KEY_ID }, "@#");
	assert_prints((struct ike_id){ .type = IKE_ID_FQDN }, "fqdn:");
	assert_prints((struct ike_id){ .type = IKE_ID_IPV4_ADDR }, "ipv4:#");
	assert_prints((struct ike_id){ .type = IKE_ID_DER_ASN1_DN }, "asn1:#");
}

static void test_addresses(void **state)
{
	struct addr ip4 = addr_ip4(198, 51, 100, 7), ip6, none = { .family = ADDR_NONE };
	struct ike_id id;

	(void)state;
	ike_id_from_addr(&ip4, &id);
	assert_int_equal(id.type, IKE_ID_IPV4_ADDR);
	assert_int_equal(id.len, 4);
	assert_prints(id, "198.51.100.7");

	struct ike_id same = read_ok("198.51.100.7");

	assert_true(ike_id_eq(&id, &same));
	assert_true(addr_parse("2001:db8::7", &ip6));
	ike_id_from_addr(&ip6, &id);
	assert_int_equal(id.type, IKE_ID_IPV6_ADDR);
	assert_int_equal(id.len, 16);
	assert_prints(id, "2001:db8::7");
	assert_false(ike_id_eq(&id, &same));
	ike_id_from_addr(&none, &id);
	assert_int_equal(id.type, IKE_ID_NONE);
	assert_int_equal(id.len, 0);
}

/* ---- Comparing ---- */

static void test_comparison(void **state)
{
	(void)state;
	assert_eq("hub.example", "HUB.Example", true);
	assert_eq("hub.example", "hub.exampl", false);
	assert_eq("hub.example", "@hub.example.", false);
	assert_eq("hub", "keyid:hub", false);
	assert_eq("keyid:hub", "keyid:Hub", false);
	assert_eq("keyid:hub", "@#687562", true);
	assert_eq("@192.0.2.1", "192.0.2.1", false);
	assert_eq("user@Example.COM", "user@example.com", true);
	assert_eq("User@example.com", "user@example.com", false);
	assert_eq("a@b@x", "a@B@x", false);
	assert_eq("a@b@x", "a@b@X", true);
	assert_eq("a@bcd", "abc@d", false);
	assert_eq("fqdn:u@x", "email:u@x", false);
	assert_eq("192.0.2.1", "192.0.2.1", true);
	assert_eq("192.0.2.1", "192.0.2.2", false);
	assert_eq("2001:db8::1", "2001:DB8:0::1", true);
	assert_eq("CN=a, O=b", "cn = a,o = b", true);
	assert_eq("CN=a, O=b", "O=b, CN=a", false);
	assert_eq("CN=a", "CN=A", false);
	assert_eq("CN=a", "CN=a, O=b", false);
	assert_eq("CN=a", "O=a", false);
}

static void test_fqdn_terminator(void **state)
{
	struct ike_id plain = read_ok("hub.example");
	struct ike_id longer = id_of(IKE_ID_FQDN, "hub.example\0.evil", 17);
	struct ike_id email = read_ok("u@x"), local = id_of(IKE_ID_RFC822_ADDR, "ux", 2);
	struct ike_id upper = id_of(IKE_ID_RFC822_ADDR, "UX", 2);

	(void)state;
	assert_false(ike_id_eq(&plain, &longer));
	assert_false(ike_id_eq(&email, &local));
	assert_false(ike_id_eq(&upper, &local)); /* no domain, no folding */
	assert_prints(longer, "fqdn:hub.example\\x00.evil");
}

/* ---- Printing ---- */

static void test_printing_tells_types_apart(void **state)
{
	(void)state;
	assert_prints(read_ok("hub.example"), "hub.example");
	assert_prints(read_ok("user@example.com"), "user@example.com");
	assert_prints(read_ok("@192.0.2.1"), "fqdn:192.0.2.1");
	assert_prints(read_ok("@2001:db8::1"), "fqdn:2001:db8::1");
	assert_prints(read_ok("@a=b"), "fqdn:a=b");
	assert_prints(read_ok("@u@x"), "fqdn:u@x");
	assert_prints(read_ok("@keyid:x"), "fqdn:keyid:x");
	assert_prints(read_ok("email:a=b@x"), "email:a=b@x");
	assert_prints(read_ok("email:fqdn:a@x"), "email:fqdn:a@x");
	assert_prints(read_ok("keyid:hub"), "keyid:hub");
	assert_prints(read_ok("keyid:two words"), "@#74776f20776f726473");
	assert_prints(read_ok("@#2301"), "@#2301");
	assert_prints(read_ok("@#2331"), "@#2331"); /* "#1" would be read as hex */
	assert_prints(id_of(IKE_ID_RFC822_ADDR, "hub", 3), "email:hub");
	assert_prints(id_of(IKE_ID_FQDN, "a b", 3), "fqdn:a b");
}

static void test_printing_peers_bytes(void **state)
{
	static const char log_line[] = "x\r\nspoked: peer is up\x1b[2J\xff\\";

	(void)state;
	assert_prints(id_of(IKE_ID_FQDN, log_line, sizeof(log_line) - 1),
		      "fqdn:x\\x0d\\x0aspoked: peer is up\\x1b[2J\\xff\\x5c");
	assert_prints(id_of(IKE_ID_RFC822_ADDR, "a\0@x", 4), "a\\x00@x");
	assert_prints(id_of(IKE_ID_FQDN, "%s%n", 4), "fqdn:%s%n");
	assert_prints(id_of(IKE_ID_IPV4_ADDR, "\x01\x02\x03", 3), "ipv4:#010203");
	assert_prints(id_of(IKE_ID_IPV4_ADDR, "\0\0\0\0\0", 5), "ipv4:#0000000000");
	assert_prints(id_of(IKE_ID_IPV6_ADDR, "\x01\x02\x03\x04", 4), "ipv6:#01020304");
	assert_prints(id_of(IKE_ID_DER_ASN1_GN, "\x82\x01x", 3), "asn1gn:#820178");
	assert_prints(id_of(IKE_ID_NONE, "a", 1), "type-0:#61");
	assert_prints(id_of(201, "a", 1), "type-201:#61");
}

/* Every type, every length, of bytes that print long: CVE-2010-2628, OpenIKED 2695060. */
static void test_CVE_2010_2628_printing_stays_within_bounds(void **state)
{
	static const uint8_t fill[] = { 0x00, 'a', 0xff, '\\', '@', '=' };

	(void)state;
	for (unsigned type = 0; type < 16; type++) {
		for (unsigned len = 0; len <= IKE_ID_MAX; len++) {
			struct ike_id id = { .type = (uint8_t)type, .len = (uint16_t)len };

			memset(id.data, fill[(type + len) % sizeof(fill)], len);
			(void)printed(&id);
		}
	}
}

static void test_printing_is_cut_between_units(void **state)
{
	struct ike_id id = { .type = IKE_ID_FQDN };
	char name[IKE_ID_MAX + 1] = "";

	(void)state;
	memset(name, 'a', IKE_ID_TEXT_MAX - 4);
	assert_prints(read_ok(name), name); /* the longest that fits */
	name[IKE_ID_TEXT_MAX - 4] = 'a';
	id = read_ok(name);
	assert_string_equal(printed(&id) + IKE_ID_TEXT_MAX - 5, "a...");
	for (uint16_t len = 70; len < 100; len++) {
		id = (struct ike_id){ .type = IKE_ID_FQDN, .len = len };
		memset(id.data, 0x1b, len);

		size_t text_len = strlen(printed(&id)), want = strlen("fqdn:") + (size_t)4 * len;

		if (want < IKE_ID_TEXT_MAX - 3) {
			assert_int_equal(text_len, want);
		} else {
			assert_int_equal((text_len - strlen("fqdn:...")) % 4, 0);
			assert_string_equal(printed(&id) + text_len - 7, "\\x1b...");
		}
	}
}

/* WatchGuard, 2025: an identity longer than the buffer it was copied to, before authentication. */
static void test_CVE_2025_9242_over_long_identities(void **state)
{
	static char text[8 * IKE_ID_MAX];
	struct ike_id id = { .type = IKE_ID_FQDN }, other;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	refused(text, "512");
	memcpy(text, "keyid:", 6);
	refused(text, "512");
	memcpy(text, "u@aaaa", 6);
	refused(text, "512");
	memcpy(text, "@#aaaa", 6);
	refused(text, "hex"); /* an odd number of digits */
	text[sizeof(text) - 2] = 0;
	refused(text, "512");
	memcpy(text, "asn1:#", 6);
	refused(text, "512");
	memcpy(text, "CN=aaa", 6);
	refused(text, "512");
	memcpy(text, "CN=\"aa", 6);
	refused(text, "no end");
	memcpy(text, "CN=#aa", 6);
	refused(text, "512");
	memcpy(text, "ipv4:a", 6);
	refused(text, "IPv4");
	memset(text, '1', sizeof(text) - 2);
	memcpy(text + sizeof(text) - 5, "=a", 3);
	refused(text, "OID");
	for (size_t i = 0; i + 2 < sizeof(text); i++)
		text[i] = i % 2 ? '=' : ',';
	refused(text, "no '='");

	memset(text, 0, sizeof(text));
	memset(text, 'a', IKE_ID_MAX);
	id = read_ok(text);
	assert_int_equal(id.len, IKE_ID_MAX);
	other = id;
	other.len = UINT16_MAX; /* nobody should; nothing is read past the data all the same */
	(void)printed(&other);
	assert_false(ike_id_eq(&other, &id));
	assert_false(ike_id_eq(&other, &other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types_as_operators_write_them),
		cmocka_unit_test(test_refusals_say_why),
		cmocka_unit_test(test_CVE_2026_47895_empty_identity),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_comparison),
		cmocka_unit_test(test_fqdn_terminator),
		cmocka_unit_test(test_printing_tells_types_apart),
		cmocka_unit_test(test_printing_peers_bytes),
		cmocka_unit_test(test_CVE_2010_2628_printing_stays_within_bounds),
		cmocka_unit_test(test_printing_is_cut_between_units),
		cmocka_unit_test(test_CVE_2025_9242_over_long_identities),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
