/*
 * ike/id.c - identities: read from what an operator writes, compared, and printed.
 *
 * An identity is a type and some bytes, held by value; nothing here allocates or keeps anything.
 * The bytes are what a peer sent, often before it has proven who it is.  So:
 *
 * - Comparison goes by lengths, never by terminators, and an identity without data is equal to
 *   none: it names nobody.
 * - Printing writes through a `struct buf`, which cannot run over, in whole units: where the text
 * is cut, it ends in "..." and never inside an escape.  (snprintf's result, added up as if it were
 *   what had been written, is how others came to write past the end: CVE-2010-2628, and OpenIKED's
 *   of 2022-11.)  What comes out is printable ASCII.
 * - What is printed tells its type: where the bare text would be read as another type (an FQDN
 *   "10.0.0.1"), the type is put before it.  So what fits can be pasted into a configuration.
 *
 * Standards: RFC 7296 3.5 (types, no terminators, ASCII, RFC822_ADDR as UTF-8).  RFC 7296 does not
 * say what makes two identities equal; RFC 4945 3.1.2 does (an FQDN whatever its case).  For
 * RFC822_ADDR, 3.1.3 there folds case throughout; here the part before the "@" must be the same
 * letter by letter, as RFC 5321 2.4 has it: never too much is equal.  The notation is strongSwan's.
 *
 * Left out: DER_ASN1_GN, which is printed as hex and compared byte by byte; ranges and subnets,
 * which IKEv2 does not have; wildcards.
 */
#include "ike/dn.h"

#include <stdio.h>

#define CUT	   "..."
#define PREFIX_MAX 12 /* "type-255:#" with its terminator, and air */

/* Prefixes, whatever their case; the first row of a type is the one that is printed. */
static const struct {
	const char *name;
	uint8_t type;
} prefixes[] = {
	{ "ipv4", IKE_ID_IPV4_ADDR },	  { "ipv6", IKE_ID_IPV6_ADDR },
	{ "fqdn", IKE_ID_FQDN },	  { "dns", IKE_ID_FQDN },
	{ "email", IKE_ID_RFC822_ADDR },  { "rfc822", IKE_ID_RFC822_ADDR },
	{ "keyid", IKE_ID_KEY_ID },	  { "asn1", IKE_ID_DER_ASN1_DN },
	{ "asn1dn", IKE_ID_DER_ASN1_DN },
};

/* The data, whatever `len` says. */
static struct cur data_of(const struct ike_id *id)
{
	return cur_of(id->data, id->len < IKE_ID_MAX ? id->len : IKE_ID_MAX);
}

/* ---- Reading ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Like a domain name: letters, digits, "-", "_" and dots, and no number last, as addresses have. */
static bool looks_like_name(const char *text)
{
	bool number = true; /* the current label has digits only */

	for (; *text; text++) {
		char c = *text;

		if (c == '.')
			number = true;
		else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_')
			number = false;
		else if (!is_digit(c))
			return false;
	}
	return !number;
}

/*
 * What type does an operator mean?  `rest` becomes the text without what said so.  IKE_ID_NONE if
 * there is no telling.
 */
static uint8_t guess(const char *text, const char **rest)
{
	const char *colon = strchr(text, ':');
	struct addr addr;

	for (size_t i = 0; colon && i < ARRAY_LEN(prefixes); i++) {
		struct cur name = cur_of(prefixes[i].name, strlen(prefixes[i].name));

		if (ike_text_eq_nocase(cur_of(text, (size_t)(colon - text)), name)) {
			*rest = colon + 1;
			return prefixes[i].type;
		}
	}
	*rest = text;
	if (text[0] == '@') {
		*rest = text + 1;
		if (text[1] == '#')
			return IKE_ID_KEY_ID;
		if (text[1] != '@')
			return IKE_ID_FQDN;
		*rest = text + 2;
		return IKE_ID_RFC822_ADDR;
	}
	if (addr_parse(text, &addr))
		return addr.family == ADDR_IP4 ? IKE_ID_IPV4_ADDR : IKE_ID_IPV6_ADDR;
	if (strchr(text, '='))
		return IKE_ID_DER_ASN1_DN;
	if (strchr(text, '@'))
		return IKE_ID_RFC822_ADDR;
	return looks_like_name(text) ? IKE_ID_FQDN : IKE_ID_NONE;
}

static bool read_addr(const char *text, struct ike_id *out, char *why)
{
	enum addr_family want = out->type == IKE_ID_IPV4_ADDR ? ADDR_IP4 : ADDR_IP6;
	struct addr addr;

	if (!addr_parse(text, &addr) || addr.family != want)
		return ike_id_refuse(why, "'%.60s' is not an IPv%d address", text, (int)want);
	ike_id_from_addr(&addr, out);
	return true;
}

/*
 * RFC 7296 3.5: ASCII, no terminators.  The rest of the ban is on what was not meant as a name, and
 * on the backslash, with which we print what is not printable.
 */
