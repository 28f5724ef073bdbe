/*
 * daemon/config_value.c - numbers, durations, names and secrets out of text.  Pure functions,
 * strict ones: no signs, no white space, nothing behind the value, nothing that overflows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_priv.h"

#define DIGITS_MAX 10 /* of any number: fits 64 bits in every base here */

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Digits of `base` at `text`, at least one; what follows goes to `end`. */
static bool digits(const char *text, int base, uint64_t *out, const char **end)
{
	uint64_t value = 0;
	size_t n = 0;

	for (; digit(text[n]) >= 0 && digit(text[n]) < base; n++) {
		if (n == DIGITS_MAX)
			return false;
		value = value * (uint64_t)base + (uint64_t)digit(text[n]);
	}
	*out = value;
	*end = text + n;
	return n > 0;
}

bool config_value_number(const char *text, uint32_t *out)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	uint64_t value;
	const char *end;

	if (!digits(hex ? text + 2 : text, hex ? 16 : 10, &value, &end) || *end)
		return false;
	if (value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

bool config_value_octal(const char *text, unsigned *out)
{
	uint64_t value;
	const char *end;

	if (!digits(text, 8, &value, &end) || *end || value > 07777)
		return false;
	*out = (unsigned)value;
	return true;
}

bool config_value_flag(const char *text, bool *out)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "true", true },   { "yes", true }, { "on", true },
		{ "false", false }, { "no", false }, { "off", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(text, words[i].word) == 0) {
			*out = words[i].value;
			return true;
		}
	}
	return false;
}

bool config_value_percent(const char *text, uint32_t *out)
{
	uint64_t whole, part = 0;
	const char *end;

	if (!digits(text, 10, &whole, &end))
		return false;
	if (*end == '.') {
		const char *point = end;

		if (!digits(point + 1, 10, &part, &end) || end - point > 3)
			return false;
		if (end - point == 2)
			part *= 10;
	}
	if (*end || whole > 1000)
		return false;
	*out = (uint32_t)(whole * 100 + part);
	return true;
}

static const struct {
	const char *unit;
	tick_t us;
} units[] = {
	{ "d", 86400 * TICK_S }, { "h", 3600 * TICK_S }, { "m", 60 * TICK_S },
	{ "s", TICK_S },	 { "", TICK_S },	 { "ms", TICK_MS },
};

bool config_value_duration(const char *text, tick_t *out)
{
	uint64_t value;
	const char *end;

	if (!digits(text, 10, &value, &end))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (value > (uint64_t)(TICK_NEVER / units[i].us))
			return false;
		*out = (tick_t)value * units[i].us;
		return true;
	}
	return false;
}

const char *config_value_duration_text(tick_t us, char out[static 32])
{
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (units[i].unit[0] && us >= units[i].us && us % units[i].us == 0) {
			(void)snprintf(out, 32, "%lld%s", (long long)(us / units[i].us),
				       units[i].unit);
			return out;
		}
	}
	(void)snprintf(out, 32, "%lldus", (long long)us);
	return out;
}

bool config_value_interface(const char *text, struct xfrm_tunnel_address *out)
{
	struct xfrm_tunnel_address value;
	char addr[ADDR_TEXT_MAX];
	const char *slash = strchr(text, '/'), *end;
	uint64_t bits;

	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = 0;
	if (!addr_parse(addr, &value.addr) || !digits(slash + 1, 10, &bits, &end) || *end)
		return false;
	if (bits > addr_len(&value.addr) * 8)
		return false;
	value.bits = (uint8_t)bits;
	*out = value;
	return true;
}

bool config_value_name(const char *text, const char *more, size_t cap)
{
	static const char common[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789._-";
	size_t len = strlen(text);

	if (len == 0 || len >= cap)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!strchr(common, text[i]) && !strchr(more, text[i]))
			return false;
	}
	return true;
}

bool config_value_ifname(const char *text)
{
	return config_value_name(text, "@+", XFRM_NAME_MAX) && strcmp(text, ".") != 0 &&
	       strcmp(text, "..") != 0 && text[0] != '-';
}

/* ---- secrets ---- */

static bool from_hex(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
	if (len % 2)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*out_len = len / 2;
	return true;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 4, padded; bits behind the last byte must be zero. */
static bool from_base64(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
	size_t n = 0, pad = 0;
	uint32_t bits = 0;
	unsigned have = 0;

	if (len % 4)
		return false;
	while (pad < 2 && len > pad && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len - pad; i++) {
		int value = base64_value(text[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
			bits &= (1u << have) - 1;
		}
	}
	*out_len = n;
	return bits == 0;
}

bool config_value_secret(const char *bytes, size_t len, uint8_t **out, size_t *out_len,
			 char why[static CONFIG_WHY_MAX])
{
	const char *wrong = NULL;
	size_t n = 0;

	if (len && bytes[len - 1] == '\n')
		len--;
	if (len && bytes[len - 1] == '\r')
		len--;

	uint8_t *secret = malloc(len + 1);

	if (!secret) {
		(void)snprintf(why, CONFIG_WHY_MAX, "out of memory");
		return false;
	}
	if (len >= 2 && memcmp(bytes, "0x", 2) == 0) {
		if (!from_hex(bytes + 2, len - 2, secret, &n))
			wrong = "begins with 0x but is not hex: write pairs of hex digits, nothing "
				"else";
	} else if (len >= 2 && memcmp(bytes, "0s", 2) == 0) {
		if (!from_base64(bytes + 2, len - 2, secret, &n))
			wrong = "begins with 0s but is not base64: write it padded, on one line";
	} else {
		memcpy(secret, bytes, len);
		n = len;
		if (memchr(bytes, '\n', len) || memchr(bytes, 0, len))
			wrong = "has more than one line: write just the secret, binary ones as "
				"0x... or 0s...";
	}
	if (!wrong && n < IKE_PSK_MIN)
		wrong = "is empty: write a secret of at least 16 random characters";
	if (!wrong && n > IKE_PSK_MAX)
		wrong = "is longer than 1024 bytes";
	if (wrong) {
		(void)snprintf(why, CONFIG_WHY_MAX, "%s", wrong);
		secret_free(secret, len + 1);
		return false;
	}
	*out = secret;
	*out_len = n;
	return true;
}
