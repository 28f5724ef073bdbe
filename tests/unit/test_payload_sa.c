/*
 * tests/unit/test_payload_sa.c - the Security Association payload.  RFC 7296 3.3.
 */
#include "tests/unit/wire_test.h"

static enum ike_err parse_sa(struct cur body)
{
	struct ike_proposals proposals;

	return ike_sa_parse(body, &proposals);
}

/* clang-format off */

/* The example of RFC 7296 3.3, RESERVED fields filled, shortened by the repetitions */
static const uint8_t example[] = {
	0x02, 0xff, 0x00, 0x28,		/* more follow; proposal length 40 */
	0x01, 0x03, 0x04, 0x03,		/* number 1, ESP, SPI size 4, 3 transforms */
	0x05, 0x23, 0x57, 0xbb,		/* SPI */
	0x03, 0xff, 0x00, 0x0c,		/* more follow; transform length 12 */
	0x01, 0xff, 0x00, 0x0c,		/* ENCR, AES_CBC */
	0x80, 0x0e, 0x00, 0x80,		/* Key Length (TV), 128 */
	0x03, 0xff, 0x00, 0x08,
	0x03, 0xff, 0x00, 0x02,		/* INTEG, HMAC_SHA1_96 */
	0x00, 0xff, 0x00, 0x08,		/* the last transform */
	0x05, 0xff, 0x00, 0x01,		/* ESN */
	0x00, 0xff, 0x00, 0x28,		/* the last proposal; 40 */
	0x02, 0x03, 0x04, 0x03,		/* number 2, ESP, SPI size 4, 3 transforms */
	0x35, 0xa1, 0xd6, 0xf2,
	0x03, 0xff, 0x00, 0x0c,
	0x01, 0xff, 0x00, 0x14,		/* ENCR, AES_GCM_16 */
	0x80, 0x0e, 0x01, 0x00,		/* 256 */
	0x03, 0xff, 0x00, 0x08,
	0x05, 0xff, 0x00, 0x01,		/* ESN */
	0x00, 0xff, 0x00, 0x08,
	0x05, 0xff, 0x00, 0x00,		/* no ESN */
};

/* clang-format on */

static void assert_transform(const struct ike_transform *t, uint8_t type, uint16_t id,
			     uint16_t key_bits)
{
	assert_int_equal(t->type, type);
	assert_int_equal(t->id, id);
	assert_int_equal(t->key_bits, key_bits);
}

static void two_proposals(void **state)
{
	struct ike_proposals p;

	(void)state;
	assert_int_equal(ike_sa_parse(CUR(example), &p), IKE_OK);
	assert_int_equal(p.count, 2);
	assert_int_equal(p.item[0].num, 1);
	assert_int_equal(p.item[0].protocol, IKE_PROTO_ESP);
	assert_int_equal(p.item[0].spi_len, 4);
	assert_memory_equal(p.item[0].spi, "\x05\x23\x57\xbb\0\0\0\0", 8);
	assert_int_equal(p.item[0].unknown, 0);
	assert_int_equal(p.item[0].count, 3);
	assert_transform(&p.item[0].item[0], IKE_TT_ENCR, IKE_ENCR_AES_CBC, 128);
	assert_transform(&p.item[0].item[1], IKE_TT_INTEG, IKE_INTEG_HMAC_SHA1_96, 0);
	assert_transform(&p.item[0].item[2], IKE_TT_ESN, IKE_ESN_YES, 0);
	assert_int_equal(p.item[1].num, 2);
	assert_memory_equal(p.item[1].spi, "\x35\xa1\xd6\xf2\0\0\0\0", 8);
	assert_int_equal(p.item[1].count, 3);
	assert_transform(&p.item[1].item[0], IKE_TT_ENCR, IKE_ENCR_AES_GCM_16, 256);
	assert_transform(&p.item[1].item[2], IKE_TT_ESN, IKE_ESN_NO, 0);
}

static void truncated(void **state)
{
	(void)state;
	check_prefixes(CUR(example), parse_sa);
}

/* The example with one byte changed. */
static enum ike_err example_with(size_t at, uint8_t byte)
{
	struct cur copy = exact(example, sizeof(example));

	((uint8_t *)(uintptr_t)copy.p)[at] = byte;

	enum ike_err err = parse_sa(copy);

	free_exact(copy);
	return err;
}