static bool read_fqdn(const char *text, struct buf *out, char *why)
{
	for (const char *p = text; *p; p++) {
		if ((uint8_t)*p >= 0x80)
			return ike_id_refuse(why, "an FQDN is ASCII: write the xn-- form");
		if (*p <= 0x20 || *p == 0x7f || *p == '\\')
			return ike_id_refuse(why, "a space, control character or backslash stands "
						  "in an FQDN");
		if (*p == '*' || *p == '%')
			return ike_id_refuse(why, "'%.60s': wildcards are not supported", text);
	}
	buf_put(out, text, strlen(text));
	return true;
}

static bool read_email(const char *text, struct buf *out, char *why)
{
	const char *at = strrchr(text, '@');

	if (!at || at == text || !at[1])
		return ike_id_refuse(why, "'%.60s' is not user@domain", text);
	if (text[0] == '*' && at == text + 1)
		return ike_id_refuse(why, "'%.60s': wildcards are not supported", text);
	for (const char *p = text; *p; p++) {
		if ((uint8_t)*p <= 0x20 || *p == 0x7f || *p == '\\')
			return ike_id_refuse(why, "a space, control character or backslash stands "
						  "in an e-mail address");
	}
	if (!ike_utf8_valid(cur_of(text, strlen(text))))
		return ike_id_refuse(why, "an e-mail address is not UTF-8");
	buf_put(out, text, strlen(text));
	return true;
}

/* "#" and hex, for those types that take it. */
static bool read_hex(const char *text, struct buf *out, char *why)
{
	if (!ike_hex_get(cur_of(text, strlen(text)), out))
		return ike_id_refuse(why, "'#%.60s' is not hex, two digits a byte", text);
	return true;
}

static bool read_dn(const char *text, struct buf *out, char *why)
{
	if (text[0] != '#')
		return ike_dn_from_text(text, out, why);
	if (!read_hex(text + 1, out, why))
		return false;
	if (out->bad)
		return true; /* the caller says so */
	if (!ike_dn_valid(buf_cur(out)))
		return ike_id_refuse(why, "'%.60s' is not the DER of a distinguished name", text);
	return true;
}

static bool read_key_id(const char *text, struct buf *out, char *why)
{
	if (text[0] == '#')
		return read_hex(text + 1, out, why);
	buf_put(out, text, strlen(text));
	return true;
}

static bool read_as(uint8_t type, const char *text, struct buf *out, char *why)
{
	switch ((enum ike_id_type)type) {
	case IKE_ID_FQDN:
		return read_fqdn(text, out, why);
	case IKE_ID_RFC822_ADDR:
		return read_email(text, out, why);
	case IKE_ID_DER_ASN1_DN:
		return read_dn(text, out, why);
	case IKE_ID_KEY_ID:
		return read_key_id(text, out, why);
	case IKE_ID_IPV4_ADDR: /* read_addr's */
	case IKE_ID_IPV6_ADDR:
	case IKE_ID_NONE:
	case IKE_ID_DER_ASN1_GN:
		break;
	}
	return ike_id_refuse(why,
			     "'%.60s' is no address, name or user@domain: @NAME is an FQDN "
			     "whatever it looks like, keyid:TEXT a key ID",
			     text);
}

bool ike_id_from_text(const char *text, struct ike_id *out, char why[static IKE_WHY_MAX])
{
	struct ike_id id = { 0 };
	struct buf data = buf_of(id.data, sizeof(id.data));
	const char *rest;

	id.type = guess(text, &rest);
	if (!rest[0] || strcmp(rest, "#") == 0) /* CVE-2026-47895: "@#" */
		return ike_id_refuse(why, "'%.60s' is an empty identity", text);
	if (id.type == IKE_ID_IPV4_ADDR || id.type == IKE_ID_IPV6_ADDR) {
		if (!read_addr(rest, &id, why))
			return false;
	} else {
		if (!read_as(id.type, rest, &data, why))
			return false;
		if (data.bad)
			return ike_id_refuse(why, "an identity has at most %d bytes", IKE_ID_MAX);
		id.len = (uint16_t)data.len;
	}
	*out = id;
	return true;
}

void ike_id_from_addr(const struct addr *addr, struct ike_id *out)
{
	*out = (struct ike_id){ .type = IKE_ID_NONE };
	if (addr->family == ADDR_NONE)
		return;
	out->type = addr->family == ADDR_IP4 ? IKE_ID_IPV4_ADDR : IKE_ID_IPV6_ADDR;
	out->len = (uint16_t)addr_len(addr);
	memcpy(out->data, addr->b, out->len);
}

/* ---- Comparing ---- */

/* Cut behind the last "@" of `a`; where `b` has its own elsewhere, the parts differ anyway. */
static bool email_eq(struct cur a, struct cur b)
{
	size_t local = a.left;

	while (local && a.p[local - 1] != '@')
		local--;
	if (a.left != b.left)
		return false;
	if (!local) /* no domain in it */
		return cur_eq(a, b);

	struct cur local_a = cur_sub(&a, local), local_b = cur_sub(&b, local);

	return cur_eq(local_a, local_b) && ike_text_eq_nocase(a, b);
}

