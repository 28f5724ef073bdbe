/*
 * tests/unit/test_dn.c - distinguished names: from text to DER and back, comparing, and DER that
 * somebody bent.
 */
#include "tests/unit/id_test.h"

static struct ike_id dn_of_hex(const char *hex)
{
	struct ike_id id = { .type = IKE_ID_DER_ASN1_DN };
	struct buf buf = buf_of(id.data, sizeof(id.data));

	assert_true(ike_hex_get(cur_of(hex, strlen(hex)), &buf) && !buf.bad);
	id.len = (uint16_t)buf.len;
	return id;
}

static bool valid(const struct ike_id *id)
{
	return ike_dn_valid(cur_of(id->data, id->len));
}

static void assert_der(const char *text, const char *hex)
{
	struct ike_id id = read_ok(text), want = dn_of_hex(hex);

	assert_int_equal(id.type, IKE_ID_DER_ASN1_DN);
	assert_int_equal(id.len, want.len);
	assert_memory_equal(id.data, want.data, id.len);
	assert_true(valid(&id));
}

static void test_dn_encoding(void **state)
{
	(void)state;
	assert_der(
		"C=DE, O=x, CN=y",
		"3025310b3009060355040613024445310a3008060355040a0c0178310a300806035504030c0179");
	assert_der("DC=x", "30133111300f060a0992268993f22c640119160178");
	assert_der("emailAddress=a@b", "30143112301006092a864886f70d0109011603614062");
	assert_der("serialNumber=7", "300c310a30080603550405130137");
	assert_der("1.3.6.1.4.1.4294967295=a", "30133111300f060a2b060104018fffffff7f0c0161");
	assert_der("2.999=a", "300b31093007060288370c0161");
	assert_der("2.5.4.6=DE", "300d310b3009060355040613024445");
	assert_der("CN=#02012a", "300c310a3008060355040302012a");
}

/* Lengths of 128 and of 256 bytes take one more and two more bytes. */
static void test_dn_long_values(void **state)
{
	static const size_t lens[] = { 1,   110, 116, 117, 118, 119, 120, 121, 122, 127,
				       128, 240, 245, 246, 247, 248, 249, 255, 256, 300 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		char text[IKE_ID_MAX] = "CN=";

		memset(text + 3, 'a', lens[i]);
		text[3 + lens[i]] = 0;

		struct ike_id id = read_ok(text);

		assert_true(ike_dn_valid(cur_of(id.data, id.len)));
		assert_string_equal(printed(&id), text);
	}
}

static void test_dn_values_are_unescaped(void **state)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "CN=a", "a" },
		{ "  CN  =  a b  ", "a b" },
		{ "cn=A", "A" },
		{ "CN=a\\, b", "a, b" },
		{ "CN=\"a, b\"", "a, b" },
		{ "CN=\" a + b \" ", " a + b " },
		{ "CN=\"a\\\"b\"", "a\"b" },
		{ "CN=\\ a\\ ", " a " },
		{ "CN=\\#1", "#1" },
		{ "CN=a#1", "a#1" },
		{ "CN=a=b", "a=b" },
		{ "CN=a\\=b", "a=b" },
		{ "CN=\\\\\\+\\;\\<\\>", "\\+;<>" },
		{ "CN=L\\C3\\bcneburg", "L\xc3\xbcneburg" },
		{ "CN=L\xc3\xbcneburg", "L\xc3\xbcneburg" },
		{ "CN=\\2A", "*" },
		{ "CN=*.example", "*.example" },
		{ "CN=#0c0161", "a" },
		{ "CN=\\61\\0a", "a\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ike_id id = read_ok(cases[i].text);
		size_t len = strlen(cases[i].value);

		assert_int_equal(id.len, 13 + len);
		assert_memory_equal(id.data + 13, cases[i].value, len);
	}
}

