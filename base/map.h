/*
 * base/map.h - an intrusive chained hash map with a seed, so that peers cannot aim at one chain.
 * It grows as it fills and never shrinks.  Keys are bytes inside the owning structure, all of one
 * length per map.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_node {
	struct map_node *next;
	const void *key; /* borrowed: lives in the structure that holds the node */
	uint64_t hash;
};

struct map {
	struct map_node **bucket; /* 2^bits chains, NULL until the first insertion */
	unsigned bits;
	size_t count;
	size_t key_len;
	uint64_t seed;
};

/* An empty map, which allocates nothing yet.  `seed` is to be random, and kept secret. */
void map_init(struct map *map, size_t key_len, uint64_t seed);

/* Frees the map's own memory; the nodes are their owners'. */
void map_fini(struct map *map);

/* The node with that key, or NULL. */
struct map_node *map_find(const struct map *map, const void *key);

/*
 * Insert a node under `key`, which must stay in place and unchanged while the node is in the map.
 * The key must not be there yet (asserted).  False without memory: nothing changed.
 */
bool map_insert(struct map *map, struct map_node *node, const void *key);

/* Take out a node that is in the map (asserted). */
void map_remove(struct map *map, struct map_node *node);

/* Seeded 64-bit hash of some bytes (SipHash-like strength is not claimed; the seed is secret). */
uint64_t map_hash(uint64_t seed, const void *bytes, size_t len);

#endif
