/*
 * ike/dn.h - distinguished names: DER, as IKE and certificates carry them, and the text that people
 * write.  RFC 5280 4.1.2.4, RFC 4514, X.690.  Private to ike/; the bottom holds what ike/id.c
 * shares with it for reading and writing text.
 */
#ifndef IKE_DN_H
#define IKE_DN_H

#include "base/base.h"
#include "ike/ike.h"

#define IKE_DN_ATTRS_MAX 64 /* attributes of one name, multi-valued RDNs included */
#define IKE_DN_OID_MAX	 64 /* bytes of an OID in a name that is read from text */
#define IKE_DN_ARCS_MAX	 32 /* numbers of such an OID */

/* X.690 8.1.2: identifier octets of what a name is made of. */
enum ike_der_tag {
	IKE_DER_OID = 0x06,
	IKE_DER_UTF8 = 0x0c,
	IKE_DER_PRINTABLE = 0x13,
	IKE_DER_T61 = 0x14,
	IKE_DER_IA5 = 0x16,
	IKE_DER_SEQUENCE = 0x30,
	IKE_DER_SET = 0x31,
};

/* An attribute type that has a name. */
struct ike_dn_type {
	const char *name;
	uint8_t tag; /* of the string type that a value is encoded as */
	uint8_t oid_len;
	uint8_t oid[10]; /* DER content, oid_len bytes */
};

/* By name, whatever its case, or by OID; NULL if there is none. */
const struct ike_dn_type *ike_dn_type_named(struct cur name);
const struct ike_dn_type *ike_dn_type_of(struct cur oid);

/*
 * Split one TLV off `in`, whatever its tag: definite length in its shortest form, X.690 10.1, and
 * at most 65535; no multi-byte tags.  The result is the content; bad, as `in` then is, if it is
 * malformed.
 */
struct cur ike_der_any(struct cur *in, uint8_t *tag);

/* A well-formed name of at least one RDN, that fills `der` exactly? */
bool ike_dn_valid(struct cur der);

/*
 * Same attribute types, in the same places, with the same values?  PrintableString, UTF8String,
 * IA5String and T61String of the same bytes are the same value; any other must be the same TLV.
 * Stricter than RFC 5280 7.1, which folds case and space.  False if either name is malformed.
 */
bool ike_dn_eq(struct cur a, struct cur b);

/*
 * Append the name as "C=DE, O=x, CN=y", in the order of the encoding, escaped as by RFC 4514 2.4,
 * in printable ASCII.  False, and nothing appended, if it is malformed.
 */
bool ike_dn_put_text(struct buf *out, struct cur der);

/*
 * Append the DER of a name written as above.  False: `why` says what is wrong, and what has been
 * appended is unusable.  Multi-valued RDNs are not read.
 */
bool ike_dn_from_text(const char *text, struct buf *out, char why[static IKE_WHY_MAX]);

/* ---- Text, for dn_read.c and id.c ---- */

/* Write a sentence into `why`, cut at IKE_WHY_MAX.  False, always. */
bool ike_id_refuse(char why[static IKE_WHY_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Append lower-case hex digits: a byte at a time, so that what is cut is cut between bytes. */
void ike_hex_put(struct buf *out, struct cur bytes);

/* Append the bytes that `hex`'s digits stand for.  False on anything but pairs of digits. */
bool ike_hex_get(struct cur hex, struct buf *out);

/* 0 to 15; -1 if it is no hex digit. */
int ike_hex_digit(uint8_t c);

/* Well-formed UTF-8 of RFC 3629: shortest forms, no surrogates, at most U+10FFFF? */
bool ike_utf8_valid(struct cur text);

/* Same text, whatever the case of its ASCII letters? */
bool ike_text_eq_nocase(struct cur a, struct cur b);

#endif
