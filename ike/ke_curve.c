/*
 * ike/ke_curve.c - key exchange with X25519 and X448, by OpenSSL.  RFC 7748, RFC 8031.
 *
 * Any 32 (56) bytes are a private value: OpenSSL sets and clears the bits that RFC 7748 5 says. Any
 * 32 (56) bytes are a public value too, non-canonical ones included (RFC 8031 3.2); what has to be
 * refused is the secret of zeroes that a point of small order gives (RFC 7748 6).  OpenSSL refuses
 * it by itself; since everything hangs on that, it is checked here as well.
 */
#include "ike/ke.h"

EVP_PKEY *ike_curve_new(const struct ike_ke_row *row, const uint8_t *seed)
{
	return EVP_PKEY_new_raw_private_key(row->param, NULL, seed, row->seed_len);
}

enum ike_err ike_curve_public(const struct ike_ke_row *row, EVP_PKEY *own, uint8_t *out)
{
	size_t len = row->public_len;

	if (EVP_PKEY_get_raw_public_key(own, out, &len) != 1 || len != row->public_len)
		return IKE_E_CRYPTO;
	return IKE_OK;
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
	static const uint8_t zero[IKE_KE_SEED_MAX];

	return secret_eq(bytes, zero, len);
}

enum ike_err ike_curve_shared(const struct ike_ke_row *row, EVP_PKEY *own, struct cur peer,
			      uint8_t *out)
{
	if (peer.left != row->public_len)
		return IKE_E_PUBLIC_VALUE;

	EVP_PKEY *other = EVP_PKEY_new_raw_public_key(row->param, NULL, peer.p, peer.left);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	size_t len = row->shared_len;
	enum ike_err err = IKE_OK;

	if (!ctx || !other || EVP_PKEY_derive_init(ctx) != 1)
		err = IKE_E_CRYPTO;
	else if (EVP_PKEY_derive_set_peer(ctx, other) != 1 ||
		 EVP_PKEY_derive(ctx, out, &len) != 1 || len != row->shared_len ||
		 all_zero(out, len))
		err = IKE_E_PUBLIC_VALUE;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	return err;
}
