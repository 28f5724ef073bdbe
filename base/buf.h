/*
 * base/buf.h - a writing cursor over memory that the caller owns, big-endian, with a sticky error:
 * once a write does not fit, `bad` is set and every later write does nothing.  One look at `bad`
 * at the end is enough.  Length fields are opened, then closed once their content stands.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cur.h"

struct buf {
	uint8_t *p; /* start of the memory; not owned */
	size_t len; /* bytes written so far */
	size_t cap; /* bytes there are */
	bool bad;   /* a write did not fit; never cleared */
};

static inline struct buf buf_of(void *memory, size_t cap)
{
	return (struct buf){ .p = memory, .cap = cap };
}

static inline struct cur buf_cur(const struct buf *buf)
{
	return cur_of(buf->p, buf->len);
}

/* Reserve `len` bytes to be filled in by the caller; NULL (and bad) if they do not fit. */
static inline uint8_t *buf_space(struct buf *buf, size_t len)
{
	if (buf->bad || len > buf->cap - buf->len) {
		buf->bad = true;
		return NULL;
	}

	uint8_t *p = buf->p + buf->len;

	buf->len += len;
	return p;
}

static inline void buf_put(struct buf *buf, const void *bytes, size_t len)
{
	if (!len)
		return;

	uint8_t *p = buf_space(buf, len);

	if (p)
		memcpy(p, bytes, len);
}

static inline void buf_put_cur(struct buf *buf, struct cur cur)
{
	buf_put(buf, cur.p, cur.left);
}

static inline void buf_zero(struct buf *buf, size_t len)
{
	uint8_t *p = buf_space(buf, len);

	if (p && len)
		memset(p, 0, len);
}

static inline void buf_u8(struct buf *buf, uint8_t v)
{
	buf_put(buf, &v, 1);
}

static inline void buf_u16(struct buf *buf, uint16_t v)
{
	buf_put(buf, (uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

static inline void buf_u32(struct buf *buf, uint32_t v)
{
	buf_put(buf,
		(uint8_t[]){ (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			     (uint8_t)v },
		4);
}

static inline void buf_u64(struct buf *buf, uint64_t v)
{
	uint8_t *p = buf_space(buf, 8);

	for (unsigned i = 0; p && i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* Write a 16-bit field to be filled in later; the result names it for buf_close16. */
static inline size_t buf_open16(struct buf *buf)
{
	size_t at = buf->len;

	buf_u16(buf, 0);
	return at;
}

/* Fill in the field at `at` with the number of bytes from `from` to here. */
static inline void buf_close16(struct buf *buf, size_t at, size_t from)
{
	size_t len = buf->len - from;

	if (buf->bad || len > UINT16_MAX) {
		buf->bad = true;
		return;
	}
	buf->p[at] = (uint8_t)(len >> 8);
	buf->p[at + 1] = (uint8_t)len;
}

/* Overwrite 32 bits at `at`, which have been written before. */
static inline void buf_patch32(struct buf *buf, size_t at, uint32_t v)
{
	if (buf->bad)
		return;
	buf->p[at] = (uint8_t)(v >> 24);
	buf->p[at + 1] = (uint8_t)(v >> 16);
	buf->p[at + 2] = (uint8_t)(v >> 8);
	buf->p[at + 3] = (uint8_t)v;
}

#endif
