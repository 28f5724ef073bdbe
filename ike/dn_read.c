/*
 * ike/dn_read.c - distinguished names as people write them: "C=DE, O=Example\, Inc., CN=hub".
 *
 * What comes in is an operator's text, so everything that does not fit is refused with a sentence
 * that names it; a guess here would be an identity that no peer ever shows.  Elements are read from
 * left to right and encoded in that order, one RDN each: type, "=", value, comma.  Values are plain
 * (spaces around them do not count), "quoted", or "#" and the hex of a whole TLV; in the first two
 * a backslash takes a special character or two hex digits, which stand for a byte of UTF-8.
 *
 * Every value is collected in memory of IKE_ID_MAX bytes behind a sticky `struct buf`, so that no
 * text, however long, gets further than that (CVE-2013-2052 to -2054: atodn).
 *
 * Standards: RFC 4514 2-3 (and RFC 2253 4's spaces and quotes), save that the order is the
 * encoding's; RFC 5280 4.1.2.4 and A.1 for the string types: PrintableString for C and
 * serialNumber, IA5String for DC and e-mail, UTF8String else.
 *
 * Left out: multi-valued RDNs ("+"), which DER would have us sort; the "asn1:#hex" of id.c takes
 * them.  Wildcards, which strongSwan knows: identities are compared whole.
 */
#include "ike/dn.h"

#include <stdarg.h>
#include <stdio.h>

#define NO_MULTI "a '+' joins attributes, which is not supported: write \\+, or asn1:#HEX"

bool ike_id_refuse(char why[static IKE_WHY_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, IKE_WHY_MAX, format, args);
	va_end(args);
	return false;
}

void ike_hex_put(struct buf *out, struct cur bytes)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.left; i++)
		buf_put(out, (const char[]){ digit[bytes.p[i] >> 4], digit[bytes.p[i] & 15] }, 2);
}

int ike_hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool ike_hex_get(struct cur hex, struct buf *out)
{
	while (hex.left) {
		int high = ike_hex_digit(cur_u8(&hex));
		int low = ike_hex_digit(cur_u8(&hex)); /* 0 past the end, which is no digit */

		if (high < 0 || low < 0)
			return false;
		buf_u8(out, (uint8_t)(high << 4 | low));
	}
	return true;
}

bool ike_utf8_valid(struct cur text)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 }; /* by bytes that follow */

	while (text.left) {
		uint8_t lead = cur_u8(&text);
		size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
		uint32_t code = lead & (more ? 0x3fu >> more : 0x7fu);

		if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4)
			return false;
		for (size_t i = 0; i < more; i++) {
			uint8_t c = cur_u8(&text);

			if ((c & 0xc0) != 0x80) /* a zero past the end, too */
				return false;
			code = code << 6 | (c & 0x3f);
		}
		if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			return false;
	}
	return true;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

bool ike_text_eq_nocase(struct cur a, struct cur b)
{
	if (a.left != b.left)
		return false;
	for (size_t i = 0; i < a.left; i++) {
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	}
	return true;
}

