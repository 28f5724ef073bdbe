/*
 * base/heap.h - an intrusive binary heap of timers: the earliest is found at once, a timer moves or
 * goes in O(log n).  Ties are broken by the order of insertion, so that runs repeat exactly.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tick.h"

struct heap_node {
	tick_t due;	/* TICK_NEVER while out of the heap */
	uint64_t order; /* counts insertions */
	size_t index;	/* place in the heap plus one; 0 while out of it */
};

struct heap {
	struct heap_node **at;
	size_t count, cap;
	uint64_t order;
};

static inline void heap_init(struct heap *heap)
{
	*heap = (struct heap){ 0 };
}

/* Frees the heap's own memory; the nodes are their owners'. */
void heap_fini(struct heap *heap);

static inline void heap_node_init(struct heap_node *node)
{
	*node = (struct heap_node){ .due = TICK_NEVER };
}

/*
 * Make room for `count` nodes, so that heap_set cannot fail up to there.  False without memory.
 */
bool heap_reserve(struct heap *heap, size_t count);

/*
 * Insert or move `node` to `due`; TICK_NEVER takes it out.  Room must have been reserved
 * (asserted).
 */
void heap_set(struct heap *heap, struct heap_node *node, tick_t due);

/* The earliest node, or NULL. */
static inline struct heap_node *heap_first(const struct heap *heap)
{
	return heap->count ? heap->at[0] : NULL;
}

#endif
