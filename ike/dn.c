/*
 * ike/dn.c - distinguished names as DER: walked, compared and printed.
 *
 * A name is a SEQUENCE of RDNs, each a SET of one attribute or more, each a SEQUENCE of a type (an
 * OID) and a value of any type.  `struct walk` goes through the attributes one after another over
 * borrowed bytes: two cursors, the RDNs that remain and the attributes that remain of this RDN.
 * The depth of a name is known, so there is no recursion; constructed values are not entered.
 *
 * Peers send names before they are authenticated.  So everything is refused that DER forbids and
 * that has a history of being mistaken: indefinite, overlong and too long lengths, trailing bytes
 * at each level, empty sets, OIDs cut short (CVE-2009-2185, CVE-2013-6075).  A malformed name is
 * equal to none (save byte by byte, see id.c) and prints as hex.
 *
 * Values of four string types compare and print as text, for authorities choose among these as they
 * please, and an operator who writes a name cannot know; all others are compared and printed as the
 * TLV that they are (RFC 4514 2.4: "#" and hex).
 *
 * Standards: RFC 5280 4.1.2.4 (Name), 4.1.2.6, A.1 (attribute types); RFC 4514 2.1-2.4, 3 (text),
 * save the order, which is the encoding's, as strongSwan prints it; RFC 4519, RFC 2985 (types);
 * X.690 8.1, 8.19, 10.1.
 *
 * Left out: RFC 5280 7.1's folding of case and space (a name is configured as the peer's
 * certificate has it); BMPString and UniversalString as text; OID numbers above 2^63, with which a
 * name counts as malformed.
 */
#include "ike/dn.h"

#include <stdio.h>

#define OID_SUBID_MAX 9	 /* bytes of 7 bits each: 63 bits */
#define NUMBER_MAX    24 /* a 64-bit number in decimal, with a dot before and a terminator */

/* Names as strongSwan prints them first; the first row of an OID is the one that is printed. */
static const struct ike_dn_type types[] = {
	{ "C", IKE_DER_PRINTABLE, 3, { 0x55, 0x04, 0x06 } },
	{ "ST", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x08 } },
	{ "L", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x07 } },
	{ "O", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x0a } },
	{ "OU", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x0b } },
	{ "CN", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x03 } },
	{ "SN", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x04 } },
	{ "S", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x04 } },
	{ "surname", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x04 } },
	{ "serialNumber", IKE_DER_PRINTABLE, 3, { 0x55, 0x04, 0x05 } },
	{ "T", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x0c } },
	{ "title", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x0c } },
	{ "G", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x2a } },
	{ "GN", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x2a } },
	{ "givenName", IKE_DER_UTF8, 3, { 0x55, 0x04, 0x2a } },
	{ "UID", IKE_DER_UTF8, 10, { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01 } },
	{ "userId",
	  IKE_DER_UTF8,
	  10,
	  { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01 } },
	{ "DC", IKE_DER_IA5, 10, { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19 } },
	{ "E", IKE_DER_IA5, 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01 } },
	{ "email", IKE_DER_IA5, 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01 } },
	{ "emailAddress",
	  IKE_DER_IA5,
	  9,
	  { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01 } },
};

struct walk {
	struct cur rdns;  /* not yet entered */
	struct cur attrs; /* of the RDN that has been entered, not yet seen */
	size_t count;	  /* attributes seen */
};

struct attr {
	bool joined; /* belongs to the same RDN as the one before it */
	uint8_t tag; /* the value's */
	struct cur oid, value;
	struct cur tlv; /* the value with tag and length */
};

enum step { STEP_ATTR, STEP_END, STEP_BAD };

const struct ike_dn_type *ike_dn_type_named(struct cur name)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (ike_text_eq_nocase(name, cur_of(types[i].name, strlen(types[i].name))))
			return &types[i];
	}
	return NULL;
}

const struct ike_dn_type *ike_dn_type_of(struct cur oid)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (cur_eq(oid, cur_of(types[i].oid, types[i].oid_len)))
			return &types[i];
	}
	return NULL;
}

struct cur ike_der_any(struct cur *in, uint8_t *tag)
{
	*tag = cur_u8(in);

	size_t len = cur_u8(in);

	if ((*tag & 0x1f) == 0x1f) /* the tag goes on in the next byte: not in a name */
		in->bad = true;
	if (len == 0x81) {
		len = cur_u8(in);
		if (len < 0x80)
			in->bad = true;
	} else if (len == 0x82) {
		len = cur_u16(in);
		if (len < 0x100)
			in->bad = true;
	} else if (len >= 0x80) { /* indefinite, or longer than an identity can be */
		in->bad = true;
	}
	return cur_sub(in, len);
}

static struct cur der_get(struct cur *in, enum ike_der_tag want)
{
	uint8_t tag;
	struct cur content = ike_der_any(in, &tag);

	if (tag != want)
		in->bad = content.bad = true;
	return content;
}

/* X.690 8.19: whole subidentifiers, without leading zeros. */
static bool oid_valid(struct cur oid)
{
	size_t run = 0; /* bytes of the current subidentifier */

	if (!oid.left || oid.p[oid.left - 1] & 0x80)
		return false;
	for (size_t i = 0; i < oid.left; i++) {
		if (run == 0 && oid.p[i] == 0x80)
			return false;
		if (++run > OID_SUBID_MAX)
			return false;
		if (!(oid.p[i] & 0x80))
			run = 0;
	}
	return true;
}

