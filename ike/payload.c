/*
 * ike/payload.c - the content of payloads: KE, Nonce, ID, AUTH, Notify, Delete, TS.  The SA
 * payload, which nests three deep, has a file of its own (payload_sa.c).
 *
 * Each parser takes the body that ike_chain_parse cut out and proves that it has the payload's
 * format to the last byte; the slices that it gives point into that body.  A body that is absent
 * (p is NULL) is too short for every one of them.  Numbers that only mean something to negotiation
 * (groups, methods, notify types) are passed on as they are, whatever they are: CVE-2014-9221.
 *
 * Which error for what: TRUNCATED, a field ends after the body does; LENGTH, a length or a count
 * says something else than the bytes that are there; SYNTAX, a value that the RFC forbids;
 * TOO_MANY, more than we keep.
 *
 * Standards: RFC 7296 3.4, 3.5, 3.8 to 3.11, 3.13; RESERVED fields are skipped unseen (2.5).
 */
#include "ike/wire.h"

#define SPI_CHILD_LEN  4u /* ESP and AH, RFC 7296 3.3.1 */
#define SPI_IKE_LEN    8u
#define TS_HDR_LEN     4u     /* type, protocol, length: RFC 7296 3.13.1 */
#define TS_PORT_OPAQUE 65535u /* start; with end 0: RFC 7296 3.13.1 */

/* The rest of a payload whose fixed part has been read from `body`: at least one byte. */
static enum ike_err rest(struct cur body, struct cur *out)
{
	if (body.bad)
		return IKE_E_TRUNCATED;
	if (!body.left)
		return IKE_E_SYNTAX;
	*out = body;
	return IKE_OK;
}

enum ike_err ike_ke_parse(struct cur body, uint16_t *group, struct cur *value)
{
	*group = cur_u16(&body);
	(void)cur_u16(&body); /* RESERVED */
	return rest(body, value);
}

enum ike_err ike_nonce_check(struct cur body)
{
	if (body.bad)
		return IKE_E_TRUNCATED;
	return body.left >= IKE_NONCE_MIN && body.left <= IKE_NONCE_MAX ? IKE_OK : IKE_E_SYNTAX;
}

/* RFC 7296 3.5: "MUST NOT contain any terminators", lest two readers see two different names. */
static bool has_terminator(struct cur text)
{
	for (size_t i = 0; i < text.left; i++) {
		if (text.p[i] == '\0' || text.p[i] == '\r' || text.p[i] == '\n')
			return true;
	}
	return false;
}

static bool id_fits(uint8_t type, struct cur data)
{
	switch ((enum ike_id_type)type) {
	case IKE_ID_IPV4_ADDR:
		return data.left == 4;
	case IKE_ID_IPV6_ADDR:
		return data.left == 16;
	case IKE_ID_FQDN:
	case IKE_ID_RFC822_ADDR:
		return !has_terminator(data);
	case IKE_ID_NONE:
	case IKE_ID_DER_ASN1_DN:
	case IKE_ID_DER_ASN1_GN:
	case IKE_ID_KEY_ID:
		break;
	}
	return true; /* opaque here, whatever it is */
}

enum ike_err ike_id_parse(struct cur body, uint8_t *type, struct cur *data)
{
	*type = cur_u8(&body);
	(void)cur_bytes(&body, 3); /* RESERVED */

	enum ike_err err = rest(body, data);

	if (err)
		return err;
	/* Type 0 is reserved, and is how we say that there is no identity. */
	return *type != IKE_ID_NONE && id_fits(*type, *data) ? IKE_OK : IKE_E_SYNTAX;
}

enum ike_err ike_auth_parse(struct cur body, uint8_t *method, struct cur *data)
{
	*method = cur_u8(&body);
	(void)cur_bytes(&body, 3); /* RESERVED */
	return rest(body, data);
}

static bool is_child_protocol(uint8_t protocol)
{
	return protocol == IKE_PROTO_ESP || protocol == IKE_PROTO_AH;
}

enum ike_err ike_notify_parse(struct cur body, struct ike_notify *out)
{
	out->protocol = cur_u8(&body);

	uint8_t spi_len = cur_u8(&body);

	out->type = cur_u16(&body);
	if (body.bad)
		return IKE_E_TRUNCATED;
	if (spi_len != 0 && spi_len != SPI_CHILD_LEN && spi_len != SPI_IKE_LEN)
		return IKE_E_SYNTAX;
	out->spi = cur_sub(&body, spi_len);
	if (body.bad)
		return IKE_E_TRUNCATED;
	out->data = body;