static void test_dn_refusals(void **state)
{
	(void)state;
	refused("CN=", "no value");
	refused("CN=\"\"", "no value");
	refused("CN=a,", "no '='");
	refused("CN=a, b", "no '='");
	refused("CN=a,,O=b", "no '='");
	refused("=a", "missing");
	refused("X=a", "'X' is no attribute type");
	refused("CN=a+O=b", "+");
	refused("CN=\"a\"+O=b", "+");
	refused("CN=#0c0161+O=b", "+");
	refused("CN=a;O=b", "';'");
	refused("CN=a\"b", "quote");
	refused("CN=a\tb", "control");
	refused("CN=\"a\tb\"", "control");
	refused("CN=\"a", "no end");
	refused("CN=\"a\\", "after '\\'");
	refused("CN=\"a\" b", "follows");
	refused("CN=a\\", "after '\\'");
	refused("CN=a\\x41", "after '\\'");
	refused("CN=a\\4", "after '\\'");
	refused("CN=a\\00b", "NUL");
	refused("CN=\\ff", "UTF-8");
	refused("CN=\\c0\\80", "UTF-8");
	refused("CN=\\ed\\a0\\80", "UTF-8");
	refused("CN=\\f4\\90\\80\\80", "UTF-8");
	refused("CN=\\e2\\82", "UTF-8");
	refused("CN=*", "wildcard");
	refused("C=DE, CN= * ", "wildcard");
	refused("C=D*", "letters");
	refused("serialNumber=a_b", "letters");
	refused("DC=\xc3\xbc", "ASCII");
	refused("E=\xc3\xbc@x", "ASCII");
	refused("CN=#", "DER");
	refused("CN=#0", "hex");
	refused("CN=#0c02", "DER");
	refused("CN=#0c016162", "DER");
	refused("CN=#0c0161 b", "follows");
}

static void test_dn_oids(void **state)
{
	static const char *const bad[] = { "1=a",
					   "3.1=a",
					   "1.40=a",
					   "1.2.=a",
					   "1..2=a",
					   "1.02=a",
					   "1.2.x=a",
					   "1.4294967296=a",
					   "1.-1=a",
					   "01.2=a",
					   "1.2 3=a",
					   "0.40=a",
					   "1.2.99999999999999999999999=a" };
	char many[IKE_DN_ARCS_MAX * 2 + 8];
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused(bad[i], "OID");
	for (size_t i = 0; i < IKE_DN_ARCS_MAX; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, i ? ".1" : "1");
	(void)snprintf(many + len, sizeof(many) - len, "=a");
	assert_prints(read_ok(many), many);
	(void)snprintf(many + len, sizeof(many) - len, ".1=a");
	refused(many, "OID");
	assert_prints(read_ok("0.0=a"), "0.0=a");
	assert_prints(read_ok("0.39=a"), "0.39=a");
	assert_prints(read_ok("1.39.4294967295=a"), "1.39.4294967295=a");
	assert_prints(read_ok("2.0=a"), "2.0=a");
	assert_prints(read_ok("2.4294967295=a"), "2.4294967295=a");
}

