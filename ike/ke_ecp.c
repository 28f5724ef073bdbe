/*
 * ike/ke_ecp.c - key exchange on the curves over prime fields: P-256, P-384, P-521.  RFC 5903.
 *
 * On the wire a public value is x | y, each padded to the field (7); the secret is x alone (9).
 * OpenSSL's point functions are used, because its EVP layer derives no public value from a private
 * one, and our private values come from the injected generator; with one scalar and one point they
 * run in constant time.
 *
 * RFC 6989 2.3: the peer's point must lie on the curve.  EC_POINT_oct2point checks that, and that
 * both coordinates are below p.  The point at infinity has no encoding here, and as the groups have
 * prime order, no other point multiplies to it.
 */
#include "ike/ke.h"

#include <openssl/bn.h>
#include <openssl/ec.h>

#include <string.h>

#define POINT_MAX 133 /* 04 | x | y of P-521 */

/* What every operation needs; all NULL or all there. */
struct ecp {
	EC_GROUP *group;
	EC_POINT *point;
	BIGNUM *scalar;
	BN_CTX *ctx;
};

static void ecp_fini(struct ecp *e)
{
	EC_GROUP_free(e->group);
	EC_POINT_clear_free(e->point);
	BN_clear_free(e->scalar);
	BN_CTX_free(e->ctx);
}

static bool ecp_init(struct ecp *e, const struct ike_ke_row *row, struct cur scalar)
{
	*e = (struct ecp){
		.group = EC_GROUP_new_by_curve_name(row->param),
		.scalar = BN_bin2bn(scalar.p, (int)scalar.left, NULL),
		.ctx = BN_CTX_new(),
	};
	if (e->group)
		e->point = EC_POINT_new(e->group);
	if (e->point && e->scalar && e->ctx) {
		BN_set_flags(e->scalar, BN_FLG_CONSTTIME);
		return true;
	}
	ecp_fini(e);
	return false;
}

enum ike_err ike_ecp_scalar(const struct ike_ke_row *row, struct cur seed, uint8_t *out)
{
	struct ecp e;

	if (!ecp_init(&e, row, seed))
		return IKE_E_CRYPTO;

	/*
	 * (seed mod (order - 1)) + 1: with 64 bits more than the order has, the bias is below
	 * 2^-64 (FIPS 186-4 B.4.1).
	 */
	BIGNUM *last = BN_dup(EC_GROUP_get0_order(e.group));
	bool ok = last && BN_sub_word(last, 1) == 1 &&
		  BN_mod(e.scalar, e.scalar, last, e.ctx) == 1 && BN_add_word(e.scalar, 1) == 1 &&
		  BN_bn2binpad(e.scalar, out, row->shared_len) == row->shared_len;

	BN_free(last);
	ecp_fini(&e);
	return ok ? IKE_OK : IKE_E_CRYPTO;
}

enum ike_err ike_ecp_public(const struct ike_ke_row *row, struct cur scalar, uint8_t *out)
{
	uint8_t text[POINT_MAX];
	size_t len = row->public_len + 1u;
	struct ecp e;

	if (!ecp_init(&e, row, scalar))
		return IKE_E_CRYPTO;

	bool ok = EC_POINT_mul(e.group, e.point, e.scalar, NULL, NULL, e.ctx) == 1 &&
		  EC_POINT_point2oct(e.group, e.point, POINT_CONVERSION_UNCOMPRESSED, text,
				     sizeof(text), e.ctx) == len;

	if (ok)
		memcpy(out, text + 1, len - 1);
	ecp_fini(&e);
	return ok ? IKE_OK : IKE_E_CRYPTO;
}

enum ike_err ike_ecp_shared(const struct ike_ke_row *row, struct cur scalar, struct cur peer,
			    uint8_t *out)
{
	uint8_t text[POINT_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
	size_t len = row->public_len + 1u;
	enum ike_err err = IKE_OK;
	struct ecp e;

	if (peer.left != row->public_len)
		return IKE_E_PUBLIC_VALUE;
	if (!ecp_init(&e, row, scalar))
		return IKE_E_CRYPTO;
	memcpy(text + 1, peer.p, peer.left);
	if (EC_POINT_oct2point(e.group, e.point, text, len, e.ctx) != 1 ||
	    EC_POINT_is_at_infinity(e.group, e.point))
		err = IKE_E_PUBLIC_VALUE;
	else if (EC_POINT_mul(e.group, e.point, NULL, e.point, e.scalar, e.ctx) != 1 ||
		 EC_POINT_point2oct(e.group, e.point, POINT_CONVERSION_UNCOMPRESSED, text,
				    sizeof(text), e.ctx) != len)
		err = IKE_E_CRYPTO;
	else
		memcpy(out, text + 1, row->shared_len);
	secret_wipe(text, sizeof(text));
	ecp_fini(&e);
	return err;
}