	/*
	 * REKEY_SA names a Child SA or nothing at all (RFC 7296 1.3.3, 3.10).  Its protocol and SPI
	 * come back in our answer, so they are proven here: CVE-2023-38710.
	 */
	if (out->type == IKE_N_REKEY_SA &&
	    (!is_child_protocol(out->protocol) || spi_len != SPI_CHILD_LEN))
		return IKE_E_SYNTAX;
	if (!spi_len)
		out->protocol = IKE_PROTO_NONE; /* "MUST be ignored on receipt" */
	return IKE_OK;
}

enum ike_err ike_delete_parse(struct cur body, struct ike_delete *out)
{
	out->protocol = cur_u8(&body);

	uint8_t spi_len = cur_u8(&body);

	out->count = cur_u16(&body);
	if (body.bad)
		return IKE_E_TRUNCATED;
	if (out->protocol == IKE_PROTO_IKE) {
		if (spi_len || out->count)
			return IKE_E_SYNTAX;
	} else if (!is_child_protocol(out->protocol) || spi_len != SPI_CHILD_LEN) {
		return IKE_E_SYNTAX;
	}
	if (out->count > IKE_SPIS_MAX)
		return IKE_E_TOO_MANY;
	out->spis = cur_sub(&body, out->count * (size_t)spi_len);
	if (body.bad)
		return IKE_E_TRUNCATED;
	return body.left ? IKE_E_LENGTH : IKE_OK;
}

/* ---- traffic selectors ---- */

/* RFC 7296 3.13.1: a range, or 65535 to 0, which says OPAQUE. */
static bool ports_fit(const struct ike_ts *ts)
{
	return ts->port_start <= ts->port_end ||
	       (ts->port_start == TS_PORT_OPAQUE && ts->port_end == 0);
}

/* One selector of the types that we know; `in` is what follows type, protocol and length. */
static enum ike_err range_parse(struct cur in, size_t addr_bytes, struct ike_ts *out)
{
	out->port_start = cur_u16(&in);
	out->port_end = cur_u16(&in);

	const uint8_t *start = cur_bytes(&in, addr_bytes);
	const uint8_t *end = cur_bytes(&in, addr_bytes);

	if (in.bad || in.left)
		return IKE_E_LENGTH; /* CVE-2023-23009 */
	out->start = addr_from_bytes(start, addr_bytes);
	out->end = addr_from_bytes(end, addr_bytes);
	if (addr_cmp(&out->start, &out->end) > 0 || !ports_fit(out))
		return IKE_E_SYNTAX;
	return IKE_OK;
}

/* The next selector of `in`; one of a type that we do not know is left out (RFC 7296 2.9). */
static enum ike_err selector_parse(struct cur *in, struct ike_ts_list *out)
{
	uint8_t type = cur_u8(in);
	uint8_t protocol = cur_u8(in);
	uint16_t len = cur_u16(in);

	if (in->bad)
		return IKE_E_TRUNCATED;
	if (len < TS_HDR_LEN)
		return IKE_E_LENGTH;

	struct cur body = cur_sub(in, len - TS_HDR_LEN);

	if (in->bad)
		return IKE_E_TRUNCATED;
	if (type != IKE_TS_IPV4_ADDR_RANGE && type != IKE_TS_IPV6_ADDR_RANGE)
		return IKE_OK;

	struct ike_ts *ts = &out->item[out->count];
	enum ike_err err = range_parse(body, type == IKE_TS_IPV4_ADDR_RANGE ? 4 : 16, ts);

	if (err)
		return err;
	ts->protocol = protocol;
	out->count++;
	return IKE_OK;
}

enum ike_err ike_ts_parse(struct cur body, struct ike_ts_list *out)
{
	uint8_t number = cur_u8(&body);

	(void)cur_bytes(&body, 3); /* RESERVED */
	out->count = 0;
	if (body.bad)
		return IKE_E_TRUNCATED;
	if (!number)
		return IKE_E_SYNTAX;
	if (number > IKE_TS_MAX)
		return IKE_E_TOO_MANY;
	for (size_t i = 0; i < number; i++) {
		enum ike_err err = selector_parse(&body, out);

		if (err)
			return err;
	}
	return body.left ? IKE_E_LENGTH : IKE_OK;
}
