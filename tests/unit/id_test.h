/*
 * tests/unit/id_test.h - what the tests of identities and of distinguished names share.
 */
#ifndef TESTS_UNIT_ID_TEST_H
#define TESTS_UNIT_ID_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "ike/dn.h"

#define GUARD 0x5a

static inline struct ike_id read_ok(const char *text)
{
	struct ike_id id;
	char why[IKE_WHY_MAX] = "";

	if (!ike_id_from_text(text, &id, why))
		fail_msg("'%s': %s", text, why);
	return id;
}

/* Refused, with that word in the reason, and `out` untouched. */
static inline void refused(const char *text, const char *word)
{
	struct ike_id id, before;
	char why[IKE_WHY_MAX] = "";

	memset(&id, GUARD, sizeof(id));
	before = id;
	if (ike_id_from_text(text, &id, why))
		fail_msg("'%.80s' was taken", text);
	if (!strstr(why, word))
		fail_msg("'%.80s': no '%s' in '%s'", text, word, why);
	assert_memory_equal(&id, &before, sizeof(id));
}

static inline struct ike_id id_of(uint8_t type, const void *data, size_t len)
{
	struct ike_id id = { .type = type, .len = (uint16_t)len };

	assert_true(len <= sizeof(id.data));
	if (len)
		memcpy(id.data, data, len);
	return id;
}

/* Printed within IKE_ID_TEXT_MAX, terminated, in printable ASCII. */
static inline const char *printed(const struct ike_id *id)
{
	static char memory[IKE_ID_TEXT_MAX + 8];

	memset(memory, GUARD, sizeof(memory));
	assert_ptr_equal(ike_id_text(id, memory), memory);
	for (size_t i = IKE_ID_TEXT_MAX; i < sizeof(memory); i++)
		assert_int_equal(memory[i], GUARD);
	assert_true(strnlen(memory, IKE_ID_TEXT_MAX) < IKE_ID_TEXT_MAX);
	for (const char *p = memory; *p; p++)
		assert_in_range(*p, 0x20, 0x7e);
	return memory;
}

static inline void assert_prints(struct ike_id id, const char *text)
{
	assert_string_equal(printed(&id), text);
}

static inline void assert_eq(const char *a, const char *b, bool eq)
{
	struct ike_id id_a = read_ok(a), id_b = read_ok(b);

	if (ike_id_eq(&id_a, &id_b) != eq || ike_id_eq(&id_b, &id_a) != eq)
		fail_msg("'%s' and '%s' should be %s", a, b, eq ? "equal" : "different");
}

#endif
