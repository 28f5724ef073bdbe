/*
 * base/secret.c - see secret.h.  explicit_bzero is glibc's and musl's promise that the write stays.
 */
#define _DEFAULT_SOURCE
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

void secret_wipe(void *memory, size_t len)
{
	if (memory && len)
		explicit_bzero(memory, len);
}

void secret_free(void *memory, size_t len)
{
	secret_wipe(memory, len);
	free(memory);
}

bool secret_eq(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < len; i++)
		diff |= (uint8_t)(x[i] ^ y[i]);
	return diff == 0;
}
