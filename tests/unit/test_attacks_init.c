/*
 * tests/unit/test_attacks_init.c - attacks on IKE_SA_INIT, which anybody can send.
 *
 * Each test is named after the accident it comes from, if that has a name, and shows that here the
 * message is counted under its reason, answered at most once, changes no SA at either end, and that
 * a set-up that was under way comes through all the same.  What is in their payloads is in
 * test_attacks_offer.c; floods and cookies are in test_attacks_flood.c.
 */
#include "tests/unit/forge.h"

/* A's request, as it would arrive at B. */
static void request(struct pair *p, struct forge *f)
{
	forge_pair(p, FORGE_INIT_REQUEST);
	forge_take(p, 0, f);
}

/* B's answer, as it would arrive at A. */
static void response(struct pair *p, struct forge *f)
{
	forge_pair(p, FORGE_INIT_RESPONSE);
	forge_take(p, 1, f);
}

/* ---- the datagram ---- */

/* CVE-2013-4564: padding after the message, or a length beyond the datagram. */
static void test_cve_2013_4564_udp_length(void **state)
{
	static const uint32_t lengths[] = { 0, 27, 28, 0x7fffffff, 0xffffffff };
	struct pair p;

	(void)state;
	for (int step = FORGE_INIT_REQUEST; step <= FORGE_AUTH_RESPONSE; step++) {
		int from = step % 2;

		forge_pair(&p, (enum forge_step)step);

		uint8_t bytes[IKE_MESSAGE_MAX] = { 0 };
		size_t len = p.side[from].out[0]->len;

		memcpy(bytes, p.side[from].out[0]->bytes, len);
		for (size_t more = 1; more < 40; more++)
			assert_int_equal(
				forge_attack(&p, 1 - from, bytes, len + more, IKE_E_LENGTH), 0);
		for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
			struct buf buf = buf_of(bytes + 24, 4);

			buf_u32(&buf, lengths[i]);
			assert_int_equal(forge_attack(&p, 1 - from, bytes, len, IKE_E_LENGTH), 0);
		}
		forge_free(&p);
	}
}

/* Any message of an exchange, cut anywhere; its length fields right or wrong. */
static void test_truncated_anywhere(void **state)
{
	struct pair p;

	(void)state;
	for (int step = FORGE_INIT_REQUEST; step <= FORGE_AUTH_RESPONSE; step++) {
		int from = step % 2;
		uint8_t bytes[IKE_MESSAGE_MAX];

		forge_pair(&p, (enum forge_step)step);

		size_t full = p.side[from].out[0]->len;

		for (size_t len = 0; len < full; len++) {
			struct buf buf = buf_of(bytes + 24, 4);

			memcpy(bytes, p.side[from].out[0]->bytes, full);
			assert_int_equal(
				forge_attack(&p, 1 - from, bytes, len,
					     len < IKE_HDR_LEN ? IKE_E_TRUNCATED : IKE_E_LENGTH),
				0);
			buf_u32(&buf, (uint32_t)len);
			if (len < IKE_HDR_LEN)
				continue;
			assert_int_equal(forge_attack(&p, 1 - from, bytes, len, IKE_E_TRUNCATED),
					 0);
			if (step < FORGE_AUTH_REQUEST || len < IKE_HDR_LEN + 4)
				continue;
			buf = buf_of(bytes + IKE_HDR_LEN + 2, 2); /* and of the SK payload */
			buf_u16(&buf, (uint16_t)(len - IKE_HDR_LEN));
			assert_int_equal(forge_attack(&p, 1 - from, bytes, len, IKE_E_COUNT), 0);
		}
		forge_free(&p);
	}
}

