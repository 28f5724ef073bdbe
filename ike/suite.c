/*
 * ike/suite.c - what is offered, what is chosen, and whether an answer may be believed.
 * RFC 7296 2.7, 3.3; RFC 5282 8.
 *
 * A proposal is an AND over transform types of an OR over transforms.  Four rules are easily got
 * wrong, so they each have their own function:
 *
 *   - an AEAD cipher goes with no INTEG transform or with INTEG NONE, never with another
 *     (integ_match);
 *   - a type that the peer names must be in the answer, even if only to say NONE, and a type that
 *     it does not name must not be (the suite's `said`);
 *   - a type of which the peer offers only what nobody knows has been named all the same (named);
 *   - AES without a key length, or another cipher with one, is a different transform, and matches
 *     nothing (has): RFC 7296 3.3.5.
 *
 * One leniency: an ESP proposal that leaves out ESN, which 3.3.3 calls mandatory, means "no ESN".
 * Nothing here allocates or fails for another reason than "no proposal".
 */
#include "ike/crypto.h"

#include <assert.h>
#include <string.h>

/* ---- one proposal and one type ---- */

/* A transform type as a bit of a mask; bit 0 stands for all those that do not exist. */
static unsigned bit(uint8_t type)
{
	return type < IKE_TT_COUNT ? 1u << type : 1u;
}

/* Is this very transform in the proposal, key length included? */
static bool has(const struct ike_proposal *p, uint8_t type, uint16_t id, uint16_t key_bits)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->item[i].type == type && p->item[i].id == id &&
		    p->item[i].key_bits == key_bits)
			return true;
	return false;
}

/* The types that a proposal names, be it with transforms that nobody knows. */
static unsigned named(const struct ike_proposal *p)
{
	unsigned types = p->unknown;

	for (size_t i = 0; i < p->count; i++)
		types |= bit(p->item[i].type);
	return types;
}

/* Types that make no sense with the protocol: 3.3.3.  Bit 0: types that nobody knows. */
static unsigned misplaced(uint8_t protocol)
{
	return bit(0) | (protocol == IKE_PROTO_IKE ? bit(IKE_TT_ESN) : bit(IKE_TT_PRF));
}

/* May ESN (or its absence) be used under this proposal?  Naming neither means NO: see above. */
static bool esn_allowed(const struct ike_proposal *p, uint16_t esn)
{
	if (named(p) & bit(IKE_TT_ESN))
		return has(p, IKE_TT_ESN, esn, 0);
	return esn == IKE_ESN_NO;
}

/* ---- the responder's choice ---- */

/* The first of our transforms of a type that is offered too, or NULL. */
static const struct ike_transform *pick(const struct ike_proposal *ours,
					const struct ike_proposal *offered, uint8_t type)
{
	for (size_t i = 0; i < ours->count; i++) {
		const struct ike_transform *t = &ours->item[i];

		if (t->type == type && has(offered, type, t->id, t->key_bits))
			return t;
	}
	return NULL;
}

/* RFC 7296 3.3, RFC 5282 8: an AEAD has no INTEG, or NONE; a classic cipher has a real one. */
static bool integ_match(const struct ike_proposal *ours, const struct ike_proposal *offered,
			struct ike_suite *s)
{
	if (ike_encr_is_aead(s->encr)) {
		s->integ = IKE_INTEG_NONE;
		return !(named(offered) & bit(IKE_TT_INTEG)) ||
		       has(offered, IKE_TT_INTEG, IKE_INTEG_NONE, 0);
	}

	const struct ike_transform *t = pick(ours, offered, IKE_TT_INTEG);

	s->integ = t ? t->id : IKE_INTEG_NONE;
	return s->integ != IKE_INTEG_NONE;
}

/* The peer's own group wins where we allow it: it has sent a value of that group already. */
static bool group_match(const struct ike_proposal *ours, const struct ike_proposal *offered,
			uint16_t ke_hint, struct ike_suite *s)
{
	const struct ike_transform *t = pick(ours, offered, IKE_TT_KE);

	s->ke = t ? t->id : IKE_KE_NONE;
	if (t && ke_hint && has(ours, IKE_TT_KE, ke_hint, 0) && has(offered, IKE_TT_KE, ke_hint, 0))
		s->ke = ke_hint;
	if (s->ke != IKE_KE_NONE)
		return true;
	/* An IKE SA has a group (2.18); a Child SA has none if the peer says so, or nothing. */
	return offered->protocol == IKE_PROTO_ESP &&
	       (!(named(offered) & bit(IKE_TT_KE)) || has(offered, IKE_TT_KE, IKE_KE_NONE, 0));
}

