/*
 * tests/unit/test_vici.c - the control protocol's codec against bytes written out by hand and
 * against every way of breaking a message.  doc/CONTROL.md 1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "ctl/ctl.h"

/* key1 = value1, section1 { sub-section { key2 = value2 } list1 [ item1 item2 ] } */
static const uint8_t example[] = {
	3,   4,	  'k', 'e', 'y', '1', 0,   6,	'v', 'a', 'l', 'u', 'e', '1', 1,   8,
	's', 'e', 'c', 't', 'i', 'o', 'n', '1', 1,   11,  's', 'u', 'b', '-', 's', 'e',
	'c', 't', 'i', 'o', 'n', 3,   4,   'k', 'e', 'y', '2', 0,   6,	 'v', 'a', 'l',
	'u', 'e', '2', 2,   4,	 5,   'l', 'i', 's', 't', '1', 5,   0,	 5,   'i', 't',
	'e', 'm', '1', 5,   0,	 5,   'i', 't', 'e', 'm', '2', 6,   2,
};

static void write_example(struct ctl_out *out)
{
	ctl_text(out, "key1", "value1");
	ctl_section(out, "section1");
	ctl_section(out, "sub-section");
	ctl_printf(out, "key2", "%s%d", "value", 2);
	ctl_section_end(out);
	ctl_list(out, "list1");
	ctl_item(out, "item1");
	ctl_item(out, "item2");
	ctl_list_end(out);
	ctl_section_end(out);
}

static void writes_bytes(void **state)
{
	static const uint8_t head[] = { 0, 0, 0, sizeof(example) + 1, CTL_CMD_RESPONSE };
	struct ctl_out out;

	(void)state;
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	write_example(&out);
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	assert_int_equal(out.len, sizeof(head) + sizeof(example));
	assert_memory_equal(out.p, head, sizeof(head));
	assert_memory_equal(out.p + sizeof(head), example, sizeof(example));
	ctl_out_free(&out);
}

static void writes_documented_examples(void **state)
{
	static const uint8_t version[] = "\0\0\0\x09\0\x07version";
	static const uint8_t confirm[] = "\0\0\0\x01\x05";
	static const uint8_t list[] = "\0\0\0\x14\0\x08list-sas\3\3ike\0\3hub";
	struct ctl_out out;

	(void)state;
	ctl_out_init(&out, CTL_CMD_REQUEST, "version");
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	assert_int_equal(out.len, sizeof(version) - 1);
	assert_memory_equal(out.p, version, out.len);
	ctl_out_free(&out);

	ctl_out_init(&out, CTL_EVENT_CONFIRM, NULL);
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	assert_int_equal(out.len, sizeof(confirm) - 1);
	assert_memory_equal(out.p, confirm, out.len);
	ctl_out_free(&out);

	ctl_out_init(&out, CTL_CMD_REQUEST, "list-sas");
	ctl_text(&out, "ike", "hub");
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	assert_int_equal(out.len, sizeof(list) - 1);
	assert_memory_equal(out.p, list, out.len);
	ctl_out_free(&out);
}

static struct ctl_in in_of(const void *bytes, size_t len)
{
	return (struct ctl_in){ .cur = cur_of(bytes, len) };
}

static void expect(struct ctl_in *in, enum ctl_element element, const char *name, const char *value)
{
	struct ctl_item item;

	assert_int_equal(ctl_next(in, &item), CTL_OK);
	assert_int_equal(item.element, element);
	assert_string_equal(item.name, name);
	assert_int_equal(item.value.left, strlen(value));
	if (*value)
		assert_memory_equal(item.value.p, value, item.value.left);
}

