/*
 * tests/unit/crypto_test.h - what the tests of cryptography share: vectors written in hex.
 */
#ifndef TESTS_UNIT_CRYPTO_TEST_H
#define TESTS_UNIT_CRYPTO_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ike/crypto.h"

#define HEX_MAX 4096 /* bytes in one vector */

struct hex {
	size_t len;
	uint8_t b[HEX_MAX];
};

/* Hex digits, with any spaces and newlines between them, as bytes. */
static inline struct hex hex_of(const char *text)
{
	static const char digits[] = "0123456789abcdef";
	struct hex out = { 0 };
	size_t nibbles = 0;

	for (; *text; text++) {
		const char *d;

		if (*text == ' ' || *text == '\n' || *text == '\r')
			continue;
		d = strchr(digits, *text | 0x20);
		assert_non_null(d);
		assert_true(nibbles / 2 < HEX_MAX);
		out.b[nibbles / 2] = (uint8_t)(out.b[nibbles / 2] << 4 | (d - digits));
		nibbles++;
	}
	assert_true(nibbles % 2 == 0);
	out.len = nibbles / 2;
	return out;
}

static inline struct cur hex_cur(const struct hex *hex)
{
	return cur_of(hex->b, hex->len);
}

static inline struct secret hex_secret(const char *text)
{
	struct hex hex = hex_of(text);
	struct secret out = { .len = (uint8_t)hex.len };

	assert_true(hex.len <= SECRET_MAX);
	memcpy(out.b, hex.b, hex.len);
	return out;
}

/* `len` bytes are what the text says; prints `what` otherwise. */
static inline void assert_hex(const char *what, const uint8_t *got, size_t len, const char *want)
{
	struct hex hex = hex_of(want);

	if (hex.len != len || memcmp(hex.b, got, len) != 0) {
		print_error("%s: not %s but ", what, want);
		for (size_t i = 0; i < len; i++)
			print_error("%02x", got[i]);
		print_error("\n");
		fail();
	}
}

static inline bool all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

#endif
