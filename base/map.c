/*
 * base/map.c - see map.h.  The hash is SipHash-2-4 with the seed as both key halves: keys come from
 * strangers (SPIs, addresses), so a weaker mix would let them build one long chain.
 */
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MAP_BITS_FIRST 4
#define MAP_BITS_MAX   24

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	sip_round(s);
	s->v0 ^= word;
}

static uint64_t load_le(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint64_t map_hash(uint64_t seed, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t k1 = seed ^ 0x5bd1e9955bd1e995u;
	struct sip s = { seed ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du,
			 seed ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u };
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8)
		sip_word(&s, load_le(p, 8));
	sip_word(&s, load_le(p, left) | (uint64_t)len << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void map_init(struct map *map, size_t key_len, uint64_t seed)
{
	*map = (struct map){ .key_len = key_len, .seed = seed };
}

void map_fini(struct map *map)
{
	free(map->bucket);
	*map = (struct map){ 0 };
}

static struct map_node **chain(const struct map *map, uint64_t hash)
{
	return &map->bucket[hash >> (64 - map->bits)];
}

struct map_node *map_find(const struct map *map, const void *key)
{
	if (!map->bucket)
		return NULL;

	uint64_t hash = map_hash(map->seed, key, map->key_len);

	for (struct map_node *node = *chain(map, hash); node; node = node->next) {
		if (node->hash == hash && memcmp(node->key, key, map->key_len) == 0)
			return node;
	}
	return NULL;
}

static bool grow(struct map *map)
{
	unsigned bits = map->bucket ? map->bits + 1 : MAP_BITS_FIRST;
	struct map_node **bucket = calloc((size_t)1 << bits, sizeof(struct map_node *));

	if (!bucket)
		return map->bucket != NULL; /* crowded, but it works */

	struct map old = *map;

	map->bucket = bucket;
	map->bits = bits;
	for (size_t i = 0; old.bucket && i < (size_t)1 << old.bits; i++) {
		for (struct map_node *node = old.bucket[i], *next; node; node = next) {
			struct map_node **to = chain(map, node->hash);

			next = node->next;
			node->next = *to;
			*to = node;
		}
	}
	free(old.bucket);
	return true;
}

bool map_insert(struct map *map, struct map_node *node, const void *key)
{
	assert(!map_find(map, key));
	if ((!map->bucket || (map->count >> map->bits && map->bits < MAP_BITS_MAX)) && !grow(map))
		return false;
	node->key = key;
	node->hash = map_hash(map->seed, key, map->key_len);

	struct map_node **to = chain(map, node->hash);

	node->next = *to;
	*to = node;
	map->count++;
	return true;
}

void map_remove(struct map *map, struct map_node *node)
{
	struct map_node **link = chain(map, node->hash);

	while (*link && *link != node)
		link = &(*link)->next;
	assert(*link);
	*link = node->next;
	node->next = NULL;
	map->count--;
}
