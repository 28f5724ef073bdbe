/*
 * ctl/text.c - small pieces of text as ikectl shows them: escaped values, ages, byte counts,
 * addresses with ports.
 *
 * Everything that a peer can choose (identities above all) goes through ikectl_escape before a
 * terminal sees it.  All that is not printable ASCII is escaped, UTF-8 included: direction
 * overrides and look-alikes are as good for deceiving a reader as control characters.
 */
#include <inttypes.h>

#include "ctl/ikectl.h"

#define MINUTE_S 60u
#define HOUR_S	 3600u
#define DAY_S	 UINT64_C(86400)

/* One byte as shown, into `out` (at least 5 bytes): how many characters. */
static size_t escape_byte(uint8_t byte, char out[static 5])
{
	static const char hex[] = "0123456789abcdef";

	if (byte == '\\') {
		memcpy(out, "\\\\", 3);
		return 2;
	}
	if (byte >= 0x20 && byte <= 0x7e) {
		out[0] = (char)byte;
		out[1] = 0;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[byte >> 4];
	out[3] = hex[byte & 15];
	out[4] = 0;
	return 4;
}

const char *ikectl_escape(struct cur value, char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < value.left; i++) {
		char one[5];
		size_t n = escape_byte(value.p[i], one);

		if (n >= cap - len)
			break;
		memcpy(out + len, one, n);
		len += n;
	}
	out[len] = 0;
	return out;
}

void ikectl_put(FILE *f, struct cur value)
{
	for (size_t i = 0; i < value.left; i++) {
		char one[5];

		escape_byte(value.p[i], one);
		(void)fputs(one, f);
	}
}

void ikectl_put_name(FILE *f, const char *name)
{
	ikectl_put(f, cur_of(name, strlen(name)));
}

const char *ikectl_age(uint64_t seconds, char out[static IKECTL_SHORT_MAX])
{
	uint64_t s = seconds;

	if (s < MINUTE_S)
		(void)snprintf(out, IKECTL_SHORT_MAX, "%" PRIu64 "s", s);
	else if (s < HOUR_S)
		(void)snprintf(out, IKECTL_SHORT_MAX, "%" PRIu64 "m%02" PRIu64 "s", s / MINUTE_S,
			       s % MINUTE_S);
	else if (s < DAY_S)
		(void)snprintf(out, IKECTL_SHORT_MAX, "%" PRIu64 "h%02" PRIu64 "m", s / HOUR_S,
			       s % HOUR_S / MINUTE_S);
	else if (s < 100 * DAY_S)
		(void)snprintf(out, IKECTL_SHORT_MAX, "%" PRIu64 "d%02" PRIu64 "h", s / DAY_S,
			       s % DAY_S / HOUR_S);
	else if (s / DAY_S < 1000000)
		(void)snprintf(out, IKECTL_SHORT_MAX, "%" PRIu64 "d", s / DAY_S);
	else
		(void)snprintf(out, IKECTL_SHORT_MAX, "ages");
	return out;
}

const char *ikectl_bytes(uint64_t bytes, char out[static IKECTL_SHORT_MAX])
{
	static const char units[] = "KMGTPE";
	unsigned unit = 0;
	uint64_t whole = bytes;
	uint64_t rest = 0; /* 1,024ths of the unit */

	if (bytes < 1024) {
		(void)snprintf(out, IKECTL_SHORT_MAX, "%" PRIu64, bytes);
		return out;
	}
	do {
		rest = whole % 1024;
		whole /= 1024;
		unit++;
	} while (whole >= 1024);
	if (whole < 10)
		(void)snprintf(out, IKECTL_SHORT_MAX, "%" PRIu64 ".%" PRIu64 "%c", whole,
			       rest * 10 / 1024, units[unit - 1]);
	else
		(void)snprintf(out, IKECTL_SHORT_MAX, "%" PRIu64 "%c", whole, units[unit - 1]);
	return out;
}

const char *ikectl_spot(const struct ikectl_sa *sa, enum ikectl_key host, enum ikectl_key port,
			char out[static IKECTL_SPOT_MAX])
{
	char address[ADDR_TEXT_MAX];
	uint64_t number = 0;

	if (!ikectl_has(sa, host)) {
		(void)snprintf(out, IKECTL_SPOT_MAX, "?");
		return out;
	}
	(void)ikectl_escape(sa->value[host], address, sizeof(address));

	bool ip6 = strchr(address, ':');

	if (ikectl_u64(sa, port, &number) && number <= UINT16_MAX)
		(void)snprintf(out, IKECTL_SPOT_MAX, "%s%s%s:%" PRIu64, ip6 ? "[" : "", address,
			       ip6 ? "]" : "", number);
	else
		(void)snprintf(out, IKECTL_SPOT_MAX, "%s", address);
	return out;
}

const char *ikectl_id(const struct ikectl_sa *sa, enum ikectl_key key,
		      char out[static IKECTL_TEXT_MAX])
{
	bool unknown = !ikectl_has(sa, key) || ikectl_is(sa, key, "%any");

	if (unknown)
		(void)snprintf(out, IKECTL_TEXT_MAX, "?");
	else
		(void)ikectl_escape(sa->value[key], out, IKECTL_TEXT_MAX);
	return out;
}