bool ike_id_eq(const struct ike_id *a, const struct ike_id *b)
{
	struct cur data_a = data_of(a), data_b = data_of(b);

	if (a->type != b->type || a->len > IKE_ID_MAX || b->len > IKE_ID_MAX)
		return false;
	if (!a->len || !b->len)
		return a->type == IKE_ID_NONE && a->len == b->len;
	switch ((enum ike_id_type)a->type) {
	case IKE_ID_FQDN:
		return ike_text_eq_nocase(data_a, data_b);
	case IKE_ID_RFC822_ADDR:
		return email_eq(data_a, data_b);
	case IKE_ID_DER_ASN1_DN:
		return ike_dn_eq(data_a, data_b) || cur_eq(data_a, data_b);
	case IKE_ID_NONE:
	case IKE_ID_IPV4_ADDR:
	case IKE_ID_IPV6_ADDR:
	case IKE_ID_DER_ASN1_GN:
	case IKE_ID_KEY_ID:
		break;
	}
	return cur_eq(data_a, data_b);
}

/* ---- Printing ---- */

static void put_string(struct buf *out, const char *text)
{
	buf_put(out, text, strlen(text));
}

static void put_prefix(struct buf *out, uint8_t type)
{
	char other[PREFIX_MAX];

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (prefixes[i].type == type) {
			put_string(out, prefixes[i].name);
			buf_u8(out, ':');
			return;
		}
	}
	(void)snprintf(other, sizeof(other), "type-%u:", type);
	put_string(out, type == IKE_ID_DER_ASN1_GN ? "asn1gn:" : other);
}

static void put_hex(struct buf *out, uint8_t type, struct cur data)
{
	put_prefix(out, type);
	buf_u8(out, '#');
	ike_hex_put(out, data);
}

/* Printable ASCII as it is, all else (and the backslash, lest it be mistaken) as \xNN. */
static void put_escaped(struct buf *out, struct cur data)
{
	for (size_t i = 0; i < data.left; i++) {
		static const char digit[] = "0123456789abcdef";
		uint8_t c = data.p[i];
		const char escape[] = { '\\', 'x', digit[c >> 4], digit[c & 15] };

		if (c < 0x20 || c > 0x7e || c == '\\')
			buf_put(out, escape, sizeof(escape));
		else
			buf_u8(out, c);
	}
}

/* A name or an e-mail address, bare if it would be read as what it is. */
static void put_text(struct buf *out, uint8_t type, struct cur data)
{
	char bare[IKE_ID_TEXT_MAX];
	struct buf buf = buf_of(bare, sizeof(bare) - 1);
	const char *rest;

	put_escaped(&buf, data);
	bare[buf.len] = 0;
	if (guess(bare, &rest) != type || rest != bare)
		put_prefix(out, type);
	put_escaped(out, data);
}

static bool put_addr(struct buf *out, size_t len, struct cur data)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr = addr_from_bytes(data.p, data.left);

	if (data.left != len)
		return false;
	put_string(out, addr_text(&addr, text));
	return true;
}

/* As text if that is what it looks like: many people use names as key IDs. */
static void put_key_id(struct buf *out, struct cur data)
{
	bool graphic = data.left && data.p[0] != '#';

	for (size_t i = 0; i < data.left; i++)
		graphic = graphic && data.p[i] > 0x20 && data.p[i] < 0x7f && data.p[i] != '\\';
	if (graphic) {
		put_prefix(out, IKE_ID_KEY_ID);
		put_escaped(out, data);
	} else {
		put_string(out, "@#");
		ike_hex_put(out, data);
	}
}

static void put_id(struct buf *out, uint8_t type, struct cur data)
{
	switch ((enum ike_id_type)type) {
	case IKE_ID_NONE:
		if (data.left)
			break;
		put_string(out, "(none)");
		return;
	case IKE_ID_IPV4_ADDR:
		if (!put_addr(out, 4, data))
			break;
		return;
	case IKE_ID_IPV6_ADDR:
		if (!put_addr(out, 16, data))
			break;
		return;
	case IKE_ID_FQDN:
	case IKE_ID_RFC822_ADDR:
		put_text(out, type, data);
		return;
	case IKE_ID_DER_ASN1_DN:
		if (!ike_dn_put_text(out, data))
			break;
		return;
	case IKE_ID_KEY_ID:
		put_key_id(out, data);
		return;
	case IKE_ID_DER_ASN1_GN:
		break;
	}
	put_hex(out, type, data);
}

const char *ike_id_text(const struct ike_id *id, char out[static IKE_ID_TEXT_MAX])
{
	struct buf buf = buf_of(out, IKE_ID_TEXT_MAX - sizeof(CUT)); /* terminator included */

	put_id(&buf, id->type, data_of(id));
	memcpy(out + buf.len, buf.bad ? CUT : "", buf.bad ? sizeof(CUT) : 1);
	return out;
}
