/*
 * ike/suite.h - algorithms: which exist, how they are written, what is offered and what is chosen.
 * RFC 7296 2.7 and 3.3, RFC 8247, RFC 8221.
 */
#ifndef IKE_SUITE_H
#define IKE_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ike/err.h"
#include "ike/proto.h"

#define IKE_TRANSFORMS_MAX 64 /* per proposal */
#define IKE_PROPOSALS_MAX  16 /* per SA payload, and per configuration */
#define IKE_SUITE_TEXT_MAX 96
#define IKE_WHY_MAX	   160

struct ike_transform {
	uint8_t type;	   /* enum ike_transform_type */
	uint16_t id;	   /* per type */
	uint16_t key_bits; /* Key Length attribute; 0 where there is none */
};

/* One proposal: any number of transforms per type, of which one each is to be chosen. */
struct ike_proposal {
	uint8_t num;	  /* proposal number on the wire, counted from 1 */
	uint8_t protocol; /* IKE_PROTO_IKE or IKE_PROTO_ESP (others are parsed, never chosen) */
	uint8_t spi_len;  /* 0, 4 or 8 */
	uint8_t spi[8];
	uint8_t unknown; /* bit (1 << type): a transform of that type was offered that nobody knows
			  * (id or attribute); bit 0: one of an unknown type.  3.3.6: an unknown
			  * type makes the proposal unacceptable. */
	uint8_t count;
	struct ike_transform item[IKE_TRANSFORMS_MAX];
};

struct ike_proposals {
	uint8_t count;
	struct ike_proposal item[IKE_PROPOSALS_MAX];
};

/* What has been agreed: one of each. */
struct ike_suite {
	uint8_t protocol; /* IKE_PROTO_IKE or IKE_PROTO_ESP */
	uint16_t encr, encr_bits;
	uint16_t prf;	/* 0 for ESP */
	uint16_t integ; /* 0 with an AEAD cipher */
	uint16_t ke;	/* 0 for ESP without PFS */
	uint16_t esn;	/* enum ike_esn; 0 for IKE */
	uint8_t said;	/* bit (1 << type): the offer that was chosen names that type, so that our
			 * answer must name it too, be it with NONE, and no other (2.7).  0 where we
			 * answer no offer: the types that have something to say. */
};

/*
 * Read proposals as strongSwan writes them: "aes256gcm16-prfsha384-ecp384", one string a proposal,
 * several algorithms of a type allowed, "esn" and "noesn" for ESP (neither: noesn).  Without a prf,
 * IKE proposals take the one that belongs to the integrity algorithm; beside an AEAD that is all an
 * integrity algorithm is good for, and it is left out.  On success every proposal is
 * complete (an AEAD has no integrity, a classic cipher has one, IKE has a group and a PRF; AEAD and
 * classic ciphers never share a proposal) and `weak` says, if not NULL, whether an algorithm among
 * them deserves a warning (SHA-1, MODP 1024/1536).
 * False: `why` tells which word is wrong, and what would be right; `out` is unusable.
 */
bool ike_proposals_parse(const char *const *text, size_t count, enum ike_protocol protocol,
			 struct ike_proposals *out, bool *weak, char why[static IKE_WHY_MAX]);

/* What is offered and accepted where the configuration is silent.  Never SHA-1, never MODP < 2048.
 */
void ike_proposals_default(enum ike_protocol protocol, struct ike_proposals *out);

/*
 * Choose as responder, RFC 7296 2.7: the first of our proposals that any offered one satisfies, and
 * in it the first transform of each type in our order; but a key exchange group that we allow and
 * that `ke_hint` (the group of the peer's KE payload, or 0) names wins, as it saves a round trip.
 * Offered ESP proposals without a KE transform match ours whether or not we list groups (`ke` is
 * 0). `num` is the offered proposal's number, `spi` (8 bytes, may be NULL) its SPI.
 * IKE_E_NO_PROPOSAL if there is none.
 */
enum ike_err ike_suite_choose(const struct ike_proposals *ours, const struct ike_proposals *offered,
			      uint16_t ke_hint, struct ike_suite *out, uint8_t *num, uint8_t *spi);

/*
 * Check as initiator that the answer is one proposal with exactly one transform of each type, all
 * of them from one proposal that we made.  IKE_E_NO_PROPOSAL otherwise.  RFC 7296 2.7, 3.3.6.
 * As the initiator of the first exchanges we offer ESP without groups: pass `ours` that way.
 */
enum ike_err ike_suite_confirm(const struct ike_proposals *ours, const struct ike_proposals *answer,
			       struct ike_suite *out);

/* Does `ours` allow this suite?  (The group of an ESP suite is not looked at.) */
bool ike_suite_allowed(const struct ike_proposals *ours, const struct ike_suite *suite);

/* The proposal that says just this suite, as a responder's answer: number, SPI and transforms. */
void ike_suite_proposal(const struct ike_suite *suite, uint8_t num, const uint8_t *spi,
			uint8_t spi_len, struct ike_proposal *out);

/* Is group `ke` in any of the proposals?  The first group of the first proposal that has one. */
bool ike_proposals_has_group(const struct ike_proposals *p, uint16_t ke);
uint16_t ike_proposals_first_group(const struct ike_proposals *p);

/* Take the KE transforms out of ESP proposals (IKE_AUTH negotiates none, RFC 7296 1.2). */
void ike_proposals_drop_groups(struct ike_proposals *p);

/* "aes256gcm16-prfsha384-ecp384" into `out`, which is the result. */
const char *ike_suite_text(const struct ike_suite *suite, char out[static IKE_SUITE_TEXT_MAX]);

/* Name of a key exchange group ("x25519"), or "unknown". */
const char *ike_group_name(uint16_t ke);

#endif
