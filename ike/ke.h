/*
 * ike/ke.h - private to ike/: the three kinds of key exchange beneath ike_ke_*().  Values on the
 * wire and secrets are big-endian bytes for MODP and ECP, and as RFC 7748 5 writes them for curves.
 */
#ifndef IKE_KE_H
#define IKE_KE_H

#include <gmp.h>
#include <openssl/evp.h>

#include "ike/crypto.h"

enum ike_ke_kind { IKE_KE_KIND_MODP, IKE_KE_KIND_ECP, IKE_KE_KIND_CURVE };

struct ike_ke_row {
	uint16_t group; /* enum ike_group */
	enum ike_ke_kind kind;
	uint16_t public_len, shared_len; /* bytes */
	uint8_t seed_len;
	int param; /* MODP: what is added to pi in the prime; ECP: NID; curves: EVP_PKEY type */
};

/* ---- MODP: ke_modp.c ---- */

/*
 * The prime of `bits` bits, at most 8192, with constant `c`:
 * 2^bits - 2^(bits-64) - 1 + 2^64 * ([2^(bits-130) pi] + c), RFC 2409 6, RFC 3526.
 * Initialises `out`, which the caller clears.
 */
void ike_modp_prime(unsigned bits, unsigned c, mpz_t out);

/* out = base^exponent mod prime, row->public_len bytes; base NULL: the generator, 2. */
enum ike_err ike_modp_power(const struct ike_ke_row *row, const struct cur *base,
			    struct cur exponent, uint8_t *out);

/* ---- ECP: ke_ecp.c ---- */

/* Turn a seed into a scalar of shared_len bytes, 1 <= scalar < order of the group. */
enum ike_err ike_ecp_scalar(const struct ike_ke_row *row, struct cur seed, uint8_t *out);

/* scalar * G as x | y; and the x coordinate of scalar * peer. */
enum ike_err ike_ecp_public(const struct ike_ke_row *row, struct cur scalar, uint8_t *out);
enum ike_err ike_ecp_shared(const struct ike_ke_row *row, struct cur scalar, struct cur peer,
			    uint8_t *out);

/* ---- curve25519 and curve448: ke_curve.c ---- */

/* A private key out of seed_len bytes, to be freed with EVP_PKEY_free(); NULL on failure. */
EVP_PKEY *ike_curve_new(const struct ike_ke_row *row, const uint8_t *seed);
enum ike_err ike_curve_public(const struct ike_ke_row *row, EVP_PKEY *own, uint8_t *out);
enum ike_err ike_curve_shared(const struct ike_ke_row *row, EVP_PKEY *own, struct cur peer,
			      uint8_t *out);

#endif
