/*
 * base/addr.h - IP addresses, endpoints (address and UDP port) and prefixes, as values that can be
 * compared, hashed and printed, whatever the family.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_TEXT_MAX	  48 /* an IPv6 address, its terminator and some air */
#define ENDPOINT_TEXT_MAX 64 /* [address]:port */

enum addr_family {
	ADDR_NONE = 0, /* no address: unset, or "any" */
	ADDR_IP4 = 4,
	ADDR_IP6 = 6,
};

/* All bytes after the address proper are zero, so whole structures compare and hash. */
struct addr {
	uint8_t family; /* enum addr_family */
	uint8_t b[16];	/* network order; the first 4 for IPv4 */
};

struct endpoint {
	struct addr addr;
	uint16_t port; /* host order */
};

struct prefix {
	struct addr addr; /* host bits are zero; ADDR_NONE: everything */
	uint8_t bits;
};

/* a.b.c.d */
struct addr addr_ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);

/* From `len` network-order bytes: 4 or 16; any other length gives ADDR_NONE. */
struct addr addr_from_bytes(const void *bytes, size_t len);

/* 4, 16, or 0 for ADDR_NONE. */
size_t addr_len(const struct addr *addr);

/* Same family and bytes?  Two ADDR_NONE are equal. */
bool addr_eq(const struct addr *a, const struct addr *b);

/* Byte order within a family, IPv4 before IPv6: -1, 0, 1. */
int addr_cmp(const struct addr *a, const struct addr *b);
bool endpoint_eq(const struct endpoint *a, const struct endpoint *b);

/* Numeric text, no names.  False on anything else: `out` is untouched. */
bool addr_parse(const char *text, struct addr *out);

/* "10.0.0.0/8", "10.0.0.1" (a host), "any" or "0.0.0.0/0".  False with host bits set. */
bool prefix_parse(const char *text, struct prefix *out);

/* The host prefix of an address: /32 or /128. */
struct prefix prefix_host(const struct addr *addr);
bool prefix_contains(const struct prefix *prefix, const struct addr *addr);
bool prefix_is_host(const struct prefix *prefix);

/* Text into `out`; ADDR_NONE reads "any".  The result is `out`. */
const char *addr_text(const struct addr *addr, char out[static ADDR_TEXT_MAX]);
const char *endpoint_text(const struct endpoint *ep, char out[static ENDPOINT_TEXT_MAX]);

#endif