static void reads_bytes(void **state)
{
	struct ctl_in in = in_of(example, sizeof(example));

	(void)state;
	assert_int_equal(ctl_check(in), CTL_OK);
	expect(&in, CTL_KEY_VALUE, "key1", "value1");
	expect(&in, CTL_SECTION_START, "section1", "");
	expect(&in, CTL_SECTION_START, "sub-section", "");
	assert_int_equal(in.depth, 2);
	expect(&in, CTL_KEY_VALUE, "key2", "value2");
	expect(&in, CTL_SECTION_END, "", "");
	expect(&in, CTL_LIST_START, "list1", "");
	expect(&in, CTL_LIST_ITEM, "", "item1");
	expect(&in, CTL_LIST_ITEM, "", "item2");
	expect(&in, CTL_LIST_END, "", "");
	expect(&in, CTL_SECTION_END, "", "");
	expect(&in, CTL_END, "", "");
	expect(&in, CTL_END, "", ""); /* and stays at the end */
}

/* A message cut anywhere but between its top-level elements is an error, and never an overrun. */
static void refuses_every_cut(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(example); len++) {
		uint8_t *copy = malloc(len ? len : 1); /* so that ASan sees a read past the end */

		assert_non_null(copy);
		memcpy(copy, example, len);

		enum ctl_err err = ctl_check(in_of(copy, len));

		if (len == 0 || len == 14) /* nothing at all; key1 alone */
			assert_int_equal(err, CTL_OK);
		else
			assert_true(err == CTL_E_TRUNCATED || err == CTL_E_DEPTH);
		free(copy);
	}
}

/* Every value of every byte: accepted or refused, but the same way by both readers. */
static void survives_every_byte(void **state)
{
	uint8_t copy[sizeof(example)];
	char value[16];

	(void)state;
	for (size_t i = 0; i < sizeof(example); i++) {
		for (unsigned v = 0; v < 256; v++) {
			memcpy(copy, example, sizeof(copy));
			copy[i] = (uint8_t)v;
			(void)ctl_check(in_of(copy, sizeof(copy)));
			(void)ctl_get(in_of(copy, sizeof(copy)), "key1", value, sizeof(value));
		}
	}
}

static void refuses_misplaced(void **state)
{
	static const struct {
		const char *what;
		const char *bytes;
		size_t len;
		enum ctl_err err;
	} cases[] = {
#define CASE(what, bytes, err) { what, bytes, sizeof(bytes) - 1, err }
		CASE("element 0", "\0", CTL_E_ELEMENT),
		CASE("element 7", "\7", CTL_E_ELEMENT),
		CASE("element 255", "\xff", CTL_E_ELEMENT),
		CASE("an end at the top", "\2", CTL_E_ELEMENT),
		CASE("an item outside", "\5\0\0", CTL_E_ELEMENT),
		CASE("a list's end outside", "\6", CTL_E_ELEMENT),
		CASE("a key in a list", "\4\1l\3\1k\0\1v\6", CTL_E_ELEMENT),
		CASE("a section in a list", "\4\1l\1\1s\2\6", CTL_E_ELEMENT),
		CASE("a section's end in a list", "\1\1s\4\1l\2", CTL_E_ELEMENT),
		CASE("a list in a list", "\4\1l\4\1m\6\6", CTL_E_ELEMENT),
		CASE("a zero byte in a name", "\3\2k\0\0\1v", CTL_E_ELEMENT),
		CASE("an open section", "\1\1s", CTL_E_DEPTH),
		CASE("an open list", "\4\1l\5\0\1i", CTL_E_DEPTH),
		CASE("a name cut", "\3\4key", CTL_E_TRUNCATED),
		CASE("a length cut", "\3\1k\0", CTL_E_TRUNCATED),
		CASE("a value cut", "\3\1k\0\2v", CTL_E_TRUNCATED),
		CASE("an item cut", "\4\1l\5\xff\xffi\6", CTL_E_TRUNCATED),
		CASE("empty names and values", "\1\0\3\0\0\0\4\0\5\0\0\6\2", CTL_OK),
		CASE("an empty list", "\4\1l\6", CTL_OK),
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum ctl_err err = ctl_check(in_of(cases[i].bytes, cases[i].len));

		if (err != cases[i].err)
			fail_msg("%s: %s", cases[i].what, ctl_err_text(err));
	}
}

