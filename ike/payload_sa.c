/*
 * ike/payload_sa.c - the Security Association payload: proposals, in them transforms, in them
 * attributes.  RFC 7296 3.3.
 *
 * Lengths, counts and markers say the same thing three times over, and 3.3 asks for all of it to be
 * consistent.  So it is here: a proposal ends where its transforms end, a transform where its
 * attributes end, the payload where its proposals end; "Num Transforms" is how many there are; and
 * "Last Substruc" is 0 on the last one, and 2 (proposals) or 3 (transforms) on the others.  Every
 * known implementation writes the markers right; a message that does not is broken or crafted.
 *
 * Proposal numbers ascend from 1 or more without being the same twice.  The RFC has them go up in
 * steps of one from 1; an answer repeats the number that it accepts, and gaps harm nobody.
 *
 * What nobody understands is not an error (3.3.6): a transform of an unknown type, or with an
 * attribute other than an encryption algorithm's Key Length, is left out and marked in `unknown`.
 * Algorithm numbers that nobody knows stay in, as they equal none of ours.
 *
 * Left out: whether a proposal has what its protocol needs (CVE-2016-5391: one without a key
 * exchange group parses) or is wanted at all.  That is suite.c's.
 */
#include "ike/wire.h"

#define PROPOSAL_HDR_LEN  8u /* RFC 7296 3.3.1 */
#define TRANSFORM_HDR_LEN 8u /* RFC 7296 3.3.2 */
#define LAST_SUBSTRUCTURE 0
#define MORE_PROPOSALS	  2
#define MORE_TRANSFORMS	  3

#define ATTR_TV		 0x8000u /* the AF bit: the value is in the length's place */
#define UNKNOWN_TYPE_BIT 1u
#define KEY_LENGTH_SIZE	 2u

/* Does the "Last Substruc" byte agree with whether anything follows? */
static bool marker_fits(uint8_t marker, struct cur after, uint8_t more)
{
	return marker == (after.left ? more : LAST_SUBSTRUCTURE);
}

/*
 * Attributes, RFC 7296 3.3.5.  `understood` is false if there is any but one Key Length, or if that
 * one is on something that has no key length, is zero, or is written as a TLV.
 */
static enum ike_err attributes_parse(struct cur in, struct ike_transform *out, bool *understood)
{
	*understood = true;
	while (in.left) {
		uint16_t type = cur_u16(&in);
		uint16_t value = cur_u16(&in); /* TLV: the length of the value that follows */

		if (!in.bad && !(type & ATTR_TV))
			(void)cur_bytes(&in, value);
		if (in.bad)
			return IKE_E_TRUNCATED;
		if (type != (ATTR_TV | IKE_ATTR_KEY_LENGTH) || out->type != IKE_TT_ENCR || !value ||
		    out->key_bits)
			*understood = false;
		else
			out->key_bits = value;
	}
	return IKE_OK;
}

/* The next transform of `in`: RFC 7296 3.3.2. */
static enum ike_err transform_parse(struct cur *in, struct ike_proposal *out)
{
	uint8_t marker = cur_u8(in);

	(void)cur_u8(in); /* RESERVED */

	uint16_t len = cur_u16(in);
	struct ike_transform transform = { .type = cur_u8(in) };

	(void)cur_u8(in); /* RESERVED */
	transform.id = cur_u16(in);
	if (in->bad)
		return IKE_E_TRUNCATED;
	if (len < TRANSFORM_HDR_LEN)
		return IKE_E_LENGTH;

	struct cur attributes = cur_sub(in, len - TRANSFORM_HDR_LEN);

	if (in->bad)
		return IKE_E_TRUNCATED;
	if (!marker_fits(marker, *in, MORE_TRANSFORMS))
		return IKE_E_SYNTAX;

	bool understood;
	enum ike_err err = attributes_parse(attributes, &transform, &understood);

	if (err)
		return err;
	if (transform.type == 0 || transform.type >= IKE_TT_COUNT)
		out->unknown |= UNKNOWN_TYPE_BIT;
	else if (!understood)
		out->unknown |= (uint8_t)(1u << transform.type);
	else
		out->item[out->count++] = transform; /* the caller has counted */
	return IKE_OK;
}

/* RFC 7296 3.3.1: 8 for IKE (0 in the initial exchange), 4 for AH and ESP. */
static bool spi_len_fits(uint8_t protocol, uint8_t len)
{
	switch ((enum ike_protocol)protocol) {
	case IKE_PROTO_IKE:
		return len == 0 || len == 8;
	case IKE_PROTO_AH:
	case IKE_PROTO_ESP:
		return len == 4;
	case IKE_PROTO_NONE:
		break;
	}
	return len == 0 || len == 4 || len == 8; /* never chosen, but it has to fit */
}

/* What follows the SPI: exactly `number` transforms. */
static enum ike_err transforms_parse(struct cur in, uint8_t number, struct ike_proposal *out)
{
	if (!number)
		return IKE_E_SYNTAX;
	if (number > IKE_TRANSFORMS_MAX)
		return IKE_E_TOO_MANY;
	for (size_t i = 0; i < number; i++) {
		enum ike_err err = transform_parse(&in, out);

		if (err)
			return err;
	}
	return in.left ? IKE_E_LENGTH : IKE_OK;
}

/* The next proposal of `in`: RFC 7296 3.3.1. */
static enum ike_err proposal_parse(struct cur *in, struct ike_proposal *out)
{
	uint8_t marker = cur_u8(in);

	(void)cur_u8(in); /* RESERVED */

	uint16_t len = cur_u16(in);

	if (in->bad)
		return IKE_E_TRUNCATED;
	if (len < PROPOSAL_HDR_LEN)
		return IKE_E_LENGTH;

	struct cur body = cur_sub(in, len - (PROPOSAL_HDR_LEN - 4u));

	if (in->bad)
		return IKE_E_TRUNCATED;
	if (!marker_fits(marker, *in, MORE_PROPOSALS))
		return IKE_E_SYNTAX;
	*out = (struct ike_proposal){ .num = cur_u8(&body), .protocol = 0 };
	out->protocol = cur_u8(&body);
	out->spi_len = cur_u8(&body);

	uint8_t number = cur_u8(&body);

	if (!spi_len_fits(out->protocol, out->spi_len))
		return IKE_E_SYNTAX;
	cur_copy(&body, out->spi, out->spi_len);
	if (body.bad)
		return IKE_E_TRUNCATED;
	return transforms_parse(body, number, out);
}

enum ike_err ike_sa_parse(struct cur body, struct ike_proposals *out)
{
	uint8_t num = 0;

	out->count = 0;
	do {
		if (out->count == IKE_PROPOSALS_MAX)
			return IKE_E_TOO_MANY;

		struct ike_proposal *proposal = &out->item[out->count];
		enum ike_err err = proposal_parse(&body, proposal);

		if (err)
			return err;
		if (proposal->num <= num)
			return IKE_E_SYNTAX;
		num = proposal->num;
		out->count++;
	} while (body.left);
	return IKE_OK;
}