/* Lengths, counts and markers say the same, or else. */
static void everything_nests(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t b = (uint8_t)byte;

		assert_true(!example_with(0, b) == (b == 2));  /* more proposals */
		assert_true(!example_with(3, b) == (b == 40)); /* proposal length */
		assert_true(!example_with(6, b) == (b == 4));  /* SPI size */
		assert_true(!example_with(7, b) == (b == 3));  /* transforms */
		assert_true(!example_with(12, b) == (b == 3)); /* more transforms */
		assert_true(!example_with(15, b) == (b == 12));
		assert_true(!example_with(32, b) == (b == 0)); /* the last transform */
		assert_true(!example_with(35, b) == (b == 8));
		assert_true(!example_with(40, b) == (b == 0)); /* the last proposal */
		assert_true(!example_with(43, b) == (b == 40));
		assert_true(!example_with(1, b));  /* RESERVED */
		assert_true(!example_with(13, b)); /* RESERVED */
		assert_true(!example_with(17, b)); /* RESERVED */
	}
}

/* A proposal of one transform; `L` is the length of both, the transform's being 8 less. */
#define IKE_HDR(L, number) 0, 0, 0, L, 1, 1, 0, number
#define DH14		   0, 0, 0, 8, 4, 0, 0, 14
#define MORE_DH14	   3, 0, 0, 8, 4, 0, 0, 14
#define ENCR(L)		   0, 0, 0, L, 1, 0, 0, 12

static const struct body_row rows[] = {
	{ "nothing", IKE_E_TRUNCATED, 0, (const uint8_t *)"" },
	{ "one", IKE_OK, BYTES(IKE_HDR(16, 1), DH14) },
	{ "a byte behind it", IKE_E_SYNTAX, BYTES(IKE_HDR(16, 1), DH14, 0) },
	{ "a byte behind it, and a marker", IKE_E_TRUNCATED,
	  BYTES(2, 0, 0, 16, 1, 1, 0, 1, DH14, 0) },
	{ "proposal length 0", IKE_E_LENGTH, BYTES(IKE_HDR(0, 1), DH14) },
	{ "proposal length 7", IKE_E_LENGTH, BYTES(IKE_HDR(7, 1), DH14) },
	{ "proposal length past the end", IKE_E_TRUNCATED, BYTES(IKE_HDR(17, 1), DH14) },
	{ "proposal number 0", IKE_E_SYNTAX, BYTES(0, 0, 0, 16, 0, 1, 0, 1, DH14) },
	{ "proposal number 255", IKE_OK, BYTES(0, 0, 0, 16, 255, 1, 0, 1, DH14) },
	{ "the same number twice", IKE_E_SYNTAX,
	  BYTES(2, 0, 0, 16, 1, 1, 0, 1, DH14, 0, 0, 0, 16, 1, 1, 0, 1, DH14) },
	{ "numbers 2 and 1", IKE_E_SYNTAX,
	  BYTES(2, 0, 0, 16, 2, 1, 0, 1, DH14, 0, 0, 0, 16, 1, 1, 0, 1, DH14) },
	{ "numbers 1 and 3", IKE_OK,
	  BYTES(2, 0, 0, 16, 1, 1, 0, 1, DH14, 0, 0, 0, 16, 3, 1, 0, 1, DH14) },
	{ "marker 3 on a proposal", IKE_E_SYNTAX,
	  BYTES(3, 0, 0, 16, 1, 1, 0, 1, DH14, 0, 0, 0, 16, 2, 1, 0, 1, DH14) },
	{ "IKE, SPI size 8", IKE_OK, BYTES(0, 0, 0, 24, 1, 1, 8, 1, 1, 2, 3, 4, 5, 6, 7, 8, DH14) },
	{ "IKE, SPI size 4", IKE_E_SYNTAX, BYTES(0, 0, 0, 20, 1, 1, 4, 1, 1, 2, 3, 4, DH14) },
	{ "ESP, SPI size 0", IKE_E_SYNTAX, BYTES(0, 0, 0, 16, 1, 3, 0, 1, DH14) },
	{ "ESP, SPI size 8", IKE_E_SYNTAX,
	  BYTES(0, 0, 0, 24, 1, 3, 8, 1, 1, 2, 3, 4, 5, 6, 7, 8, DH14) },
	{ "AH, SPI size 4", IKE_OK, BYTES(0, 0, 0, 20, 1, 2, 4, 1, 1, 2, 3, 4, DH14) },
	{ "AH, SPI size 0", IKE_E_SYNTAX, BYTES(0, 0, 0, 16, 1, 2, 0, 1, DH14) },
	{ "protocol 9, SPI size 0", IKE_OK, BYTES(0, 0, 0, 16, 1, 9, 0, 1, DH14) },
	{ "protocol 9, SPI size 4", IKE_OK, BYTES(0, 0, 0, 20, 1, 9, 4, 1, 1, 2, 3, 4, DH14) },
	{ "protocol 9, SPI size 2", IKE_E_SYNTAX, BYTES(0, 0, 0, 18, 1, 9, 2, 1, 1, 2, DH14) },
	{ "protocol 0, SPI size 2", IKE_E_SYNTAX, BYTES(0, 0, 0, 18, 1, 0, 2, 1, 1, 2, DH14) },
	{ "SPI past the proposal", IKE_E_TRUNCATED, BYTES(0, 0, 0, 11, 1, 3, 4, 1, 1, 2, 3) },
	{ "no transforms", IKE_E_SYNTAX, BYTES(IKE_HDR(8, 0)) },
	{ "no transforms, yet one", IKE_E_SYNTAX, BYTES(IKE_HDR(16, 0), DH14) },
	{ "one transform, yet none", IKE_E_TRUNCATED, BYTES(IKE_HDR(8, 1)) },
	{ "two transforms, and one is there", IKE_E_TRUNCATED, BYTES(IKE_HDR(16, 2), DH14) },
	{ "one transform, and two are there", IKE_E_LENGTH,
	  BYTES(IKE_HDR(24, 1), MORE_DH14, DH14) },
	{ "the last transform marked 3", IKE_E_SYNTAX, BYTES(IKE_HDR(16, 1), MORE_DH14) },
	{ "the first of two marked 0", IKE_E_SYNTAX, BYTES(IKE_HDR(24, 2), DH14, DH14) },
	{ "transform length 0", IKE_E_LENGTH, BYTES(IKE_HDR(16, 1), ENCR(0)) },
	{ "transform length 7", IKE_E_LENGTH, BYTES(IKE_HDR(16, 1), ENCR(7)) },
	{ "transform length past the end", IKE_E_TRUNCATED, BYTES(IKE_HDR(16, 1), ENCR(9)) },
	{ "transform past its proposal", IKE_E_TRUNCATED,
	  BYTES(2, 0, 0, 16, 1, 1, 0, 1, ENCR(24), IKE_HDR(16, 1), DH14) },
	{ "half an attribute", IKE_E_TRUNCATED, BYTES(IKE_HDR(18, 1), ENCR(10), 0x80, 14) },
	{ "three quarters of one", IKE_E_TRUNCATED, BYTES(IKE_HDR(19, 1), ENCR(11), 0x80, 14, 1) },
	{ "one and a byte", IKE_E_TRUNCATED, BYTES(IKE_HDR(21, 1), ENCR(13), 0x80, 14, 1, 0, 0) },
	{ "TLV past the transform", IKE_E_TRUNCATED,
	  BYTES(IKE_HDR(22, 1), ENCR(14), 0, 14, 0, 3, 1, 0) },
	{ "TLV of 65535", IKE_E_TRUNCATED, BYTES(IKE_HDR(20, 1), ENCR(12), 0, 1, 0xff, 0xff) },
};