static bool esn_match(const struct ike_proposal *ours, const struct ike_proposal *offered,
		      struct ike_suite *s)
{
	const struct ike_transform *t = pick(ours, offered, IKE_TT_ESN);

	s->esn = t ? t->id : IKE_ESN_NO;
	return t || (esn_allowed(ours, IKE_ESN_NO) && esn_allowed(offered, IKE_ESN_NO));
}

/* Does what is offered satisfy our proposal?  Then `s` is what comes of it. */
static bool match(const struct ike_proposal *ours, const struct ike_proposal *offered,
		  uint16_t ke_hint, struct ike_suite *s)
{
	if (offered->protocol != ours->protocol || named(offered) & misplaced(ours->protocol))
		return false;

	const struct ike_transform *encr = pick(ours, offered, IKE_TT_ENCR);
	const struct ike_transform *prf = pick(ours, offered, IKE_TT_PRF);

	if (!encr || (ours->protocol == IKE_PROTO_IKE && !prf))
		return false;
	*s = (struct ike_suite){
		.protocol = ours->protocol,
		.encr = encr->id,
		.encr_bits = encr->key_bits,
		.prf = prf ? prf->id : IKE_PRF_NONE,
		.said = (uint8_t)named(offered),
	};
	return integ_match(ours, offered, s) && group_match(ours, offered, ke_hint, s) &&
	       (ours->protocol == IKE_PROTO_IKE || esn_match(ours, offered, s));
}

enum ike_err ike_suite_choose(const struct ike_proposals *ours, const struct ike_proposals *offered,
			      uint16_t ke_hint, struct ike_suite *out, uint8_t *num, uint8_t *spi)
{
	for (size_t i = 0; i < ours->count; i++) {
		for (size_t k = 0; k < offered->count; k++) {
			const struct ike_proposal *p = &offered->item[k];
			struct ike_suite s;

			if (!match(&ours->item[i], p, ke_hint, &s))
				continue;
			*out = s;
			if (num)
				*num = p->num;
			if (spi)
				memcpy(spi, p->spi, sizeof(p->spi));
			return IKE_OK;
		}
	}
	return IKE_E_NO_PROPOSAL;
}

/* ---- the initiator's check ---- */

/* Is the proposal one of each type, and a whole suite?  Then `s` is that. */
static bool single(const struct ike_proposal *p, struct ike_suite *s)
{
	unsigned seen = 0;

	*s = (struct ike_suite){ .protocol = p->protocol };
	if (p->unknown || named(p) & misplaced(p->protocol))
		return false;
	for (size_t i = 0; i < p->count; i++) {
		const struct ike_transform *t = &p->item[i];

		if (seen & bit(t->type) || (t->key_bits && t->type != IKE_TT_ENCR))
			return false;
		seen |= bit(t->type);
		switch (t->type) {
		case IKE_TT_ENCR:
			s->encr = t->id;
			s->encr_bits = t->key_bits;
			break;
		case IKE_TT_PRF:
			s->prf = t->id;
			break;
		case IKE_TT_INTEG:
			s->integ = t->id;
			break;
		case IKE_TT_KE:
			s->ke = t->id;
			break;
		case IKE_TT_ESN:
			s->esn = t->id;
			break;
		default: /* not an enum: a byte that the parser let through */
			return false;
		}
	}
	return ike_encr_is_aead(s->encr) == (s->integ == IKE_INTEG_NONE);
}

/* Everything but the group. */
static bool allows(const struct ike_proposal *p, const struct ike_suite *s)
{
	if (p->protocol != s->protocol || !has(p, IKE_TT_ENCR, s->encr, s->encr_bits))
		return false;
	if (s->integ != IKE_INTEG_NONE ? !has(p, IKE_TT_INTEG, s->integ, 0)
				       : !ike_encr_is_aead(s->encr))
		return false;
	if (s->protocol == IKE_PROTO_IKE)
		return has(p, IKE_TT_PRF, s->prf, 0);
	return esn_allowed(p, s->esn);
}