static void errors_are_final(void **state)
{
	struct ctl_in in = in_of("\7\3\1k\0\1v", 7);
	struct ctl_item item;

	(void)state;
	assert_int_equal(ctl_next(&in, &item), CTL_E_ELEMENT);
	assert_int_not_equal(ctl_next(&in, &item), CTL_OK);
	assert_int_equal(item.element, CTL_END);
}

static void limits_depth(void **state)
{
	uint8_t bytes[(CTL_DEPTH_MAX + 1) * 4];
	struct ctl_out out;

	(void)state;
	for (size_t depth = CTL_DEPTH_MAX; depth <= CTL_DEPTH_MAX + 1; depth++) {
		enum ctl_err want = depth > CTL_DEPTH_MAX ? CTL_E_DEPTH : CTL_OK;

		for (size_t i = 0; i < depth; i++) {
			bytes[3 * i] = CTL_SECTION_START;
			bytes[3 * i + 1] = 1;
			bytes[3 * i + 2] = 's';
			bytes[3 * depth + i] = CTL_SECTION_END;
		}
		assert_int_equal(ctl_check(in_of(bytes, depth * 4)), want);

		ctl_out_init(&out, CTL_EVENT, "e");
		for (size_t i = 0; i < depth; i++)
			ctl_section(&out, "s");
		for (size_t i = 0; i < depth; i++)
			ctl_section_end(&out);
		assert_int_equal(ctl_out_finish(&out), want);
		ctl_out_free(&out);
	}
}

static void limits_lengths(void **state)
{
	static char name[CTL_NAME_MAX + 2], value[CTL_VALUE_MAX + 1];
	struct ctl_out out;
	unsigned n = 0;

	(void)state;
	memset(name, 'n', CTL_NAME_MAX + 1);
	memset(value, 'v', CTL_VALUE_MAX + 1);
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_text(&out, name + 1, "");
	ctl_value(&out, "k", value, CTL_VALUE_MAX);
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	ctl_value(&out, "k", value, CTL_VALUE_MAX + 1);
	assert_int_equal(ctl_out_finish(&out), CTL_E_TOO_LONG);
	ctl_out_free(&out);

	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_text(&out, name, "");
	ctl_text(&out, "more", "is ignored");
	assert_int_equal(ctl_out_finish(&out), CTL_E_TOO_LONG);
	ctl_out_free(&out);

	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	while (!out.bad && n++ < 100)
		ctl_value(&out, "k", value, CTL_VALUE_MAX);
	assert_int_equal(ctl_out_finish(&out), CTL_E_TOO_LONG);
	assert_true(out.len <= CTL_PACKET_MAX + 4);
	assert_int_equal(n, 8); /* 7 * (65535 + 5) bytes fit into 512 KiB, the eighth does not */
	ctl_out_free(&out);
}

static void prints_long_values(void **state)
{
	static char text[2001];
	char value[sizeof(text)];
	struct ctl_out out;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	ctl_printf(&out, "k", "%s", text);
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	assert_true(ctl_get(in_of(out.p + 5, out.len - 5), "k", value, sizeof(value)));
	assert_string_equal(value, text);
	ctl_out_free(&out);
}

static void fills_a_packet_to_the_brim(void **state)
{
	static char value[CTL_VALUE_MAX];
	struct ctl_out out;
	struct ctl_in message;
	enum ctl_packet type;
	char name[CTL_NAME_MAX + 1];

	(void)state;
	ctl_out_init(&out, CTL_CMD_RESPONSE, NULL);
	for (unsigned i = 0; i < 7; i++)
		ctl_value(&out, "k", value, CTL_VALUE_MAX);

	size_t rest = CTL_PACKET_MAX + 4 - out.len;

	ctl_value(&out, "k", value, rest - 5);
	assert_int_equal(ctl_out_finish(&out), CTL_OK);
	assert_int_equal(out.len, CTL_PACKET_MAX + 4);
	assert_int_equal(ctl_packet_parse(cur_of(out.p + 4, out.len - 4), &type, name, &message),
			 CTL_OK);
	assert_int_equal(ctl_check(message), CTL_OK);
	ctl_value(&out, "", "", 0);
	assert_int_equal(ctl_out_finish(&out), CTL_E_TOO_LONG);
	ctl_out_free(&out);
}

