/*
 * tests/unit/wire_test.h - what the tests of the wire format share: bytes in memory of exactly
 * their length, so that a sanitizer sees a read past the end, and rows of tables.
 */
#ifndef TESTS_UNIT_WIRE_TEST_H
#define TESTS_UNIT_WIRE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ike/wire.h"

/* Length and bytes, as two initialisers. */
#define BYTES(...)                                                  \
	sizeof((const uint8_t[]){ __VA_ARGS__ }), (const uint8_t[]) \
	{                                                           \
		__VA_ARGS__                                         \
	}

/* A cursor over an array in scope. */
#define CUR(array) cur_of(array, sizeof(array))

/* A payload body, and what its parser has to say of it. */
struct body_row {
	const char *what;
	enum ike_err want;
	size_t len;
	const uint8_t *bytes;
};

/*
 * A copy that ends where its memory ends, to be given to free_exact().  A byte goes before it, so
 * that a copy of no bytes has an end, too.
 */
static inline struct cur exact(const void *bytes, size_t len)
{
	uint8_t *block = malloc(len + 1);

	assert_non_null(block);
	if (len)
		memcpy(block + 1, bytes, len);
	return cur_of(block + 1, len);
}

static inline void free_exact(struct cur cur)
{
	free((void *)((uintptr_t)cur.p - 1));
}

/* Run `parse` over each row. */
static inline void check_rows(const struct body_row *rows, size_t count,
			      enum ike_err (*parse)(struct cur body))
{
	for (size_t i = 0; i < count; i++) {
		struct cur body = exact(rows[i].bytes, rows[i].len);
		enum ike_err err = parse(body);

		if (err != rows[i].want) {
			print_error("%s: %s, not %s\n", rows[i].what, ike_err_name(err),
				    ike_err_name(rows[i].want));
			fail();
		}
		free_exact(body);
	}
}

/* Every strict prefix of `body` is an error, found without reading past its end. */
static inline void check_prefixes(struct cur body, enum ike_err (*parse)(struct cur body))
{
	for (size_t len = 0; len < body.left; len++) {
		struct cur prefix = exact(body.p, len);

		assert_int_not_equal(parse(prefix), IKE_OK);
		free_exact(prefix);
	}
}

#endif
