/*
 * base/heap.c - see heap.h.
 */
#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

#define HEAP_CAP_FIRST 16

void heap_fini(struct heap *heap)
{
	free(heap->at);
	heap_init(heap);
}

bool heap_reserve(struct heap *heap, size_t count)
{
	if (count <= heap->cap)
		return true;

	size_t cap = heap->cap ? heap->cap : HEAP_CAP_FIRST;

	while (cap < count)
		cap *= 2;

	struct heap_node **at = realloc(heap->at, cap * sizeof(struct heap_node *));

	if (!at)
		return false;
	heap->at = at;
	heap->cap = cap;
	return true;
}

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void place(struct heap *heap, size_t i, struct heap_node *node)
{
	heap->at[i] = node;
	node->index = i + 1;
}

static void rise(struct heap *heap, size_t i, struct heap_node *node)
{
	while (i && before(node, heap->at[(i - 1) / 2])) {
		place(heap, i, heap->at[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(heap, i, node);
}

static void sink(struct heap *heap, size_t i, struct heap_node *node)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count && before(heap->at[child + 1], heap->at[child]))
			child++;
		if (!before(heap->at[child], node))
			break;
		place(heap, i, heap->at[child]);
		i = child;
	}
	place(heap, i, node);
}

static void take_out(struct heap *heap, struct heap_node *node)
{
	size_t i = node->index - 1;
	struct heap_node *last = heap->at[--heap->count];

	node->index = 0;
	if (last == node)
		return;
	if (i && before(last, heap->at[(i - 1) / 2]))
		rise(heap, i, last);
	else
		sink(heap, i, last);
}

void heap_set(struct heap *heap, struct heap_node *node, tick_t due)
{
	if (node->index && node->due == due)
		return;
	if (node->index)
		take_out(heap, node);
	node->due = due;
	if (due == TICK_NEVER)
		return;
	assert(heap->count < heap->cap);
	node->order = heap->order++;
	rise(heap, heap->count++, node);
}