static void test_dn_prints_as_written(void **state)
{
	static const struct {
		const char *text, *print; /* NULL: the same */
	} cases[] = {
		{ "C=DE, O=x, CN=y", NULL },
		{ "CN=y,O=x,C=DE", "CN=y, O=x, C=DE" },
		{ "C=DE, ST=NI, L=L\xc3\xbcneburg, OU=a, OU=b",
		  "C=DE, ST=NI, L=L\\C3\\BCneburg, OU=a, OU=b" },
		{ "DC=org, DC=example, UID=joe, E=joe@example.org", NULL },
		{ "emailAddress=a@b, userId=c, surname=d, givenName=e, title=f, S=g",
		  "E=a@b, UID=c, SN=d, G=e, T=f, SN=g" },
		{ "SERIALNUMBER=12 (a)", "serialNumber=12 (a)" },
		{ "O=\"Example, Inc.\"", "O=Example\\, Inc." },
		{ "CN=\\ a\\  ", "CN=\\ a\\ " },
		{ "CN=\\ ", NULL },
		{ "CN=\\#a#", NULL },
		{ "CN=\\\\\\\"\\+\\;\\<\\>=", NULL },
		{ "CN=a\\0Ab", NULL },
		{ "CN=\\2A", NULL },
		{ "CN=#02012a", NULL },
		{ "2.5.4.3=a", "CN=a" },
		{ "1.2.840.113549.1.9.2=a", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ike_id id = read_ok(cases[i].text);

		assert_prints(id, cases[i].print ? cases[i].print : cases[i].text);

		struct ike_id again = read_ok(printed(&id));

		assert_true(ike_id_eq(&id, &again));
	}
}

/* Two attributes in one RDN. */
static void test_dn_multi_valued(void **state)
{
	struct ike_id multi =
		dn_of_hex("3036310b30090603550406130244453110300e060355040a0c074578616d"
			  "706c6531153009060355040b0c024e41300806035504030c0168");
	struct ike_id single = read_ok("C=DE, O=Example, OU=NA, CN=h");

	(void)state;
	assert_prints(multi, "C=DE, O=Example, OU=NA+CN=h");
	assert_true(ike_id_eq(&multi, &multi));
	assert_false(ike_id_eq(&multi, &single));
}

/* Every proper beginning of a name is malformed; every other byte makes another name, or none. */
static void test_dn_damaged(void **state)
{
	struct ike_id id = read_ok("C=DE, O=x, 1.2.3=z, CN=y");

	(void)state;
	assert_true(ike_dn_valid(cur_of(id.data, id.len)));
	assert_false(ike_dn_valid(cur_of(NULL, 0)));
	for (size_t len = 1; len < id.len; len++) {
		uint8_t *exact = malloc(len); /* a sanitizer sees reads past it */

		assert_non_null(exact);
		memcpy(exact, id.data, len);
		assert_false(ike_dn_valid(cur_of(exact, len)));
		assert_false(ike_dn_eq(cur_of(exact, len), cur_of(id.data, id.len)));
		free(exact);
	}
	for (size_t at = 0; at < id.len; at++) {
		bool is_tag = at == 11 || at == 24 || at == 35 || at == 47; /* of a string */

		for (unsigned v = 0; v < 256; v++) {
			bool string = v == IKE_DER_UTF8 || v == IKE_DER_PRINTABLE ||
				      v == IKE_DER_IA5 || v == IKE_DER_T61;
			struct ike_id bad = id;

			bad.data[at] = (uint8_t)v;
			assert_int_equal(ike_id_eq(&id, &bad),
					 v == id.data[at] || (is_tag && string));
			(void)printed(&bad);
		}
	}
	id.data[id.len++] = 0;
	assert_false(ike_dn_valid(cur_of(id.data, id.len)));
}

static void assert_malformed(const char *hex)
{
	struct ike_id id = dn_of_hex(hex);
	char want[IKE_ID_TEXT_MAX];

	assert_false(valid(&id));
	(void)snprintf(want, sizeof(want), "asn1:#%s", hex);
	assert_prints(id, want);
	refused(want, "DER");
	assert_true(ike_id_eq(&id, &id)); /* byte by byte */
}

static void test_dn_lengths_of_der_only(void **state)
{
	struct ike_id good = dn_of_hex("300c310a300806035504030c0161");

	(void)state;
	assert_true(valid(&good));
	/* long form for a short length, in one byte and in two */
	assert_malformed("30810c310a300806035504030c0161");
	assert_malformed("3082000c310a300806035504030c0161");
	assert_malformed("300d310b300906035504030c810161");
	/* indefinite; four bytes of length; more than there is; the longest */
	assert_malformed("3080310a300806035504030c01610000");
	assert_malformed("30840000000c310a300806035504030c0161");
	assert_malformed("307f");
	assert_malformed("3082ffff");
	assert_malformed("30ff");
	assert_malformed("30");
	/* no RDN, an RDN of nothing, an attribute of nothing, a type alone */
	assert_malformed("3000");
	assert_malformed("30023100");
	assert_malformed("300431023000");
	assert_malformed("300731053003060155");
	/* OIDs: empty, cut short, a leading zero; a tag of two bytes */
	assert_malformed("30093107300506000c0161");
	assert_malformed("300a310830060601850c0161");
	assert_malformed("300b31093007060280010c0161");
	assert_malformed("300c310a300806035504031f0161");
}

/* SEQUENCEs within SEQUENCEs, as deep as they get: seen as one value, never entered. */
static void test_dn_depth(void **state)
{
	struct ike_id id = dn_of_hex("306d316b3069"
				     "0603550403");
	struct ike_id deep = { .type = IKE_ID_DER_ASN1_DN };

	(void)state;
	for (size_t left = 100; left >= 2; left -= 2) {
		deep.data[deep.len++] = IKE_DER_SEQUENCE;
		deep.data[deep.len++] = (uint8_t)(left - 2);
	}
	assert_false(valid(&deep));
	memcpy(id.data + id.len, deep.data, deep.len);
	id.len = (uint16_t)(id.len + deep.len);
	assert_true(valid(&id));
	assert_true(ike_id_eq(&id, &id));
	assert_memory_equal(printed(&id), "CN=#30623060305e", 16);

	struct ike_id again = read_ok(printed(&id));

	assert_true(ike_id_eq(&id, &again));
}

/* What a string is encoded as is the authority's choice. */
static void test_dn_string_types(void **state)
{
	static const uint8_t tags[] = { IKE_DER_UTF8, IKE_DER_PRINTABLE, IKE_DER_IA5, IKE_DER_T61 };
	struct ike_id text = read_ok("CN=a");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		struct ike_id other = text;

		other.data[11] = tags[i];
		assert_true(ike_id_eq(&text, &other));
		assert_true(ike_id_eq(&other, &text));
		assert_prints(other, "CN=a");
	}
	for (unsigned tag = 0; tag < 256; tag++) {
		struct ike_id other = text;

		if (memchr(tags, (int)tag, sizeof(tags)))
			continue;
		other.data[11] = (uint8_t)tag;
		assert_false(ike_id_eq(&text, &other));
		assert_true(ike_id_eq(&other, &other));
	}

	struct ike_id bmp = text;

	bmp.data[11] = 0x1e;
	assert_prints(bmp, "CN=#1e0161");
}