/* One byte of an IKE_SA_INIT message damaged, and the exchange gone on with. */
static void flip_init(enum forge_step step, size_t at, uint8_t mask)
{
	struct pair p;
	struct forge_state before;
	int from = step % 2;

	forge_pair(&p, step);
	p.side[from].out[0]->bytes[at] ^= mask;
	forge_look(&p, &before);
	if (pair_arrow(&p, from) != IKE_OK) {
		forge_assert_same(&p, &before, (unsigned)at);
		assert_true(p.side[1 - from].out_count <= 1);
	}
	pair_settle(&p);
	pair_pass(&p, 300 * TICK_S, false);
	/* What is signed is what was sent: with a byte changed there is no SA, or none with it. */
	assert_int_equal(p.side[0].sa_count, p.side[1].sa_count);
	assert_int_equal(p.side[0].wants_done, 1);
	if (p.side[0].sa_count)
		pair_assert_up(&p);
	pair_want(&p, 0);
	pair_settle(&p);
	forge_free(&p);
}

static size_t length_of(enum forge_step step)
{
	struct pair p;
	size_t len;

	forge_pair(&p, step);
	len = p.side[step % 2].out[0]->len;
	forge_free(&p);
	return len;
}

static void test_flipped_init_request(void **state)
{
	static const uint8_t masks[] = { 0x01, 0x80, 0xff };
	size_t len = length_of(FORGE_INIT_REQUEST);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		for (size_t j = 0; j < ARRAY_LEN(masks); j++)
			flip_init(FORGE_INIT_REQUEST, i, masks[j]);
	}
}

static void test_flipped_init_response(void **state)
{
	static const uint8_t masks[] = { 0x01, 0x80, 0xff };
	size_t len = length_of(FORGE_INIT_RESPONSE);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		for (size_t j = 0; j < ARRAY_LEN(masks); j++)
			flip_init(FORGE_INIT_RESPONSE, i, masks[j]);
	}
}

/* ---- the header ---- */

/* RFC 7296 2.5: a higher major version is told ours, a lower one nothing; minors do not matter. */
static void test_versions(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	request(&p, &f);
	for (uint8_t major = 0; major < 16; major++) {
		uint8_t bytes[IKE_MESSAGE_MAX];
		size_t len = forge_bytes(&p, 0, &f, bytes);

		if (major == 2)
			continue;
		bytes[17] = (uint8_t)(major << 4);
		assert_int_equal(forge_attack(&p, 1, bytes, len, IKE_E_VERSION),
				 major > 2 ? IKE_N_INVALID_MAJOR_VERSION : 0);
		bytes[19] |= IKE_FLAG_RESPONSE;
		assert_int_equal(forge_attack(&p, 1, bytes, len, IKE_E_VERSION), 0);
		assert_int_equal(forge_attack(&p, 0, bytes, len, IKE_E_VERSION), 0);
	}
	f.hdr.minor = 7;
	forge_own(&p, 0, &f);
	forge_free(&p);
}

static void test_unknown_exchanges(void **state)
{
	struct pair p;

	(void)state;
	for (int step = FORGE_INIT_REQUEST; step <= FORGE_AUTH_RESPONSE; step++) {
		int from = step % 2;

		forge_pair(&p, (enum forge_step)step);

		uint8_t own = p.side[from].out[0]->bytes[18];

		for (unsigned x = 0; x < 256; x++) {
			uint8_t bytes[IKE_MESSAGE_MAX];
			size_t len = p.side[from].out[0]->len;

			memcpy(bytes, p.side[from].out[0]->bytes, len);
			bytes[18] = (uint8_t)x;
			if (x == own)
				continue;
			(void)forge_attack(&p, 1 - from, bytes, len,
					   x < IKE_X_SA_INIT || x > IKE_X_INFORMATIONAL
						   ? IKE_E_EXCHANGE
						   : IKE_E_COUNT);
			p.now += TICK_S; /* answers to strays are limited */
		}
		p.now -= 256 * TICK_S;
		forge_free(&p);
	}
}

