/*
 * base/addr.c - see addr.h.  inet_pton and inet_ntop are pure functions of their arguments, so the
 * engines may use them; nothing here resolves names.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct addr addr_ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct addr){ .family = ADDR_IP4, .b = { a, b, c, d } };
}

struct addr addr_from_bytes(const void *bytes, size_t len)
{
	struct addr addr = { .family = ADDR_NONE };

	if (len != 4 && len != 16)
		return addr;
	addr.family = len == 4 ? ADDR_IP4 : ADDR_IP6;
	memcpy(addr.b, bytes, len);
	return addr;
}

size_t addr_len(const struct addr *addr)
{
	return addr->family == ADDR_IP4 ? 4 : addr->family == ADDR_IP6 ? 16 : 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;

	int order = memcmp(a->b, b->b, sizeof(a->b));

	return (order > 0) - (order < 0);
}

bool endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_eq(&a->addr, &b->addr);
}

bool addr_parse(const char *text, struct addr *out)
{
	struct addr addr = { .family = ADDR_NONE };

	if (inet_pton(AF_INET, text, addr.b) == 1)
		addr.family = ADDR_IP4;
	else if (inet_pton(AF_INET6, text, addr.b) == 1)
		addr.family = ADDR_IP6;
	else
		return false;
	*out = addr;
	return true;
}

/* Decimal digits only, at most 3 of them, at most `max`; -1 otherwise. */
static int parse_bits(const char *text, int max)
{
	int bits = 0;
	size_t len = strlen(text);

	if (len < 1 || len > 3)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		bits = bits * 10 + (text[i] - '0');
	}
	return bits <= max ? bits : -1;
}

static bool bit_of(const struct addr *addr, unsigned i)
{
	return addr->b[i / 8] >> (7 - i % 8) & 1;
}

bool prefix_parse(const char *text, struct prefix *out)
{
	char copy[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct prefix prefix = { .addr.family = ADDR_NONE };

	if (strcmp(text, "any") == 0) {
		*out = prefix;
		return true;
	}
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = 0;
	if (!addr_parse(copy, &prefix.addr))
		return false;

	unsigned width = (unsigned)addr_len(&prefix.addr) * 8;
	int bits = slash ? parse_bits(slash + 1, (int)width) : (int)width;

	if (bits < 0)
		return false;
	prefix.bits = (uint8_t)bits;
	for (unsigned i = prefix.bits; i < width; i++) {
		if (bit_of(&prefix.addr, i))
			return false;
	}
	*out = prefix;
	return true;
}

struct prefix prefix_host(const struct addr *addr)
{
	return (struct prefix){ .addr = *addr, .bits = (uint8_t)(addr_len(addr) * 8) };
}

bool prefix_contains(const struct prefix *prefix, const struct addr *addr)
{
	if (prefix->addr.family == ADDR_NONE)
		return true;
	if (prefix->addr.family != addr->family)
		return false;
	for (unsigned i = 0; i < prefix->bits; i++) {
		if (bit_of(&prefix->addr, i) != bit_of(addr, i))
			return false;
	}
	return true;
}

bool prefix_is_host(const struct prefix *prefix)
{
	return prefix->addr.family != ADDR_NONE && prefix->bits == addr_len(&prefix->addr) * 8;
}

const char *addr_text(const struct addr *addr, char out[static ADDR_TEXT_MAX])
{
	int family = addr->family == ADDR_IP4 ? AF_INET : AF_INET6;

	if (addr->family == ADDR_NONE || !inet_ntop(family, addr->b, out, ADDR_TEXT_MAX))
		(void)snprintf(out, ADDR_TEXT_MAX, "any");
	return out;
}

const char *endpoint_text(const struct endpoint *ep, char out[static ENDPOINT_TEXT_MAX])
{
	char addr[ADDR_TEXT_MAX];
	bool ip6 = ep->addr.family == ADDR_IP6;

	(void)snprintf(out, ENDPOINT_TEXT_MAX, "%s%s%s:%u", ip6 ? "[" : "",
		       addr_text(&ep->addr, addr), ip6 ? "]" : "", ep->port);
	return out;
}