static void errors(void **state)
{
	(void)state;
	check_rows(rows, ARRAY_LEN(rows), parse_sa);
}

/* RFC 7296 3.3.6: what nobody understands is left out and remembered. */
static const struct {
	const char *what;
	uint8_t unknown;
	uint8_t count; /* transforms left */
	size_t len;
	const uint8_t *bytes;
} unknowns[] = {
	{ "Key Length", 0, 1, BYTES(IKE_HDR(20, 1), ENCR(12), 0x80, 14, 1, 0) },
	{ "an unknown algorithm", 0, 1, BYTES(IKE_HDR(16, 1), 0, 0, 0, 8, 1, 0, 0xff, 0xff) },
	{ "Key Length twice", 1 << 1, 0,
	  BYTES(IKE_HDR(24, 1), ENCR(16), 0x80, 14, 1, 0, 0x80, 14, 1, 0) },
	{ "Key Length 0", 1 << 1, 0, BYTES(IKE_HDR(20, 1), ENCR(12), 0x80, 14, 0, 0) },
	{ "Key Length as a TLV", 1 << 1, 0, BYTES(IKE_HDR(22, 1), ENCR(14), 0, 14, 0, 2, 1, 0) },
	{ "an empty TLV", 1 << 1, 0, BYTES(IKE_HDR(20, 1), ENCR(12), 0, 99, 0, 0) },
	{ "attribute 15", 1 << 1, 0, BYTES(IKE_HDR(20, 1), ENCR(12), 0x80, 15, 1, 0) },
	{ "attribute 32767", 1 << 1, 0, BYTES(IKE_HDR(20, 1), ENCR(12), 0xff, 0xff, 1, 0) },
	{ "Key Length, then another", 1 << 1, 0,
	  BYTES(IKE_HDR(24, 1), ENCR(16), 0x80, 14, 1, 0, 0x80, 15, 0, 1) },
	{ "Key Length on a PRF", 1 << 2, 0,
	  BYTES(IKE_HDR(20, 1), 0, 0, 0, 12, 2, 0, 0, 5, 0x80, 14, 1, 0) },
	{ "transform type 0", 1 << 0, 0, BYTES(IKE_HDR(16, 1), 0, 0, 0, 8, 0, 0, 0, 1) },
	{ "transform type 6", 1 << 0, 0, BYTES(IKE_HDR(16, 1), 0, 0, 0, 8, 6, 0, 0, 1) },
	{ "transform type 255", 1 << 0, 0, BYTES(IKE_HDR(16, 1), 0, 0, 0, 8, 255, 0, 0, 1) },
	{ "a type and an attribute", 1 << 0 | 1 << 1, 1,
	  BYTES(IKE_HDR(36, 3), 3, 0, 0, 8, 7, 0, 0, 1, 3, 0, 0, 12, 1, 0, 0, 12, 0x80, 15, 1, 0,
		DH14) },
	{ "an attribute and a type", 1 << 0 | 1 << 1, 0,
	  BYTES(IKE_HDR(28, 2), 3, 0, 0, 12, 1, 0, 0, 12, 0x80, 15, 1, 0, 0, 0, 0, 8, 7, 0, 0, 1) },
	{ "unknown, then known", 1 << 0, 1, BYTES(IKE_HDR(24, 2), 3, 0, 0, 8, 7, 0, 0, 1, DH14) },
};