/* No group is right only where none was offered: PFS cannot be talked away. */
static bool allows_group(const struct ike_proposal *p, const struct ike_suite *s)
{
	if (s->ke == IKE_KE_NONE)
		return p->protocol == IKE_PROTO_ESP && !(named(p) & bit(IKE_TT_KE));
	return has(p, IKE_TT_KE, s->ke, 0);
}

enum ike_err ike_suite_confirm(const struct ike_proposals *ours, const struct ike_proposals *answer,
			       struct ike_suite *out)
{
	struct ike_suite s;

	if (answer->count != 1 || !single(&answer->item[0], &s))
		return IKE_E_NO_PROPOSAL;
	/*
	 * The answer's number should be the chosen proposal's (3.3.1), but what counts is that we
	 * made one that allows all of it (3.3.6), so peers that always write 1 are understood.
	 */
	for (size_t i = 0; i < ours->count; i++) {
		if (allows(&ours->item[i], &s) && allows_group(&ours->item[i], &s)) {
			*out = s;
			return IKE_OK;
		}
	}
	return IKE_E_NO_PROPOSAL;
}

bool ike_suite_allowed(const struct ike_proposals *ours, const struct ike_suite *suite)
{
	for (size_t i = 0; i < ours->count; i++)
		if (allows(&ours->item[i], suite) &&
		    (suite->protocol == IKE_PROTO_ESP || allows_group(&ours->item[i], suite)))
			return true;
	return false;
}

/* ---- making and changing proposals ---- */

void ike_suite_proposal(const struct ike_suite *suite, uint8_t num, const uint8_t *spi,
			uint8_t spi_len, struct ike_proposal *out)
{
	const struct ike_transform all[] = {
		{ IKE_TT_ENCR, suite->encr, suite->encr_bits },
		{ IKE_TT_PRF, suite->prf, 0 },
		{ IKE_TT_INTEG, suite->integ, 0 },
		{ IKE_TT_KE, suite->ke, 0 },
		{ IKE_TT_ESN, suite->esn, 0 },
	};

	assert(spi_len <= sizeof(out->spi));
	*out = (struct ike_proposal){ .num = num, .protocol = suite->protocol, .spi_len = spi_len };
	if (spi_len)
		memcpy(out->spi, spi, spi_len);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		bool usual = all[i].id != 0 ||
			     (all[i].type == IKE_TT_ESN && suite->protocol == IKE_PROTO_ESP);

		if (suite->said ? (suite->said & bit(all[i].type)) != 0 : usual)
			out->item[out->count++] = all[i];
	}
}

void ike_proposals_default(enum ike_protocol protocol, struct ike_proposals *out)
{
/* In our order of preference; the large MODP groups are slow, so they come last. */
#define GROUPS                                                                  \
	"-x25519-ecp256-ecp384-ecp521-x448-modp3072-modp2048-modp4096-modp6144" \
	"-modp8192"
	static const char *const ike[] = {
		"aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-prfsha512" GROUPS,
		"aes256-aes128-sha256-sha384-sha512-prfsha256-prfsha384-prfsha512" GROUPS,
	};
#undef GROUPS
	static const char *const esp[] = {
		"aes256gcm16-aes128gcm16-chacha20poly1305-esn-noesn",
		"aes256-aes128-sha256-sha384-sha512-esn-noesn",
	};
	char why[IKE_WHY_MAX];
	bool ok = ike_proposals_parse(protocol == IKE_PROTO_IKE ? ike : esp, 2, protocol, out, NULL,
				      why);

	assert(ok); /* our own words */
	(void)ok;
}

bool ike_proposals_has_group(const struct ike_proposals *p, uint16_t ke)
{
	for (size_t i = 0; i < p->count; i++)
		if (has(&p->item[i], IKE_TT_KE, ke, 0))
			return true;
	return false;
}

uint16_t ike_proposals_first_group(const struct ike_proposals *p)
{
	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < p->item[i].count; k++)
			if (p->item[i].item[k].type == IKE_TT_KE)
				return p->item[i].item[k].id;
	return IKE_KE_NONE;
}

void ike_proposals_drop_groups(struct ike_proposals *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct ike_proposal *one = &p->item[i];
		uint8_t kept = 0;

		for (size_t k = 0; k < one->count; k++)
			if (one->protocol != IKE_PROTO_ESP || one->item[k].type != IKE_TT_KE)
				one->item[kept++] = one->item[k];
		one->count = kept;
	}
}
