/*
 * tests/unit/test_base.c - the vocabulary: cursors, buffers, addresses, heaps, maps, notes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/base.h"

static void test_cursor_is_sticky(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7 };
	struct cur cur = cur_of(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(cur_u8(&cur), 1);
	assert_int_equal(cur_u16(&cur), 0x0203);

	struct cur sub = cur_sub(&cur, 2);

	assert_int_equal(cur_u16(&sub), 0x0405);
	assert_int_equal(cur_u8(&sub), 0);
	assert_true(sub.bad);
	assert_false(cur.bad);
	assert_int_equal(cur_u32(&cur), 0);
	assert_true(cur.bad);
	assert_int_equal(cur_u8(&cur), 0); /* two bytes are left, but it stays bad */
	assert_true(cur_sub(&cur, 0).bad);
}

static void test_buffer_is_sticky(void **state)
{
	uint8_t memory[8];
	struct buf buf = buf_of(memory, sizeof(memory));

	(void)state;
	size_t at = buf_open16(&buf);

	buf_u32(&buf, 0x01020304);
	buf_close16(&buf, at, at);
	assert_int_equal(buf.len, 6);
	assert_memory_equal(memory, ((uint8_t[]){ 0, 6, 1, 2, 3, 4 }), 6);
	buf_u32(&buf, 5);
	assert_true(buf.bad);
	assert_int_equal(buf.len, 6);
	buf_u8(&buf, 1); /* would fit, but something before it did not */
	assert_int_equal(buf.len, 6);
}

static void test_addresses(void **state)
{
	struct addr a, b;
	char text[ADDR_TEXT_MAX], ep[ENDPOINT_TEXT_MAX];

	(void)state;
	assert_true(addr_parse("192.0.2.1", &a));
	assert_string_equal(addr_text(&a, text), "192.0.2.1");
	assert_true(addr_parse("2001:db8::1", &b));
	assert_string_equal(endpoint_text(&(struct endpoint){ b, 500 }, ep), "[2001:db8::1]:500");
	assert_string_equal(endpoint_text(&(struct endpoint){ a, 4500 }, ep), "192.0.2.1:4500");
	assert_false(addr_parse("192.0.2", &a));
	assert_false(addr_parse("192.0.2.1 ", &a));
	assert_false(addr_parse("", &a));
	assert_true(addr_cmp(&a, &b) < 0);
	assert_false(addr_eq(&a, &b));
}

static void test_prefixes(void **state)
{
	struct prefix p;
	struct addr in = addr_ip4(10, 1, 2, 3), out = addr_ip4(11, 1, 2, 3);

	(void)state;
	assert_true(prefix_parse("10.0.0.0/8", &p));
	assert_true(prefix_contains(&p, &in));
	assert_false(prefix_contains(&p, &out));
	assert_true(prefix_parse("any", &p));
	assert_true(prefix_contains(&p, &out));
	assert_true(prefix_parse("10.1.2.3", &p));
	assert_true(prefix_is_host(&p));
	assert_true(prefix_contains(&p, &in));
	assert_false(prefix_parse("10.0.0.1/8", &p)); /* host bits */
	assert_false(prefix_parse("10.0.0.0/33", &p));
	assert_false(prefix_parse("10.0.0.0/", &p));
	assert_false(prefix_parse("10.0.0.0/ 8", &p));
	assert_false(prefix_parse("10.0.0.0/-1", &p));
	assert_true(prefix_parse("2001:db8::/32", &p));
	assert_false(prefix_contains(&p, &in));
}

static void test_heap_orders(void **state)
{
	struct heap heap;
	struct heap_node node[200];
	uint64_t seed = 5;
	struct rng rng = rng_seeded(&seed);

	(void)state;
	heap_init(&heap);
	assert_true(heap_reserve(&heap, ARRAY_LEN(node)));
	for (size_t i = 0; i < ARRAY_LEN(node); i++) {
		heap_node_init(&node[i]);
		heap_set(&heap, &node[i], (tick_t)rng_below(&rng, 50));
	}
	for (int i = 0; i < 1000; i++) /* move and take out at random */
		heap_set(&heap, &node[rng_below(&rng, ARRAY_LEN(node))],
			 rng_below(&rng, 4) ? (tick_t)rng_below(&rng, 50) : TICK_NEVER);

	tick_t last = 0;
	uint64_t order = 0;

	for (struct heap_node *first; (first = heap_first(&heap));) {
		assert_true(first->due > last || (first->due == last && first->order >= order));
		last = first->due;
		order = first->order;
		heap_set(&heap, first, TICK_NEVER);
	}
	heap_fini(&heap);
}

struct thing {
	struct map_node node;
	uint32_t key;
};

static void test_map_finds(void **state)
{
	enum { COUNT = 1000 };
	struct thing *things = calloc(COUNT, sizeof(*things));
	struct map map;

	(void)state;
	assert_non_null(things);
	map_init(&map, sizeof(uint32_t), 42);
	assert_null(map_find(&map, &(uint32_t){ 1 }));
	for (uint32_t i = 0; i < COUNT; i++) {
		things[i].key = i * 7;
		assert_true(map_insert(&map, &things[i].node, &things[i].key));
	}
	for (uint32_t i = 0; i < COUNT; i += 2)
		map_remove(&map, &things[i].node);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct map_node *node = map_find(&map, &things[i].key);

		assert_ptr_equal(node, i % 2 ? &things[i].node : NULL);
	}
	assert_int_equal(map.count, COUNT / 2);
	map_fini(&map);
	free(things);
}

static void test_rng_is_even_and_repeats(void **state)
{
	uint64_t one = 7, two = 7;
	struct rng a = rng_seeded(&one), b = rng_seeded(&two);
	unsigned seen[6] = { 0 };

	(void)state;
	for (int i = 0; i < 6000; i++) {
		uint64_t v = rng_below(&a, 6);

		assert_int_equal(v, rng_below(&b, 6));
		seen[v]++;
	}
	for (int i = 0; i < 6; i++)
		assert_in_range(seen[i], 800, 1200);
}

static void test_notes_are_printable(void **state)
{
	struct note note;
	char longer[2 * NOTE_MAX];

	(void)state;
	note_write(&note, NOTE_PEER, "id %s", "a\nb\x1b[31m\xff");
	assert_string_equal(note.text, "id a?b?[31m?");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	note_write(&note, NOTE_INFO, "%s", longer);
	assert_int_equal(strlen(note.text), NOTE_MAX - 1);
}

static void test_secrets(void **state)
{
	uint8_t a[] = "same", b[] = "same", c[] = "sane";

	(void)state;
	assert_true(secret_eq(a, b, sizeof(a)));
	assert_false(secret_eq(a, c, sizeof(a)));
	assert_true(secret_eq(a, c, 0));
	secret_wipe(a, sizeof(a));
	assert_memory_equal(a, ((uint8_t[sizeof(a)]){ 0 }), sizeof(a));
	secret_free(NULL, 10);
}

static void test_ticks_do_not_overflow(void **state)
{
	(void)state;
	assert_true(tick_add(TICK_NEVER, 1) == TICK_NEVER);
	assert_true(tick_add(TICK_NEVER - 1, 5) == TICK_NEVER);
	assert_true(tick_add(1, 5) == 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor_is_sticky),
		cmocka_unit_test(test_buffer_is_sticky),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_heap_orders),
		cmocka_unit_test(test_map_finds),
		cmocka_unit_test(test_rng_is_even_and_repeats),
		cmocka_unit_test(test_notes_are_printable),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_ticks_do_not_overflow),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