static const char *skip_spaces(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

/* ---- Types ---- */

/* Decimal digits at *p, no leading zero, at most UINT32_MAX. */
static bool read_number(struct cur *in, uint32_t *out)
{
	uint64_t value = 0;
	size_t digits = 0;

	while (in->left && in->p[0] >= '0' && in->p[0] <= '9') {
		if (digits++ && !value)
			return false;
		value = value * 10 + (uint64_t)(cur_u8(in) - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)value;
	return digits > 0;
}

/* X.690 8.19.2: 7 bits a byte, the highest first, all but the last byte marked. */
static void put_subid(struct buf *out, uint64_t value)
{
	for (int shift = 63; shift > 0; shift -= 7) {
		if (value >> shift)
			buf_u8(out, (uint8_t)(0x80 | (value >> shift & 0x7f)));
	}
	buf_u8(out, value & 0x7f);
}

/* "1.2.840.113549": appended to `oid` as DER content. */
static bool read_oid(struct cur in, struct buf *oid)
{
	uint32_t arc, root = 0;

	for (size_t i = 0; i < IKE_DN_ARCS_MAX; i++) {
		if (!read_number(&in, &arc))
			return false;
		if (i == 0 && arc > 2)
			return false;
		if (i == 1 && root < 2 && arc >= 40) /* X.690 8.19.4 */
			return false;
		if (i == 0)
			root = arc;
		else
			put_subid(oid, i == 1 ? (uint64_t)root * 40 + arc : arc);
		if (!in.left)
			return i > 0 && !oid->bad;
		if (cur_u8(&in) != '.')
			return false;
	}
	return false;
}

/* Up to "=", which is consumed.  `tag` becomes the string type for the value. */
static bool read_type(const char **text, struct buf *oid, uint8_t *tag, char *why)
{
	const char *p = skip_spaces(*text);
	size_t len = strcspn(p, "=,");

	if (p[len] != '=')
		return ike_id_refuse(why, "'%.40s' in a distinguished name has no '='", p);
	*text = p + len + 1;
	while (len && p[len - 1] == ' ')
		len--;

	struct cur name = cur_of(p, len);
	const struct ike_dn_type *type = ike_dn_type_named(name);

	*tag = IKE_DER_UTF8;
	if (type) {
		*tag = type->tag;
		buf_put(oid, type->oid, type->oid_len);
		return true;
	}
	if (!len)
		return ike_id_refuse(why, "an attribute type is missing before '='");
	if (*p < '0' || *p > '9')
		return ike_id_refuse(
			why,
			"'%.*s' is no attribute type: C, ST, L, O, OU, CN, DC, E, UID, "
			"serialNumber, SN, G, T or an OID",
			len > 40 ? 40 : (int)len, p);
	if (!read_oid(name, oid))
		return ike_id_refuse(why, "'%.*s' is not an OID", len > 40 ? 40 : (int)len, p);
	type = ike_dn_type_of(buf_cur(oid));
	if (type)
		*tag = type->tag;
	return true;
}

/* ---- Values ---- */

/* After a backslash: RFC 4514 3, "pair". */
static bool read_pair(const char **text, struct buf *value, char *why)
{
	const char *p = *text + 1;
	int high = ike_hex_digit((uint8_t)p[0]);
	int low = high < 0 ? -1 : ike_hex_digit((uint8_t)p[1]);

	if (low >= 0) {
		buf_u8(value, (uint8_t)(high << 4 | low));
		*text = p + 2;
		return true;
	}
	if (!p[0] || !strchr("\\\"+,;<>= #", p[0]))
		return ike_id_refuse(why,
				     "'\\%.1s': after '\\' comes one of \\ \" + , ; < > = # or "
				     "a space, or two hex digits",
				     p);
	buf_u8(value, (uint8_t)p[0]);
	*text = p + 1;
	return true;
}

static bool is_control(char c)
{
	return (uint8_t)c < 0x20 || c == 0x7f;
}

/* Up to a comma or the end; spaces before that do not count unless escaped. */
static bool read_plain(const char **text, struct buf *value, char *why)
{
	const char *start = *text;
	size_t keep = 0; /* length without those spaces */

	while (**text && **text != ',') {
		char c = **text;

		if (c == '\\') {
			if (!read_pair(text, value, why))
				return false;
			keep = value->len;
			continue;
		}
		if (c == '+')
			return ike_id_refuse(why, "%s", NO_MULTI);
		if (strchr("\";<>", c) || is_control(c))
			return ike_id_refuse(why, "a quote, ';', '<', '>' or control character "
						  "stands in a value: escape it by '\\'");
		buf_u8(value, (uint8_t)c);
		(*text)++;
		if (c != ' ')
			keep = value->len;
	}
	value->len = keep;
	if (keep == 1 && *start == '*')
		return ike_id_refuse(why, "wildcards are not supported ('*' itself is \\2A)");
	return true;
}

static bool read_quoted(const char **text, struct buf *value, char *why)
{
	(*text)++;
	while (**text != '"') {
		if (**text == '\\') {
			if (!read_pair(text, value, why))
				return false;
			continue;
		}
		if (!**text)
			return ike_id_refuse(why, "a quoted value has no end");
		if (is_control(**text))
			return ike_id_refuse(why, "a control character stands in a value");
		buf_u8(value, (uint8_t) * *text);
		(*text)++;
	}
	*text = skip_spaces(*text + 1);
	if (**text == '+')
		return ike_id_refuse(why, "%s", NO_MULTI);
	if (**text && **text != ',')
		return ike_id_refuse(why, "something follows a quoted value: '%.40s'", *text);
	return true;
}

/* RFC 4514 2.4: "#" and hex, the value as it is, tag and length included. */
static bool read_hex(const char **text, struct buf *value, char *why)
{
	size_t len = strcspn(++*text, " ,+");
	struct cur tlv;
	uint8_t tag;

	if (!ike_hex_get(cur_of(*text, len), value) || value->bad)
		return ike_id_refuse(why,
				     "after '#' come at most %d bytes of hex ('#' itself is "
				     "\\#)",
				     IKE_ID_MAX);
	tlv = buf_cur(value);
	(void)ike_der_any(&tlv, &tag);
	if (tlv.bad || tlv.left)
		return ike_id_refuse(why, "'#%.40s' is not the DER of one value", *text);
	*text = skip_spaces(*text + len);
	if (**text == '+')
		return ike_id_refuse(why, "%s", NO_MULTI);
	if (**text && **text != ',')
		return ike_id_refuse(why, "something follows a hex value: '%.40s'", *text);
	return true;
}

/* X.680 41.4 */
static bool is_printable(uint8_t c)
{
	uint8_t low = lower(c);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr(" '()+,-./:=?", c));
}

/* Is the text in `value` one of that string type? */
static bool check_value(uint8_t tag, struct cur value, char *why)
{
	if (!value.left) /* RFC 5280 A.1: SIZE (1..MAX) */
		return ike_id_refuse(why, "an attribute has no value");
	if (memchr(value.p, 0, value.left))
		return ike_id_refuse(why, "a NUL stands in a value");
	for (size_t i = 0; i < value.left; i++) {
		if (tag == IKE_DER_PRINTABLE && !is_printable(value.p[i]))
			return ike_id_refuse(why, "C and serialNumber take letters, digits, spaces "
						  "and '()+,-./:=? only");
		if (tag == IKE_DER_IA5 && value.p[i] >= 0x80)
			return ike_id_refuse(why, "DC and e-mail addresses take ASCII only");
	}
	if (!ike_utf8_valid(value))
		return ike_id_refuse(why, "a value is not UTF-8");
	return true;
}

/* ---- Encoding ---- */

/* Bytes of a TLV with `len` bytes of content; and its tag and length.  X.690 8.1.3, 10.1. */
static size_t tlv_len(size_t len)
{
	return len + (len < 0x80 ? 2u : len < 0x100 ? 3u : 4u);
}

static void put_header(struct buf *out, enum ike_der_tag tag, size_t len)
{
	buf_u8(out, (uint8_t)tag);
	if (len >= 0x100) {
		buf_u8(out, 0x82);
		buf_u16(out, (uint16_t)len);
	} else if (len >= 0x80) {
		buf_u8(out, 0x81);
		buf_u8(out, (uint8_t)len);
	} else {
		buf_u8(out, (uint8_t)len);
	}
}

/* One element, up to the comma or the end, appended as an RDN. */
static bool read_rdn(const char **text, struct buf *out, char *why)
{
	uint8_t oid_memory[IKE_DN_OID_MAX], value_memory[IKE_ID_MAX], tag;
	struct buf oid = buf_of(oid_memory, sizeof(oid_memory));
	struct buf value = buf_of(value_memory, sizeof(value_memory));
	bool ok;

	if (!read_type(text, &oid, &tag, why))
		return false;
	*text = skip_spaces(*text);

	bool raw = **text == '#';

	if (raw)
		ok = read_hex(text, &value, why);
	else if (**text == '"')
		ok = read_quoted(text, &value, why);
	else
		ok = read_plain(text, &value, why);
	if (!ok)
		return false;
	if (value.bad)
		return ike_id_refuse(why, "a value is longer than %d bytes", IKE_ID_MAX);
	if (!raw && !check_value(tag, buf_cur(&value), why))
		return false;

	size_t pair_len = tlv_len(oid.len) + (raw ? value.len : tlv_len(value.len));

	put_header(out, IKE_DER_SET, tlv_len(pair_len));
	put_header(out, IKE_DER_SEQUENCE, pair_len);
	put_header(out, IKE_DER_OID, oid.len);
	buf_put_cur(out, buf_cur(&oid));
	if (!raw)
		put_header(out, (enum ike_der_tag)tag, value.len);
	buf_put_cur(out, buf_cur(&value));
	return true;
}

bool ike_dn_from_text(const char *text, struct buf *out, char why[static IKE_WHY_MAX])
{
	uint8_t memory[IKE_ID_MAX];
	struct buf rdns = buf_of(memory, sizeof(memory));

	for (size_t i = 0;; i++) {
		if (i == IKE_DN_ATTRS_MAX)
			return ike_id_refuse(why, "more than %d attributes", IKE_DN_ATTRS_MAX);
		if (!read_rdn(&text, &rdns, why))
			return false;
		if (!*text)
			break;
		text++; /* the comma */
	}
	put_header(out, IKE_DER_SEQUENCE, rdns.len);
	buf_put_cur(out, buf_cur(&rdns));
	if (rdns.bad || out->bad)
		return ike_id_refuse(why, "the distinguished name takes more than %d bytes",
				     IKE_ID_MAX);
	return true;
}