/* strongSwan, 2013: a name was compared by the length of the other. */
static void test_CVE_2013_6075_dn_comparison_without_length_check(void **state)
{
	struct ike_id id = read_ok("C=DE, O=x, CN=hub.example");

	(void)state;
	for (uint16_t len = 0; len < id.len; len++) {
		struct ike_id cut = id;

		cut.len = len;
		assert_false(ike_id_eq(&id, &cut));
		assert_false(ike_id_eq(&cut, &id));
	}

	struct ike_id longer = id;

	longer.len = (uint16_t)(longer.len + 1); /* the next byte is there, and zero */
	assert_false(ike_id_eq(&id, &longer));
	assert_false(ike_id_eq(&longer, &id));

	/* lengths inside that lie: the value goes on past the end of the identity */
	struct ike_id lie = read_ok("CN=a");

	lie.data[12] = 0x7f;
	assert_false(ike_id_eq(&id, &lie));
	assert_true(ike_id_eq(&lie, &lie));
	assert_eq("CN=a", "CN=ab", false);
	assert_eq("CN=hub", "CN=hub, CN=hub", false);
}

/* `count` times "CN=a", with commas between. */
static const char *many(size_t count)
{
	static char text[2 * IKE_ID_MAX];
	struct buf buf = buf_of(text, sizeof(text));

	for (size_t i = 0; i < count; i++)
		buf_put(&buf, ",CN=a", 5);
	buf_u8(&buf, 0);
	assert_false(buf.bad);
	return text + 1;
}

/* atodn() of three IKE daemons wrote past its buffer. */
static void test_CVE_2013_2052_long_dn_text(void **state)
{
	(void)state;
	assert_int_equal(read_ok(many(42)).len, 4 + 42 * 12);
	refused(many(43), "512");
	refused(many(IKE_DN_ATTRS_MAX + 1), "more than 64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dn_encoding),
		cmocka_unit_test(test_dn_long_values),
		cmocka_unit_test(test_dn_values_are_unescaped),
		cmocka_unit_test(test_dn_refusals),
		cmocka_unit_test(test_dn_oids),
		cmocka_unit_test(test_dn_prints_as_written),
		cmocka_unit_test(test_dn_multi_valued),
		cmocka_unit_test(test_dn_damaged),
		cmocka_unit_test(test_dn_lengths_of_der_only),
		cmocka_unit_test(test_dn_depth),
		cmocka_unit_test(test_dn_string_types),
		cmocka_unit_test(test_CVE_2013_6075_dn_comparison_without_length_check),
		cmocka_unit_test(test_CVE_2013_2052_long_dn_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