/* All 256 values of the flags, on every message of an exchange, at both ends. */
static void test_flags(void **state)
{
	struct pair p;

	(void)state;
	for (int step = FORGE_INIT_REQUEST; step <= FORGE_AUTH_RESPONSE; step++) {
		int from = step % 2;

		forge_pair(&p, (enum forge_step)step);
		for (unsigned flags = 0; flags < 256; flags++) {
			uint8_t bytes[IKE_MESSAGE_MAX];
			size_t len = p.side[from].out[0]->len;
			unsigned known = IKE_FLAG_INIT | IKE_FLAG_RESPONSE;

			memcpy(bytes, p.side[from].out[0]->bytes, len);

			bool own = (flags & known) == (bytes[19] & known);

			bytes[19] = (uint8_t)flags;
			/* Unsealed, other bits are ignored: it is the message itself. */
			if (!own || step >= FORGE_AUTH_REQUEST)
				if (bytes[19] != p.side[from].out[0]->bytes[19])
					(void)forge_attack(&p, 1 - from, bytes, len, IKE_E_COUNT);
			if (!own || step >= FORGE_AUTH_REQUEST)
				(void)forge_attack(&p, from, bytes, len, IKE_E_COUNT);
		}
		forge_free(&p);
	}
}

static void test_spis(void **state)
{
	struct pair p;
	struct forge f;
	uint64_t spi;

	(void)state;
	request(&p, &f);
	spi = f.hdr.spi_i;
	f.hdr.spi_i = 0;
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_FLAGS), 0);
	f.hdr.spi_i = spi;
	f.hdr.spi_r = 1;
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_FLAGS), 0);
	f.hdr.spi_r = spi;
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_FLAGS), 0);
	f.hdr.spi_r = 0;
	f.hdr.mid = 1;
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_FLAGS), 0);
	forge_free(&p);

	response(&p, &f);
	spi = f.hdr.spi_i;
	f.hdr.spi_i = f.hdr.spi_r;
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNKNOWN_SPI), 0);
	f.hdr.spi_i = spi ^ 1;
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_UNKNOWN_SPI), 0);
	f.hdr.spi_i = spi;
	f.hdr.spi_r = 0;
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_FLAGS), 0);
	f.hdr.spi_r = spi; /* both the same */
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_REFLECTED), 0);
	f.hdr.spi_r = spi ^ 1;
	f.hdr.mid = 1;
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_FLAGS), 0);
	forge_free(&p);
}

/* What one end sent comes back to it, as it is and dressed as an answer. */
static void test_reflection(void **state)
{
	struct pair p;
	struct forge f;

	(void)state;
	request(&p, &f);
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_REFLECTED), 0);
	f.hdr.flags = IKE_FLAG_RESPONSE;
	f.hdr.spi_r = 0x1234;
	/* Offers of many cannot be an answer; one of one transform each could. */
	assert_int_equal(forge_strike(&p, 1, &f, IKE_E_REFLECTED), 0);
	forge_free(&p);

	response(&p, &f);
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_UNKNOWN_SPI), 0);
	f.hdr.flags = IKE_FLAG_INIT;
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_FLAGS), 0);
	f.hdr.spi_i = f.hdr.spi_r;
	f.hdr.spi_r = 0;
	assert_int_equal(forge_strike(&p, 0, &f, IKE_E_REFLECTED), 0);
	forge_free(&p);
	for (int step = FORGE_AUTH_REQUEST; step <= FORGE_AUTH_RESPONSE; step++) {
		int from = step % 2;

		forge_pair(&p, (enum forge_step)step);
		assert_int_equal(forge_attack(&p, from, p.side[from].out[0]->bytes,
					      p.side[from].out[0]->len, IKE_E_REFLECTED),
				 0);
		forge_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cve_2013_4564_udp_length),
		cmocka_unit_test(test_truncated_anywhere),
		cmocka_unit_test(test_flipped_init_request),
		cmocka_unit_test(test_flipped_init_response),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_unknown_exchanges),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_spis),
		cmocka_unit_test(test_reflection),
	};

	return cmocka_run_group_tests_name("attacks_init", tests, NULL, NULL);
}