static enum ctl_err parse(const char *bytes, size_t len, enum ctl_packet *type, char *name)
{
	struct ctl_in message;

	return ctl_packet_parse(cur_of(bytes, len), type, name, &message);
}

static void parses_packets(void **state)
{
	char name[CTL_NAME_MAX + 1];
	enum ctl_packet type;
	struct ctl_in message;

	(void)state;
	assert_int_equal(parse("\0\7version", 9, &type, name), CTL_OK);
	assert_int_equal(type, CTL_CMD_REQUEST);
	assert_string_equal(name, "version");
	assert_int_equal(ctl_packet_parse(cur_of("\1\3\1k\0\1v", 7), &type, name, &message),
			 CTL_OK);
	assert_int_equal(type, CTL_CMD_RESPONSE);
	assert_string_equal(name, "");
	expect(&message, CTL_KEY_VALUE, "k", "v");
	expect(&message, CTL_END, "", "");
	assert_int_equal(parse("", 0, &type, name), CTL_E_TRUNCATED);
	assert_int_equal(parse("\0", 1, &type, name), CTL_E_TRUNCATED);
	assert_int_equal(parse("\0\7versio", 8, &type, name), CTL_E_TRUNCATED);
	assert_int_equal(parse("\0\0", 2, &type, name), CTL_E_PACKET);
	assert_int_equal(parse("\0\3a\0b", 5, &type, name), CTL_E_PACKET);
	assert_int_equal(parse("\x08\1a", 3, &type, name), CTL_E_PACKET);
	assert_int_equal(parse("\xff", 1, &type, name), CTL_E_PACKET);
	assert_int_equal(ctl_packet_parse((struct cur){ .p = (const uint8_t *)"",
							.left = CTL_PACKET_MAX + 1 },
					  &type, name, &message),
			 CTL_E_TOO_LONG);
}

static void gets_top_level_keys(void **state)
{
	static const char bytes[] = "\1\1s\3\3key\0\1i\2\4\3key\5\0\1l\6\3\3key\0\3out\3\3key\0\1x"
				    "\3\3nul\0\3a\0b\3\3esc\0\1\x1b\3\5empty\0\0";
	struct ctl_in in = in_of(bytes, sizeof(bytes) - 1);
	char value[4] = "?";

	(void)state;
	assert_true(ctl_get(in, "key", value, sizeof(value)));
	assert_string_equal(value, "out"); /* not the section's, not the list; the first one */
	assert_false(ctl_get(in, "key", value, 3));
	assert_string_equal(value, "");
	assert_false(ctl_get(in, "nul", value, sizeof(value)));
	assert_false(ctl_get(in, "esc", value, sizeof(value)));
	assert_false(ctl_get(in, "absent", value, sizeof(value)));
	assert_true(ctl_get(in, "empty", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(ctl_get(in, "empty", value, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_bytes),
		cmocka_unit_test(writes_documented_examples),
		cmocka_unit_test(reads_bytes),
		cmocka_unit_test(refuses_every_cut),
		cmocka_unit_test(survives_every_byte),
		cmocka_unit_test(refuses_misplaced),
		cmocka_unit_test(errors_are_final),
		cmocka_unit_test(limits_depth),
		cmocka_unit_test(limits_lengths),
		cmocka_unit_test(prints_long_values),
		cmocka_unit_test(fills_a_packet_to_the_brim),
		cmocka_unit_test(parses_packets),
		cmocka_unit_test(gets_top_level_keys),
	};

	return cmocka_run_group_tests_name("vici", tests, NULL, NULL);
}