static bool walk_begin(struct walk *walk, struct cur der)
{
	*walk = (struct walk){ .rdns = der_get(&der, IKE_DER_SEQUENCE) };
	return !der.bad && !der.left && walk->rdns.left;
}

/* The next attribute; on STEP_BAD `out` is unusable and the walk is over. */
static enum step walk_next(struct walk *walk, struct attr *out)
{
	out->joined = walk->attrs.left > 0;
	if (!out->joined) {
		if (!walk->rdns.left)
			return STEP_END;
		walk->attrs = der_get(&walk->rdns, IKE_DER_SET);
	}

	struct cur pair = der_get(&walk->attrs, IKE_DER_SEQUENCE); /* an empty SET ends here */

	out->oid = der_get(&pair, IKE_DER_OID);
	out->tlv = pair;
	out->value = ike_der_any(&pair, &out->tag);
	if (walk->rdns.bad || walk->attrs.bad || pair.bad || pair.left || !oid_valid(out->oid))
		return STEP_BAD;
	return ++walk->count > IKE_DN_ATTRS_MAX ? STEP_BAD : STEP_ATTR;
}

bool ike_dn_valid(struct cur der)
{
	struct walk walk;
	struct attr attr;
	enum step step = STEP_BAD;

	if (!walk_begin(&walk, der))
		return false;
	do {
		step = walk_next(&walk, &attr);
	} while (step == STEP_ATTR);
	return step == STEP_END;
}

static bool is_text(uint8_t tag)
{
	return tag == IKE_DER_UTF8 || tag == IKE_DER_PRINTABLE || tag == IKE_DER_IA5 ||
	       tag == IKE_DER_T61;
}

static bool attr_eq(const struct attr *a, const struct attr *b)
{
	if (a->joined != b->joined || !cur_eq(a->oid, b->oid))
		return false;
	if (is_text(a->tag) && is_text(b->tag))
		return cur_eq(a->value, b->value);
	return cur_eq(a->tlv, b->tlv);
}

bool ike_dn_eq(struct cur a, struct cur b)
{
	struct walk walk_a, walk_b;
	struct attr attr_a, attr_b;
	enum step step;

	if (!ike_dn_valid(a) || !ike_dn_valid(b))
		return false;
	if (!walk_begin(&walk_a, a) || !walk_begin(&walk_b, b))
		return false;
	do {
		step = walk_next(&walk_a, &attr_a);
		if (step != walk_next(&walk_b, &attr_b))
			return false;
		if (step == STEP_ATTR && !attr_eq(&attr_a, &attr_b))
			return false;
	} while (step == STEP_ATTR);
	return true;
}

/* Dotted decimal of a valid OID.  X.690 8.19.4: its first number stands for two. */
static void put_oid(struct buf *out, struct cur oid)
{
	uint64_t value = 0;
	bool first = true;
	char text[NUMBER_MAX];

	for (size_t i = 0; i < oid.left; i++) {
		value = value << 7 | (oid.p[i] & 0x7f);
		if (oid.p[i] & 0x80)
			continue;
		if (first) {
			uint64_t root = value < 80 ? value / 40 : 2;

			(void)snprintf(text, sizeof(text), "%u.", (unsigned)root);
			buf_put(out, text, strlen(text));
			value -= root * 40;
		}
		(void)snprintf(text, sizeof(text), first ? "%llu" : ".%llu",
			       (unsigned long long)value);
		buf_put(out, text, strlen(text));
		first = false;
		value = 0;
	}
}

/*
 * RFC 4514 2.4.  Beyond what it demands, all that is not printable ASCII is a hex pair, and so is
 * an asterisk that stands alone, which dn_read.c refuses as a wildcard.
 */
static void put_value(struct buf *out, struct cur value)
{
	for (size_t i = 0; i < value.left; i++) {
		uint8_t c = value.p[i];
		bool first = i == 0, last = i + 1 == value.left;

		if (c < 0x20 || c > 0x7e || (c == '*' && first && last)) {
			static const char digit[] = "0123456789ABCDEF";
			const char pair[] = { '\\', digit[c >> 4], digit[c & 15] };

			buf_put(out, pair, sizeof(pair));
		} else if (strchr("\"+,;<>\\", c) || (c == ' ' && (first || last)) ||
			   (c == '#' && first)) {
			buf_put(out, (const char[]){ '\\', (char)c }, 2);
		} else {
			buf_u8(out, c);
		}
	}
}

static void put_attr(struct buf *out, const struct attr *attr)
{
	const struct ike_dn_type *type = ike_dn_type_of(attr->oid);

	if (type)
		buf_put(out, type->name, strlen(type->name));
	else
		put_oid(out, attr->oid);
	buf_u8(out, '=');
	if (is_text(attr->tag)) {
		put_value(out, attr->value);
	} else {
		buf_u8(out, '#');
		ike_hex_put(out, attr->tlv);
	}
}

bool ike_dn_put_text(struct buf *out, struct cur der)
{
	struct walk walk;
	struct attr attr;

	if (!ike_dn_valid(der) || !walk_begin(&walk, der))
		return false;
	while (walk_next(&walk, &attr) == STEP_ATTR) {
		if (walk.count > 1)
			buf_put(out, attr.joined ? "+" : ", ", attr.joined ? 1 : 2);
		put_attr(out, &attr);
	}
	return true;
}
