/*
 * base/cur.h - a reading cursor over borrowed bytes, big-endian, with a sticky error: once a read
 * runs past the end, `bad` is set, every later read gives zero and nothing moves any more.  Look at
 * `bad` before a value is used as a count, a length or an index.
 */
#ifndef BASE_CUR_H
#define BASE_CUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cur {
	const uint8_t *p; /* next unread byte; borrowed */
	size_t left;	  /* bytes that remain from p */
	bool bad;	  /* a read has failed; never cleared */
};

static inline struct cur cur_of(const void *bytes, size_t len)
{
	return (struct cur){ .p = bytes, .left = len };
}

/* Take `len` bytes; NULL (and bad) if there are fewer.  The result is borrowed. */
static inline const uint8_t *cur_bytes(struct cur *cur, size_t len)
{
	if (cur->bad || len > cur->left) {
		cur->bad = true;
		return NULL;
	}

	const uint8_t *p = cur->p;

	/* A cursor of no bytes may hold NULL: leave it alone, NULL + 0 is undefined in C17. */
	if (len) {
		cur->p += len;
		cur->left -= len;
	}
	return p;
}

static inline uint8_t cur_u8(struct cur *cur)
{
	const uint8_t *p = cur_bytes(cur, 1);

	return p ? p[0] : 0;
}

static inline uint16_t cur_u16(struct cur *cur)
{
	const uint8_t *p = cur_bytes(cur, 2);

	return p ? (uint16_t)((unsigned)p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cur_u32(struct cur *cur)
{
	const uint8_t *p = cur_bytes(cur, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline uint64_t cur_u64(struct cur *cur)
{
	uint64_t high = cur_u32(cur);

	return high << 32 | cur_u32(cur);
}

/* Split off the next `len` bytes as a cursor of their own; bad in both if there are fewer. */
static inline struct cur cur_sub(struct cur *cur, size_t len)
{
	const uint8_t *p = cur_bytes(cur, len);

	return cur->bad ? (struct cur){ .bad = true } : cur_of(p, len);
}

/* Copy `len` bytes out; on failure `out` is zeroed. */
static inline void cur_copy(struct cur *cur, void *out, size_t len)
{
	const uint8_t *p = cur_bytes(cur, len);

	if (p && len)
		memcpy(out, p, len);
	else if (len)
		memset(out, 0, len);
}

/* Same length and same bytes?  Not constant-time: never for secrets. */
static inline bool cur_eq(struct cur a, struct cur b)
{
	return a.left == b.left && (a.left == 0 || memcmp(a.p, b.p, a.left) == 0);
}

#endif
