/*
 * base/secret.h - key material: a fixed-size value that is wiped when it goes, and comparison that
 * takes the same time wherever two values differ.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cur.h"

#define SECRET_MAX 64 /* the longest key there is: HMAC-SHA2-512's */

struct secret {
	uint8_t len;
	uint8_t b[SECRET_MAX];
};

/* Overwrite memory in a way that the compiler does not leave out. */
void secret_wipe(void *memory, size_t len);

/* free() after wiping; NULL is fine. */
void secret_free(void *memory, size_t len);

/* Same bytes?  Time depends on `len` alone. */
bool secret_eq(const void *a, const void *b, size_t len);

static inline struct cur secret_cur(const struct secret *s)
{
	return cur_of(s->b, s->len);
}

#endif