static void not_understood(void **state)
{
	struct ike_proposals p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(unknowns); i++) {
		struct cur body = exact(unknowns[i].bytes, unknowns[i].len);

		if (ike_sa_parse(body, &p) || p.item[0].unknown != unknowns[i].unknown ||
		    p.item[0].count != unknowns[i].count)
			fail_msg("%s", unknowns[i].what);
		free_exact(body);
	}
}

/* `proposals` proposals of `transforms` transforms each, into `out`. */
static struct cur many(size_t proposals, size_t transforms, uint8_t *out, size_t cap)
{
	struct buf buf = buf_of(out, cap);

	for (size_t i = 1; i <= proposals; i++) {
		buf_u8(&buf, i < proposals ? 2 : 0);
		buf_u8(&buf, 0);
		buf_u16(&buf, (uint16_t)(8 + 8 * transforms));
		buf_put(&buf, (uint8_t[]){ (uint8_t)i, 1, 0, (uint8_t)transforms }, 4);
		for (size_t k = 1; k <= transforms; k++)
			buf_put(&buf,
				(uint8_t[]){ k < transforms ? 3 : 0, 0, 0, 8, 4, 0, 0, (uint8_t)k },
				8);
	}
	assert_false(buf.bad);
	return buf_cur(&buf);
}

static void limits(void **state)
{
	static uint8_t mem[16384];
	static struct ike_proposals p;

	(void)state;
	assert_int_equal(
		ike_sa_parse(many(IKE_PROPOSALS_MAX, IKE_TRANSFORMS_MAX, mem, sizeof(mem)), &p),
		IKE_OK);
	assert_int_equal(p.count, IKE_PROPOSALS_MAX);
	assert_int_equal(p.item[IKE_PROPOSALS_MAX - 1].count, IKE_TRANSFORMS_MAX);
	assert_int_equal(p.item[0].item[IKE_TRANSFORMS_MAX - 1].id, IKE_TRANSFORMS_MAX);
	assert_int_equal(ike_sa_parse(many(IKE_PROPOSALS_MAX + 1, 1, mem, sizeof(mem)), &p),
			 IKE_E_TOO_MANY);
	assert_int_equal(ike_sa_parse(many(1, IKE_TRANSFORMS_MAX + 1, mem, sizeof(mem)), &p),
			 IKE_E_TOO_MANY);
	assert_int_equal(ike_sa_parse(many(1, 255, mem, sizeof(mem)), &p), IKE_E_TOO_MANY);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_proposals),    cmocka_unit_test(truncated),
		cmocka_unit_test(everything_nests), cmocka_unit_test(errors),
		cmocka_unit_test(not_understood),   cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("payload_sa", tests, NULL, NULL);
}
